//! What is reported in a simulated life, as plain data, and how it is said in JSON. Times are milliseconds since the life began.

use std::collections::{BTreeMap, BTreeSet};

use onus::tlog::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::app::NOON;

/// Milliseconds since the life began.
pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1_000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;

/// Human, agent or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Human,
    Agent,
    Service,
}

/// Who reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) kind: Kind,
    pub(crate) name: String,
}

/// What an amount is summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Per {
    Action,
    Day,
    Delegation,
}

/// At most so much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) cents: u64,
    pub(crate) per: Per,
}

/// Authority passed on.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) giver: Who,
    pub(crate) agent: String,
    pub(crate) human: Option<String>,
    pub(crate) accountable: Option<String>,
    pub(crate) scope: Vec<&'static str>,
    pub(crate) issued_at: Ms,
    pub(crate) not_before: Option<Ms>,
    pub(crate) expires_at: Ms,
    pub(crate) max_depth: Option<usize>,
    pub(crate) limit: Option<Limit>,
}

/// Authority taken back.
#[derive(Clone, Debug)]
pub(crate) struct Revocation {
    pub(crate) of: String,
    pub(crate) revoked_at: Ms,
    pub(crate) cascades: bool,
}

/// Something done.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) human: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) under: Option<String>,
    pub(crate) needs: Option<BTreeSet<&'static str>>,
    pub(crate) cents: u64,
    pub(crate) status: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Grant(Grant),
    Revocation(Revocation),
    Act(Act),
}

/// What somebody reports.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) occurred_at: Ms,
    pub(crate) what: What,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }
}

impl Per {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Day => "day",
            Self::Delegation => "delegation",
        }
    }
}

impl Grant {
    /// From when it holds.
    pub(crate) fn start(&self) -> Ms {
        self.not_before.unwrap_or(self.issued_at).max(self.issued_at)
    }
}

impl Event {
    pub(crate) const fn entry_type(&self) -> &'static str {
        match self.what {
            What::Grant(_) => "delegation.granted",
            What::Revocation(_) => "delegation.revoked",
            What::Act(_) => "action.recorded",
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut event = match &self.what {
            What::Grant(grant) => grant_json(grant),
            What::Revocation(revocation) => json!({ "delegation_id": revocation.of, "revoked_at": time(revocation.revoked_at),
                "reason": "no longer needed", "cascade": revocation.cascades }),
            What::Act(act) => act_json(act),
        };
        event["type"] = self.entry_type().into();
        event["event_id"] = self.id.as_str().into();
        event["occurred_at"] = time(self.occurred_at).into();
        without_nulls(event)
    }

    /// As FORMAT.md section 3 cuts it: what two tellings of one event are compared by.
    pub(crate) fn members(&self) -> BTreeMap<String, Value> {
        let mut members = BTreeMap::new();
        let Value::Object(event) = self.to_json() else { return members };
        for (name, value) in event.into_iter().filter(|(name, _)| name != "type") {
            match value {
                Value::Object(group) => members.extend(group.into_iter().map(|(part, value)| (format!("/{name}/{part}"), value))),
                whole => drop(members.insert(format!("/{name}"), whole)),
            }
        }
        members
    }
}

/// The instant as the ledger has it.
pub(crate) fn timestamp(at: Ms) -> Timestamp {
    Timestamp::parse_rfc3339(NOON).unwrap().plus_ms(at).unwrap()
}

fn time(at: Ms) -> String {
    timestamp(at).to_string()
}

fn grant_json(grant: &Grant) -> Value {
    let constraint = |limit: Limit| json!([{ "argument": "/amount_cents", "op": "<=", "value": limit.cents, "per": limit.per.as_str() }]);
    json!({ "delegation_id": grant.id, "parent_delegation_id": grant.parent,
        "delegator": { "kind": grant.giver.kind.as_str(), "id": grant.giver.name }, "delegate": { "agent_id": grant.agent },
        "human_principal_id": grant.human, "accountable_person_id": grant.accountable, "scope": grant.scope,
        "issued_at": time(grant.issued_at), "not_before": grant.not_before.map(time), "expires_at": time(grant.expires_at),
        "max_depth": grant.max_depth, "constraints": grant.limit.map(constraint) })
}

fn act_json(act: &Act) -> Value {
    // An agent's model and prompt are pinned: what is not is the business of other tests.
    let (model, prompt) = if act.kind == Kind::Agent { (Some("gpt-4o-2024-08-06"), Some("refunds@v17")) } else { (None, None) };
    json!({ "action_id": act.id,
        "actor": { "caller_class": act.kind.as_str(), "human_principal_id": act.human, "agent_id": act.agent, "delegation_id": act.under,
            "model_version": model, "prompt_id": prompt },
        "action": { "name": "orders.refund", "required_scope": act.needs, "arguments": { "amount_cents": act.cents } },
        "outcome": { "status": act.status } })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value)));
            kept.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
