//! The walks against a server that says what the test tells it to say.

use super::*;
use crate::cli::client::tests::{ScriptedServer, client_of};

fn page(ids: &[&str], cursor: Option<&str>, total: u64) -> (&'static str, String) {
    let items: Vec<Value> = ids.iter().map(|id| json!({"action_id": id, "event_id": format!("evt {id}")})).collect();
    ("200 OK", json!({"data": items, "meta": {"has_more": cursor.is_some(), "cursor": cursor, "total": total}}).to_string())
}

fn walk(id: &str) -> (&'static str, String) {
    let steps = json!([{"kind": "human", "id": "user:ana"}, {"kind": "delegation", "delegation_id": "dlg-0"}, {"kind": "agent", "agent_id": "a"},
        {"kind": "delegation", "delegation_id": "dlg-1"}, {"kind": "agent", "agent_id": "b"}, {"kind": "action", "action_id": id}]);
    let data = json!({"action_id": id, "human_principal_id": "user:ana", "root_delegation_id": "dlg-0", "steps": steps, "verdict": "authorised",
        "complete": true, "documents": [{"sha256": "aa"}, {"uri": "x"}, {"sha256": "bb"}], "trigger": {"content_sha256": "cc"}});
    ("200 OK", json!({"data": data}).to_string())
}

#[test]
fn every_page_is_walked_and_a_line_says_what_the_scorer_reads() {
    let server =
        ScriptedServer::answering(vec![page(&["act/1"], Some("next page"), 2), walk("act/1"), page(&["act-2"], None, 2), walk("act-2")]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("answers.ndjson");
    assert_eq!(write_walks(&client_of(&server), &out).unwrap(), 2);
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({"event_id": "evt act/1", "action_id": "act/1", "human_principal_id": "user:ana", "delegation_id": "dlg-1", "root_delegation_id": "dlg-0",
            "documents": ["aa", "bb"], "verdict": "authorised", "complete": true, "instruction_sha256": "cc"})
    );
    assert_eq!(lines[1]["action_id"], "act-2");
    let asked: Vec<String> = server.requests().iter().map(|r| r.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(
        asked,
        ["/v1/actions?limit=500", "/v1/actions/act%2f1/walk", "/v1/actions?limit=500&cursor=next%20page", "/v1/actions/act-2/walk"]
    );
}

#[test]
fn a_count_that_differs_leaves_no_file() {
    let server = ScriptedServer::answering(vec![page(&["act-1"], None, 2), walk("act-1")]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("answers.ndjson");
    let refused = write_walks(&client_of(&server), &out);
    assert!(matches!(refused, Err(CliError::Incomplete { written: 1, total: 2, .. })), "{refused:?}");
    assert!(!out.exists());
}

#[test]
fn answers_that_contradict_themselves_are_refused() {
    for answers in [
        vec![page(&["act-1"], None, 1), walk("act-2")],
        vec![("200 OK", r#"{"data":[],"meta":{"has_more":true}}"#.to_owned())],
        vec![("200 OK", r#"{"data":{},"meta":{"has_more":false}}"#.to_owned())],
        vec![page(&[], Some("x"), 0), page(&[], Some("x"), 0)],
    ] {
        let server = ScriptedServer::answering(answers);
        let folder = tempfile::tempdir().unwrap();
        let refused = write_walks(&client_of(&server), &folder.path().join("answers.ndjson"));
        assert!(matches!(refused, Err(CliError::Answer(_))), "{refused:?}");
    }
}

#[test]
fn a_list_may_stand_in_a_group() {
    assert_eq!(list_in(json!({"actions": [1], "n": 2})), Some(vec![json!(1)]));
    assert_eq!(list_in(json!({"a": [], "b": []})), None);
}
