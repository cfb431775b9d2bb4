//! `onus verify`: says of every check how much it looked at and what came of it. It prints; what is checked stands in
//! `service::verifier`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::service::clock::{Clock as _, SystemClock};
use crate::service::verifier::report::{Check, Outcome, Place, Report, Verdict};
use crate::service::verifier::{GivenCheckpoint, Verification};
use crate::tlog::vkey::Vkey;

/// Nothing was found false, but not everything was checked.
const NOT_EVERYTHING: u8 = 2;

/// Verify a ledger in its directory, beside whoever serves it: entries, links, payloads, documents, tiles, checkpoints.
///
/// It writes nothing and takes no lock. Its word is worth as much as what it is given from outside: the key (--vkey), and checkpoints
/// that somebody else has kept (--checkpoint).
///
/// Exit code 0: everything was checked and is right; 1: something is false; 2: nothing is false, but not everything was checked.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// The ledger's verifier key, as `onus init` printed it. Without it the key in the directory has to be believed.
    #[arg(long, value_name = "VKEY", value_parser = parse_vkey)]
    pub vkey: Option<Vkey>,
    /// A checkpoint kept elsewhere, which the ledger must extend; may be given several times.
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,
    /// Derive everything again as well: findings, derived tables, deduplication keys, the search index.
    #[arg(long)]
    pub deep: bool,
    /// Where the high-water mark lies [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A verifier key, or what is wrong with it.
pub fn parse_vkey(text: &str) -> Result<Vkey, String> {
    Vkey::parse(text).map_err(|e| e.to_string())
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let mut checkpoints = Vec::with_capacity(args.checkpoints.len());
    for path in &args.checkpoints {
        match std::fs::read(path) {
            Ok(note) => checkpoints.push(GivenCheckpoint { name: path.display().to_string(), note }),
            Err(e) => {
                // Not the exit code of a false ledger: nothing has been looked at.
                output::note(format_args!("onus: the checkpoint {} cannot be read: {e}; nothing was verified", path.display()));
                return Ok(ExitCode::from(NOT_EVERYTHING));
            }
        }
    }
    let now = SystemClock::default().now();
    let verification = Verification { folder, mark_file, vkey: args.vkey.clone(), checkpoints, is_deep: args.deep, now };
    let report = verification.run();
    if args.json {
        output::result(to_json(&report))?;
    } else {
        for line in lines(&report) {
            output::result(line)?;
        }
    }
    Ok(exit_code(report.verdict()))
}

/// 0, 1 or 2.
pub fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Passed => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::FAILURE,
        Verdict::Partly | Verdict::Nothing => ExitCode::from(NOT_EVERYTHING),
    }
}

/// The report for people.
pub fn lines(report: &Report) -> Vec<String> {
    if report.verdict() == Verdict::Nothing {
        return vec!["Nothing to verify: there is no ledger here, or no entry in it.".to_owned()];
    }
    let mut lines = vec![format!("ledger   {}, {} entries", report.origin, report.size)];
    lines.extend(report.vkey.iter().map(|vkey| format!("key      {vkey}")));
    for check in &report.checks {
        lines.extend(check_lines(check));
    }
    for equivocation in &report.equivocations {
        lines.push(String::new());
        lines.push("EVIDENCE: one key has signed two histories. Both notes together prove it to anybody who has the entries.".to_owned());
        lines.push(format!("--- given from outside\n{}--- stored in the ledger\n{}", equivocation.given, equivocation.stored));
    }
    lines.push(String::new());
    lines.push(verdict_line(report));
    lines.extend(report.limits.iter().cloned());
    lines
}

fn check_lines(check: &Check) -> Vec<String> {
    let word = match check.outcome {
        Outcome::Passed => "PASSED",
        Outcome::Failed(_) => "FAILED",
        Outcome::Partly(_) => "PARTLY",
        Outcome::NotRun(_) => "NOT RUN",
    };
    let mut lines = vec![format!("{word:<8} {:<20} {} of {}: {}", check.name.as_str(), check.covered, check.of, check.name.asks())];
    match &check.outcome {
        Outcome::Passed => {}
        Outcome::Failed(fault) => {
            let more = if fault.count > 1 { format!(" ({} in all)", fault.count) } else { String::new() };
            lines.push(format!("         {}: {}{more}", place_words(fault.place), fault.reason));
        }
        Outcome::Partly(reason) | Outcome::NotRun(reason) => lines.push(format!("         {reason}")),
    }
    lines.extend(check.notes.iter().map(|note| format!("         {note}")));
    lines
}

fn place_words(place: Place) -> String {
    match place {
        Place::Entry(index) => format!("first wrong index {index}"),
        Place::Among { from, until } => format!("wrong somewhere from index {from} up to, not including, {until}"),
        // A checkpoint is named by the reason itself.
        Place::Checkpoint(_) | Place::Ledger => "wrong".to_owned(),
    }
}

fn verdict_line(report: &Report) -> String {
    match report.verdict() {
        Verdict::Passed => format!("PASSED: all of {} entries was checked, and nothing is false.", report.size),
        Verdict::Failed => match report.first_wrong() {
            Some(index) => format!("FAILED: something is false; the first wrong index is {index}."),
            None => "FAILED: something is false.".to_owned(),
        },
        Verdict::Partly => "PARTLY: nothing was found false, but not everything was checked.".to_owned(),
        Verdict::Nothing => "Nothing to verify.".to_owned(),
    }
}

/// The report for scripts.
pub fn to_json(report: &Report) -> Value {
    json!({
        "verdict": report.verdict().as_str(),
        "origin": report.origin,
        "size": report.size.get(),
        "vkey": report.vkey,
        "first_wrong_index": report.first_wrong().map(crate::tlog::position::LeafIndex::get),
        "checks": report.checks.iter().map(check_json).collect::<Vec<_>>(),
        "equivocations": report.equivocations.iter().map(|e| json!({ "given": e.given, "stored": e.stored })).collect::<Vec<_>>(),
        "limits": report.limits,
    })
}

fn check_json(check: &Check) -> Value {
    let mut object = json!({
        "name": check.name.as_str(),
        "asks": check.name.asks(),
        "result": check.outcome.as_str(),
        "covered": check.covered,
        "of": check.of,
        "optional": check.is_optional,
        "notes": check.notes,
    });
    match &check.outcome {
        Outcome::Passed => {}
        Outcome::Partly(reason) | Outcome::NotRun(reason) => object["reason"] = reason.as_str().into(),
        Outcome::Failed(fault) => {
            object["reason"] = fault.reason.as_str().into();
            object["wrong"] = fault.count.into();
            match fault.place {
                Place::Entry(index) => object["first_wrong_index"] = index.get().into(),
                Place::Among { from, until } => object["wrong_among"] = json!({ "from": from.get(), "until": until.get() }),
                Place::Checkpoint(size) => object["checkpoint_size"] = size.into(),
                Place::Ledger => {}
            }
        }
    }
    object
}
