//! Verifying a ledger in its folder, beside whoever serves it: FORMAT.md section 6 over everything. It reads, and writes nothing;
//! it takes no lock; it sees the file in one state however long it takes. What it cannot check it says; nothing is valid by default.
//!
//! It trusts what comes from outside (the key, kept checkpoints) and this program, and nothing in the folder: not even the rows
//! that the server answers from.

pub mod report;
mod tally;
mod head;
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
use crate::service::verifier::head::{Head, check_head, check_rows};
use crate::service::verifier::log_key::FollowedKeys;
use crate::service::verifier::outside::{Genesis, Given, check_mark, read_genesis};
use crate::service::verifier::pass::{Passed, pass};
use crate::service::verifier::report::{Check, CheckName, Equivocation, Outcome, Place, Report};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::reader::LedgerReader;
use crate::store::rows::Rows;
use crate::store::scratch::Scratch;
use crate::tlog::entry::Origin;
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

/// How far everything but what is derived could be looked at.
enum Base {
    /// All of it.
    Checked(Report),
    /// There is nothing to verify, or nothing to go by: this is the whole answer.
    Ended(Report),
}

/// What lies in the folder and is evidence of nothing.
const NOT_LOOKED_AT: &str = "Not looked at, for nothing in it is evidence: service.db, the log, export and secret keys in the folder, \
     the catalogue and the settings as files (what was adopted of them is in entries), and when the ledger file was made.";

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
            let mut report = match self.check_base(rows, &mark)? {
                Base::Checked(report) => report,
                Base::Ended(report) => return Ok(report),
            };
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
        let mut report = match self.check_base(batch.rows(), &mark)? {
            Base::Checked(report) => report,
            Base::Ended(report) => return Ok(report),
        };
        report.checks.push(deep::check_file(&batch, &schema)?);
        let keys = self.folder.read_secret(&self.folder.event_key_file()).ok().map(EventKeys::new);
        let has_passed = |name| report.check(name).is_some_and(|check| check.outcome == Outcome::Passed);
        let is_compared = has_passed(CheckName::Entries) && has_passed(CheckName::Payloads);
        let reading: EntryReading = if is_compared { entry_as_it_stands } else { open_entry };
        let derived = match deep::check_derived(&mut batch, report.size, keys.as_ref(), reading) {
            Ok(derived) => derived,
            // What it needs is not in the file, which has been said; everything else has been looked at, and is to be told.
            Err(e) if report.check(CheckName::File).is_some_and(|file| file.fault().is_some()) => {
                let not_run = |name: &CheckName| Check::not_run(*name, report.size.get(), format!("the file is not whole: {e}"));
                let checks: Vec<Check> = DEEP_CHECKS.iter().filter(|name| **name != CheckName::File).map(not_run).collect();
                report.checks.extend(checks);
                return Ok(report);
            }
            Err(e) => return Err(e),
        };
        report.checks.extend(derived.checks);
        report.checks.push(if derived.is_complete {
            searched::check(batch.rows(), report.size, searcher, &self.folder.index_folder(), reading)
        } else {
            // Put together from the derived tables just made.
            Check::not_run(CheckName::SearchIndex, report.size.get(), "what it should hold could not be derived")
        });
        Ok(report)
    }

    /// Everything but what is derived.
    fn check_base(&self, rows: Rows<'_>, mark: &Mark) -> Result<Base, StoreError> {
        let head = match Head::read(rows)? {
            Ok(head) => head,
            Err(_) if self.is_nothing(rows, mark)? => return Ok(Base::Ended(nothing())),
            Err(unread) => return Ok(Base::Ended(only(CheckName::Head, unread.origin, TreeSize::ZERO, &unread.reason))),
        };
        if head.size == TreeSize::ZERO && self.is_nothing(rows, mark)? {
            return Ok(Base::Ended(nothing()));
        }
        let counts = (rows.count_all_entries(head.size)?, rows.count_all_payloads(head.size)?);
        let named = self.vkey.as_ref().map_or(head.origin.as_str(), |vkey| vkey.name().as_str());
        let Some(origin) = Origin::parse(named) else {
            return Ok(Base::Ended(not_a_ledger(&head, named)));
        };
        let genesis = read_genesis(rows, &origin, head.size)?;
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
        let followed_keys = followed.keys();
        Ok(Base::Checked(Report { origin: head.origin, size: head.size, vkey, followed_keys, checks, equivocations, limits }))
    }

    /// Whether nothing lies there, and nothing from outside says that anything should.
    fn is_nothing(&self, rows: Rows<'_>, mark: &Mark) -> Result<bool, StoreError> {
        let is_expected = !self.checkpoints.is_empty() || matches!(mark, Mark::Read(mark) if mark.size > TreeSize::ZERO);
        Ok(!is_expected && rows.count_evidence()? == 0)
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
        limits.push(NOT_LOOKED_AT.to_owned());
        if self.checkpoints.is_empty() {
            let limit =
                "No checkpoint was given from outside: whoever holds the log key could have rewritten the ledger before this moment.";
            limits.push(limit.to_owned());
        }
        limits.push("No witness is checked by this release.".to_owned());
        limits
    }
}

fn nothing() -> Report {
    Report {
        origin: String::new(),
        size: TreeSize::ZERO,
        vkey: None,
        followed_keys: Vec::new(),
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
    Report { origin, size, vkey: None, followed_keys: Vec::new(), checks, equivocations: Vec::new(), limits: Vec::new() }
}

fn not_a_ledger(head: &Head, named: &str) -> Report {
    only(CheckName::Head, head.origin.clone(), head.size, &format!("{named:?} is not the name of a ledger"))
}

fn unreadable(e: &StoreError) -> Report {
    let mut reason = format!("the ledger file cannot be read: {e}");
    let mut below = e.source();
    while let Some(cause) = below {
        let cause_words = cause.to_string();
        if !reason.contains(&cause_words) {
            reason = format!("{reason}: {cause_words}");
        }
        below = cause.source();
    }
    let mut report = only(CheckName::File, String::new(), TreeSize::ZERO, &reason);
    if e.is_out_of_reach() {
        report.checks = CheckName::ALL.iter().map(|name| Check::not_run(*name, 0, reason.clone())).collect();
    }
    report
}
