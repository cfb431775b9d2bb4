//! `/healthz`, `/readyz`, `/metrics`: for whoever keeps the process running. They say how it does, not what it holds.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::reading::read_row;
use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::envelope;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, Registered};
use crate::service::ledger::Ledger;
use crate::service::meters;
use crate::service::opened::ReadError;
use crate::service::queue::WriterState;
use crate::service::walker::header;
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;

/// How long index and checkpoint may lag before the ledger is not ready, in milliseconds.
pub const MAX_LAG_MS: i64 = 60_000;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let open = |mut row: Registered, problems| {
        row.route.access = Access::Open;
        row.route.cost = Cost::Free;
        row.route.problems = problems;
        row
    };
    let mut metrics = read_row("/metrics", "readMetrics", || web::to(read_metrics));
    metrics.route.access = Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::MetricsRead) };
    metrics.route.problems = &[Code::UnknownParameter];
    vec![
        open(read_row("/healthz", "readHealth", || web::to(read_health)), &[Code::UnknownParameter]),
        open(read_row("/readyz", "readReadiness", || web::to(read_readiness)), READINESS_PROBLEMS),
        metrics,
    ]
}

const READINESS_PROBLEMS: &[Code] = &[
    Code::UnknownParameter,
    Code::LedgerReadOnly,
    Code::ClockJump,
    Code::CommitOutcomeUnknown,
    Code::LedgerUnavailable,
    Code::IndexBehind,
];

async fn read_health(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    Ok(envelope::ok(&request, &json!({ "status": "alive" })))
}

async fn read_readiness(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let now = RequestContext::of(&request).received_at;
    let data = blocking(move || readiness(&ledger, now)).await?;
    Ok(envelope::ok(&request, &data))
}

/// Ready, or every reason why not; the first decides the code.
fn readiness(ledger: &Ledger, now: Timestamp) -> Result<Json, Problem> {
    let mut reasons: Vec<(Code, &'static str)> = Vec::new();
    match ledger.state() {
        WriterState::Writing => {}
        WriterState::ReadOnly(_) => reasons.push((Code::LedgerReadOnly, "read_only")),
        WriterState::ClockJumped { .. } => reasons.push((Code::ClockJump, "clock_jumped")),
        WriterState::OutcomeUnknown => reasons.push((Code::CommitOutcomeUnknown, "outcome_unknown")),
        WriterState::Closed => reasons.push((Code::LedgerUnavailable, "closed")),
    }
    if ledger.queue().is_err() {
        reasons.push((Code::LedgerUnavailable, "closed"));
    }
    let published = ledger.published().map_or(TreeSize::ZERO, |published| published.size);
    let size = ledger.size();
    let (unpublished_ms, unindexed_ms) = ledger.read(|rows| {
        let lag = |done: TreeSize| -> Result<i64, ReadError> {
            Ok(if done < size { now.ms_since(header(rows, done.next_index())?.recorded_at) } else { 0 })
        };
        Ok::<_, ReadError>((lag(published)?, lag(ledger.indexed())?))
    })?;
    if unpublished_ms > MAX_LAG_MS {
        reasons.push((Code::LedgerUnavailable, "checkpoint_behind"));
    }
    if unindexed_ms > MAX_LAG_MS {
        reasons.push((Code::IndexBehind, "index_behind"));
    }
    reasons.dedup_by_key(|(_, reason)| *reason);
    let data = json!({
        "status": "ready", "tree_size": size.get(), "published_tree_size": published.get(),
        "indexed_tree_size": ledger.indexed().get(),
    });
    let Some((code, _)) = reasons.first() else { return Ok(data) };
    let words: Vec<&str> = reasons.iter().map(|(_, reason)| *reason).collect();
    Err(Problem::new(*code, format!("not ready: {}", words.join(", "))).with_member("reasons", words.into()))
}

async fn read_metrics(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(meters::render(&ledger)))
}
