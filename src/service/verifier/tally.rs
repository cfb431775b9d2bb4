//! Keeps count within one check: right, wrong, not to be told.

use crate::service::verifier::report::{Check, CheckName, Fault, Outcome, Place};
use crate::tlog::position::LeafIndex;

/// A check under way.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    name: CheckName,
    covered: u64,
    of: u64,
    fault: Option<Fault>,
    gap: Option<String>,
    pub(super) notes: Vec<String>,
}

impl Tally {
    /// A check of so many things, none of which has been looked at.
    pub(super) const fn new(name: CheckName, of: u64) -> Self {
        Self { name, covered: 0, of, fault: None, gap: None, notes: Vec::new() }
    }

    /// One more thing to look at.
    pub(super) const fn expect_one(&mut self) {
        self.of += 1;
    }

    /// One thing is right.
    pub(super) const fn right(&mut self) {
        self.covered += 1;
    }

    /// So many things are right.
    pub(super) const fn all_right(&mut self, count: u64) {
        self.covered += count;
    }

    /// One thing is wrong.
    pub(super) fn wrong(&mut self, place: Place, reason: impl Into<String>) {
        self.covered += 1;
        self.blame(place, reason);
    }

    /// One thing at an entry is wrong.
    pub(super) fn wrong_at(&mut self, index: LeafIndex, reason: impl Into<String>) {
        self.wrong(Place::Entry(index), reason);
    }

    /// Something is wrong that does not count among the things looked at.
    pub(super) fn blame(&mut self, place: Place, reason: impl Into<String>) {
        match &mut self.fault {
            Some(first) => {
                first.count += 1;
                // Whoever goes through the ledger in another order than the ledger's still names the earliest entry.
                if place.entry().is_some_and(|index| first.place.entry().is_none_or(|known| index < known)) {
                    (first.place, first.reason) = (place, reason.into());
                }
            }
            None => self.fault = Some(Fault { place, reason: reason.into(), count: 1 }),
        }
    }

    /// So many things are wrong, of which this is the first.
    pub(super) fn blame_all(&mut self, count: u64, place: Place, reason: impl Into<String>) {
        if count > 0 {
            self.blame(place, reason);
        }
        if let Some(fault) = &mut self.fault {
            fault.count += count.saturating_sub(1);
        }
    }

    /// So many more things were there to be looked at, and all of them were.
    pub(super) const fn looked_at(&mut self, count: u64) {
        self.of += count;
        self.covered += count;
    }

    /// Something could not be looked at; the first reason is told.
    pub(super) fn cannot_tell(&mut self, reason: impl Into<String>) {
        self.gap.get_or_insert_with(|| reason.into());
    }

    /// Whether anything is wrong so far.
    pub(super) const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The same fault, told more exactly.
    pub(super) fn refine(&mut self, place: Place, reason: String) {
        if let Some(fault) = &mut self.fault {
            (fault.place, fault.reason) = (place, reason);
        }
    }

    /// What came of it.
    pub(super) fn finish(self) -> Check {
        let Self { name, covered, of, fault, gap, notes } = self;
        let outcome = match (fault, gap) {
            (Some(fault), _) => Outcome::Failed(fault),
            (None, Some(reason)) => Outcome::Partly(reason),
            (None, None) if covered < of => Outcome::Partly("not everything was there to be looked at".to_owned()),
            (None, None) => Outcome::Passed,
        };
        Check { name, covered, of, outcome, notes, is_optional: false }
    }
}
