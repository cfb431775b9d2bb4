//! Proofs that an entry stands in a tree, and that a tree grew out of another: made from nodes, verified from hashes alone.
//!
//! The verifiers are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2, step for step.

use super::hash::{LeafHash, NodeHash, RootHash};
use super::position::{LeafIndex, TreeSize};
use super::tree::{Nodes, split, subtree};

/// Longest path that is read; a tree of 2^63 leaves needs no more.
pub const MAX_PATH_HASHES: usize = 63;

/// Shows a leaf's place under a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's place.
    pub index: LeafIndex,
    /// The tree's size.
    pub size: TreeSize,
    /// The leaf's sibling first, a child of the root last.
    pub path: Vec<NodeHash>,
}

/// Shows that the first `from` leaves of a tree of size `to` are those of an earlier tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The earlier size.
    pub from: TreeSize,
    /// The later size.
    pub to: TreeSize,
    /// As RFC 6962 orders them.
    pub path: Vec<NodeHash>,
}

/// Why a proof cannot be made or does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree does not hold the leaf.
    #[error("entry {index} is not in a tree of size {size}")]
    Outside {
        /// Asked for.
        index: LeafIndex,
        /// What there is.
        size: TreeSize,
    },
    /// Every tree grew out of the empty one; that is not proven but known, and decided by the caller.
    #[error("nothing can be proven of a tree of size 0")]
    FromEmpty,
    /// Trees do not shrink.
    #[error("a tree of size {from} cannot become one of size {to}")]
    Shrinks {
        /// The earlier size.
        from: TreeSize,
        /// The later size.
        to: TreeSize,
    },
    /// Not as many hashes as the sizes ask for.
    #[error("a path of {length} hashes is too long or too short for these sizes")]
    PathLength {
        /// How many there are.
        length: usize,
    },
    /// The path leads to another root.
    #[error("the path leads to another root")]
    OtherRoot,
    /// The path leads to another earlier root: the past was changed.
    #[error("the path leads to another earlier root")]
    OtherEarlierRoot,
}

/// Why a proof was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// There is no such proof.
    #[error(transparent)]
    Proof(ProofError),
    /// A node could not be had.
    #[error("a node of the tree could not be had")]
    Nodes(#[source] E),
}

/// The proof that the leaf at `index` is in the tree of the first `size` leaves.
pub fn prove_inclusion<N: Nodes>(nodes: &N, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, ProveError<N::Error>> {
    if !size.contains(index) {
        return Err(ProveError::Proof(ProofError::Outside { index, size }));
    }
    let (mut from, mut to) = (0, size.get());
    let mut siblings = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index.get() < middle {
            siblings.push((middle, to));
            to = middle;
        } else {
            siblings.push((from, middle));
            from = middle;
        }
    }
    Ok(InclusionProof { index, size, path: hashes_upwards(nodes, &siblings)? })
}

/// The proof that the tree of the first `to` leaves grew out of that of the first `from`. None from size 0.
pub fn prove_consistency<N: Nodes>(nodes: &N, earlier: TreeSize, later: TreeSize) -> Result<ConsistencyProof, ProveError<N::Error>> {
    check_growth(earlier, later).map_err(ProveError::Proof)?;
    let (mut from, mut to) = (0, later.get());
    let mut is_all_old = true;
    let mut siblings = Vec::new();
    while earlier.get() != to {
        let middle = from + split(to - from);
        if earlier.get() <= middle {
            siblings.push((middle, to));
            to = middle;
        } else {
            siblings.push((from, middle));
            from = middle;
            is_all_old = false;
        }
    }
    // The earlier tree itself is left out: the verifier has its root.
    if !is_all_old {
        siblings.push((from, to));
    }
    Ok(ConsistencyProof { from: earlier, to: later, path: hashes_upwards(nodes, &siblings)? })
}

