//! `GET /problems/{code}`: what the `type` of a problem points at, for programs.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::reading::{not_found, read_row};
use crate::http::codes::Code;
use crate::http::envelope;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, Registered};

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let mut row = read_row("/problems/{code}", "readProblem", || web::to(read_problem));
    row.route.access = Access::Open;
    row.route.cost = Cost::Free;
    row.route.problems = &[Code::NotFound, Code::UnknownParameter];
    vec![row]
}

async fn read_problem(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let row = Code::parse(&path).ok_or_else(|| not_found("problem"))?.row();
    let actions: Vec<&str> = row.recovery_actions.iter().map(|action| action.as_str()).collect();
    let data = json!({
        "code": row.code,
        "status": row.status,
        "title": row.title,
        "retryable": row.retry_after_seconds.is_some(),
        "retry_after_seconds": row.retry_after_seconds,
        "suggestion": row.suggestion,
        "recovery_actions": actions,
    });
    Ok(envelope::ok(&request, &data))
}
