//! Runs every row once, on as many threads as there are cores: what `onus verify` says with and without `--deep`, which checkpoints
//! kept elsewhere see what the folder alone does not show, and what the second implementation says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use onus::service::verifier::report::{CheckName, Outcome, Report, Verdict};
use onus::service::verifier::{GivenCheckpoint, Verification};
use onus::tlog::hash::{DocumentHash, LeafHash};
use onus::tlog::position::LeafIndex;

use super::second::{Asked, SecondVerifier, disagreement};
use super::{Expected, GROUPS, Group, Tampering, stored_checkpoints};
use crate::closed_ledger::ClosedLedger;
use crate::verify::told;

/// What was found of one row.
pub(super) struct Found {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    /// What the row says must be found.
    expected: Vec<Expected>,
    pub(super) is_evidence: bool,
    /// The report of `onus verify --deep`, and how it is printed, with what differs from run to run hidden.
    pub(super) deep: Report,
    pub(super) printed: String,
    /// The report without `--deep`.
    pub(super) plain: Report,
    /// If nothing in the folder shows it: what is said beside each checkpoint that was kept before.
    pub(super) kept: Vec<Kept>,
    /// How the second implementation disagrees.
    second: Option<String>,
}

/// What verification says beside one checkpoint that somebody kept.
pub(super) struct Kept {
    pub(super) size: u64,
    pub(super) verdict: Verdict,
    pub(super) entry: Option<u64>,
    pub(super) printed: String,
}

/// Every row, in order; each is spoiled and verified once, whoever asks.
pub(super) fn all() -> &'static [Found] {
    // What panics is tried once, and not by each test again.
    static FOUND: OnceLock<Option<Vec<Found>>> = OnceLock::new();
    let found = FOUND.get_or_init(|| std::panic::catch_unwind(find_all).ok());
    found.as_ref().expect("a row could not be tried: what it said stands above")
}

fn find_all() -> Vec<Found> {
    let rows: Vec<(&Group, &Tampering)> = GROUPS.iter().flat_map(|group| group.rows.iter().map(move |row| (group, row))).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let mut second = SecondVerifier::start();
        while let Some((group, row)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = find(group, row, second.as_mut());
            found.lock().unwrap().push(one);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|one| rows.iter().position(|(group, row)| (group.title, row.name) == (one.group, one.name)));
    found
}

fn find(group: &'static Group, row: &'static Tampering, second: Option<&mut SecondVerifier>) -> Found {
    let sample = (group.sample)();
    let kept_before = stored_checkpoints(&sample);
    let mut expected = (row.spoil)(&sample);
    expected.sort_unstable();
    let mut verification = Verification { is_deep: group.is_deep, ..later(&sample) };
    let deep = verification.run();
    verification.is_deep = false;
    let plain = if group.is_deep { verification.run() } else { deep.clone() };
    let second = second.and_then(|second| disagreement(&plain, &second.verify(&Asked::of(&sample))));
    let kept = if deep.verdict() == Verdict::Passed && group.is_evidence {
        kept_before.into_iter().map(|(size, note)| beside(&sample, &verification, size, note)).collect()
    } else {
        Vec::new()
    };
    let printed = hidden(&sample, &told(&deep));
    let is_evidence = group.is_evidence;
    Found { group: group.title, name: row.name, expected, is_evidence, deep, printed, plain, kept, second }
}

/// Of a spoiled ledger, a day later: what has no checkpoint then waits for none.
pub(super) fn later(sample: &ClosedLedger) -> Verification {
    let verification = sample.verification();
    Verification { now: verification.now.plus_ms(86_400_000).unwrap(), ..verification }
}

fn beside(sample: &ClosedLedger, verification: &Verification, size: u64, note: String) -> Kept {
    let given = GivenCheckpoint { name: "kept.txt".to_owned(), note: note.into_bytes() };
    let report = Verification { checkpoints: vec![given], ..verification.clone() }.run();
    let printed = hidden(sample, &told(&report));
    Kept { size, verdict: report.verdict(), entry: report.first_wrong().map(LeafIndex::get), printed }
}

