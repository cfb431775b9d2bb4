//! `onus restore`: a backup becomes a ledger again. It prints; what is checked and when a new epoch begins stands in `service::restore`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::init::{folder_of, parse_origin};
use crate::cli::output;
use crate::cli::verify::parse_vkey;
use crate::service::clock::SystemClock;
use crate::service::folder::Folder;
use crate::service::restore::{Past, RestoreOrder, Restored, restore};
use crate::service::succession::{EpochOrder, Successor};
use crate::service::verifier::GivenCheckpoint;
use crate::tlog::entry::Origin;
use crate::tlog::vkey::Vkey;

/// Restore a backup into an empty directory: verified, compared with the high-water mark, its search index made again.
///
/// A ledger that cannot extend its own past is never written again. So a backup that is older than the high-water mark (or than a
/// checkpoint given with --checkpoint) is refused, unless --reason says why: then the ledger is restored to be read, and a new one is
/// made in which writing goes on. Its entry 0 names the old one's last signed head and holds the reason; agents and services need new
/// credentials there.
///
/// If the mark was lost with the machine, the ledger goes on; that it had come further than the backup cannot be excluded then, and
/// the command says so. A checkpoint that somebody kept helps.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup's directory.
    #[arg(long, value_name = "BACKUP")]
    pub from: PathBuf,
    /// The ledger's directory: empty, or not there.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// Where the ledger's high-water mark lies, if it was not lost [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// The ledger's verifier key, as `onus init` printed it. Without it the key in the backup has to be believed.
    #[arg(long, value_name = "VKEY", value_parser = parse_vkey)]
    pub vkey: Option<Vkey>,
    /// A checkpoint kept elsewhere, which the backup must extend; may be given several times.
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,
    /// The key that signs checkpoints, for a backup made without it.
    #[arg(long, value_name = "FILE")]
    pub log_key: Option<PathBuf>,
    /// Why an older state is put back: it becomes a part of entry 0 of the new ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The new ledger's name [default: the old one's with /2, /3, …].
    #[arg(long, value_name = "NAME", value_parser = parse_origin, requires = "reason")]
    pub origin: Option<Origin>,
    /// The new ledger's directory: empty, or not there [default: DIR.successor].
    #[arg(long, value_name = "DIR", requires = "reason")]
    pub successor: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &RestoreArgs) -> Result<ExitCode, CliError> {
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let (from, _) = folder_of(&args.from, None)?;
    let mut checkpoints = Vec::with_capacity(args.checkpoints.len());
    for path in &args.checkpoints {
        let note = std::fs::read(path).map_err(|source| CliError::File { path: path.clone(), source })?;
        checkpoints.push(GivenCheckpoint { name: path.display().to_string(), note });
    }
    let order = RestoreOrder {
        from: from.root().to_owned(),
        mark_file,
        log_key: args.log_key.clone(),
        vkey: args.vkey.clone(),
        checkpoints,
        epoch: epoch_of(args, &folder)?,
        clock: Arc::new(SystemClock::default()),
        folder,
    };
    let restored = restore(&order)?;
    if args.json {
        output::result(to_json(&order, &restored))?;
    } else {
        for line in lines(&order, &restored) {
            output::result(line)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn epoch_of(args: &RestoreArgs, old: &Folder) -> Result<Option<EpochOrder>, CliError> {
    let Some(reason) = args.reason.clone() else { return Ok(None) };
    let folder = match &args.successor {
        Some(path) => folder_of(path, None)?.0,
        None => Folder::new(&old.root().with_added_extension("successor")),
    };
    Ok(Some(EpochOrder { reason, origin: args.origin.clone(), folder }))
}

fn lines(order: &RestoreOrder, restored: &Restored) -> Vec<String> {
    let manifest = &restored.manifest;
    let mut lines = vec![
        format!("restored    {}", order.folder.root().display()),
        format!("ledger      {}, {} entries, backed up {}", manifest.origin, manifest.size, manifest.made_at),
        format!("checkpoint  of size {}", manifest.checkpoint_size),
        format!("index       made again from {} entries, with all that is derived from them", restored.rebuilt.entries),
        format!("past        {}", past_words(order, restored)),
    ];
    if let Some(index) = restored.rebuilt.first_untold {
        lines.push(format!("careful     entry {index} does not tell a changed verdict as it was derived: run `onus verify --deep`"));
    }
    match &restored.successor {
        Some(successor) => lines.extend(successor_lines(successor)),
        None if order.epoch.is_some() => lines.push("reason      was not needed, and stands nowhere: the ledger goes on".to_owned()),
        None => {}
    }
    lines
}

fn past_words(order: &RestoreOrder, restored: &Restored) -> String {
    match &restored.past {
        Past::BorneOut => "the ledger extends what was kept elsewhere of its past: it goes on".to_owned(),
        Past::Unknown => format!(
            "no high-water mark was found at {} and no kept checkpoint was given: that the ledger had come further than this backup cannot be excluded. It goes on, and its first start leaves a new mark there",
            order.mark_file.display()
        ),
        Past::Contradicted(reason) => format!("{reason}. It is served read-only: its mark at {} must stay", order.mark_file.display()),
    }
}

fn successor_lines(successor: &Successor) -> Vec<String> {
    vec![
        String::new(),
        format!("new ledger  {}", successor.folder.root().display()),
        format!("origin      {}", successor.origin),
        format!("vkey        {}", successor.created.vkey),
        format!("admin token {}", successor.created.admin_token.reveal()),
        format!("entry 0     names {} at size {}, and the reason", successor.predecessor.origin, successor.predecessor.size),
        "The token is shown this once. Writing goes on here: onus serve --data with this directory; credentials are issued anew."
            .to_owned(),
    ]
}

fn to_json(order: &RestoreOrder, restored: &Restored) -> serde_json::Value {
    let past = match &restored.past {
        Past::BorneOut => "borne_out",
        Past::Unknown => "unknown",
        Past::Contradicted(_) => "contradicted",
    };
    let successor = restored.successor.as_ref().map(|successor| {
        json!({
            "data": successor.folder.root().display().to_string(),
            "origin": successor.origin.as_str(),
            "vkey": successor.created.vkey.to_string(),
            "admin_token": successor.created.admin_token.reveal(),
            "predecessor_size": successor.predecessor.size.get(),
        })
    });
    json!({
        "data": order.folder.root().display().to_string(),
        "origin": restored.manifest.origin,
        "size": restored.manifest.size,
        "checkpoint_size": restored.manifest.checkpoint_size,
        "past": past,
        "said": past_words(order, restored),
        "is_read_only": restored.successor.is_some(),
        "successor": successor,
    })
}
