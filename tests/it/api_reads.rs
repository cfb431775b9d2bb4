//! What the API tells of one delegation, one action, one entry: the shapes as snapshots, who may see what, and that everything
//! said of the log verifies with the verifiers alone.

mod exports;
mod log;
mod previews;

use onus::domain::person::Role;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::Client;
use crate::submissions::{action, grant, pass_on, revocation, with};

/// ana → `agent:desk` (`dlg-root`) → `agent:refunds` (`dlg-part`, which widens), and a refund under the part (`act-1`).
pub(crate) struct Story {
    pub(crate) app: TestApp,
    pub(crate) billing: Client,
}

impl Story {
    pub(crate) fn told() -> Self {
        let app = TestApp::start();
        let billing = app.service("billing");
        let root = with(grant("dlg-root"), &[("/delegate", json!({ "agent_id": "agent:desk" })), ("/scope", json!(["orders:read"]))]);
        billing.post("/v1/delegations", &root).status(201);
        billing.post("/v1/delegations", &pass_on("dlg-part", "dlg-root", "agent:desk", "agent:refunds")).status(201);
        billing.post("/v1/actions", &action("act-1", "dlg-part")).status(201);
        app.wait_published();
        Self { app, billing }
    }

    /// The index of the newest entry.
    pub(crate) fn last(&self) -> u64 {
        self.app.size() - 1
    }
}

/// The same answer in every run: what is drawn by chance or counted over all tests is looked at, then hidden.
fn steady(mut value: Value) -> Value {
    hide(&mut value);
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let Some(text) = member.as_str() else {
                    hide(member);
                    continue;
                };
                let length = match name.as_str() {
                    "leaf_hash" | "prev" | "payload" if text.len() == 43 => 43,
                    "root_hash" => 44,
                    "bytes" | "event_id" | "/event_id" | "credential_id" | "request_id" | "tlog_proof" | "preview_token" => text.len(),
                    _ => continue,
                };
                assert!(length > 0 && text.len() == length, "{name} is {text:?}");
                *member = format!("[{}]", name.trim_start_matches('/')).into();
            }
        }
        _ => {}
    }
}

#[test]
fn a_walk_reads_as_the_contract_shows_it() {
    let story = Story::told();
    let walk = story.billing.get("/v1/actions/act-1/walk").status(200);
    assert_eq!(walk["human_principal_id"], "user:ana@example.com");
    assert_eq!(walk["complete"], true);
    insta::assert_json_snapshot!("walk", steady(walk));
}

#[test]
fn an_action_is_told_by_all_its_reports_and_by_what_was_found_later() {
    let story = Story::told();
    let told_again = with(action("act-1", "dlg-part"), &[("/outcome/duration_ms", json!(184))]);
    story.app.service("orders").post("/v1/actions", &told_again).status(201);
    story.billing.post("/v1/delegations/dlg-root/revocations", &revocation("dlg-root")).status(201);
    let data = story.billing.get("/v1/actions/act-1").status(200);
    assert_eq!(data["reports"].as_array().unwrap().len(), 2);
    assert_eq!(data["outcome"]["duration_ms"], 184, "the latest outcome");
    assert_eq!(data["changed_by"][0]["cause_type"], "delegation.revoked");
    assert!(data["findings"].as_array().unwrap().contains(&json!("delegation_revoked")), "{data}");
    insta::assert_json_snapshot!("action", steady(data));
}

#[test]
fn a_delegation_says_what_it_allows_and_which_ancestor_ended_it() {
    let story = Story::told();
    insta::assert_json_snapshot!("delegation", steady(story.billing.get("/v1/delegations/dlg-part").status(200)));
    story.billing.post("/v1/delegations/dlg-root/revocations", &revocation("dlg-root")).status(201);
    let part = story.billing.get("/v1/delegations/dlg-part").status(200);
    assert_eq!((&part["standing"]["status"], &part["standing"]["by"]), (&json!("revoked"), &json!("dlg-root")));
    let root = story.billing.get("/v1/delegations/dlg-root").status(200);
    assert_eq!(root["revocations"][0]["reason"], "no longer needed");
    assert_eq!((&root["narrowing"], &root["children_count"], &root["actions_count"]), (&Value::Null, &json!(1), &json!(0)));
}

