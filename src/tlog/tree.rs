//! The Merkle tree of RFC 6962 over leaf hashes: its root at any size, from the few complete subtrees that need to be known.
//!
//! It keeps no tree. Where nodes lie is the caller's business, behind [`Nodes`].

use super::hash::{LeafHash, NodeHash, RootHash};
use super::position::TreeSize;

/// Complete subtrees, wherever they are kept.
pub trait Nodes {
    /// Why a node could not be had.
    type Error;

    /// The top of the complete subtree over the leaves `index · 2^level` up to `(index + 1) · 2^level`.
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Self::Error>;
}

/// The right edge of a growing tree: the tops of its complete subtrees, largest first. All that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: TreeSize,
    tops: Vec<NodeHash>,
}

impl Frontier {
    /// The edge of a tree whose nodes are kept elsewhere.
    pub fn load<N: Nodes>(nodes: &N, size: TreeSize) -> Result<Self, N::Error> {
        Ok(Self { size, tops: tops(nodes, 0, size.get())? })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Adds a leaf on the right.
    pub fn append(&mut self, leaf: LeafHash) {
        let index = self.size.next_index();
        let mut top = leaf.as_node();
        // Each one at the end of the index in binary is a subtree that the new leaf completes the sibling of.
        for _ in 0..index.get().trailing_ones() {
            let left = self.tops.pop().expect("one top for each one of the size in binary");
            top = NodeHash::above(left, top);
        }
        self.tops.push(top);
        self.size = index.size_with();
    }

    /// The root at the present size.
    pub fn root(&self) -> RootHash {
        join(&self.tops).map_or_else(RootHash::empty, NodeHash::as_root)
    }
}

/// The root of the first `size` leaves.
pub fn root<N: Nodes>(nodes: &N, size: TreeSize) -> Result<RootHash, N::Error> {
    Ok(Frontier::load(nodes, size)?.root())
}

/// The tree hash of the leaves `from` up to `to`: one of the subtrees that RFC 6962 cuts a tree into, so `from < to`, and `from` is a
/// multiple of every power of two that fits into the rest.
pub(super) fn subtree<N: Nodes>(nodes: &N, from: u64, to: u64) -> Result<NodeHash, N::Error> {
    Ok(join(&tops(nodes, from, to)?).expect("a subtree has a leaf"))
}

/// The largest power of two below `width`, where RFC 6962 cuts a tree of more than one leaf.
pub(super) const fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The tops of the complete subtrees that lie next to each other in such a range, largest first.
fn tops<N: Nodes>(nodes: &N, mut from: u64, to: u64) -> Result<Vec<NodeHash>, N::Error> {
    let mut tops = Vec::with_capacity(to.abs_diff(from).count_ones() as usize);
    while from < to {
        let level = (to - from).ilog2();
        tops.push(nodes.node(u8::try_from(level).expect("a u64 has 64 bits"), from >> level)?);
        from += 1 << level;
    }
    Ok(tops)
}

fn join(tops: &[NodeHash]) -> Option<NodeHash> {
    tops.iter().rev().copied().reduce(|right, left| NodeHash::above(left, right))
}

#[cfg(test)]
pub(super) mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// The recursive definition, word for word.
    pub(in crate::tlog) fn naive_root(leaves: &[LeafHash]) -> RootHash {
        fn mth(leaves: &[LeafHash]) -> NodeHash {
            if let [leaf] = leaves {
                return leaf.as_node();
            }
            let k = leaves.len().next_power_of_two() / 2;
            NodeHash::above(mth(&leaves[..k]), mth(&leaves[k..]))
        }
        if leaves.is_empty() { RootHash::empty() } else { mth(leaves).as_root() }
    }

    /// Nodes computed anew from the leaves each time.
    pub(in crate::tlog) struct Leaves(pub(in crate::tlog) Vec<LeafHash>);

    impl Nodes for Leaves {
        type Error = Infallible;
        fn node(&self, level: u8, index: u64) -> Result<NodeHash, Infallible> {
            let width = 1_usize << level;
            let from = usize::try_from(index).unwrap() * width;
            Ok(NodeHash::from_bytes(*naive_root(&self.0[from..from + width]).as_bytes()))
        }
    }

    pub(in crate::tlog) fn entries(count: usize) -> Leaves {
        Leaves((0..count).map(|i| LeafHash::of(format!("entry-{i}").as_bytes())).collect())
    }

    pub(in crate::tlog) fn size(size: usize) -> TreeSize {
        TreeSize::new(u64::try_from(size).unwrap()).unwrap()
    }

    /// C2SP.md section 9.1.
    #[test]
    fn the_small_tree_has_the_published_roots() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "40766b2033429026f53d54502679a839706b4741f8dcaf3a8bba5f41b5ffe075",
            "2f27a5082c1d42afa488ac350a9fc4390c084f54f71ecdff859e98db8429b479",
            "a64bf26e09128f6fe2fe6f8b2d8c801e166b57c047a7cd9b2b809e7a96a2f1cb",
            "256b9e8825e5d370a4ae005d0901ea291977e2927f5cf8e3e72660dd09519edb",
            "1aa68d3074905a581f84cbbd0f753794904fd80451bc4c13e69d9a53bc59502c",
            "08783a523d260480de2ccf0976d7411ed8adaf06f75d5a5de2254c58f968eca9",
            "9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d",
        ];
        let leaves = entries(7);
        for (n, expected) in roots.iter().enumerate() {
            assert_eq!(root(&leaves, size(n)).unwrap().to_hex(), *expected, "size {n}");
            assert_eq!(naive_root(&leaves.0[..n]).to_hex(), *expected, "size {n}");
        }
        assert_eq!(leaves.0[6].to_hex(), "0cfda576ff4b29ea33c3afdaeed1bd637eb654b28a04302fcab5fd7db07801cc");
    }

    #[test]
    fn a_growing_edge_has_the_root_of_the_definition_at_every_size() {
        let leaves = entries(140);
        let mut frontier = Frontier::default();
        for (n, leaf) in leaves.0.iter().enumerate() {
            assert_eq!(frontier.root(), naive_root(&leaves.0[..n]), "size {n}");
            assert_eq!(Frontier::load(&leaves, size(n)).unwrap(), frontier, "size {n}");
            frontier.append(*leaf);
        }
        assert_eq!(frontier.size(), size(140));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn roots_from_nodes_and_from_the_edge_agree_with_the_definition(count in 0..300_usize, more in 0..40_usize) {
            let leaves = entries(count + more);
            let mut frontier = Frontier::load(&leaves, size(count)).unwrap();
            prop_assert_eq!(frontier.root(), naive_root(&leaves.0[..count]));
            leaves.0[count..].iter().for_each(|leaf| frontier.append(*leaf));
            prop_assert_eq!(frontier.root(), naive_root(&leaves.0));
            prop_assert_eq!(root(&leaves, size(count)).unwrap(), naive_root(&leaves.0[..count]));
        }
    }
}
