//! Pages: nothing twice, nothing left out, whatever arrives in between; and each caller sees her own.

use onus::domain::person::Role;
use serde_json::{Value, json};

use super::world::{ACTIONS, Told, World, one_more, places};
use crate::app::TestApp;
use crate::submissions::{action, grant, with};

#[test]
fn pages_stay_while_events_arrive() {
    let world = World::new();
    let expected = world.naive(|_| true);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = world.billing.get(&format!("/v1/actions?limit=7{cursor}"));
        seen.extend(places(&answer.status(200)["actions"]));
        let meta = answer.json()["meta"].clone();
        assert_eq!(meta["total"], ACTIONS, "the total is that of the first page");
        assert_eq!(meta["has_more"], meta["cursor"].is_string());
        let Some(next) = meta["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        world.billing.post("/v1/actions", &one_more()).status(201);
        world.app.wait_indexed();
    }
    assert_eq!(seen, expected);
    let again = world.billing.get("/v1/actions?limit=500").json();
    assert!(again["meta"]["total"].as_u64() > Some(ACTIONS as u64), "a new list holds the new events");
}

#[test]
fn a_cursor_is_for_its_own_list() {
    let world = World::new();
    let cursor_of = |path: &str| world.billing.get(path).json()["meta"]["cursor"].as_str().unwrap().to_owned();
    let cursor = cursor_of("/v1/actions?limit=2&outcome=failed");
    for path in [
        format!("/v1/actions?outcome=denied&cursor={cursor}"),
        format!("/v1/actions?cursor={cursor}"),
        format!("/v1/search?outcome=failed&cursor={cursor}"),
        format!("/v1/delegations?cursor={cursor}"),
        format!("/v1/actions?outcome=failed&cursor={cursor}AAAA"),
        "/v1/actions?cursor=nonsense".to_owned(),
        format!("/v1/principals?cursor={}", cursor_of("/v1/agents?limit=1")),
    ] {
        world.billing.get(&path).problem("invalid_cursor");
    }
    world.billing.get(&format!("/v1/actions?outcome=failed&limit=500&cursor={cursor}")).status(200);
    let (one, other) = (super::world::page_hash(1), super::world::page_hash(2));
    let of_one = cursor_of(&format!("/v1/documents/{one}?limit=1"));
    world.billing.get(&format!("/v1/documents/{one}?limit=1&cursor={of_one}")).status(200);
    world.billing.get(&format!("/v1/documents/{other}?limit=1&cursor={of_one}")).problem("invalid_cursor");
}

#[test]
fn a_pinned_size_always_gives_the_same_answer() {
    let world = World::new();
    let size = world.app.size();
    let before = world.billing.get(&format!("/v1/actions?at={size}")).status(200);
    world.billing.post("/v1/actions", &one_more()).status(201);
    let new = world.billing.get(&format!("/v1/actions?limit=1&min_tree_size={}", size + 1));
    assert_eq!(places(&new.status(200)["actions"]), [size], "what was recorded is waited for");
    let meta = new.json()["meta"].clone();
    assert_eq!((meta["tree_size"].as_u64(), meta["indexed_tree_size"].as_u64()), (Some(size + 1), Some(size + 1)), "{meta}");
    assert_eq!(world.billing.get(&format!("/v1/actions?at={size}")).status(200), before);
    let half = world.actions[ACTIONS / 2].index;
    let found = world.billing.get(&format!("/v1/actions?limit=500&at={half}")).status(200);
    assert_eq!(places(&found["actions"]), world.naive(|told| told.index < half));
}

