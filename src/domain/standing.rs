//! Whether a delegation holds at some instant, and if not, which of its ancestors is the reason: for a delegation's page.

use crate::domain::chain::{Chain, Root};
use crate::domain::ids::DelegationId;
use crate::domain::narrowing::start_of;
use crate::tlog::time::Timestamp;

/// How a delegation stands at some instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    Active,
    /// It, or an ancestor, does not hold yet.
    NotYetValid {
        /// Which; the last one to begin.
        by: DelegationId,
        /// From when it holds.
        from: Timestamp,
    },
    /// Its time, or an ancestor's, has run out.
    Expired {
        /// Which; the first one to end.
        by: DelegationId,
        /// When.
        at: Timestamp,
    },
    /// It, or an ancestor, was taken back.
    Revoked {
        /// Which; the first one to end.
        by: DelegationId,
        /// When.
        at: Timestamp,
    },
    /// Nothing known speaks against it, but an ancestor is not in the ledger.
    Undetermined {
        /// The missing one, or the one at which the chain turns in a circle.
        missing: DelegationId,
    },
}

impl Standing {
    /// The word of the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
            Self::Undetermined { .. } => "undetermined",
        }
    }
}

/// How the named delegation of a chain stands at `now`. What ended it first counts: a delegation that had run out before it
/// was taken back has run out. Of two ends at one instant, the revocation is told: somebody meant it.
pub fn standing(chain: &Chain, now: Timestamp) -> Standing {
    let first_end = chain.ends().filter(|end| end.at <= now).min_by_key(|end| (end.at, end.revocation.is_none()));
    if let Some(end) = first_end {
        let (by, at) = (end.hop.id().clone(), end.at);
        return if end.revocation.is_some() { Standing::Revoked { by, at } } else { Standing::Expired { by, at } };
    }
    let last_start = chain.hops.iter().max_by_key(|hop| start_of(hop.terms()));
    if let Some(hop) = last_start.filter(|hop| start_of(hop.terms()) > now) {
        return Standing::NotYetValid { by: hop.id().clone(), from: start_of(hop.terms()) };
    }
    match &chain.root {
        Root::Missing(id) | Root::Cycle(id) | Root::TooFar(id) => Standing::Undetermined { missing: id.clone() },
        _ => Standing::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_world::{World, at, dlg, revoked};

    #[track_caller]
    fn check(put: fn(&mut World), now: &str, expected: &Standing) {
        let mut world = World::of_refund();
        put(&mut world);
        let Ok(chain) = Chain::resolve(&world.past(), &dlg("dlg-2"));
        assert_eq!(standing(&chain, at(now)), *expected);
    }

    #[test]
    fn a_standing_names_the_ancestor_that_decides_it() {
        let (by, top) = (dlg("dlg-2"), dlg("dlg-1"));
        check(|_| {}, "09:00", &Standing::Active);
        check(|_| {}, "08:15", &Standing::NotYetValid { by: by.clone(), from: at("08:30") });
        check(|_| {}, "11:00", &Standing::Expired { by: by.clone(), at: at("11:00") });
        check(|w| w.delegation("dlg-1").expires_at = at("10:00"), "11:30", &Standing::Expired { by: top.clone(), at: at("10:00") });
        check(|w| w.before.push(revoked("dlg-1", "10:00", true)), "10:00", &Standing::Revoked { by: top.clone(), at: at("10:00") });
        check(|w| w.before.push(revoked("dlg-1", "10:00", false)), "10:00", &Standing::Active);
        check(|w| w.before.push(revoked("dlg-2", "11:00", false)), "11:30", &Standing::Revoked { by: by.clone(), at: at("11:00") });
        check(|w| w.before.push(revoked("dlg-2", "11:01", false)), "11:30", &Standing::Expired { by, at: at("11:00") });
        check(|w| drop(w.before.remove(0)), "09:00", &Standing::Undetermined { missing: top });
    }
}
