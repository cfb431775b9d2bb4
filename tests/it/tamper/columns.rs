//! Every column of every table of the ledger file. The catalogue of SQLite says which there are: a column without a row here fails.

use onus::service::verifier::report::CheckName::{
    self, Checkpoints, DerivedTables, Documents, Entries, EventKeys, File, Head, HighWater, Links, Payloads, Rows, SearchIndex, Tiles,
};

use super::{Expected, Group, MIDDLE, Tampering, change, connect, edit_entry, last, naming, number};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Every column of every table",
    about: "One value in one row of the ledger file is edited. The rows name the column; a test goes through SQLite's own catalogue, so that no column is left out.",
    sample: ClosedLedger::short,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

/// When the file was made is in `harmless`: it is no evidence.
const NOT_EVIDENCE: &str = "refinery_schema_history.applied_on";

const TABLE: [Tampering; 51] = [
    Tampering {
        name: "ledgers.ledger: the head is given to another ledger",
        spoil: |s| set(s, "ledgers", "ledger = 2", "1", &[(Head, None)]),
    },
    Tampering {
        name: "ledgers.origin: the head names another origin",
        spoil: |s| set(s, "ledgers", "origin = 'ledger.example/other'", "1", &[(Head, None), (HighWater, None)]),
    },
    Tampering { name: "ledgers.tree_size: the head says one entry fewer", spoil: one_fewer },
    Tampering {
        name: "ledgers.head_leaf_hash: the head names another last entry",
        spoil: |s| set(s, "ledgers", "head_leaf_hash = zeroblob(32)", "1", &[(Head, Some(last(s)))]),
    },
    Tampering {
        name: "entries.ledger: an entry is given to another ledger",
        spoil: |s| set(s, "entries", "ledger = 2", "leaf_index = 77", &[(Entries, Some(MIDDLE)), (Rows, None)]),
    },
    Tampering {
        name: "entries.leaf_index: an entry is moved past the head",
        spoil: |s| set(s, "entries", "leaf_index = 5000", "leaf_index = 77", &[(Entries, Some(MIDDLE)), (Rows, Some(5000))]),
    },
    Tampering {
        name: "entries.bytes: the time of an entry is edited",
        spoil: |s| {
            edit_entry(s, PAST_TILE, |text| text.replace(".000000Z", ".000001Z"));
            let at = Some(PAST_TILE);
            vec![(Links, Some(PAST_TILE + 1)), (Checkpoints, at), (HighWater, None), (SearchIndex, at)]
        },
    },
    Tampering {
        name: "payloads.ledger: a payload is given to another ledger",
        spoil: |s| set(s, "payloads", "ledger = 2", "leaf_index = 77", &[(Payloads, Some(MIDDLE)), (Rows, None)]),
    },
    Tampering {
        name: "payloads.leaf_index: a payload is moved past the head",
        spoil: |s| set(s, "payloads", "leaf_index = 5000", "leaf_index = 77", &[(Payloads, Some(MIDDLE)), (Rows, Some(5000))]),
    },
    Tampering { name: "payloads.seed: a seed is replaced", spoil: |s| payload(s, "seed = zeroblob(32)") },
    Tampering { name: "payloads.members: a value is edited", spoil: |s| payload(s, "members = replace(members, 'succeeded', 'failed')") },
    Tampering { name: "payloads.sealed: salts are put beside the seed", spoil: |s| payload(s, "sealed = '{}'") },
    Tampering {
        name: "tiles.ledger: a tile is given to another ledger",
        spoil: |s| set(s, "tiles", "ledger = 2", "1", &[(Tiles, Some(0))]),
    },
    Tampering { name: "tiles.level: a tile is moved to another level", spoil: |s| set(s, "tiles", "level = 1", "1", &[(Tiles, Some(0))]) },
    Tampering {
        name: "tiles.tile_index: a tile is moved along its level",
        spoil: |s| set(s, "tiles", "tile_index = 7", "1", &[(Tiles, Some(0))]),
    },
    Tampering {
        name: "tiles.hashes: a hash in a tile is edited",
        spoil: |s| {
            let hashes = "hashes = CAST(substr(hashes, 1, 32 * 44) || zeroblob(32) || substr(hashes, 32 * 45 + 1) AS BLOB)";
            set(s, "tiles", hashes, "1", &[(Tiles, Some(44))])
        },
    },
    Tampering {
        name: "checkpoints.ledger: a checkpoint is given to another ledger",
        spoil: |s| set(s, "checkpoints", "ledger = 2", MIDDLE_CHECKPOINT, &[(Checkpoints, None)]),
    },
    Tampering {
        name: "checkpoints.tree_size: a checkpoint is put under another size",
        spoil: |s| set(s, "checkpoints", "tree_size = tree_size - 1", MIDDLE_CHECKPOINT, &[(Checkpoints, None)]),
    },
    Tampering {
        name: "checkpoints.note: a letter in a checkpoint is edited",
        spoil: |s| {
            set(
                s,
                "checkpoints",
                "note = replace(note, 'ledger.example/acme', 'ledger.example/acne')",
                MIDDLE_CHECKPOINT,
                &[(Checkpoints, None)],
            )
        },
    },
    Tampering {
        name: "event_keys.ledger: a deduplication key is given to another ledger",
        spoil: |s| middle(s, "event_keys", "ledger = 2", EventKeys),
    },
    Tampering {
        name: "event_keys.event_key: a deduplication key is edited",
        spoil: |s| middle(s, "event_keys", "event_key = zeroblob(16)", EventKeys),
    },
    Tampering {
        name: "event_keys.leaf_index: a deduplication key points elsewhere",
        spoil: |s| middle(s, "event_keys", "leaf_index = leaf_index + 1", EventKeys),
    },
    Tampering { name: "delegation_names.ledger: a name is given to another ledger", spoil: |s| name(s, "ledger = 2") },
    Tampering { name: "delegation_names.delegation_no: a delegation gets another number", spoil: |s| name(s, "delegation_no = 99") },
    Tampering { name: "delegation_names.delegation_id: a delegation gets another name", spoil: |s| name(s, "delegation_id = 'dlg-other'") },
    Tampering {
        name: "delegations.ledger: a delegation is given to another ledger",
        spoil: |s| middle(s, "delegations", "ledger = 2", DerivedTables),
    },
    Tampering {
        name: "delegations.delegation_no: a delegation goes by another number",
        spoil: |s| middle(s, "delegations", "delegation_no = 99", DerivedTables),
    },
    Tampering {
        name: "delegations.leaf_index: a delegation stands elsewhere",
        spoil: |s| middle(s, "delegations", "leaf_index = leaf_index + 1", DerivedTables),
    },
    Tampering {
        name: "delegations.parent_no: a delegation hangs below none",
        spoil: |s| middle(s, "delegations", "parent_no = NULL", DerivedTables),
    },
    Tampering {
        name: "revocations.ledger: a revocation is given to another ledger",
        spoil: |s| middle(s, "revocations", "ledger = 2", DerivedTables),
    },
    Tampering {
        name: "revocations.delegation_no: a revocation is of another delegation",
        spoil: |s| middle(s, "revocations", "delegation_no = 99", DerivedTables),
    },
    Tampering {
        name: "revocations.leaf_index: a revocation stands elsewhere",
        spoil: |s| middle(s, "revocations", "leaf_index = leaf_index + 1", DerivedTables),
    },
    Tampering {
        name: "actions.ledger: an action is given to another ledger",
        spoil: |s| middle(s, "actions", "ledger = 2", DerivedTables),
    },
    Tampering {
        name: "actions.leaf_index: an action stands elsewhere",
        spoil: |s| middle(s, "actions", "leaf_index = 5000", DerivedTables),
    },
    Tampering {
        name: "actions.action_key: an action goes by another key",
        spoil: |s| middle(s, "actions", "action_key = 7", DerivedTables),
    },
    Tampering {
        name: "actions.delegation_no: an action stands under no delegation",
        spoil: |s| middle(s, "actions", "delegation_no = NULL", DerivedTables),
    },
    Tampering {
        name: "actions.occurred_at: an action happened at another time",
        spoil: |s| middle(s, "actions", "occurred_at = occurred_at + 1", DerivedTables),
    },
    Tampering {
        name: "present_findings.ledger: findings as of now are given to another ledger",
        spoil: |s| middle(s, "present_findings", "ledger = 2", DerivedTables),
    },
    Tampering {
        name: "present_findings.leaf_index: findings as of now are those of another entry",
        spoil: |s| middle(s, "present_findings", "leaf_index = 5000", DerivedTables),
    },
    Tampering {
        name: "present_findings.codes: findings as of now are cleared",
        spoil: |s| middle(s, "present_findings", "codes = ''", DerivedTables),
    },
    Tampering {
        name: "present_findings.changed_by: findings as of now come from another entry",
        spoil: |s| middle(s, "present_findings", "changed_by = changed_by + 1", DerivedTables),
    },
    Tampering { name: "administration.ledger: an adopted catalogue is given to another ledger", spoil: |s| catalogue(s, "ledger = 2") },
    Tampering {
        name: "administration.entry_type: an adopted catalogue is called something else",
        spoil: |s| catalogue(s, "entry_type = 'settings.adopted'"),
    },
    Tampering { name: "administration.leaf_index: an adopted catalogue stands elsewhere", spoil: |s| catalogue(s, "leaf_index = 5000") },
    Tampering { name: "documents.ledger: a document is given to another ledger", spoil: |s| document(s, "ledger = 2") },
    Tampering { name: "documents.document_no: a document gets another number", spoil: |s| document(s, "document_no = 5000") },
    Tampering { name: "documents.sha256: a document is put under another hash", spoil: |s| document(s, "sha256 = zeroblob(32)") },
    Tampering { name: "documents.bytes: the bytes of a document are edited", spoil: |s| document(s, "bytes = CAST('page X' AS BLOB)") },
    Tampering {
        name: "refinery_schema_history.version: the file says it was made by another step",
        spoil: |s| set(s, HISTORY, "version = 2", "1", &[(File, None)]),
    },
    Tampering {
        name: "refinery_schema_history.name: the step that made the file is called something else",
        spoil: |s| set(s, HISTORY, "name = 'other'", "1", &[(File, None)]),
    },
    Tampering {
        name: "refinery_schema_history.checksum: the step that made the file has another checksum",
        spoil: |s| set(s, HISTORY, "checksum = '1'", "1", &[(File, None)]),
    },
];

