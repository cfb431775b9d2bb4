//! Did the human ask, or did something the agent read decide? DESIGN.md section 7: decided in a fixed order, the first match
//! wins; no model, no time, no chance. It looks at one event and the contents it names, never at other entries.

use crate::domain::action::{Action, Document, DocumentOrigin};
use crate::domain::finding::{Code, Finding};
use crate::domain::provenance::{ArgumentProvenance, Contents, Occurrence, Provenance, Words, provenance};

/// What decided, with all that the answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The answer.
    pub verdict: AttributionVerdict,
    /// Why it is `unknowable`: what would decide and is not here, as pointers into the event (`/context/3/content`). Else empty.
    pub missing: Vec<String>,
    /// Argument values found in untrusted documents and not in the human's words, each in each document once.
    pub evidence: Vec<Evidence>,
    /// Where every argument value was seen.
    pub provenance: Provenance,
}

/// Who or what decided an action, in the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributionVerdict {
    /// A human confirmed exactly this action.
    HumanConfirmed,
    /// Something that would decide is missing.
    Unknowable,
    /// It changes something, untrusted content was read before, and the human's words do not account for it.
    AgentDecidedAfterUntrustedContent,
    /// The human's own message or click names every argument.
    HumanInstructed,
    /// None of these: the agent's own choice.
    AgentDecided,
}

impl AttributionVerdict {
    /// All of them, in the order of the rules.
    pub const ALL: [Self; 5] =
        [Self::HumanConfirmed, Self::Unknowable, Self::AgentDecidedAfterUntrustedContent, Self::HumanInstructed, Self::AgentDecided];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanConfirmed => "human_confirmed",
            Self::Unknowable => "unknowable",
            Self::AgentDecidedAfterUntrustedContent => "agent_decided_after_untrusted_content",
            Self::HumanInstructed => "human_instructed",
            Self::AgentDecided => "agent_decided",
        }
    }

    /// The number of the rule that gives it, from 1.
    pub const fn rule(self) -> u8 {
        match self {
            Self::HumanConfirmed => 1,
            Self::Unknowable => 2,
            Self::AgentDecidedAfterUntrustedContent => 3,
            Self::HumanInstructed => 4,
            Self::AgentDecided => 5,
        }
    }
}

/// An argument value that an untrusted document accounts for and the human's words do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Which value: `/arguments/iban`.
    pub argument: String,
    /// Which element of `context`, from 0.
    pub document: usize,
    /// The value's first byte in that document.
    pub offset: usize,
}

/// What the ledger knows beside the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The catalogue's effect is not `read`; an action it does not know is taken to write.
    pub changes_something: bool,
    /// A person acted herself, and not by an agent's word alone: the act is its own click, and needs no other trigger.
    pub is_own_act: bool,
    /// A valid confirmation of exactly this action is in the ledger.
    pub is_confirmed: bool,
}

/// Decides.
pub fn attribute(action: &Action, contents: &Contents<'_>, circumstances: Circumstances) -> Attribution {
    let Circumstances { changes_something, is_own_act, is_confirmed } = circumstances;
    let provenance = provenance(action, contents);
    let evidence = evidence(action, &provenance);
    let case = Case { action, provenance: &provenance, evidence: &evidence, changes_something, is_own_act };
    let missing = if is_confirmed { Vec::new() } else { case.missing() };
    let verdict = if is_confirmed {
        AttributionVerdict::HumanConfirmed
    } else if !missing.is_empty() {
        AttributionVerdict::Unknowable
    } else if case.is_decided_after_untrusted_content() {
        AttributionVerdict::AgentDecidedAfterUntrustedContent
    } else if case.is_instructed() {
        AttributionVerdict::HumanInstructed
    } else {
        AttributionVerdict::AgentDecided
    };
    Attribution { verdict, missing, evidence, provenance }
}

