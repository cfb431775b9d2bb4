//! Bodies that are not what they should be. Each is answered by a typed problem that names the place, leaves the ledger as it was,
//! and the server alive.

use serde_json::{Value, json};

use crate::app::{NOON, TestApp};
use crate::call::{Answer, Client, errors_of, unique};
use crate::submissions::{action, grant, pass_on, revocation, with, without};

/// Runs every case against one server; each must leave the ledger as it was.
fn refuse_all<C>(app: &TestApp, cases: impl IntoIterator<Item = C>, send: impl Fn(&C)) {
    for case in cases {
        let before = app.size();
        send(&case);
        assert_eq!(app.size(), before, "a refused request leaves the ledger as it was");
    }
    app.admin().post("/v1/actions", &action(&unique("act"), "dlg-1")).status(201);
}

fn post_bytes(client: &Client, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.request("POST", path).key(&unique("key-of-a-test")).body("application/json", body).send()
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    let app = TestApp::start();
    let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let cases: Vec<(Vec<u8>, &str, u64, u64)> = vec![
        (b"".to_vec(), "malformed_json", 1, 0),
        (b"{\"event_id\":\"e\",\n\"action_id\"".to_vec(), "malformed_json", 2, 11),
        (b"{\"a\":1,}".to_vec(), "malformed_json", 1, 8),
        (b"{} {}".to_vec(), "malformed_json", 1, 4),
        (b"{'a':1}".to_vec(), "malformed_json", 1, 2),
        (b"{\"a\":NaN}".to_vec(), "malformed_json", 1, 6),
        ("\u{feff}{}".as_bytes().to_vec(), "malformed_json", 1, 1),
        (b"{\n\"a\":\"\xff\xfe\"}".to_vec(), "malformed_json", 2, 6),
        (b"{\"a\":\"\\ud800\"}".to_vec(), "malformed_json", 1, 13),
        (b"{\"a\":\"line\nbreak\"}".to_vec(), "malformed_json", 2, 0),
        (b"{\"a\":1,\n\"b\":2,\n\"a\":3}".to_vec(), "duplicate_member", 3, 3),
        (b"{\"action\":{\"arguments\":{\"to\":\"a\",\"to\":\"b\"}}}".to_vec(), "duplicate_member", 1, 37),
        (b"{\"a\":9007199254740993}".to_vec(), "number_not_exact", 1, 6),
        (b"{\"a\":1,\n\"b\":1e400}".to_vec(), "number_not_exact", 2, 9),
        (b"{\"a\":0.10000000000000000001}".to_vec(), "number_not_exact", 1, 6),
        (b"{\"_sd\":[]}".to_vec(), "reserved_name", 1, 6),
        (b"{\"a\":{\"...\":1}}".to_vec(), "reserved_name", 1, 11),
        (deep(32).into_bytes(), "too_deep", 1, 38),
        (deep(5000).into_bytes(), "too_deep", 1, 37),
    ];
    refuse_all(&app, cases, |(body, code, line, column)| {
        for path in ["/v1/actions", "/v1/delegations", "/v1/delegations/dlg-1/revocations", "/v1/credentials", "/v1/events"] {
            let problem = post_bytes(&app.admin(), path, body.clone()).problem(code);
            let place = (problem["line"].as_u64(), problem["column"].as_u64());
            assert_eq!(place, (Some(*line), Some(*column)), "{path}: {problem} for {:.80?}", String::from_utf8_lossy(body));
            assert!(problem["detail"].as_str().unwrap().contains(&format!("line {line}")), "{problem}");
        }
    });
}

