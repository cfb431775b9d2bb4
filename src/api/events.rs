//! `POST /v1/events`: many events at once. Good lines land though others are refused, unless the batch is atomic; each line has its
//! own answer, in order.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::batch_recipe::Recipe;
use crate::api::place::EntryPlace;
use crate::domain::credential::{Caller, Permission};
use crate::domain::delegation::CallerClass;
use crate::domain::event::{EventKind, MAX_EVENT_BYTES};
use crate::domain::ids::AgentId;
use crate::domain::parse::EventRefusal;
use crate::http::authentication::{Authenticated, agent_id_claim};
use crate::http::body::{BodyLimit, read};
use crate::http::codes::Code;
use crate::http::edge::{RequestContext, Surroundings};
use crate::http::envelope::{NO_META, to_bytes};
use crate::http::idempotent::{MadeFrom, Reply, once};
use crate::http::media::MediaType;
use crate::http::problem::{FieldProblem, Problem};
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::service::intake::{Intake, IntakeRefusal, Submitter};
use crate::service::ledger::Ledger;
use crate::service::pending::PendingEntry;
use crate::tlog::json::Value;

/// Most events of one request.
pub const MAX_BATCH_EVENTS: usize = 10_000;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered {
        route: Route {
            method: Method::POST,
            path: "/v1/events",
            operation_id: "recordEvents",
            access: Access::Callers { classes: &[CallerClass::Agent, CallerClass::Service], permission: Some(Permission::EventsWrite) },
            cost: Cost::Batch,
            accepts: &[MediaType::Ndjson, MediaType::Json],
            key_rule: KeyRule::Required,
            problems: &[
                Code::ValidationFailed,
                Code::InvalidParameter,
                Code::UnknownParameter,
                Code::BatchTooLarge,
                Code::BatchRefused,
                Code::LedgerBusy,
                Code::CommitOutcomeUnknown,
                Code::ClockJump,
                Code::LedgerReadOnly,
            ],
        },
        handler: || web::to(record_events),
    }]
}

/// `data` of the answer.
#[derive(Serialize)]
pub(super) struct BatchAnswer {
    pub(super) accepted: usize,
    pub(super) replayed: usize,
    pub(super) refused: usize,
    pub(super) results: Vec<LineAnswer>,
}

/// What became of one line.
#[derive(Serialize)]
pub(super) struct LineAnswer {
    pub(super) line: usize,
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<EntryPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) findings: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<Json>,
}

impl BatchAnswer {
    /// Counts and lists.
    pub(super) fn of(results: Vec<LineAnswer>) -> Self {
        let count = |status: u16| results.iter().filter(|r| r.status == status).count();
        let (accepted, replayed) = (count(201), count(200));
        Self { accepted, replayed, refused: results.len() - accepted - replayed, results }
    }
}

/// What prepares the lines of one request.
struct Batch {
    ledger: web::Data<Ledger>,
    caller: Arc<Caller>,
    request_id: String,
    claim: Option<AgentId>,
    base_url: String,
    is_atomic: bool,
    context: RequestContext,
}

/// A line that was read: on its way, or refused.
struct PreparedLine {
    line: usize,
    event_id: Option<String>,
    outcome: Result<Box<PendingEntry>, Problem>,
}

async fn record_events(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let is_atomic = Query::parse(request.query_string(), &["atomic"])?.flag("atomic")?;
    let body = web::Bytes::from(read(request.headers(), payload.into_inner(), BodyLimit::Batch).await?);
    let context = RequestContext::of(&request);
    let batch = Batch {
        ledger: ledger.clone(),
        caller: caller.shared(),
        request_id: context.request_id.to_string(),
        claim: agent_id_claim(request.headers()),
        base_url: Surroundings::of(&request).base_url.clone(),
        is_atomic,
        context,
    };
    let kind = MediaType::of(request.headers());
    let (batch, bytes) = (Arc::new(batch), body.clone());
    let worker = Arc::clone(&batch);
    let prepare = move || worker.prepare(&bytes, kind);
    let work = move |lines| async move { batch.record(lines).await };
    let remake = move |made: MadeFrom| Recipe::remake(&ledger, &made);
    once(&request, &caller, &body, prepare, work, remake).await
}

