//! What the ledger concludes from an event and everything before it: typed findings, the same ones every time.
//!
//! A pure function over (this event, all entries with a smaller index). An event is never refused here: what happened is
//! recorded, and said to be wrong. Whether a value of the action occurs in what was read (`influenced_by_document`) is found
//! on the worker from the contents; confirmations are assessed with their own rules.

use crate::domain::action::{Action, OutcomeStatus};
use crate::domain::assess_action::assess_action;
use crate::domain::assess_delegation::assess_delegation;
use crate::domain::delegation::{CallerClass, Revocation};
use crate::domain::event::{Event, EventKind, Report};
use crate::domain::finding::{Code, Finding, Verdict};
use crate::domain::ids::Source;
use crate::domain::past::Past;
use crate::domain::pointer;
use crate::domain::settings::Settings;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// The number of this assessment function, as it stands in entry headers. Any change of behaviour takes the next one.
pub const RULES: u64 = 1;

/// Most names that one detail lists.
const MAX_NAMES_LISTED: usize = 8;
/// Most characters of a reported value that one detail quotes.
const MAX_CHARACTERS_QUOTED: usize = 160;

/// An event as it is about to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'e> {
    /// What happened.
    pub kind: &'e EventKind,
    /// When, as the reporter claims.
    pub occurred_at: Timestamp,
    /// When the ledger records it.
    pub recorded_at: Timestamp,
    /// Who reports.
    pub source: &'e Source,
    /// The reporter's class.
    pub reporter_class: CallerClass,
    /// Whether an importer made up the time: then nothing is concluded from how late it is.
    pub is_time_synthetic: bool,
}

impl<'e> Submission<'e> {
    /// An event with what the ledger writes about its reporter.
    pub fn of(event: &'e Event, report: &'e Report, recorded_at: Timestamp) -> Self {
        let import_time = event.members.get("/extensions").and_then(|e| pointer::resolve(e, "/import/time"));
        Self {
            kind: &event.kind,
            occurred_at: event.occurred_at,
            recorded_at,
            source: &report.source,
            reporter_class: report.caller_class,
            is_time_synthetic: import_time.and_then(Value::as_str) == Some("synthetic"),
        }
    }
}

/// Every finding about this event, in the order of [`Code::ALL`], then from the action towards the root.
pub fn assess<P: Past>(submission: &Submission<'_>, past: &P) -> Result<Vec<Finding>, P::Error> {
    let mut findings = match submission.kind {
        EventKind::ActionRecorded(action) => assess_action(submission, action, past)?,
        EventKind::DelegationGranted(delegation) => assess_delegation(submission, delegation, past)?,
        EventKind::DelegationRevoked(revocation) => assess_revocation(submission, revocation, past)?,
        // The ledger's own acts rest on its credentials and roles, which are checked before they are let in.
        EventKind::Administrative(_) => Vec::new(),
    };
    findings.sort_by_key(|f| f.code);
    Ok(findings)
}

/// The codes of these findings as a header holds them: each once, ascending by their text.
pub fn header_codes(findings: &[Finding]) -> Vec<Code> {
    let mut codes: Vec<Code> = findings.iter().map(|f| f.code).collect();
    codes.sort_by_key(|c| c.as_str());
    codes.dedup();
    codes
}

/// The verdict, and the findings that decide it: those of the worst level.
pub fn verdict_reasons(findings: &[Finding]) -> (Verdict, Vec<&Finding>) {
    let worst = findings.iter().map(|f| f.code.level()).max();
    let reasons = findings.iter().filter(|f| Some(f.code.level()) == worst).collect();
    (Verdict::of(findings.iter().map(|f| f.code)), reasons)
}

/// How late an event was recorded, or how early.
pub(crate) fn assess_times(submission: &Submission<'_>, settings: &Settings) -> Option<Finding> {
    let late_ms = submission.recorded_at.ms_since(submission.occurred_at);
    if is_time_synthetic(submission) {
        None
    } else if late_ms > settings.recorded_late_ms {
        let detail = format!("recorded {} s after it happened; the limit is {} s", late_ms / 1000, settings.recorded_late_ms / 1000);
        Some(Finding::new(Code::RecordedLate, detail).at("/occurred_at"))
    } else if -late_ms > settings.clock_skew_ms {
        let detail = format!("said to have happened {} ms after it was recorded; {} ms are tolerated", -late_ms, settings.clock_skew_ms);
        Some(Finding::new(Code::ClockSkew, detail).at("/occurred_at"))
    } else {
        None
    }
}

