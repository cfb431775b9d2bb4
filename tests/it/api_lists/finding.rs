//! Search: what a word names comes first, every hit says why it is one, and none is shown that the ledger does not bear out.

use std::sync::Arc;

use onus::domain::credential::Sight;
use onus::index::document::IndexDocument;
use onus::index::writer::Indexer;
use onus::service::clock::{Clock, SetClock};
use onus::service::criteria::{Criteria, Criterion, EntryKind};
use onus::service::finder::{Finder, Withheld, WithheldReason};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::tlog::entry::Origin;
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::time::Timestamp;
use serde_json::{Value, json};

use super::world::{World, places, shape};
use crate::app::{NOON, ORIGIN};

#[test]
fn an_id_that_is_pasted_finds_its_record_first() {
    let world = World::new();
    let told = &world.actions[20];
    let entry = world.billing.get(&format!("/v1/actions?action_id={}", told.text("/action_id").unwrap())).status(200)["actions"][0].clone();
    let leaf_hash = entry["entry"]["leaf_hash"].as_str().unwrap().to_owned();
    for word in [told.text("/action_id").unwrap(), told.text("/event_id").unwrap(), &leaf_hash, &told.index.to_string()] {
        let hits = world.billing.get(&format!("/v1/search?q={word}")).status(200);
        assert_eq!((hits["hits"][0]["entry"]["index"].as_u64(), &hits["hits"][0]["is_named"]), (Some(told.index), &json!(true)), "{word}");
    }
    // The grant is older than everything done under it.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = world.billing.get(&format!("/v1/search?q=dlg-ana&limit=1{cursor}"));
        seen.push(answer.status(200)["hits"][0].clone());
        let meta = &answer.json()["meta"];
        let Some(next) = meta["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((&seen[0]["type"], &seen[0]["delegation_id"]), (&json!("delegation.granted"), &json!("dlg-ana")));
    let all = world.billing.get("/v1/search?q=dlg-ana&limit=500");
    assert_eq!(all.status(200)["hits"].as_array().unwrap(), &seen, "page by page as in one");
    assert_eq!(all.json()["meta"]["total"], seen.len());
    let rest: Vec<u64> = places(&Value::Array(seen[1..].to_vec()));
    assert!(rest.is_sorted_by(|a, b| a > b) && !rest.is_empty(), "the others, the newest first: {rest:?}");
}

#[test]
fn each_hit_says_where_the_words_stand() {
    let world = World::new();
    let hits = world.billing.get("/v1/search?q=GREEN+lamp&limit=500").status(200);
    for hit in hits["hits"].as_array().unwrap() {
        let reason = &hit["reasons"][0];
        assert_eq!((&reason["kind"], &reason["member"]), (&json!("text"), &json!("/action/arguments")), "{hit}");
        let snippet: Vec<char> = reason["snippet"].as_str().unwrap().chars().collect();
        let marked = reason["matches"].as_array().unwrap().iter().map(|place| {
            let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
            snippet[at("from")..at("until")].iter().collect::<String>()
        });
        assert_eq!(marked.collect::<Vec<_>>(), ["green", "lamp"], "{reason}");
    }
    let by_id = world.billing.get("/v1/search?q=run-3").status(200);
    assert!(by_id["hits"][0]["reasons"].as_array().unwrap().contains(&json!({ "kind": "identifier", "field": "trace", "value": "run-3" })));
    let plain = world.billing.get("/v1/search?outcome=failed&limit=1").status(200);
    assert_eq!(plain["hits"][0]["reasons"], json!([]));
}

#[test]
fn facets_count_every_hit() {
    let world = World::new();
    let found = world.billing.get("/v1/search?type=action.recorded&facets=true&limit=1").status(200);
    for (facet, pointer) in [
        ("outcome", "/outcome/status"),
        ("action", "/action/name"),
        ("agent_id", "/actor/agent_id"),
        ("caller_class", "/actor/caller_class"),
    ] {
        let values = found["facets"][facet]["values"].as_array().unwrap().iter();
        let counted = values.map(|v| (v["value"].as_str().unwrap().to_owned(), v["count"].as_u64().unwrap())).collect();
        assert_eq!(world.counts(|told| told.text(pointer)), counted, "{facet}");
    }
    let bars: u64 = found["histogram"].as_array().unwrap().iter().map(|bar| bar["count"].as_u64().unwrap()).sum();
    assert_eq!(bars, world.actions.len() as u64);
    insta::assert_snapshot!("search", shape(&world.billing.get("/v1/search?q=act-11&facets=true").json()));
}

/// The index is a copy: whoever writes into it gains nothing.
#[test]
fn a_hit_that_the_ledger_does_not_bear_out_is_withheld_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SetClock::new(Timestamp::parse_rfc3339(NOON).unwrap()));
    let folder = || Folder::new(&dir.path().join("data"));
    let new = NewLedger {
        origin: Origin::parse(ORIGIN).unwrap(),
        base_url: "https://ledger.example".to_owned(),
        mark_file: folder().default_mark_file(),
    };
    create(&folder(), &new, &clock).unwrap();
    Ledger::open(LedgerConfig::new(folder(), Arc::clone(&clock))).unwrap().close();
    let forged = LeafIndex::new(1).unwrap();
    let (mut indexer, size) = Indexer::open(&folder().index_folder()).unwrap();
    assert_eq!(size, TreeSize::new(2).unwrap());
    let noon = Timestamp::parse_rfc3339(NOON).unwrap();
    let mut document = IndexDocument::new(forged, "action.recorded", noon, noon);
    document.human = Some("user:ana@example.com".to_owned());
    indexer.replace(&document).unwrap();
    indexer.commit(size).unwrap();
    drop(indexer);

    let ledger = Ledger::open(LedgerConfig::new(folder(), clock)).unwrap();
    let finder = Finder::new(&ledger, &Sight::Everything, None);
    let asked = Criteria::of(EntryKind::Action).and(Criterion::Human("user:ana@example.com".to_owned()));
    let found = finder.find(&asked, None, 10).unwrap();
    assert_eq!(finder.count(&asked).unwrap(), 1, "the index does say so");
    assert_eq!(found.hits.len(), 0);
    assert_eq!(found.withheld, [Withheld { index: forged, reason: WithheldReason::NotAsIndexed }]);
    let honest = finder.find(&Criteria::default(), None, 10).unwrap();
    assert_eq!(honest.withheld, [], "asked for anything, the entry is what it is");
    assert_eq!(honest.hits.len(), 2);
}