#[test]
fn members_that_are_wrong_are_all_named_at_once() {
    let app = TestApp::start();
    let act = || action("act-1", "dlg-1");
    let long = |bytes: usize| Value::from("x".repeat(bytes));
    let cases: Vec<(Value, &[&str])> = vec![
        (
            json!({}),
            &[
                "/event_id required",
                "/occurred_at required",
                "/action_id required",
                "/actor/caller_class required",
                "/action/name required",
                "/outcome/status required",
            ],
        ),
        (json!([1]), &[" wrong_type"]),
        (json!("act"), &[" wrong_type"]),
        (with(act(), &[("/occurred_at", json!("2026-11-24T12:00:00"))]), &["/occurred_at time_without_zone"]),
        (with(act(), &[("/occurred_at", json!("24.11.2026"))]), &["/occurred_at not_a_time"]),
        (with(act(), &[("/occurred_at", json!("2026-02-30T12:00:00Z"))]), &["/occurred_at not_a_time"]),
        (with(act(), &[("/occurred_at", json!(1_795_521_600))]), &["/occurred_at wrong_type"]),
        (
            with(act(), &[("/actr", json!({ "agent_id": "agent:x" })), ("/action/nmae", json!("x"))]),
            &["/actr unknown_member", "/action/nmae unknown_member"],
        ),
        (with(act(), &[("/report", json!({ "source": "somebody else" }))]), &["/report unknown_member"]),
        (with(act(), &[("/actor/caller_class", json!("robot"))]), &["/actor/caller_class not_allowed"]),
        (with(act(), &[("/actor", json!("agent:refunds"))]), &["/actor wrong_type", "/actor/caller_class required"]),
        (without(act(), "/actor/agent_id"), &["/actor/agent_id required"]),
        (
            with(act(), &[("/outcome/status", json!("suceeded")), ("/outcome/duration_ms", json!(-1))]),
            &["/outcome/status not_allowed", "/outcome/duration_ms out_of_range"],
        ),
        (with(act(), &[("/outcome/duration_ms", json!(1.5))]), &["/outcome/duration_ms out_of_range"]),
        (with(act(), &[("/action/arguments", json!("all of it"))]), &["/action/arguments wrong_type"]),
        (with(act(), &[("/event_id", json!(7)), ("/action_id", json!(""))]), &["/event_id wrong_type", "/action_id empty"]),
        (with(act(), &[("/event_id", long(257))]), &["/event_id id_too_long"]),
        (with(act(), &[("/action/name", long(257))]), &["/action/name action_name_too_long"]),
        (with(act(), &[("/action/resource", long(2049))]), &["/action/resource resource_too_long"]),
        (with(act(), &[("/action/required_scope", json!(["a b"]))]), &["/action/required_scope/0 malformed"]),
        (with(act(), &[("/action/required_scope", json!(vec!["s"; 257]))]), &["/action/required_scope scope_too_many"]),
        (with(act(), &[("/context", json!(vec![json!({ "uri": "u" }); 1025]))]), &["/context context_too_many"]),
        (with(act(), &[("/context", json!([{ "uri": "u" }, {}]))]), &["/context/1 empty"]),
        (with(act(), &[("/context/0/sha256", json!("0".repeat(64)))]), &["/context/0/sha256 content_hash_mismatch"]),
        (with(act(), &[("/context/0/content", long((1 << 20) + 1))]), &["/context/0/content content_too_long"]),
        (
            with(act(), &[("/trigger", json!({ "kind": "human_message", "content_ref": "0".repeat(64) }))]),
            &["/trigger/content_ref unknown_content"],
        ),
        (with(act(), &[("/type", json!("delegation.granted"))]), &["/type not_allowed"]),
    ];
    refuse_all(&app, cases, |(event, expected)| {
        let problem = app.admin().post("/v1/actions", event).problem("validation_failed");
        let found = errors_of(&problem);
        for error in *expected {
            assert!(found.iter().any(|f| f == error), "{error} is not in {found:?} for {event}");
        }
        assert_eq!(found.len(), expected.len(), "and nothing else: {found:?}");
        assert!(problem["errors"].as_array().unwrap().iter().all(|e| e["message"].as_str().is_some_and(|m| m.len() > 10)), "{problem}");
    });
}