/// Whether its time is made up, by the event's own mark or by the action's.
pub(crate) fn is_time_synthetic(submission: &Submission<'_>) -> bool {
    submission.is_time_synthetic || matches!(submission.kind, EventKind::ActionRecorded(action) if action.is_time_synthetic)
}

fn assess_revocation<P: Past>(submission: &Submission<'_>, revocation: &Revocation, past: &P) -> Result<Vec<Finding>, P::Error> {
    let settings = past.settings()?;
    let mut findings: Vec<Finding> = assess_times(submission, &settings).into_iter().collect();
    if past.delegation(&revocation.delegation_id)?.is_none() {
        let detail = format!("{} is not in the ledger", revocation.delegation_id);
        findings.push(Finding::new(Code::DelegationUnknown, detail).at("/delegation_id").of(&revocation.delegation_id));
    }
    // A revocation that reaches back makes acts wrong that were right when they were recorded: that is said even if the
    // event itself came in time.
    let back_ms = submission.recorded_at.ms_since(revocation.revoked_at);
    if findings.iter().all(|f| f.code != Code::RecordedLate) && !is_time_synthetic(submission) && back_ms > settings.recorded_late_ms {
        let detail = format!("reaches back {} s; the limit is {} s", back_ms / 1000, settings.recorded_late_ms / 1000);
        findings.push(Finding::new(Code::RecordedLate, detail).at("/revoked_at"));
    }
    Ok(findings)
}

/// A list for a detail: `[orders:read, orders:list]`, cut where nobody reads on.
pub(crate) fn listed<'t>(names: impl IntoIterator<Item = &'t str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.iter().take(MAX_NAMES_LISTED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_NAMES_LISTED) {
        0 => format!("[{shown}]"),
        more => format!("[{shown} and {more} more]"),
    }
}

/// A reported value for a detail, cut where nobody reads on.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The canonical text of an action's member, for a detail.
pub(crate) fn quoted_value(value: &Value) -> String {
    quoted(&value.to_canonical())
}

/// Whether somebody says that it was begun: an agent that only asks has not acted yet.
pub(crate) fn is_begun(action: &Action) -> bool {
    action.outcome.status != OutcomeStatus::Requested
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Auth, Members};
    use crate::domain::ids::{CredentialId, EventId};
    use crate::domain::test_world::{at, granted, root};

    #[test]
    fn an_importers_mark_on_any_event_stops_conclusions_from_its_lateness() {
        let mut event = Event {
            event_id: EventId::parse("evt-1").unwrap(),
            occurred_at: at("08:00"),
            kind: granted(root()).kind,
            members: Members::new(),
            contents: Vec::new(),
            filled: Vec::new(),
        };
        let report = Report {
            source: Source::parse("desk").unwrap(),
            credential_id: CredentialId::parse("c-1").unwrap(),
            caller_class: CallerClass::Service,
            auth: Auth::Bearer,
            evidence: None,
            agent_id_claim: None,
            request_id: "r-1".to_owned(),
            filled: Vec::new(),
        };
        let is_late = |event: &Event| assess_times(&Submission::of(event, &report, at("09:00")), &Settings::default()).is_some();
        assert!(is_late(&event));
        for (time, expected) in [("synthetic", false), ("original", true)] {
            let import = Value::object([("import", Value::object([("time", time.into())]))]);
            event.members.insert("/extensions".to_owned(), import);
            assert_eq!(is_late(&event), expected, "{time}");
        }
    }

    #[test]
    fn a_header_holds_each_code_once_ascending() {
        let found = [Code::ScopeWidened, Code::AgentMismatch, Code::ScopeExceeded, Code::AgentMismatch].map(|c| Finding::new(c, ""));
        assert_eq!(header_codes(&found), [Code::AgentMismatch, Code::ScopeExceeded, Code::ScopeWidened]);
        assert_eq!(verdict_reasons(&[]), (Verdict::Authorised, vec![]));
    }

    #[test]
    fn details_are_cut_where_nobody_reads_on() {
        assert_eq!(listed(["a", "b"]), "[a, b]");
        assert_eq!(listed(["a"; 10]), "[a, a, a, a, a, a, a, a and 2 more]");
        assert_eq!(quoted(&"é".repeat(MAX_CHARACTERS_QUOTED)), "é".repeat(MAX_CHARACTERS_QUOTED));
        assert!(quoted(&"é".repeat(MAX_CHARACTERS_QUOTED + 1)).ends_with("é…"));
    }
}
