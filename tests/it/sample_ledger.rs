//! The sample ledger of `onus demo`: what each flagged action in it is said to be, that every finding occurs, that it looks
//! like a company's fortnight, and that it is a whole ledger that can be gone on with.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use onus::cli::sample::make_sample;
use onus::domain::action::{Action, OutcomeStatus};
use onus::domain::delegation::{CallerClass, Delegation};
use onus::domain::finding::Code;
use onus::domain::past::{Past as _, Recorded};
use onus::domain::walk::{Walk, walk};
use onus::service::adoption::adopt;
use onus::service::clock::SetClock;
use onus::service::folder::Folder;
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::opened::{OpenedEntry, ReadError, open_entry};
use onus::service::past::{LedgerPast, PastCache, present_findings};
use onus::service::queue::WriterState;
use onus::store::rows::Rows;
use onus::tlog::entry::Origin;
use onus::tlog::hash::DocumentHash;
use onus::tlog::position::LeafIndex;
use onus::tlog::time::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// In the afternoon, as somebody would try it.
const ENDS_AT: &str = "2026-11-24T15:04:05Z";

/// A sample ledger, made and opened again.
struct Sample {
    ledger: Ledger,
    size_when_made: u64,
    _folder: tempfile::TempDir,
}

/// Everything in a ledger, read back.
struct Contents {
    entries: Vec<OpenedEntry>,
    delegations: Vec<Recorded<Delegation>>,
    walks: BTreeMap<String, Walk>,
    reports: BTreeMap<String, Vec<Arc<Recorded<Action>>>>,
}

static READ: LazyLock<Contents> = LazyLock::new(|| made(ENDS_AT).read());

fn made(ends_at: &str) -> Sample {
    let temporary = tempfile::tempdir().unwrap();
    let (folder, mark_file) = (Folder::new(&temporary.path().join("ledger")), temporary.path().join("high-water"));
    let origin = Origin::parse("sample.onus.example/demo").unwrap();
    let ends_at = Timestamp::parse_rfc3339(ends_at).unwrap();
    let summary = make_sample(&folder, &mark_file, &origin, "http://127.0.0.1:7070", ends_at).unwrap();
    let clock = Arc::new(SetClock::new(ends_at));
    let ledger = Ledger::open(LedgerConfig { mark_file, ..LedgerConfig::new(folder, clock) }).unwrap();
    Sample { ledger, size_when_made: summary.size.get(), _folder: temporary }
}

impl Sample {
    fn read(&self) -> Contents {
        self.ledger.read::<_, ReadError>(|rows| Ok(Contents::of(rows, self.ledger.size().get()))).unwrap()
    }
}

impl Contents {
    fn of(rows: Rows<'_>, size: u64) -> Self {
        let open = |i| open_entry(rows, LeafIndex::new(i).unwrap()).unwrap().unwrap();
        let entries: Vec<OpenedEntry> = (0..size).map(open).collect();
        let mut read = Self { entries, delegations: Vec::new(), walks: BTreeMap::new(), reports: BTreeMap::new() };
        let cache = RefCell::new(PastCache::default());
        for entry in &read.entries {
            if let Some(mut delegation) = entry.as_delegation().unwrap() {
                delegation.present_findings = present_findings(rows, entry.index, delegation.first_findings.clone()).unwrap();
                read.delegations.push(delegation);
            }
            let Some(report) = entry.as_action().unwrap() else { continue };
            let id = report.what.action_id;
            if read.walks.contains_key(id.as_str()) {
                continue;
            }
            let past = LedgerPast::as_of(rows, &cache, entry.index, LeafIndex::new(size).unwrap());
            let reports = past.reports(&id).unwrap();
            let kept = |hash: &DocumentHash| rows.document(hash).unwrap().map(Cow::Owned);
            read.walks.insert(id.to_string(), walk(&reports, &past, &kept).unwrap().unwrap());
            read.reports.insert(id.to_string(), reports);
        }
        read
    }

