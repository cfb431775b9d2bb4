//! Good events: what they become, which members are committed, and that they can be read again.

use onus::domain::action::{OutcomeStatus, TriggerKind};
use onus::domain::event::{Event, EventKind};
use onus::domain::field_error::FieldError;
use onus::domain::ids::DelegationId;
use onus::domain::members::{assemble, cut, read_action, read_delegation, read_occurrence, read_revocation, same_members};
use onus::domain::parse::{ParseContext, TokenOrigin, parse_event};
use onus::tlog::hash::DocumentHash;
use onus::tlog::json::Value;
use serde_json::json;

/// Hash of a content that the ledger of these tests holds, three bytes long.
pub(crate) fn held() -> DocumentHash {
    DocumentHash::of(b"abc")
}

/// Reads an event as a reporter's submission.
pub(crate) fn parse(event: &serde_json::Value, expected_type: Option<&'static str>) -> Result<Event, Vec<FieldError>> {
    let context = ParseContext {
        expected_type,
        make_delegation_id: &|| DelegationId::parse("dlg-made").unwrap(),
        held_content: &|hash| (*hash == held()).then_some(3),
        token: TokenOrigin::Reported,
    };
    parse_event(Value::parse(event.to_string().as_bytes()).unwrap(), &context)
}

/// The example of DESIGN.md section 3, its ellipses filled in.
pub(crate) fn action() -> serde_json::Value {
    let hash = "0".repeat(64);
    json!({ "type": "action.recorded", "event_id": "evt-7f3", "occurred_at": "2026-11-22T10:00:00+01:00", "action_id": "act-91",
      "actor":    { "caller_class": "agent", "human_principal_id": "user:ana@example.com", "agent_id": "agent:refunds", "instance_id": "run-5512",
                    "delegation_id": "dlg-20", "model_version": "gpt-4o-2024-08-06", "prompt_id": "refunds@v17", "prompt_sha256": hash },
      "request":  { "idempotency_key": "refund-W5918442-1", "trace_id": "4bf9", "span_id": "00f0", "parent_span_id": "00ef", "parent_trace_id": "9c1e", "parent_action_id": "act-90" },
      "decision": { "policy_version": "refunds-2026-11-03.4", "policy_sha256": hash, "effect": "allow" },
      "action":   { "name": "orders.refund", "resource": "order:W5918442", "required_scope": ["orders:refund"], "arguments": { "amount_cents": 12999 } },
      "outcome":  { "status": "succeeded", "error_code": null, "duration_ms": 184, "result_sha256": hash, "usage": { "input_tokens": 812, "output_tokens": 64 } },
      "model":    { "parameters": { "temperature": 0 }, "tools_sha256": hash, "output_sha256": hash },
      "trigger":  { "kind": "human_message", "principal_id": "user:ana@example.com", "reference": "msg-3", "content": "please refund my lamp" },
      "context":  [ { "uri": "kb://returns/7", "store": "kb-prod", "retrieved_at": "2026-11-22T09:59:58Z", "origin": "internal", "content": "abc" },
                    { "uri": "kb://returns/8", "sha256": hash, "origin": "external" } ],
      "confirmation_id": "cnf-3",
      "extensions": { "import": { "time": "synthetic" }, "empty": {}, "none": null } })
}

/// A delegation with every member.
pub(crate) fn delegation() -> serde_json::Value {
    json!({ "type": "delegation.granted", "event_id": "evt-1", "occurred_at": "2026-11-22T08:00:00Z", "delegation_id": "dlg-21",
      "parent_delegation_id": "dlg-20", "delegator": { "kind": "agent", "id": "agent:desk" },
      "delegate": { "agent_id": "agent:refunds", "instance_id": "run-1" }, "human_principal_id": "user:ana@example.com",
      "scope": ["orders:read", "orders:*"], "resources": ["order:*"], "authorization_details": [{ "type": "refund", "locations": [] }],
      "purpose": "refund what she asks for", "issuer": "https://idp.example", "token": { "sub": "user:ana@example.com", "jti": "t-1", "act": { "sub": "agent:refunds" } },
      "issued_at": "2026-11-22T08:00:00Z", "not_before": "2026-11-22T08:00:01Z", "expires_at": "2026-11-22T20:00:00Z", "max_depth": 2,
      "constraints": [{ "argument": "/amount_cents", "op": "<=", "value": 20000, "per": "day" }, { "argument": "/a~1b", "op": "==", "value": null }],
      "accountable_person_id": "user:boss@example.com",
      "consent": { "model_version": "gpt-4o-2024-08-06", "tools": ["orders.refund"], "prompt_id": null }, "extensions": {} })
}

