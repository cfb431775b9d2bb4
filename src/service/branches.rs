//! A delegation as of now: how it stands, what its hop took away or added, and everything passed on below it, page by page.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::domain::chain::Chain;
use crate::domain::credential::Sight;
use crate::domain::finding::Code;
use crate::domain::ids::DelegationId;
use crate::domain::narrowing::{Narrowing, narrowing};
use crate::domain::standing::{Standing, standing};
use crate::service::opened::ReadError;
use crate::service::past::{LedgerPast, PastCache, present_findings};
use crate::service::walker::{ChangedBy, changed_by, head_index, header, sees_delegation};
use crate::store::derived::DelegationNo;
use crate::store::rows::Rows;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Deepest level below a delegation that a tree shows.
pub const MAX_TREE_DEPTH: u16 = 256;
/// Most reports whose findings are counted for one page of a tree; where they run out, the counts are left out, not cut.
pub const MAX_COUNTED_REPORTS: u64 = 20_000;

/// One delegation as of now.
#[derive(Debug)]
pub struct DelegationView {
    /// From it up to its root; not empty.
    pub chain: Chain,
    /// How it stands now, and which ancestor decides it.
    pub standing: Standing,
    /// Hop by hop, its own first: how it compares with the one above; as many as the chain has hops, less one.
    pub narrowings: Vec<Narrowing>,
    /// What changed its findings since it was recorded.
    pub changed_by: Option<ChangedBy>,
    /// How many delegations hang directly below it.
    pub children: u64,
    /// How many actions were reported directly under it.
    pub actions: u64,
}

/// A place in the tree below a delegation.
#[derive(Debug)]
pub struct Node {
    /// How far below, from 1; 0 is the delegation itself.
    pub level: u16,
    /// The delegation.
    pub view: DelegationView,
    /// How many of its reports have each finding as of now; `None` where more would have to be read than one page may.
    pub findings: Option<BTreeMap<&'static str, u64>>,
}

/// One page of the tree below a delegation.
#[derive(Debug)]
pub struct Branches {
    /// In the order they are read: a delegation, then all below it, then its next sibling.
    pub nodes: Vec<Node>,
    /// The last one shown, if more follow.
    pub next_after: Option<DelegationId>,
}

/// Looks delegations up in one state of the file.
pub struct DelegationReader<'r> {
    rows: Rows<'r>,
    cache: RefCell<PastCache>,
    end: LeafIndex,
    now: Timestamp,
}

impl<'r> DelegationReader<'r> {
    /// Everything recorded counts; `now` decides what has run out.
    pub fn new(rows: Rows<'r>, now: Timestamp) -> Result<Self, ReadError> {
        Ok(Self { rows, cache: RefCell::default(), end: head_index(rows)?, now })
    }

    /// The chain of a delegation.
    pub fn chain(&self, id: &DelegationId) -> Result<Chain, ReadError> {
        Chain::resolve(&self.past(), id)
    }

