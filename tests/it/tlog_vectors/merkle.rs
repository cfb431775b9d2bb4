//! The public proof vectors of transparency-dev/merkle: 98 of inclusion, 98 of consistency, and those subtree vectors that ask about whole trees.
//!
//! Where a vector has a hash that is not 32 bytes, our types refuse it before any proof is looked at. So that the verifiers themselves are
//! asked too, a second run puts `SHA-256(bytes)` in place of each stand-in text (`don't care 1`, `WrongRoot`): equal texts stay equal. An empty
//! hash has no stand-in and is refused in both runs.

use std::path::Path;

use onus::tlog::hash::{LeafHash, NodeHash, RootHash, from_base64, sha256};
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::proof::{ConsistencyProof, InclusionProof, verify_consistency, verify_inclusion};
use serde_json::Value as Json;

use crate::shared::shared;

/// How a hash of another length than 32 bytes is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hashes {
    Strict,
    StandIns,
}

impl Hashes {
    fn read(self, json: &Json) -> Option<[u8; 32]> {
        let bytes = from_base64(json.as_str().unwrap()).unwrap();
        match (self, bytes.len()) {
            (_, 32) => bytes.try_into().ok(),
            (Self::Strict, _) | (Self::StandIns, 0) => None,
            (Self::StandIns, _) => Some(sha256(&bytes)),
        }
    }

    fn path(self, json: &Json) -> Option<Vec<NodeHash>> {
        json.as_array().map_or(&[][..], Vec::as_slice).iter().map(|hash| self.read(hash).map(NodeHash::from_bytes)).collect()
    }
}

/// Whether the proof holds; what our types cannot even hold (a size of 2^64−1, an empty hash) does not.
fn inclusion_holds(vector: &Json, size: &str, root: &str, hashes: Hashes) -> bool {
    let read = || {
        let index = LeafIndex::new(vector["leafIdx"].as_u64()?)?;
        let size = TreeSize::new(vector[size].as_u64()?)?;
        let leaf = LeafHash::from_bytes(hashes.read(&vector["leafHash"])?);
        let root = RootHash::from_bytes(hashes.read(&vector[root])?);
        Some((InclusionProof { index, size, path: hashes.path(&vector["proof"])? }, leaf, root))
    };
    read().is_some_and(|(proof, leaf, root)| verify_inclusion(&proof, leaf, root).is_ok())
}

fn consistency_holds(vector: &Json, from: &str, to: &str, hashes: Hashes) -> bool {
    let read = || {
        let from = TreeSize::new(vector[from].as_u64()?)?;
        let to = TreeSize::new(vector[to].as_u64()?)?;
        let (earlier, later) = (hashes.read(&vector["root1"])?, hashes.read(&vector["root2"])?);
        let proof = ConsistencyProof { from, to, path: hashes.path(&vector["proof"])? };
        Some((proof, RootHash::from_bytes(earlier), RootHash::from_bytes(later)))
    };
    read().is_some_and(|(proof, earlier, later)| verify_consistency(&proof, earlier, later).is_ok())
}

/// The vectors below a folder, each with its path below it.
fn vectors(folder: &str) -> Option<Vec<(String, Json)>> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Json)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if path.extension().is_some_and(|e| e == "json") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()));
            }
        }
    }
    let root = shared("vectors/rfc6962-merkle/testdata")?.join(folder);
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Some(found)
}

fn wanted(vector: &Json) -> bool {
    !vector["wantErr"].as_bool().unwrap()
}

