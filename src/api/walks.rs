//! `GET /v1/actions/{id}` and its walk: what was done as all reports together tell it, and on whose authority.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::reading::{not_found, read_row};
use crate::api::recorded::to_json;
use crate::api::walk_json::{attribution_json, changed_by_json, entry_json, first_json, report_json, trigger_json, walk_json};
use crate::domain::action::{Action, Document, OutcomeStatus};
use crate::domain::ids::ActionId;
use crate::domain::past::Recorded;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::envelope;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::ledger::Ledger;
use crate::service::walker::{WalkedAction, sees_action, walk_action};

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![
        read_row("/v1/actions/{id}", "readAction", || web::to(read_action)),
        read_row("/v1/actions/{id}/walk", "walkAction", || web::to(read_walk)),
    ]
}

async fn read_walk(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let walked = walked(caller, ledger, path.into_inner()).await?;
    Ok(envelope::ok(&request, &walk_json(&walked)))
}

async fn read_action(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let walked = walked(caller, ledger, path.into_inner()).await?;
    Ok(envelope::ok(&request, &action_json(&walked)))
}

async fn walked(caller: Authenticated, ledger: web::Data<Ledger>, id: String) -> Result<WalkedAction, Problem> {
    let id = ActionId::parse(&id).ok_or_else(|| not_found("action"))?;
    blocking(move || {
        let walked = ledger.read(|rows| walk_action(rows, &id))?;
        walked.filter(|walked| sees_action(&caller.sight(), walked)).ok_or_else(|| not_found("action"))
    })
    .await
}

/// The groups of DESIGN.md section 3, merged over all reports, and what the ledger found.
fn action_json(walked: &WalkedAction) -> Json {
    let WalkedAction { walk, action, reports, changes } = walked;
    let occurred_at = reports.last().map(|latest| latest.occurred_at.to_string());
    json!({
        "action_id": action.action_id.as_str(),
        "event_id": reports.first().map(|first| first.event_id.as_str()),
        "occurred_at": occurred_at,
        "entry": entry_json(walk.entry),
        "actor": actor_json(action),
        "request": {
            "idempotency_key": action.request.idempotency_key, "trace_id": action.request.trace_id,
            "span_id": action.request.span_id, "parent_span_id": action.request.parent_span_id,
            "parent_trace_id": action.request.parent_trace_id, "parent_action_id": action.request.parent_action_id,
        },
        "decision": {
            "policy_version": action.decision.policy_version, "policy_sha256": action.decision.policy_sha256,
            "effect": action.decision.effect.map(super::super::domain::action::DecisionEffect::as_str),
        },
        "action": {
            "name": action.name, "resource": action.resource, "required_scope": action.required_scope,
            "arguments": action.arguments.as_ref().map(to_json),
        },
        "outcome": {
            "status": action.outcome.status.as_str(), "error_code": action.outcome.error_code,
            "duration_ms": action.outcome.duration_ms, "result_sha256": action.outcome.result_sha256,
            "usage": action.outcome.usage.as_ref().map(to_json),
        },
        "model": {
            "parameters": action.model.parameters.as_ref().map(to_json), "tools_sha256": action.model.tools_sha256,
            "output_sha256": action.model.output_sha256,
        },
        "trigger": action.trigger.as_ref().map(trigger_json),
        "context": action.context.as_ref().map(|documents| documents.iter().map(context_json).collect::<Vec<_>>()),
        "confirmation_id": action.confirmation_id,
        "time_is_synthetic": action.is_time_synthetic,
        "verdict": walk.verdict.as_str(),
        "headline": walk.headline(),
        "findings": present_findings(reports),
        "first": first_json(walk),
        "changed_by": changes.iter().map(changed_by_json).collect::<Vec<_>>(),
        "attribution": attribution_json(&walk.attribution),
        "human_principal_id": walk.human_principal_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "root_delegation_id": walk.root_delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "complete": walk.is_complete,
        "reports": reports.iter().map(|report| one_report_json(report)).collect::<Vec<_>>(),
        "walk_url": format!("/v1/actions/{}/walk", encoded(action.action_id.as_str())),
    })
}

fn actor_json(action: &Action) -> Json {
    let actor = &action.actor;
    json!({
        "caller_class": actor.caller_class.as_str(),
        "human_principal_id": actor.human_principal_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "agent_id": actor.agent_id.as_ref().map(super::super::domain::ids::AgentId::as_str),
        "instance_id": actor.instance_id,
        "delegation_id": actor.delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "model_version": actor.model_version,
        "prompt_id": actor.prompt_id,
        "prompt_sha256": actor.prompt_sha256,
    })
}

/// A document by its hashes; what stands in it is not here.
fn context_json(document: &Document) -> Json {
    json!({
        "uri": document.uri, "store": document.store, "retrieved_at": document.retrieved_at.map(|at| at.to_string()),
        "origin": document.origin.map(super::super::domain::action::DocumentOrigin::as_str), "sha256": document.sha256.as_ref().map(super::super::tlog::hash::DocumentHash::to_hex),
        "content_sha256": document.content_sha256.as_ref().map(super::super::tlog::hash::DocumentHash::to_hex), "content_bytes": document.content_bytes,
    })
}

fn present_findings(reports: &[std::sync::Arc<Recorded<Action>>]) -> Json {
    let all: std::collections::BTreeSet<&str> = reports.iter().flat_map(|r| r.present_findings.iter().map(|code| code.as_str())).collect();
    all.into_iter().collect()
}

fn one_report_json(report: &Recorded<Action>) -> Json {
    let mut json = report_json(report);
    let status: OutcomeStatus = report.what.outcome.status;
    json["outcome_status"] = status.as_str().into();
    json["entry_url"] = format!("/v1/entries/{}", report.index).into();
    json
}

/// An id as a segment of a path.
pub fn encoded(id: &str) -> String {
    let mut path = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push_str(&crate::tlog::hash::to_hex(&[byte]).to_ascii_uppercase());
        }
    }
    path
}
