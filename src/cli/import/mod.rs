//! `onus import`: recorded agent sessions become events of the ledger.
//!
//! The conversion is pure and always the same, so importing a file again adds nothing. Everything in a recording is data: nothing
//! here follows what a text says.

pub mod envelope;
pub mod recording;
pub mod conversation;
pub mod agentdojo;
pub mod tau;
pub mod who_and_when;
pub mod limits;
pub mod write;
pub mod batch;
pub mod send;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use crate::cli::client::{BearerToken, Client};
use crate::cli::error::CliError;
use crate::cli::import::envelope::Envelope;
use crate::cli::import::write::Place;
use crate::cli::output;
use crate::tlog::time::Timestamp;

/// Time between the beginnings of two sessions of one file.
const SESSION_MS: i64 = 1000;

/// Import recorded agent sessions: per session one delegation, per tool call one action.
///
/// Importing the same file again with the same --base-time adds nothing: what is there is counted as replayed.
/// Exit code 0: everything is in the ledger; 1: some of it is not, and standard error says what and why.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Where the ledger listens: https://HOST, or http://127.0.0.1:PORT on this machine.
    #[arg(long, value_name = "URL", env = "ONUS_SERVER")]
    pub server: String,
    /// Credential of class service with events:write, reports_for the agents and grants_for the humans of the recordings.
    #[arg(long, value_name = "TOKEN", env = "ONUS_TOKEN", hide_env_values = true)]
    pub token: BearerToken,
    /// What the files hold.
    #[arg(long, value_enum, default_value_t = Format::Messages)]
    pub format: Format,
    /// When the first session of each file is said to have begun, where no time was recorded: one second a session, one millisecond a step.
    #[arg(long, value_name = "RFC3339", default_value = "2026-01-01T00:00:00Z", value_parser = parse_time)]
    pub base_time: Timestamp,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
    /// Files of envelopes, one a line; plain or gzip.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// What files of recordings hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Chats with tool calls: AgentDojo, tau-bench, Who&When, each line {"source", "source_path", "record"}.
    Messages,
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| "a time with its zone is expected, as 2026-01-01T00:00:00Z".to_owned())
}

/// The events of the `number`th session (from 0) of a file, in order; what stands in the way in words.
pub fn events_of(envelope: &Envelope, number: u32, base_time: Timestamp) -> Result<Vec<Value>, String> {
    let recording = match envelope.source.as_str() {
        "agentdojo" => agentdojo::recording_of(&envelope.record),
        "tau-bench" => tau::recording_of(&envelope.record),
        "who_and_when" => who_and_when::recording_of(&envelope.record),
        other => Err(format!("the source {other:?} is not one of the format messages: agentdojo, tau-bench, who_and_when")),
    }?;
    let too_late = || "its time would have a year of more than four digits: choose an earlier --base-time".to_owned();
    let begins = base_time.plus_ms(i64::from(number) * SESSION_MS).ok_or_else(too_late)?;
    let place = Place { source: &envelope.source, source_path: &envelope.source_path, begins };
    write::events_of(&recording, place).ok_or_else(too_late)
}

/// Runs the command.
pub fn run(args: &ImportArgs) -> Result<ExitCode, CliError> {
    let Format::Messages = args.format;
    let client = Client::new(&args.server, &args.token)?;
    let (tally, end) = send::send_files(&client, &args.files, args.base_time);
    tally.refusals.print();
    match end {
        Ok(()) => output::result(if args.json { tally.to_json() } else { tally.to_string() })?,
        Err(error) => {
            output::note(format_args!("stopped: {tally}"));
            return Err(error);
        }
    }
    Ok(if tally.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
