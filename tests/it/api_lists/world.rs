//! A few dozen events in which every filter has something to find and something to leave out, and what they say, read plainly.

use std::collections::BTreeMap;

use onus::domain::finding::{Code, Verdict};
use onus::tlog::hash::DocumentHash;
use serde_json::{Value, json};

use crate::app::{NOON, TestApp};
use crate::call::{Client, unique};
use crate::submissions::{EVENING, grant, pass_on, revocation, with};

/// Actions of the world.
pub(super) const ACTIONS: usize = 48;

/// The events of one test, and where they stand.
pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) billing: Client,
    /// Ascending by place.
    pub(super) actions: Vec<Told>,
}

/// An action as it was sent, and what the ledger answered.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) event: Value,
    pub(super) index: u64,
    pub(super) findings: Vec<String>,
}

impl Told {
    /// A text of the event, by pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.event.pointer(pointer).and_then(Value::as_str)
    }

    /// The human at the root of its delegation; without one, whom it names itself.
    pub(super) fn human(&self) -> Option<&str> {
        match self.text("/actor/delegation_id") {
            Some("dlg-ana" | "dlg-ana-below") => Some("user:ana@example.com"),
            Some("dlg-bob") => Some("user:bob@example.com"),
            _ => self.text("/actor/human_principal_id"),
        }
    }

    pub(super) fn verdict(&self) -> &'static str {
        Verdict::of(self.findings.iter().filter_map(|code| Code::parse(code))).as_str()
    }

    pub(super) fn had_read(&self, sha256: &str) -> bool {
        let documents = self.event["context"].as_array().into_iter().flatten();
        documents.filter_map(|d| d["content"].as_str()).any(|content| DocumentHash::of(content.as_bytes()).to_hex() == sha256)
    }
}

/// What the actions of the world had read, by which.
pub(super) fn page(number: usize) -> String {
    format!("Page {number} of the handbook.")
}

/// The same, as a document goes by its hash.
pub(super) fn page_hash(number: usize) -> String {
    DocumentHash::of(page(number).as_bytes()).to_hex()
}

