//! Events in the making: the JSON that a reporter would send, and when it would arrive. Nothing here is checked; the intake
//! reads it as it reads everything else.

use serde_json::{Value, json};

use crate::cli::sample::calendar::later;
use crate::cli::sample::cast::Party;
use crate::domain::delegation::CallerClass;
use crate::tlog::time::Timestamp;

/// From the end of an action to its recording, in milliseconds: what a reporter takes to say it.
const REPORTING_MS: i64 = 240;

/// An event that will be sent.
pub(super) struct Planned {
    /// When the ledger records it.
    pub(super) recorded_at: Timestamp,
    /// Who sends it.
    pub(super) by: Party,
    /// What is sent.
    pub(super) event: Value,
}

/// An `action.recorded` in the making.
#[derive(Clone)]
pub(super) struct ActionDraft {
    event: Value,
    by: Party,
    at: Timestamp,
    duration_ms: i64,
    lag_ms: i64,
}

impl ActionDraft {
    /// An action of `actor`, reported by itself, that succeeds.
    pub(super) fn new(id: &str, actor: Party, name: &str, at: Timestamp) -> Self {
        let mut event = json!({
            "type": "action.recorded", "event_id": format!("evt-{id}"), "occurred_at": at.to_string(), "action_id": id,
            "actor": { "caller_class": actor.class().as_str() },
            "action": { "name": name },
            "outcome": { "status": "succeeded" },
        });
        match actor.class() {
            CallerClass::Human => event["actor"]["human_principal_id"] = actor.id().into(),
            CallerClass::Agent => event["actor"]["agent_id"] = actor.id().into(),
            CallerClass::Service => {}
        }
        if let Some((model, prompt)) = actor.decides_by() {
            event["actor"]["model_version"] = model.into();
            event["actor"]["prompt_id"] = prompt.into();
            event["decision"] = json!({ "policy_version": "agents@7", "effect": "allow" });
            event["context"] = json!([]);
        }
        Self { event, by: actor, at, duration_ms: 0, lag_ms: REPORTING_MS }
    }

    /// Under that delegation, in that person's name.
    pub(super) fn under(self, delegation: &str, human: Party) -> Self {
        self.set("actor", "delegation_id", delegation).set("actor", "human_principal_id", human.id())
    }

    /// To what.
    pub(super) fn on(self, resource: &str) -> Self {
        self.set("action", "resource", resource)
    }

    /// With what.
    pub(super) fn with(self, arguments: Value) -> Self {
        self.set("action", "arguments", arguments)
    }

    /// Because that person wrote so.
    pub(super) fn told(mut self, human: Party, words: &str) -> Self {
        self.event["trigger"] = json!({ "kind": "human_message", "principal_id": human.id(), "content": words });
        self
    }

    /// Because that person filled in a form and clicked.
    pub(super) fn clicked(mut self, human: Party, form: &str) -> Self {
        self.event["trigger"] = json!({ "kind": "human_click", "principal_id": human.id(), "content": form });
        self
    }

    /// Because another agent asked.
    pub(super) fn asked_by(mut self, agent: Party) -> Self {
        self.event["trigger"] = json!({ "kind": "agent", "reference": agent.id() });
        self
    }

    /// Because it was time.
    pub(super) fn scheduled(mut self) -> Self {
        self.event["trigger"] = json!({ "kind": "schedule" });
        self
    }

    /// After having read these, in order.
    pub(super) fn after(mut self, documents: Vec<Value>) -> Self {
        self.event["context"] = documents.into();
        self
    }

    /// So long, in milliseconds.
    pub(super) fn took(mut self, duration_ms: u32) -> Self {
        self.duration_ms = duration_ms.into();
        self.set("outcome", "duration_ms", duration_ms)
    }

    /// Otherwise than with success.
    pub(super) fn ended(self, status: &str, error_code: &str) -> Self {
        self.set("outcome", "status", status).set("outcome", "error_code", error_code)
    }

    /// Refused by the policy in force there.
    pub(super) fn refused(self, error_code: &str) -> Self {
        self.ended("denied", error_code).set("decision", "effect", "deny")
    }

    /// Recorded so long after it ended, in milliseconds; negative: before it is said to have happened.
    pub(super) fn arriving_after(mut self, lag_ms: i64) -> Self {
        self.lag_ms = lag_ms;
        self
    }

    /// Sent by somebody else than the actor.
    pub(super) fn reported_by(mut self, by: Party) -> Self {
        self.by = by;
        self
    }

    /// Part of that trace.
    pub(super) fn traced(self, trace_id: &str) -> Self {
        self.set("request", "trace_id", trace_id)
    }

    /// With a member stated, or stated otherwise.
    pub(super) fn set(mut self, group: &str, name: &str, value: impl Into<Value>) -> Self {
        self.event[group][name] = value.into();
        self
    }

    /// With a member left out.
    pub(super) fn without(self, group: &str, name: &str) -> Self {
        self.set(group, name, Value::Null)
    }

