//! `onus init`: makes a ledger.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::output;
use crate::service::clock::{Clock, SystemClock};
use crate::service::folder::Folder;
use crate::service::genesis::{NewLedger, create};
use crate::tlog::entry::Origin;

/// Make a ledger: its keys, entry 0, the first checkpoint, and the one credential from which all others are issued.
///
/// The token is shown this once. Keep the verifier key apart from the ledger: `onus verify --vkey` is worth as much as the place it
/// comes from.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// A new directory for the ledger.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// The ledger's unique name, as a URL without scheme: ledger.example.com/acme. An origin is used once.
    #[arg(long, value_name = "NAME", value_parser = parse_origin)]
    pub origin: Origin,
    /// Where people and agents will reach it.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub base_url: String,
    /// Where the high-water mark lies, which shows a rollback: outside DIR, best on another disk [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// Print {origin, vkey, admin_token} as JSON.
    #[arg(long)]
    pub json: bool,
}

/// An origin, or what one looks like.
pub fn parse_origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text).ok_or_else(|| "expected lower-case letters, digits and . _ / : - (at most 128): ledger.example.com/acme".to_owned())
}

/// The directory, and where its high-water mark lies.
pub fn folder_of(data: &Path, high_water: Option<&PathBuf>) -> Result<(Folder, PathBuf), CliError> {
    let absolute = std::path::absolute(data).map_err(|source| CliError::File { path: data.to_owned(), source })?;
    let folder = Folder::new(&absolute);
    let mark = high_water.cloned().unwrap_or_else(|| folder.default_mark_file());
    Ok((folder, mark))
}

/// Makes it.
pub fn run(args: &InitArgs) -> Result<ExitCode, CliError> {
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let new = NewLedger { origin: args.origin.clone(), base_url: args.base_url.trim_end_matches('/').to_owned(), mark_file };
    let created = create(&folder, &new, &clock)?;
    let (vkey, token) = (created.vkey.to_string(), created.admin_token.reveal());
    if args.json {
        output::result(serde_json::json!({ "origin": args.origin.as_str(), "vkey": vkey, "admin_token": token }))?;
    } else {
        output::result(format_args!("origin       {}", args.origin.as_str()))?;
        output::result(format_args!("vkey         {vkey}"))?;
        output::result(format_args!("admin token  {token}"))?;
        output::note("The token is shown this once. Next: onus serve --data DIR --listen 127.0.0.1:7070");
    }
    Ok(ExitCode::SUCCESS)
}
