//! Verifying a ledger in its folder, beside whoever serves it: FORMAT.md section 6 over everything. It reads, and writes nothing;
//! it takes no lock; it sees the file in one state however long it takes. What it cannot check it says; nothing is valid by default.
//!
//! It trusts what comes from outside (the key, kept checkpoints) and this program, and nothing in the folder: not even the rows
//! that the server answers from.

pub mod report;
mod tally;
mod entry;
mod commitments;
mod documents;
mod tiles;
mod log_key;
mod checkpoints;
mod pass;
mod outside;
mod deep;
mod searched;

use std::error::Error as _;
use std::path::PathBuf;

pub use outside::GivenCheckpoint;
pub(in crate::service) use outside::{Mark, read_mark};

use crate::domain::key_rotated::KEY_ROTATED;
use crate::service::folder::Folder;
use crate::service::opened::{EntryReading, entry_as_it_stands, open_entry};
use crate::service::pending::EventKeys;
use crate::service::verifier::checkpoints::Expected;
use crate::service::verifier::log_key::FollowedKeys;
use crate::service::verifier::outside::{Genesis, Given, check_mark, read_genesis};
use crate::service::verifier::pass::{Passed, pass};
use crate::service::verifier::report::{Check, CheckName, Equivocation, Outcome, Place, Report};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::inspection::RowCount;
use crate::store::reader::LedgerReader;
use crate::store::rows::{Head, Rows};
use crate::store::scratch::Scratch;
use crate::tlog::entry::Origin;
use crate::tlog::hash::LeafHash;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::Vkey;

/// What is to be verified, and against what.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Where the ledger lies.
    pub folder: Folder,
    /// Where its high-water mark lies, if there is one.
    pub mark_file: PathBuf,
    /// The ledger's key, from outside.
    pub vkey: Option<Vkey>,
    /// Checkpoints kept elsewhere.
    pub checkpoints: Vec<GivenCheckpoint>,
    /// Whether everything derived is derived again.
    pub is_deep: bool,
    /// When it is: how long the newest entries have waited for a checkpoint.
    pub now: Timestamp,
}

/// What is looked at only when everything derived is derived again.
const DEEP_CHECKS: [CheckName; 6] = [
    CheckName::File,
    CheckName::Findings,
    CheckName::ChangedAssessments,
    CheckName::DerivedTables,
    CheckName::EventKeys,
    CheckName::SearchIndex,
];

/// What the pass goes over, and what is known before it.
#[derive(Clone, Copy)]
struct Against<'r> {
    rows: Rows<'r>,
    head: &'r Head,
    stored: u64,
    origin: &'r Origin,
    genesis: &'r Genesis,
    mark: &'r Mark,
}

/// What came of the pass, and the keys it was held against.
struct Round {
    followed: FollowedKeys,
    given: Given,
    passed: Passed,
}

impl Verification {
    /// Runs every check. A file that SQLite itself cannot read is a fault like any other.
    pub fn run(&self) -> Report {
        if !self.folder.has_ledger() {
            return nothing();
        }
        let run = if self.is_deep { self.run_deep() } else { self.run_plain() };
        run.unwrap_or_else(|e| unreadable(&e))
    }

    fn run_plain(&self) -> Result<Report, StoreError> {
        let mark = read_mark(&self.mark_file);
        let reader = LedgerReader::open(&self.folder.ledger_file())?;
        reader.rows().in_one_snapshot(|rows| {
            let Some(mut report) = self.check_base(rows, &mark)? else { return Ok(nothing()) };
            let size = report.size.get();
            report.checks.extend(DEEP_CHECKS.map(|name| Check::not_run(name, size, "only --deep looks at it")));
            Ok(report)
        })
    }

