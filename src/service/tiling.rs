//! The right edge of the tiled tree: which hashes stand in tiles that are not full yet. Full tiles are handed out once, to be kept.

use std::convert::Infallible;

use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::hash::{LeafHash, NodeHash, RootHash};
use crate::tlog::position::TreeSize;
use crate::tlog::tree::{Frontier, Nodes};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;

/// The hashes of the tiles that are not full yet, one list a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileEdge {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    full_tiles: u64,
    hashes: Vec<NodeHash>,
}

/// A tile that has just become full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// 0 holds leaf hashes.
    pub level: u8,
    /// Its place within the level.
    pub index: u64,
    /// 256 hashes of 32 bytes.
    pub hashes: Vec<u8>,
}

impl TileEdge {
    /// The edge of the tree of `size` leaves, from full tiles and, past the last of them, from entries.
    pub fn load(rows: Rows<'_>, size: TreeSize) -> Result<Self, StoreError> {
        let mut edge = Self::default();
        let mut count = size.get();
        let mut level = 0u8;
        while count > 0 {
            let full_tiles = count / 256;
            let width = usize::try_from(count % 256).unwrap_or(0);
            let hashes =
                if level == 0 { leaf_hashes(rows, full_tiles * 256, width)? } else { tops(rows, level - 1, full_tiles * 256, width)? };
            edge.levels.push(Level { full_tiles, hashes });
            count = full_tiles;
            level += 1;
        }
        Ok(edge)
    }

    /// The tops of the complete subtrees of the whole tree: what the hashes at its edge are the leaves and nodes of.
    pub fn frontier(&self) -> Frontier {
        match Frontier::load(self, self.size()) {
            Ok(frontier) => frontier,
            Err(never) => match never {},
        }
    }

    /// How many leaves there are.
    pub fn size(&self) -> TreeSize {
        let leaves = self.levels.first().map_or(0, |l| l.full_tiles * 256 + l.hashes.len() as u64);
        TreeSize::new(leaves).expect("it was loaded or grown within the bounds of a ledger")
    }

    /// The top of a full tile, while its place in the level above stands at the edge. It never changes.
    pub fn top(&self, level: u8, n: u64) -> Option<NodeHash> {
        let above = self.levels.get(usize::from(level) + 1)?;
        let at = usize::try_from(n.checked_sub(above.full_tiles * 256)?).ok()?;
        above.hashes.get(at).copied()
    }

    /// Adds a leaf; whatever tiles it fills are handed out, lowest first.
    pub fn append(&mut self, leaf: LeafHash) -> Vec<FullTile> {
        let mut full = Vec::new();
        let mut hash = leaf.as_node();
        for level in 0u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Level::default());
            }
            let edge = &mut self.levels[at];
            edge.hashes.push(hash);
            if edge.hashes.len() < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(&mut edge.hashes);
            full.push(FullTile { level, index: edge.full_tiles, hashes: hashes.iter().flat_map(|h| *h.as_bytes()).collect() });
            edge.full_tiles += 1;
            hash = top_of(&hashes);
        }
        full
    }
}

impl Nodes for TileEdge {
    type Error = Infallible;

    /// Only nodes at the edge, as [`Frontier::load`] asks for them.
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Infallible> {
        let edge = &self.levels[usize::from(level / 8)];
        let width = 1u64 << (level % 8);
        let from = usize::try_from(index * width - edge.full_tiles * 256).expect("within one tile");
        Ok(top_of(&edge.hashes[from..from + (1 << (level % 8))]))
    }
}

/// The top over a power of two of hashes.
fn top_of(hashes: &[NodeHash]) -> NodeHash {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    NodeHash::above(top_of(left), top_of(right))
}

/// The root at any size up to the head's, recomputed from full tiles and entries.
pub fn root_at(rows: Rows<'_>, size: TreeSize) -> Result<RootHash, StoreError> {
    Ok(TileEdge::load(rows, size)?.frontier().root())
}

fn leaf_hashes(rows: Rows<'_>, from: u64, width: usize) -> Result<Vec<NodeHash>, StoreError> {
    let mut hashes = Vec::with_capacity(TILE_WIDTH);
    rows.each_entry(from, width as u64, |_, bytes| {
        hashes.push(LeafHash::of(bytes).as_node());
        Ok::<_, StoreError>(())
    })?;
    if hashes.len() == width { Ok(hashes) } else { Err(StoreError::Unusable(format!("entries are missing past index {from}"))) }
}

fn tops(rows: Rows<'_>, level: u8, from: u64, width: usize) -> Result<Vec<NodeHash>, StoreError> {
    let mut hashes = Vec::with_capacity(TILE_WIDTH);
    for index in (from..).take(width) {
        let tile = rows.tile(level, index)?.ok_or_else(|| StoreError::Unusable(format!("the tile {level}/{index} is missing")))?;
        let (nodes, rest) = tile.as_chunks::<32>();
        if nodes.len() != TILE_WIDTH || !rest.is_empty() {
            return Err(StoreError::Unusable(format!("the tile {level}/{index} has {} bytes instead of 8192", tile.len())));
        }
        hashes.push(top_of(&nodes.iter().map(|n| NodeHash::from_bytes(*n)).collect::<Vec<_>>()));
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_has_the_root_of_the_whole_tree_and_hands_out_each_full_tile_once() {
        let mut edge = TileEdge::default();
        let mut frontier = Frontier::default();
        let mut full = Vec::new();
        for i in 0..70_000u32 {
            let leaf = LeafHash::of(format!("entry-{i}").as_bytes());
            full.extend(edge.append(leaf).into_iter().map(|t| (t.level, t.index)));
            frontier.append(leaf);
            if i % 997 == 0 {
                assert_eq!(edge.frontier(), frontier);
                let full_tiles = u64::from(i + 1) / 256;
                assert_eq!(edge.top(0, full_tiles), None, "it is not full yet");
                assert_eq!(full_tiles.checked_sub(1).and_then(|n| edge.top(0, n)).is_some(), full_tiles % 256 > 0);
            }
        }
        assert_eq!(edge.frontier().root().to_hex(), "a62a54be33294ffd5a5c4c637fd754630b71a892e8356e3a666a5c8a7ffd1518");
        full.sort_unstable();
        let expected: Vec<_> = (0..273).map(|n| (0, n)).chain([(1, 0)]).collect();
        assert_eq!(full, expected);
    }
}
