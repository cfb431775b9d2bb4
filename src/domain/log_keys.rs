//! Which log keys were in force when, and which must sign a checkpoint (docs/KEY_ROTATION.md). The publisher asks before it signs,
//! `onus verify` asks again: one function, so that the two cannot differ. It knows public keys only.

use crate::domain::key_rotated::KeyRotated;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::Vkey;

/// The first key and those that followed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    first: Vkey,
    followed: Vec<Followed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Followed {
    index: LeafIndex,
    key: Vkey,
    overlap_until: Timestamp,
}

/// A rotation that was followed: from one key to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap<'h> {
    /// The entry that says so.
    pub index: LeafIndex,
    /// The key before it.
    pub old: &'h Vkey,
    /// The key from there on.
    pub new: &'h Vkey,
    /// So long both sign.
    pub until: Timestamp,
}

/// A key that must sign a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MustSign<'h> {
    /// Which.
    pub vkey: &'h Vkey,
    /// Why.
    pub because: Because,
}

/// Why a key must sign a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is in force at that size.
    InForce,
    /// The checkpoint is the first that covers the rotation away from it: who has this key only follows no other.
    FirstToCover(LeafIndex),
    /// The overlap of that rotation has not ended.
    InOverlap(LeafIndex),
}

/// Why a rotation is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// The key that agreed is not the one in force.
    #[error("it follows the key {named}, and {present} is in force")]
    OtherKey {
        /// The old key as the entry names it.
        named: String,
        /// The key in force.
        present: String,
    },
    /// The new key is an earlier one.
    #[error("its new key was in force before")]
    Returned,
}

impl KeyHistory {
    /// Of a ledger whose entry 0 names this key.
    pub const fn new(first: Vkey) -> Self {
        Self { first, followed: Vec::new() }
    }

    /// The entry at `index` says that a key follows the one in force.
    pub fn follow(&mut self, index: LeafIndex, rotated: &KeyRotated) -> Result<(), NotFollowed> {
        if rotated.old_key() != self.present() {
            return Err(NotFollowed::OtherKey { named: rotated.old_key().to_string(), present: self.present().to_string() });
        }
        if self.keys().any(|key| key.public_key() == rotated.new_key().public_key()) {
            return Err(NotFollowed::Returned);
        }
        self.followed.push(Followed { index, key: rotated.new_key().clone(), overlap_until: rotated.overlap_until() });
        Ok(())
    }

    /// The key in force after the last rotation.
    pub fn present(&self) -> &Vkey {
        self.followed.last().map_or(&self.first, |last| &last.key)
    }

    /// All of them, the oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &Vkey> {
        std::iter::once(&self.first).chain(self.followed.iter().map(|one| &one.key))
    }

    /// The rotations, the oldest first.
    pub fn overlaps(&self) -> impl Iterator<Item = Overlap<'_>> {
        self.keys().zip(&self.followed).map(|(old, next)| Overlap { index: next.index, old, new: &next.key, until: next.overlap_until })
    }

    /// The keys that must sign the checkpoint of that size, the one in force first. `recorded_at`: when the last entry it covers was
    /// recorded, if that can be told. `before`: the size of the checkpoint before it, 0 if there is none.
    pub fn must_sign(&self, size: TreeSize, recorded_at: Option<Timestamp>, before: TreeSize) -> Vec<MustSign<'_>> {
        let mut needed = vec![MustSign { vkey: &self.first, because: Because::InForce }];
        for Overlap { index, old, new, until } in self.overlaps().take_while(|overlap| size.contains(overlap.index)) {
            needed[0].vkey = new;
            let because = if !before.contains(index) {
                Because::FirstToCover(index)
            } else if recorded_at.is_some_and(|recorded_at| recorded_at < until) {
                Because::InOverlap(index)
            } else {
                continue;
            };
            needed.push(MustSign { vkey: old, because });
        }
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key_rotated::tests::{rotated, signer};

    fn at(index: u64) -> LeafIndex {
        LeafIndex::new(index).unwrap()
    }

    /// Rotations at 10 and 20; the first overlap outlasts the second.
    fn history() -> KeyHistory {
        let mut history = KeyHistory::new(signer(1).vkey().clone());
        history.follow(at(10), &rotated(1, 2, "2026-11-24T12:00:30Z")).unwrap();
        history.follow(at(20), &rotated(2, 3, "2026-11-24T12:00:25Z")).unwrap();
        history
    }

    /// Entry n is recorded n seconds after noon.
    #[test]
    fn the_key_in_force_signs_and_each_overlap_stands_for_itself() {
        use Because::{FirstToCover, InForce, InOverlap};
        let history = history();
        let seed_of = |key: &Vkey| (1..=3).find(|seed| signer(*seed).vkey() == key).unwrap();
        for (size, before, expected) in [
            (10, 0, vec![(1, InForce)]),
            (11, 10, vec![(2, InForce), (1, FirstToCover(at(10)))]),
            (15, 9, vec![(2, InForce), (1, FirstToCover(at(10)))]),
            (16, 15, vec![(2, InForce), (1, InOverlap(at(10)))]),
            (21, 16, vec![(3, InForce), (1, InOverlap(at(10))), (2, FirstToCover(at(20)))]),
            (21, 9, vec![(3, InForce), (1, FirstToCover(at(10))), (2, FirstToCover(at(20)))]),
            (25, 21, vec![(3, InForce), (1, InOverlap(at(10))), (2, InOverlap(at(20)))]),
            (26, 25, vec![(3, InForce), (1, InOverlap(at(10)))]),
            (31, 26, vec![(3, InForce)]),
            (90, 19, vec![(3, InForce), (2, FirstToCover(at(20)))]),
        ] {
            let recorded_at = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap().plus_ms(i64::from(size - 1) * 1000);
            let of = |size: i32| TreeSize::new(u64::try_from(size).unwrap()).unwrap();
            let needed = history.must_sign(of(size), recorded_at, of(before));
            let found: Vec<(u8, Because)> = needed.iter().map(|one| (seed_of(one.vkey), one.because)).collect();
            assert_eq!(found, expected, "size {size} after {before}");
        }
    }

    #[test]
    fn only_the_key_in_force_names_its_successor_and_none_comes_back() {
        let mut history = history();
        let foreign = history.follow(at(30), &rotated(1, 4, "2026-12-24T12:00:00Z")).unwrap_err();
        assert!(matches!(foreign, NotFollowed::OtherKey { .. }), "{foreign}");
        assert_eq!(history.follow(at(30), &rotated(3, 1, "2026-12-24T12:00:00Z")), Err(NotFollowed::Returned));
        assert_eq!((history.present(), history.keys().count()), (signer(3).vkey(), 3));
    }
}
