//! `GET /v1/entries/{index}` with `Accept: application/sd-jwt`: one entry as an SD-JWT that other people's libraries verify, and
//! `GET /.well-known/jwks.json`, the key it verifies under. What leaves is recorded before it leaves.

use std::collections::BTreeSet;

use actix_web::http::header::{CACHE_CONTROL, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::credentials::report;
use crate::api::reading::{not_found, read_row};
use crate::api::recorded::to_json;
use crate::domain::credential::Permission;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::media::SD_JWT;
use crate::http::problem::{FieldProblem, Problem};
use crate::http::query::Query;
use crate::http::route::{Access, Cost, Registered};
use crate::service::entry_reads::check_place;
use crate::service::exporter::export_event;
use crate::service::ledger::Ledger;
use crate::service::opened::OpenedEntry;
use crate::service::pending::PendingEntry;
use crate::service::prover::ProverError;
use crate::service::walker::entry_for;
use crate::tlog::jwk::{jwk, thumbprint};
use crate::tlog::position::LeafIndex;

/// What an entry, read or exported, can be answered with.
pub const EXPORT_PROBLEMS: &[Code] = &[
    Code::NotFound,
    Code::UnknownParameter,
    Code::InvalidParameter,
    Code::EntryDamaged,
    Code::LedgerBusy,
    Code::CommitOutcomeUnknown,
    Code::ClockJump,
    Code::LedgerReadOnly,
];

/// The rows of this file; the export itself answers in the row of the entry.
pub fn routes() -> Vec<Registered> {
    let mut keys = read_row("/.well-known/jwks.json", "readExportKeys", || web::to(read_export_keys));
    keys.route.access = Access::Open;
    keys.route.cost = Cost::Free;
    keys.route.problems = &[Code::UnknownParameter];
    vec![keys]
}

/// A JWK set as RFC 7517 has it: bare, for libraries that know nothing of this API.
async fn read_export_keys(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let key = ledger.exporter().public_key();
    let mut named = to_json(&jwk(&key));
    named["alg"] = "EdDSA".into();
    named["kid"] = thumbprint(&key).into();
    named["use"] = "sig".into();
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .body(json!({ "keys": [named] }).to_string()))
}

/// The export of an entry. Its members all are shown unless `?members=` names some; the others are named and withheld.
pub(super) async fn export_entry(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    index: LeafIndex,
) -> Result<HttpResponse, Problem> {
    if !caller.permissions.contains(Permission::ExportsCreate) {
        return Err(Problem::new(Code::PermissionMissing, format!("this needs {}", Permission::ExportsCreate.as_str())));
    }
    let query = Query::parse(request.query_string(), &["members"])?;
    let report = report(&caller, &RequestContext::of(&request).request_id.to_string());
    let now = ledger.clock().now();
    let reader = ledger.clone();
    let (event, text) = blocking(move || {
        let looked = reader.read(|rows| {
            let Some(entry) = entry_for(rows, &caller.sight(), index)? else { return Ok::<_, ProverError>(None) };
            // What does not stand where it says is no evidence to hand out.
            check_place(rows, &entry, reader.origin(), &reader.vkeys())?;
            Ok(Some(entry))
        })?;
        let entry = looked.ok_or_else(|| not_found("entry"))?;
        let shown = shown_members(&query, &entry)?;
        let terms = reader.read(|rows| reader.exporter().terms(rows, now))?;
        let text = reader.exporter().export(&entry, &shown, &terms)?;
        Ok((export_event(&entry, &shown, now), text))
    })
    .await?;
    let pending = PendingEntry::new(event, report, Vec::new(), ledger.keys()).map_err(|e| Problem::failed(Code::Internal, &e))?;
    let answers = ledger.queue()?.append(vec![pending], false).await?;
    answers.into_iter().next().ok_or_else(|| Problem::of(Code::Internal))?.outcome?;
    Ok(HttpResponse::Ok().content_type(SD_JWT).insert_header((CACHE_CONTROL, "no-store")).body(text))
}

/// The members that are to be shown: those that `?members=/a,/b` names, or all.
fn shown_members(query: &Query, entry: &OpenedEntry) -> Result<BTreeSet<String>, Problem> {
    let Some(names) = query.text("members") else { return Ok(entry.members.keys().cloned().collect()) };
    let names: BTreeSet<String> = names.split(',').map(str::to_owned).collect();
    let unknown: Vec<FieldProblem> = names.iter().filter(|name| !entry.members.contains_key(*name)).map(|name| unknown(name)).collect();
    match unknown.first() {
        None => Ok(names),
        Some(first) => Err(Problem::new(Code::InvalidParameter, first.message.clone()).with_errors(unknown)),
    }
}

fn unknown(name: &str) -> FieldProblem {
    let message = format!("the entry has no member {name:?}: expected names from its `members`, with commas between them");
    FieldProblem::new("?members", "unknown_member", message)
}