    /// Flagged actions and delegations as the table writes them, in the order in which they were first recorded.
    fn flagged(&self) -> String {
        let mut walks: Vec<&Walk> = self.walks.values().filter(|w| !w.reasons.is_empty() || w.first.is_some()).collect();
        walks.sort_by_key(|w| self.reports[w.action_id.as_str()][0].index);
        let mut table = String::new();
        for walked in walks {
            let codes: BTreeSet<Code> = walked.reasons.iter().map(|r| r.code).collect();
            let first = walked.first.as_ref().map_or_else(String::new, |f| format!(" | first {}", words(f.codes.iter().copied())));
            let (verdict, attribution) = (walked.verdict.as_str(), walked.attribution.verdict.as_str());
            writeln!(table, "{} | {verdict} | {} | {attribution}{first}\n    {}", walked.action_id, words(codes), walked.statement)
                .unwrap();
        }
        for delegation in self.delegations.iter().filter(|d| !d.present_findings.is_empty()) {
            writeln!(table, "{} | {}", delegation.what.delegation_id, words(delegation.present_findings.iter().copied())).unwrap();
        }
        table
    }
}

fn words(codes: impl IntoIterator<Item = Code>) -> String {
    let words: Vec<&str> = codes.into_iter().map(Code::as_str).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(" ") }
}