    fn run_deep(&self) -> Result<Report, StoreError> {
        // Opened before the ledger's state is fixed, so that nothing in it can be newer than that state.
        let searcher = searched::open_settled(&self.folder);
        let mark = read_mark(&self.mark_file);
        let mut scratch = Scratch::beside(&self.folder.ledger_file())?;
        let schema = scratch.schema();
        let mut batch = scratch.begin()?;
        let Some(mut report) = self.check_base(batch.rows(), &mark)? else { return Ok(nothing()) };
        report.checks.push(deep::check_file(&batch, &schema)?);
        let keys = self.folder.read_secret(&self.folder.event_key_file()).ok().map(EventKeys::new);
        let is_opened = report.check(CheckName::Payloads).is_some_and(|check| check.outcome == Outcome::Passed);
        let reading: EntryReading = if is_opened { entry_as_it_stands } else { open_entry };
        let derived = deep::check_derived(&mut batch, report.size, keys.as_ref(), reading)?;
        report.checks.extend(derived.checks);
        report.checks.push(if derived.is_complete {
            searched::check(batch.rows(), report.size, searcher, &self.folder.index_folder(), reading)
        } else {
            // Put together from the derived tables just made.
            Check::not_run(CheckName::SearchIndex, report.size.get(), "what it should hold could not be derived")
        });
        Ok(report)
    }

    /// Everything but what is derived; nothing if there is no entry.
    fn check_base(&self, rows: Rows<'_>, mark: &Mark) -> Result<Option<Report>, StoreError> {
        let Some(head) = rows.head()? else { return Ok(None) };
        let counts = (rows.count_all_entries(head.size)?, rows.count_all_payloads(head.size)?);
        if head.size == TreeSize::ZERO && counts.0.rows == 0 {
            return Ok(None);
        }
        let named = self.vkey.as_ref().map_or(head.origin.as_str(), |vkey| vkey.name().as_str());
        let Some(origin) = Origin::parse(named) else {
            return Ok(Some(not_a_ledger(&head, named)));
        };
        let genesis = read_genesis(rows, &origin)?;
        let hinted = self.hinted_rotations();
        let against = Against { rows, head: &head, stored: counts.0.rows, origin: &origin, genesis: &genesis, mark };
        let mut round = self.round(&against, &hinted)?;
        if round.passed.rotations != hinted {
            let seen = std::mem::take(&mut round.passed.rotations);
            round = self.round(&against, &seen)?;
        }
        let Round { followed, given, passed } = round;
        let mut equivocations: Vec<Equivocation> = Vec::new();
        let mut checks = passed.checks;
        checks.push(check_head(rows, &head, &origin, passed.last_leaf)?);
        checks.push(check_rows(&head, counts));
        checks.push(given.check(rows, &head, &passed.roots, &mut equivocations)?);
        checks.push(check_mark(mark, &self.mark_file, &head, &passed.roots));
        checks.push(followed.check(rows, &genesis, self.vkey.as_ref())?);
        let limits = self.limits();
        let vkey = followed.history.as_ref().map(|history| history.present().to_string());
        Ok(Some(Report { origin: head.origin, size: head.size, vkey, checks, equivocations, limits }))
    }

    /// Which entries rotate the log key, as the file's derived table says: only a hint, their own headers say it.
    fn hinted_rotations(&self) -> Vec<LeafIndex> {
        let reader = LedgerReader::open(&self.folder.ledger_file());
        reader.and_then(|reader| reader.rows().all_of(KEY_ROTATED)).unwrap_or_default()
    }