    /// With a group or a list left out.
    pub(super) fn silent_on(mut self, group: &str) -> Self {
        self.event[group] = Value::Null;
        self
    }

    /// An earlier stage of the same action, said by the same reporter so many milliseconds before.
    pub(super) fn stage(&self, status: &str, ms_before: i64) -> Self {
        let mut stage = self.clone();
        stage.at = later(self.at, -ms_before);
        stage.event["event_id"] = format!("{}-{status}", self.event["event_id"].as_str().unwrap_or_default()).into();
        stage.event["occurred_at"] = stage.at.to_string().into();
        stage.event["outcome"] = json!({ "status": status });
        stage.duration_ms = 0;
        stage
    }

    /// The protected API's account of the same action: what it was sent and what it did, not what decided it.
    pub(super) fn served_by(&self, server: Party, required_scope: &str) -> Self {
        let mut leg = self.clone().reported_by(server);
        leg.lag_ms += 90;
        for decided in ["model_version", "prompt_id"] {
            leg.event["actor"][decided] = Value::Null;
        }
        for group in ["context", "trigger"] {
            leg.event[group] = Value::Null;
        }
        leg.event["decision"]["policy_version"] = "api-gate@41".into();
        leg.set("action", "required_scope", json!([required_scope]))
    }

    /// Ready to be sent.
    pub(super) fn planned(self) -> Planned {
        let Self { event, by, at, duration_ms, lag_ms } = self;
        Planned { recorded_at: later(at, duration_ms + lag_ms), by, event }
    }
}

/// A `delegation.granted` in the making.
pub(super) struct GrantDraft {
    event: Value,
    by: Party,
    at: Timestamp,
    lag_ms: i64,
}

impl GrantDraft {
    /// A person gives an agent authority, from now on, until then. She says so herself, in her session.
    pub(super) fn root(id: &str, human: Party, to: Party, scope: &[&str], from: Timestamp, until: Timestamp) -> Self {
        Self::of(id, human, to, scope, from, until).set("human_principal_id", human.id())
    }

    /// A service gives an agent authority of its own.
    pub(super) fn of_service(id: &str, service: Party, to: Party, scope: &[&str], from: Timestamp, until: Timestamp) -> Self {
        Self::of(id, service, to, scope, from, until)
    }

    /// An agent passes on part of what it was given.
    pub(super) fn passed_on(id: &str, parent: &str, hands: (Party, Party), scope: &[&str], from: Timestamp, until: Timestamp) -> Self {
        let (giver, to) = hands;
        Self::of(id, giver, to, scope, from, until).set("parent_delegation_id", parent)
    }

    fn of(id: &str, giver: Party, to: Party, scope: &[&str], from: Timestamp, until: Timestamp) -> Self {
        let event = json!({
            "type": "delegation.granted", "event_id": format!("evt-{id}"), "occurred_at": from.to_string(), "delegation_id": id,
            "delegator": { "kind": giver.class().as_str(), "id": giver.id() },
            "delegate": { "agent_id": to.id() },
            "scope": scope, "issued_at": from.to_string(), "expires_at": until.to_string(),
        });
        Self { event, by: giver, at: from, lag_ms: REPORTING_MS }
    }

    /// With a member stated.
    pub(super) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.event[name] = value.into();
        self
    }

    /// What for, in words.
    pub(super) fn so_that(self, purpose: &str) -> Self {
        self.set("purpose", purpose)
    }

    /// With an upper bound on an argument, `per` action, day, month or delegation.
    pub(super) fn at_most(mut self, argument: &str, value: u32, per: &str) -> Self {
        let bound = json!({ "argument": argument, "op": "<=", "value": value, "per": per });
        match &mut self.event["constraints"] {
            Value::Array(bounds) => bounds.push(bound),
            none => *none = json!([bound]),
        }
        self
    }

    /// Sent by somebody else than the giver.
    pub(super) fn reported_by(mut self, by: Party) -> Self {
        self.by = by;
        self
    }

    /// Recorded so long after it was given, in milliseconds.
    pub(super) fn arriving_after(mut self, lag_ms: i64) -> Self {
        self.lag_ms = lag_ms;
        self
    }

    /// Ready to be sent.
    pub(super) fn planned(self) -> Planned {
        let Self { event, by, at, lag_ms } = self;
        Planned { recorded_at: later(at, lag_ms), by, event }
    }
}

/// A `delegation.revoked`.
pub(super) fn revocation(delegation: &str, by: Party, at: Timestamp, reason: &str) -> Planned {
    let event = json!({
        "type": "delegation.revoked", "event_id": format!("evt-revoke-{delegation}"), "occurred_at": at.to_string(),
        "delegation_id": delegation, "revoked_at": at.to_string(), "reason": reason,
    });
    Planned { recorded_at: later(at, REPORTING_MS), by, event }
}

/// Something read: `origin` is user, internal, external, tool_output or agent.
pub(super) fn document(uri: &str, origin: &str, content: &str) -> Value {
    json!({ "uri": uri, "origin": origin, "content": content })
}