impl Batch {
    async fn record(&self, lines: Vec<PreparedLine>) -> Result<Reply, Problem> {
        let is_refused = lines.iter().any(|l| l.outcome.is_err());
        if self.is_atomic && is_refused {
            return Err(refused_whole(lines.into_iter().map(|l| self.refused_line(l.line, l.event_id, l.outcome.err())).collect()));
        }
        self.append(lines).await
    }

    fn prepare(&self, body: &[u8], kind: Option<MediaType>) -> Result<Vec<PreparedLine>, Problem> {
        let submitter = Submitter { caller: &self.caller, request_id: &self.request_id, agent_id_claim: self.claim.as_ref() };
        let intake = Intake::new(&self.ledger, submitter);
        let events = if kind == Some(MediaType::Json) { in_object(body)? } else { in_lines(body)? };
        Ok(events.into_iter().map(|(line, event)| prepared(&intake, &self.caller, line, event)).collect())
    }

    async fn append(&self, lines: Vec<PreparedLine>) -> Result<Reply, Problem> {
        let mut results = Vec::with_capacity(lines.len());
        let mut waiting = Vec::new();
        let mut pending = Vec::new();
        for line in lines {
            match line.outcome {
                Ok(entry) => {
                    waiting.push((line.line, line.event_id));
                    pending.push(*entry);
                }
                Err(problem) => results.push((self.refused_line(line.line, line.event_id, Some(problem)), None)),
            }
        }
        let answers = if pending.is_empty() { Vec::new() } else { self.ledger.queue()?.append(pending, self.is_atomic).await? };
        let is_undone = self.is_atomic && answers.iter().any(|answered| answered.outcome.is_err());
        for ((line, event_id), answer) in waiting.into_iter().zip(answers) {
            results.push(match answer.outcome {
                Ok(appended) => {
                    let answer = LineAnswer {
                        line,
                        status: if appended.is_replay { 200 } else { 201 },
                        event_id,
                        entry: Some(EntryPlace::appended(&appended)),
                        findings: Some(appended.findings.iter().map(|c| c.as_str()).collect()),
                        problem: None,
                    };
                    (answer, Some(appended.index))
                }
                Err(refusal) => (self.refused_line(line, event_id, Some(refusal.into())), None),
            });
        }
        if is_undone {
            let lines = results.into_iter().map(|(mut line, index)| {
                if index.is_some() {
                    line = self.refused_line(line.line, line.event_id, None);
                }
                line
            });
            return Err(refused_whole(lines.collect()));
        }
        results.sort_by_key(|(line, _)| line.line);
        Ok(self.reply(results))
    }

    fn reply(&self, results: Vec<(LineAnswer, Option<crate::tlog::position::LeafIndex>)>) -> Reply {
        let (lines, indexes): (Vec<LineAnswer>, Vec<_>) = results.into_iter().unzip();
        let recipe = Recipe::of(&self.request_id, self.context.received_at, &lines);
        let made_from = MadeFrom { indexes: indexes.into_iter().flatten().collect(), recipe: recipe.to_bytes() };
        let body = to_bytes(&BatchAnswer::of(lines), NO_META, &self.request_id, self.context.received_at);
        Reply::from_entries(StatusCode::OK, body, made_from)
    }

    fn refused_line(&self, line: usize, event_id: Option<String>, problem: Option<Problem>) -> LineAnswer {
        // In an atomic batch a good line is undone because of another.
        let problem = problem.unwrap_or_else(|| Problem::new(Code::BatchRefused, "this line is good, another was refused"));
        let status = problem.code().status();
        let problem = Some(Json::Object(problem.to_json(&self.base_url, &self.request_id)));
        LineAnswer { line, status, event_id, entry: None, findings: None, problem }
    }
}

