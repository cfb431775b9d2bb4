//! Sending against a server that says what the test tells it to say.

use std::path::Path;

use super::*;
use crate::cli::client::ClientError;
use crate::cli::client::tests::{ScriptedServer, client_of};

fn session(path: &str) -> String {
    let call = json!({"function": "get_balance", "args": {}, "id": "c1"});
    let messages = json!([
        {"role": "system", "content": "You help."},
        {"role": "user", "content": "how much?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "content": "12", "tool_call_id": "c1", "tool_call": call, "error": null},
    ]);
    let record = json!({"suite_name": "banking", "pipeline_name": "m", "messages": messages});
    json!({"source": "agentdojo", "source_path": path, "record": record}).to_string() + "\n"
}

fn file_of(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("sessions.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

fn answer(accepted: u64, replayed: u64, results: &serde_json::Value) -> (&'static str, String) {
    let refused = results.as_array().unwrap().iter().filter(|r| r.get("problem").is_some()).count();
    let data = json!({"accepted": accepted, "replayed": replayed, "refused": refused, "results": results});
    ("200 OK", json!({"data": data, "request_id": "r", "timestamp": "t"}).to_string())
}

fn send_to(server: &ScriptedServer, text: &str) -> (Tally, Result<(), CliError>) {
    let folder = tempfile::tempdir().unwrap();
    let base_time = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
    send_files(&client_of(server), &[file_of(folder.path(), text)], base_time)
}

#[test]
fn a_refused_line_is_told_with_its_file_its_line_and_its_reason() {
    let problem = json!({"code": "validation_failed", "status": 422, "detail": "wrong", "errors": [{"path": "/actor", "code": "required", "message": "missing"}]});
    let results = json!([{"line": 1, "status": 201}, {"line": 2, "status": 201}, {"line": 3, "status": 200}, {"line": 4, "status": 422, "problem": problem}]);
    let server = ScriptedServer::answering(vec![answer(2, 1, &results)]);
    let (tally, end) = send_to(&server, &format!("{}\n{}", session("a"), session("b")));
    end.unwrap();
    assert_eq!(tally.to_string(), "2 root delegations, 0 sub-delegations, 2 actions: 2 accepted, 1 replayed, 1 refused");
    assert_eq!(tally.to_json(), r#"{"accepted":2,"actions":2,"delegations":2,"refused":1,"replayed":1,"sub_delegations":0}"#);
    let refusal = &tally.refusals.lines[0];
    assert!(refusal.contains("sessions.jsonl, line 3: event "), "{refusal}");
    assert!(refusal.ends_with("refused: 422 validation_failed: wrong [/actor required: missing]"), "{refusal}");

    let request = &server.requests()[0];
    assert!(request.starts_with("post /v1/events http/1.1\r\n"), "{request}");
    for line in ["content-type: application/x-ndjson\r\n", "content-encoding: gzip\r\n", "idempotency-key: import-"] {
        assert!(request.contains(line), "{request}");
    }
    let lines: Vec<serde_json::Value> =
        request.split("\r\n\r\n").nth(1).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|e| e["type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["delegation.granted", "action.recorded", "delegation.granted", "action.recorded"]
    );
}

#[test]
fn an_answer_that_does_not_account_for_every_line_is_no_success() {
    for wrong in [
        answer(1, 0, &json!([])),
        answer(1, 0, &json!([{"line": 9, "status": 422, "problem": {"code": "x"}}])),
        ("200 OK", r#"{"data":{}}"#.to_owned()),
    ] {
        let server = ScriptedServer::answering(vec![wrong]);
        let (tally, end) = send_to(&server, &session("a"));
        assert!(matches!(end, Err(CliError::Answer(_))), "{end:?}");
        assert_eq!(tally.accepted, 0);
    }
}

#[test]
fn a_damaged_line_ends_the_import_and_is_named() {
    let server = ScriptedServer::answering(vec![]);
    let (_, end) = send_to(&server, &format!("{}{{\"source\": \"other\", \"source_path\": \"x\", \"record\": {{}}}}\n", session("a")));
    let error = end.unwrap_err().to_string();
    assert!(error.contains("sessions.jsonl, line 2: the source \"other\""), "{error}");
}

#[test]
fn a_refused_credential_ends_the_import_with_what_the_server_says() {
    let server = ScriptedServer::answering(vec![(
        "401 Unauthorized",
        r#"{"code":"unauthenticated","status":401,"detail":"no such token"}"#.to_owned(),
    )]);
    let (tally, end) = send_to(&server, &session("a").repeat(200));
    assert!(matches!(&end, Err(CliError::Client(ClientError::Refused(p))) if p.code == "unauthenticated"), "{end:?}");
    assert_eq!(tally.counts, Counts::default());
}

#[test]
fn of_many_refusals_the_first_are_printed_and_all_are_counted() {
    let mut refusals = Refusals::default();
    (0..MAX_PRINTED_REFUSALS + 5).for_each(|n| refusals.add(|| n.to_string()));
    assert_eq!((refusals.lines.len(), refusals.total), (MAX_PRINTED_REFUSALS, MAX_PRINTED_REFUSALS + 5));
}
