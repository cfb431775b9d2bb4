//! What the server answers from, and what nobody signed: every derived table, every column, one row too many and one too few.

use onus::service::verifier::report::CheckName::{DerivedTables, EventKeys, File};

use super::{Expected, Tampering, change, number};
use crate::closed_ledger::ClosedLedger;

pub(super) const TABLE: [Tampering; 15] = [
    Tampering { name: "a deduplication key points elsewhere", spoil: |s| edit(s, "event_keys", "leaf_index", "leaf_index + 1", EventKeys) },
    Tampering { name: "a deduplication key is edited", spoil: |s| edit(s, "event_keys", "event_key", "zeroblob(16)", EventKeys) },
    Tampering { name: "a deduplication key too many", spoil: extra_event_key },
    Tampering { name: "a deduplication key is removed", spoil: |s| remove(s, "event_keys", EventKeys) },
    Tampering { name: "a delegation gets another name", spoil: rename_delegation },
    Tampering { name: "a delegation stands elsewhere", spoil: move_delegation },
    Tampering { name: "a delegation hangs below another", spoil: hang_elsewhere },
    Tampering { name: "a revocation is removed", spoil: |s| remove(s, "revocations", DerivedTables) },
    Tampering { name: "an action is removed", spoil: |s| remove(s, "actions", DerivedTables) },
    Tampering { name: "an action goes by another key", spoil: |s| edit(s, "actions", "action_key", "7", DerivedTables) },
    Tampering { name: "an action stands under no delegation", spoil: |s| edit(s, "actions", "delegation_no", "NULL", DerivedTables) },
    Tampering {
        name: "an action happened at another time",
        spoil: |s| edit(s, "actions", "occurred_at", "occurred_at + 1", DerivedTables),
    },
    Tampering { name: "present findings are cleared", spoil: |s| edit(s, "present_findings", "codes", "''", DerivedTables) },
    Tampering { name: "an adopted catalogue is hidden", spoil: hide_catalogue },
    Tampering { name: "the row of another ledger, and a table nobody knows", spoil: foreign_rows },
];

/// The row of the entry in the middle of a table.
fn middle(sample: &ClosedLedger, table: &str) -> u64 {
    number(sample, &format!("SELECT leaf_index FROM {table} ORDER BY leaf_index LIMIT 1 OFFSET (SELECT count(*) / 2 FROM {table})"))
}

fn edit(sample: &ClosedLedger, table: &str, column: &str, to: &str, check: onus::service::verifier::report::CheckName) -> Vec<Expected> {
    let index = middle(sample, table);
    change(sample, &format!("UPDATE {table} SET {column} = {to} WHERE leaf_index = {index}"));
    vec![(check, Some(index))]
}

fn remove(sample: &ClosedLedger, table: &str, check: onus::service::verifier::report::CheckName) -> Vec<Expected> {
    let index = middle(sample, table);
    change(sample, &format!("DELETE FROM {table} WHERE leaf_index = {index}"));
    vec![(check, Some(index))]
}

fn extra_event_key(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "INSERT INTO event_keys VALUES (1, randomblob(16), 77)");
    vec![(EventKeys, Some(77))]
}

/// The name's entry is the first that mentions it.
fn rename_delegation(sample: &ClosedLedger) -> Vec<Expected> {
    let no = number(sample, "SELECT delegation_no FROM delegation_names WHERE delegation_id = 'dlg-never'");
    let index = number(sample, &format!("SELECT min(leaf_index) FROM actions WHERE delegation_no = {no}"));
    change(sample, "UPDATE delegation_names SET delegation_id = 'dlg-other' WHERE delegation_id = 'dlg-never'");
    vec![(DerivedTables, Some(index))]
}

fn move_delegation(sample: &ClosedLedger) -> Vec<Expected> {
    edit(sample, "delegations", "leaf_index", "leaf_index + 1", DerivedTables)
}

fn hang_elsewhere(sample: &ClosedLedger) -> Vec<Expected> {
    edit(sample, "delegations", "parent_no", "NULL", DerivedTables)
}

fn hide_catalogue(sample: &ClosedLedger) -> Vec<Expected> {
    let index = number(sample, "SELECT leaf_index FROM administration WHERE entry_type = 'catalogue.adopted'");
    change(sample, "DELETE FROM administration WHERE entry_type = 'catalogue.adopted'");
    vec![(DerivedTables, Some(index))]
}

fn foreign_rows(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "INSERT INTO administration VALUES (2, 'ledger.created', 9)");
    let connection = super::connect(&sample.folder.ledger_file());
    connection.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    vec![(File, None), (DerivedTables, Some(9))]
}
