//! Refusals and failures as RFC 9457 problem details. A [`Problem`] can only be made from a [`Code`]; it becomes bytes in one
//! place, [`Problem::to_json`].

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::codes::Code;

/// Longest `detail`, in characters: it may quote what came, not repeat it.
const MAX_DETAIL_CHARACTERS: usize = 2000;

/// One thing wrong with a request's members or parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// JSON Pointer into the body, or `?name` for a parameter of the query.
    pub path: String,
    /// What is wrong, lower snake case.
    pub code: &'static str,
    /// What came and what was expected.
    pub message: String,
    /// The words that are allowed here, if they can be listed.
    pub allowed_values: Vec<&'static str>,
    /// The bounds of what is allowed here, if there are any: `1..500`.
    pub allowed_range: Option<String>,
}

impl FieldProblem {
    /// A problem that needs no list of what is allowed.
    pub fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into(), allowed_values: Vec::new(), allowed_range: None }
    }

    /// The same, with the words that are allowed.
    #[must_use]
    pub fn allowing(mut self, words: &[&'static str]) -> Self {
        self.allowed_values = words.to_vec();
        self
    }

    /// The same, with the bounds of what is allowed.
    #[must_use]
    pub fn within(mut self, range: impl Into<String>) -> Self {
        self.allowed_range = Some(range.into());
        self
    }
}

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: String,
    errors: Vec<FieldProblem>,
    retry_after_seconds: Option<u32>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of that code; `detail` says what was expected, what came, what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = shortened(detail.into());
        let retry_after_seconds = code.row().retry_after_seconds;
        Self(Box::new(Parts { code, detail, errors: Vec::new(), retry_after_seconds, members: Map::new(), headers: Vec::new() }))
    }

    /// A problem that needs no more words than its title's.
    pub fn of(code: Code) -> Self {
        Self::new(code, format!("{}.", code.row().title))
    }

    /// A failure of ours: logged here with its whole chain, answered blandly.
    pub fn failed(code: Code, error: &dyn Error) -> Self {
        let mut chain = error.to_string();
        let mut below = error.source();
        while let Some(cause) = below {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            below = cause.source();
        }
        tracing::error!(code = code.as_str(), error = chain, "a request failed");
        Self::of(code)
    }

    /// The same, with what is wrong member by member.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// The same, with a better estimate of when to come back. Only for codes that are retryable.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = self.0.retry_after_seconds.map(|_| seconds);
        self
    }

    /// The same, with a member of its own (`confirmation`, `results`). Members of every problem cannot be replaced.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.0.members.insert(name.to_owned(), value);
        self
    }

    /// The same, with a header (`Allow`).
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Which.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What is wrong, member by member.
    pub fn errors(&self) -> &[FieldProblem] {
        &self.0.errors
    }

    /// When the identical request may succeed.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds
    }

    /// Headers that go with it.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The members of `application/problem+json`. `base` is the public address without a slash at its end, or empty.
    pub fn to_json(&self, base: &str, request_id: &str) -> Map<String, Value> {
        let row = self.0.code.row();
        let mut members = self.0.members.clone();
        let is_retryable = self.0.retry_after_seconds.is_some();
        let actions: Vec<&str> = row.recovery_actions.iter().map(|a| a.as_str()).collect();
        let own = [
            ("type", Value::from(format!("{base}/problems/{}", row.code))),
            ("title", Value::from(row.title)),
            ("status", Value::from(row.status)),
            ("detail", Value::from(self.0.detail.as_str())),
            ("code", Value::from(row.code)),
            ("retryable", Value::from(is_retryable)),
            ("retry", Value::from(is_retryable)),
            ("retry_after_seconds", Value::from(self.0.retry_after_seconds)),
            ("suggestion", Value::from(row.suggestion)),
            ("recovery_actions", Value::from(actions)),
            ("errors", serde_json::to_value(&self.0.errors).expect("strings only")),
            ("request_id", Value::from(request_id)),
            ("documentation", Value::from(format!("{base}/openapi.json#/components/responses/{}", row.code))),
        ];
        members.extend(own.map(|(name, value)| (name.to_owned(), value)));
        members
    }
}

fn shortened(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MAX_DETAIL_CHARACTERS) {
        text.truncate(at);
        text.push('…');
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

/// The body is written by `edge`, which knows the request's id and what its sender accepts.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).expect("the table holds valid statuses")
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_the_contract_shows_it() {
        let errors = vec![FieldProblem::new("/actor/agent_id", "required", "a report of class agent names its agent")];
        let problem = Problem::new(Code::ValidationFailed, "1 member is wrong").with_errors(errors);
        let json = Value::Object(problem.to_json("https://ledger.example", "req_1"));
        let expected = serde_json::json!({
            "type": "https://ledger.example/problems/validation_failed", "title": "Members of the request are missing or wrong",
            "status": 422, "detail": "1 member is wrong", "code": "validation_failed", "retryable": false, "retry": false,
            "retry_after_seconds": null, "suggestion": "Correct every member listed in errors and send the request again.",
            "recovery_actions": ["fix_request"],
            "errors": [{
                "path": "/actor/agent_id", "code": "required", "message": "a report of class agent names its agent",
                "allowed_values": [], "allowed_range": null
            }],
            "request_id": "req_1", "documentation": "https://ledger.example/openapi.json#/components/responses/validation_failed"
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn only_what_is_retryable_takes_a_time_and_its_own_members_cannot_be_replaced() {
        assert_eq!(Problem::of(Code::LedgerBusy).retry_after(7).retry_after_seconds(), Some(7));
        assert_eq!(Problem::of(Code::NotFound).retry_after(7).retry_after_seconds(), None);
        let json = Problem::of(Code::NotFound).with_member("status", Value::from(200)).with_member("line", Value::from(3)).to_json("", "r");
        assert_eq!((&json["status"], &json["line"]), (&Value::from(404), &Value::from(3)));
        assert!(Problem::new(Code::NotFound, "ž".repeat(5000)).detail().chars().count() <= MAX_DETAIL_CHARACTERS + 1);
    }
}
