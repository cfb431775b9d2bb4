//! `onus backup`: everything that is needed to serve a ledger elsewhere, verified, in one directory. It prints; what is copied, and how
//! a backup ends at a checkpoint, stands in `service::backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::service::backup::{BackupOrder, MadeBackup, back_up};
use crate::service::clock::{Clock as _, SystemClock};
use crate::service::manifest::MANIFEST_FILE;

/// Back a ledger up, beside the running server: entries and keys, in a new directory, verified.
///
/// It waits until a signed checkpoint covers everything that was acknowledged when it began (a second, beside a server), copies one state
/// of the file, verifies the copy and gives it its name last: what stands at --to is whole.
///
/// In it: ledger.db, the keys (the log key, too, unless --without-log-key), actions.toml, settings.toml, issuers.toml and the key sets it
/// names. Not in it: the high-water mark, which shows that an older state was put back and must not travel with it; the search index,
/// which `onus restore` makes again; service.db: after a restore people sign in again, and answers kept for an Idempotency-Key are gone
/// (the same event_id still gives the same receipt).
///
/// Whoever holds a backup can read the ledger and, with the log key, sign another history: keep it as you keep the data directory.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// A directory that is not there yet: /backups/acme-2026-11-24.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Leave out the key that signs checkpoints; `onus restore` then asks for it (--log-key).
    #[arg(long)]
    pub without_log_key: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &BackupArgs) -> Result<ExitCode, CliError> {
    let (folder, _) = folder_of(&args.data, None)?;
    let to = std::path::absolute(&args.to).map_err(|source| CliError::File { path: args.to.clone(), source })?;
    let order = BackupOrder { folder, to, with_log_key: !args.without_log_key, now: SystemClock::default().now() };
    let made = back_up(&order)?;
    if args.json {
        output::result(to_json(&order, &made))?;
    } else {
        for line in lines(&order, &made) {
            output::result(line)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(order: &BackupOrder, made: &MadeBackup) -> Vec<String> {
    let manifest = &made.manifest;
    let mut lines = vec![
        format!("backup      {}", order.to.display()),
        format!("ledger      {}, {} entries", manifest.origin, manifest.size),
        format!("root        {}", manifest.root_hash),
        format!("checkpoint  of size {}{}", manifest.checkpoint_size, unsigned_words(made)),
    ];
    for file in &manifest.files {
        lines.push(format!("sha256      {}  {} ({} bytes)", file.sha256, file.path, file.bytes));
    }
    lines.push(format!("sha256      {}  {MANIFEST_FILE}, which holds all of the above: keep this line elsewhere", made.manifest_sha256));
    lines.push("verified    the copy: entries, links, payloads, documents, tiles, checkpoints, head".to_owned());
    lines.push(key_words(manifest.log_key_included).to_owned());
    lines.extend(
        made.elsewhere.iter().map(|path| format!("not in it   {}: a key set that lies outside the ledger's directory", path.display())),
    );
    lines.push("not in it   the high-water mark (it must not travel with what it guards), service.db, the search index".to_owned());
    lines
}

fn unsigned_words(made: &MadeBackup) -> String {
    match (made.unsigned, made.was_served) {
        (0, _) => ", which is all of it".to_owned(),
        (unsigned, true) => {
            format!("; {unsigned} entries past it came meanwhile: they are in it, linked, and signed by whoever restores it")
        }
        (unsigned, false) => {
            format!("; {unsigned} entries past it are under no signature yet, because nobody serves the ledger: they are in it")
        }
    }
}

const fn key_words(is_included: bool) -> &'static str {
    if is_included {
        "log key     is in it: whoever holds the backup can sign for the ledger"
    } else {
        "log key     is not in it: keep keys/log.pem apart, a restore needs it"
    }
}

fn to_json(order: &BackupOrder, made: &MadeBackup) -> serde_json::Value {
    json!({
        "backup": order.to.display().to_string(),
        "manifest": made.manifest,
        "manifest_sha256": made.manifest_sha256,
        "unsigned_entries": made.unsigned,
        "not_included": made.elsewhere.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}
