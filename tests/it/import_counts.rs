//! The recordings of `shared/data` become the events that are expected of them: all of them, each once, within the ledger's limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use onus::cli::import::envelope::{Envelope, Envelopes};
use onus::cli::import::events_of;
use onus::domain::ids::DelegationId;
use onus::domain::parse::{ParseContext, TokenOrigin, parse_event_text};
use onus::tlog::time::Timestamp;
use serde_json::Value;

use crate::shared::shared;

const BASE: &str = "2026-01-01T00:00:00Z";

#[derive(Debug, PartialEq, Eq)]
struct Counts {
    roots: usize,
    sub_delegations: usize,
    actions: usize,
}

fn sessions(path: &Path) -> Vec<Envelope> {
    Envelopes::read(path, File::open(path).unwrap()).unwrap().map(|read| read.unwrap().1).collect()
}

fn converted(sessions: &[Envelope]) -> Vec<Vec<Value>> {
    let base = Timestamp::parse_rfc3339(BASE).unwrap();
    (0u32..).zip(sessions).map(|(n, session)| events_of(session, n, base).unwrap()).collect()
}

/// Converts a file, checks what holds of every event, and counts.
fn counted(file: &str) -> Option<Counts> {
    let sessions = sessions(&shared(&format!("data/{file}"))?);
    let mut counts = Counts { roots: 0, sub_delegations: 0, actions: 0 };
    let mut ids = BTreeSet::new();
    let context = ParseContext {
        expected_type: None,
        make_delegation_id: &|| -> DelegationId { panic!("every delegation states its id") },
        held_content: &|_| None,
        token: TokenOrigin::Reported,
    };
    let all = converted(&sessions);
    for events in &all {
        let mut delegations: BTreeMap<&str, &Value> = BTreeMap::new();
        for event in events {
            assert!(ids.insert(text(event, "/event_id")), "an event_id comes twice");
            assert_eq!(text(event, "/extensions/import/time"), "synthetic");
            let line = event.to_string();
            let refused = parse_event_text(line.as_bytes(), &context).err();
            assert_eq!(refused, None, "{line}");
            match (text(event, "/type"), event.pointer("/parent_delegation_id")) {
                ("delegation.granted", None) => {
                    counts.roots += 1;
                    assert!(delegations.is_empty(), "a session has one root, and it comes first");
                    delegations.insert(text(event, "/delegation_id"), event);
                }
                ("delegation.granted", Some(parent)) => {
                    counts.sub_delegations += 1;
                    let parent = delegations[parent.as_str().unwrap()];
                    assert_eq!(event["delegator"]["id"], parent["delegate"]["agent_id"]);
                    assert!(array(event, "/scope").iter().all(|token| array(parent, "/scope").contains(token)), "{event}");
                    assert_eq!(event["expires_at"], parent["expires_at"]);
                    delegations.insert(text(event, "/delegation_id"), event);
                }
                (event_type, _) => {
                    counts.actions += 1;
                    assert_eq!(event_type, "action.recorded");
                    check_action(event, delegations[text(event, "/actor/delegation_id")]);
                }
            }
        }
    }
    assert_eq!(all, converted(&sessions), "converting again gives the same");
    Some(counts)
}

#[track_caller]
fn check_action(action: &Value, delegation: &Value) {
    assert_eq!(action["actor"]["agent_id"], delegation["delegate"]["agent_id"]);
    assert_eq!(action["actor"]["human_principal_id"], delegation["human_principal_id"]);
    assert!(text(action, "/occurred_at") < text(delegation, "/expires_at"));
    assert!(!text(action, "/trigger/content").is_empty());
    for document in array(action, "/context") {
        let content = text(document, "/content");
        assert_eq!(text(document, "/sha256"), onus::tlog::hash::DocumentHash::of(content.as_bytes()).to_hex());
    }
    assert_eq!(action.pointer("/extensions/import/cut"), None, "no recording reaches a limit");
}

#[track_caller]
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

#[track_caller]
fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} is no list in {value}"))
}

#[test]
fn agentdojo_gives_6326_delegations_and_24590_actions() {
    if let Some(counts) = counted("agentdojo_sessions.jsonl.gz") {
        assert_eq!(counts, Counts { roots: 6326, sub_delegations: 0, actions: 24_590 });
    }
}

#[test]
fn tau_bench_gives_100_delegations_and_621_actions() {
    if let Some(counts) = counted("tau_airline_sessions.jsonl.gz") {
        assert_eq!(counts, Counts { roots: 100, sub_delegations: 0, actions: 621 });
    }
}

#[test]
fn who_and_when_gives_126_delegations_458_sub_delegations_and_1099_actions() {
    if let Some(counts) = counted("who_and_when_sessions.jsonl.gz") {
        assert_eq!(counts, Counts { roots: 126, sub_delegations: 458, actions: 1099 });
    }
}

/// The labels were made by other code from the same recordings: per session the calls whose results carried the injection.
#[test]
fn calls_that_followed_an_injection_had_read_the_result_that_carried_it() {
    let (Some(labels), Some(recordings)) = (shared("data/agentdojo_labels.jsonl.gz"), shared("data/agentdojo_sessions.jsonl.gz")) else {
        return;
    };
    let labels = labels_by_session(&labels);
    let mut seen = 0;
    let sessions = sessions(&recordings);
    for (session, events) in sessions.iter().zip(converted(&sessions)) {
        let Some(label) = labels.get(&session.source_path) else { continue };
        let actions: Vec<&Value> = events.iter().filter(|e| e["type"] == "action.recorded").collect();
        let carriers: Vec<usize> = array(label, "/carrier_calls").iter().map(|n| usize::try_from(n.as_u64().unwrap()).unwrap()).collect();
        for (i, call) in array(label, "/calls").iter().enumerate() {
            let had_read = carriers.iter().any(|carrier| {
                let result = &actions[*carrier]["outcome"]["result_sha256"];
                array(actions[i], "/context").iter().any(|document| document["sha256"] == *result)
            });
            match call["label"].as_str().unwrap() {
                "injection_caused" => {
                    seen += 1;
                    assert!(had_read, "call {i} of {} was caused by what it had not read", session.source_path);
                }
                "pre_exposure" => assert!(!had_read, "call {i} of {} came before the injection", session.source_path),
                _ => {}
            }
        }
    }
    assert_eq!(seen, 2598);
}

fn labels_by_session(path: &Path) -> BTreeMap<String, Value> {
    use std::io::BufRead as _;
    let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(File::open(path).unwrap())).lines();
    lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()).map(|l| (text(&l, "/source_path").to_owned(), l)).collect()
}