/// An action past the full tile.
const PAST_TILE: u64 = 280;
const HISTORY: &str = "refinery_schema_history";
const MIDDLE_CHECKPOINT: &str = "tree_size = (SELECT tree_size FROM checkpoints ORDER BY tree_size LIMIT 1 OFFSET 1)";

/// Edits rows; `set` and `rows` are SQL.
fn set(sample: &ClosedLedger, table: &str, set: &str, rows: &str, expected: &[Expected]) -> Vec<Expected> {
    change(sample, &format!("UPDATE {table} SET {set} WHERE {rows}"));
    expected.to_vec()
}

fn payload(sample: &ClosedLedger, edit: &str) -> Vec<Expected> {
    set(sample, "payloads", edit, "leaf_index = 77", &[(Payloads, Some(MIDDLE))])
}

/// Edits the row of the entry in the middle of a table.
fn middle(sample: &ClosedLedger, table: &str, edit: &str, check: CheckName) -> Vec<Expected> {
    let sql = format!("SELECT leaf_index FROM {table} ORDER BY leaf_index LIMIT 1 OFFSET (SELECT count(*) / 2 FROM {table})");
    let index = number(sample, &sql);
    set(sample, table, edit, &format!("leaf_index = {index}"), &[(check, Some(index))])
}

