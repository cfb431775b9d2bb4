//! The file as a file: what is declared in it, and its pages.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;

use onus::service::verifier::report::CheckName::File;

use super::{Expected, Group, Tampering, connect};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "The ledger file and its schema",
    about: "What is declared in the file, and its pages. A trigger or a view could make a later server say something else than the rows do.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 12] = [
    Tampering { name: "a table is added", spoil: |s| declare(s, "CREATE TABLE notes (text TEXT)") },
    Tampering { name: "an index is added", spoil: |s| declare(s, "CREATE INDEX entries_by_bytes ON entries (bytes)") },
    Tampering { name: "a view is added", spoil: |s| declare(s, "CREATE VIEW latest AS SELECT max(leaf_index) FROM entries") },
    Tampering {
        name: "a trigger is added",
        spoil: |s| {
            declare(
                s,
                "CREATE TRIGGER forgetful AFTER INSERT ON revocations BEGIN DELETE FROM revocations WHERE leaf_index = NEW.leaf_index; END",
            )
        },
    },
    Tampering {
        name: "a trigger is added under a name of SQLite's own",
        spoil: |s| {
            declare(
                s,
                "PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_forgetful', 'revocations', 0,
            'CREATE TRIGGER sqlite_forgetful AFTER INSERT ON revocations BEGIN DELETE FROM revocations; END')",
            )
        },
    },
    Tampering {
        name: "a trigger is made to do nothing",
        spoil: |s| declare(s, "CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries BEGIN SELECT 1; END"),
    },
    Tampering { name: "an index is dropped", spoil: |s| declare(s, "DROP INDEX actions_by_key") },
    Tampering { name: "a table gets another column", spoil: |s| declare(s, "ALTER TABLE entries ADD COLUMN note TEXT") },
    Tampering { name: "a derived table is dropped", spoil: |s| declare(s, "DROP TABLE revocations") },
    Tampering { name: "the table of entries is dropped", spoil: |s| declare(s, "DROP TABLE entries") },
    Tampering {
        name: "the file is cut to nothing",
        spoil: |s| {
            std::fs::write(s.folder.ledger_file(), "").unwrap();
            vec![(File, None)]
        },
    },
    Tampering {
        name: "the file is no SQLite file any more",
        spoil: |s| {
            OpenOptions::new().write(true).open(s.folder.ledger_file()).unwrap().write_all_at(&[7; 65_536], 0).unwrap();
            vec![(File, None)]
        },
    },
];

fn declare(sample: &ClosedLedger, sql: &str) -> Vec<Expected> {
    connect(&sample.folder.ledger_file()).execute_batch(sql).unwrap();
    vec![(File, None)]
}