fn nth_action(n: usize) -> Value {
    let pick = |words: &[&'static str]| words[n % words.len()];
    let (delegation, agent) = [
        (json!("dlg-ana"), "agent:refunds"),
        (json!("dlg-bob"), "agent:desk"),
        (json!("dlg-ana-below"), "agent:desk"),
        (json!("dlg-lost"), "agent:refunds"),
        (Value::Null, "agent:desk"),
    ][n % 5]
        .clone();
    let class = if n % 7 == 6 { "human" } else { "agent" };
    let status = pick(&["succeeded", "failed", "denied", "succeeded"]);
    json!({ "type": "action.recorded", "event_id": unique("evt-of-lists"), "occurred_at": format!("2026-11-24T11:58:{n:02}Z"),
        "action_id": format!("act-{n}"),
        "actor": { "caller_class": class, "human_principal_id": pick(&["user:ana@example.com", "user:carl@example.com"]),
            "agent_id": if class == "agent" { json!(agent) } else { Value::Null },
            "delegation_id": if class == "agent" { delegation } else { Value::Null },
            "model_version": pick(&["gpt-4o-2024-08-06", "claude-3-5-sonnet-20241022", "gpt-4o"]), "prompt_id": pick(&["refunds@v17", "refunds@v18"]) },
        "request": { "trace_id": format!("run-{}", n / 6), "parent_trace_id": format!("run-{}", n / 6 + 100) },
        "decision": { "policy_version": pick(&["p1", "p2", "p3"]), "effect": "allow" },
        "action": { "name": pick(&["orders.refund", "orders.read", "mail.send"]), "resource": format!("order:W{}", 1000 + n),
            "required_scope": [if n % 3 == 1 { "orders:read" } else { "orders:refund" }],
            "arguments": { "note": format!("please hurry number {n}, it is the {} lamp", pick(&["green", "red", "blue", "old"])) } },
        "context": [{ "uri": format!("kb://handbook/{}", n % 4), "origin": "internal", "content": page(n % 4) }],
        "outcome": { "status": status, "duration_ms": n, "error_code": if status == "denied" { json!("rate_limited_burst") } else { Value::Null } } })
}

impl World {
    /// Everything is recorded and can be searched.
    #[track_caller]
    pub(super) fn new() -> Self {
        let app = TestApp::start();
        let billing = app.service("billing");
        let grant = |id: &str| with(grant(id), &[("/issued_at", json!("2026-11-24T10:00:00Z"))]);
        let mut lines = vec![
            grant("dlg-ana"),
            with(
                grant("dlg-bob"),
                &[
                    ("/delegator/id", json!("user:bob@example.com")),
                    ("/human_principal_id", json!("user:bob@example.com")),
                    ("/delegate/agent_id", json!("agent:desk")),
                    ("/scope", json!(["orders:read"])),
                ],
            ),
            with(pass_on("dlg-ana-below", "dlg-ana", "agent:refunds", "agent:desk"), &[("/issued_at", json!("2026-11-24T10:00:00Z"))]),
            with(grant("dlg-later"), &[("/not_before", json!(EVENING)), ("/expires_at", json!("2026-11-25T20:00:00Z"))]),
            with(grant("dlg-over"), &[("/issued_at", json!("2026-11-24T08:00:00Z")), ("/expires_at", json!("2026-11-24T09:00:00Z"))]),
            grant("dlg-taken"),
            revocation("dlg-taken"),
        ];
        let before = lines.len();
        lines.extend((0..ACTIONS).map(nth_action));
        let answer = billing.post_lines("/v1/events", &lines).status(200);
        let results = answer["results"].as_array().expect("a list");
        let told = lines.iter().zip(results).skip(before).map(|(event, result)| {
            assert_eq!(result["status"], 201, "{result}");
            let findings = result["findings"].as_array().expect("a list").iter().map(|code| code.as_str().unwrap().to_owned());
            Told { event: event.clone(), index: result["entry"]["index"].as_u64().expect("a place"), findings: findings.collect() }
        });
        let actions = told.collect();
        app.wait_indexed();
        Self { app, billing, actions }
    }

    /// Places of the actions that are so, the newest first.
    pub(super) fn naive(&self, is_so: impl Fn(&Told) -> bool) -> Vec<u64> {
        self.actions.iter().rev().filter(|told| is_so(told)).map(|told| told.index).collect()
    }

    /// How many actions there are with each value.
    pub(super) fn counts(&self, value: impl Fn(&Told) -> Option<&str>) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for value in self.actions.iter().filter_map(value) {
            *counts.entry(value.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// Places of the entries in a list of `data`.
#[track_caller]
pub(super) fn places(list: &Value) -> Vec<u64> {
    list.as_array().expect("a list").iter().map(|row| row["entry"]["index"].as_u64().expect("a place")).collect()
}

/// One more action at noon.
pub(super) fn one_more() -> Value {
    let mut action = nth_action(0);
    action["occurred_at"] = NOON.into();
    action["action_id"] = unique("act-more").into();
    action
}

/// The members of an answer and of which kind each is: what a client relies on.
pub(super) fn shape(value: &Value) -> String {
    fn add(value: &Value, path: &str, out: &mut BTreeMap<String, &'static str>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| add(value, &format!("{path}.{name}"), out)),
            Value::Array(items) if items.is_empty() => drop(out.entry(format!("{path}[]")).or_insert("nothing")),
            Value::Array(items) => items.iter().for_each(|item| add(item, &format!("{path}[]"), out)),
            Value::Null => drop(out.entry(path.to_owned()).or_insert("null")),
            Value::Bool(_) => drop(out.insert(path.to_owned(), "boolean")),
            Value::Number(_) => drop(out.insert(path.to_owned(), "number")),
            Value::String(_) => drop(out.insert(path.to_owned(), "text")),
        }
    }
    let mut members = BTreeMap::new();
    add(value, "", &mut members);
    members.into_iter().map(|(path, kind)| format!("{} {kind}\n", path.trim_start_matches('.'))).collect()
}
