//! `onus doctor`: how a ledger's directory does, in sentences. It asks the server and prints; what is looked at stands in
//! `service::doctor`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::service::clock::{Clock, SystemClock};
use crate::service::doctor::{Examination, Remark, ServerSaid, State};
use crate::tlog::time::Timestamp;

/// Longest any answer of the server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// Say how a ledger's directory does: disk, clock, files, keys, index, checkpoint, high-water mark. Works beside the running server.
///
/// It reads and changes nothing. Whether the evidence is true is another question: `onus verify`.
///
/// Exit code 0: all is well; 1: something must be done, and each such line is followed by what.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// Where the high-water mark lies [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// Where the server is reached: it is asked whether it is ready, and for its clock.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let clock = SystemClock::default();
    let server = args.server.as_deref().map_or(ServerSaid::NotAsked, |url| ask(url.trim_end_matches('/'), &clock));
    let remarks = Examination { folder, mark_file, server, now: clock.now() }.run()?;
    let is_well = remarks.iter().all(|remark| remark.state < State::Act);
    if args.json {
        output::result(json!({ "is_well": is_well, "remarks": remarks.iter().map(to_json).collect::<Vec<_>>() }))?;
    } else {
        for line in remarks.iter().flat_map(lines) {
            output::result(line)?;
        }
        output::result(if is_well { "All is well." } else { "Something must be done: see the lines that begin with DO." })?;
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks what anybody may ask: whether it is ready, what time it has, and which ledger's checkpoint it shows.
fn ask(url: &str, clock: &dyn Clock) -> ServerSaid {
    let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    let agent: Agent = config.proxy(None).timeout_global(Some(PATIENCE)).build().into();
    let answer = match read(&agent, &format!("{url}/readyz")) {
        Ok(answer) => answer,
        Err(e) => return ServerSaid::Unreachable { url: url.to_owned(), reason: e.to_string() },
    };
    let now = clock.now();
    let (status, text) = answer;
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    // A problem has no time of its own: the answer of /healthz has.
    let shown = || read(&agent, &format!("{url}/healthz")).ok().and_then(|(_, text)| serde_json::from_str::<Value>(&text).ok());
    let time = json["timestamp"].as_str().map(str::to_owned).or_else(|| shown()?["timestamp"].as_str().map(str::to_owned));
    let checkpoint = read(&agent, &format!("{url}/log/checkpoint")).ok().filter(|(status, _)| *status == 200);
    let not_ready =
        (status != 200).then(|| json["detail"].as_str().map_or_else(|| format!("not ready: it answered {status}"), str::to_owned));
    ServerSaid::Answered {
        url: url.to_owned(),
        not_ready,
        origin: checkpoint.and_then(|(_, note)| Some(note.lines().next()?.to_owned())),
        ahead_ms: time.and_then(|text| Timestamp::parse_rfc3339(&text)).map(|shown| shown.ms_since(now)),
    }
}

fn read(agent: &Agent, url: &str) -> Result<(u16, String), ureq::Error> {
    let mut answer = agent.get(url).call()?;
    let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string()?;
    Ok((answer.status().as_u16(), text))
}

fn lines(remark: &Remark) -> Vec<String> {
    let word = match remark.state {
        State::Well => "ok",
        State::Note => "note",
        State::Act => "DO",
    };
    let mut lines = vec![format!("{word:<5} {:<16} {}", remark.about.as_str(), remark.says)];
    lines.extend(remark.remedy.iter().map(|remedy| format!("{:<22} → {remedy}", "")));
    lines
}

fn to_json(remark: &Remark) -> Value {
    json!({ "about": remark.about.as_str(), "state": remark.state.as_str(), "says": remark.says, "remedy": remark.remedy })
}
