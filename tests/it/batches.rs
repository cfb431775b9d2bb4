//! `POST /v1/events`: many events at once, each line with an answer of its own.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::unique;
use crate::submissions::{action, grant, pass_on, revocation, with, without};

/// Two good lines, a bad one, one that uses the delegation of an earlier line, one that is not JSON's business to know.
fn mixed() -> Vec<Value> {
    vec![
        grant("dlg-1"),
        without(action("act-1", "dlg-1"), "/occurred_at"),
        pass_on("dlg-2", "dlg-1", "agent:refunds", "agent:helper"),
        with(action("act-2", "dlg-2"), &[("/actor/agent_id", json!("agent:helper"))]),
        with(grant("dlg-3"), &[("/type", json!("ledger.created"))]),
    ]
}

fn statuses(data: &Value) -> Vec<u64> {
    data["results"].as_array().unwrap().iter().map(|r| r["status"].as_u64().unwrap()).collect()
}

#[test]
fn good_lines_land_though_others_are_refused_and_a_line_may_use_an_earlier_one() {
    let app = TestApp::start();
    let size = app.size();
    let data = app.admin().post_lines("/v1/events", &mixed()).status(200);
    assert_eq!((&data["accepted"], &data["replayed"], &data["refused"]), (&json!(3), &json!(0), &json!(2)));
    assert_eq!(statuses(&data), [201, 422, 201, 201, 422]);
    let results = data["results"].as_array().unwrap();
    assert!(results.iter().zip(1..).all(|(r, line)| r["line"] == line), "in order, from 1");
    assert_eq!(results[1]["problem"]["errors"][0]["path"], "/occurred_at");
    assert_eq!(results[4]["problem"]["errors"][0]["path"], "/type", "nobody reports what the ledger writes itself");
    assert_eq!(results[3]["findings"], json!([]), "the delegation of line 3 is there for line 4");
    assert_eq!(results[3]["entry"]["index"], size + 2);
    assert_eq!(app.size(), size + 3);
}

#[test]
fn one_refused_line_refuses_an_atomic_batch() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let problem = admin.post_lines("/v1/events?atomic=true", &mixed()).problem("batch_refused");
    let codes: Vec<&str> = problem["results"].as_array().unwrap().iter().map(|r| r["problem"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["batch_refused", "validation_failed", "batch_refused", "batch_refused", "validation_failed"]);
    assert_eq!(app.size(), size);
    // Refused by the sequencer, not by the worker: an id that is taken.
    admin.post("/v1/delegations", &grant("dlg-9")).status(201);
    let late = [grant("dlg-8"), action("act-1", "dlg-8"), grant("dlg-9")];
    let problem = admin.post_lines("/v1/events?atomic=true", &late).problem("batch_refused");
    assert_eq!(problem["results"][2]["problem"]["code"], "delegation_id_conflict");
    assert_eq!(app.size(), size + 1);
    let good = [grant("dlg-8"), action("act-1", "dlg-8"), revocation("dlg-8")];
    let data = admin.post_lines("/v1/events?atomic=true", &good).status(200);
    assert_eq!(statuses(&data), [201, 201, 201], "nothing of the refused batch is in the way");
}

#[test]
fn a_batch_sent_again_is_answered_byte_for_byte_and_its_lines_are_known() {
    let mut app = TestApp::start();
    let admin = app.admin();
    let lines = mixed();
    let send = |app: &TestApp, key: &str| app.stranger().like(&admin).request("POST", "/v1/events").key(key).lines(&lines).send();
    let first = send(&app, "key-of-the-batch");
    let size = app.size();
    app.tick(60);
    let again = send(&app, "key-of-the-batch");
    assert!(again.is_replayed());
    assert_eq!(again.text(), first.text());
    app.restart();
    assert_eq!(send(&app, "key-of-the-batch").text(), first.text(), "the body is made again from the ledger");
    let other = send(&app, "another-key-0001");
    assert!(!other.is_replayed());
    let (data, before) = (other.status(200), first.status(200));
    assert_eq!(statuses(&data), [200, 422, 200, 200, 422]);
    assert_eq!((&data["accepted"], &data["replayed"]), (&json!(0), &json!(3)));
    for line in [0, 2, 3] {
        assert_eq!(data["results"][line]["entry"], before["results"][line]["entry"], "the receipt of the first time");
    }
    assert_eq!(app.size(), size);
}

