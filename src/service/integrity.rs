//! What this server has verified of its own ledger, when, and how much of it: a thread runs the verifier at the start and again
//! when the ledger has grown, and keeps what it found. A failure once found is never forgotten while the process lives.
//!
//! A server that checks itself finds a changed file. It cannot find a server that lies: that takes `onus verify` and a checkpoint
//! kept elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::{error, info};

use crate::service::bell::Bell;
use crate::service::ledger::Ledger;
use crate::service::verifier::Verification;
use crate::service::verifier::report::{Check, CheckName, Fault, Report};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// At most this often the whole ledger is verified in passing.
const REST: Duration = Duration::from_mins(10);
/// Largest ledger of which everything derived is derived again in passing; of a larger one that is left to `onus verify --deep`.
const MAX_DEEP_ENTRIES: u64 = 200_000;

/// What has been verified so far.
#[derive(Default)]
pub struct Integrity {
    kept: Mutex<Kept>,
    bell: Bell,
}

#[derive(Clone, Default)]
struct Kept {
    last: Option<Arc<Verified>>,
    failures: Vec<Failure>,
}

/// One run of the verifier.
#[derive(Debug)]
pub struct Verified {
    /// When it ended.
    pub at: Timestamp,
    /// How many entries there were.
    pub size: TreeSize,
    /// What it found.
    pub checks: Vec<Check>,
}

/// A check that failed at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it was found first.
    pub at: Timestamp,
    /// Which check.
    pub check: CheckName,
    /// What it found false.
    pub fault: Fault,
}

/// How far the verifying thread steps back behind the others.
const LEAST_URGENT: i32 = 19;

impl Integrity {
    /// The newest run.
    pub fn last(&self) -> Option<Arc<Verified>> {
        self.lock().last.clone()
    }

    /// Everything that was ever found false, the newest last.
    pub fn failures(&self) -> Vec<Failure> {
        self.lock().failures.clone()
    }

    /// The first wrong entry that is known of now.
    pub fn first_wrong(&self) -> Option<LeafIndex> {
        self.last()?.checks.iter().filter_map(|check| check.fault()?.place.entry()).min()
    }

    /// Whether the newest run found anything false.
    pub fn is_failing(&self) -> bool {
        self.last().is_some_and(|run| run.checks.iter().any(|check| check.fault().is_some()))
    }

    /// Keeps what a run found.
    pub fn keep(&self, report: Report, at: Timestamp) {
        let mut kept = self.lock();
        for check in &report.checks {
            let Some(fault) = check.fault() else { continue };
            let is_known = |failure: &Failure| failure.check == check.name && failure.fault.place == fault.place;
            if !kept.failures.iter().any(is_known) {
                error!(check = check.name.as_str(), reason = fault.reason, "the ledger does not verify");
                kept.failures.push(Failure { at, check: check.name, fault: fault.clone() });
            }
        }
        kept.last = Some(Arc::new(Verified { at, size: report.size, checks: report.checks }));
    }

    /// Verifies once, now.
    pub fn verify(&self, ledger: &Ledger) {
        let verification = Verification {
            folder: ledger.folder().clone(),
            mark_file: ledger.mark_file().to_owned(),
            vkey: Some(ledger.vkey().clone()),
            checkpoints: Vec::new(),
            is_deep: ledger.size().get() <= MAX_DEEP_ENTRIES,
            now: ledger.clock().now(),
        };
        let report = verification.run();
        let at = ledger.clock().now();
        let took_ms = at.ms_since(verification.now);
        info!(
            entry.count = report.size.get(),
            verdict = report.verdict().as_str(),
            duration_ms = took_ms,
            "the ledger was verified in passing"
        );
        self.keep(report, at);
    }

    /// Verifies in a thread of its own: at once, then whenever the ledger has grown, at most every ten minutes.
    pub fn watch(self: Arc<Self>, ledger: Arc<Ledger>) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("verifier".to_owned()).spawn(move || {
            // Of this thread alone: whoever waits for an answer goes first. Where the system refuses, it runs as the others do.
            let _ = rustix::process::nice(LEAST_URGENT);
            while !self.bell.is_stopped() {
                if self.last().is_none_or(|run| run.size != ledger.size()) {
                    self.verify(&ledger);
                }
                self.bell.pause(REST);
            }
        })
    }

    /// The thread ends; a run that is under way is finished first.
    pub fn stop(&self) {
        self.bell.stop();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::verifier::report::{Outcome, Place};

    fn report(outcome: Outcome) -> Report {
        let check = Check { name: CheckName::Links, covered: 3, of: 3, outcome, notes: Vec::new(), is_optional: false };
        Report {
            origin: "o".to_owned(),
            size: TreeSize::new(3).unwrap(),
            vkey: None,
            followed_keys: Vec::new(),
            checks: vec![check],
            equivocations: Vec::new(),
            limits: Vec::new(),
        }
    }

    #[test]
    fn a_failure_stays_after_a_run_that_passes_and_is_told_once() {
        let integrity = Integrity::default();
        assert!(integrity.last().is_none() && !integrity.is_failing());
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        let wrong = LeafIndex::new(1).unwrap();
        let fault = Fault { place: Place::Entry(wrong), reason: "it does not link".to_owned(), count: 1 };
        for micros in [1, 2] {
            integrity.keep(report(Outcome::Failed(fault.clone())), at(micros));
            assert_eq!((integrity.is_failing(), integrity.first_wrong()), (true, Some(wrong)));
        }
        integrity.keep(report(Outcome::Passed), at(3));
        assert!(!integrity.is_failing());
        assert_eq!(integrity.failures(), [Failure { at: at(1), check: CheckName::Links, fault }]);
    }
}
