//! Tiles (C2SP tlog-tiles; C2SP.md section 6): how hashes and entries are cut into resources that never change, their paths and bytes.

use std::fmt;

use super::decimal::parse_decimal;
use super::hash::NodeHash;
use super::position::{LeafIndex, MAX_POSITION, TreeSize};
use super::tree::Nodes;

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Bytes of a hash in a tile.
pub const HASH_BYTES: usize = 32;
/// Bytes of a full tile.
pub const FULL_TILE_BYTES: usize = 256 * HASH_BYTES;
/// Levels of the tree that one tile holds.
pub const TILE_HEIGHT: u8 = 8;
/// Highest level that a path can name.
pub const MAX_LEVEL: u8 = 63;
/// Longest entry that a bundle can hold.
pub const MAX_BUNDLED_BYTES: usize = u16::MAX as usize;

/// How much of a tile or bundle there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileWidth {
    /// 256.
    Full,
    /// 1 to 255, as many as there were at some size.
    Partial(std::num::NonZeroU8),
}

/// What a path under `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TilePath {
    /// `tile/<level>/<n>`
    Hashes {
        /// 0 for leaf hashes.
        level: u8,
        /// Which, from 0.
        n: u64,
        /// How much of it.
        width: TileWidth,
    },
    /// `tile/entries/<n>`
    Entries {
        /// Which, from 0.
        n: u64,
        /// How much of it.
        width: TileWidth,
    },
}

/// Why bytes are no entry bundle, or entries make none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not 1 to 256.
    #[error("a bundle holds 1 to 256 entries, this {count}")]
    Count {
        /// How many.
        count: usize,
    },
    /// More than [`MAX_BUNDLED_BYTES`].
    #[error("entry {position} of the bundle has {length} bytes, more than {MAX_BUNDLED_BYTES}")]
    EntryTooLong {
        /// In the bundle, from 0.
        position: usize,
        /// In bytes.
        length: usize,
    },
    /// The bytes end within an entry.
    #[error("the bundle ends within entry {position}")]
    Cut {
        /// In the bundle, from 0.
        position: usize,
    },
}

impl TileWidth {
    /// 1 to 256.
    pub fn get(self) -> u64 {
        match self {
            Self::Full => TILE_WIDTH,
            Self::Partial(width) => u64::from(width.get()),
        }
    }
}

/// How many full tiles of that level a tree of that size has.
pub fn full_tiles(size: TreeSize, level: u8) -> u64 {
    hashes_at(size, level) / TILE_WIDTH
}

/// How wide the partial tile of that level is; `None` if there is none. Its number is [`full_tiles`].
pub fn partial_width(size: TreeSize, level: u8) -> Option<TileWidth> {
    let width = u8::try_from(hashes_at(size, level) % TILE_WIDTH).expect("a remainder of 256");
    std::num::NonZeroU8::new(width).map(TileWidth::Partial)
}

/// The tiles `(level, n)` that become full while a tree grows, each after those it is made of.
pub fn newly_full(from: TreeSize, to: TreeSize) -> impl Iterator<Item = (u8, u64)> {
    let levels = 0..u8::try_from(u64::BITS).expect("64") / TILE_HEIGHT;
    levels.flat_map(move |level| (full_tiles(from, level)..full_tiles(to, level)).map(move |n| (level, n)))
}

