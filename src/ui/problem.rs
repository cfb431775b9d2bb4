//! What a problem's code means and what to do about it: the page, and the same as JSON, at the address that each problem names
//! as its `type`. Open to all: who is not signed in meets problems, too.

use actix_web::http::StatusCode;
use actix_web::http::header::VARY;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

use crate::http::codes::{Code, CodeRow};
use crate::http::envelope;
use crate::http::media::prefers_html;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Registered, Route};
use crate::ui::frame::Frame;
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page};

/// The page of a problem's code.
#[derive(Clone, Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    /// Around it.
    pub frame: Frame,
    /// What the table says of the code.
    pub row: CodeRow,
}

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    let route = Route { access: Access::Open, ..page_route("/problems/{code}", "showProblem") };
    vec![Registered { route, handler: || web::to(show_problem) }]
}

async fn show_problem(request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let code = Code::parse(&code).ok_or_else(|| Problem::new(Code::NotFound, "this ledger knows no problem of that code"))?;
    let row = code.row();
    let mut answer = if prefers_html(request.headers()) {
        page(StatusCode::OK, &ProblemPage { frame: frame(&request, format!("{} – Problems", row.code), None), row })
    } else {
        let actions: Vec<&str> = row.recovery_actions.iter().map(|action| action.as_str()).collect();
        let data = json!({
            "code": row.code, "status": row.status, "title": row.title, "retryable": row.retry_after_seconds.is_some(),
            "retry_after_seconds": row.retry_after_seconds, "suggestion": row.suggestion, "recovery_actions": actions,
        });
        envelope::ok(&request, &data)
    };
    answer.headers_mut().insert(VARY, "Accept".parse().expect("a header's name"));
    Ok(answer)
}
