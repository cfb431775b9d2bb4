//! Each filter against the same question asked of every event that was sent.

use serde_json::Value;

use super::world::{Told, World, page_hash, places, shape};
use crate::call::errors_of;

type IsSo = fn(&Told) -> bool;

const FILTERS: &[(&str, IsSo)] = &[
    ("", |_| true),
    ("human_principal_id=user:ana@example.com", |t| t.human() == Some("user:ana@example.com")),
    ("human_principal_id=user:bob%40example.com", |t| t.human() == Some("user:bob@example.com")),
    ("human_principal_id=user:nobody@example.com", |_| false),
    ("agent_id=agent:desk", |t| t.text("/actor/agent_id") == Some("agent:desk")),
    ("delegation_id=dlg-ana", |t| matches!(t.text("/actor/delegation_id"), Some("dlg-ana" | "dlg-ana-below"))),
    ("delegation_id=dlg-ana-below", |t| t.text("/actor/delegation_id") == Some("dlg-ana-below")),
    ("delegation_id=dlg-lost", |t| t.text("/actor/delegation_id") == Some("dlg-lost")),
    ("model_version=gpt-4o", |t| t.text("/actor/model_version") == Some("gpt-4o")),
    ("prompt_id=refunds%40v18", |t| t.text("/actor/prompt_id") == Some("refunds@v18")),
    ("policy_version=p2", |t| t.text("/decision/policy_version") == Some("p2")),
    ("trace_id=run-3", |t| t.text("/request/trace_id") == Some("run-3")),
    ("trace_id=run-103", |t| t.text("/request/parent_trace_id") == Some("run-103")),
    ("action_id=act-7", |t| t.text("/action_id") == Some("act-7")),
    ("action=mail.send", |t| t.text("/action/name") == Some("mail.send")),
    ("outcome=failed", |t| t.text("/outcome/status") == Some("failed")),
    ("outcome=requested", |_| false),
    ("caller_class=human", |t| t.text("/actor/caller_class") == Some("human")),
    ("reporter=billing", |_| true),
    ("reporter=someone", |_| false),
    ("finding=scope_exceeded", |t| t.findings.iter().any(|c| c == "scope_exceeded")),
    ("finding=delegation_unknown", |t| t.findings.iter().any(|c| c == "delegation_unknown")),
    ("finding=model_version_unfrozen", |t| t.findings.iter().any(|c| c == "model_version_unfrozen")),
    ("verdict=authorised", |t| t.verdict() == "authorised"),
    ("verdict=not_authorised", |t| t.verdict() == "not_authorised"),
    ("verdict=undetermined", |t| t.verdict() == "undetermined"),
    ("from=2026-11-24T11:58:20Z", |t| t.text("/occurred_at") >= Some("2026-11-24T11:58:20Z")),
    ("to=2026-11-24T11:58:20Z", |t| t.text("/occurred_at") < Some("2026-11-24T11:58:20Z")),
    ("from=2026-11-24T12:58:10%2B01:00&to=2026-11-24T11:58:12Z", |t| {
        matches!(t.text("/occurred_at"), Some("2026-11-24T11:58:10Z" | "2026-11-24T11:58:11Z"))
    }),
    ("q=GREEN+lamp", |t| t.text("/action/arguments/note").unwrap().contains("green lamp")),
    ("q=green+red", |_| false),
    ("q=W1009", |t| t.text("/action/resource") == Some("order:W1009")),
    ("q=act-11", |t| t.text("/action_id") == Some("act-11")),
    ("q=dlg-ana", |t| matches!(t.text("/actor/delegation_id"), Some("dlg-ana" | "dlg-ana-below"))),
    ("outcome=denied&agent_id=agent:desk&policy_version=p1&q=lamp", |t| {
        let texts = [t.text("/outcome/status"), t.text("/actor/agent_id"), t.text("/decision/policy_version")];
        texts == [Some("denied"), Some("agent:desk"), Some("p1")]
    }),
];

#[test]
fn each_filter_finds_what_reading_every_event_would() {
    let world = World::new();
    for (query, is_so) in FILTERS {
        let answer = world.billing.get(&format!("/v1/actions?limit=500&{query}"));
        let (found, expected) = (places(&answer.status(200)["actions"]), world.naive(is_so));
        assert_eq!(found, expected, "{query}");
        assert_eq!(answer.json()["meta"]["total"], expected.len(), "{query}");
        assert_eq!(answer.json()["meta"]["withheld"], Value::Array(vec![]), "{query}");
        let searched = world.billing.get(&format!("/v1/search?limit=500&type=action.recorded&{query}")).status(200);
        assert_eq!(places(&searched["hits"]), expected, "search: {query}");
    }
    for number in 0..4 {
        let hash = page_hash(number);
        let found = world.billing.get(&format!("/v1/actions?limit=500&document={hash}")).status(200);
        assert_eq!(places(&found["actions"]), world.naive(|told| told.had_read(&hash)), "page {number}");
    }
}

#[test]
fn a_filter_that_finds_nothing_here_finds_something_elsewhere() {
    let world = World::new();
    for (query, is_so) in FILTERS.iter().filter(|(query, _)| !query.is_empty() && !query.starts_with("reporter")) {
        let count = world.naive(is_so).len();
        let is_meant_empty = ["user:nobody", "requested", "green+red"].iter().any(|part| query.contains(part));
        assert_eq!(count == 0, is_meant_empty, "{query} has nothing to find among the events of the test");
        assert!(count < world.actions.len(), "{query} leaves nothing out");
    }
}

