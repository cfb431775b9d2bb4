//! People and agents as the ledger knows them: who there is, what was done in a person's name or by an agent, as which models,
//! under which delegations; and who had read a document. Counts are the index's, the entries shown are the ledger's.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::field::Field;
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::finder::{Counted, FindError, Finder, Found};
use crate::tlog::hash::DocumentHash;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Newest entries on the page of one person or agent.
pub const MAX_LATEST: usize = 10;

/// Which kind of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A human, in whose name something was done.
    Human,
    /// An agent, that did something.
    Agent,
}

/// A page of names, in alphabetical order.
#[derive(Clone, Debug, Default)]
pub struct PartyPage {
    /// The names.
    pub rows: Vec<PartyRow>,
    /// Whether there are more.
    pub has_more: bool,
    /// How many there are.
    pub total: usize,
}

/// One name, with counts.
#[derive(Clone, Debug)]
pub struct PartyRow {
    /// The name.
    pub id: String,
    /// Reports of actions in the person's name, or by the agent.
    pub action_count: u64,
    /// Those with a finding.
    pub with_findings_count: u64,
    /// Root delegations in the person's name; delegations given to the agent.
    pub delegation_count: u64,
    /// The newest of those actions.
    pub latest: Option<(LeafIndex, Timestamp)>,
    /// Whether its time was made up by an importer.
    pub is_latest_synthetic: bool,
}

/// Everything about one person or agent.
#[derive(Debug, Default)]
pub struct PartyProfile {
    /// The name.
    pub id: String,
    /// Reports of actions in her name, or by it.
    pub action_count: u64,
    /// They, by present verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// They, by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// They, by who acted.
    pub classes: BTreeMap<String, u64>,
    /// They, by present finding.
    pub findings: Counted,
    /// Agents that acted for the person; people the agent acted for.
    pub counterparts: Counted,
    /// Models that decided.
    pub models: Counted,
    /// Prompts they were under.
    pub prompts: Counted,
    /// What was done, by name.
    pub actions: Counted,
    /// Delegations: roots in the person's name, or those given to the agent.
    pub delegation_count: u64,
    /// The newest of them.
    pub delegations: Found,
    /// The newest actions.
    pub latest: Found,
}

/// Who had read a document.
#[derive(Debug)]
pub struct DocumentReaders {
    /// Reports of actions before which it had been read.
    pub action_count: u64,
    /// They, by agent.
    pub agents: Counted,
    /// They, by the human in whose name.
    pub principals: Counted,
    /// Reports of actions that these very words set off.
    pub triggered_count: u64,
    /// Length of its content in bytes, if the ledger holds it.
    pub content_bytes: Option<u64>,
    /// One page of the actions, the newest first.
    pub page: Found,
}

impl Party {
    const fn field(self) -> Field {
        match self {
            Self::Human => Field::From,
            Self::Agent => Field::By,
        }
    }

    /// Everything done in her name, or by it.
    pub fn actions(self, id: &str) -> Criteria {
        Criteria::of(EntryKind::Action).and(self.is(id))
    }

    /// The root delegations in her name, or all that were given to it.
    pub fn delegations(self, id: &str) -> Criteria {
        self.all_delegations().and(self.is(id))
    }

    fn all_delegations(self) -> Criteria {
        let granted = Criteria::of(EntryKind::Delegation);
        match self {
            Self::Human => granted.and(Criterion::Root),
            Self::Agent => granted,
        }
    }

    fn is(self, id: &str) -> Criterion {
        match self {
            Self::Human => Criterion::Human(id.to_owned()),
            Self::Agent => Criterion::Agent(id.to_owned()),
        }
    }
}

/// The names after `after`, so many of them.
pub fn list(finder: &Finder<'_>, party: Party, after: Option<&str>, limit: usize) -> Result<PartyPage, FindError> {
    let every = |criteria: &Criteria| -> Result<BTreeMap<String, u64>, FindError> {
        Ok(finder.every_value(criteria, party.field())?.into_iter().collect())
    };
    let actions = every(&Criteria::of(EntryKind::Action))?;
    let with_findings = every(&Criteria::of(EntryKind::Action).and(Criterion::AnyFinding))?;
    let delegations = every(&party.all_delegations())?;
    let names: BTreeSet<&String> = actions.keys().chain(delegations.keys()).collect();
    let mut next = names.iter().filter(|name| after.is_none_or(|after| name.as_str() > after));
    let mut rows = Vec::new();
    for name in next.by_ref().take(limit) {
        let count = |counts: &BTreeMap<String, u64>| counts.get(*name).copied().unwrap_or(0);
        let newest = finder.find(&party.actions(name), None, 1)?;
        rows.push(PartyRow {
            id: (*name).clone(),
            action_count: count(&actions),
            with_findings_count: count(&with_findings),
            delegation_count: count(&delegations),
            is_latest_synthetic: newest.hits.first().is_some_and(|hit| hit.entry.is_time_synthetic()),
            latest: newest.hits.first().map(|hit| (hit.entry.index, hit.occurred_at)),
        });
    }
    Ok(PartyPage { rows, has_more: next.next().is_some(), total: names.len() })
}

/// Everything about one; `None` if nothing that may be seen names it so.
pub fn profile(finder: &Finder<'_>, party: Party, id: &str) -> Result<Option<PartyProfile>, FindError> {
    let (actions, delegations) = (party.actions(id), party.delegations(id));
    let (action_count, delegation_count) = (finder.count(&actions)?, finder.count(&delegations)?);
    // Somebody may stand on a chain only further down, without a root of her own or an action yet.
    if action_count + delegation_count == 0 && finder.count(&Criteria::default().and(party.is(id)))? == 0 {
        return Ok(None);
    }
    let all = |field| -> Result<BTreeMap<String, u64>, FindError> { Ok(finder.every_value(&actions, field)?.into_iter().collect()) };
    let counterpart = match party {
        Party::Human => Field::By,
        Party::Agent => Field::From,
    };
    Ok(Some(PartyProfile {
        id: id.to_owned(),
        action_count,
        verdicts: all(Field::Verdict)?,
        outcomes: all(Field::Outcome)?,
        classes: all(Field::Caller)?,
        findings: finder.counted(&actions, Field::Finding)?,
        counterparts: finder.counted(&actions, counterpart)?,
        models: finder.counted(&actions, Field::Model)?,
        prompts: finder.counted(&actions, Field::Prompt)?,
        actions: finder.counted(&actions, Field::Action)?,
        delegation_count,
        delegations: finder.find(&delegations, None, MAX_LATEST)?,
        latest: finder.find(&actions, None, MAX_LATEST)?,
    }))
}

/// Who had read a document, and one page of what they did then. `None` if the caller can see nobody who did, nor its content.
pub fn readers(
    finder: &Finder<'_>,
    document: &DocumentHash,
    after: Option<LeafIndex>,
    limit: usize,
) -> Result<Option<DocumentReaders>, FindError> {
    let actions = Criteria::of(EntryKind::Action);
    let read = actions.clone().and(Criterion::Document(*document));
    let action_count = finder.count(&read)?;
    let triggered_count = finder.count(&actions.and(Criterion::Hash(*document)))?;
    let content_bytes = finder.content_bytes(document)?;
    let is_visible = action_count + triggered_count > 0 || (finder.sees_everything() && content_bytes.is_some());
    if !is_visible {
        return Ok(None);
    }
    Ok(Some(DocumentReaders {
        action_count,
        agents: finder.counted(&read, Field::By)?,
        principals: finder.counted(&read, Field::From)?,
        triggered_count,
        content_bytes,
        page: finder.find(&read, after, limit)?,
    }))
}
