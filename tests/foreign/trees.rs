//! Roots, inclusion and consistency: every one of small trees, samples of larger ones, against `ct-merkle`'s.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof as TheirConsistency, InclusionProof as TheirInclusion, RootHash as TheirRoot};
use onus::service::prover::{Prover, ProverError};
use onus::tlog::hash::{LeafHash, NodeHash, RootHash};
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::proof::{ConsistencyProof, InclusionProof, verify_consistency, verify_inclusion};
use sha2::Sha256;

use crate::Verdict;
use crate::chance::Chance;
use crate::ledgers::{RandomLedger, SMALL_AND_LARGE};

/// Up to this size every proof of every tree is looked at.
const ALL_UP_TO: u64 = 24;

pub(crate) fn their_root(root: RootHash, size: TreeSize) -> TheirRoot<Sha256> {
    TheirRoot::new((*root.as_bytes()).into(), size.get())
}

fn joined(path: &[NodeHash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// What both say of an inclusion; they must say the same.
#[track_caller]
fn inclusion(proof: &InclusionProof, entry: &[u8], root: RootHash) -> Verdict {
    let ours = Verdict::of(&verify_inclusion(proof, LeafHash::of(entry), root));
    let path = TheirInclusion::try_from_bytes(joined(&proof.path)).unwrap();
    let theirs = Verdict::of(&their_root(root, proof.size).verify_inclusion(&entry, proof.index.get(), &path));
    assert_eq!(ours, theirs, "{proof:?} under {root:?}");
    ours
}

/// What both say of a consistency; they must say the same.
#[track_caller]
pub(crate) fn consistency(proof: &ConsistencyProof, earlier: RootHash, later: RootHash) -> Verdict {
    let ours = Verdict::of(&verify_consistency(proof, earlier, later));
    let path = TheirConsistency::try_from_bytes(joined(&proof.path)).unwrap();
    let theirs = Verdict::of(&their_root(later, proof.to).verify_consistency(&their_root(earlier, proof.from), &path));
    assert_eq!(ours, theirs, "{proof:?} from {earlier:?} to {later:?}");
    ours
}

fn flipped(hash: [u8; 32], chance: &mut Chance) -> [u8; 32] {
    let mut hash = hash;
    hash[chance.place(32)] ^= 1 << chance.below(8);
    hash
}

fn other_root(root: RootHash, chance: &mut Chance) -> RootHash {
    RootHash::from_bytes(flipped(*root.as_bytes(), chance))
}

/// A path with one hash changed, lost, added, or in another place.
fn damaged(path: &[NodeHash], chance: &mut Chance) -> Vec<NodeHash> {
    let mut path = path.to_vec();
    match chance.below(4) {
        0 if !path.is_empty() => {
            let at = chance.place(path.len());
            path[at] = NodeHash::from_bytes(flipped(*path[at].as_bytes(), chance));
        }
        1 if !path.is_empty() => drop(path.remove(chance.place(path.len()))),
        2 if path.len() > 1 => path.rotate_left(1),
        _ => path.push(NodeHash::from_bytes([7; 32])),
    }
    path
}

/// One up, one down, or twice as large.
fn other_size(size: TreeSize, chance: &mut Chance) -> TreeSize {
    TreeSize::new(*chance.pick(&[size.get() + 1, size.get().saturating_sub(1), size.get() * 2])).unwrap()
}

/// Sizes and indexes worth a look in a tree of `size`: all, or the edges and a few by chance.
fn some_below(size: u64, chance: &mut Chance) -> Vec<u64> {
    if size <= ALL_UP_TO {
        return (0..size).collect();
    }
    let half = size.next_power_of_two() / 2;
    vec![0, half - 1, half.min(size - 1), size - 1, chance.below(size), chance.below(size)]
}

struct Counts {
    proofs: u64,
    damaged: u64,
    refused: u64,
}

#[test]
fn ct_merkle_says_the_same_of_every_proof_whole_and_damaged() {
    let mut counts = Counts { proofs: 0, damaged: 0, refused: 0 };
    RandomLedger::each(SMALL_AND_LARGE, |random, chance| {
        let entries = random.entries();
        let looked = random.ledger.read(|rows| look(&random.ledger.prover(rows)?, &entries, chance, &mut counts));
        looked.unwrap();
    });
    assert!(counts.proofs > 2_000 && counts.damaged > 10_000, "{} proofs, {} damaged", counts.proofs, counts.damaged);
    // A changed size can leave what is shown true, and then both say so; most changes do not.
    assert!(counts.refused * 10 > counts.damaged * 8, "{} of {} damaged proofs were refused", counts.refused, counts.damaged);
}

fn look(prover: &Prover<'_>, entries: &[Vec<u8>], chance: &mut Chance, counts: &mut Counts) -> Result<(), ProverError> {
    let mut theirs: MemoryBackedTree<Sha256, &[u8]> = MemoryBackedTree::new();
    let mut roots = vec![RootHash::empty()];
    for (size, entry) in (1..).zip(entries) {
        theirs.push(entry);
        let tree_size = TreeSize::new(size).unwrap();
        let root = prover.root(tree_size)?;
        assert!(theirs.root() == their_root(root, tree_size), "the root at size {size}");
        roots.push(root);
        // Larger trees are looked at around the edge of a tile, and here and there.
        if size > ALL_UP_TO && size % 256 > 2 && !chance.is_one_in(24) {
            continue;
        }
        for index in some_below(size, chance) {
            let proof = prover.inclusion(LeafIndex::new(index).unwrap(), tree_size)?;
            assert_eq!(joined(&proof.path), theirs.prove_inclusion(usize::try_from(index).unwrap()).as_bytes(), "{index} in {size}");
            let entry = &entries[usize::try_from(index).unwrap()];
            assert_eq!(inclusion(&proof, entry, root), Verdict::Accepts, "{index} in {size}");
            counts.proofs += 1;
            damage_inclusion(&proof, entry, root, chance, counts);
        }
        for from in some_below(size, chance).into_iter().map(|earlier| earlier + 1).filter(|from| *from < size) {
            let proof = prover.consistency(TreeSize::new(from).unwrap(), tree_size)?;
            let added = usize::try_from(size - from).unwrap();
            assert_eq!(joined(&proof.path), theirs.prove_consistency(added).as_bytes(), "{from} to {size}");
            let earlier = roots[usize::try_from(from).unwrap()];
            assert_eq!(consistency(&proof, earlier, root), Verdict::Accepts, "{from} to {size}");
            counts.proofs += 1;
            damage_consistency(&proof, earlier, root, chance, counts);
        }
    }
    Ok(())
}

fn damage_inclusion(proof: &InclusionProof, entry: &[u8], root: RootHash, chance: &mut Chance, counts: &mut Counts) {
    let other_entry = [entry, b" "].concat();
    let other_index = LeafIndex::new(proof.index.get() ^ 1).unwrap();
    let verdicts = [
        inclusion(&InclusionProof { path: damaged(&proof.path, chance), ..*proof }, entry, root),
        inclusion(proof, entry, other_root(root, chance)),
        inclusion(proof, &other_entry, root),
        inclusion(&InclusionProof { index: other_index, ..proof.clone() }, entry, root),
        inclusion(&InclusionProof { size: other_size(proof.size, chance), ..proof.clone() }, entry, root),
    ];
    count(&verdicts, 3, counts);
}

fn damage_consistency(proof: &ConsistencyProof, earlier: RootHash, later: RootHash, chance: &mut Chance, counts: &mut Counts) {
    let verdicts = [
        consistency(&ConsistencyProof { path: damaged(&proof.path, chance), ..*proof }, earlier, later),
        consistency(proof, other_root(earlier, chance), later),
        consistency(proof, earlier, other_root(later, chance)),
        consistency(&ConsistencyProof { from: other_size(proof.from, chance), ..proof.clone() }, earlier, later),
        consistency(&ConsistencyProof { to: other_size(proof.to, chance), ..proof.clone() }, earlier, later),
    ];
    count(&verdicts, 3, counts);
}

/// The first `certain` can only be refused.
fn count(verdicts: &[Verdict], certain: usize, counts: &mut Counts) {
    assert!(verdicts[..certain].iter().all(|verdict| *verdict == Verdict::Refuses), "{verdicts:?}");
    counts.damaged += u64::try_from(verdicts.len()).unwrap();
    counts.refused += u64::try_from(verdicts.iter().filter(|verdict| **verdict == Verdict::Refuses).count()).unwrap();
}
