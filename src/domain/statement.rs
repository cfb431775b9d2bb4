//! The walk in words: one sentence that says who did what, under what, after reading what, for whom; and one headline that
//! says whether they were allowed. What is not known is left out, never filled in.

use crate::domain::action::{Action, DecisionEffect, OutcomeStatus};
use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Level, Verdict};
use crate::domain::ids::{AgentId, PrincipalId, Source};
use crate::domain::reading::ReadDocument;
use crate::tlog::time::Timestamp;

/// What the sentence needs beside the action.
pub(crate) struct Told<'a> {
    /// Who reported last; a service that acts for itself has no other name.
    pub(crate) source: &'a Source,
    /// The document that accounts for an argument, or else the last one read.
    pub(crate) document: Option<&'a ReadDocument>,
    /// Whether that document accounts for an argument: "prompted by" rather than "after reading".
    pub(crate) is_evidence: bool,
    /// How many documents were read.
    pub(crate) documents: usize,
    /// The human the walk ends at.
    pub(crate) human: Option<&'a PrincipalId>,
    /// Else the human that a report names.
    pub(crate) claimed_human: Option<&'a PrincipalId>,
}

/// One sentence, as API.md shows it.
pub(crate) fn statement(action: &Action, told: &Told<'_>) -> String {
    let under = action.actor.delegation_id.as_ref().map_or_else(String::new, |id| format!(" under delegation {id}"));
    let did = format!("{} {} {}{under}", actor(action, told.source), verb(action.outcome.status), action.name);
    let parts = [Some(did), reading(told), model(action), behalf(action, told), policy(action)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn actor<'a>(action: &'a Action, source: &'a Source) -> &'a str {
    let agent = action.actor.agent_id.as_ref().map(AgentId::as_str);
    let human = action.actor.human_principal_id.as_ref().map(PrincipalId::as_str);
    match action.actor.caller_class {
        CallerClass::Human => human.unwrap_or("a person"),
        CallerClass::Agent => agent.unwrap_or("an agent"),
        CallerClass::Service => agent.unwrap_or(source.as_str()),
    }
}

/// The report's own claim, no more: what is under way or unknown is not said to be done.
fn verb(status: OutcomeStatus) -> &'static str {
    match status {
        OutcomeStatus::Requested => "asked for",
        OutcomeStatus::Started => "began",
        OutcomeStatus::Succeeded => "did",
        OutcomeStatus::Failed => "tried in vain",
        OutcomeStatus::Denied => "was refused",
        OutcomeStatus::Indeterminate => "may have done",
    }
}

fn reading(told: &Told<'_>) -> Option<String> {
    let document = told.document?;
    let read = match (told.is_evidence, told.documents) {
        (true, _) => format!("prompted by {}", document.name()),
        (false, 1) => format!("after reading {}", document.name()),
        (false, several) => format!("after reading {several} documents, the last one {}", document.name()),
    };
    Some(match (&document.store, document.retrieved_at.map(Timestamp::to_millis_text)) {
        (Some(store), Some(time)) => format!("{read} retrieved from {store} at {time}"),
        (Some(store), None) => format!("{read} retrieved from {store}"),
        (None, Some(time)) => format!("{read} retrieved at {time}"),
        (None, None) => read,
    })
}

fn model(action: &Action) -> Option<String> {
    match (&action.actor.model_version, &action.actor.prompt_id) {
        (Some(model), Some(prompt)) => Some(format!("against model {model} with prompt {prompt}")),
        (Some(model), None) => Some(format!("against model {model}")),
        (None, Some(prompt)) => Some(format!("with prompt {prompt}")),
        (None, None) => None,
    }
}

fn behalf(action: &Action, told: &Told<'_>) -> Option<String> {
    if action.actor.caller_class == CallerClass::Human {
        return None;
    }
    let proven = told.human.map(|human| format!("on behalf of {human}"));
    proven.or_else(|| told.claimed_human.map(|human| format!("on behalf of {human} as reported")))
}

fn policy(action: &Action) -> Option<String> {
    let policy = action.decision.policy_version.as_ref()?;
    Some(match action.decision.effect {
        Some(DecisionEffect::Allow) => format!("allowed by policy {policy}"),
        Some(DecisionEffect::Deny) => format!("denied by policy {policy}"),
        Some(DecisionEffect::RequiresConfirmation) => format!("for which policy {policy} asks a human"),
        None => format!("under policy {policy}"),
    })
}

/// The verdict as a heading: *Not authorised: 2 reasons, 1 warning*. `word_of`: the source on whose word alone the root stands.
pub(crate) fn headline(verdict: Verdict, levels: &[Level], word_of: Option<&Source>) -> String {
    let count = |level: Level| levels.iter().filter(|l| **l == level).count();
    let counted = |level: Level, one: &str, many: &str| match count(level) {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let word = word_of.map_or_else(String::new, |source| format!(", on the word of {source}"));
    let warnings = counted(Level::Warn, "warning", "warnings");
    match verdict {
        Verdict::Authorised => format!("Authorised{word}"),
        Verdict::AuthorisedWithWarnings => format!("Authorised{word}, with {warnings}"),
        Verdict::NotAuthorised => {
            let reasons = counted(Level::Bad, "reason", "reasons");
            let and_warnings = if count(Level::Warn) == 0 { String::new() } else { format!(", {warnings}") };
            format!("Not authorised: {reasons}{and_warnings}")
        }
        Verdict::Undetermined => {
            let missing = counted(Level::Unknown, "fact missing", "facts missing");
            format!("Cannot be determined: {missing}")
        }
    }
}
