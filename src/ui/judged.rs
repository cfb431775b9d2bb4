//! Verdict, attribution, documents and outcome of an action, put into words. What they say was decided by `domain`.

use crate::domain::action::{DocumentOrigin, Outcome, OutcomeStatus};
use crate::domain::attribution::{Attribution as Decided, AttributionVerdict};
use crate::domain::finding::{Code, Verdict};
use crate::domain::pointer;
use crate::domain::provenance::{ArgumentProvenance, FirstSeen};
use crate::domain::reading::ReadDocument;
use crate::service::walker::WalkedAction;
use crate::tlog::json::Value;
use crate::ui::action::{ArgumentRow, Attribution, DocumentRow, Documents, Reason, VerdictBox};
use crate::ui::part::{Badge, Named, Tone};
use crate::ui::sentence::Sentence;
use crate::ui::untrusted::Untrusted;
use crate::ui::words;

/// Documents and arguments that one page lists; how many more there are is said.
const MAX_ROWS: usize = 60;

/// The answer to "was it authorised?".
pub fn verdict(walked: &WalkedAction) -> VerdictBox {
    let walk = &walked.walk;
    let reason = |reason: &crate::domain::walk::Reason| Reason {
        level: reason.level,
        words: Sentence::default().badge(Badge::finding(reason.code)).words(" ").name(Named::plain(&reason.detail)),
        step: u32::try_from(reason.step).ok(),
    };
    let is_authorised = matches!(walk.verdict, Verdict::Authorised | Verdict::AuthorisedWithWarnings);
    VerdictBox {
        verdict: walk.verdict,
        reasons: walk.reasons.iter().map(reason).collect(),
        on_the_word_of: walk.word_of.as_ref().filter(|_| is_authorised).map(|source| Named::plain(source.as_str())),
    }
}

/// How it went.
pub fn outcome(outcome: &Outcome) -> Sentence {
    let mut words = Sentence::new(outcome_word(outcome.status));
    if let Some(code) = &outcome.error_code {
        words = words.words(", error ").code(code.as_str());
    }
    match outcome.duration_ms {
        Some(ms) => words.words(format!(" after {}", words::duration(ms))),
        None => words,
    }
}

/// The word for an outcome.
pub const fn outcome_word(status: OutcomeStatus) -> &'static str {
    match status {
        OutcomeStatus::Requested => "asked for",
        OutcomeStatus::Started => "under way",
        OutcomeStatus::Succeeded => "succeeded",
        OutcomeStatus::Failed => "failed",
        OutcomeStatus::Denied => "denied",
        OutcomeStatus::Indeterminate => "outcome unknown",
    }
}

/// What had been read before.
pub fn documents(walked: &WalkedAction) -> Documents {
    let (walk, action) = (&walked.walk, &walked.action);
    if action.context.is_none() {
        return Documents::NotStated;
    }
    if walk.documents.is_empty() {
        return Documents::Nothing;
    }
    let has = |code: Code| walk.reasons.iter().any(|reason| reason.code == code);
    let (is_influenced, is_untrusted) = (has(Code::InfluencedByDocument), has(Code::UntrustedSource));
    let rows = walk.documents.iter().take(MAX_ROWS).enumerate().map(|(place, read)| {
        let accounts = walk.attribution.evidence.iter().any(|evidence| evidence.document == place);
        let mut findings = Vec::new();
        findings.extend((is_influenced && accounts).then(|| Badge::finding(Code::InfluencedByDocument)));
        findings.extend((is_untrusted && read.origin == Some(DocumentOrigin::External)).then(|| Badge::finding(Code::UntrustedSource)));
        DocumentRow {
            before: read.before_ms.filter(|_| !action.is_time_synthetic).map(words::before),
            document: document(read),
            store: read.store.as_deref().map(Untrusted::new),
            origin: origin(read.origin),
            said_by: Sentence::new("said by ").name(Named::plain(&read.said_by)),
            findings,
        }
    });
    let more = walk.documents.len().saturating_sub(MAX_ROWS);
    Documents::Read(rows.collect(), more as u64)
}

/// A document by the name it goes by; only one with a hash has a page.
pub fn document(read: &ReadDocument) -> Named {
    let name = read.name();
    match &read.sha256 {
        Some(hash) => Named::document(&hash.to_hex(), &name),
        None => Named::plain(&name),
    }
}

/// One document in a line.
pub fn document_line(read: &ReadDocument) -> Sentence {
    let line = Sentence::default().name(document(read)).words(" ").badge(origin(read.origin));
    match &read.store {
        Some(store) => line.words(" from store ").code(store.as_str()),
        None => line,
    }
}

