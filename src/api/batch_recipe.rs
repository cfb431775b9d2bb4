//! How the answer to a batch is made again: what the ledger does not hold (refused lines, the request's id and time) is kept, the
//! rest is read from the entries.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::api::events::{BatchAnswer, LineAnswer};
use crate::api::place::EntryPlace;
use crate::http::codes::Code;
use crate::http::envelope::{NO_META, to_bytes};
use crate::http::idempotent::MadeFrom;
use crate::http::problem::Problem;
use crate::service::ledger::Ledger;
use crate::service::opened::open_entry;
use crate::tlog::time::Timestamp;

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Recipe {
    pub(super) request_id: String,
    /// In microseconds since 1970.
    pub(super) answered_at: i64,
    pub(super) lines: Vec<Line>,
}

/// What is kept of a line.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    line: usize,
    status: u16,
    /// Only of a refused line: for the others the entry knows.
    event_id: Option<String>,
    problem: Option<Json>,
}

impl Line {
    pub(super) fn of(answer: &LineAnswer) -> Self {
        let event_id = answer.entry.is_none().then(|| answer.event_id.clone()).flatten();
        Self { line: answer.line, status: answer.status, event_id, problem: answer.problem.clone() }
    }
}

impl Recipe {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain members")
    }

    /// The body, byte for byte.
    pub(super) fn remake(ledger: &Ledger, made: &MadeFrom) -> Result<Vec<u8>, Problem> {
        let recipe: Self = serde_json::from_slice(&made.recipe).map_err(|e| Problem::failed(Code::Internal, &e))?;
        let answered_at = Timestamp::from_micros(recipe.answered_at).ok_or_else(|| Problem::of(Code::Internal))?;
        let mut indexes = made.indexes.iter();
        let results = ledger.read(|rows| {
            let lines = recipe.lines.into_iter().map(|line| {
                if line.problem.is_some() {
                    let Line { line, status, event_id, problem } = line;
                    return Ok(LineAnswer { line, status, event_id, entry: None, findings: None, problem });
                }
                let index = *indexes.next().ok_or_else(|| Problem::of(Code::Internal))?;
                let entry = open_entry(rows, index)?.ok_or_else(|| Problem::of(Code::Internal))?;
                Ok(LineAnswer {
                    line: line.line,
                    status: line.status,
                    event_id: entry.text("/event_id").map(str::to_owned),
                    entry: Some(EntryPlace::of(&entry)),
                    findings: Some(entry.first_findings().iter().map(|c| c.as_str()).collect()),
                    problem: None,
                })
            });
            lines.collect::<Result<Vec<_>, Problem>>()
        })?;
        Ok(to_bytes(&BatchAnswer::of(results), NO_META, &recipe.request_id, answered_at))
    }
}
