//! Good events: what is demanded always, everything else now and then.

use onus::tlog::hash::DocumentHash;
use serde_json::{Value, json};

use super::dice::Dice;
use super::events::HELD;

/// Sets members now and then.
fn sometimes(dice: &mut Dice<'_>, event: &mut Value, members: &[(&str, Value)]) {
    for (pointer, value) in members {
        if !dice.percent(25) {
            continue;
        }
        let (group, name) = pointer.rsplit_once('/').unwrap();
        if !group.is_empty() && event.pointer(group).is_none() {
            event[&group[1..]] = json!({});
        }
        event.pointer_mut(group).unwrap()[name] = value.clone();
    }
}

fn id(dice: &mut Dice<'_>) -> String {
    format!("{}{}", dice.one(&["agent:", "user:", "x"]), dice.prose(6))
}

fn json_value(dice: &mut Dice<'_>) -> Value {
    dice.one(&[json!(null), json!({}), json!([]), json!(0.5), json!(true), json!("\u{1f600}"), json!({ "a": { "b": [1, null, {}] } })])
}

/// Any of the three types.
pub(super) fn any_event(dice: &mut Dice<'_>) -> Vec<u8> {
    match dice.below(4) {
        0 => {
            let mut granted: Value = serde_json::from_slice(&delegation(dice)).unwrap();
            granted["type"] = "delegation.granted".into();
            granted.to_string().into_bytes()
        }
        1 => revocation(dice),
        _ => action(dice),
    }
}

fn action(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut event = json!({ "type": "action.recorded", "event_id": id(dice), "occurred_at": "2026-11-22T10:00:00.5+01:00", "action_id": id(dice),
        "actor": { "caller_class": "service" }, "action": { "name": "orders.refund" }, "outcome": { "status": "succeeded" } });
    match dice.below(3) {
        0 => event["actor"] = json!({ "caller_class": "agent", "agent_id": id(dice) }),
        1 => event["actor"] = json!({ "caller_class": "human", "human_principal_id": id(dice), "agent_id": null }),
        _ => {}
    }
    let any = json_value(dice);
    let hash = json!(DocumentHash::of(HELD.as_bytes()).to_hex());
    sometimes(
        dice,
        &mut event,
        &[
            ("/actor/delegation_id", json!("dlg-20")),
            ("/actor/model_version", json!("gpt-4o-2024-08-06")),
            ("/actor/prompt_sha256", hash.clone()),
            ("/request", json!({})),
            ("/request/trace_id", json!("4bf9")),
            ("/request/parent_action_id", json!(null)),
            ("/decision/policy_version", json!("p.4")),
            ("/decision/effect", json!("allow")),
            ("/action/resource", json!("order:\u{20ac}")),
            ("/action/required_scope", json!(["orders:refund", "a"])),
            ("/action/arguments", json!({ "amount_cents": 12999, "any": any })),
            ("/outcome/error_code", json!("E")),
            ("/outcome/duration_ms", json!(184)),
            ("/outcome/usage", json!({ "input_tokens": 812 })),
            ("/model/parameters", json!({ "temperature": 0.7 })),
            ("/model/tools_sha256", hash.clone()),
            ("/trigger", json!({ "kind": "human_message", "reference": "msg-3", "content": "please refund \u{e9}" })),
            ("/context", json!([])),
            ("/context", json!([{ "uri": "u" }, { "uri": "kb://7", "sha256": hash, "origin": "internal", "content": HELD }])),
            ("/context", json!([{ "store": "kb", "content_ref": hash, "content": null }])),
            ("/confirmation_id", json!("cnf-3")),
            ("/extensions", json!({ "ours": any, "none": null, "import": { "time": "synthetic" } })),
        ],
    );
    event.to_string().into_bytes()
}

/// A `delegation.granted` without its type.
pub(super) fn delegation(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut event = json!({ "event_id": id(dice), "occurred_at": "2026-11-22T09:00:00Z", "delegator": { "kind": "human", "id": id(dice) },
        "delegate": { "agent_id": id(dice) }, "human_principal_id": id(dice), "scope": [], "issued_at": "2026-11-22T09:00:00Z",
        "expires_at": "2026-11-23T09:00:00Z" });
    let any = json_value(dice);
    sometimes(
        dice,
        &mut event,
        &[
            ("/delegation_id", json!("dlg-1")),
            ("/parent_delegation_id", json!("dlg-0")),
            ("/delegate/instance_id", json!("run-1")),
            ("/scope", json!(["orders:read", "orders:*"])),
            ("/resources", json!(["order:*"])),
            ("/authorization_details", json!([{ "type": "refund", "any": any }])),
            ("/purpose", json!("to refund \u{1f600}")),
            ("/issuer", json!("https://idp.example")),
            ("/token/jti", json!("t-1")),
            ("/token/act", json!({ "sub": "agent:desk" })),
            ("/not_before", json!("2026-11-22T09:00:01Z")),
            ("/max_depth", json!(3)),
            ("/constraints", json!([{ "argument": "/amount_cents", "op": "<=", "value": 5000, "per": "day" }])),
            (
                "/constraints",
                json!([{ "argument": "/to", "op": "in", "value": ["a", null] }, { "argument": "/a~1b", "op": "==", "value": any }]),
            ),
            ("/accountable_person_id", json!("user:bo")),
            ("/consent/model_version", json!("m")),
            ("/consent/tools", json!(["refund"])),
            ("/extensions", json!({ "any": any })),
        ],
    );
    event.to_string().into_bytes()
}

fn revocation(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut event =
        json!({ "type": "delegation.revoked", "event_id": id(dice), "occurred_at": "2026-11-22T09:00:00Z", "delegation_id": id(dice) });
    let revoked = [
        ("/revoked_at", json!("2026-11-22T08:00:00.123456789Z")),
        ("/reason", json!("stolen")),
        ("/cascade", json!(false)),
        ("/extensions", json!({ "a": null })),
    ];
    sometimes(dice, &mut event, &revoked);
    event.to_string().into_bytes()
}
