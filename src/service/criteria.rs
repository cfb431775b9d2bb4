//! What somebody looks for, in the ledger's words, and what she may see: both become conditions on the index here, so that the
//! floors above need not know that there is an index. Reading parameters is not its business.

use std::ops::Bound;

use crate::domain::action::OutcomeStatus;
use crate::domain::credential::Sight;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code, Verdict};
use crate::index::field::Field;
use crate::index::filter::{Filter, Range};
use crate::tlog::hash::DocumentHash;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Most words of one search.
pub const MAX_WORDS: usize = 32;

/// What an entry must be; an empty one asks for every entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Criteria {
    /// All of these.
    pub all: Vec<Criterion>,
    /// Happened then or later.
    pub from: Option<Timestamp>,
    /// Happened before then.
    pub to: Option<Timestamp>,
    /// Every one of these words stands in it or names it, in any order.
    pub words: Vec<String>,
}

/// One thing that an entry must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Criterion {
    /// Of this kind.
    Kind(EntryKind),
    /// Of this type, the ledger's own administration included.
    EntryType(&'static str),
    /// In this human's name: the one at the root, or who is said to be where the root is not known.
    Human(String),
    /// Done by, or delegated to, this agent.
    Agent(String),
    /// Under this delegation or one below it; or the delegation itself.
    Delegation(String),
    /// Naming this delegation itself.
    DirectlyUnder(String),
    /// Given by this human, agent or service.
    Delegator(String),
    /// Decided by this model.
    Model(String),
    /// Under this prompt.
    Prompt(String),
    /// Allowed or refused by this policy.
    Policy(String),
    /// In this trace, or caused by it.
    Trace(String),
    /// With this action id.
    Action(String),
    /// Called so: `orders.refund`.
    Name(String),
    /// Reported by this source.
    Reporter(String),
    /// After this document had been read.
    Document(DocumentHash),
    /// Set off by these words.
    Hash(DocumentHash),
    /// With this present finding.
    Finding(Code),
    /// With any present finding.
    AnyFinding,
    /// With this present verdict.
    Verdict(Verdict),
    /// Ended so.
    Outcome(OutcomeStatus),
    /// Done by this class.
    Class(CallerClass),
    /// A root delegation: nothing stands above it.
    Root,
}

/// Kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `action.recorded`
    Action,
    /// `delegation.granted`
    Delegation,
    /// `delegation.revoked`
    Revocation,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Action, Self::Delegation, Self::Revocation];

    /// The entry's type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action.recorded",
            Self::Delegation => "delegation.granted",
            Self::Revocation => "delegation.revoked",
        }
    }
}

impl Criteria {
    /// Every entry of a kind.
    pub fn of(kind: EntryKind) -> Self {
        Self::default().and(Criterion::Kind(kind))
    }

    /// And this, too.
    #[must_use]
    pub fn and(mut self, criterion: Criterion) -> Self {
        self.all.push(criterion);
        self
    }

    /// As a condition on the index.
    pub(in crate::service) fn filter(&self) -> Filter {
        let mut parts: Vec<Filter> = self.all.iter().map(Criterion::filter).collect();
        if self.from.is_some() || self.to.is_some() {
            let (from, to) = (self.from.map_or(Bound::Unbounded, Bound::Included), self.to.map_or(Bound::Unbounded, Bound::Excluded));
            parts.push(Filter::Range(Range::Time(from, to)));
        }
        parts.extend(self.words.iter().map(|word| word_filter(word)));
        Filter::And(parts)
    }

    /// The entries that the one word of this search names outright, and not only mentions: an action's reports, the grant of a
    /// delegation, an event, a place, a leaf. `None` unless there is exactly one word.
    pub(in crate::service) fn named(&self) -> Option<Filter> {
        let [word] = self.words.as_slice() else { return None };
        let granted = Criteria::of(EntryKind::Delegation).and(Criterion::DirectlyUnder(word.clone()));
        let mut ways = vec![
            Filter::term(Field::ActionId, word.as_str()),
            Filter::term(Field::EventId, word.as_str()),
            Filter::term(Field::Hash, word.as_str()),
            granted.filter(),
        ];
        ways.extend(place_filter(word));
        Some(Filter::Or(ways))
    }
}

/// In the text, as any identifier, or as a place in the ledger.
fn word_filter(word: &str) -> Filter {
    match place_filter(word) {
        None => Filter::word(word),
        Some(place) => Filter::Or(vec![Filter::word(word), place]),
    }
}

fn place_filter(word: &str) -> Option<Filter> {
    let index = word.parse().ok().and_then(LeafIndex::new).filter(|index| index.to_string() == word)?;
    Some(Filter::Range(Range::Index(Bound::Included(index), Bound::Included(index))))
}

impl Criterion {
    fn filter(&self) -> Filter {
        let term = |field, value: &str| Filter::term(field, value);
        match self {
            Self::Kind(kind) => term(Field::Type, kind.as_str()),
            Self::EntryType(entry_type) => term(Field::Type, entry_type),
            Self::Human(id) => term(Field::From, id),
            Self::Agent(id) => term(Field::By, id),
            Self::Delegation(id) => term(Field::Under, id),
            Self::DirectlyUnder(id) => term(Field::DirectlyUnder, id),
            Self::Delegator(id) => term(Field::Delegator, id),
            Self::Model(version) => term(Field::Model, version),
            Self::Prompt(id) => term(Field::Prompt, id),
            Self::Policy(version) => term(Field::Policy, version),
            Self::Trace(id) => term(Field::Trace, id),
            Self::Action(id) => term(Field::ActionId, id),
            Self::Name(name) => term(Field::Action, name),
            Self::Reporter(source) => term(Field::Reporter, source),
            Self::Document(hash) => term(Field::Read, &hash.to_hex()),
            Self::Hash(hash) => term(Field::Hash, &hash.to_hex()),
            Self::Finding(code) => term(Field::Finding, code.as_str()),
            Self::AnyFinding => Filter::Has(Field::Finding),
            Self::Verdict(verdict) => term(Field::Verdict, verdict.as_str()),
            Self::Outcome(status) => term(Field::Outcome, status.as_str()),
            Self::Class(class) => term(Field::Caller, class.as_str()),
            Self::Root => Filter::Range(Range::Depth(Bound::Unbounded, Bound::Included(1))),
        }
    }
}

/// What a caller may see, as a condition that every question is tied to: the same as `walker` grants entry by entry. An agent:
/// what it reported itself, and the delegations given to it. A person: what is in her own name.
pub(in crate::service) fn within(sight: &Sight) -> Filter {
    let granted = || Filter::term(Field::Type, EntryKind::Delegation.as_str());
    match sight {
        Sight::Everything => Filter::All,
        Sight::Nothing => Filter::Or(Vec::new()),
        Sight::Person(person) => Filter::term(Field::From, person.as_str()),
        Sight::Agent(agent) => {
            let is_own = |field| Filter::term(field, agent.as_str());
            // An agent's credential reports for its own agent only, so both together say that it was this one.
            let reported = Filter::term(Field::ReporterClass, CallerClass::Agent.as_str())
                .and(Filter::Or(vec![is_own(Field::By).and(!granted()), is_own(Field::Delegator)]));
            Filter::Or(vec![reported, is_own(Field::By).and(granted())])
        }
    }
}
