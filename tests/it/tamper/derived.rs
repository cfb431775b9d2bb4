//! What the server answers from, and what nobody signed: a row too many, a row too few. The columns are in `columns`.

use onus::service::verifier::report::CheckName::{self, DerivedTables, EventKeys};

use super::{Expected, Group, Tampering, change, number};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Derived tables",
    about: "Deduplication keys, delegations, revocations, actions, findings as of now, administration: derived from the entries, and derived again by `--deep`.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 10] = [
    Tampering {
        name: "a deduplication key too many",
        spoil: |s| {
            change(s, "INSERT INTO event_keys VALUES (1, zeroblob(16), 77)");
            vec![(EventKeys, Some(77))]
        },
    },
    Tampering { name: "a deduplication key is removed", spoil: |s| remove(s, "event_keys", EventKeys) },
    Tampering { name: "a delegation is removed", spoil: |s| remove(s, "delegations", DerivedTables) },
    Tampering { name: "a revocation is removed", spoil: |s| remove(s, "revocations", DerivedTables) },
    Tampering {
        name: "a revocation too many",
        spoil: |s| {
            change(s, "INSERT INTO revocations VALUES (1, 0, 77)");
            vec![(DerivedTables, Some(77))]
        },
    },
    Tampering { name: "an action is removed", spoil: |s| remove(s, "actions", DerivedTables) },
    Tampering { name: "findings as of now are removed", spoil: |s| remove(s, "present_findings", DerivedTables) },
    Tampering {
        name: "an adopted catalogue is hidden",
        spoil: |s| {
            let index = number(s, "SELECT leaf_index FROM administration WHERE entry_type = 'catalogue.adopted'");
            change(s, "DELETE FROM administration WHERE entry_type = 'catalogue.adopted'");
            vec![(DerivedTables, Some(index))]
        },
    },
    Tampering {
        name: "a row of another ledger is put in",
        spoil: |s| {
            change(s, "INSERT INTO administration VALUES (2, 'ledger.created', 9)");
            vec![(DerivedTables, Some(9))]
        },
    },
    Tampering {
        name: "a text is no text",
        spoil: |s| {
            let index = number(s, "SELECT min(leaf_index) FROM present_findings");
            change(s, &format!("UPDATE present_findings SET codes = CAST(x'FF' AS TEXT) WHERE leaf_index = {index}"));
            vec![(DerivedTables, Some(index))]
        },
    },
];

/// The row of the entry in the middle of a table.
fn remove(sample: &ClosedLedger, table: &str, check: CheckName) -> Vec<Expected> {
    let sql = format!("SELECT leaf_index FROM {table} ORDER BY leaf_index LIMIT 1 OFFSET (SELECT count(*) / 2 FROM {table})");
    let index = number(sample, &sql);
    change(sample, &format!("DELETE FROM {table} WHERE leaf_index = {index}"));
    vec![(check, Some(index))]
}
