//! How a search was read: each part of it in words, with the same search without it; and the form that has a field for each.

use std::sync::LazyLock;

use actix_web::HttpRequest;

use crate::domain::action::OutcomeStatus;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code as Finding, Verdict};
use crate::http::criteria::action_parameters;
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::ui::address::{with, without};
use crate::ui::search::Filter;
use crate::ui::sentence::Sentence;
use crate::ui::when::{When, Zone};

/// What can be asked for: the parameters of the API's search, without its counts.
pub static PARAMETERS: LazyLock<Vec<&str>> = LazyLock::new(|| action_parameters(&["q", "type", "delegator"]));

/// The filters of the form, in its order, and how they are called.
const FILTERS: [(&str, &str); 19] = [
    ("human_principal_id", "Person"),
    ("agent_id", "Agent"),
    ("delegation_id", "Under delegation"),
    ("action", "Action"),
    ("finding", "Finding"),
    ("verdict", "Verdict"),
    ("outcome", "Outcome"),
    ("caller_class", "Caller class"),
    ("document", "Document (SHA-256)"),
    ("trace_id", "Trace"),
    ("model_version", "Model"),
    ("prompt_id", "Prompt"),
    ("policy_version", "Policy"),
    ("delegator", "Given by"),
    ("reporter", "Reported by"),
    ("action_id", "Action ID"),
    ("type", "Type of entry"),
    ("from", "From (RFC 3339)"),
    ("to", "Before (RFC 3339)"),
];

/// One part of a search.
pub struct Part {
    /// How it was read.
    pub words: Sentence,
    /// It alone, as criteria.
    pub alone: Criteria,
    parameter: &'static str,
    /// For a word of the free text: the text without it.
    rest: Option<String>,
}

impl Part {
    /// The address of the same search without it.
    pub fn without(&self, request: &HttpRequest) -> String {
        let bare = without(request, &[self.parameter, "cursor"]);
        match self.rest.as_deref().unwrap_or_default() {
            "" => bare,
            rest => with(&bare, self.parameter, rest),
        }
    }
}

/// The form's fields with what stands in them.
pub fn filters(value: impl Fn(&str) -> String) -> Vec<Filter> {
    FILTERS.into_iter().map(|(name, label)| Filter { name, label, value: value(name), choices: choices(name) }).collect()
}

fn choices(name: &str) -> Vec<&'static str> {
    match name {
        "finding" => Finding::ALL.iter().map(|code| code.as_str()).collect(),
        "verdict" => Verdict::ALL.map(Verdict::as_str).into(),
        "outcome" => OutcomeStatus::ALL.map(OutcomeStatus::as_str).into(),
        "caller_class" => CallerClass::ALL.map(CallerClass::as_str).into(),
        "type" => EntryKind::ALL.map(EntryKind::as_str).into(),
        _ => Vec::new(),
    }
}

/// Every part of the search, as it was read.
pub fn parts(criteria: &Criteria, zone: Zone) -> Vec<Part> {
    let label = |name: &str| FILTERS.into_iter().find(|(known, _)| *known == name).map_or("", |(_, label)| label);
    let mut parts: Vec<Part> = criteria.all.iter().map(|criterion| filter_part(criterion, label)).collect();
    let times = [("from", "happened at or after ", criteria.from), ("to", "happened before ", criteria.to)];
    for (parameter, words, time) in times {
        let Some(at) = time else { continue };
        let alone = if parameter == "from" {
            Criteria { from: Some(at), ..Criteria::default() }
        } else {
            Criteria { to: Some(at), ..Criteria::default() }
        };
        parts.push(Part { words: Sentence::new(words).time(When::of(at, zone)), alone, parameter, rest: None });
    }
    for (place, word) in criteria.words.iter().enumerate() {
        let others = criteria.words.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, word)| word.as_str());
        parts.push(Part {
            words: Sentence::new("its text or an ID has ").code(word.as_str()),
            alone: Criteria { words: vec![word.clone()], ..Criteria::default() },
            parameter: "q",
            rest: Some(others.collect::<Vec<_>>().join(" ")),
        });
    }
    parts
}

fn filter_part(criterion: &Criterion, label: impl Fn(&str) -> &'static str) -> Part {
    let (parameter, value): (&'static str, String) = match criterion {
        Criterion::Human(id) => ("human_principal_id", id.clone()),
        Criterion::Agent(id) => ("agent_id", id.clone()),
        Criterion::Delegation(id) | Criterion::DirectlyUnder(id) => ("delegation_id", id.clone()),
        Criterion::Delegator(id) => ("delegator", id.clone()),
        Criterion::Model(version) => ("model_version", version.clone()),
        Criterion::Prompt(id) => ("prompt_id", id.clone()),
        Criterion::Policy(version) => ("policy_version", version.clone()),
        Criterion::Trace(id) => ("trace_id", id.clone()),
        Criterion::Action(id) => ("action_id", id.clone()),
        Criterion::Name(name) => ("action", name.clone()),
        Criterion::Reporter(source) => ("reporter", source.clone()),
        Criterion::Document(hash) | Criterion::Hash(hash) => ("document", hash.to_hex()),
        Criterion::Finding(code) => ("finding", code.as_str().to_owned()),
        Criterion::Verdict(verdict) => ("verdict", verdict.as_str().to_owned()),
        Criterion::Outcome(status) => ("outcome", status.as_str().to_owned()),
        Criterion::Class(class) => ("caller_class", class.as_str().to_owned()),
        Criterion::EntryType(entry_type) => ("type", (*entry_type).to_owned()),
        Criterion::Kind(kind) => ("type", kind.as_str().to_owned()),
        Criterion::AnyFinding => ("finding", "any".to_owned()),
        Criterion::Root => ("delegation_id", "a root".to_owned()),
    };
    let words = Sentence::new(format!("{} is ", label(parameter).to_lowercase())).code(value);
    Part { words, alone: Criteria::default().and(criterion.clone()), parameter, rest: None }
}
