//! `POST /v1/delegations/{id}/revocations`: what was given is taken back, with all below it. `?preview=true` tells what that would
//! reach and writes nothing.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::problems::invalid_members;
use crate::api::reading::not_found;
use crate::api::recorded::record;
use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::domain::field_error::{FieldCode, FieldError};
use crate::domain::ids::DelegationId;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::body::{BodyLimit, read};
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::envelope;
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::service::intake::{Intake, Submitter};
use crate::service::ledger::Ledger;
use crate::service::previews::{Affected, Preview};
use crate::tlog::json::Value;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered {
        route: Route {
            method: Method::POST,
            path: "/v1/delegations/{id}/revocations",
            operation_id: "revokeDelegation",
            access: Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::DelegationsWrite) },
            cost: Cost::Write,
            accepts: &[MediaType::Json],
            key_rule: KeyRule::Required,
            problems: PROBLEMS,
        },
        handler: || web::to(revoke_delegation),
    }]
}

const PROBLEMS: &[Code] = &[
    Code::NotFound,
    Code::ValidationFailed,
    Code::UnknownParameter,
    Code::InvalidParameter,
    Code::EventIdConflict,
    Code::EventErased,
    Code::ReportsForExceeded,
    Code::NotYourOwnName,
    Code::PreviewRequired,
    Code::PreviewNotFound,
    Code::PreviewExpired,
    Code::PreviewStale,
    Code::LedgerBusy,
    Code::CommitOutcomeUnknown,
    Code::ClockJump,
    Code::LedgerReadOnly,
    Code::EntryDamaged,
];

async fn revoke_delegation(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let is_preview = Query::parse(request.query_string(), &["preview"])?.flag("preview")?;
    let id = DelegationId::parse(&path).ok_or_else(|| not_found("delegation"))?;
    let body = read(request.headers(), payload.into_inner(), BodyLimit::Event).await?;
    let (event, token) = without_token(Value::parse(&body)?)?;
    let event = with_delegation_id(event, &id)?;
    if is_preview {
        return preview(&request, caller, ledger, event, id).await;
    }
    record(&request, caller, ledger, &body, move |intake| intake.revocation(event, &id, token.as_deref())).await
}

/// A read by POST: it needs no Idempotency-Key.
async fn preview(
    request: &HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    event: Value,
    id: DelegationId,
) -> Result<HttpResponse, Problem> {
    let request_id = RequestContext::of(request).request_id.to_string();
    let data = blocking(move || {
        let submitter = Submitter { caller: &caller, request_id: &request_id, agent_id_claim: None };
        Ok(preview_json(&id, &Intake::new(&ledger, submitter).preview_revocation(event, &id)?))
    })
    .await?;
    Ok(envelope::ok(request, &data))
}

fn preview_json(id: &DelegationId, preview: &Preview) -> Json {
    let count = preview.affected_count;
    let warning = match count {
        0 => format!("{id} holds no more, and nothing below it: revoking it ends nothing."),
        1 => format!("Revoking {id} ends 1 delegation. What is done under it afterwards is not authorised. This cannot be undone."),
        _ => format!(
            "Revoking {id} ends {count} delegations. What is done under any of them afterwards is not authorised. This cannot be undone."
        ),
    };
    let named = |affected: &Affected| {
        json!({
            "delegation_id": affected.delegation_id.as_str(), "agent_id": affected.agent_id.as_str(),
            "expires_at": affected.expires_at.to_string(),
        })
    };
    json!({
        "preview_token": preview.token,
        "affected_count": count,
        "affected_sample": preview.affected_sample.iter().map(named).collect::<Vec<_>>(),
        "warning": warning,
        "expires_at": preview.expires_at.to_string(),
    })
}

/// The token is about the request, not a member of the event.
fn without_token(event: Value) -> Result<(Value, Option<String>), Problem> {
    let Value::Object(mut members) = event else { return Ok((event, None)) };
    let Some(place) = members.iter().position(|(name, _)| name == "preview_token") else { return Ok((Value::Object(members), None)) };
    match members.remove(place).1 {
        Value::Null => Ok((Value::Object(members), None)),
        Value::String(token) => Ok((Value::Object(members), Some(token))),
        _ => {
            let message = "expected the text that ?preview=true answered".to_owned();
            Err(invalid_members(&[FieldError::new("/preview_token".to_owned(), FieldCode::WrongType, message)]))
        }
    }
}

/// The path says which delegation; a body that says another contradicts it.
fn with_delegation_id(event: Value, id: &DelegationId) -> Result<Value, Problem> {
    let Value::Object(mut members) = event else { return Ok(event) };
    match members.iter().find(|(name, _)| name == "delegation_id") {
        None => members.push(("delegation_id".to_owned(), id.as_str().into())),
        Some((_, value)) if value.as_str() == Some(id.as_str()) => {}
        Some(_) => {
            let message = format!("the path names {id:?}: leave this member out, or name the same");
            return Err(invalid_members(&[FieldError::new("/delegation_id".to_owned(), FieldCode::NotAllowed, message)]));
        }
    }
    Ok(Value::Object(members))
}