/// The table, without what explains it.
fn expected() -> String {
    include_str!("sample_flagged.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn every_flagged_action_is_what_the_table_says_and_no_other_is_flagged() {
    let (flagged, expected) = (READ.flagged(), expected());
    for (found, expected) in flagged.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(flagged.lines().count(), expected.lines().count(), "{flagged}");
}

#[test]
fn every_finding_that_exists_is_in_the_sample() {
    let of_actions = READ.walks.values().flat_map(|w| w.reasons.iter().map(|r| r.code));
    let of_delegations = READ.delegations.iter().flat_map(|d| d.present_findings.iter().copied());
    let found: BTreeSet<Code> = of_actions.chain(of_delegations).collect();
    let missing: Vec<&str> = Code::ALL.iter().filter(|code| !found.contains(code)).map(|code| code.as_str()).collect();
    assert_eq!(missing, [""; 0]);
    for reason in READ.walks.values().flat_map(|w| &w.reasons) {
        assert!(!reason.detail.contains("cannot be derived again"), "{reason:?}");
    }
}

#[test]
fn the_sample_is_a_company_at_work() {
    let reports = || READ.reports.values().flatten();
    let actors = |class: CallerClass| {
        let of_class = reports().filter(|r| r.what.actor.caller_class == class);
        let name = |r: &Arc<Recorded<Action>>| match class {
            CallerClass::Human => r.what.actor.human_principal_id.as_ref().unwrap().to_string(),
            CallerClass::Agent => r.what.actor.agent_id.as_ref().unwrap().to_string(),
            CallerClass::Service => r.source.to_string(),
        };
        of_class.map(name).collect::<BTreeSet<_>>()
    };
    let services: BTreeSet<&str> = reports().filter(|r| r.reporter_class == CallerClass::Service).map(|r| r.source.as_str()).collect();
    assert_eq!((actors(CallerClass::Human).len(), actors(CallerClass::Agent).len(), services.len()), (3, 6, 4));
    assert_eq!(actors(CallerClass::Service).len(), 1);
    assert!(READ.walks.len() >= 400, "{} actions", READ.walks.len());
    assert!(READ.walks.values().any(|w| w.steps.iter().filter(|s| s.kind() == "delegation").count() == 3 && w.is_complete));
    for status in [OutcomeStatus::Requested, OutcomeStatus::Started, OutcomeStatus::Denied, OutcomeStatus::Failed] {
        assert!(reports().filter(|r| r.what.outcome.status == status).count() >= 3, "{}", status.as_str());
    }
    assert!(READ.reports.values().filter(|r| r.iter().any(|leg| leg.reporter_class != r[0].reporter_class)).count() >= 50);
    assert!(reports().filter(|r| r.what.outcome.duration_ms.is_some()).count() >= 400);
    assert_eq!(reports().filter(|r| r.what.is_time_synthetic).count(), 3);
    assert_eq!(READ.entries.iter().filter(|e| e.header.entry_type.as_str() == "assessment.changed").count(), 2);
}

#[test]
fn the_sample_fills_a_fortnight_with_days_and_nights() {
    let ends_at = Timestamp::parse_rfc3339(ENDS_AT).unwrap();
    let times: Vec<Timestamp> = READ.entries.iter().map(|e| e.header.recorded_at).collect();
    assert_eq!(ends_at.ms_since(times[0]), 14 * DAY_MS);
    let to_the_end_ms = ends_at.ms_since(*times.last().unwrap());
    assert!((0..5 * 60_000).contains(&to_the_end_ms), "{to_the_end_ms} ms");
    let mut by_day: BTreeMap<i64, u32> = BTreeMap::new();
    let mut by_hour = [0_u32; 24];
    for time in &times[20..] {
        let day = time.start_of_day();
        *by_day.entry(day.micros()).or_default() += 1;
        by_hour[usize::try_from(time.ms_since(day) / 3_600_000).unwrap()] += 1;
    }
    assert_eq!(by_day.len(), 14);
    assert!(by_day.values().all(|n| *n >= 20), "{by_day:?}");
    assert!(by_hour[20..].iter().chain(&by_hour[..2]).all(|n| *n == 0) && by_hour[2] > 0 && by_hour[8] > 50, "{by_hour:?}");
}

#[test]
fn the_story_is_told_from_the_invoice_to_the_revocation() {
    let paid = &READ.walks["act-story-2-pay"];
    let kinds: Vec<&str> = paid.steps.iter().map(onus::domain::walk_steps::Step::kind).collect();
    assert_eq!(kinds, ["human", "delegation", "agent", "delegation", "agent", "action", "documents"]);
    let mut traced: Vec<&str> = paid.attribution.evidence.iter().map(|e| e.argument.as_str()).collect();
    traced.sort_unstable();
    assert_eq!(traced, ["/arguments/amount_cents", "/arguments/iban", "/arguments/invoice"]);
    assert_eq!(paid.headline(), "Not authorised: 1 reason, 4 warnings");
    assert_eq!(READ.reports["act-story-2-pay"].len(), 2, "the agent's report and the payment API's");
    let revoked = READ.entries.iter().find_map(|e| e.as_revocation().unwrap()).unwrap();
    assert_eq!((revoked.what.delegation_id.as_str(), revoked.what.cascade), ("dlg-maria-inbox", true));
    assert!(revoked.recorded_at > READ.reports["act-story-4-pay-again"][0].recorded_at);
}

#[test]
fn the_sample_is_signed_whole_and_can_be_gone_on_with() {
    let sample = made(ENDS_AT);
    let ledger = &sample.ledger;
    assert_eq!(ledger.size().get(), sample.size_when_made);
    assert_eq!(ledger.published().unwrap().size, ledger.size());
    assert_eq!(ledger.state(), WriterState::Writing);
    assert_eq!(adopt(ledger).unwrap().len(), 0);
    assert_eq!(ledger.size().get(), sample.size_when_made, "what is in force is not adopted again");
    std::fs::write(ledger.folder().settings_file(), "recorded_late_ms = 1000\n").unwrap();
    adopt(ledger).unwrap();
    assert_eq!(ledger.size().get(), sample.size_when_made + 1);

    // Keys and salts differ from sample to sample; what happened, when, and what is found does not.
    let told = |entries: &[OpenedEntry]| -> Vec<(String, Timestamp, Vec<Code>)> {
        entries.iter().map(|e| (e.header.entry_type.as_str().to_owned(), e.header.recorded_at, e.first_findings())).collect()
    };
    let again = told(&sample.read().entries);
    assert_eq!(again[..READ.entries.len()], told(&READ.entries)[..]);
}

#[test]
fn a_sample_that_ends_just_after_midnight_says_the_same() {
    // The two hours before its end then lie on the day before.
    assert_eq!(made("2026-03-01T00:20:00Z").read().flagged(), READ.flagged());
}
