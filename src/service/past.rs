//! The ledger's past, read from the store: what the sequencer, the walk and deep verification hand to the pure functions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::action::{Action, OutcomeStatus};
use crate::domain::catalogue::Catalogue;
use crate::domain::delegation::{Delegation, Period, Revocation};
use crate::domain::finding::Code;
use crate::domain::ids::{ActionId, DelegationId};
use crate::domain::past::{Past, Recorded};
use crate::domain::settings::Settings;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::store::derived::DelegationNo;
use crate::store::rows::Rows;
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Delegations remembered; past it the memory is emptied and filled again.
const MAX_REMEMBERED: usize = 100_000;
/// Delegations below one that a sum, or a late fact, may reach; past it the ledger refuses to guess.
const MAX_DESCENDANTS: usize = 1_000_000;

/// What was read before and cannot have changed, except by what [`PastCache::note`] is told of.
#[derive(Default)]
pub struct PastCache {
    delegations: HashMap<DelegationId, Option<Arc<Recorded<Delegation>>>>,
    revocations: HashMap<DelegationId, Vec<Arc<Recorded<Revocation>>>>,
    sums: HashMap<SumKey, RunningSum>,
    catalogue: Option<(Option<LeafIndex>, Arc<Catalogue>)>,
    settings: Option<(Option<LeafIndex>, Arc<Settings>)>,
}

#[derive(PartialEq, Eq, Hash)]
struct SumKey {
    under: DelegationId,
    argument: String,
    from: Option<i64>,
}

struct RunningSum {
    /// Reports with a smaller index are in `total`.
    through: LeafIndex,
    /// How many delegations it is over. They only become more, so as many are the same.
    delegations: usize,
    total: f64,
}

impl PastCache {
    /// A delegation or a revocation of it was written: what was remembered of that id is stale.
    pub fn note(&mut self, id: &DelegationId) {
        self.delegations.remove(id);
        self.revocations.remove(id);
        // A new link may put other actions under any sum.
        self.sums.clear();
    }

    /// A delegation was written a moment ago: most are used next, and need not be read again.
    pub fn remember(&mut self, granted: Recorded<Delegation>) {
        self.delegations.insert(granted.what.delegation_id.clone(), Some(Arc::new(granted)));
    }

    /// A catalogue or settings were adopted.
    pub fn note_adoption(&mut self) {
        self.catalogue = None;
        self.settings = None;
    }

    fn make_room(&mut self) {
        if self.delegations.len() > MAX_REMEMBERED || self.revocations.len() > MAX_REMEMBERED {
            self.delegations.clear();
            self.revocations.clear();
        }
        if self.sums.len() > MAX_REMEMBERED {
            self.sums.clear();
        }
    }
}

/// The entries before one index, as the store shows them.
pub struct LedgerPast<'a> {
    rows: Rows<'a>,
    cache: &'a RefCell<PastCache>,
    /// Facts count up to here.
    before: LeafIndex,
    /// Sums count up to here, and catalogue and settings are those in force here: when an earlier action is assessed again, neither
    /// later actions nor later rules count against it.
    own_index: LeafIndex,
    has_present_findings: bool,
}

impl<'a> LedgerPast<'a> {
    /// What the entry at `index` could see.
    pub fn of_entry(rows: Rows<'a>, cache: &'a RefCell<PastCache>, index: LeafIndex) -> Self {
        cache.borrow_mut().make_room();
        Self { rows, cache, before: index, own_index: index, has_present_findings: false }
    }

    /// What is known of the entry at `index` once the ledger has come to `now`.
    pub fn as_of(rows: Rows<'a>, cache: &'a RefCell<PastCache>, index: LeafIndex, now: LeafIndex) -> Self {
        cache.borrow_mut().make_room();
        Self { rows, cache, before: now, own_index: index, has_present_findings: true }
    }

    fn read_delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, ReadError> {
        let Some(no) = self.rows.delegation_no(id)? else { return Ok(None) };
        let Some(place) = self.rows.delegation(no)? else { return Ok(None) };
        let opened = self.open(place.index)?;
        let mut recorded =
            opened.as_delegation()?.filter(|d| d.what.delegation_id == *id).ok_or_else(|| wrong_place(place.index, "delegation"))?;
        if self.has_present_findings {
            recorded.present_findings = present_findings(self.rows, place.index, recorded.present_findings)?;
        }
        Ok(Some(Arc::new(recorded)))
    }

