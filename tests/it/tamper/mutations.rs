//! Thousands of random edits, of which two implementations must say the same: the same verdict, the same first wrong entry, the same
//! of each check. Neither is asked whether it is right; that they agree on what nobody thought of is the point.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use onus::service::folder::Folder;
use onus::service::verifier::Verification;
use onus::service::verifier::report::Verdict;

use super::connect;
use super::found::later;
use super::mutation::{Chance, mutate};
use super::second::{Asked, SecondVerifier, disagreement};
use crate::closed_ledger::ClosedLedger;
use crate::verify::told;

/// How many there are, unless the variable says so.
const MUTATIONS: u64 = 10_000;
const COUNT: &str = "ONUS_MUTATIONS";
/// One in so many is of a ledger with a full tile; the others are of a small one.
const LONG_EVERY: u64 = 100;
/// Fixed: what fails today fails tomorrow.
const SEED: u64 = 0x6f6e_7573;
/// As many disagreements are told.
const MAX_TOLD: usize = 10;

/// A ledger to be spoiled over and over.
struct Original {
    file: Vec<u8>,
    mark: Vec<u8>,
    verification: Verification,
}

impl Original {
    fn of(sample: &ClosedLedger) -> Self {
        // One file, without a write-ahead log beside it.
        connect(&sample.folder.ledger_file()).execute_batch("PRAGMA journal_mode = DELETE").unwrap();
        let read = |path: PathBuf| std::fs::read(path).unwrap();
        Self {
            file: read(sample.folder.ledger_file()),
            mark: read(sample.folder.default_mark_file()),
            verification: Verification { is_deep: false, ..later(sample) },
        }
    }

    /// A copy in `folder`, spoiled; and what was done.
    fn spoil(&self, folder: &Folder, chance: &mut Chance) -> String {
        std::fs::write(folder.ledger_file(), &self.file).unwrap();
        std::fs::write(folder.default_mark_file(), &self.mark).unwrap();
        let connection = connect(&folder.ledger_file());
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN").unwrap();
        let mut done: Vec<String> = Vec::new();
        let count = 1 + chance.below(3) / 2;
        while done.len() < count {
            connection.execute_batch("SAVEPOINT one").unwrap();
            match mutate(&connection, chance) {
                Some(what) => done.push(what),
                None => connection.execute_batch("ROLLBACK TO one").unwrap(),
            }
            connection.execute_batch("RELEASE one").unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        done.join("; ")
    }
}

/// In memory, where there is such a file system.
fn workplace() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let named = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("onus-mutations-");
        builder
    };
    if memory.is_dir() { named().tempdir_in(memory).or_else(|_| named().tempdir()).unwrap() } else { named().tempdir().unwrap() }
}

#[test]
fn two_implementations_say_the_same_of_thousands_of_random_edits() {
    let count = std::env::var(COUNT).map_or(MUTATIONS, |count| count.parse().unwrap());
    let (small, long) = (Original::of(&ClosedLedger::small()), Original::of(&ClosedLedger::short()));
    let (next, wrong, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()), AtomicU64::new(0));
    let work = || {
        let Some(mut second) = SecondVerifier::start() else { return };
        let place = workplace();
        let folder = Folder::new(&place.path().join("data"));
        std::fs::create_dir(folder.root()).unwrap();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || wrong.lock().unwrap().len() >= MAX_TOLD {
                return;
            }
            let original = if number % LONG_EVERY == LONG_EVERY - 1 { &long } else { &small };
            let done = original.spoil(&folder, &mut Chance(SEED ^ (number << 32)));
            let vkey = original.verification.vkey.as_ref().unwrap().to_string();
            second.ask(&Asked { folder: folder.root().to_owned(), vkey });
            let mark_file = folder.default_mark_file();
            let report = Verification { folder: folder.clone(), mark_file, ..original.verification.clone() }.run();
            if let Some(how) = disagreement(&report, &second.answer()) {
                wrong.lock().unwrap().push(format!("{number}: {done}\n{how}\n{}", told(&report)));
            }
            assert_ne!(report.verdict(), Verdict::Passed, "{number}: {done}");
            failed.fetch_add(u64::from(report.verdict() == Verdict::Failed), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (wrong, failed) = (wrong.into_inner().unwrap(), failed.into_inner());
    println!("{count} random edits, {failed} called false by both");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