#[test]
fn a_tree_is_read_page_by_page_and_none_is_left_out() {
    let story = Story::told();
    let mut lines = Vec::new();
    for child in 0..7 {
        let id = format!("dlg-c{child}");
        lines.push(pass_on(&id, "dlg-root", "agent:desk", "agent:refunds"));
        lines.extend((0..3).map(|grandchild| pass_on(&format!("{id}-{grandchild}"), &id, "agent:refunds", "agent:helper")));
    }
    story.billing.post_lines("/v1/events", &lines).status(200);
    insta::assert_json_snapshot!("tree", steady(story.billing.get("/v1/delegations/dlg-root/tree?limit=3").status(200)));

    let mut found = Vec::new();
    let mut path = "/v1/delegations/dlg-root/tree?limit=5".to_owned();
    loop {
        let answer = story.billing.get(&path);
        let page = answer.status(200)["descendants"].as_array().unwrap().clone();
        assert!((1..=5).contains(&page.len()));
        found.extend(page.iter().map(|node| (node["level"].as_u64().unwrap(), node["delegation_id"].as_str().unwrap().to_owned())));
        let meta = answer.json()["meta"].take();
        let Some(cursor) = meta["cursor"].as_str() else { break };
        assert_eq!(meta["has_more"], true);
        path = format!("/v1/delegations/dlg-root/tree?limit=5&cursor={cursor}");
    }
    let mut expected = vec![(1, "dlg-part".to_owned())];
    for child in 0..7 {
        expected.push((1, format!("dlg-c{child}")));
        expected.extend((0..3).map(|grandchild| (2, format!("dlg-c{child}-{grandchild}"))));
    }
    assert_eq!(found, expected, "each once, below its parent, in the order it was named");

    let shallow = story.billing.get("/v1/delegations/dlg-root/tree?depth=1").status(200);
    assert_eq!(shallow["descendants"].as_array().unwrap().len(), 8);
    assert_eq!(shallow["descendants"][1]["children_count"], 3, "what is not drawn is counted");
    let cursor = story.billing.get("/v1/delegations/dlg-root/tree?limit=1").json()["meta"]["cursor"].as_str().unwrap().to_owned();
    story.billing.get(&format!("/v1/delegations/dlg-c0/tree?limit=1&cursor={cursor}")).problem("invalid_cursor");
}

#[test]
fn a_circle_of_delegations_is_not_closed() {
    let story = Story::told();
    let circle = [pass_on("dlg-x", "dlg-y", "agent:y", "agent:x"), pass_on("dlg-y", "dlg-x", "agent:x", "agent:y")];
    let told = story.billing.post_lines("/v1/events", &circle).status(200);
    assert_eq!(told["results"][1]["problem"]["errors"][0]["code"], "cycle", "{told}");
    let tree = story.billing.get("/v1/delegations/dlg-x/tree").status(200);
    assert_eq!(tree["root"]["kind"], "missing");
    assert_eq!(tree["descendants"], json!([]));
}

#[test]
fn each_sees_her_own_and_is_told_of_the_rest_that_it_is_not_there() {
    let story = Story::told();
    let (refunds, stranger) = (story.app.agent("agent:refunds"), story.app.agent("agent:stranger"));
    let ana = story.app.person("user:ana@example.com", &[]);
    let bob = story.app.person("user:bob@example.com", &[]);
    let auditor = story.app.person("user:eve@example.com", &[Role::Auditor]);
    let own = with(action("act-own", "dlg-part"), &[("/outcome/status", json!("failed"))]);
    refunds.post("/v1/actions", &own).status(201);
    let index = story.last();
    let paths = |action: &str| {
        [
            format!("/v1/actions/{action}"),
            format!("/v1/actions/{action}/walk"),
            format!("/v1/entries/{index}"),
            format!("/v1/entries/{index}/receipt"),
        ]
    };
    for path in paths("act-own") {
        for reader in [&refunds, &ana, &auditor, &story.billing] {
            reader.get(&path).status(200);
        }
        let unknown = story.billing.get("/v1/actions/act-none").problem("not_found");
        for other in [&stranger, &bob] {
            let refused = other.get(&path).problem("not_found");
            assert_eq!(refused["title"], unknown["title"], "one answer for what is not there and what is not hers");
        }
    }
    // What a service reported of an agent is the service's: the agent reads what it reported itself.
    refunds.get("/v1/actions/act-1").problem("not_found");
    refunds.get("/v1/delegations/dlg-part").status(200);
    refunds.get("/v1/delegations/dlg-root").problem("not_found");
    stranger.get("/v1/delegations/dlg-part").problem("not_found");
    ana.get("/v1/delegations/dlg-root/tree").status(200);
    bob.get("/v1/delegations/dlg-root/tree").problem("not_found");
    story.billing.get("/v1/entries/0").status(200);
    ana.get("/v1/entries/0").problem("not_found");
}

