//! Where an entry stands and how many there are: two numbers that must not be mixed up.

use std::fmt;

/// The largest of either: 2^53 − 1, so that every JSON reader holds it exactly.
pub const MAX_POSITION: u64 = (1 << 53) - 1;

/// The place of an entry in its ledger, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

/// The number of entries of a ledger, or of a tree over its first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreeSize(u64);

impl LeafIndex {
    /// An index no larger than 2^53 − 1.
    pub const fn new(index: u64) -> Option<Self> {
        if index <= MAX_POSITION { Some(Self(index)) } else { None }
    }
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The size of the smallest tree that holds this entry.
    pub const fn size_with(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }
    /// The entry before this one, unless this is entry 0.
    pub const fn before(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(index) => Some(Self(index)),
            None => None,
        }
    }
}

impl TreeSize {
    /// No entries.
    pub const ZERO: Self = Self(0);

    /// A size no larger than 2^53 − 1.
    pub const fn new(size: u64) -> Option<Self> {
        if size <= MAX_POSITION { Some(Self(size)) } else { None }
    }
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The index that the next entry gets.
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }
    /// The index of the last entry, unless there is none.
    pub const fn last_index(self) -> Option<LeafIndex> {
        self.next_index().before()
    }
    /// Whether a tree of this size holds that entry.
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
