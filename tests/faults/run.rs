//! Runs the chosen cases, several at a time, counts them by kind, and says of each that failed how to run it again.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::injector;

/// Fewest cases of a whole run.
const CASES: usize = 1_000;
/// Cases between two lines of progress.
const PROGRESS: usize = 500;
/// Cases at a time: most of a case is waiting for a server to end.
const AT_ONCE: usize = 8;

/// One case: its kind, its name, and what is done.
pub(crate) struct Case {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) run: Box<dyn Fn() -> Outcome + Send + Sync>,
}

/// What came of a case whose claims held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The fault did not strike: this life was shorter, or the machine does not allow it. Not counted.
    NotReached,
    /// The server did not start, and said why.
    NotStarted,
    /// The server was killed.
    Killed,
    /// A commit failed and the server ended itself; the event was there afterwards.
    UnknownAndThere,
    /// The same; the event was not there.
    UnknownAndGone,
    /// The server ended itself in another way.
    Ended,
    /// Something was refused and the server went on.
    Refused,
    /// Whoever called noticed nothing.
    Unnoticed,
    /// What was put back or cut was noticed, and nothing was written.
    ReadOnly,
    /// What was put back or cut was nothing that had been acknowledged.
    Whole,
}

/// A run of the table.
pub(crate) struct Run {
    /// How many cases are wanted.
    pub(crate) wanted: usize,
    only: Option<String>,
    counts: BTreeMap<&'static str, BTreeMap<Outcome, usize>>,
    failed: Vec<String>,
    started: Instant,
}

impl Run {
    /// As `ONUS_FAULT_CASES` and `ONUS_FAULT_ONLY` say.
    pub(crate) fn from_environment() -> Self {
        let wanted = std::env::var("ONUS_FAULT_CASES").map_or(CASES, |text| text.parse().expect("ONUS_FAULT_CASES is a number"));
        let only = std::env::var("ONUS_FAULT_ONLY").ok();
        Self { wanted, only, counts: BTreeMap::new(), failed: Vec::new(), started: Instant::now() }
    }

    /// Whether this machine has what it takes; in CI it must.
    pub(crate) fn is_possible() -> bool {
        let missing: Vec<&str> = ["strace", "cc"].into_iter().filter(|tool| !injector::has(tool)).collect();
        if missing.len() < 2 {
            return true;
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "in CI there must be strace or cc");
        eprintln!("skipped: the fault table needs strace, or a C compiler");
        false
    }

    /// Whether every case there is may be asked for by name.
    pub(crate) const fn is_single(&self) -> bool {
        self.only.is_some()
    }

    /// Runs them all, or the one that is asked for; those of the first phase before the others begin.
    pub(crate) fn execute(&mut self, phases: [Vec<Case>; 2]) {
        let names: BTreeSet<&str> = phases.iter().flatten().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), phases.iter().map(Vec::len).sum::<usize>(), "no case is counted twice");
        assert!(self.only.as_deref().is_none_or(|only| names.contains(only)), "no case is called {:?}", self.only);
        println!("{} cases are there", names.len());
        for mut cases in phases {
            cases.retain(|case| self.only.as_ref().is_none_or(|only| case.name == *only));
            self.execute_all(&cases);
        }
    }

    fn execute_all(&mut self, cases: &[Case]) {
        let (next, done) = (AtomicUsize::new(0), Mutex::new((&mut self.counts, &mut self.failed)));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some((place, case)) = take(&next, cases) {
                        let outcome = catch_unwind(AssertUnwindSafe(&case.run));
                        let mut done = done.lock().unwrap();
                        if let Ok(outcome) = outcome {
                            *done.0.entry(case.kind).or_default().entry(outcome).or_default() += 1;
                        } else {
                            eprintln!("FAILED {}\n  again: {}", case.name, again(&case.name));
                            done.1.push(case.name.clone());
                        }
                        if place % PROGRESS == 0 {
                            println!("{place} of {} begun after {:.0?}", cases.len(), self.started.elapsed());
                        }
                    }
                });
            }
        });
    }

    /// Prints what was done.
    pub(crate) fn report(&self) -> ExitCode {
        let mut total = 0;
        println!("{:<34} {:>6}  outcomes", "kind of row", "cases");
        for (kind, outcomes) in &self.counts {
            let reached: usize = outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::NotReached).map(|(_, count)| count).sum();
            let said: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{outcome:?} {count}")).collect();
            println!("{kind:<34} {reached:>6}  {}", said.join(", "));
            total += reached;
        }
        println!("{total} cases executed, {} failed, in {:.0?}", self.failed.len(), self.started.elapsed());
        for name in &self.failed {
            println!("FAILED {}", again(name));
        }
        let enough = if self.is_single() { 1 } else { self.wanted };
        if total < enough {
            println!("{enough} cases were wanted");
        }
        if self.failed.is_empty() && total >= enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The next case, and how many there were before it.
fn take<'c>(next: &AtomicUsize, cases: &'c [Case]) -> Option<(usize, &'c Case)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, cases.get(place)?))
}

/// The command that runs that case alone.
fn again(name: &str) -> String {
    format!("ONUS_FAULT_ONLY='{name}' cargo test --test faults")
}
