//! An action walked back from what the ledger holds, and whether a caller may see it. The walk itself is the domain's pure
//! function; here it is only given the entries.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::attribution::Attribution;
use crate::domain::chain::Chain;
use crate::domain::credential::Sight;
use crate::domain::delegation::{CallerClass, Delegation};
use crate::domain::ids::{ActionId, AgentId, DelegationId, PrincipalId};
use crate::domain::past::{Past as _, Recorded};
use crate::domain::told::told;
use crate::domain::walk::{self, Walk, walk};
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::past::{LedgerPast, PastCache};
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::entry::EntryHeader;
use crate::tlog::position::LeafIndex;

/// An action, walked back as of now.
#[derive(Debug)]
pub struct WalkedAction {
    /// The walk.
    pub walk: Walk,
    /// The action as all its reports together tell it.
    pub action: Action,
    /// Its reports, ascending by index, with first and present findings.
    pub reports: Vec<Arc<Recorded<Action>>>,
    /// What changed the findings of its reports since they were recorded, ascending.
    pub changes: Vec<ChangedBy>,
}

/// The entry that changed an earlier one's findings, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedBy {
    /// The entry whose findings changed.
    pub changed: LeafIndex,
    /// The `assessment.changed` that tells it.
    pub index: LeafIndex,
    /// The late fact: the entry that `assessment.changed` is about.
    pub cause: Option<LeafIndex>,
    /// That entry's type.
    pub cause_type: Option<String>,
}

/// Who decided, by what one report and the entries before it show: for its receipt, which says the same for ever.
pub fn first_attribution(rows: Rows<'_>, report: &Arc<Recorded<Action>>) -> Result<Attribution, ReadError> {
    let cache = RefCell::new(PastCache::default());
    let past = LedgerPast::of_entry(rows, &cache, report.index.size_with().next_index());
    let contents = |hash: &_| rows.document(hash).ok().flatten().map(Cow::Owned);
    walk::first_attribution(report, &past, &contents)
}

/// Walks an action back, with everything known now; `None` if nothing of that id was reported.
pub fn walk_action(rows: Rows<'_>, id: &ActionId) -> Result<Option<WalkedAction>, ReadError> {
    let now = head_index(rows)?;
    let cache = RefCell::new(PastCache::default());
    let reports = LedgerPast::as_of(rows, &cache, now, now).reports(id)?;
    let Some((first, later)) = reports.split_first() else { return Ok(None) };
    let past = LedgerPast::as_of(rows, &cache, first.index, now);
    let contents = |hash: &_| rows.document(hash).ok().flatten().map(Cow::Owned);
    let Some(walk) = walk(&reports, &past, &contents)? else { return Ok(None) };
    let action = told(first, later);
    let changes = reports.iter().map(|report| changed_by(rows, report.index)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(WalkedAction { walk, action, changes: changes.into_iter().flatten().collect(), reports }))
}

/// What last changed the findings of an entry, if anything did.
pub fn changed_by(rows: Rows<'_>, changed: LeafIndex) -> Result<Option<ChangedBy>, ReadError> {
    let Some((_, index)) = rows.present_findings(changed)? else { return Ok(None) };
    let cause = header(rows, index)?.about;
    let cause_type = cause.map(|cause| header(rows, cause)).transpose()?.map(|h| h.entry_type.as_str().to_owned());
    Ok(Some(ChangedBy { changed, index, cause, cause_type }))
}

/// The header of an entry that must be there.
pub fn header(rows: Rows<'_>, index: LeafIndex) -> Result<EntryHeader, ReadError> {
    let damaged = |reason: String| ReadError::Damaged { index, reason };
    let bytes = rows.entry(index)?.ok_or_else(|| damaged("it is missing".to_owned()))?;
    EntryHeader::parse(&bytes).map_err(|e| damaged(e.to_string()))
}

/// The index after the newest entry of this state of the file.
pub fn head_index(rows: Rows<'_>) -> Result<LeafIndex, ReadError> {
    let head = rows.head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
    Ok(head.size.next_index())
}