#[test]
fn an_opening_is_for_its_source_and_for_those_who_see_everything() {
    let story = Story::told();
    let refunds = story.app.agent("agent:refunds");
    refunds.post("/v1/actions", &action("act-own", "dlg-part")).status(201);
    let own = format!("/v1/entries/{}/receipt", story.last());
    assert!(refunds.get(&own).status(200)["salts"]["/action_id"].is_string());
    assert!(story.billing.get(&own).status(200)["salts"]["/action_id"].is_string());
    assert_eq!(story.app.person("user:ana@example.com", &[]).get(&own).status(200)["salts"], Value::Null);
}

#[test]
fn entries_are_listed_from_the_newest_on() {
    let story = Story::told();
    let listed = |client: &Client, query: &str| -> Vec<u64> {
        let mut indexes = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = client.get(&format!("/v1/entries?limit=2{query}{cursor}"));
            indexes.extend(answer.status(200)["entries"].as_array().unwrap().iter().map(|entry| entry["index"].as_u64().unwrap()));
            match answer.json()["meta"]["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return indexes,
            }
        }
    };
    let all: Vec<u64> = (0..story.app.size()).rev().collect();
    assert_eq!(listed(&story.billing, ""), all);
    assert_eq!(listed(&story.billing, "&type=action.recorded"), [story.last()]);
    assert_eq!(listed(&story.app.person("user:ana@example.com", &[]), ""), all[..3], "the three in her name");
    assert_eq!(listed(&story.app.agent("agent:refunds"), ""), [story.last() - 2], "the delegation given to it");
    story.billing.get("/v1/entries?type=Nonsense!").problem("invalid_parameter");
    story.billing.get("/v1/entries?before=3").problem("unknown_parameter");
}

#[test]
fn ids_in_paths_are_decoded_and_unknown_parameters_refused() {
    let story = Story::told();
    story.billing.post("/v1/actions", &action("act/odd id?ž", "dlg-part")).status(201);
    let found = story.billing.get("/v1/actions/act%2Fodd%20id%3F%C5%BE").status(200);
    assert_eq!(found["action_id"], "act/odd id?ž");
    assert_eq!(story.billing.get(found["walk_url"].as_str().unwrap()).status(200)["action_id"], found["action_id"]);
    for path in [
        "/v1/actions/act-1",
        "/v1/actions/act-1/walk",
        "/v1/delegations/dlg-part",
        "/v1/entries/0",
        "/v1/entries/0/receipt",
        "/healthz",
        "/v1/caller",
    ] {
        story.billing.get(&format!("{path}?colour=red")).problem("unknown_parameter");
    }
    for path in [
        "/v1/actions/act-0",
        "/v1/delegations/dlg-0",
        "/v1/delegations/dlg-0/tree",
        "/v1/entries/999",
        "/v1/entries/-1",
        "/v1/entries/01",
        "/v1/entries/x",
        "/problems/none",
    ] {
        story.billing.get(path).problem("not_found");
    }
    story.app.stranger().get("/v1/actions/act-1/walk").problem("unauthenticated");
}

#[test]
fn the_process_tells_how_it_does() {
    let story = Story::told();
    let stranger = story.app.stranger();
    assert_eq!(stranger.get("/healthz").status(200)["status"], "alive");
    assert_eq!(stranger.get("/readyz").status(200)["status"], "ready");
    let metrics = story.app.admin().get("/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = metrics.text();
    for line in [
        format!("onus_entries {}", story.app.size()),
        "onus_http_requests_total{operation=\"recordAction\",status=\"201\"}".to_owned(),
        "onus_http_request_duration_seconds_bucket{operation=\"recordAction\"".to_owned(),
        "onus_commit_events_bucket".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is not in {text}");
    }
    story.billing.get("/metrics").problem("permission_missing");
    story.app.wait_indexed();
    story.app.set_clock("2026-11-25T12:00:00Z");
    story.billing.post("/v1/actions", &action("act-2", "dlg-part")).problem("clock_jump");
    assert_eq!(stranger.get("/readyz").problem("clock_jump")["reasons"], json!(["clock_jumped"]));
    assert_eq!(stranger.get("/problems/clock_jump").status(200)["retryable"], true);
}

#[test]
fn a_caller_is_told_who_it_is() {
    let app = TestApp::start();
    let caller = app.agent("agent:refunds").get("/v1/caller").status(200);
    insta::assert_json_snapshot!("caller", steady(caller));
    assert_eq!(app.person("user:ana@example.com", &[Role::Auditor]).get("/v1/caller").status(200)["sees"], "everything");
    app.stranger().get("/v1/caller").problem("unauthenticated");
}
