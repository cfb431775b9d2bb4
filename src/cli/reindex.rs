//! `onus reindex`: makes the derived tables and the search index again. Nothing that is hashed or signed is touched.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::service::reindex::reindex;

/// Make the derived tables and the search index again, from entries and payloads alone. The ledger must not be served meanwhile.
#[derive(Debug, clap::Args)]
pub struct ReindexArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
}

/// Runs the command.
pub fn run(args: &ReindexArgs) -> Result<ExitCode, CliError> {
    let (folder, _) = folder_of(&args.data, None)?;
    let rebuilt = reindex(&folder)?;
    output::result(format_args!("{} entries: derived tables and search index made again", rebuilt.entries))?;
    output::result(format_args!("{} entries tell a changed verdict as it was derived", rebuilt.changes_told))?;
    if let Some(index) = rebuilt.first_untold {
        output::note(format_args!("entry {index} does not tell a changed verdict as it was derived: run `onus verify --deep`"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