/// What can be said of the contents before the event is queued: `influenced_by_document` for every argument value that occurs in
/// an untrusted document and not in the human's words.
pub fn content_findings(action: &Action, contents: &Contents<'_>) -> Vec<Finding> {
    let provenance = provenance(action, contents);
    let mut findings: Vec<Finding> = Vec::new();
    for found in evidence(action, &provenance) {
        let pointer = Some(format!("/action{}", found.argument));
        if findings.last().is_some_and(|f| f.pointer == pointer) {
            continue; // The first document is named; the walk shows the others.
        }
        let words = match provenance.words {
            Words::Known => "and not in the human's words",
            Words::Missing => "and the human's words are not here",
            Words::NotHers => "and no words of the human's set it off",
        };
        let Evidence { argument, document, offset } = &found;
        let detail = format!("the value of {argument} occurs in /context/{document} at byte {offset}, {words}");
        findings.push(Finding { code: Code::InfluencedByDocument, detail, pointer, delegation_id: None });
    }
    findings
}

fn evidence(action: &Action, provenance: &Provenance) -> Vec<Evidence> {
    let documents = action.context.as_deref().unwrap_or_default();
    let is_untrusted = |o: &&Occurrence| is_untrusted(&documents[o.document]);
    let not_hers = provenance.arguments.iter().filter(|a| a.in_words.is_none());
    not_hers
        .flat_map(|a| {
            let untrusted = a.in_documents.iter().filter(is_untrusted);
            untrusted.map(|o| Evidence { argument: a.argument.clone(), document: o.document, offset: o.offset })
        })
        .collect()
}

/// The places in `context` of what somebody else may have written.
fn untrusted(action: &Action) -> impl Iterator<Item = usize> {
    let documents = action.context.iter().flatten().enumerate();
    documents.filter(|(_, d)| is_untrusted(d)).map(|(i, _)| i)
}

fn is_untrusted(document: &Document) -> bool {
    document.origin.is_some_and(DocumentOrigin::is_untrusted)
}

struct Case<'a> {
    action: &'a Action,
    provenance: &'a Provenance,
    evidence: &'a [Evidence],
    changes_something: bool,
    is_own_act: bool,
}

impl Case<'_> {
    /// Rule 2. A content decides if the answer could differ by it. So one hash without content does not make unknowable what
    /// the other documents prove (else a reporter could launder an action by adding one), nor what she said word for word.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.is_own_act {
            return missing;
        }
        if self.action.trigger.is_none() {
            missing.push("/trigger".to_owned());
        }
        if self.action.context.is_none() {
            missing.push("/context".to_owned());
        }
        if self.provenance.arguments.is_empty() {
            return missing;
        }
        let are_words_missing = self.provenance.words == Words::Missing;
        if are_words_missing {
            missing.push("/trigger/content".to_owned());
        }
        let is_settled = !are_words_missing && (self.is_decided_after_untrusted_content() || self.every(|a| a.in_words.is_some()));
        if self.changes_something && !is_settled {
            let unread = untrusted(self.action).filter(|document| self.provenance.unread.contains(document));
            missing.extend(unread.map(|document| format!("/context/{document}/content")));
        }
        if self.provenance.is_cut && !self.is_decided_after_untrusted_content() {
            missing.push("/action/arguments".to_owned()); // More values than are traced.
        }
        missing
    }

    /// Rule 3.
    fn is_decided_after_untrusted_content(&self) -> bool {
        let has_read_untrusted = untrusted(self.action).next().is_some();
        let are_words_silent = self.every(|a| a.in_words.is_none());
        !self.is_own_act && self.changes_something && has_read_untrusted && (!self.evidence.is_empty() || are_words_silent)
    }

    /// Rule 4. With no argument to trace, her message or click is instruction enough.
    fn is_instructed(&self) -> bool {
        self.is_own_act || (self.provenance.words != Words::NotHers && self.every(|a| a.in_words.is_some()))
    }

    fn every(&self, holds: impl Fn(&ArgumentProvenance) -> bool) -> bool {
        self.provenance.arguments.iter().all(holds)
    }
}