/// How many hashes the tiles of one level hold: the complete subtrees of `256^level` leaves.
fn hashes_at(size: TreeSize, level: u8) -> u64 {
    size.get().checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// The bytes of a hash tile. Every hash in it must be of a complete subtree: see [`TilePath::is_within`].
pub fn tile_hashes<N: Nodes>(nodes: &N, level: u8, n: u64, width: TileWidth) -> Result<Vec<u8>, N::Error> {
    let mut bytes = Vec::with_capacity(FULL_TILE_BYTES);
    // A level past 31 is past every tree; so is what it saturates to, and the source of nodes says so.
    let level = level.saturating_mul(TILE_HEIGHT);
    for position in 0..width.get() {
        bytes.extend_from_slice(nodes.node(level, n * TILE_WIDTH + position)?.as_bytes());
    }
    Ok(bytes)
}

/// The top of the complete subtree over 1, 2, 4, … 256 hashes that lie next to each other in a tile.
pub fn top_of(hashes: &[[u8; HASH_BYTES]]) -> NodeHash {
    debug_assert!(hashes.len().is_power_of_two(), "{} hashes are no complete subtree", hashes.len());
    if let [hash] = hashes {
        return NodeHash::from_bytes(*hash);
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    NodeHash::above(top_of(left), top_of(right))
}

/// The bytes of a bundle: each entry behind its length.
pub fn encode_bundle(entries: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, BundleError> {
    if !(1..=256).contains(&entries.len()) {
        return Err(BundleError::Count { count: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.as_ref().len() + 2).sum());
    for (position, entry) in entries.iter().map(AsRef::as_ref).enumerate() {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong { position, length: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle.
pub fn decode_bundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let position = entries.len();
        if position == 256 {
            return Err(BundleError::Count { count: 257 });
        }
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(BundleError::Cut { position })?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(BundleError::Cut { position })?;
        entries.push(entry);
        bytes = rest;
    }
    if entries.is_empty() { Err(BundleError::Count { count: 0 }) } else { Ok(entries) }
}

impl TilePath {
    /// Reads a path below the log's prefix; `None` for all that is not written in the one form.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, TileWidth::Partial(u8::try_from(parse_decimal(width)?).ok()?.try_into().ok()?)),
            None => (rest, TileWidth::Full),
        };
        let n = parse_tile_number(number)?;
        if kind == "entries" {
            return Some(Self::Entries { n, width });
        }
        let level = u8::try_from(parse_decimal(kind)?).ok().filter(|level| *level <= MAX_LEVEL)?;
        Some(Self::Hashes { level, n, width })
    }

    /// Whether a tree of that size has all of it. Other tiles do not exist and must not be served.
    pub fn is_within(self, size: TreeSize) -> bool {
        let (level, n, width) = match self {
            Self::Hashes { level, n, width } => (level, n, width),
            Self::Entries { n, width } => (0, n, width),
        };
        n * TILE_WIDTH + width.get() <= hashes_at(size, level)
    }

    /// The index of the first entry of a bundle, or of the first leaf under a tile; `None` past any ledger.
    pub fn first_leaf(self) -> Option<LeafIndex> {
        let (level, n) = match self {
            Self::Hashes { level, n, .. } => (level, n),
            Self::Entries { n, .. } => (0, n),
        };
        let leaves_in_one = 1_u64.checked_shl((u32::from(level) + 1) * u32::from(TILE_HEIGHT))?;
        LeafIndex::new(n.checked_mul(leaves_in_one)?)
    }
}

/// Base 1000: three digits a group, an `x` before every group but the last, no group of zeros in front.
fn parse_tile_number(text: &str) -> Option<u64> {
    let mut groups = text.split('/').peekable();
    if text.starts_with("x000") {
        return None;
    }
    let mut n: u64 = 0;
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        n = n * 1000 + digits.parse::<u64>().ok()?;
        if n > MAX_POSITION / TILE_WIDTH {
            return None;
        }
    }
    Some(n)
}

fn write_tile_number(n: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if n >= 1000 {
        write_tile_groups(n / 1000, f)?;
    }
    write!(f, "{:03}", n % 1000)
}

fn write_tile_groups(n: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if n >= 1000 {
        write_tile_groups(n / 1000, f)?;
    }
    write!(f, "x{:03}/", n % 1000)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, width) = match self {
            Self::Hashes { level, n, width } => {
                write!(f, "tile/{level}/")?;
                (*n, *width)
            }
            Self::Entries { n, width } => {
                f.write_str("tile/entries/")?;
                (*n, *width)
            }
        };
        write_tile_number(n, f)?;
        match width {
            TileWidth::Full => Ok(()),
            TileWidth::Partial(width) => write!(f, ".p/{width}"),
        }
    }
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
