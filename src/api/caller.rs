//! `GET /v1/caller`: who am I to this ledger, and what fits into one request.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::events::MAX_BATCH_EVENTS;
use crate::api::reading::read_row;
use crate::domain::credential::{Caller, NamePattern, Permission, Sight};
use crate::domain::delegation::CallerClass;
use crate::http::authentication::Authenticated;
use crate::http::body::BodyLimit;
use crate::http::codes::Code;
use crate::http::envelope;
use crate::http::problem::Problem;
use crate::http::query::{MAX_LIMIT, Query};
use crate::http::route::{Access, Cost, Registered};

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let mut row = read_row("/v1/caller", "readCaller", || web::to(read_caller));
    row.route.access = Access::Callers { classes: &CallerClass::ALL, permission: None };
    row.route.cost = Cost::Free;
    row.route.problems = &[Code::UnknownParameter];
    vec![row]
}

async fn read_caller(request: HttpRequest, caller: Authenticated) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    Ok(envelope::ok(&request, &caller_json(&caller)))
}

fn caller_json(caller: &Caller) -> Json {
    let patterns = |patterns: &[NamePattern]| patterns.iter().map(|p| Json::from(p.as_str())).collect::<Vec<_>>();
    let sight = match caller.sight() {
        Sight::Everything => "everything",
        Sight::Person(_) => "own_name",
        Sight::Agent(_) => "own_reports_and_delegations",
        Sight::Nothing => "nothing",
    };
    json!({
        "credential_id": caller.credential_id.as_str(),
        "class": caller.class.as_str(),
        "source": caller.source.as_str(),
        "agent_id": caller.agent_id.as_ref().map(super::super::domain::ids::AgentId::as_str),
        "human_principal_id": caller.human.as_ref().map(|human| human.principal_id.as_str()),
        "roles": caller.human.as_ref().map(|human| human.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()),
        "permissions": caller.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        "reports_for": patterns(&caller.reports_for),
        "grants_for": patterns(&caller.grants_for),
        "sees": sight,
        "limits": {
            "event_bytes": BodyLimit::Event.bytes(),
            "batch_bytes": BodyLimit::Batch.bytes(),
            "batch_events": MAX_BATCH_EVENTS,
            "list_limit": MAX_LIMIT,
        },
    })
}