/// Verifies that `leaf` is where the proof says under `root`.
///
/// Root and size belong together: several sizes can share a path, so a size is only as good as the checkpoint it comes from.
pub fn verify_inclusion(proof: &InclusionProof, leaf: LeafHash, root: RootHash) -> Result<(), ProofError> {
    let InclusionProof { index, size, path } = proof;
    if !size.contains(*index) {
        return Err(ProofError::Outside { index: *index, size: *size });
    }
    let wrong_length = ProofError::PathLength { length: path.len() };
    if path.len() > MAX_PATH_HASHES {
        return Err(wrong_length);
    }
    let mut walk = Walk { of: index.get(), last: size.get() - 1 };
    let mut hash = leaf.as_node();
    for sibling in path {
        if walk.is_at_root() {
            return Err(wrong_length);
        }
        hash = if walk.goes_left() { NodeHash::above(*sibling, hash) } else { NodeHash::above(hash, *sibling) };
        walk.rise();
    }
    if !walk.is_at_root() {
        return Err(wrong_length);
    }
    if hash.as_root() == root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Verifies that the tree under `later` grew out of that under `earlier`. Refuses size 0: see [`ProofError::FromEmpty`].
pub fn verify_consistency(proof: &ConsistencyProof, earlier: RootHash, later: RootHash) -> Result<(), ProofError> {
    let ConsistencyProof { from, to, path } = proof;
    check_growth(*from, *to)?;
    let wrong_length = ProofError::PathLength { length: path.len() };
    if path.len() > MAX_PATH_HASHES || path.is_empty() != (from == to) {
        return Err(wrong_length);
    }
    if from == to {
        return if earlier == later { Ok(()) } else { Err(ProofError::OtherRoot) };
    }
    let mut walk = Walk { of: from.get() - 1, last: to.get() - 1 };
    walk.rise_while_right();
    // A complete earlier tree is itself the first hash, which is why it is not sent.
    let (first, rest) = match path.split_first() {
        Some((first, rest)) if !from.get().is_power_of_two() => (*first, rest),
        _ => (NodeHash::from_bytes(*earlier.as_bytes()), path.as_slice()),
    };
    let (mut old, mut new) = (first, first);
    for sibling in rest {
        if walk.is_at_root() {
            return Err(wrong_length);
        }
        if walk.goes_left() {
            old = NodeHash::above(*sibling, old);
            new = NodeHash::above(*sibling, new);
        } else {
            new = NodeHash::above(new, *sibling);
        }
        walk.rise();
    }
    if !walk.is_at_root() {
        return Err(wrong_length);
    }
    match (old.as_root() == earlier, new.as_root() == later) {
        (false, _) => Err(ProofError::OtherEarlierRoot),
        (true, false) => Err(ProofError::OtherRoot),
        (true, true) => Ok(()),
    }
}

fn check_growth(from: TreeSize, to: TreeSize) -> Result<(), ProofError> {
    match from {
        TreeSize::ZERO => Err(ProofError::FromEmpty),
        _ if from > to => Err(ProofError::Shrinks { from, to }),
        _ => Ok(()),
    }
}

/// The way up from one node of a level to the root, beside the last node of that level (`fn` and `sn` of RFC 9162).
struct Walk {
    of: u64,
    last: u64,
}

impl Walk {
    const fn is_at_root(&self) -> bool {
        self.last == 0
    }

    /// Whether the next sibling stands to the left.
    const fn goes_left(&self) -> bool {
        self.of & 1 == 1 || self.of == self.last
    }

    /// One level up, past the levels where the last node has no sibling of its own.
    fn rise(&mut self) {
        if self.goes_left() {
            while self.of & 1 == 0 && self.of != 0 {
                self.halve();
            }
        }
        self.halve();
    }

    fn rise_while_right(&mut self) {
        while self.of & 1 == 1 {
            self.halve();
        }
    }

    const fn halve(&mut self) {
        self.of >>= 1;
        self.last >>= 1;
    }
}

/// The hashes of subtrees that were noted on the way down, in the order of the way up.
fn hashes_upwards<N: Nodes>(nodes: &N, ranges: &[(u64, u64)]) -> Result<Vec<NodeHash>, ProveError<N::Error>> {
    ranges.iter().rev().map(|(from, to)| subtree(nodes, *from, *to).map_err(ProveError::Nodes)).collect()
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
