//! Tests of `proof.rs`: the published vectors of the small tree, and laws against the recursive definition.

use proptest::prelude::*;

use super::*;
use crate::tlog::tree::tests::{Leaves, entries, naive_root, size};

fn at(index: usize) -> LeafIndex {
    LeafIndex::new(u64::try_from(index).unwrap()).unwrap()
}

fn hashes(texts: &[&str]) -> Vec<NodeHash> {
    texts.iter().map(|t| NodeHash::parse_base64(t).unwrap()).collect()
}

fn inclusion(leaves: &Leaves, index: usize, n: usize) -> InclusionProof {
    prove_inclusion(leaves, at(index), size(n)).unwrap()
}

fn consistency(leaves: &Leaves, from: usize, to: usize) -> ConsistencyProof {
    prove_consistency(leaves, size(from), size(to)).unwrap()
}

/// `PATH` of RFC 6962, word for word.
fn naive_path(m: usize, leaves: &[LeafHash]) -> Vec<RootHash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, sibling) =
        if m < k { (naive_path(m, &leaves[..k]), &leaves[k..]) } else { (naive_path(m - k, &leaves[k..]), &leaves[..k]) };
    path.push(naive_root(sibling));
    path
}

/// `SUBPROOF` of RFC 6962, word for word.
fn naive_subproof(m: usize, leaves: &[LeafHash], is_all_old: bool) -> Vec<RootHash> {
    if m == leaves.len() {
        return if is_all_old { vec![] } else { vec![naive_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, sibling) = if m <= k {
        (naive_subproof(m, &leaves[..k], is_all_old), &leaves[k..])
    } else {
        (naive_subproof(m - k, &leaves[k..], false), &leaves[..k])
    };
    path.push(naive_root(sibling));
    path
}

fn as_roots(path: &[NodeHash]) -> Vec<RootHash> {
    path.iter().map(|hash| hash.as_root()).collect()
}

/// C2SP.md section 9.1, and the two that it takes from 9.2.
#[test]
fn proofs_of_the_small_tree_are_the_published_ones() {
    let leaves = entries(7);
    let (first, last) = ("JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts=", "5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=");
    let (third, pair) = ("J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=", "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=");
    let fifth = "ShNqcAh7Y340w9Paps6naLHbE+xHWQLS4kC2Dj2ZnHo=";
    assert_eq!(inclusion(&leaves, 6, 7).path, hashes(&[fifth, first]));
    assert_eq!(inclusion(&leaves, 2, 7).path, hashes(&[third, pair, last]));
    let from_one = ["6GiBGkgsJ9ULbUXd55xGXWrbmwZkUQBHepDPPYUYiYs=", "sXAD4LO7yB/hFu2xQMOXJyVIScxGUrD3xPJvi52fmH0=", last];
    assert_eq!(consistency(&leaves, 1, 7).path, hashes(&from_one));
    assert_eq!(consistency(&leaves, 4, 7).path, hashes(&[last]));
    assert_eq!(consistency(&leaves, 6, 7).path, hashes(&[fifth, "DP2ldv9LKeozw6/a7tG9Y362VLKKBDAvyrX9fbB4Acw=", first]));
    let from_three = ["BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=", third, pair, last];
    assert_eq!(consistency(&leaves, 3, 7).path, hashes(&from_three));
}

#[test]
fn what_cannot_be_proven_says_why() {
    let leaves = entries(3);
    let outside = ProofError::Outside { index: at(3), size: size(3) };
    assert_eq!(prove_inclusion(&leaves, at(3), size(3)), Err(ProveError::Proof(outside)));
    assert_eq!(prove_consistency(&leaves, size(0), size(3)), Err(ProveError::Proof(ProofError::FromEmpty)));
    let shrinks = ProofError::Shrinks { from: size(3), to: size(2) };
    assert_eq!(prove_consistency(&leaves, size(3), size(2)), Err(ProveError::Proof(shrinks)));
    assert_eq!(consistency(&leaves, 3, 3).path, []);
    let nothing = ConsistencyProof { from: size(0), to: size(0), path: vec![] };
    assert_eq!(verify_consistency(&nothing, RootHash::empty(), RootHash::empty()), Err(ProofError::FromEmpty));
    let root = naive_root(&leaves.0);
    let long = InclusionProof { path: vec![NodeHash::from_bytes([0; 32]); 64], ..inclusion(&leaves, 0, 3) };
    assert_eq!(verify_inclusion(&long, leaves.0[0], root), Err(ProofError::PathLength { length: 64 }));
    let short = InclusionProof { path: vec![], ..inclusion(&leaves, 0, 3) };
    assert_eq!(verify_inclusion(&short, leaves.0[0], root), Err(ProofError::PathLength { length: 0 }));
}

#[test]
fn all_proofs_between_small_sizes_hold() {
    let leaves = entries(20);
    let roots: Vec<_> = (0..=20).map(|n| naive_root(&leaves.0[..n])).collect();
    for n in 1..=20 {
        for m in 0..n {
            let proof = inclusion(&leaves, m, n);
            assert_eq!(verify_inclusion(&proof, leaves.0[m], roots[n]), Ok(()), "{m} in {n}");
            let grown = consistency(&leaves, m + 1, n);
            assert_eq!(verify_consistency(&grown, roots[m + 1], roots[n]), Ok(()), "{} to {n}", m + 1);
        }
    }
}

fn flipped(bytes: [u8; 32], bit: u8) -> [u8; 32] {
    let mut bytes = bytes;
    bytes[usize::from(bit >> 3)] ^= 1 << (bit & 7);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inclusion_holds_and_any_change_of_it_does_not(n in 1..300_usize, place: prop::sample::Index, bit: u8, other: prop::sample::Index) {
        let leaves = entries(n);
        let (m, root) = (place.index(n), naive_root(&leaves.0));
        let proof = inclusion(&leaves, m, n);
        prop_assert_eq!(as_roots(&proof.path), naive_path(m, &leaves.0));
        prop_assert_eq!(verify_inclusion(&proof, leaves.0[m], root), Ok(()));

        let refused = |proof: &InclusionProof, leaf, root| verify_inclusion(proof, leaf, root).is_err();
        prop_assert!(refused(&proof, LeafHash::from_bytes(flipped(*leaves.0[m].as_bytes(), bit)), root));
        prop_assert!(refused(&proof, leaves.0[m], RootHash::from_bytes(flipped(*root.as_bytes(), bit))));
        let elsewhere = other.index(n + 3);
        let moved = InclusionProof { index: at(elsewhere), ..proof.clone() };
        prop_assert!(elsewhere == m || refused(&moved, leaves.0[m], root));
        for i in 0..proof.path.len() {
            let mut changed = proof.clone();
            changed.path[i] = NodeHash::from_bytes(flipped(*proof.path[i].as_bytes(), bit));
            prop_assert!(refused(&changed, leaves.0[m], root));
            changed.path.remove(i);
            prop_assert!(refused(&changed, leaves.0[m], root));
        }
        let mut longer = proof.clone();
        longer.path.insert(other.index(proof.path.len() + 1), NodeHash::from_bytes(*root.as_bytes()));
        prop_assert!(refused(&longer, leaves.0[m], root));
    }

    #[test]
    fn consistency_holds_and_any_change_of_it_does_not(n in 1..300_usize, place: prop::sample::Index, bit: u8, other: prop::sample::Index) {
        let leaves = entries(n);
        let m = place.index(n) + 1;
        let (earlier, later) = (naive_root(&leaves.0[..m]), naive_root(&leaves.0));
        let proof = consistency(&leaves, m, n);
        prop_assert_eq!(as_roots(&proof.path), naive_subproof(m, &leaves.0, true));
        prop_assert_eq!(verify_consistency(&proof, earlier, later), Ok(()));

        let refused = |proof: &ConsistencyProof, earlier, later| verify_consistency(proof, earlier, later).is_err();
        prop_assert!(refused(&proof, RootHash::from_bytes(flipped(*earlier.as_bytes(), bit)), later));
        prop_assert!(refused(&proof, earlier, RootHash::from_bytes(flipped(*later.as_bytes(), bit))));
        for i in 0..proof.path.len() {
            let mut changed = proof.clone();
            changed.path[i] = NodeHash::from_bytes(flipped(*proof.path[i].as_bytes(), bit));
            prop_assert!(refused(&changed, earlier, later));
            changed.path.remove(i);
            prop_assert!(refused(&changed, earlier, later));
        }
        let mut longer = proof.clone();
        longer.path.insert(other.index(proof.path.len() + 1), NodeHash::from_bytes(*later.as_bytes()));
        prop_assert!(refused(&longer, earlier, later));
    }
}