/// One bad line, and nothing lands.
fn refused_whole(results: Vec<LineAnswer>) -> Problem {
    let bad = results.iter().filter(|r| r.problem.as_ref().is_some_and(|p| p["code"] != Code::BatchRefused.as_str())).count();
    let results = serde_json::to_value(results).expect("plain members");
    Problem::new(Code::BatchRefused, format!("{bad} lines were refused, so nothing was recorded")).with_member("results", results)
}

fn prepared(intake: &Intake<'_>, caller: &Caller, line: usize, event: Result<Value, Problem>) -> PreparedLine {
    let event = match event {
        Ok(event) => event,
        Err(problem) => return PreparedLine { line, event_id: None, outcome: Err(problem) },
    };
    let event_id = event.member("event_id").and_then(Value::as_str).map(str::to_owned);
    let outcome = intake.line(event).map_err(Problem::from).and_then(|pending| may_write(caller, pending));
    PreparedLine { line, event_id, outcome: outcome.map(Box::new) }
}

/// The door has asked for `events:write`; delegations in a batch need the permission that their own address asks for.
fn may_write(caller: &Caller, pending: PendingEntry) -> Result<PendingEntry, Problem> {
    let is_action = matches!(pending.kind(), EventKind::ActionRecorded(_));
    if is_action || caller.permissions.contains(Permission::DelegationsWrite) {
        return Ok(pending);
    }
    Err(Problem::new(Code::PermissionMissing, format!("this needs {}", Permission::DelegationsWrite.as_str())))
}

type NumberedEvent = (usize, Result<Value, Problem>);

/// One event a line; empty lines are passed over, and counted.
fn in_lines(body: &[u8]) -> Result<Vec<NumberedEvent>, Problem> {
    let lines = body.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    let lines: Vec<_> = lines.take(MAX_BATCH_EVENTS + 1).collect();
    check_count(lines.len())?;
    Ok(lines.into_iter().map(|(i, line)| (i + 1, read_line(line))).collect())
}

fn read_line(line: &[u8]) -> Result<Value, Problem> {
    if line.len() > MAX_EVENT_BYTES {
        return Err(IntakeRefusal::Event(EventRefusal::TooLarge { bytes: line.len() }).into());
    }
    Ok(Value::parse(line)?)
}

/// `{"events": […]}`; the line is the place in the list, from 1.
fn in_object(body: &[u8]) -> Result<Vec<NumberedEvent>, Problem> {
    let expected = || {
        Problem::new(Code::ValidationFailed, "expected {\"events\": [...]}, or one event a line as application/x-ndjson")
            .with_errors(vec![FieldProblem::new("/events", "required", "expected a list of events")])
    };
    let Value::Object(members) = Value::parse(body)? else { return Err(expected()) };
    match <[(String, Value); 1]>::try_from(members) {
        Ok([(name, Value::Array(events))]) if name == "events" => {
            check_count(events.len())?;
            let may_be_large = body.len() > MAX_EVENT_BYTES;
            let checked = |event| if may_be_large { check_size(event) } else { Ok(event) };
            Ok(events.into_iter().enumerate().map(|(i, event)| (i + 1, checked(event))).collect())
        }
        _ => Err(expected()),
    }
}

/// What a line of NDJSON would have to keep to.
fn check_size(event: Value) -> Result<Value, Problem> {
    let bytes = event.to_canonical().len();
    if bytes > MAX_EVENT_BYTES { Err(IntakeRefusal::Event(EventRefusal::TooLarge { bytes }).into()) } else { Ok(event) }
}

fn check_count(count: usize) -> Result<(), Problem> {
    match count {
        0 => Err(Problem::new(Code::ValidationFailed, "the batch holds no event")),
        1..=MAX_BATCH_EVENTS => Ok(()),
        _ => Err(Problem::new(Code::BatchTooLarge, format!("the batch has more than {MAX_BATCH_EVENTS} events; nothing was recorded"))),
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
