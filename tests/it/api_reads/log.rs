//! The log over HTTP, believed only as far as `tlog` verifies it.

use onus::tlog::checkpoint::UnverifiedCheckpoint;
use onus::tlog::entry::Origin;
use onus::tlog::hash::{LeafHash, NodeHash, RootHash, from_base64url};
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::proof::{ConsistencyProof, InclusionProof, verify_consistency, verify_inclusion};
use onus::tlog::tile::decode_bundle;
use onus::tlog::tlog_proof::{TlogProof, Trust};
use serde_json::Value;

use super::{Story, steady};
use crate::app::ORIGIN;

fn path_of(data: &Value) -> Vec<NodeHash> {
    data["path"].as_array().unwrap().iter().map(|hash| NodeHash::parse_base64(hash.as_str().unwrap()).unwrap()).collect()
}

fn root(data: &Value, name: &str) -> RootHash {
    RootHash::parse_base64(data[name].as_str().unwrap()).unwrap()
}

#[track_caller]
fn verify_file(story: &Story, file: &str, leaf: LeafHash) -> TreeSize {
    let trust =
        Trust { origin: &Origin::parse(ORIGIN).unwrap(), log_keys: &[story.app.ledger().vkey().clone()], witnesses: &[], quorum: 0 };
    TlogProof::parse(file.as_bytes()).unwrap().verify(leaf, trust).unwrap().checkpoint.size
}

#[test]
fn an_entry_is_shown_with_what_it_commits_to() {
    let story = Story::told();
    let entry = story.billing.get(&format!("/v1/entries/{}", story.last())).status(200);
    let bytes = from_base64url(entry["entry"]["bytes"].as_str().unwrap()).unwrap();
    assert_eq!(entry["entry"]["leaf_hash"], LeafHash::of(&bytes).to_string());
    assert_eq!(entry["verification"]["inclusion"], "verified");
    insta::assert_json_snapshot!("entry", steady(entry));
    let mut receipt = story.billing.get(&format!("/v1/entries/{}/receipt", story.last())).status(200);
    verify_file(&story, receipt["tlog_proof"].as_str().unwrap(), LeafHash::of(&bytes));
    for salt in receipt["salts"].as_object_mut().unwrap().values_mut() {
        assert_eq!(salt.as_str().unwrap().len(), 22);
        *salt = "[salt]".into();
    }
    insta::assert_json_snapshot!("receipt", steady(receipt));
}

