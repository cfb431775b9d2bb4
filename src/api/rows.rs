//! One entry of a list as JSON: flat, every member always there, `null` where nothing is known.

use serde_json::{Value as Json, json};

use crate::domain::action::{Action, DecisionEffect};
use crate::domain::delegation::{Delegation, Evidence};
use crate::domain::finding::Verdict;
use crate::domain::ids::{AgentId, DelegationId, PrincipalId};
use crate::domain::past::Recorded;
use crate::domain::standing::Standing;
use crate::service::finder::Counted;
use crate::service::hit::{Hit, HitKind};
use crate::tlog::time::Timestamp;

/// An entry, by what it reports.
pub fn row(hit: &Hit) -> Json {
    let mut row = match &hit.what {
        HitKind::Action { action, report } => action_row(action, *report),
        HitKind::Delegation { delegation, standing, action_count } => delegation_row(delegation, standing, *action_count),
        HitKind::Revocation(revocation) => json!({
            "delegation_id": revocation.delegation_id.as_str(), "revoked_at": time(revocation.revoked_at),
            "reason": revocation.reason, "cascade": revocation.cascade,
        }),
        HitKind::Administrative => json!({}),
    };
    let place = json!({
        "index": hit.entry.index.get(), "leaf_hash": hit.entry.leaf_hash.to_string(), "recorded_at": time(hit.entry.header.recorded_at),
    });
    let shared = [
        ("event_id", hit.entry.text("/event_id").into()),
        ("entry", place),
        ("occurred_at", time(hit.occurred_at)),
        ("human_principal_id", hit.human_principal_id.as_deref().into()),
        ("claimed_human_principal_id", hit.claimed_human_principal_id.as_deref().into()),
        ("verdict", hit.verdict.map(Verdict::as_str).into()),
        ("findings", hit.findings.iter().map(|c| c.as_str()).collect()),
        ("reporter", hit.reporter.as_str().into()),
        ("reporter_class", hit.reporter_class.as_str().into()),
    ];
    if let Some(members) = row.as_object_mut() {
        members.extend(shared.map(|(name, value)| (name.to_owned(), value)));
    }
    row
}

/// Some entries.
pub fn rows(hits: &[Hit]) -> Vec<Json> {
    hits.iter().map(row).collect()
}

fn action_row(action: &Action, (number, of): (usize, usize)) -> Json {
    let actor = &action.actor;
    json!({
        "action_id": action.action_id.as_str(), "report": { "number": number, "of": of },
        "time_is_synthetic": action.is_time_synthetic,
        "caller_class": actor.caller_class.as_str(), "agent_id": actor.agent_id.as_ref().map(AgentId::as_str),
        "instance_id": actor.instance_id, "delegation_id": actor.delegation_id.as_ref().map(DelegationId::as_str),
        "model_version": actor.model_version, "prompt_id": actor.prompt_id,
        "policy_version": action.decision.policy_version, "decision": action.decision.effect.map(DecisionEffect::as_str),
        "name": action.name, "resource": action.resource, "trace_id": action.request.trace_id,
        "outcome": action.outcome.status.as_str(), "error_code": action.outcome.error_code,
        "duration_ms": action.outcome.duration_ms, "confirmation_id": action.confirmation_id,
    })
}

fn delegation_row(recorded: &Recorded<Delegation>, standing: &Standing, action_count: u64) -> Json {
    let delegation = &recorded.what;
    json!({
        "delegation_id": delegation.delegation_id.as_str(),
        "parent_delegation_id": delegation.parent_delegation_id.as_ref().map(DelegationId::as_str),
        "delegator": { "kind": delegation.delegator.kind.as_str(), "id": delegation.delegator.id },
        "agent_id": delegation.agent_id.as_str(), "instance_id": delegation.instance_id,
        "scope": delegation.scope, "resources": delegation.resources, "purpose": delegation.purpose,
        "issued_at": time(delegation.issued_at), "not_before": delegation.not_before.map(time),
        "expires_at": time(delegation.expires_at), "max_depth": delegation.max_depth,
        "accountable_person_id": delegation.accountable_person_id.as_ref().map(PrincipalId::as_str),
        "evidence": recorded.evidence.map(Evidence::as_str), "standing": standing_json(standing), "action_count": action_count,
    })
}

/// How a delegation stands, by which delegation of its chain, from when on.
pub fn standing_json(standing: &Standing) -> Json {
    let (by, at) = match standing {
        Standing::Active => (None, None),
        Standing::NotYetValid { by, from: at } | Standing::Expired { by, at } | Standing::Revoked { by, at } => (Some(by), Some(*at)),
        Standing::Undetermined { missing } => (Some(missing), None),
    };
    json!({ "status": standing.as_str(), "by_delegation_id": by.map(DelegationId::as_str), "at": at.map(time) })
}

/// Values and how often each occurs, the value under `name`.
pub fn counts(counted: &Counted, name: &str) -> Json {
    counted.values.iter().map(|(value, count)| json!({ name: value, "action_count": count })).collect()
}

/// An instant.
pub fn time(at: Timestamp) -> Json {
    at.to_string().into()
}
