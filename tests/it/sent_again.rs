//! Sent again: under the same Idempotency-Key the same answer byte for byte, under the same event_id the same receipt, and never a
//! second entry.

use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::app::TestApp;
use crate::call::{errors_of, unique};
use crate::submissions::{action, grant, with, without};

const KEY: &str = "key-of-a-test";

#[test]
fn the_same_key_and_body_give_the_same_answer_byte_for_byte() {
    let mut app = TestApp::start();
    let admin = app.admin();
    let (act, dlg) = (action("act-1", "dlg-1"), grant("dlg-1"));
    let bad = without(act.clone(), "/occurred_at");
    let terms = json!({ "name": "desk", "class": "agent", "agent_id": "agent:desk", "permissions": ["events:write"] });
    let prefer = "receipt=\"opening checkpointed\"";
    // Path, body, what is preferred, status: written, written with a proof, refused for good, issued with a secret.
    let cases = [
        ("/v1/delegations", &dlg, "", 201),
        ("/v1/actions", &act, prefer, 201),
        ("/v1/actions", &bad, "", 422),
        ("/v1/credentials", &terms, "", 201),
    ];
    let ask = |app: &TestApp, case: usize| {
        let (path, body, prefer, _) = cases[case];
        let client = app.stranger().like(&admin);
        client.request("POST", path).key(&format!("{KEY}-{case}")).header("prefer", prefer).json(body).send()
    };
    let first: Vec<_> = (0..cases.len()).map(|case| ask(&app, case)).collect();
    let size = app.size();
    for again in 0..4 {
        if again == 2 {
            app.tick(3600);
            app.restart();
        }
        for (case, first) in first.iter().enumerate() {
            let answer = ask(&app, case);
            assert_eq!((first.status, first.is_replayed()), (cases[case].3, false), "{}", first.text());
            assert_eq!((answer.status, answer.is_replayed()), (first.status, true), "case {case}");
            assert_eq!(answer.text(), first.text(), "case {case}, byte for byte, before and after a restart");
            for header in ["content-type", "location", "retry-after"] {
                assert_eq!(answer.header(header), first.header(header), "{header} of case {case}");
            }
        }
    }
    assert_eq!(app.size(), size, "nothing was done twice");
    assert_eq!(ask(&app, 1).json()["data"]["tlog_proof"], first[1].json()["data"]["tlog_proof"]);
    // A day later the key is forgotten. The event is not.
    app.tick(25 * 3600);
    let answer = ask(&app, 1);
    assert_eq!((answer.status, answer.is_replayed()), (200, true));
    assert_eq!(answer.json()["data"]["entry"], first[1].json()["data"]["entry"]);
    assert_eq!(app.size(), size);
}

#[test]
fn a_key_stands_for_one_request_of_one_credential() {
    let app = TestApp::start();
    let (billing, desk) = (app.service("billing"), app.service("desk"));
    let act = action("act-1", "dlg-1");
    billing.request("POST", "/v1/actions").key(KEY).json(&act).send().status(201);
    let other = with(act.clone(), &[("/outcome/status", json!("failed"))]);
    billing.request("POST", "/v1/actions").key(KEY).json(&other).send().problem("idempotency_key_reused");
    // Quoted or bare, it is the same key; the same bytes in another order are another body.
    let quoted = billing.request("POST", "/v1/actions").key(&format!("\"{KEY}\"")).json(&act).send();
    assert!(quoted.is_replayed());
    let spaced = format!(" {act}");
    billing.request("POST", "/v1/actions").key(KEY).body("application/json", spaced).send().problem("idempotency_key_reused");
    // Another path and another credential have their own keys.
    billing.request("POST", "/v1/delegations").key(KEY).json(&grant("dlg-1")).send().status(201);
    assert!(!desk.request("POST", "/v1/actions").key(KEY).json(&act).send().is_replayed());
}

#[test]
fn twenty_callers_at_once_with_one_key_make_one_entry() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let event = action("act-1", "dlg-1");
    let together = Barrier::new(20);
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = || {
            together.wait();
            loop {
                let answer = admin.request("POST", "/v1/actions").key(KEY).json(&event).send();
                if answer.status != 409 {
                    return answer;
                }
                answer.problem("request_in_flight");
            }
        };
        let askers: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|a| !a.is_replayed()).count(), 1, "one did the work");
    assert!(answers.iter().all(|a| a.status == 201 && a.body == answers[0].body), "and all got its answer");
    assert_eq!(app.size(), size + 1);
}

#[test]
fn twenty_callers_at_once_with_one_event_make_one_entry() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let event = action("act-1", "dlg-1");
    let together = Barrier::new(20);
    let entries: Vec<_> = thread::scope(|scope| {
        let ask = || {
            together.wait();
            let answer = admin.post("/v1/actions", &event);
            assert_eq!(answer.is_replayed(), answer.status == 200, "{}", answer.text());
            answer.json()["data"]["entry"].take()
        };
        let askers: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    assert!(entries.iter().all(|entry| *entry == entries[0]), "everybody holds the same receipt");
    assert_eq!(app.size(), size + 1);
}

#[test]
fn an_event_id_stands_for_one_event_of_one_source_for_ever() {
    let app = TestApp::start();
    let (billing, desk) = (app.service("billing"), app.service("desk"));
    let act = action("act-1", "dlg-1");
    let first = billing.post("/v1/actions", &act).status(201);
    app.tick(40 * 86_400);
    // Said in other words, it is the same event.
    let mut same =
        with(act.clone(), &[("/occurred_at", json!("2026-11-24T12:00:00Z")), ("/request", json!({})), ("/confirmation_id", json!(null))]);
    same.as_object_mut().unwrap().remove("type");
    let answer = billing.post("/v1/actions", &same);
    assert!(answer.is_replayed());
    assert_eq!(answer.status(200)["entry"], first["entry"]);
    let changes = [
        (with(act.clone(), &[("/outcome/status", json!("failed"))]), "/outcome/status differs"),
        (with(act.clone(), &[("/action/arguments/amount_cents", json!(13_000))]), "/action/arguments differs"),
        (with(act.clone(), &[("/actor/instance_id", json!("run-2"))]), "/actor/instance_id differs"),
        (without(act.clone(), "/actor/prompt_id"), "/actor/prompt_id differs"),
        (with(act.clone(), &[("/occurred_at", json!("2026-11-24T13:00:01+01:00"))]), "/occurred_at differs"),
    ];
    let size = app.size();
    for (event, differs) in &changes {
        let problem = billing.post("/v1/actions", event).problem("event_id_conflict");
        assert_eq!(errors_of(&problem), [*differs], "{problem}");
        assert!(!problem.to_string().contains("12999"), "what was recorded first is not told to whoever asks");
    }
    let renamed = with(grant("dlg-9"), &[("/event_id", act["event_id"].clone())]);
    billing.post("/v1/delegations", &renamed).problem("event_id_conflict");
    assert_eq!(app.size(), size);
    desk.post("/v1/actions", &act).status(201);
}

#[test]
fn two_credentials_of_one_owner_are_one_source() {
    let app = TestApp::start();
    let (yesterday, today) = (app.service("billing"), app.service("billing"));
    let act = action(&unique("act"), "dlg-1");
    let first = yesterday.post("/v1/actions", &act).status(201);
    let answer = today.post("/v1/actions", &act);
    assert_eq!(answer.status(200)["entry"], first["entry"], "the source survives its credentials");
}