/// What differs from run to run: where the folder lies, and what comes from keys, which are random. Each is what it should be first.
fn hidden(sample: &ClosedLedger, text: &str) -> String {
    const ENDS: [char; 6] = [' ', '\n', ',', ')', ':', '.'];
    let mark = sample.folder.default_mark_file().display().to_string();
    let text = text.replace(&mark, "DIR.high-water").replace(&sample.folder.root().display().to_string(), "DIR");
    let mut shown = String::new();
    for word in text.split_inclusive(&ENDS[..5]) {
        let bare = word.trim_end_matches(ENDS);
        shown.push_str(stand_in(bare).unwrap_or(bare));
        shown.push_str(&word[bare.len()..]);
    }
    shown
}

/// What is shown for a word that is another one in every ledger.
fn stand_in(word: &str) -> Option<&'static str> {
    let is_hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|c| c.is_ascii_hexdigit());
    if onus::tlog::vkey::Vkey::parse(word).is_ok() {
        return Some("VKEY");
    }
    if word.strip_prefix('(').is_some_and(|id| is_hex(id, 8)) {
        return Some("(KEY");
    }
    if is_hex(word, 32) && word.bytes().any(|c| c != b'0') {
        return Some("KEY");
    }
    if word.strip_suffix(".idx").is_some_and(|name| is_hex(name, 32)) {
        return Some("FILE.idx");
    }
    // The search index knows each entry by its hash. The hashes of documents stand without quotation marks, and are the same.
    let quoted = word.strip_prefix('"')?.strip_suffix('"')?;
    (LeafHash::parse(quoted).is_some() || DocumentHash::parse_hex(quoted).is_some()).then_some("\"HASH\"")
}

impl Found {
    /// What verification does not say of this row as it should.
    fn complaint(&self) -> Option<String> {
        let failed: Vec<Expected> =
            self.deep.checks.iter().filter_map(|check| Some((check.name, check.fault()?.place.entry().map(LeafIndex::get)))).collect();
        let first = self.expected.iter().filter_map(|(_, index)| *index).min();
        let found = self.deep.first_wrong().map(LeafIndex::get);
        let is_named = failed == self.expected && found == first && (failed.is_empty() != (self.deep.verdict() == Verdict::Failed));
        let is_seen = match self.deep.verdict() {
            Verdict::Failed | Verdict::Partly => self.is_evidence,
            Verdict::Passed => !self.is_evidence || self.kept.iter().any(|kept| kept.verdict == Verdict::Failed),
            Verdict::Nothing => false,
        };
        let is_told = self.deep.verdict() != Verdict::Passed || self.deep.limits.iter().any(|limit| limit.starts_with("Not looked at"));
        let (title, name, expected) = (self.group, self.name, &self.expected);
        (!(is_named && is_seen && is_told)).then(|| {
            format!("{title}: {name}\nexpected {expected:?}, first {first:?}\nfound    {failed:?}, first {found:?}\n{}", self.printed)
        })
    }
}

/// Every row is told before the test fails.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} rows\n\n{}", complaints.len(), complaints.join("\n\n"));
}

#[test]
fn whatever_is_done_is_named_or_seen_by_a_kept_checkpoint() {
    none(&all().iter().filter_map(Found::complaint).collect::<Vec<_>>());
}

/// Exit code 1 or 2, and never 0.
#[test]
fn what_was_not_looked_at_is_never_called_right() {
    let is_wrong = |found: &&Found| {
        let is_open = |name: &CheckName| !matches!(found.plain.check(*name).unwrap().outcome, Outcome::Passed);
        let deep = [CheckName::Findings, CheckName::DerivedTables, CheckName::EventKeys, CheckName::SearchIndex];
        !matches!(found.plain.verdict(), Verdict::Failed | Verdict::Partly) || !deep.iter().all(is_open)
    };
    none(
        &all().iter().filter(is_wrong).map(|found| format!("{}: {}\n{}", found.group, found.name, told(&found.plain))).collect::<Vec<_>>(),
    );
}

#[test]
fn a_second_implementation_says_the_same_of_every_row() {
    none(
        &all()
            .iter()
            .filter_map(|f| f.second.as_ref().map(|how| format!("{}: {}\n{how}\n{}", f.group, f.name, told(&f.plain))))
            .collect::<Vec<_>>(),
    );
}