/// The name's entry is the first that mentions it.
fn name(sample: &ClosedLedger, edit: &str) -> Vec<Expected> {
    let no = number(sample, "SELECT delegation_no FROM delegation_names WHERE delegation_id = 'dlg-never'");
    let index = number(sample, &format!("SELECT min(leaf_index) FROM actions WHERE delegation_no = {no}"));
    set(sample, "delegation_names", edit, "delegation_id = 'dlg-never'", &[(DerivedTables, Some(index))])
}

fn catalogue(sample: &ClosedLedger, edit: &str) -> Vec<Expected> {
    let index = number(sample, "SELECT leaf_index FROM administration WHERE entry_type = 'catalogue.adopted'");
    set(sample, "administration", edit, "entry_type = 'catalogue.adopted'", &[(DerivedTables, Some(index))])
}

fn document(sample: &ClosedLedger, edit: &str) -> Vec<Expected> {
    let index = naming(sample, "page 3");
    set(sample, "documents", edit, "CAST(bytes AS TEXT) = 'page 3'", &[(Documents, Some(index))])
}

/// Everything of the last entry is one too many.
fn one_fewer(sample: &ClosedLedger) -> Vec<Expected> {
    let last = last(sample);
    change(sample, "UPDATE ledgers SET tree_size = tree_size - 1");
    let at = Some(last);
    vec![
        (Documents, None),
        (Checkpoints, at),
        (Head, Some(last - 1)),
        (Rows, at),
        (HighWater, at),
        (DerivedTables, at),
        (EventKeys, at),
        (SearchIndex, None),
    ]
}

#[test]
fn every_column_of_every_table_has_a_row() {
    let sample = ClosedLedger::empty();
    let connection = connect(&sample.folder.ledger_file());
    let sql = "SELECT t.name || '.' || c.name FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c
        WHERE t.schema = 'main' AND t.type IN ('table', 'virtual', 'shadow') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql).unwrap();
    let mut columns: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows: Vec<&str> = TABLE.iter().map(|row| row.name.split_once(':').unwrap().0).collect();
    rows.push(NOT_EVIDENCE);
    columns.sort_unstable();
    rows.sort_unstable();
    assert_eq!(columns, rows);
}
