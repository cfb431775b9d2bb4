//! `POST /v1/delegations`: what was handed on, reported or out of a token. Taking it back is `revocations`.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::problems::invalid_members;
use crate::api::recorded::record;
use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::domain::field_error::{FieldCode, FieldError};
use crate::domain::token::TokenExtra;
use crate::http::authentication::Authenticated;
use crate::http::body::{BodyLimit, read};
use crate::http::codes::Code;
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::service::ledger::Ledger;
use crate::tlog::json::Value;

/// What may stand beside `token` in the body.
const BESIDE_TOKEN: [&str; 5] = ["token", "event_id", "occurred_at", "delegation_id", "purpose"];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered {
        route: Route {
            method: Method::POST,
            path: "/v1/delegations",
            operation_id: "grantDelegation",
            access: Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::DelegationsWrite) },
            cost: Cost::Write,
            accepts: &[MediaType::Json],
            key_rule: KeyRule::Required,
            problems: GRANT_PROBLEMS,
        },
        handler: || web::to(grant_delegation),
    }]
}

const GRANT_PROBLEMS: &[Code] = &[
    Code::ValidationFailed,
    Code::EventIdConflict,
    Code::EventErased,
    Code::DelegationIdConflict,
    Code::NotTheDelegate,
    Code::RootDelegationByAgent,
    Code::ReportsForExceeded,
    Code::NotYourOwnName,
    Code::TokenMalformed,
    Code::TokenTooLarge,
    Code::TokenActTooDeep,
    Code::TokenAlgorithmNotAllowed,
    Code::TokenIssuerUnknown,
    Code::TokenKeyUnknown,
    Code::TokenSignatureInvalid,
    Code::TokenAudienceWrong,
    Code::TokenExpired,
    Code::TokenNotYetValid,
    Code::TokenWithoutExpiry,
    Code::TokenWithoutSubject,
    Code::TokenWithoutActor,
    Code::LedgerBusy,
    Code::CommitOutcomeUnknown,
    Code::ClockJump,
    Code::LedgerReadOnly,
    Code::EntryDamaged,
];

async fn grant_delegation(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let body = read(request.headers(), payload.into_inner(), BodyLimit::Event).await?;
    let event = Value::parse(&body)?;
    let Some(token) = event.member("token").and_then(Value::as_str).map(str::to_owned) else {
        return record(&request, caller, ledger, &body, move |intake| intake.event(event, Some("delegation.granted"))).await;
    };
    let extra = beside_token(&event)?;
    let trusted = ledger.clone();
    record(&request, caller, ledger, &body, move |intake| intake.token(&token, trusted.issuers(), extra)).await
}

/// The few members that a token leaves to its bearer.
fn beside_token(event: &Value) -> Result<TokenExtra, Problem> {
    let Value::Object(members) = event else { return Ok(TokenExtra::default()) };
    let mut errors = Vec::new();
    for (name, value) in members {
        if !BESIDE_TOKEN.contains(&name.as_str()) {
            let message = format!("the token says it: beside it only {} are read", BESIDE_TOKEN.join(", "));
            errors.push(FieldError::new(format!("/{name}"), FieldCode::UnknownMember, message));
        } else if value.as_str().is_none() {
            errors.push(FieldError::new(format!("/{name}"), FieldCode::WrongType, "expected a text".to_owned()));
        }
    }
    if !errors.is_empty() {
        return Err(invalid_members(&errors));
    }
    let text = |name: &str| event.member(name).and_then(Value::as_str).map(str::to_owned);
    Ok(TokenExtra {
        event_id: text("event_id"),
        occurred_at: text("occurred_at"),
        delegation_id: text("delegation_id"),
        purpose: text("purpose"),
    })
}
