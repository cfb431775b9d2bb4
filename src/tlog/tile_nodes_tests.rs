//! Tests of `tile_nodes.rs`: the tree of 70 000 entries of C2SP.md section 9.3 out of tiles, and every small tree against its definition.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::*;
use crate::tlog::hash::{sha256, to_hex};
use crate::tlog::position::LeafIndex;
use crate::tlog::proof::{ProveError, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion};
use crate::tlog::tile::{TilePath, TileWidth, encode_bundle, newly_full, tile_hashes};
use crate::tlog::tree::tests::{entries, naive_root};
use crate::tlog::tree::{Frontier, root};

/// Full tiles and leaf hashes in memory, as a store keeps them, each tile written from what is there before it; counts what is read.
#[derive(Default)]
struct Memory {
    leaves: Vec<LeafHash>,
    tiles: HashMap<(u8, u64), Vec<u8>>,
    reads: Cell<usize>,
    keeps_tops: bool,
}

impl TileSource for &Memory {
    type Error = &'static str;

    fn full_tile(&self, level: u8, n: u64) -> Result<Option<Vec<u8>>, Self::Error> {
        self.reads.set(self.reads.get() + 1);
        Ok(self.tiles.get(&(level, n)).cloned())
    }

    fn tail(&self, from: u64) -> Result<Vec<LeafHash>, Self::Error> {
        self.leaves.get(usize::try_from(from).unwrap()..).map(<[_]>::to_vec).ok_or("the disk is gone")
    }

    fn full_tile_top(&self, level: u8, n: u64) -> Result<Option<NodeHash>, Self::Error> {
        Ok(self.tiles.get(&(level, n)).filter(|_| self.keeps_tops).map(|tile| top_of(tile.as_chunks().0)))
    }
}

impl Memory {
    fn of(leaves: Vec<LeafHash>) -> Self {
        let mut memory = Self { leaves, ..Self::default() };
        for (level, n) in newly_full(TreeSize::ZERO, memory.size()) {
            let bytes = match level {
                0 => memory.leaves[usize::try_from(n * 256).unwrap()..][..256].iter().flat_map(|leaf| *leaf.as_bytes()).collect(),
                _ => memory.nodes().upper_tile(level, n).unwrap(),
            };
            memory.tiles.insert((level, n), bytes);
        }
        memory
    }

    fn size(&self) -> TreeSize {
        TreeSize::new(self.leaves.len().try_into().unwrap()).unwrap()
    }

    fn nodes(&self) -> TileNodes<&Self> {
        TileNodes::new(self, self.size())
    }
}

static SEVENTY_THOUSAND: LazyLock<Vec<LeafHash>> = LazyLock::new(|| entries(70_000).0);

fn tree(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}

/// C2SP.md section 9.3.
#[test]
fn seventy_thousand_entries_have_the_published_roots_and_tiles() {
    let memory = Memory::of(SEVENTY_THOUSAND.clone());
    let nodes = memory.nodes();
    let roots = [
        (256, "f85f4ead34080710b4d1e808301543aaab81aa04deb88599350dc26a4f2f58de"),
        (257, "918b1cec64f317c76e3cf55c0536841c039eff06772ebb8828ce7c176028b5ac"),
        (65_536, "df2c606d114416fa600bf3495152e09e39e8be3d0e2e5501c352826539abda8e"),
        (70_000, "a62a54be33294ffd5a5c4c637fd754630b71a892e8356e3a666a5c8a7ffd1518"),
    ];
    let mut frontier = Frontier::default();
    for (size, expected) in roots {
        assert_eq!(root(&nodes, tree(size)).unwrap().to_hex(), expected, "size {size}");
        let from = usize::try_from(frontier.size().get()).unwrap();
        memory.leaves[from..usize::try_from(size).unwrap()].iter().for_each(|leaf| frontier.append(*leaf));
        assert_eq!(frontier.root().to_hex(), expected, "size {size}");
    }
    let tiles = [
        ("tile/0/000", "8921c57d2f65271c82bf0f686c002793863c80c8d1cbbbf5db6046ff59e8b590"),
        ("tile/0/272", "a7dec3f9664143f7bf3d9bef2a7f5ac8e2f9b2d9f2c3a5e476a16801d6f2f4ac"),
        ("tile/0/273.p/112", "41c090f240cc1bbcec93391099da9f3bde6e87927975e789b8f7794061b27f1d"),
        ("tile/1/000", "3f2180f39b716a1f9ba5b330e55deac1781861f2854c705884f31806688285e0"),
        ("tile/1/001.p/17", "e7be92bf44b56bfc274e384835c09a9b949542f7ef3bed21a46195a871173926"),
        ("tile/2/000.p/1", "a39abb517974ee0fe428abf332453555ac40e6bdf705bb4a4bf919dfa6b3b24c"),
    ];
    for (path, expected) in tiles {
        let Some(TilePath::Hashes { level, n, width }) = TilePath::parse(path) else { panic!("{path}") };
        assert_eq!(to_hex(&sha256(&tile_hashes(&nodes, level, n, width).unwrap())), expected, "{path}");
    }
    let bundle: Vec<_> = (273 * 256..70_000).map(|i| format!("entry-{i}")).collect();
    let expected = "e2ad61b1c0a68bb3fb91d5ddf19152cad4365671577e11ab31558aa5feb8d0ed";
    assert_eq!(to_hex(&sha256(&encode_bundle(&bundle).unwrap())), expected, "tile/entries/273.p/112");
}

