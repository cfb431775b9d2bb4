//! From a delegation up to the human at its root, hop by hop, as the ledger holds it: never from a nested claim.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::delegation::{CallerClass, Delegation, Revocation};
use crate::domain::ids::{DelegationId, PrincipalId};
use crate::domain::past::{Past, Recorded};
use crate::tlog::time::Timestamp;

/// Most hops that are followed. No honest chain comes near it; what lies beyond is told as [`Root::TooFar`].
pub const MAX_HOPS: usize = 256;

/// The delegations from a named one up to its root.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The named delegation first, the root last; empty if the named one is not in the ledger.
    pub hops: Vec<Hop>,
    /// Where it ends.
    pub root: Root,
}

/// One delegation of a chain.
#[derive(Clone, Debug)]
pub struct Hop {
    /// As it was recorded.
    pub delegation: Arc<Recorded<Delegation>>,
    /// The revocations that name it, ascending by index.
    pub revocations: Vec<Arc<Recorded<Revocation>>>,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// At a human who gave the root delegation.
    Human(PrincipalId),
    /// At a service, for whose grants this person answers.
    Accountable(PrincipalId),
    /// At nobody who answers for it.
    Nobody,
    /// At a delegation that is not in the ledger.
    Missing(DelegationId),
    /// Nowhere: this delegation comes twice.
    Cycle(DelegationId),
    /// Nowhere within [`MAX_HOPS`]: this delegation was not followed any more.
    TooFar(DelegationId),
}

/// An instant from which on a delegation of the chain no longer holds for the named one.
#[derive(Clone, Copy, Debug)]
pub struct End<'c> {
    /// The delegation that ends.
    pub hop: &'c Hop,
    /// From when on.
    pub at: Timestamp,
    /// The revocation, unless its time simply runs out.
    pub revocation: Option<&'c Recorded<Revocation>>,
}

impl Root {
    /// Who gave a delegation that has no parent. Only a human's own grant, or a service's for which somebody answers, is a
    /// root: an agent cannot appoint a person, and a service's word that it acts for one is not hers.
    pub fn of(root: &Delegation) -> Self {
        match root.delegator.kind {
            CallerClass::Human => {
                PrincipalId::parse(&root.delegator.id).or_else(|| root.human_principal_id.clone()).map_or(Self::Nobody, Self::Human)
            }
            CallerClass::Service => root.accountable_person_id.clone().map_or(Self::Nobody, Self::Accountable),
            CallerClass::Agent => Self::Nobody,
        }
    }

    /// The human it ends at, or who answers for it.
    pub const fn human(&self) -> Option<&PrincipalId> {
        match self {
            Self::Human(human) | Self::Accountable(human) => Some(human),
            _ => None,
        }
    }

    /// Whether every link up to the root is in the ledger.
    pub const fn is_reached(&self) -> bool {
        matches!(self, Self::Human(_) | Self::Accountable(_) | Self::Nobody)
    }
}

impl Hop {
    /// What was delegated.
    pub fn terms(&self) -> &Delegation {
        &self.delegation.what
    }

    /// Its id.
    pub fn id(&self) -> &DelegationId {
        &self.terms().delegation_id
    }
}

impl Chain {
    /// Follows the parents of a delegation.
    pub fn resolve<P: Past>(past: &P, id: &DelegationId) -> Result<Self, P::Error> {
        let mut hops: Vec<Hop> = Vec::new();
        let mut seen = HashSet::new();
        let mut next = id.clone();
        let root = loop {
            if !seen.insert(next.clone()) {
                break Root::Cycle(next);
            }
            if hops.len() == MAX_HOPS {
                break Root::TooFar(next);
            }
            let Some(delegation) = past.delegation(&next)? else {
                break Root::Missing(next);
            };
            hops.push(Hop { revocations: past.revocations(&next)?, delegation: Arc::clone(&delegation) });
            match &delegation.what.parent_delegation_id {
                Some(parent) => next = parent.clone(),
                None => break Root::of(&delegation.what),
            }
        };
        Ok(Self { hops, root })
    }

    /// The delegation it was asked for.
    pub fn named(&self) -> Option<&Hop> {
        self.hops.first()
    }

    /// In whose name the chain stands: the root's human, else whom the topmost known delegation names.
    pub fn principal(&self) -> Option<&PrincipalId> {
        match &self.root {
            Root::Human(human) => Some(human),
            Root::Accountable(person) => self.hops.last().and_then(|top| top.terms().human_principal_id.as_ref()).or(Some(person)),
            _ => self.hops.last().and_then(|top| top.terms().human_principal_id.as_ref()),
        }
    }

    /// Every instant at which the named delegation's authority ends: each hop's own end, and each revocation that reaches it.
    pub fn ends(&self) -> impl Iterator<Item = End<'_>> {
        self.hops.iter().enumerate().flat_map(move |(level, hop)| {
            let expiry = End { hop, at: hop.terms().expires_at, revocation: None };
            let reaching = hop.revocations.iter().filter(move |r| self.is_reached_by(level, &r.what));
            let revoked = reaching.map(move |r| End { hop, at: r.what.revoked_at, revocation: Some(r) });
            std::iter::once(expiry).chain(revoked)
        })
    }

    /// A revocation reaches its own delegation; those below if it cascades; and, cascading or not, those that were passed on
    /// from what was dead already: sparing the living is not a licence to go on granting.
    fn is_reached_by(&self, level: usize, revocation: &Revocation) -> bool {
        let Some(below) = level.checked_sub(1).and_then(|l| self.hops.get(l)) else {
            return true;
        };
        revocation.cascade || revocation.revoked_at <= below.terms().issued_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::memory::MemoryPast;
    use crate::domain::test_world::{World, dlg, granted, root};

    /// `dlg-1` ← `dlg-2` ← … ← `dlg-length`, where `dlg-1` has the parent given.
    fn chain_of(length: usize, above_first: Option<&str>) -> MemoryPast {
        let mut world = World::of_refund();
        let hop = |level: usize| {
            let parent = if level == 1 { above_first.map(dlg) } else { Some(dlg(&format!("dlg-{}", level - 1))) };
            granted(Delegation { delegation_id: dlg(&format!("dlg-{level}")), parent_delegation_id: parent, ..root() })
        };
        world.before = (1..=length).map(hop).collect();
        world.past()
    }

    #[track_caller]
    fn check(length: usize, above_first: Option<&str>, hops: usize, root: &Root) {
        let past = chain_of(length, above_first);
        let Ok(chain) = Chain::resolve(&past, &dlg(&format!("dlg-{length}")));
        assert_eq!((chain.hops.len(), &chain.root), (hops, root));
        assert_eq!(chain.named().map(|hop| hop.id().clone()), (length > 0).then(|| dlg(&format!("dlg-{length}"))));
    }

    #[test]
    fn every_chain_ends() {
        let ana = Root::Human(crate::domain::test_world::ana());
        check(1, None, 1, &ana);
        check(64, None, 64, &ana);
        check(MAX_HOPS, None, MAX_HOPS, &ana);
        check(MAX_HOPS + 2, None, MAX_HOPS, &Root::TooFar(dlg("dlg-2")));
        check(3, Some("dlg-9"), 3, &Root::Missing(dlg("dlg-9")));
        check(3, Some("dlg-3"), 3, &Root::Cycle(dlg("dlg-3")));
        check(3, Some("dlg-2"), 3, &Root::Cycle(dlg("dlg-2")));
        check(1, Some("dlg-1"), 1, &Root::Cycle(dlg("dlg-1")));
        check(0, None, 0, &Root::Missing(dlg("dlg-0")));
    }
}
