//! The log keys as a reader follows them (docs/KEY_ROTATION.md): from the one that entry 0 names, over each rotation that both keys have
//! signed, and whether the key given from outside is among them. Which of them must have signed a checkpoint `checkpoints` asks.

use crate::domain::log_keys::KeyHistory;
use crate::service::log_keys::follow;
use crate::service::opened::{ReadError, open_entry};
use crate::service::verifier::outside::Genesis;
use crate::service::verifier::report::{Check, CheckName};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::vkey::Vkey;

/// The keys that were followed, and the rotations that were not.
pub(super) struct FollowedKeys {
    /// What checkpoints are held against; none without a key.
    pub(super) history: Option<KeyHistory>,
    broken: Vec<(LeafIndex, String)>,
    rotations: u64,
    is_given_named: bool,
}

impl FollowedKeys {
    /// Follows the rotations at those indexes. A key given from outside that no rotation leads to stands alone.
    pub(super) fn read(rows: Rows<'_>, genesis: &Genesis, given: Option<&Vkey>, rotations: &[LeafIndex]) -> Result<Self, StoreError> {
        let mut history = genesis.key.clone().map(KeyHistory::new);
        let mut broken = Vec::new();
        for index in rotations {
            let Some(history) = &mut history else { break };
            let followed = match open_entry(rows, *index) {
                Ok(Some(opened)) => follow(history, &opened),
                Ok(None) => Err("it is missing".to_owned()),
                Err(ReadError::Store(e)) => return Err(e),
                Err(ReadError::Damaged { reason, .. }) => Err(reason),
            };
            broken.extend(followed.err().map(|reason| (*index, format!("the key it names is not followed: {reason}"))));
        }
        let is_given_named = given.is_some_and(|given| history.as_ref().is_some_and(|history| history.keys().any(|key| key == given)));
        if let Some(given) = given.filter(|_| !is_given_named) {
            history = Some(KeyHistory::new(given.clone()));
        }
        Ok(Self { history, broken, rotations: rotations.len() as u64, is_given_named })
    }

    /// All keys that may have signed a checkpoint of this ledger.
    pub(super) fn keys(&self) -> Vec<Vkey> {
        self.history.iter().flat_map(KeyHistory::keys).cloned().collect()
    }

    /// Entry 0 names a key, each rotation holds, and the key given from outside is one of theirs, with a checkpoint to show for it.
    pub(super) fn check(&self, rows: Rows<'_>, genesis: &Genesis, given: Option<&Vkey>) -> Result<Check, StoreError> {
        let mut tally = Tally::new(CheckName::Keys, 1 + self.rotations);
        let first = TreeSize::ZERO.next_index();
        match (&genesis.fault, given, &genesis.key) {
            (Some(fault), ..) => tally.wrong_at(first, fault.clone()),
            (None, Some(_), Some(_)) if self.is_given_named => tally.right(),
            (None, Some(given), Some(named)) if self.rotations == 0 => {
                tally.wrong_at(first, format!("it names the key {named}, and {given} was given"));
            }
            (None, Some(given), Some(named)) => {
                tally.wrong_at(first, format!("it names the key {named}, and no rotation after it leads to {given}, which was given"));
            }
            (None, ..) => {
                tally.cannot_tell("the key was taken from the folder itself: whoever can write the folder could have put it there");
            }
        }
        for (index, reason) in &self.broken {
            tally.wrong_at(*index, reason.clone());
        }
        tally.all_right(self.rotations - self.broken.len() as u64);
        for overlap in self.history.iter().flat_map(KeyHistory::overlaps) {
            let index = overlap.index;
            tally.notes.push(format!("entry {index}: {} follows {}; both sign until {}", overlap.new, overlap.old, overlap.until));
            if given == Some(overlap.new) && rows.checkpoint_past(i64::try_from(index.get()).unwrap_or(i64::MAX))?.is_none() {
                tally.cannot_tell(format!("no checkpoint covers entry {index}, which names the key that was given"));
            }
        }
        Ok(tally.finish())
    }
}
