//! `onus rotate-key`: another key signs the ledger's checkpoints from now on. It asks and prints; what is done stands in
//! `service::rotation`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::domain::key_rotated::Reason;
use crate::service::clock::SystemClock;
use crate::service::ledger::LedgerConfig;
use crate::service::rotation::{MAX_OVERLAP_DAYS, OVERLAP_DAYS, rotate};

/// Rotate the log key: an entry names the new one, signed by both, and both sign checkpoints until the overlap ends.
///
/// The server must be stopped meanwhile. Whoever has kept the old verifier key follows to the new one by that entry and need do nothing;
/// tell the new key all the same. A key that may be stolen must not name its successor: make a new ledger with a new origin.
#[derive(Debug, clap::Args)]
pub struct RotateKeyArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// Why: recorded for ever, in the entry.
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub reason: Reason,
    /// For how many days both keys sign; 0: only the first checkpoint.
    #[arg(long, value_name = "N", default_value_t = OVERLAP_DAYS, value_parser = clap::value_parser!(u16).range(..=i64::from(MAX_OVERLAP_DAYS)))]
    pub overlap_days: u16,
    /// Where the high-water mark lies [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// Print {`old_vkey`, vkey, index, `overlap_until`, checkpoint} as JSON.
    #[arg(long)]
    pub json: bool,
}

fn parse_reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text.trim()).ok_or_else(|| "expected a reason of 1 to 8192 bytes".to_owned())
}

/// Rotates it.
pub fn run(args: &RotateKeyArgs) -> Result<ExitCode, CliError> {
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let config = LedgerConfig { mark_file, ..LedgerConfig::new(folder, Arc::new(SystemClock::default())) };
    let rotated = rotate(config, args.reason.clone(), args.overlap_days)?;
    let (old, new, until) = (rotated.old.to_string(), rotated.new.to_string(), rotated.overlap_until.to_string());
    if args.json {
        output::result(json!({
            "old_vkey": old,
            "vkey": new,
            "index": rotated.index.get(),
            "overlap_until": until,
            "checkpoint": rotated.checkpoint,
        }))?;
    } else {
        output::result(format_args!("old vkey   {old}"))?;
        output::result(format_args!("vkey       {new}"))?;
        output::result(format_args!("entry      {}", rotated.index))?;
        output::result(format_args!("both sign  until {until}"))?;
        output::note("Keep the verifier key apart from the ledger. Whoever has the old one can go on using it with `onus verify --vkey`.");
    }
    Ok(ExitCode::SUCCESS)
}