#[test]
fn delegations_are_found_by_how_they_stand_now() {
    let world = World::new();
    let ids = |query: &str| -> Vec<String> {
        let found = world.billing.get(&format!("/v1/delegations?{query}")).status(200);
        found["delegations"].as_array().unwrap().iter().map(|d| d["delegation_id"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("", &["dlg-taken", "dlg-over", "dlg-later", "dlg-ana-below", "dlg-bob", "dlg-ana"][..]),
        ("standing=active", &["dlg-ana-below", "dlg-bob", "dlg-ana"]),
        ("standing=active&limit=1", &["dlg-ana-below"]),
        ("standing=revoked", &["dlg-taken"]),
        ("standing=expired", &["dlg-over"]),
        ("standing=not_yet_valid", &["dlg-later"]),
        ("standing=undetermined", &[]),
        ("agent_id=agent:desk", &["dlg-ana-below", "dlg-bob"]),
        ("delegator=agent:refunds", &["dlg-ana-below"]),
        ("human_principal_id=user:bob@example.com", &["dlg-bob"]),
        ("delegation_id=dlg-ana", &["dlg-ana-below", "dlg-ana"]),
        ("from=2026-11-24T12:00:01Z", &[]),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
    let meta = world.billing.get("/v1/delegations?standing=active&limit=1").json()["meta"].clone();
    assert_eq!((meta["has_more"].as_bool(), meta["total_is_estimate"].as_bool()), (Some(true), Some(true)), "{meta}");
    let rest = world.billing.get(&format!("/v1/delegations?standing=active&limit=1&cursor={}", meta["cursor"].as_str().unwrap()));
    assert_eq!(rest.status(200)["delegations"][0]["delegation_id"], "dlg-bob");
    let taken = &world.billing.get("/v1/delegations?standing=revoked").status(200)["delegations"][0];
    assert_eq!(taken["standing"]["by_delegation_id"], "dlg-taken");
}

#[test]
fn what_is_not_understood_is_refused_with_what_is() {
    let world = World::new();
    for (path, code, error) in [
        ("/v1/actions?agentid=a", "unknown_parameter", "?agentid unknown"),
        ("/v1/actions?standing=active", "unknown_parameter", "?standing unknown"),
        ("/v1/actions?outcome=success", "invalid_parameter", "?outcome word"),
        ("/v1/actions?outcome=failed&outcome=denied", "invalid_parameter", "?outcome repeated"),
        ("/v1/actions?finding=nonsense", "invalid_parameter", "?finding word"),
        ("/v1/actions?verdict=good", "invalid_parameter", "?verdict word"),
        ("/v1/actions?caller_class=robot", "invalid_parameter", "?caller_class word"),
        ("/v1/actions?document=abc", "invalid_parameter", "?document format"),
        ("/v1/actions?from=yesterday", "invalid_parameter", "?from time"),
        ("/v1/actions?from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:00Z", "invalid_parameter", "?to period"),
        ("/v1/actions?limit=0", "invalid_parameter", "?limit number"),
        ("/v1/actions?limit=501", "invalid_parameter", "?limit number"),
        ("/v1/actions?at=100000", "invalid_parameter", "?at number"),
        ("/v1/delegations?standing=dead", "invalid_parameter", "?standing word"),
        ("/v1/delegations?outcome=failed", "unknown_parameter", "?outcome unknown"),
        ("/v1/search?type=action", "invalid_parameter", "?type word"),
        ("/v1/search?query=x", "unknown_parameter", "?query unknown"),
        ("/v1/overview?class=robot", "invalid_parameter", "?class word"),
        ("/v1/overview?class=agent&limit=3", "unknown_parameter", "?limit unknown"),
        ("/v1/principals?q=ana", "unknown_parameter", "?q unknown"),
    ] {
        let problem = world.billing.get(path).problem(code);
        assert_eq!(errors_of(&problem), [error], "{path}");
    }
    let many = vec!["x"; 33].join("+");
    world.billing.get(&format!("/v1/search?q={many}")).problem("invalid_parameter");
    let listed = world.billing.get("/v1/actions?outcome=success").problem("invalid_parameter");
    assert_eq!(listed["errors"][0]["allowed_values"].as_array().map(Vec::len), Some(6), "{listed}");
    world.app.stranger().get("/v1/actions").problem("unauthenticated");
    world.billing.get("/v1/documents/abc").problem("not_found");
    world.billing.get(&format!("/v1/documents/{}", "0".repeat(64))).problem("not_found");
    world.billing.get("/v1/principals/user:nobody@example.com").problem("not_found");
    world.billing.get("/v1/agents/agent:nobody").problem("not_found");
}

#[test]
fn the_lists_have_the_documented_members() {
    let world = World::new();
    let actions = world.billing.get("/v1/actions?q=act-11");
    insta::assert_snapshot!("actions", shape(&actions.json()));
    let delegations = world.billing.get("/v1/delegations?standing=revoked");
    insta::assert_snapshot!("delegations", shape(&delegations.json()));
}