/// Who wrote a document.
pub fn origin(origin: Option<DocumentOrigin>) -> Badge {
    match origin {
        Some(DocumentOrigin::User) => Badge::new(Tone::Ok, "THE PERSON"),
        Some(DocumentOrigin::Internal) => Badge::new(Tone::Ok, "INTERNAL"),
        Some(DocumentOrigin::External) => Badge::new(Tone::Warn, "FROM OUTSIDE"),
        Some(DocumentOrigin::ToolOutput) => Badge::new(Tone::Warn, "TOOL OUTPUT"),
        Some(DocumentOrigin::Agent) => Badge::new(Tone::Unknown, "AN AGENT"),
        None => Badge::new(Tone::Unknown, "NOT STATED"),
    }
}

/// Did the human ask, or did something the agent had read decide?
pub fn attribution(walked: &WalkedAction) -> Attribution {
    let decided = &walked.walk.attribution;
    let (tone, headline, why) = match decided.verdict {
        AttributionVerdict::HumanConfirmed => {
            (Tone::Ok, "A person confirmed exactly this", "A valid confirmation of this action is in the ledger.")
        }
        AttributionVerdict::Unknowable => (Tone::Unknown, "It cannot be known", "What would decide it was not reported, or was erased:"),
        AttributionVerdict::AgentDecidedAfterUntrustedContent => (
            Tone::Warn,
            "The agent decided, after reading what others may write",
            "It changes something, such content was read before, and the person\u{2019}s words do not account for it.",
        ),
        AttributionVerdict::HumanInstructed => {
            (Tone::Ok, "The person asked for it", "Her own message or click accounts for every value of the action.")
        }
        AttributionVerdict::AgentDecided => (
            Tone::Unknown,
            "The agent decided",
            "The person did not name every value, and nothing that others may write was found to account for it.",
        ),
    };
    let mut because = vec![Sentence::new(why).words(format!(" (Rule {} of 5.)", decided.verdict.rule()))];
    because.extend(decided.missing.iter().map(|member| Sentence::new("Missing: ").code(member.as_str())));
    because.extend(evidence(walked));
    Attribution { tone, headline, because, arguments: arguments(walked) }
}

fn evidence(walked: &WalkedAction) -> Vec<Sentence> {
    let decided = &walked.walk.attribution;
    let line = |evidence: &crate::domain::attribution::Evidence| {
        let place = format!(" from byte {} on, and not in the person\u{2019}s words.", words::number(evidence.offset as u64));
        let named = walked.walk.documents.get(evidence.document).map_or_else(|| Named::plain("a document"), document);
        Sentence::default().code(evidence.argument.as_str()).words(" stands in ").name(named).words(place)
    };
    let mut lines: Vec<Sentence> = decided.evidence.iter().take(MAX_ROWS / 6).map(line).collect();
    if let Some(more @ 1..) = decided.evidence.len().checked_sub(MAX_ROWS / 6) {
        lines.push(words::counted(more as u64, "more such value", "more such values").into());
    }
    lines
}

fn arguments(walked: &WalkedAction) -> Vec<ArgumentRow> {
    let decided: &Decided = &walked.walk.attribution;
    let row = |argument: &ArgumentProvenance| {
        let value = argument.argument.strip_prefix("/arguments").and_then(|at| pointer::resolve(walked.action.arguments.as_ref()?, at));
        let (first_seen, is_untrusted) = first_seen(walked, argument.first_seen());
        ArgumentRow {
            pointer: Untrusted::new(argument.argument.as_str()),
            value: Untrusted::new(value.map(plain).unwrap_or_default()),
            first_seen,
            is_untrusted,
        }
    };
    decided.provenance.arguments.iter().take(MAX_ROWS).map(row).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_canonical(), str::to_owned)
}

fn first_seen(walked: &WalkedAction, place: FirstSeen) -> (Sentence, bool) {
    match place {
        FirstSeen::Words(_) => ("in the person\u{2019}s words".into(), false),
        FirstSeen::Prompt(_) => ("in the prompt".into(), false),
        FirstSeen::Nowhere => ("nowhere before".into(), false),
        FirstSeen::Document(occurrence) => {
            let read = walked.walk.documents.get(occurrence.document);
            let is_untrusted = read.and_then(|read| read.origin).is_some_and(DocumentOrigin::is_untrusted);
            let named = read.map_or_else(|| Named::plain("a document"), document);
            let at = format!(" at byte {}", words::number(occurrence.offset as u64));
            (Sentence::new("in ").name(named).words(at), is_untrusted)
        }
    }
}
