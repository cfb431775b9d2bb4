//! What a pasted id means: every record that it names outright, and not only mentions. One answer opens a page, several a list.

use std::ops::Bound;

use crate::index::filter::{Filter, Range};
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::finder::{FindError, Finder};
use crate::tlog::hash::DocumentHash;
use crate::tlog::position::LeafIndex;

/// A record that an id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// An action.
    Action(String),
    /// A delegation.
    Delegation(String),
    /// A person.
    Person(String),
    /// An agent.
    Agent(String),
    /// A document, by the hash of its content.
    Document(DocumentHash),
    /// An entry, by its place.
    Entry(LeafIndex),
}

/// Everything that `word` names, as far as the caller may see it.
pub fn meant(finder: &Finder<'_>, word: &str) -> Result<Vec<Meant>, FindError> {
    let is_there = |criteria: Criteria| -> Result<bool, FindError> { Ok(finder.count(&criteria)? > 0) };
    let one_of = |criterion| Criteria::default().and(criterion);
    let granted = Criteria::of(EntryKind::Delegation).and(Criterion::DirectlyUnder(word.to_owned()));
    let mut all = Vec::new();
    if is_there(one_of(Criterion::Action(word.to_owned())))? {
        all.push(Meant::Action(word.to_owned()));
    }
    if is_there(granted)? {
        all.push(Meant::Delegation(word.to_owned()));
    }
    if is_there(one_of(Criterion::Human(word.to_owned())))? {
        all.push(Meant::Person(word.to_owned()));
    }
    if is_there(one_of(Criterion::Agent(word.to_owned())))? {
        all.push(Meant::Agent(word.to_owned()));
    }
    if let Some(hash) = DocumentHash::parse_hex(&word.to_ascii_lowercase())
        && (is_there(one_of(Criterion::Document(hash)))? || is_there(one_of(Criterion::Hash(hash)))?)
    {
        all.push(Meant::Document(hash));
    }
    let index = word.parse().ok().and_then(LeafIndex::new).filter(|index| index.to_string() == word);
    if let Some(index) = index.filter(|index| finder.at().contains(*index))
        && finder.count_filter(&Filter::Range(Range::Index(Bound::Included(index), Bound::Included(index))))? > 0
    {
        all.push(Meant::Entry(index));
    }
    Ok(all)
}
