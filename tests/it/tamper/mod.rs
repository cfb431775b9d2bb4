//! The tamper table: each way in which somebody who can write the files could change the past, and the checks that name it, with
//! the index. A row is a function that spoils one copy of the sample ledger and says what must be found, no more and no less.

mod rewriter;
mod base;
mod derived;
mod index;

use std::path::Path;

use onus::service::verifier::report::{CheckName, Report, Verdict};
use onus::tlog::position::LeafIndex;
use rusqlite::Connection;

use crate::closed_ledger::ClosedLedger;
use crate::verify::told;

/// A check that must fail, and the entry it must name (`None`: it can name none).
pub(crate) type Expected = (CheckName, Option<u64>);

/// One way of tampering.
pub(crate) struct Tampering {
    /// What is done, as a claim.
    pub(crate) name: &'static str,
    /// Does it, and says what must be found.
    pub(crate) spoil: fn(&ClosedLedger) -> Vec<Expected>,
}

/// The file, writable and without its guards, as whoever holds the disk has it.
pub(crate) fn connect(file: &Path) -> Connection {
    #[expect(clippy::disallowed_methods, reason = "an attacker does not ask the store")]
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("DROP TRIGGER IF EXISTS entries_are_never_changed; DROP TRIGGER IF EXISTS entries_are_never_deleted").unwrap();
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
    let number: i64 = connect(&sample.folder.ledger_file()).query_row(sql, [], |r| r.get(0)).unwrap();
    u64::try_from(number).unwrap()
}

/// What failed, in the order of the report.
fn failed(report: &Report) -> Vec<Expected> {
    let faults = report.checks.iter().filter_map(|check| Some((check.name, check.fault()?.place.entry().map(LeafIndex::get))));
    faults.collect()
}

/// Every row is tried before any failure is told.
#[track_caller]
fn run(table: &[Tampering]) {
    let wrong: Vec<String> = table.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What verification does not say of a spoiled copy as it should.
fn complaint(tampering: &Tampering) -> Option<String> {
    let Tampering { name, spoil } = tampering;
    let sample = ClosedLedger::full();
    let mut expected = spoil(&sample);
    expected.sort_unstable();
    let report = sample.verification().run();
    let first = expected.iter().filter_map(|(_, index)| *index).min();
    let found = (failed(&report), report.verdict(), report.first_wrong().map(LeafIndex::get));
    let is_named = found == (expected.clone(), Verdict::Failed, first);
    (!is_named).then(|| format!("{name}\nexpected {expected:?}, first {first:?}\nfound    {found:?}\n{}", told(&report)))
}

#[test]
fn whatever_is_done_to_entries_and_payloads_is_named() {
    run(&base::TABLE);
}

#[test]
fn whatever_is_done_to_derived_tables_is_named() {
    run(&derived::TABLE);
}

#[test]
fn whatever_is_done_to_the_search_index_is_named() {
    run(&index::TABLE);
}
