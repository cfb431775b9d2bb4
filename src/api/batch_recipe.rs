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

/// What is kept of an answer: small, however many lines are good.
#[derive(Serialize, Deserialize)]
pub(super) struct Recipe {
    request_id: String,
    /// In microseconds since 1970.
    answered_at: i64,
    /// Good lines that follow each other with one status: first line, how many, status.
    good: Vec<(usize, usize, u16)>,
    refused: Vec<RefusedLine>,
}

#[derive(Serialize, Deserialize)]
struct RefusedLine {
    line: usize,
    status: u16,
    event_id: Option<String>,
    problem: Json,
}

impl Recipe {
    /// Of an answer; its lines ascend.
    pub(super) fn of(request_id: &str, answered_at: Timestamp, lines: &[LineAnswer]) -> Self {
        let mut recipe =
            Self { request_id: request_id.to_owned(), answered_at: answered_at.micros(), good: Vec::new(), refused: Vec::new() };
        for answer in lines {
            let LineAnswer { line, status, .. } = *answer;
            if let Some(problem) = &answer.problem {
                recipe.refused.push(RefusedLine { line, status, event_id: answer.event_id.clone(), problem: problem.clone() });
                continue;
            }
            match recipe.good.last_mut() {
                Some((first, count, same)) if *same == status && *first + *count == line => *count += 1,
                _ => recipe.good.push((line, 1, status)),
            }
        }
        recipe
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain members")
    }

    /// The body, byte for byte.
    pub(super) fn remake(ledger: &Ledger, made: &MadeFrom) -> Result<Vec<u8>, Problem> {
        let recipe: Self = serde_json::from_slice(&made.recipe).map_err(|e| Problem::failed(Code::Internal, &e))?;
        let answered_at = Timestamp::from_micros(recipe.answered_at).ok_or_else(|| Problem::of(Code::Internal))?;
        let refused = recipe.refused.into_iter().map(|refused| {
            let RefusedLine { line, status, event_id, problem } = refused;
            LineAnswer { line, status, event_id, entry: None, findings: None, problem: Some(problem) }
        });
        let mut results: Vec<LineAnswer> = refused.collect();
        let good =
            recipe.good.into_iter().flat_map(|(first, count, status)| (first..first.saturating_add(count)).map(move |line| (line, status)));
        ledger.read(|rows| {
            for ((line, status), index) in good.zip(&made.indexes) {
                let entry = open_entry(rows, *index)?.ok_or_else(|| Problem::of(Code::Internal))?;
                results.push(LineAnswer {
                    line,
                    status,
                    event_id: entry.text("/event_id").map(str::to_owned),
                    entry: Some(EntryPlace::of(&entry)),
                    findings: Some(entry.first_findings().iter().map(|c| c.as_str()).collect()),
                    problem: None,
                });
            }
            Ok::<_, Problem>(())
        })?;
        results.sort_by_key(|r| r.line);
        Ok(to_bytes(&BatchAnswer::of(results), NO_META, &recipe.request_id, answered_at))
    }
}