/// A revocation.
pub(crate) fn revocation() -> serde_json::Value {
    json!({ "type": "delegation.revoked", "event_id": "evt-2", "occurred_at": "2026-11-22T09:00:00Z", "delegation_id": "dlg-21",
      "revoked_at": "2026-11-22T09:00:00Z", "reason": "stolen", "cascade": false })
}

#[test]
fn the_example_of_the_design_is_cut_into_the_documented_members() {
    let event = parse(&action(), Some("action.recorded")).unwrap();
    let names: Vec<&str> = event.members.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    /action/arguments
    /action/name
    /action/required_scope
    /action/resource
    /action_id
    /actor/agent_id
    /actor/caller_class
    /actor/delegation_id
    /actor/human_principal_id
    /actor/instance_id
    /actor/model_version
    /actor/prompt_id
    /actor/prompt_sha256
    /confirmation_id
    /context/0
    /context/1
    /decision
    /event_id
    /extensions
    /model/output_sha256
    /model/parameters
    /model/tools_sha256
    /occurred_at
    /outcome/duration_ms
    /outcome/result_sha256
    /outcome/status
    /outcome/usage
    /request
    /trigger/content_bytes
    /trigger/content_sha256
    /trigger/kind
    /trigger/principal_id
    /trigger/reference
    ");
    assert_eq!(event.members["/extensions"].to_canonical(), r#"{"empty":{},"import":{"time":"synthetic"},"none":null}"#);
    let hash = held().to_hex();
    assert_eq!(
        event.members["/context/0"].to_canonical(),
        format!(
            r#"{{"content_bytes":3,"content_sha256":"{hash}","origin":"internal","retrieved_at":"2026-11-22T09:59:58Z","store":"kb-prod","uri":"kb://returns/7"}}"#
        )
    );
    let contents: Vec<&[u8]> = event.contents.iter().map(|content| content.bytes.as_slice()).collect();
    assert_eq!(contents, [b"abc".as_slice(), b"please refund my lamp"]);
}

#[test]
fn the_example_of_the_design_becomes_an_action() {
    let event = parse(&action(), None).unwrap();
    let EventKind::ActionRecorded(action) = &event.kind else { panic!("{event:?}") };
    assert_eq!(event.occurred_at.to_string(), "2026-11-22T09:00:00.000000Z");
    assert_eq!((action.action_id.as_str(), action.outcome.status), ("act-91", OutcomeStatus::Succeeded));
    assert_eq!(action.trigger.as_ref().map(|trigger| trigger.kind), Some(TriggerKind::HumanMessage));
    assert_eq!(action.context.as_ref().map(Vec::len), Some(2));
    assert!(action.is_time_synthetic && action.outcome.error_code.is_none());
    assert!(event.filled.is_empty());
}

#[test]
fn what_was_accepted_is_read_back_the_same() {
    let mut pages = action();
    pages["context"] = (0..12).map(|page| json!({ "uri": format!("kb://{page}") })).collect();
    let mut no_pages = action();
    no_pages["context"] = json!([]);
    let mut bare_trigger = action();
    bare_trigger["trigger"] = json!({ "reference": "msg-3" });
    let mut undated = revocation();
    undated.as_object_mut().unwrap().remove("revoked_at");
    for submitted in [action(), pages, no_pages, bare_trigger, delegation(), revocation(), undated] {
        let event = parse(&submitted, None).unwrap();
        assert_eq!(cut(assemble(&event.members)), event.members);
        assert_eq!(read_occurrence(&event.members).unwrap(), (event.event_id, event.occurred_at));
        match event.kind {
            EventKind::ActionRecorded(action) => assert_eq!(read_action(&event.members).unwrap(), *action),
            EventKind::DelegationGranted(delegation) => assert_eq!(read_delegation(&event.members).unwrap(), *delegation),
            EventKind::DelegationRevoked(revocation) => assert_eq!(read_revocation(&event.members).unwrap(), revocation),
            EventKind::Administrative(_) => unreachable!(),
        }
    }
}

#[test]
fn an_empty_context_is_a_statement_and_an_absent_one_is_not() {
    for (given, read, member) in
        [(json!([]), Some(0), true), (json!(null), None, false), (json!({}), None, false), (json!([{ "uri": "kb://1" }]), Some(1), false)]
    {
        let mut event = action();
        event["context"] = given;
        let event = parse(&event, None).unwrap();
        let EventKind::ActionRecorded(action) = &event.kind else { panic!("{event:?}") };
        assert_eq!(action.context.as_ref().map(Vec::len), read);
        assert_eq!(event.members.contains_key("/context"), member);
    }
}

#[test]
fn absent_null_and_empty_groups_are_one_thing() {
    let commits = |group: Option<serde_json::Value>| {
        let mut event = action();
        event.as_object_mut().unwrap().remove("request");
        if let Some(group) = group {
            event["request"] = group;
        }
        parse(&event, None).unwrap().members
    };
    let absent = commits(None);
    for given in [json!(null), json!({}), json!({ "trace_id": null, "span_id": {} })] {
        assert_eq!(commits(Some(given)), absent);
    }
    assert!(!absent.contains_key("/request"));
}

#[test]
fn a_delegation_without_an_id_gets_one_and_says_so() {
    let mut event = delegation();
    event["delegation_id"] = json!(null);
    let event = parse(&event, Some("delegation.granted")).unwrap();
    assert_eq!(event.filled, ["/delegation_id"]);
    assert_eq!(event.members["/delegation_id"].as_str(), Some("dlg-made"));
}

#[test]
fn content_the_ledger_has_is_named_and_not_sent_again() {
    let mut event = action();
    event["context"] =
        json!([{ "content_ref": held().to_hex(), "sha256": held().to_hex() }, { "content": "x" }, { "content": "x", "uri": "kb://1" }]);
    event["trigger"] = json!({ "kind": "human_click", "content": "" });
    let event = parse(&event, None).unwrap();
    let EventKind::ActionRecorded(action) = &event.kind else { panic!("{event:?}") };
    let context = action.context.as_ref().unwrap();
    assert_eq!((context[0].content_sha256, context[0].content_bytes), (Some(held()), Some(3)));
    assert_eq!(event.contents.len(), 2, "the empty text and one x: {:?}", event.contents);
}

#[test]
fn erased_members_are_named_only_where_nothing_can_be_read_without_them() {
    let mut members = parse(&action(), None).unwrap().members;
    for name in ["/actor/human_principal_id", "/actor/agent_id", "/context/0", "/trigger/kind", "/request", "/action/arguments"] {
        assert!(members.remove(name).is_some(), "{name}");
    }
    let left = read_action(&members).unwrap();
    assert_eq!(left.context.map(|context| context[0].uri.clone()), Some(Some("kb://returns/8".to_owned())));
    assert_eq!(left.trigger.map(|trigger| trigger.kind), Some(TriggerKind::Unknown));
    members.remove("/action/name");
    members.remove("/actor/caller_class");
    assert_eq!(read_action(&members).unwrap_err().missing, ["/actor/caller_class", "/action/name"]);
}

#[test]
fn a_resend_is_compared_member_by_member() {
    let first = parse(&action(), None).unwrap().members;
    let mut reordered = action();
    reordered["request"] = json!({ "parent_action_id": "act-90", "parent_trace_id": "9c1e", "parent_span_id": "00ef", "span_id": "00f0", "trace_id": "4bf9", "idempotency_key": "refund-W5918442-1" });
    assert_eq!(same_members(&first, &parse(&reordered, None).unwrap().members, &[]), Ok(()));

    let mut other = action();
    other["action"]["arguments"]["amount_cents"] = json!(1);
    other["confirmation_id"] = json!(null);
    other["actor"]["instance_id"] = json!("run-2");
    let other = parse(&other, None).unwrap().members;
    let differing = vec!["/action/arguments".to_owned(), "/actor/instance_id".to_owned(), "/confirmation_id".to_owned()];
    assert_eq!(same_members(&first, &other, &[]), Err(differing.clone()));
    assert_eq!(same_members(&other, &first, &[]), Err(differing.clone()));
    assert_eq!(same_members(&first, &other, &differing), Ok(()));
    let mut reported = first.clone();
    reported.insert("/report".to_owned(), Value::Null);
    assert_eq!(same_members(&reported, &first, &[]), Ok(()));
}