    fn read_revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, ReadError> {
        let Some(no) = self.rows.delegation_no(id)? else { return Ok(Vec::new()) };
        let places = self.rows.revocations(no)?;
        places
            .into_iter()
            .map(|index| {
                let revocation = self.open(index)?.as_revocation()?.filter(|r| r.what.delegation_id == *id);
                revocation.map(Arc::new).ok_or_else(|| wrong_place(index, "revocation"))
            })
            .collect()
    }

    fn open(&self, index: LeafIndex) -> Result<OpenedEntry, ReadError> {
        open_entry(self.rows, index)?.ok_or_else(|| wrong_place(index, "entry"))
    }

    /// Sums over reports with `from <= index < own_index` that open the action they report.
    fn sum_between(&self, argument: &str, under: &[DelegationNo], at: Window, from: Option<LeafIndex>) -> Result<f64, ReadError> {
        let mut indexes = Vec::new();
        for no in under {
            indexes.extend(self.rows.actions_under(*no, at.from, at.before)?);
        }
        indexes.retain(|i| *i < self.own_index && from.is_none_or(|from| *i >= from));
        indexes.sort_unstable();
        let mut total = 0.0;
        for index in indexes {
            let Some(action) = self.open(index)?.as_action()? else { return Err(wrong_place(index, "action")) };
            if is_counted(&action.what) && !self.was_counted_before(&action)? {
                total += argument_number(&action.what, argument).unwrap_or(0.0);
            }
        }
        Ok(total)
    }

    /// What an action has put into such a sum itself, by an earlier report of it.
    fn part_of(&self, action: &ActionId, argument: &str, under: &[DelegationNo], at: Window) -> Result<f64, ReadError> {
        let reports = self.reports(action)?;
        let Some(counted) = reports.iter().find(|report| is_counted(&report.what)) else { return Ok(0.0) };
        let Some(named) = &counted.what.actor.delegation_id else { return Ok(0.0) };
        let is_under = self.rows.delegation_no(named)?.is_some_and(|no| under.contains(&no));
        let is_in_it = counted.index < self.own_index && is_under && at.holds(counted.occurred_at);
        Ok(argument_number(&counted.what, argument).filter(|_| is_in_it).unwrap_or(0.0))
    }

    fn was_counted_before(&self, action: &Recorded<Action>) -> Result<bool, ReadError> {
        let reports = self.reports(&action.what.action_id)?;
        Ok(reports.iter().any(|earlier| earlier.index < action.index && is_counted(&earlier.what)))
    }
}

impl Past for LedgerPast<'_> {
    type Error = ReadError;

    fn delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, ReadError> {
        let known = self.cache.borrow().delegations.get(id).cloned();
        let found = if let Some(found) = known {
            found
        } else {
            let found = self.read_delegation(id)?;
            self.cache.borrow_mut().delegations.insert(id.clone(), found.clone());
            found
        };
        Ok(found.filter(|d| d.index < self.before))
    }

    fn revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, ReadError> {
        let known = self.cache.borrow().revocations.get(id).cloned();
        let found = if let Some(found) = known {
            found
        } else {
            let found = self.read_revocations(id)?;
            self.cache.borrow_mut().revocations.insert(id.clone(), found.clone());
            found
        };
        Ok(found.into_iter().filter(|r| r.index < self.before).collect())
    }

    fn reports(&self, id: &ActionId) -> Result<Vec<Arc<Recorded<Action>>>, ReadError> {
        let mut reports = Vec::new();
        for index in self.rows.reports(id)? {
            if index >= self.before {
                continue;
            }
            let mut action = self.open(index)?.as_action()?.ok_or_else(|| wrong_place(index, "action"))?;
            if action.what.action_id != *id {
                continue; // another id with the same key
            }
            if self.has_present_findings {
                action.present_findings = present_findings(self.rows, index, action.present_findings)?;
            }
            reports.push(Arc::new(action));
        }
        Ok(reports)
    }

    fn spent(&self, under: &DelegationId, argument: &str, period: Period, at: Timestamp, but: &ActionId) -> Result<f64, ReadError> {
        let Some(no) = self.rows.delegation_no(under)? else { return Ok(0.0) };
        let window = Window::of(period, at);
        // As they hung together then: what a delegation that came later put under this sum cannot have been counted.
        let below = subtree_before(self.rows, no, Some(self.own_index))?;
        let key = SumKey { under: under.clone(), argument: argument.to_owned(), from: window.from.map(Timestamp::micros) };
        let is_usable = |sum: &&RunningSum| sum.through <= self.own_index && sum.delegations == below.len();
        let known = self.cache.borrow().sums.get(&key).filter(is_usable).map(|s| (s.through, s.total));
        let (through, before) = known.map_or((None, 0.0), |(through, total)| (Some(through), total));
        let total = before + self.sum_between(argument, &below, window, through)?;
        self.cache.borrow_mut().sums.insert(key, RunningSum { through: self.own_index, delegations: below.len(), total });
        Ok(total - self.part_of(but, argument, &below, window)?)
    }

    fn catalogue(&self) -> Result<Arc<Catalogue>, ReadError> {
        let place = self.rows.newest_of("catalogue.adopted", self.own_index)?;
        if let Some((known, catalogue)) = &self.cache.borrow().catalogue
            && *known == place
        {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = match place {
            None => Catalogue::default(),
            Some(index) => Catalogue::from_members(&self.open(index)?.members).ok_or_else(|| wrong_place(index, "catalogue"))?,
        };
        let catalogue = Arc::new(catalogue);
        self.cache.borrow_mut().catalogue = Some((place, Arc::clone(&catalogue)));
        Ok(catalogue)
    }

    fn settings(&self) -> Result<Arc<Settings>, ReadError> {
        let place = self.rows.newest_of("settings.adopted", self.own_index)?;
        if let Some((known, settings)) = &self.cache.borrow().settings
            && *known == place
        {
            return Ok(Arc::clone(settings));
        }
        let settings = match place {
            None => Settings::default(),
            Some(index) => Settings::from_members(&self.open(index)?.members).ok_or_else(|| wrong_place(index, "settings"))?,
        };
        let settings = Arc::new(settings);
        self.cache.borrow_mut().settings = Some((place, Arc::clone(&settings)));
        Ok(settings)
    }
}