#[test]
fn one_event_twice_in_a_batch_is_one_entry() {
    let app = TestApp::start();
    let size = app.size();
    let event = action("act-1", "dlg-1");
    let changed = with(event.clone(), &[("/outcome/status", json!("failed"))]);
    let data = app.admin().post_lines("/v1/events", &[event.clone(), event, changed]).status(200);
    assert_eq!(statuses(&data), [201, 200, 409]);
    assert_eq!(data["results"][0]["entry"], data["results"][1]["entry"]);
    assert_eq!(data["results"][2]["problem"]["code"], "event_id_conflict");
    assert_eq!(app.size(), size + 1);
}

#[test]
fn lists_and_lines_packed_and_plain_say_the_same() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let post = || admin.request("POST", "/v1/events").key(&unique("key-of-a-test"));
    let lines: Vec<Value> = (0..300).map(|n| action(&format!("act-{n}"), "dlg-1")).collect();
    let text: String = lines.iter().map(|line| format!("{line}\r\n\n")).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let data = post().header("content-encoding", "gzip").body("application/x-ndjson", packed.finish().unwrap()).send().status(200);
    assert_eq!(data["accepted"], 300);
    let lines_said: Vec<u64> = data["results"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert!(lines_said.iter().zip(0..).all(|(line, n)| *line == 2 * n + 1), "lines are counted as they stand, empty ones too");
    let as_list = post().json(&json!({ "events": lines })).send().status(200);
    assert_eq!(as_list["replayed"], 300);
    assert_eq!(as_list["results"][299]["entry"], data["results"][299]["entry"]);
    assert_eq!(app.size(), size + 300);
}

#[test]
fn delegations_in_a_batch_need_the_permission_that_their_own_address_asks_for() {
    let app = TestApp::start();
    let reporter = app.credential(&json!({ "name": "reporter", "class": "service", "permissions": ["events:write"],
        "reports_for": ["*"], "grants_for": ["*"] }));
    let size = app.size();
    let data = reporter.post_lines("/v1/events", &[grant("dlg-1"), action("act-1", "dlg-1"), revocation("dlg-1")]).status(200);
    assert_eq!(statuses(&data), [403, 201, 403]);
    assert_eq!(data["results"][0]["problem"]["code"], "permission_missing");
    assert_eq!(app.size(), size + 1);
}

#[test]
fn an_event_is_as_large_in_a_list_as_on_a_line() {
    let app = TestApp::start();
    let large = with(action("act-1", "dlg-1"), &[("/extensions", json!({ "blob": "x".repeat(5 << 20) }))]);
    let list = json!({ "events": [large, action("act-2", "dlg-1")] });
    let answer = app.admin().request("POST", "/v1/events").key(&unique("large")).json(&list).send().status(200);
    assert_eq!(answer["results"][0]["problem"]["code"], "payload_too_large");
    assert_eq!(answer["results"][1]["status"], 201);
}

#[test]
fn a_batch_with_many_refused_lines_is_remembered_too() {
    let app = TestApp::start();
    app.admin().post("/v1/delegations", &grant("dlg-1")).status(201);
    let lines: Vec<Value> = (0..600)
        .map(|n| {
            let event = action(&format!("act-{n}"), "dlg-1");
            if n % 2 == 0 { event } else { with(event, &[("/outcome/status", json!("maybe"))]) }
        })
        .collect();
    let key = unique("many-refused");
    let send = |lines: &[Value]| app.admin().request("POST", "/v1/events").key(&key).lines(lines).send();
    let first = send(&lines);
    assert_eq!(first.status(200)["refused"], 300);
    let size = app.size();
    let again = send(&lines);
    assert!(again.is_replayed());
    assert_eq!(again.text(), first.text(), "byte for byte");
    send(&lines[1..]).problem("idempotency_key_reused");
    assert_eq!(app.size(), size);
}
