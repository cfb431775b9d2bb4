//! Stored hash tiles against the entries' own hashes: every full tile, none missing, none too many.

use crate::service::tiling::{FullTile, TileEdge};
use crate::service::verifier::report::{CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::hash::LeafHash;
use crate::tlog::position::{LeafIndex, TreeSize};

/// Bytes of one hash.
const HASH_BYTES: usize = 32;
/// Bytes of a full tile.
const TILE_BYTES: usize = 256 * HASH_BYTES;

/// Grows the tiles again, leaf by leaf.
pub(super) struct Tiles<'r> {
    rows: Rows<'r>,
    size: TreeSize,
    edge: TileEdge,
    tally: Tally,
}

impl<'r> Tiles<'r> {
    /// Of a ledger of that size.
    pub(super) fn new(rows: Rows<'r>, size: TreeSize) -> Self {
        let full: u64 = (0..8).map(|level| full_tiles(size, level)).sum();
        Self { rows, size, edge: TileEdge::default(), tally: Tally::new(CheckName::Tiles, full) }
    }

    /// Adds a leaf, and compares the tiles that it fills.
    pub(super) fn append(&mut self, leaf: LeafHash) -> Result<(), StoreError> {
        for full in self.edge.append(leaf) {
            let stored = self.rows.tile(full.level, full.index)?;
            match first_difference(&full, stored.as_deref()) {
                None => self.tally.right(),
                Some((place, reason)) => self.tally.wrong_at(place, reason),
            }
        }
        Ok(())
    }

    /// A leaf is missing: no tile past it can be grown.
    pub(super) fn stop(&mut self, at: LeafIndex) {
        self.tally.cannot_tell(format!("without entry {at} no later tile can be computed"));
    }

    /// Looks for tiles that no ledger of this size has.
    pub(super) fn finish(mut self) -> Result<Tally, StoreError> {
        let places = self.rows.tile_places()?;
        for (level, index) in &places {
            let expected = u8::try_from(*level).map_or(0, |level| full_tiles(self.size, level));
            if u64::try_from(*index).map_or(true, |index| index >= expected) {
                self.tally.blame(Place::Ledger, format!("the tile {level}/{index} is not one of a ledger of {} entries", self.size));
            }
        }
        if self.rows.count_all_tiles()? != places.len() as u64 {
            self.tally.blame(Place::Ledger, "there are tiles of another ledger");
        }
        Ok(self.tally)
    }
}

fn full_tiles(size: TreeSize, level: u8) -> u64 {
    size.get().checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0)
}

/// The first leaf under which a stored tile differs from the one computed.
fn first_difference(full: &FullTile, stored: Option<&[u8]>) -> Option<(LeafIndex, String)> {
    let name = format!("the tile {}/{}", full.level, full.index);
    let (position, reason) = match stored {
        None => (0, format!("{name} is missing")),
        Some(stored) if stored.len() != TILE_BYTES => (0, format!("{name} has {} bytes instead of {TILE_BYTES}", stored.len())),
        Some(stored) => {
            let pairs = stored.chunks(HASH_BYTES).zip(full.hashes.chunks(HASH_BYTES));
            let position = pairs.into_iter().position(|(stored, computed)| stored != computed)?;
            (position, format!("{name} holds another hash at place {position} than the entries have"))
        }
    };
    let leaf = (full.index * 256 + position as u64) << (8 * u32::from(full.level));
    LeafIndex::new(leaf).map(|place| (place, reason))
}