    /// A delegation; `None` if the ledger does not have it or the caller may not see it.
    pub fn view(&self, sight: &Sight, id: &DelegationId) -> Result<Option<DelegationView>, ReadError> {
        let chain = self.chain(id)?;
        let Some(named) = chain.named() else { return Ok(None) };
        if !sees_delegation(sight, &named.delegation, chain.principal()) {
            return Ok(None);
        }
        let no = self.rows.delegation_no(id)?;
        let count = |of: fn(Rows<'r>, DelegationNo) -> Result<u64, _>| no.map_or(Ok(0), |no| of(self.rows, no));
        Ok(Some(DelegationView {
            standing: standing(&chain, self.now),
            narrowings: chain.hops.windows(2).map(|pair| narrowing(pair[1].terms(), pair[0].terms())).collect(),
            changed_by: changed_by(self.rows, named.delegation.index)?,
            children: count(Rows::count_children)?,
            actions: count(Rows::count_actions_under)?,
            chain,
        }))
    }

    /// What hangs below `top`, at most `depth` levels and `limit` delegations of it, from behind `after` on. What the caller may
    /// not see is left out, with all below it.
    pub fn below(
        &self,
        sight: &Sight,
        top: &DelegationId,
        depth: u16,
        after: Option<&DelegationId>,
        limit: usize,
    ) -> Result<Branches, ReadError> {
        let Some(top_no) = self.rows.delegation_no(top)? else { return Ok(Branches { nodes: Vec::new(), next_after: None }) };
        let mut path = match after {
            Some(after) => self.path_between(top_no, after)?,
            None => vec![top_no],
        };
        let (mut nodes, mut last, mut budget) = (Vec::new(), None, MAX_COUNTED_REPORTS);
        let mut may_descend = true;
        while let Some(level) = self.step(top_no, &mut path, may_descend, depth)? {
            let no = *path.last().unwrap_or(&top_no);
            let id = self.id_of(no)?;
            let Some(view) = self.view(sight, &id)? else {
                may_descend = false;
                continue;
            };
            if nodes.len() == limit {
                return Ok(Branches { nodes, next_after: last });
            }
            may_descend = true;
            let findings = self.findings_under(no, view.actions, &mut budget)?;
            nodes.push(Node { level, view, findings });
            last = Some(id);
        }
        Ok(Branches { nodes, next_after: None })
    }

    /// How many reports directly under `no` have each finding, while `budget` lasts.
    fn findings_under(&self, no: DelegationNo, actions: u64, budget: &mut u64) -> Result<Option<BTreeMap<&'static str, u64>>, ReadError> {
        if actions > *budget {
            return Ok(None);
        }
        let reports = self.rows.actions_under(no, None, None)?;
        let Some(left) = budget.checked_sub(reports.len() as u64) else { return Ok(None) };
        *budget = left;
        let mut counts = BTreeMap::new();
        for index in reports {
            let codes = header(self.rows, index)?.assessment.map(|a| a.findings().to_vec()).unwrap_or_default();
            let first = codes.iter().filter_map(|code| Code::parse(code)).collect();
            for code in present_findings(self.rows, index, first)? {
                *counts.entry(code.as_str()).or_default() += 1;
            }
        }
        Ok(Some(counts))
    }

    /// Moves `path` to the next delegation and says how deep it is; `None` at the end.
    fn step(&self, top: DelegationNo, path: &mut Vec<DelegationNo>, may_descend: bool, depth: u16) -> Result<Option<u16>, ReadError> {
        let level = |path: &[DelegationNo]| u16::try_from(path.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let Some(here) = path.last().copied() else { return Ok(None) };
        if may_descend
            && level(path) < depth
            && let Some(child) = self.child(here, None, top)?
        {
            path.push(child);
            return Ok(Some(level(path)));
        }
        while path.len() > 1 {
            let done = path.pop();
            let Some(parent) = path.last().copied() else { break };
            if let Some(sibling) = self.child(parent, done, top)? {
                path.push(sibling);
                return Ok(Some(level(path)));
            }
        }
        Ok(None)
    }

    /// The first child behind `after`. A circle leads back to `top` and nowhere else, as each delegation has one parent.
    fn child(&self, of: DelegationNo, after: Option<DelegationNo>, top: DelegationNo) -> Result<Option<DelegationNo>, ReadError> {
        let children = self.rows.children(of, after, 2)?;
        Ok(children.into_iter().map(|child| child.no).find(|no| *no != top))
    }

    /// The delegations from `top` down to `id`; only `top` if the one does not hang below the other.
    fn path_between(&self, top: DelegationNo, id: &DelegationId) -> Result<Vec<DelegationNo>, ReadError> {
        let mut path = Vec::new();
        let mut next = self.rows.delegation_no(id)?;
        while let Some(no) = next.filter(|_| path.len() <= usize::from(MAX_TREE_DEPTH)) {
            path.push(no);
            if no == top {
                path.reverse();
                return Ok(path);
            }
            next = self.rows.delegation(no)?.and_then(|place| place.parent);
        }
        Ok(vec![top])
    }

    fn id_of(&self, no: DelegationNo) -> Result<DelegationId, ReadError> {
        let index = self.rows.delegation(no)?.map(|place| place.index);
        let granted = index.map(|index| crate::service::opened::open_entry(self.rows, index)).transpose()?.flatten();
        let id = granted.as_ref().and_then(|entry| entry.text("/delegation_id")).and_then(DelegationId::parse);
        id.ok_or_else(|| ReadError::Damaged {
            index: index.unwrap_or(self.end),
            reason: "a derived table says that it grants a delegation, and it does not: run `onus reindex`".to_owned(),
        })
    }

    fn past(&self) -> LedgerPast<'_> {
        LedgerPast::as_of(self.rows, &self.cache, self.end, self.end)
    }
}
