//! Rows of entries removed, exchanged, doubled, moved: nothing is made to fit.

use onus::service::verifier::report::CheckName::{Checkpoints, Commitments, Documents, Entries, HighWater, Keys, Links, Payloads, Rows};

use super::{Expected, Group, MIDDLE, Tampering, change, connect, last};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Rows removed, exchanged, doubled",
    about: "Whole entries are taken out, put elsewhere or put in again, and nothing else is made to fit.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 12] = [
    Tampering { name: "the last entry is removed", spoil: |s| remove(s, last(s), false) },
    Tampering { name: "the last entry is removed with its payload", spoil: |s| remove(s, last(s), true) },
    Tampering { name: "an entry in the middle is removed", spoil: |s| remove(s, MIDDLE, false) },
    Tampering { name: "an entry in the middle is removed with its payload", spoil: |s| remove(s, MIDDLE, true) },
    Tampering { name: "the first entry is removed", spoil: |s| with_keys(remove(s, 0, false)) },
    Tampering { name: "the first entry is removed with its payload", spoil: |s| with_keys(remove(s, 0, true)) },
    Tampering {
        name: "every entry and every payload is removed",
        spoil: |s| {
            change(s, "DELETE FROM entries");
            change(s, "DELETE FROM payloads");
            vec![(Entries, Some(0)), (Rows, None), (Keys, Some(0))]
        },
    },
    Tampering {
        name: "two entries change places",
        spoil: |s| {
            exchange(s, &["entries"]);
            let at = Some(MIDDLE);
            vec![(Entries, at), (Links, at), (Payloads, at), (Checkpoints, None), (HighWater, None)]
        },
    },
    Tampering {
        name: "two entries change places with their payloads",
        spoil: |s| {
            exchange(s, &["entries", "payloads"]);
            let at = Some(MIDDLE);
            vec![(Entries, at), (Links, at), (Documents, at), (Checkpoints, None), (HighWater, None)]
        },
    },
    Tampering {
        name: "an entry is put in the place of another",
        spoil: |s| {
            change(s, "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE leaf_index = 77) WHERE leaf_index = 90");
            let at = Some(90);
            vec![(Entries, at), (Links, at), (Commitments, at), (Payloads, at), (Checkpoints, None), (HighWater, None)]
        },
    },
    Tampering {
        name: "an entry is put in once more, past the head",
        spoil: |s| {
            let size = last(s) + 1;
            change(s, &format!("INSERT INTO entries SELECT ledger, {size}, bytes FROM entries WHERE leaf_index = 77"));
            vec![(Rows, Some(size))]
        },
    },
    Tampering {
        name: "an entry is taken out and all later ones move up",
        spoil: |s| {
            let size = last(s) + 1;
            let connection = connect(&s.folder.ledger_file());
            for table in ["entries", "payloads"] {
                let (there, back) = (-10_000, 9_999);
                let sql = format!(
                    "DELETE FROM {table} WHERE leaf_index = 77; UPDATE {table} SET leaf_index = leaf_index + {there} WHERE leaf_index > 77;
                 UPDATE {table} SET leaf_index = leaf_index + {back} WHERE leaf_index < 0; UPDATE ledgers SET tree_size = {}",
                    size - 1
                );
                connection.execute_batch(&sql).unwrap();
            }
            let at = Some(MIDDLE);
            vec![(Entries, at), (Links, at), (Documents, None), (Checkpoints, Some(size - 1)), (HighWater, Some(size - 1))]
        },
    },
];

fn remove(sample: &ClosedLedger, index: u64, and_payload: bool) -> Vec<Expected> {
    change(sample, &format!("DELETE FROM entries WHERE leaf_index = {index}"));
    if and_payload {
        change(sample, &format!("DELETE FROM payloads WHERE leaf_index = {index}"));
    }
    vec![(Entries, Some(index)), (Rows, None)]
}

fn with_keys(mut expected: Vec<Expected>) -> Vec<Expected> {
    expected.push((Keys, Some(0)));
    expected
}

/// Entry 77 and entry 90.
fn exchange(sample: &ClosedLedger, tables: &[&str]) {
    for table in tables {
        for (from, to) in [(77, -1), (90, 77), (-1, 90)] {
            change(sample, &format!("UPDATE {table} SET leaf_index = {to} WHERE leaf_index = {from}"));
        }
    }
}