/// Whether a caller may see this action.
pub fn sees_action(sight: &Sight, walked: &WalkedAction) -> bool {
    match sight {
        Sight::Everything => true,
        Sight::Person(person) => whose(&walked.walk) == Some(person),
        // Its own, by the first account of it: else an agent could join another's action by reporting it, too, and read it all.
        Sight::Agent(agent) => {
            let is_its_own = walked.reports.first().is_some_and(|first| first.what.actor.agent_id.as_ref() == Some(agent));
            is_its_own && walked.reports.iter().any(|report| is_reported_by(report, agent))
        }
        Sight::Nothing => false,
    }
}

/// In whose name an action was done. A claim counts only where no chain says better: else an agent could show one person's
/// delegations to another by naming her.
fn whose(walk: &Walk) -> Option<&PrincipalId> {
    walk.human_principal_id.as_ref().or(walk.claimed_human_principal_id.as_ref())
}

/// An agent reports only as itself, so its class and the actor say who reported, whichever of its credentials it used.
fn is_reported_by(report: &Recorded<Action>, agent: &AgentId) -> bool {
    report.reporter_class == CallerClass::Agent && report.what.actor.agent_id.as_ref() == Some(agent)
}

/// Whether a caller may see this delegation; `principal` is the person in whose name its chain stands.
pub fn sees_delegation(sight: &Sight, delegation: &Recorded<Delegation>, principal: Option<&PrincipalId>) -> bool {
    match sight {
        Sight::Everything => true,
        Sight::Person(person) => principal == Some(person),
        Sight::Agent(agent) => delegation.what.agent_id == *agent || is_given_by(delegation, agent),
        Sight::Nothing => false,
    }
}

/// What an agent passed on by its own report.
fn is_given_by(delegation: &Recorded<Delegation>, agent: &AgentId) -> bool {
    let giver = &delegation.what.delegator;
    delegation.reporter_class == CallerClass::Agent && giver.kind == CallerClass::Agent && giver.id == agent.as_str()
}

/// Whether a caller may see this entry: what its action or delegation allows. The ledger's own administration is for those who
/// see everything.
pub fn sees_entry(rows: Rows<'_>, sight: &Sight, entry: &OpenedEntry) -> Result<bool, ReadError> {
    if *sight == Sight::Everything || *sight == Sight::Nothing {
        return Ok(*sight == Sight::Everything);
    }
    if let Some(action) = entry.as_action()? {
        if let Sight::Agent(agent) = sight
            && is_reported_by(&action, agent)
        {
            return Ok(true);
        }
        return Ok(walk_action(rows, &action.what.action_id)?.is_some_and(|walked| sees_action(sight, &walked)));
    }
    let delegation = match entry.as_delegation()? {
        Some(granted) => Some(granted.what.delegation_id),
        None => entry.as_revocation()?.map(|revoked| revoked.what.delegation_id),
    };
    delegation.map_or(Ok(false), |id| sees_delegation_id(rows, sight, &id))
}

/// Whether a caller may see the delegation of that id.
pub fn sees_delegation_id(rows: Rows<'_>, sight: &Sight, id: &DelegationId) -> Result<bool, ReadError> {
    let now = head_index(rows)?;
    let cache = RefCell::new(PastCache::default());
    let chain = Chain::resolve(&LedgerPast::as_of(rows, &cache, now, now), id)?;
    Ok(chain.named().is_some_and(|hop| sees_delegation(sight, &hop.delegation, chain.principal())))
}

/// Reads an entry if the ledger has it and the caller may see it: to her the two are one.
pub fn entry_for(rows: Rows<'_>, sight: &Sight, index: LeafIndex) -> Result<Option<OpenedEntry>, ReadError> {
    let Some(entry) = open_entry(rows, index)? else { return Ok(None) };
    Ok(sees_entry(rows, sight, &entry)?.then_some(entry))
}
