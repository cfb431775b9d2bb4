//! What the answers to writes look like, as snapshots: a member that appears, goes or changes its type shows in a review. Values that
//! differ from run to run are hidden, each after a look at whether it is what it should be.

use onus::tlog::entry::EntryHeader;
use onus::tlog::hash::{LeafHash, from_base64url};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::Answer;
use crate::submissions::{action, grant, pass_on, revocation, with, without};

/// An event whose id is the same in every run.
fn named(event: Value, event_id: &str) -> Value {
    with(event, &[("/event_id", json!(event_id))])
}

#[track_caller]
fn snapshot(app: &TestApp, name: &str, answer: &Answer) {
    let mut json = answer.json();
    redact(&mut json, app.url());
    let mut headers = serde_json::Map::new();
    for header in
        ["allow", "cache-control", "content-type", "location", "retry-after", "www-authenticate", "x-caller-class", "x-idempotent-replayed"]
    {
        if let Some(value) = answer.header(header) {
            headers.insert(header.to_owned(), value.into());
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!(name, json!({ "status": answer.status, "headers": headers, "body": json }));
    });
}

/// Hides what differs from run to run; what is hidden must be what its name says.
#[track_caller]
fn redact(value: &mut Value, url: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, url)),
        Value::Object(members) => {
            if let (Some(Value::String(bytes)), Some(Value::String(hash))) = (members.get("bytes"), members.get("leaf_hash")) {
                let bytes = from_base64url(bytes).expect("base64url");
                assert_eq!(LeafHash::of(&bytes).to_string(), *hash, "the hash is that of the bytes");
                let header = EntryHeader::parse(&bytes).unwrap();
                assert_eq!(
                    (Some(header.index.get()), Some(header.recorded_at.to_string().as_str())),
                    (members["index"].as_u64(), members["recorded_at"].as_str())
                );
                members["bytes"] = "[entry]".into();
                members["leaf_hash"] = "[its hash]".into();
            }
            for (name, member) in members {
                let text = member.as_str().unwrap_or_default();
                let hidden = match name.as_str() {
                    "request_id" => Some((text.starts_with("req_") && text.len() == 36, "[request id]")),
                    "token" => Some((text.starts_with("onus_agent_") && text.len() > 60, "[token]")),
                    "credential_id" => Some((text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit()), "[credential id]")),
                    "delegation_id" if text.len() == 28 => Some((text.starts_with("dlg-"), "[delegation id]")),
                    "tlog_proof" => Some((text.starts_with("c2sp.org/tlog-proof@v1\n") && text.contains("\n\u{2014} "), "[proof]")),
                    name if name.starts_with('/') && text.len() == 22 => {
                        Some((from_base64url(text).is_some_and(|s| s.len() == 16), "[salt]"))
                    }
                    _ => None,
                };
                if let Some((is_right, shown)) = hidden {
                    assert!(is_right, "{name} is {text:?}");
                    *member = shown.into();
                } else if text.contains(url) {
                    *member = text.replace(url, "[base]").into();
                } else {
                    redact(member, url);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn what_writes_are_answered_with() {
    let app = TestApp::start();
    let admin = app.admin();
    let post = |name: &str, path: &str, body: &Value, prefer: &str| {
        let answer = admin.request("POST", path).key(&format!("key-of-{name}")).header("prefer", prefer).json(body).send();
        snapshot(&app, name, &answer);
    };
    let granted = named(grant("dlg-1"), "evt-1");
    post("delegation_granted", "/v1/delegations", &granted, "");
    post("delegation_known_by_its_event", "/v1/delegations", &with(granted, &[("/extensions", json!({}))]), "");
    post("delegation_without_an_id", "/v1/delegations", &named(without(grant("dlg-x"), "/delegation_id"), "evt-2"), "");
    let wide = with(pass_on("dlg-2", "dlg-1", "agent:refunds", "agent:helper"), &[("/scope", json!(["orders:*"]))]);
    post("delegation_widened", "/v1/delegations", &named(wide, "evt-3"), "");
    post("action_authorised", "/v1/actions", &named(action("act-1", "dlg-1"), "evt-4"), "");
    let other = with(action("act-2", "dlg-never"), &[("/actor/caller_class", json!("agent")), ("/outcome/status", json!("requested"))]);
    post("action_requested_without_delegation", "/v1/actions", &named(other, "evt-5"), "");
    post("action_with_its_opening", "/v1/actions", &named(action("act-3", "dlg-1"), "evt-6"), "receipt=opening");
    post("action_with_its_proof", "/v1/actions", &named(action("act-4", "dlg-1"), "evt-7"), "receipt=\"checkpointed\"");
    post("delegation_revoked", "/v1/delegations/dlg-1/revocations", &named(revocation("dlg-1"), "evt-8"), "");
    let terms = json!({ "name": "refunds", "class": "agent", "agent_id": "agent:refunds", "permissions": ["events:write"] });
    post("credential_issued", "/v1/credentials", &terms, "");
}

#[test]
fn what_batches_are_answered_with() {
    let app = TestApp::start();
    let admin = app.admin();
    let lines = [
        named(grant("dlg-1"), "evt-1"),
        named(action("act-1", "dlg-1"), "evt-2"),
        named(without(action("act-2", "dlg-1"), "/occurred_at"), "evt-3"),
        named(action("act-1", "dlg-1"), "evt-2"),
    ];
    let post = |name: &str, path: &str| {
        snapshot(&app, name, &admin.request("POST", path).key(&format!("key-of-{name}")).lines(&lines).send());
    };
    post("batch_refused_whole", "/v1/events?atomic=true");
    post("batch_in_parts", "/v1/events");
}

#[test]
fn what_refusals_look_like() {
    let app = TestApp::start();
    let admin = app.admin();
    let event = named(action("act-1", "dlg-1"), "evt-1");
    admin.post("/v1/actions", &event).status(201);
    let wrong = with(
        event.clone(),
        &[("/outcome/status", json!("suceeded")), ("/occurred_at", json!("2026-11-24T12:00:00")), ("/actr", json!("x"))],
    );
    snapshot(&app, "problem_with_every_member", &admin.post("/v1/actions", &wrong));
    snapshot(&app, "problem_of_another_event", &admin.post("/v1/actions", &with(event.clone(), &[("/outcome/status", json!("failed"))])));
    let text = admin.request("POST", "/v1/actions").key("key-of-a-test").body("application/json", "{\"a\":1,\n\"a\":2}").send();
    snapshot(&app, "problem_with_line_and_column", &text);
    snapshot(&app, "problem_of_a_stranger", &app.stranger().post("/v1/actions", &event));
    snapshot(&app, "problem_of_an_unknown_path", &admin.get("/v1/nothing"));
    snapshot(&app, "problem_of_another_method", &admin.request("DELETE", "/v1/actions").send());
    snapshot(&app, "problem_of_a_missing_key", &admin.request("POST", "/v1/actions").json(&event).send());
}
