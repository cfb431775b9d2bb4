//! What the index is told of one entry: plain values, put together by whoever follows the ledger. It is a copy for finding,
//! never the truth.

use crate::index::field::Field;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Most bytes of [`IndexDocument::text`] that are searched; the rest is cut off between two characters.
pub const MAX_TEXT_BYTES: usize = 256 << 10;

/// One entry, as search sees it. An absent value is `None` or empty: then `has:` does not find it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each member is the field of the same name, explained in `Field`")]
pub struct IndexDocument {
    pub index: LeafIndex,
    pub entry_type: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub caller_class: Option<String>,
    pub reporter: String,
    pub reporter_class: String,
    /// The originating human, at the root of the chain.
    pub human: Option<String>,
    /// All actors on the chain, the human and the last agent included.
    pub via: Vec<String>,
    /// All delegations on the chain.
    pub under: Vec<String>,
    /// `actor.agent_id`.
    pub by: Option<String>,
    pub delegator: Option<String>,
    pub depth: Option<u32>,
    /// The delegation that the entry itself names.
    pub delegation_id: Option<String>,
    pub action_id: Option<String>,
    pub event_id: Option<String>,
    /// The action's name.
    pub action: Option<String>,
    pub resource: Option<String>,
    pub scope: Vec<String>,
    pub decision: Option<String>,
    pub outcome: Option<String>,
    pub error: Option<String>,
    pub policy: Option<String>,
    pub model: Option<String>,
    pub prompt: Option<String>,
    pub prompt_sha256: Option<String>,
    /// Hashes and uris of the documents read.
    pub read: Vec<String>,
    pub store: Vec<String>,
    pub trace: Option<String>,
    pub parent_trace: Option<String>,
    /// The idempotency key of the protected API.
    pub key: Option<String>,
    pub amount: Option<f64>,
    pub duration_ms: Option<u64>,
    pub confirmation: Option<String>,
    pub confirmed_by: Vec<String>,
    pub verdict: Option<String>,
    pub attribution: Option<String>,
    /// The present findings.
    pub findings: Vec<String>,
    /// The `jti`.
    pub token: Option<String>,
    /// Any other hashes that the entry names.
    pub hashes: Vec<String>,
    /// Prose: action name, resource, purpose, arguments, ids.
    pub text: String,
}

impl IndexDocument {
    /// An entry of which only its header and its reporter are known: the rest is filled in by name.
    pub fn new(index: LeafIndex, entry_type: &str, occurred_at: Timestamp, recorded_at: Timestamp) -> Self {
        Self {
            index,
            entry_type: entry_type.to_owned(),
            occurred_at,
            recorded_at,
            caller_class: None,
            reporter: String::new(),
            reporter_class: String::new(),
            human: None,
            via: Vec::new(),
            under: Vec::new(),
            by: None,
            delegator: None,
            depth: None,
            delegation_id: None,
            action_id: None,
            event_id: None,
            action: None,
            resource: None,
            scope: Vec::new(),
            decision: None,
            outcome: None,
            error: None,
            policy: None,
            model: None,
            prompt: None,
            prompt_sha256: None,
            read: Vec::new(),
            store: Vec::new(),
            trace: None,
            parent_trace: None,
            key: None,
            amount: None,
            duration_ms: None,
            confirmation: None,
            confirmed_by: Vec::new(),
            verdict: None,
            attribution: None,
            findings: Vec::new(),
            token: None,
            hashes: Vec::new(),
            text: String::new(),
        }
    }

    /// The words of a keyword field, each once, empty ones left out; none for other kinds of field.
    pub(super) fn words(&self, field: Field) -> Vec<&str> {
        let mut words = self.words_as_given(field);
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        words.dedup();
        words
    }

    fn words_as_given(&self, field: Field) -> Vec<&str> {
        match field {
            Field::Type => vec![&self.entry_type],
            Field::Caller => one(self.caller_class.as_ref()),
            Field::Reporter => vec![&self.reporter],
            Field::ReporterClass => vec![&self.reporter_class],
            Field::From => one(self.human.as_ref()),
            Field::By => one(self.by.as_ref()),
            Field::Via => all(&self.via),
            Field::Under => all(&self.under),
            Field::DirectlyUnder => one(self.delegation_id.as_ref()),
            Field::Delegator => one(self.delegator.as_ref()),
            Field::Action => one(self.action.as_ref()),
            Field::ActionId => one(self.action_id.as_ref()),
            Field::EventId => one(self.event_id.as_ref()),
            Field::Resource => one(self.resource.as_ref()),
            Field::Scope => all(&self.scope),
            Field::Decision => one(self.decision.as_ref()),
            Field::Outcome => one(self.outcome.as_ref()),
            Field::Error => one(self.error.as_ref()),
            Field::Policy => one(self.policy.as_ref()),
            Field::Model => one(self.model.as_ref()),
            Field::Prompt => one(self.prompt.as_ref()),
            Field::PromptHash => one(self.prompt_sha256.as_ref()),
            Field::Read => all(&self.read),
            Field::Store => all(&self.store),
            Field::Trace => one(self.trace.as_ref()).into_iter().chain(one(self.parent_trace.as_ref())).collect(),
            Field::ParentTrace => one(self.parent_trace.as_ref()),
            Field::Key => one(self.key.as_ref()),
            Field::Confirmation => one(self.confirmation.as_ref()),
            Field::ConfirmedBy => all(&self.confirmed_by),
            Field::Verdict => one(self.verdict.as_ref()),
            Field::Attribution => one(self.attribution.as_ref()),
            Field::Finding => all(&self.findings),
            Field::Token => one(self.token.as_ref()),
            Field::Hash => one(self.prompt_sha256.as_ref()).into_iter().chain(all(&self.hashes)).collect(),
            Field::Index
            | Field::Time
            | Field::Recorded
            | Field::Depth
            | Field::Amount
            | Field::Duration
            | Field::Text
            | Field::Is
            | Field::Id => Vec::new(),
        }
    }

    /// The part of the prose that is searched.
    pub(super) fn searched_text(&self) -> &str {
        &self.text[..self.text.floor_char_boundary(MAX_TEXT_BYTES)]
    }
}

fn one(value: Option<&String>) -> Vec<&str> {
    value.map(String::as_str).into_iter().collect()
}

fn all(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