/// Names of the vectors whose answer is not ours.
fn differences(vectors: &[(String, Json)], holds: impl Fn(&Json) -> bool) -> Vec<&str> {
    vectors.iter().filter(|(_, vector)| holds(vector) != wanted(vector)).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn inclusion_vectors() {
    let Some(vectors) = vectors("inclusion") else { return };
    assert_eq!(vectors.len(), 98);
    assert_eq!(vectors.iter().filter(|(_, vector)| wanted(vector)).count(), 6);
    for hashes in [Hashes::Strict, Hashes::StandIns] {
        assert_eq!(differences(&vectors, |vector| inclusion_holds(vector, "treeSize", "root", hashes)), [""; 0]);
    }
}

#[test]
fn consistency_vectors() {
    let Some(vectors) = vectors("consistency") else { return };
    assert_eq!(vectors.len(), 98);
    assert_eq!(vectors.iter().filter(|(_, vector)| wanted(vector)).count(), 6);
    let holds = |hashes| move |vector: &Json| consistency_holds(vector, "size1", "size2", hashes);
    assert_eq!(differences(&vectors, holds(Hashes::StandIns)), [""; 0]);
    // Its two roots are the text `don't care 2`, which is no hash: for us there is no such proof.
    assert_eq!(differences(&vectors, holds(Hashes::Strict)), ["additional/sizes-are-equal-one-and-proof-is-empty.json"]);
}

/// The four vectors in which a verifier may differ (C2SP.md sections 9 and 9.4). Ours does in none: size 0 is decided outside it, and
/// hashes have 32 bytes.
#[test]
fn the_four_documented_differences_are_none_of_ours() {
    let (Some(consistency), Some(inclusion)) = (vectors("consistency"), vectors("inclusion")) else { return };
    let find = |vectors: &[(String, Json)], name: &str| vectors.iter().find(|(n, _)| n == name).map(|(_, vector)| vector.clone()).unwrap();
    for name in ["size1-is-zero-and-does-not-equal-size2", "size1-is-zero-and-size2-is-not-zero", "sizes-are-equal-zero-and-proof-is-empty"]
    {
        let vector = find(&consistency, &format!("additional/{name}.json"));
        assert!(!wanted(&vector), "{name}");
        assert_eq!((vector["size1"].as_u64(), vector["proof"].as_array().unwrap().len()), (Some(0), 0), "{name}");
        assert!(
            !consistency_holds(&vector, "size1", "size2", Hashes::StandIns),
            "{name}: a witness takes this without asking the verifier"
        );
    }
    let empty = find(&inclusion, "single-entry/empty-root-and-leaf.json");
    assert_eq!((empty["root"].as_str(), empty["leafHash"].as_str()), (Some(""), Some("")));
    assert!(!wanted(&empty) && !inclusion_holds(&empty, "treeSize", "root", Hashes::StandIns));
}

/// A subtree vector that begins at leaf 0 asks what a plain proof asks. The others need a subtree verifier, which this program does not have.
#[test]
fn subtree_vectors_that_ask_about_whole_trees() {
    let (Some(inclusion), Some(consistency)) = (vectors("subtreeinclusion"), vectors("subtreeconsistency")) else { return };
    assert_eq!((inclusion.len(), consistency.len()), (204, 118));
    let whole = |vectors: Vec<(String, Json)>| vectors.into_iter().filter(|(_, v)| v["start"].as_u64() == Some(0)).collect::<Vec<_>>();
    let (inclusion, consistency) = (whole(inclusion), whole(consistency));
    assert_eq!((inclusion.len(), consistency.len()), (101, 102));
    assert!(inclusion.iter().any(|(_, v)| wanted(v)) && consistency.iter().any(|(_, v)| wanted(v)));
    for hashes in [Hashes::Strict, Hashes::StandIns] {
        assert_eq!(differences(&inclusion, |vector| inclusion_holds(vector, "end", "root", hashes)), [""; 0]);
    }
    // The subtree verifier takes the empty subtree of the empty tree; ours says nothing of size 0.
    let of_size_zero = [
        "additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-proof-is-empty.json",
        "additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty.json",
    ];
    let holds = |hashes| move |vector: &Json| consistency_holds(vector, "end", "size", hashes);
    assert_eq!(differences(&consistency, holds(Hashes::StandIns)), of_size_zero);
    let no_hashes = "additional/sizes-are-equal-one-and-proof-is-empty.json";
    assert_eq!(differences(&consistency, holds(Hashes::Strict)), [&[no_hashes][..], &of_size_zero].concat());
}