#[test]
fn names_are_paged_completely() {
    let world = World::new();
    for (list, id, expected) in [
        ("principals", "human_principal_id", world.counts(Told::human)),
        ("agents", "agent_id", world.counts(|told| told.text("/actor/agent_id"))),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = world.billing.get(&format!("/v1/{list}?limit=1{cursor}"));
            let row = answer.status(200)[list][0].clone();
            let newest = row["latest_action"]["index"].as_u64();
            seen.push((row[id].as_str().unwrap().to_owned(), row["action_count"].as_u64().unwrap()));
            let of = |told: &Told| if list == "agents" { told.text("/actor/agent_id") } else { told.human() } == row[id].as_str();
            assert_eq!(newest, world.naive(of).first().copied(), "{row}");
            assert_eq!(answer.json()["meta"]["total"], expected.len());
            let Some(next) = answer.json()["meta"]["cursor"].as_str().map(str::to_owned) else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn everybody_sees_her_own() {
    let app = TestApp::start();
    let (billing, refunds, desk) = (app.service("billing"), app.agent("agent:refunds"), app.agent("agent:desk"));
    billing.post("/v1/delegations", &grant("dlg-1")).status(201);
    let by_billing = billing.post("/v1/actions", &action("act-billing", "dlg-1")).status(201);
    let by_refunds = refunds.post("/v1/actions", &action("act-refunds", "dlg-1")).status(201);
    app.wait_indexed();
    let index = |recorded: &Value| recorded["entry"]["index"].as_u64().unwrap();
    let (first, second) = (index(&by_billing), index(&by_refunds));
    let ana = app.person("user:ana@example.com", &[]);
    let carl = app.person("user:carl@example.com", &[]);
    let auditor = app.person("user:carl@example.com", &[Role::Auditor]);
    for (who, name, actions, delegations) in [
        (&billing, "a service", vec![second, first], 1),
        (&refunds, "the agent that reported one", vec![second], 1),
        (&desk, "another agent", vec![], 0),
        (&ana, "the human", vec![second, first], 1),
        (&carl, "another human", vec![], 0),
        (&auditor, "an auditor", vec![second, first], 1),
    ] {
        let listed = who.get("/v1/actions");
        assert_eq!(places(&listed.status(200)["actions"]), actions, "{name}");
        assert_eq!(listed.json()["meta"]["total"], actions.len(), "{name}");
        assert_eq!(who.get("/v1/delegations").status(200)["delegations"].as_array().map(Vec::len), Some(delegations), "{name}");
        let hits = who.get("/v1/search?q=dlg-1&type=action.recorded").status(200);
        assert_eq!(places(&hits["hits"]), actions, "{name}");
        let people = who.get("/v1/principals").status(200);
        assert_eq!(people["principals"].as_array().map(Vec::len), Some(usize::from(delegations > 0)), "{name}");
        let figures = who.get("/v1/overview?class=agent").status(200);
        assert_eq!(figures["classes"][0]["action_count"], actions.len(), "{name}");
    }
    desk.get("/v1/principals/user:ana@example.com").problem("not_found");
    desk.get("/v1/agents/agent:refunds").problem("not_found");
    let seen = refunds.get("/v1/agents/agent:refunds").status(200);
    assert_eq!(seen["action_count"], 1, "what others reported of an agent is not the agent's to see");
    let blind = app.credential(&json!({ "name": "blind", "class": "service", "permissions": ["events:write"], "reports_for": ["*"] }));
    blind.get("/v1/actions").problem("permission_missing");
}

#[test]
fn each_report_of_an_action_is_listed_and_says_which_it_is() {
    let app = TestApp::start();
    let (billing, shop) = (app.service("billing"), app.service("shop"));
    billing.post("/v1/delegations", &grant("dlg-1")).status(201);
    billing.post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    shop.post("/v1/actions", &with(action("act-1", "dlg-1"), &[("/outcome/status", json!("failed"))])).status(201);
    app.wait_indexed();
    let found = app.admin().get("/v1/actions?action_id=act-1").status(200);
    let reports: Vec<_> = found["actions"].as_array().unwrap().iter().map(|a| (a["reporter"].clone(), a["report"].clone())).collect();
    assert_eq!(reports, [(json!("shop"), json!({ "number": 2, "of": 2 })), (json!("billing"), json!({ "number": 1, "of": 2 }))]);
}