/// C2SP.md section 9.1.
#[test]
fn the_published_tile_of_the_small_tree_is_made() {
    let memory = Memory::of(entries(7).0);
    let Some(TilePath::Hashes { level, n, width }) = TilePath::parse("tile/0/000.p/7") else { panic!("a path") };
    let tile = tile_hashes(&memory.nodes(), level, n, width).unwrap();
    assert_eq!(to_hex(&sha256(&tile)), "e99f493b599ba703533533aef52f8c7d065829a1ab763aac3f97a11854400cc9");
}

#[test]
fn proofs_out_of_tiles_hold_at_every_size_that_was() {
    let memory = Memory::of(SEVENTY_THOUSAND.clone());
    let nodes = memory.nodes();
    let sizes = [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 69_888, 69_999, 70_000];
    for to in sizes.map(tree) {
        let later = root(&nodes, to).unwrap();
        for index in sizes.iter().filter_map(|s| LeafIndex::new(s - 1)).filter(|index| to.contains(*index)) {
            let leaf = memory.leaves[usize::try_from(index.get()).unwrap()];
            assert_eq!(verify_inclusion(&prove_inclusion(&nodes, index, to).unwrap(), leaf, later), Ok(()), "{index} in {to}");
            let from = index.size_with();
            let proof = prove_consistency(&nodes, from, to).unwrap();
            assert_eq!(verify_consistency(&proof, root(&nodes, from).unwrap(), later), Ok(()), "{from} to {to}");
        }
    }
}

#[test]
fn small_trees_out_of_tiles_have_the_root_of_the_definition() {
    for count in [0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 700] {
        let memory = Memory::of(SEVENTY_THOUSAND[..count].to_vec());
        for size in [count / 3, count / 2, count.saturating_sub(1), count] {
            let expected = naive_root(&memory.leaves[..size]);
            assert_eq!(root(&memory.nodes(), tree(size.try_into().unwrap())).unwrap(), expected, "{size} of {count}");
        }
    }
}

#[test]
fn each_tile_is_read_once_for_a_proof() {
    let mut memory = Memory::of(SEVENTY_THOUSAND.clone());
    let first = LeafIndex::new(300).unwrap();
    memory.reads.set(0);
    prove_inclusion(&memory.nodes(), first, memory.size()).unwrap();
    assert_eq!(memory.reads.get(), 2 + 17, "the tiles above the entry, and those below the 17 hashes of the partial tile of level 1");
    memory.keeps_tops = true;
    memory.reads.set(0);
    prove_inclusion(&memory.nodes(), first, memory.size()).unwrap();
    assert_eq!(memory.reads.get(), 2, "tops that are kept need no tile");
}

#[test]
fn what_is_missing_damaged_or_outside_is_named() {
    let mut memory = Memory::of(SEVENTY_THOUSAND[..600].to_vec());
    let held = memory.size();
    assert_eq!(memory.nodes().node(0, 600), Err(TileNodesError::Outside { level: 0, index: 600, held }));
    assert_eq!(memory.nodes().node(9, 1), Err(TileNodesError::Outside { level: 9, index: 1, held }));
    assert_eq!(memory.nodes().node(64, 0), Err(TileNodesError::Outside { level: 64, index: 0, held }));
    assert_eq!(memory.nodes().node(3, u64::MAX), Err(TileNodesError::Outside { level: 3, index: u64::MAX, held }));
    assert_eq!(tile_hashes(&memory.nodes(), 63, 0, TileWidth::Full), Err(TileNodesError::Outside { level: 255, index: 0, held }));
    assert_eq!(memory.nodes().upper_tile(0, 0), Err(TileNodesError::Tile { level: 0, n: 0 }), "leaves are not made of tiles");
    assert_eq!(memory.nodes().upper_tile(1, 0), Err(TileNodesError::Tile { level: 0, n: 2 }), "not full yet");
    memory.tiles.get_mut(&(0, 1)).unwrap().pop();
    assert_eq!(memory.nodes().node(1, 130), Err(TileNodesError::Tile { level: 0, n: 1 }));
    memory.tiles.remove(&(0, 0));
    let proof = prove_inclusion(&memory.nodes(), LeafIndex::new(0).unwrap(), held);
    assert_eq!(proof, Err(ProveError::Nodes(TileNodesError::Tile { level: 0, n: 0 })));
    memory.leaves.truncate(550);
    assert_eq!(TileNodes::new(&memory, held).node(0, 560), Err(TileNodesError::Tail { found: 38, expected: 88 }));
    memory.leaves.clear();
    assert_eq!(TileNodes::new(&memory, held).node(0, 560), Err(TileNodesError::Source("the disk is gone")));
}