#[test]
fn delegations_without_end_in_a_circle_or_never_valid_are_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.post("/v1/delegations", &pass_on("dlg-b", "dlg-a", "agent:refunds", "agent:helper")).status(201);
    let dlg = || grant("dlg-1");
    let cases: Vec<(Value, &str)> = vec![
        (without(dlg(), "/expires_at"), "/expires_at required"),
        (with(dlg(), &[("/expires_at", Value::Null)]), "/expires_at required"),
        (with(dlg(), &[("/expires_at", json!("never"))]), "/expires_at not_a_time"),
        (with(dlg(), &[("/expires_at", json!("2026-11-24T20:00:00"))]), "/expires_at time_without_zone"),
        (with(dlg(), &[("/expires_at", json!(NOON))]), "/expires_at out_of_range"),
        (with(dlg(), &[("/not_before", json!("2027-01-01T00:00:00Z"))]), "/expires_at out_of_range"),
        (pass_on("dlg-1", "dlg-1", "agent:refunds", "agent:helper"), "/parent_delegation_id cycle"),
        (pass_on("dlg-a", "dlg-b", "agent:helper", "agent:refunds"), "/parent_delegation_id cycle"),
        (without(dlg(), "/scope"), "/scope required"),
        (with(dlg(), &[("/scope", json!("orders:read orders:refund"))]), "/scope wrong_type"),
        (without(dlg(), "/human_principal_id"), "/human_principal_id required"),
        (without(dlg(), "/delegate"), "/delegate/agent_id required"),
        (with(dlg(), &[("/delegator/kind", json!("robot"))]), "/delegator/kind not_allowed"),
        (with(dlg(), &[("/token", json!({ "sub": "user:ana@example.com", "sha256": "0".repeat(64) }))]), "/token/sha256 unknown_member"),
        (with(dlg(), &[("/constraints", json!([{ "argument": "amount", "op": "<=", "value": 5 }]))]), "/constraints/0/argument malformed"),
        (with(dlg(), &[("/constraints", json!([{ "argument": "/amount", "op": "<", "value": 5 }]))]), "/constraints/0/op not_allowed"),
        (with(dlg(), &[("/authorization_details", json!([{ "locations": [] }]))]), "/authorization_details/0/type required"),
    ];
    refuse_all(&app, cases, |(event, expected)| {
        let found = errors_of(&admin.post("/v1/delegations", event).problem("validation_failed"));
        assert_eq!(found, [*expected], "{event}");
        let mut data = admin.post_lines("/v1/events", std::slice::from_ref(event)).status(200);
        assert_eq!((&data["refused"], &data["results"][0]["status"]), (&json!(1), &json!(422)));
        assert_eq!(errors_of(&data["results"][0]["problem"].take()), [*expected], "as a line of a batch");
    });
    let elsewhere = with(revocation("dlg-2"), &[("/revoked_at", json!("yesterday"))]);
    let found = errors_of(&admin.post("/v1/delegations/dlg-2/revocations", &elsewhere).problem("validation_failed"));
    assert_eq!(found, ["/revoked_at not_a_time"]);
}

#[test]
fn credentials_that_could_speak_for_anybody_are_not_issued_by_mistake() {
    let app = TestApp::start();
    let good = || json!({ "name": "billing", "class": "service", "permissions": ["events:write"], "reports_for": ["agent:*"] });
    let cases: Vec<(Value, &str)> = vec![
        (without(good(), "/permissions"), "/permissions required"),
        (with(good(), &[("/permissions", json!(["everything"]))]), "/permissions not_allowed"),
        (with(good(), &[("/class", json!("human"))]), "/class not_allowed"),
        (with(good(), &[("/class", json!("agent"))]), "/agent_id required"),
        (with(good(), &[("/reports_for", json!(["agent:*:refunds"]))]), "/reports_for malformed"),
        (with(good(), &[("/expires_at", json!(NOON))]), "/expires_at out_of_range"),
        (with(good(), &[("/owner", json!("onus"))]), "/owner not_allowed"),
        (with(good(), &[("/secret", json!("chosen by me"))]), "/secret unknown_member"),
    ];
    refuse_all(&app, cases, |(terms, expected)| {
        let found = errors_of(&app.admin().post("/v1/credentials", terms).problem("validation_failed"));
        assert!(found.iter().any(|f| f == expected), "{expected} is not in {found:?}");
    });
}
