//! `POST /v1/actions`: what was done, or is about to be.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::recorded::record;
use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::http::authentication::Authenticated;
use crate::http::body::{BodyLimit, read};
use crate::http::codes::Code;
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::service::ledger::Ledger;
use crate::tlog::json::Value;

/// What any write can be answered with.
pub const WRITE_PROBLEMS: &[Code] = &[
    Code::ValidationFailed,
    Code::EventIdConflict,
    Code::EventErased,
    Code::TooManyReports,
    Code::AgentIdNotYours,
    Code::ReportsForExceeded,
    Code::NotYourOwnName,
    Code::LedgerBusy,
    Code::CommitOutcomeUnknown,
    Code::ClockJump,
    Code::LedgerReadOnly,
    Code::EntryDamaged,
];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered {
        route: Route {
            method: Method::POST,
            path: "/v1/actions",
            operation_id: "recordAction",
            access: Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::EventsWrite) },
            cost: Cost::Write,
            accepts: &[MediaType::Json],
            key_rule: KeyRule::Required,
            problems: WRITE_PROBLEMS,
        },
        handler: || web::to(record_action),
    }]
}

async fn record_action(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let body = read(request.headers(), payload.into_inner(), BodyLimit::Event).await?;
    let event = Value::parse(&body)?;
    record(&request, caller, ledger, &body, move |intake| intake.event(event, Some("action.recorded"))).await
}
