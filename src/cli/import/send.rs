//! Posts batches of events one after another and adds up what the ledger says of them.
//!
//! The next batch is made while one is under way; two are never under way at once, because a line may use a delegation of an earlier one.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;

use crate::cli::client::{Client, Posted};
use crate::cli::error::CliError;
use crate::cli::import::batch::{Batch, Counts, deliver_batches};
use crate::cli::output;
use crate::cli::problem::Problem;
use crate::tlog::hash::to_hex;
use crate::tlog::time::Timestamp;

/// Refused events that are printed in full; the others are counted.
pub const MAX_PRINTED_REFUSALS: usize = 20;
/// Batches made ahead of the one under way.
const BATCHES_AHEAD: usize = 2;

/// What came of an import.
#[derive(Debug, Default)]
pub struct Tally {
    /// What the ledger has answered for.
    pub counts: Counts,
    /// New in the ledger.
    pub accepted: u64,
    /// There already.
    pub replayed: u64,
    /// Not in the ledger.
    pub refused: u64,
    /// Which, and why.
    pub refusals: Refusals,
}

/// The first refused events in words.
#[derive(Debug, Default)]
pub struct Refusals {
    lines: Vec<String>,
    total: usize,
}

impl Refusals {
    fn add(&mut self, line: impl FnOnce() -> String) {
        self.total += 1;
        if self.lines.len() < MAX_PRINTED_REFUSALS {
            self.lines.push(line());
        }
    }

    /// Says them on standard error.
    pub fn print(&self) {
        self.lines.iter().for_each(output::note);
        if self.total > self.lines.len() {
            output::note(format_args!("… and {} more refused events", self.total - self.lines.len()));
        }
    }
}

impl Tally {
    /// The summary as one line of JSON.
    pub fn to_json(&self) -> String {
        let Counts { sessions, sub_delegations, actions } = self.counts;
        json!({
            "delegations": sessions, "sub_delegations": sub_delegations, "actions": actions,
            "accepted": self.accepted, "replayed": self.replayed, "refused": self.refused,
        })
        .to_string()
    }

    fn add(&mut self, batch: &Batch, answer: &BulkAnswer) -> Result<(), CliError> {
        let answered = answer.accepted + answer.replayed + answer.refused;
        let sent = batch.origins.len();
        let refused: Vec<_> = answer.results.iter().filter_map(|r| Some((r.line, r.problem.as_ref()?))).collect();
        if usize::try_from(answered) != Ok(sent) || usize::try_from(answer.refused) != Ok(refused.len()) {
            let (BulkAnswer { accepted, replayed, refused: said, .. }, listed) = (answer, refused.len());
            return Err(CliError::Answer(format!(
                "{sent} events were sent; it says {accepted} accepted, {replayed} replayed, {said} refused, and lists {listed} refusals"
            )));
        }
        for (line, problem) in refused {
            let origin = line.checked_sub(1).and_then(|i| batch.origins.get(i));
            let origin = origin.ok_or_else(|| CliError::Answer(format!("it refuses line {line} of {sent}")))?;
            self.refusals.add(|| format!("{}, line {}: event {} refused: {problem}", origin.path.display(), origin.line, origin.event_id));
        }
        self.counts = self.counts.plus(batch.counts);
        self.accepted += answer.accepted;
        self.replayed += answer.replayed;
        self.refused += answer.refused;
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { sessions, sub_delegations, actions } = self.counts;
        let Self { accepted, replayed, refused, .. } = self;
        write!(
            f,
            "{sessions} root delegations, {sub_delegations} sub-delegations, {actions} actions: {accepted} accepted, {replayed} replayed, {refused} refused"
        )
    }
}

#[derive(Deserialize)]
struct BulkAnswer {
    accepted: u64,
    replayed: u64,
    refused: u64,
    results: Vec<LineResult>,
}

#[derive(Deserialize)]
struct LineResult {
    /// From 1.
    line: usize,
    problem: Option<Problem>,
}

/// Sends all events of the files; the tally says what is in the ledger also when the end is an error.
pub fn send_files(client: &Client, files: &[PathBuf], base_time: Timestamp) -> (Tally, Result<(), CliError>) {
    let mut tally = Tally::default();
    let end = send_all(client, files, base_time, &mut tally);
    (tally, end)
}

fn send_all(client: &Client, files: &[PathBuf], base_time: Timestamp, tally: &mut Tally) -> Result<(), CliError> {
    let run = run_name()?;
    let bar = progress_bar(files)?;
    let (sender, receiver) = sync_channel(BATCHES_AHEAD);
    let end = std::thread::scope(|scope| {
        let bar = &bar;
        let reader = scope.spawn(move || deliver_batches(files, base_time, bar, |batch| sender.send(batch).is_ok()));
        let sent = receiver.iter().enumerate().try_for_each(|(n, batch)| {
            send(client, &batch, &format!("{run}-{n}"), tally)?;
            bar.set_message(format!("{} accepted, {} replayed, {} refused", tally.accepted, tally.replayed, tally.refused));
            Ok(())
        });
        // Ends the reader if it is not at its end: nobody takes its batches any more.
        drop(receiver);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sent.and(read)
    });
    bar.finish_and_clear();
    end
}

/// A key is good for one batch of one run: a repeated import asks the ledger anew instead of being told the first run's answer.
fn run_name() -> Result<String, CliError> {
    let mut chance = [0u8; 16];
    getrandom::fill(&mut chance).map_err(CliError::Chance)?;
    Ok(format!("import-{}", to_hex(&chance)))
}

fn send(client: &Client, batch: &Batch, key: &str, tally: &mut Tally) -> Result<(), CliError> {
    let body = Posted { media_type: "application/x-ndjson", is_gzip: true, bytes: &batch.body };
    let answer = client.post("/v1/events", body, key)?;
    let answer = serde_json::from_value(answer.data).map_err(|e| CliError::Answer(format!("of POST /v1/events: {e}")))?;
    tally.add(batch, &answer)
}

/// A bar over the bytes of the files, on standard error; it stays away where that is no terminal.
fn progress_bar(files: &[PathBuf]) -> Result<ProgressBar, CliError> {
    let mut bytes = 0;
    for path in files {
        bytes += std::fs::metadata(path).map_err(|source| CliError::File { path: path.clone(), source })?.len();
    }
    let bar = ProgressBar::new(bytes);
    let style =
        ProgressStyle::with_template("{bar:30} {percent:>3} %  {elapsed} of about {duration}  {msg}").expect("the template is well formed");
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(250));
    Ok(bar)
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
