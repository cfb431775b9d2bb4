//! From the parameters of a list to what is looked for. Every value is typed or refused with what was expected: a filter that is
//! misread shows an auditor something else than she asked for.

use crate::domain::action::OutcomeStatus;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code as Finding, Verdict};
use crate::domain::ids::MAX_ID_BYTES;
use crate::http::codes::Code;
use crate::http::problem::{FieldProblem, Problem};
use crate::http::query::Query;
use crate::service::criteria::{Criteria, Criterion, EntryKind, MAX_WORDS};
use crate::service::opened::ADMINISTRATIVE_TYPES;
use crate::tlog::hash::DocumentHash;

/// Longest free text, in characters.
pub const MAX_TEXT_CHARACTERS: usize = 4096;

/// Makes a criterion of a text.
type Make = fn(String) -> Criterion;

/// Parameters that are ids, versions and names, compared exactly.
const TEXTS: [(&str, Make); 11] = [
    ("human_principal_id", Criterion::Human),
    ("agent_id", Criterion::Agent),
    ("delegation_id", Criterion::Delegation),
    ("delegator", Criterion::Delegator),
    ("model_version", Criterion::Model),
    ("prompt_id", Criterion::Prompt),
    ("policy_version", Criterion::Policy),
    ("trace_id", Criterion::Trace),
    ("action_id", Criterion::Action),
    ("action", Criterion::Name),
    ("reporter", Criterion::Reporter),
];

/// What every list of actions can be narrowed by.
const ACTION_FILTERS: [&str; 17] = [
    "human_principal_id",
    "agent_id",
    "delegation_id",
    "model_version",
    "prompt_id",
    "policy_version",
    "trace_id",
    "action_id",
    "action",
    "document",
    "finding",
    "verdict",
    "outcome",
    "caller_class",
    "reporter",
    "from",
    "to",
];

/// The parameters of a list in which actions can stand: its own, the filters that all of them know, and those that choose the page.
pub fn action_parameters(own: &[&'static str]) -> Vec<&'static str> {
    [own, &ACTION_FILTERS, &["limit", "cursor", "at"]].concat()
}

/// What the parameters ask for, added to `base`. Only those that the operation knows can be there.
pub fn criteria_of(query: &Query, base: Criteria) -> Result<Criteria, Problem> {
    let mut criteria = base;
    for (name, make) in TEXTS {
        let expected = "1 to 256 bytes";
        let text = query.parsed(name, expected, |text| (text.len() <= MAX_ID_BYTES).then(|| text.to_owned()))?;
        criteria.all.extend(text.map(make));
    }
    criteria
        .all
        .extend(query.parsed("document", "the SHA-256 of its content in 64 hexadecimal digits", document_hash)?.map(Criterion::Document));
    criteria.all.extend(query.word("finding", &words(Finding::ALL, Finding::as_str))?.map(Criterion::Finding));
    criteria.all.extend(query.word("verdict", &words(&Verdict::ALL, Verdict::as_str))?.map(Criterion::Verdict));
    criteria.all.extend(query.word("outcome", &words(&OutcomeStatus::ALL, OutcomeStatus::as_str))?.map(Criterion::Outcome));
    criteria.all.extend(query.word("caller_class", &words(&CallerClass::ALL, CallerClass::as_str))?.map(Criterion::Class));
    criteria.all.extend(query.word("type", &entry_types())?.map(Criterion::EntryType));
    let (from, to) = (query.time("from")?, query.time("to")?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(wrong("to", "period", format!("to ({to}) is not after from ({from}): nothing can lie between them")));
    }
    (criteria.from, criteria.to) = (from, to);
    criteria.words = free_words(query)?;
    Ok(criteria)
}

/// A document's hash as addresses write it; capital digits are taken as well.
pub fn document_hash(text: &str) -> Option<DocumentHash> {
    DocumentHash::parse_hex(&text.to_ascii_lowercase())
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<(&'static str, T)> {
    all.iter().map(|one| (word(*one), *one)).collect()
}

fn entry_types() -> Vec<(&'static str, &'static str)> {
    EntryKind::ALL.into_iter().map(EntryKind::as_str).chain(ADMINISTRATIVE_TYPES).map(|word| (word, word)).collect()
}

fn free_words(query: &Query) -> Result<Vec<String>, Problem> {
    let Some(text) = query.text("q") else { return Ok(Vec::new()) };
    let characters = text.chars().count();
    if characters > MAX_TEXT_CHARACTERS {
        return Err(wrong("q", "too_long", format!("q has {characters} characters, at most {MAX_TEXT_CHARACTERS} are read")));
    }
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if words.len() > MAX_WORDS {
        return Err(wrong("q", "too_many", format!("q has {} words, at most {MAX_WORDS} are looked for", words.len())));
    }
    Ok(words)
}

fn wrong(name: &str, code: &'static str, message: String) -> Problem {
    Problem::new(Code::InvalidParameter, message.clone()).with_errors(vec![FieldProblem::new(format!("?{name}"), code, message)])
}
