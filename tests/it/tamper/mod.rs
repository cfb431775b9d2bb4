//! The tamper table: each way in which somebody who can write the files could change the past, and the checks that name it, with
//! the index. A row is a function that spoils one copy of a sample ledger and says which checks must fail, no more and no less.
//! What `onus verify` says of each row is published in `docs/TAMPER.md`.

mod rewriter;
mod columns;
mod headers;
mod payloads;
mod order;
mod rewritten;
mod checkpoints;
mod tiles;
mod tall;
mod documents;
mod derived;
mod index;
mod schema;
mod outside;
mod harmless;
mod found;
mod published;
mod second;
mod mutation;
mod mutations;

use std::ops::Deref;
use std::path::Path;

use onus::service::verifier::report::CheckName;
use rusqlite::{Connection, params};

use crate::closed_ledger::ClosedLedger;

/// A check that must fail, and the entry it must name (`None`: it can name none).
pub(crate) type Expected = (CheckName, Option<u64>);

/// One way of tampering.
pub(crate) struct Tampering {
    /// What is done, as a claim.
    pub(crate) name: &'static str,
    /// Does it, and says what must be found.
    pub(crate) spoil: fn(&ClosedLedger) -> Vec<Expected>,
}

/// Ways of tampering with one thing.
pub(crate) struct Group {
    /// With what.
    pub(crate) title: &'static str,
    /// What the thing is, for whoever reads the published table.
    pub(crate) about: &'static str,
    /// A fresh copy of the ledger that is spoiled.
    pub(crate) sample: fn() -> ClosedLedger,
    /// Whether it is evidence: then each row is seen, by what lies in the folder or by a checkpoint kept elsewhere.
    pub(crate) is_evidence: bool,
    /// Whether everything derived is derived again; else the ledger is too large for that here.
    pub(crate) is_deep: bool,
    /// The ways.
    pub(crate) rows: &'static [Tampering],
}

/// Every row there is.
pub(crate) const GROUPS: [Group; 14] = [
    columns::GROUP,
    headers::GROUP,
    payloads::GROUP,
    order::GROUP,
    rewritten::GROUP,
    checkpoints::GROUP,
    tiles::GROUP,
    tall::GROUP,
    documents::GROUP,
    derived::GROUP,
    index::GROUP,
    schema::GROUP,
    outside::GROUP,
    harmless::GROUP,
];

/// An action in the middle, with actions around it.
const MIDDLE: u64 = 77;

/// The file, open for somebody who puts the guards aside and back again afterwards, as whoever holds the disk can.
pub(crate) struct Unguarded {
    connection: Connection,
    /// The statements that make them.
    guards: Vec<String>,
}

/// The file, writable and without its guards.
pub(crate) fn connect(file: &Path) -> Unguarded {
    let connection = connect_guarded(file);
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let guards = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    drop(statement);
    connection.execute_batch(DROP_GUARDS).unwrap();
    Unguarded { connection, guards }
}

const DROP_GUARDS: &str = "DROP TRIGGER IF EXISTS entries_are_never_changed; DROP TRIGGER IF EXISTS entries_are_never_deleted";

impl Deref for Unguarded {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Unguarded {
    fn drop(&mut self) {
        for guard in &self.guards {
            // One that was put there meanwhile stays; a table that is gone needs none.
            let _ = self.connection.execute_batch(guard);
        }
    }
}

/// The file with its guards.
fn connect_guarded(file: &Path) -> Connection {
    #[expect(clippy::disallowed_methods, reason = "an attacker does not ask the store")]
    let connection = Connection::open(file).unwrap();
    connection
}

/// Runs one statement, which must change something.
#[track_caller]
pub(crate) fn change(sample: &ClosedLedger, sql: &str) {
    let connection = connect(&sample.folder.ledger_file());
    assert!(connection.execute(sql, []).unwrap() > 0, "nothing was changed by {sql}");
}

/// One number out of the file.
#[track_caller]
pub(crate) fn number(sample: &ClosedLedger, sql: &str) -> u64 {
    let number: i64 = connect_guarded(&sample.folder.ledger_file()).query_row(sql, [], |r| r.get(0)).unwrap();
    u64::try_from(number).unwrap()
}

/// The index of the last entry.
fn last(sample: &ClosedLedger) -> u64 {
    number(sample, "SELECT max(leaf_index) FROM entries")
}

/// Puts other bytes in the place of an entry's.
#[track_caller]
fn edit_entry(sample: &ClosedLedger, index: u64, edit: impl Fn(&str) -> String) {
    let connection = connect(&sample.folder.ledger_file());
    let index = i64::try_from(index).unwrap();
    let bytes: Vec<u8> = connection.query_row("SELECT bytes FROM entries WHERE leaf_index = ?1", [index], |r| r.get(0)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let edited = edit(&text);
    assert_ne!(edited, text, "nothing was changed");
    connection.execute("UPDATE entries SET bytes = ?2 WHERE leaf_index = ?1", params![index, edited.into_bytes()]).unwrap();
}

/// The stored checkpoints, by size.
fn stored_checkpoints(sample: &ClosedLedger) -> Vec<(u64, String)> {
    let connection = connect_guarded(&sample.folder.ledger_file());
    let mut statement = connection.prepare("SELECT tree_size, note FROM checkpoints WHERE ledger = 1 ORDER BY tree_size").unwrap();
    let rows = statement.query_map([], |r| Ok((u64::try_from(r.get::<_, i64>(0)?).unwrap(), r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The first entry that names the document of that text.
fn naming(sample: &ClosedLedger, text: &str) -> u64 {
    let hash = onus::tlog::hash::DocumentHash::of(text.as_bytes()).to_hex();
    number(sample, &format!("SELECT min(leaf_index) FROM payloads WHERE instr(members, '{hash}') > 0"))
}