/// Which `occurred_at` fall into a period.
#[derive(Clone, Copy)]
struct Window {
    from: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Window {
    fn of(period: Period, at: Timestamp) -> Self {
        let (from, before) = match period {
            Period::Action => (Some(at), Some(at)),
            Period::Day => (Some(at.start_of_day()), at.start_of_next_day()),
            Period::Month => (Some(at.start_of_month()), at.start_of_next_month()),
            Period::Delegation => (None, None),
        };
        Self { from, before }
    }

    fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.before.is_none_or(|before| at < before)
    }
}

/// A delegation's number and those of all below it.
pub fn subtree(rows: Rows<'_>, top: DelegationNo) -> Result<Vec<DelegationNo>, ReadError> {
    subtree_before(rows, top, None)
}

/// The same, of those granted before some index.
fn subtree_before(rows: Rows<'_>, top: DelegationNo, before: Option<LeafIndex>) -> Result<Vec<DelegationNo>, ReadError> {
    const PAGE: u64 = 1000;
    let mut all = vec![top];
    let mut next = 0;
    while let Some(no) = all.get(next).copied() {
        next += 1;
        let mut after = None;
        loop {
            let children = rows.children(no, after, PAGE)?;
            let Some(last) = children.last() else { break };
            after = Some(last.no);
            let known = children.iter().filter(|child| before.is_none_or(|before| child.index < before));
            all.extend(known.map(|child| child.no).filter(|no| *no != top));
            if all.len() > MAX_DESCENDANTS {
                return Err(ReadError::Store(crate::store::connection::StoreError::Unusable(format!(
                    "more than {MAX_DESCENDANTS} delegations hang below one: the ledger does not add up so many at once"
                ))));
            }
        }
    }
    Ok(all)
}

/// The codes of an entry as of now: those that an `assessment.changed` gave it, else its header's.
pub fn present_findings(rows: Rows<'_>, index: LeafIndex, first: Vec<Code>) -> Result<Vec<Code>, ReadError> {
    Ok(match rows.present_findings(index)? {
        Some((codes, _)) => codes.split_ascii_whitespace().filter_map(Code::parse).collect(),
        None => first,
    })
}

/// Whether a report counts towards a sum: tried and failed, or refused, spends nothing.
const fn is_counted(action: &Action) -> bool {
    !matches!(action.outcome.status, OutcomeStatus::Denied | OutcomeStatus::Failed)
}

fn argument_number(action: &Action, pointer: &str) -> Option<f64> {
    match crate::domain::pointer::resolve(action.arguments.as_ref()?, pointer)? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

fn wrong_place(index: LeafIndex, what: &str) -> ReadError {
    ReadError::Damaged {
        index,
        reason: format!("a derived table says that it is a {what}, and it is not: run `onus verify --deep`, then `onus reindex`"),
    }
}