    /// The pass over everything that is hashed and signed, under the keys that those rotations lead to.
    fn round(&self, against: &Against<'_>, rotations: &[LeafIndex]) -> Result<Round, StoreError> {
        let Against { rows, head, stored, origin, genesis, mark } = *against;
        let followed = FollowedKeys::read(rows, genesis, self.vkey.as_ref(), rotations)?;
        let given = Given::read(&self.checkpoints, origin, &followed.keys());
        let mut sizes: Vec<TreeSize> = given.sizes().collect();
        sizes.extend(match mark {
            Mark::Read(mark) => Some(mark.size),
            Mark::None | Mark::Unreadable(_) => None,
        });
        let keys = followed.history.as_ref();
        let expected = Expected { origin, keys, max_publication_ms: genesis.max_publication_ms, now: self.now };
        let passed = pass(rows, head.size, stored, expected, &sizes)?;
        Ok(Round { followed, given, passed })
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec!["No ledger can show that something was never submitted, or that a report is true.".to_owned()];
        if self.checkpoints.is_empty() {
            let limit =
                "No checkpoint was given from outside: whoever holds the log key could have rewritten the ledger before this moment.";
            limits.push(limit.to_owned());
        }
        limits.push("No witness is checked by this release.".to_owned());
        limits
    }
}

/// The head against the last entry.
fn check_head(rows: Rows<'_>, head: &Head, origin: &Origin, last: Option<LeafHash>) -> Result<Check, StoreError> {
    let mut tally = Tally::new(CheckName::Head, 1);
    if head.origin != origin.as_str() {
        tally.wrong(Place::Ledger, format!("it belongs to {}, not to {origin}", head.origin));
    } else if rows.count_all_heads()? != 1 {
        tally.wrong(Place::Ledger, "there are heads of other ledgers");
    } else {
        match (last, head.size.last_index()) {
            (Some(last), _) if last == head.leaf_hash => tally.right(),
            (Some(_), Some(index)) => tally.wrong_at(index, "the head names another last entry than the one that is there"),
            _ => tally.cannot_tell("the last entry is missing"),
        }
    }
    Ok(tally.finish())
}

/// As many rows as the head says, and none past it.
fn check_rows(head: &Head, counts: (RowCount, RowCount)) -> Check {
    let size = head.size.get();
    let mut tally = Tally::new(CheckName::Rows, 2);
    for (what, count) in [("entries", counts.0), ("payloads", counts.1)] {
        match count.past_head.and_then(LeafIndex::new) {
            Some(index) => tally.wrong_at(index, format!("there are {what} past the head, which says {size}")),
            None if count.rows == size => tally.right(),
            None => tally.wrong(Place::Ledger, format!("there are {} {what}, and the head says {size}", count.rows)),
        }
    }
    tally.finish()
}

fn nothing() -> Report {
    Report {
        origin: String::new(),
        size: TreeSize::ZERO,
        vkey: None,
        checks: Vec::new(),
        equivocations: Vec::new(),
        limits: vec!["There is nothing to verify.".to_owned()],
    }
}

/// One check has failed, and no other could be run.
fn only(name: CheckName, origin: String, size: TreeSize, reason: &str) -> Report {
    let mut tally = Tally::new(name, 1);
    tally.wrong(Place::Ledger, reason);
    let others = CheckName::ALL.iter().filter(|other| **other != name);
    let mut checks: Vec<Check> = others.map(|other| Check::not_run(*other, size.get(), reason)).collect();
    checks.push(tally.finish());
    checks.sort_by_key(|check| check.name);
    Report { origin, size, vkey: None, checks, equivocations: Vec::new(), limits: Vec::new() }
}

fn not_a_ledger(head: &Head, named: &str) -> Report {
    only(CheckName::Head, head.origin.clone(), head.size, &format!("{named:?} is not the name of a ledger"))
}

fn unreadable(e: &StoreError) -> Report {
    let mut reason = format!("the ledger file cannot be read: {e}");
    let mut below = e.source();
    while let Some(cause) = below {
        reason = format!("{reason}: {cause}");
        below = cause.source();
    }
    let mut report = only(CheckName::File, String::new(), TreeSize::ZERO, &reason);
    if e.is_out_of_reach() {
        report.checks = CheckName::ALL.iter().map(|name| Check::not_run(*name, 0, reason.clone())).collect();
    }
    report
}
