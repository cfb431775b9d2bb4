//! `POST /v1/credentials`: a token for a program, shown this once. Only a keyed hash of it is kept, in the ledger.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::place::EntryPlace;
use crate::api::problems::invalid_members;
use crate::domain::credential::{Caller, Permission};
use crate::domain::credential_terms::{CredentialTerms, terms_from};
use crate::domain::delegation::CallerClass;
use crate::domain::event::{Auth, Report};
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::body::{BodyLimit, read};
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::envelope::{NO_META, to_bytes};
use crate::http::idempotent::{Reply, once};
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::service::credentials::issue_event;
use crate::service::ledger::Ledger;
use crate::service::opened::open_entry;
use crate::service::pending::PendingEntry;
use crate::tlog::json::Value;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered {
        route: Route {
            method: Method::POST,
            path: "/v1/credentials",
            operation_id: "issueCredential",
            access: Access::Callers {
                classes: &[CallerClass::Human, CallerClass::Service],
                permission: Some(Permission::CredentialsManage),
            },
            cost: Cost::Write,
            accepts: &[MediaType::Json],
            key_rule: KeyRule::Required,
            problems: &[Code::ValidationFailed, Code::LedgerBusy, Code::CommitOutcomeUnknown, Code::ClockJump, Code::LedgerReadOnly],
        },
        handler: || web::to(issue_credential),
    }]
}

async fn issue_credential(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let body = read(request.headers(), payload.into_inner(), BodyLimit::Event).await?;
    let terms = terms_from(&Value::parse(&body)?, RequestContext::of(&request).received_at).map_err(|errors| invalid_members(&errors))?;
    let context = RequestContext::of(&request);
    let report = report(&caller, &context.request_id.to_string());
    let work = move |()| issue(ledger, terms, report, context);
    // The token stands in the stored answer for as long as a retry may ask for it: an answer that was lost on the way is not lost.
    once(&request, &caller, &body, || Ok(()), work, |_| Err(Problem::of(Code::Internal))).await
}

async fn issue(ledger: web::Data<Ledger>, terms: CredentialTerms, report: Report, context: RequestContext) -> Result<Reply, Problem> {
    let issued = issue_event(&terms, ledger.credentials().key(), ledger.clock().now());
    let pending = PendingEntry::new(issued.event, report, Vec::new(), ledger.keys()).map_err(|e| Problem::failed(Code::Internal, &e))?;
    let answers = ledger.queue()?.append(vec![pending], false).await?;
    let appended = answers.into_iter().next().ok_or_else(|| Problem::of(Code::Internal))?.outcome?;
    let index = appended.index;
    let reader = ledger.clone();
    blocking(move || {
        let entry = reader.read(|rows| open_entry(rows, index))?.ok_or_else(|| Problem::of(Code::Internal))?;
        Ok(reader.credentials().add(&entry)?)
    })
    .await?;
    let data = json!({
        "credential_id": issued.credential_id.as_str(),
        "token": issued.token.reveal(),
        "class": terms.class.as_str(),
        "owner": terms.source().as_str(),
        "entry": EntryPlace::appended(&appended),
        "receipt_url": format!("/v1/entries/{index}/receipt"),
    });
    let body = to_bytes(&data, NO_META, &context.request_id.to_string(), context.received_at);
    Ok(Reply::json(StatusCode::CREATED, body))
}

/// The report of an administrative act: who asked for it.
pub(super) fn report(caller: &Caller, request_id: &str) -> Report {
    Report {
        source: caller.source.clone(),
        credential_id: caller.credential_id.clone(),
        caller_class: caller.class,
        auth: if caller.human.is_some() { Auth::Session } else { Auth::Bearer },
        evidence: None,
        agent_id_claim: None,
        request_id: request_id.to_owned(),
        filled: Vec::new(),
    }
}
