//! Stored checkpoints: notes edited, signed by others, removed, added.

use onus::service::log_keys::log_signer;
use onus::service::verifier::report::CheckName::Checkpoints;
use onus::tlog::checkpoint::Checkpoint;
use onus::tlog::entry::Origin;
use onus::tlog::hash::RootHash;
use onus::tlog::position::TreeSize;
use rusqlite::params;

use super::{Expected, Group, Tampering, change, connect, last, stored_checkpoints};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Stored checkpoints",
    about: "A checkpoint is the ledger's signed word for its size and root. The sample has three.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 12] = [
    Tampering {
        name: "the root in a checkpoint is edited",
        spoil: |s| {
            edit(s, |note| {
                let root = note.lines().nth(2).unwrap();
                note.replace(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            })
        },
    },
    Tampering {
        name: "the size in a checkpoint is edited",
        spoil: |s| {
            edit(s, |note| {
                let size = note.lines().nth(1).unwrap();
                note.replacen(size, "77", 1)
            })
        },
    },
    Tampering {
        name: "one letter of the signature is edited",
        spoil: |s| {
            edit(s, |note| {
                let at = note.len() - 10;
                let other = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
                format!("{}{other}{}", &note[..at], &note[at + 1..])
            })
        },
    },
    Tampering { name: "the signature is removed", spoil: |s| edit(s, |note| note.split_inclusive('\n').take(4).collect()) },
    Tampering {
        name: "a checkpoint is no text",
        spoil: |s| {
            change(s, "UPDATE checkpoints SET note = CAST(x'FF' AS TEXT) WHERE tree_size = (SELECT max(tree_size) FROM checkpoints)");
            vec![(Checkpoints, None)]
        },
    },
    Tampering {
        name: "a checkpoint is signed by the key of another ledger",
        spoil: |s| sign(s, &ClosedLedger::empty(), "ledger.example/acme"),
    },
    Tampering {
        name: "a checkpoint is that of another origin, signed by this ledger's key",
        spoil: |s| sign(s, s, "ledger.example/other"),
    },
    Tampering {
        name: "two checkpoints change places",
        spoil: |s| {
            let sizes: Vec<u64> = stored_checkpoints(s).iter().map(|(size, _)| *size).collect();
            for (from, to) in [(sizes[1], 0), (sizes[2], sizes[1]), (0, sizes[2])] {
                change(s, &format!("UPDATE checkpoints SET tree_size = {to} WHERE tree_size = {from}"));
            }
            vec![(Checkpoints, None)]
        },
    },
    Tampering {
        name: "a line is put under the signature by a key that nobody knows",
        spoil: |s| {
            edit(s, |note| format!("{note}\u{2014} witness.example {}\n", "A".repeat(92)));
            Vec::new()
        },
    },
    Tampering {
        name: "a signed checkpoint of a larger ledger is put in",
        spoil: |s| {
            let size = last(s) + 2;
            let note = signed(s, "ledger.example/acme", size, RootHash::empty());
            let connection = connect(&s.folder.ledger_file());
            connection.execute("INSERT INTO checkpoints VALUES (1, ?1, ?2)", params![i64::try_from(size).unwrap(), note]).unwrap();
            vec![(Checkpoints, Some(size - 1))]
        },
    },
    Tampering {
        name: "the last checkpoint is removed",
        spoil: |s| {
            change(s, "DELETE FROM checkpoints WHERE tree_size = (SELECT max(tree_size) FROM checkpoints)");
            Vec::new()
        },
    },
    Tampering {
        name: "all checkpoints are removed",
        spoil: |s| {
            change(s, "DELETE FROM checkpoints");
            Vec::new()
        },
    },
];

/// The one in the middle.
fn edit(sample: &ClosedLedger, edit: impl Fn(&str) -> String) -> Vec<Expected> {
    let (size, note) = stored_checkpoints(sample).remove(1);
    put(sample, size, &edit(&note));
    vec![(Checkpoints, None)]
}

fn put(sample: &ClosedLedger, size: u64, note: &str) {
    let connection = connect(&sample.folder.ledger_file());
    let changed = connection.execute("UPDATE checkpoints SET note = ?2 WHERE tree_size = ?1", params![i64::try_from(size).unwrap(), note]);
    assert_eq!(changed, Ok(1));
}

/// The one in the middle, over the root that it had.
fn sign(sample: &ClosedLedger, by: &ClosedLedger, origin: &str) -> Vec<Expected> {
    let (size, note) = stored_checkpoints(sample).remove(1);
    let root = RootHash::parse_base64(note.lines().nth(2).unwrap()).unwrap();
    put(sample, size, &signed(by, origin, size, root));
    vec![(Checkpoints, None)]
}

fn signed(by: &ClosedLedger, origin: &str, size: u64, root: RootHash) -> String {
    let origin = Origin::parse(origin).unwrap();
    let signer = log_signer(&by.folder, &origin).unwrap();
    let checkpoint = Checkpoint { origin, size: TreeSize::new(size).unwrap(), root };
    checkpoint.sign(&[&signer]).unwrap().verbatim().to_owned()
}
