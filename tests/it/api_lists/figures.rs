//! Counts: of a document's readers, of a person, of an agent, of a class, against adding up every event.

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::{Told, World, page_hash, places, shape};

/// `[{name: value, action_count: n}]` as a map.
#[track_caller]
fn counted(list: &Value, name: &str) -> BTreeMap<String, u64> {
    let rows = list.as_array().expect("a list").iter();
    rows.map(|row| (row[name].as_str().expect(name).to_owned(), row["action_count"].as_u64().expect("a count"))).collect()
}

#[test]
fn a_document_tells_who_had_read_it() {
    let world = World::new();
    let hash = page_hash(3);
    let document = world.billing.get(&format!("/v1/documents/{}?limit=5", hash.to_uppercase())).status(200);
    let had_read = |told: &Told| told.had_read(&hash);
    assert_eq!(document["sha256"].as_str(), Some(&*hash));
    assert_eq!(document["content"]["held"], true);
    assert_eq!(document["content"]["bytes"], super::world::page(3).len());
    assert_eq!(document["action_count"], world.naive(had_read).len());
    assert_eq!(places(&document["actions"]), world.naive(had_read)[..5]);
    assert_eq!(counted(&document["agents"], "agent_id"), world.counts(|t| t.text("/actor/agent_id").filter(|_| had_read(t))));
    assert_eq!(counted(&document["principals"], "human_principal_id"), world.counts(|t| t.human().filter(|_| had_read(t))));
    insta::assert_snapshot!("document", shape(&document));
}

#[test]
fn a_person_tells_what_was_done_in_her_name() {
    let world = World::new();
    let ana = world.billing.get("/v1/principals/user:ana%40example.com").status(200);
    let is_hers = |told: &Told| told.human() == Some("user:ana@example.com");
    assert_eq!(ana["action_count"], world.naive(is_hers).len());
    assert_eq!(counted(&ana["agents"], "agent_id"), world.counts(|t| t.text("/actor/agent_id").filter(|_| is_hers(t))));
    for (verdict, count) in world.counts(|t| Some(t.verdict()).filter(|_| is_hers(t))) {
        assert_eq!(ana["verdicts"][&verdict], count, "{verdict}");
    }
    assert_eq!(places(&ana["latest_actions"]), world.naive(is_hers)[..10]);
    let given: Vec<_> = ana["delegations_given"].as_array().unwrap().iter().map(|d| d["delegation_id"].as_str().unwrap()).collect();
    assert_eq!(given, ["dlg-taken", "dlg-over", "dlg-later", "dlg-ana"], "not what an agent passed on");
    insta::assert_snapshot!("principal", shape(&ana));
}

#[test]
fn an_agent_tells_as_what_it_ran_and_for_whom() {
    let world = World::new();
    let desk = world.billing.get("/v1/agents/agent:desk").status(200);
    let is_its = |told: &Told| told.text("/actor/agent_id") == Some("agent:desk");
    assert_eq!(desk["action_count"], world.naive(is_its).len());
    assert_eq!(counted(&desk["models"], "model_version"), world.counts(|t| t.text("/actor/model_version").filter(|_| is_its(t))));
    assert_eq!(counted(&desk["prompts"], "prompt_id"), world.counts(|t| t.text("/actor/prompt_id").filter(|_| is_its(t))));
    assert_eq!(counted(&desk["acted_for"], "human_principal_id"), world.counts(|t| t.human().filter(|_| is_its(t))));
    let held: Vec<_> = desk["delegations_held"].as_array().unwrap().iter().map(|d| d["delegation_id"].as_str().unwrap()).collect();
    assert_eq!(held, ["dlg-ana-below", "dlg-bob"]);
    insta::assert_snapshot!("agent", shape(&desk));
}

#[test]
fn an_overview_tells_each_class_for_itself() {
    let world = World::new();
    let overview = world.billing.get("/v1/overview").status(200);
    let classes: Vec<_> = overview["classes"].as_array().unwrap().iter().map(|c| c["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["human", "agent", "service"]);
    for figures in overview["classes"].as_array().unwrap() {
        let of_class = |told: &Told| told.text("/actor/caller_class") == figures["class"].as_str();
        let count = |is_so: &dyn Fn(&Told) -> bool| world.naive(|told| of_class(told) && is_so(told)).len();
        assert_eq!(figures["action_count"], count(&|_| true));
        assert_eq!(figures["denied_count"], count(&|told| told.text("/outcome/status") == Some("denied")));
        assert_eq!(figures["failed_count"], count(&|told| told.text("/outcome/status") == Some("failed")));
        assert_eq!(counted(&figures["actions"], "name"), world.counts(|t| t.text("/action/name").filter(|_| of_class(t))));
        assert_eq!(counted(&figures["errors"], "error_code"), world.counts(|t| t.text("/outcome/error_code").filter(|_| of_class(t))));
        let of_this = world.actions.iter().filter(|told| of_class(told));
        let mut durations: Vec<u64> = of_this.map(|told| told.event["outcome"]["duration_ms"].as_u64().unwrap()).collect();
        durations.sort_unstable();
        assert_eq!(figures["durations"]["known_count"], durations.len());
        let half = durations.len().checked_sub(1).map(|last| durations[last / 2]);
        assert_eq!(figures["durations"]["p50_ms"].as_u64(), half, "{figures}");
    }
    let hour = world.billing.get("/v1/overview?class=agent&from=2026-11-24T11:58:10Z&to=2026-11-24T11:58:20Z").status(200);
    let within = |told: &Told| {
        told.text("/actor/caller_class") == Some("agent")
            && told.text("/occurred_at").is_some_and(|at| at.starts_with("2026-11-24T11:58:1"))
    };
    assert_eq!(hour["classes"][0]["action_count"], world.naive(within).len());
    insta::assert_snapshot!("overview", shape(&overview));
}
