//! Nodes of the tree from full tiles and the leaf hashes after the last one (C2SP.md section 6.4): what a store needs to prove.
//!
//! Partial tiles are never stored. A hash of theirs is the top of a full tile one level below, and is computed again.

use std::cell::RefCell;
use std::collections::HashMap;

use super::hash::{LeafHash, NodeHash};
use super::position::TreeSize;
use super::tile::{FULL_TILE_BYTES, HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, full_tiles, top_of};
use super::tree::Nodes;

/// Most tiles kept in between: a proof walks upwards, and asks each tile several times in a row.
const MAX_CACHED_TILES: usize = 8;
/// Most tops of full tiles kept in between: all that the partial tiles of seven levels can hold.
const MAX_CACHED_TOPS: usize = 7 * 256;

/// Where full tiles and the last leaf hashes are kept.
pub trait TileSource {
    /// Why they could not be read.
    type Error;

    /// The 8192 bytes of a full hash tile; `None` if it is not there.
    fn full_tile(&self, level: u8, n: u64) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The leaf hashes from index `from`, the first after the last full tile of level 0, to the end.
    fn tail(&self, from: u64) -> Result<Vec<LeafHash>, Self::Error>;

    /// The top of a full tile. A source that keeps it, being asked about the right edge again and again, saves 255 hashes each time.
    fn full_tile_top(&self, _level: u8, _n: u64) -> Result<Option<NodeHash>, Self::Error> {
        Ok(None)
    }
}

/// The nodes of a tree of which the source holds `held` leaves. Lives as long as one reading of the source.
pub struct TileNodes<S> {
    source: S,
    held: TreeSize,
    cache: RefCell<Cache>,
}

/// A full tile's level and number.
type TileKey = (u8, u64);

#[derive(Default)]
struct Cache {
    /// The one used last stands last.
    tiles: Vec<(TileKey, Vec<[u8; HASH_BYTES]>)>,
    tops: HashMap<TileKey, NodeHash>,
    tail: Option<Vec<LeafHash>>,
}

/// Why a node could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileNodesError<E> {
    /// Not a complete subtree of what is held: the caller's mistake.
    #[error("node {index} of level {level} is not in a tree of size {held}")]
    Outside {
        /// Of the tree, from the leaves.
        level: u8,
        /// On that level.
        index: u64,
        /// How many leaves there are.
        held: TreeSize,
    },
    /// A tile that should be there is not, or has another length.
    #[error("the full tile {n} of level {level} is missing or damaged")]
    Tile {
        /// Of the tile.
        level: u8,
        /// Its number.
        n: u64,
    },
    /// Fewer leaf hashes after the last full tile than there should be.
    #[error("{found} leaf hashes follow the last full tile, not {expected}")]
    Tail {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: u64,
    },
    /// The source failed.
    #[error("tiles could not be read")]
    Source(#[source] E),
}

impl<S: TileSource> TileNodes<S> {
    /// The nodes behind `source`, which holds `held` leaves.
    pub fn new(source: S, held: TreeSize) -> Self {
        Self { source, held, cache: RefCell::default() }
    }

    /// The bytes of a full tile of level 1 or above, from the 256 full tiles below it: to be kept as soon as the last of them is.
    pub fn upper_tile(&self, level: u8, n: u64) -> Result<Vec<u8>, TileNodesError<S::Error>> {
        let below = level.checked_sub(1).ok_or(TileNodesError::Tile { level, n })?;
        let mut bytes = Vec::with_capacity(FULL_TILE_BYTES);
        for position in n * TILE_WIDTH..(n + 1) * TILE_WIDTH {
            bytes.extend_from_slice(self.full_tile_top(below, position)?.as_bytes());
        }
        Ok(bytes)
    }

    /// Runs `read` on the hashes of a full tile.
    fn with_tile<T>(&self, level: u8, n: u64, read: impl FnOnce(&[[u8; HASH_BYTES]]) -> T) -> Result<T, TileNodesError<S::Error>> {
        let tiles = &mut self.cache.borrow_mut().tiles;
        if let Some(place) = tiles.iter().position(|(key, _)| *key == (level, n)) {
            let tile = tiles.remove(place);
            tiles.push(tile);
        } else {
            let bytes = self.source.full_tile(level, n).map_err(TileNodesError::Source)?;
            let bytes = bytes.filter(|bytes| bytes.len() == FULL_TILE_BYTES).ok_or(TileNodesError::Tile { level, n })?;
            if tiles.len() == MAX_CACHED_TILES {
                tiles.remove(0);
            }
            tiles.push(((level, n), bytes.as_chunks().0.to_vec()));
        }
        let (_, hashes) = tiles.last().expect("it has just been pushed");
        Ok(read(hashes))
    }

    fn full_tile_top(&self, level: u8, n: u64) -> Result<NodeHash, TileNodesError<S::Error>> {
        if let Some(top) = self.cache.borrow().tops.get(&(level, n)) {
            return Ok(*top);
        }
        let top = match self.source.full_tile_top(level, n).map_err(TileNodesError::Source)? {
            Some(top) => top,
            None => self.with_tile(level, n, top_of)?,
        };
        let tops = &mut self.cache.borrow_mut().tops;
        if tops.len() == MAX_CACHED_TOPS {
            tops.clear();
        }
        tops.insert((level, n), top);
        Ok(top)
    }

    /// One hash of the partial tile of a level; `position` counts from the first hash of the level.
    fn partial_hash(&self, level: u8, position: u64) -> Result<NodeHash, TileNodesError<S::Error>> {
        match level.checked_sub(1) {
            Some(below) => self.full_tile_top(below, position),
            None => self.tail_leaf(position).map(LeafHash::as_node),
        }
    }

    fn tail_leaf(&self, index: u64) -> Result<LeafHash, TileNodesError<S::Error>> {
        let from = full_tiles(self.held, 0) * TILE_WIDTH;
        let tail = &mut self.cache.borrow_mut().tail;
        if tail.is_none() {
            *tail = Some(self.source.tail(from).map_err(TileNodesError::Source)?);
        }
        let leaves = tail.as_deref().unwrap_or_default();
        let leaf = usize::try_from(index - from).ok().and_then(|place| leaves.get(place));
        leaf.copied().ok_or(TileNodesError::Tail { found: leaves.len(), expected: self.held.get() - from })
    }
}

impl<S: TileSource> Nodes for TileNodes<S> {
    type Error = TileNodesError<S::Error>;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Self::Error> {
        let end = index.checked_add(1).and_then(|next| next.checked_mul(1_u64.checked_shl(level.into())?));
        if end.is_none_or(|end| end > self.held.get()) {
            return Err(TileNodesError::Outside { level, index, held: self.held });
        }
        let (tile_level, above_hashes) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << above_hashes;
        let (n, width) = (first / TILE_WIDTH, 1_usize << above_hashes);
        if n < full_tiles(self.held, tile_level) {
            let from = usize::try_from(first % TILE_WIDTH).expect("below 256");
            return self.with_tile(tile_level, n, |hashes| top_of(&hashes[from..from + width]));
        }
        let hashes: Result<Vec<_>, _> = (first..).take(width).map(|position| self.partial_hash(tile_level, position)).collect();
        Ok(top_of(&hashes?.iter().map(|hash| *hash.as_bytes()).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
#[path = "tile_nodes_tests.rs"]
mod tests;