#[test]
fn every_entry_is_proven_in_every_tree_that_holds_it() {
    let story = Story::told();
    let size = story.app.size();
    for index in 0..size {
        for tree_size in index + 1..=size {
            let data = story.billing.get(&format!("/v1/entries/{index}/proof?tree_size={tree_size}")).status(200);
            let leaf = LeafHash::parse_base64(data["leaf_hash"].as_str().unwrap()).unwrap();
            let proof =
                InclusionProof { index: LeafIndex::new(index).unwrap(), size: TreeSize::new(tree_size).unwrap(), path: path_of(&data) };
            verify_inclusion(&proof, leaf, root(&data, "root_hash")).unwrap();
        }
    }
    let last = size - 1;
    let leaf = story.billing.get(&format!("/v1/entries/{last}/proof")).status(200);
    let leaf = LeafHash::parse_base64(leaf["leaf_hash"].as_str().unwrap()).unwrap();
    let file = story.billing.request("GET", &format!("/v1/entries/{last}/proof")).header("accept", "text/plain").send();
    assert_eq!((file.status, file.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    assert_eq!(verify_file(&story, &file.text(), leaf).get(), size);
    for (path, problem) in [
        (format!("/v1/entries/0/proof?tree_size={}", size + 1), "invalid_parameter"),
        (format!("/v1/entries/{last}/proof?tree_size={last}"), "invalid_parameter"),
        ("/v1/entries/0/proof?tree_size=x".to_owned(), "invalid_parameter"),
        ("/v1/entries/0/proof?size=1".to_owned(), "unknown_parameter"),
        (format!("/v1/entries/{size}/proof"), "not_found"),
    ] {
        story.billing.get(&path).problem(problem);
    }
}

#[test]
fn a_size_without_a_checkpoint_gives_json_only() {
    let story = Story::told();
    let published = |size: &u64| story.billing.get(&format!("/v1/entries/0/proof?tree_size={size}")).status(200)["checkpoint"].is_string();
    // Entries of one batch share a checkpoint, so the sizes within the batch have none.
    let lines: Vec<Value> = (0..20).map(|n| crate::submissions::action(&format!("act-many-{n}"), "dlg-part")).collect();
    story.billing.post_lines("/v1/events", &lines).status(200);
    story.app.wait_published();
    let unsigned = (1..=story.app.size()).find(|size| !published(size)).expect("a size within the batch");
    let path = format!("/v1/entries/0/proof?tree_size={unsigned}");
    story.billing.request("GET", &path).header("accept", "text/plain").send().problem("invalid_parameter");
}

#[test]
fn each_tree_grew_out_of_each_before() {
    let story = Story::told();
    let size = story.app.size();
    for from in 0..=size {
        let data = story.billing.get(&format!("/v1/consistency?from={from}&to={size}")).status(200);
        let (before, after) = (root(&data, "from_root_hash"), root(&data, "to_root_hash"));
        if from == 0 {
            assert_eq!((before, path_of(&data).len()), (RootHash::empty(), 0));
            continue;
        }
        let proof = ConsistencyProof { from: TreeSize::new(from).unwrap(), to: TreeSize::new(size).unwrap(), path: path_of(&data) };
        verify_consistency(&proof, before, after).unwrap();
    }
    story.billing.get("/v1/consistency").problem("invalid_parameter");
    story.billing.get("/v1/consistency?from=3&to=2").problem("invalid_parameter");
    story.billing.get(&format!("/v1/consistency?from=1&to={}", size + 1)).problem("invalid_parameter");
}

#[test]
fn tools_read_the_log_as_tiles() {
    let story = Story::told();
    let (size, stranger) = (story.app.size(), story.app.stranger());
    let note = stranger.get("/log/checkpoint");
    assert_eq!((note.header("content-type"), note.header("cache-control")), (Some("text/plain; charset=utf-8"), Some("public, max-age=1")));
    let checkpoint = UnverifiedCheckpoint::parse(&note.body).unwrap();
    let signed = checkpoint.verify(&Origin::parse(ORIGIN).unwrap(), &[story.app.ledger().vkey().clone()]).unwrap();
    assert_eq!(signed.checkpoint().size.get(), size);

    let tile = stranger.get(&format!("/log/tile/0/000.p/{size}"));
    assert_eq!(tile.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let bundle = story.billing.get(&format!("/log/tile/entries/000.p/{size}"));
    assert_eq!(bundle.header("cache-control"), Some("private, max-age=31536000, immutable"));
    let hashes: Vec<u8> = decode_bundle(&bundle.body).unwrap().iter().flat_map(|entry| *LeafHash::of(entry).as_bytes()).collect();
    assert_eq!(tile.body, hashes, "hash j of the tile is that of entry j of the bundle");
    stranger.get(&format!("/log/tile/entries/000.p/{size}")).problem("unauthenticated");
}

#[test]
fn what_is_no_tile_is_not_there() {
    let story = Story::told();
    let size = story.app.size();
    for tail in [
        format!("0/000.p/{}", size + 1),
        "0/000".to_owned(),
        "0/0".to_owned(),
        "0/x000/001".to_owned(),
        "0/000.p/0".to_owned(),
        "0/000.p/256".to_owned(),
        "00/000.p/1".to_owned(),
        "64/000.p/1".to_owned(),
        "0/%30%30%30.p/1".to_owned(),
        "1/000.p/1".to_owned(),
        "data/000".to_owned(),
        String::new(),
        "0/../0/000.p/1".to_owned(),
    ] {
        story.app.stranger().get(&format!("/log/tile/{tail}")).problem("not_found");
    }
    story.billing.get("/log/tile/entries/000").problem("not_found");
    story.billing.get("/log/checkpoint?x=1").problem("unknown_parameter");
}
