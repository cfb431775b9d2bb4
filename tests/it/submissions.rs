//! What reporters of these tests say: small, whole, and different only where a test says so.

use serde_json::{Value, json};

use crate::app::NOON;
use crate::call::unique;

/// When delegations of these tests end, unless the test says otherwise.
pub(crate) const EVENING: &str = "2026-11-24T20:00:00Z";

/// What `agent:refunds` did under a delegation: a refund that it names the scope of.
pub(crate) fn action(action_id: &str, delegation_id: &str) -> Value {
    json!({ "type": "action.recorded", "event_id": unique("evt"), "occurred_at": NOON, "action_id": action_id,
        "actor": { "caller_class": "agent", "agent_id": "agent:refunds", "human_principal_id": "user:ana@example.com",
            "delegation_id": delegation_id, "model_version": "gpt-4o-2024-08-06", "prompt_id": "refunds@v17" },
        "action": { "name": "orders.refund", "resource": "order:W5918442", "required_scope": ["orders:refund"],
            "arguments": { "amount_cents": 12999, "order": "W5918442" } },
        "trigger": { "kind": "human_message", "principal_id": "user:ana@example.com", "content": "please refund W5918442" },
        "context": [{ "uri": "kb://returns/7", "origin": "internal", "content": "Refunds take five days." }],
        "outcome": { "status": "succeeded" } })
}

/// What ana gives to `agent:refunds` until the evening.
pub(crate) fn grant(delegation_id: &str) -> Value {
    json!({ "type": "delegation.granted", "event_id": unique("evt"), "occurred_at": NOON, "delegation_id": delegation_id,
        "delegator": { "kind": "human", "id": "user:ana@example.com" }, "delegate": { "agent_id": "agent:refunds" },
        "human_principal_id": "user:ana@example.com", "scope": ["orders:read", "orders:refund"], "issued_at": NOON, "expires_at": EVENING })
}

/// What one agent passes on of a delegation to another.
pub(crate) fn pass_on(delegation_id: &str, parent: &str, from: &str, to: &str) -> Value {
    let mut grant = grant(delegation_id);
    grant["parent_delegation_id"] = parent.into();
    grant["delegator"] = json!({ "kind": "agent", "id": from });
    grant["delegate"] = json!({ "agent_id": to });
    grant
}

/// A delegation taken back at noon.
pub(crate) fn revocation(delegation_id: &str) -> Value {
    json!({ "type": "delegation.revoked", "event_id": unique("evt"), "occurred_at": NOON, "delegation_id": delegation_id,
        "reason": "no longer needed" })
}

/// The same event with some members set: `with(action(…), &[("/outcome/status", json!("failed"))])`.
pub(crate) fn with(mut event: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let (group, name) = path.rsplit_once('/').expect("a pointer");
        event.pointer_mut(group).expect("the group is there")[name] = value.clone();
    }
    event
}

/// The same event without one member.
pub(crate) fn without(mut event: Value, path: &str) -> Value {
    let (group, name) = path.rsplit_once('/').expect("a pointer");
    let removed = event.pointer_mut(group).expect("the group is there").as_object_mut().expect("an object").remove(name);
    assert!(removed.is_some(), "{path} was there");
    event
}
