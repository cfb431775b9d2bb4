//! Backing a ledger up beside whoever serves it: everything that is needed to serve it elsewhere, except what shows a rollback (the
//! high-water mark, which must not travel with what it guards) and what is made again (the search index) or can be lost
//! (`service.db`: with it, sessions that have ended would come back to life, and answers that point past the backup's end).
//!
//! # How the backup of a busy ledger ends at a checkpoint
//!
//! It first waits until a signed checkpoint covers everything that was acknowledged when it began, then copies one state of the file.
//! So all of that is under a signature in the backup itself. What was committed while it waited is in that state, too; it is kept,
//! because an entry is never deleted, not even from a copy. It links to what is signed, and whoever restores the backup signs it.
//! Nothing past the copied state is named: a checkpoint of a larger tree would say that the restored ledger lacks its own end.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use crate::domain::issuers::parse_issuers;
use crate::service::folder::{Folder, FolderError};
use crate::service::genesis::MAX_PUBLICATION_SECONDS;
use crate::service::manifest::{BadManifest, FORMAT, Manifest};
use crate::service::staging::{Staging, StagingError};
use crate::service::tiling::root_at;
use crate::service::verifier::Verification;
use crate::service::verifier::report::{CheckName, Outcome, Report, Verdict};
use crate::store::connection::StoreError;
use crate::store::reader::LedgerReader;
use crate::store::rows::{Head, Rows};
use crate::tlog::hash::RootHash;
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;

/// Longest wait for the checkpoint that the server owes: what entry 0 promises.
const PATIENCE: Duration = Duration::from_secs(MAX_PUBLICATION_SECONDS as u64);
/// How often is looked whether it is there.
const POLL: Duration = Duration::from_millis(20);
/// What a copy must pass to be called a backup. The keys come from the folder itself, and what is derived is made again by a restore.
const NEEDED: [CheckName; 8] = [
    CheckName::Entries,
    CheckName::Links,
    CheckName::Commitments,
    CheckName::Payloads,
    CheckName::Documents,
    CheckName::Tiles,
    CheckName::Head,
    CheckName::Rows,
];

/// What is to be backed up, and where to.
#[derive(Clone, Debug)]
pub struct BackupOrder {
    /// The ledger's directory.
    pub folder: Folder,
    /// A directory that does not exist yet.
    pub to: PathBuf,
    /// Whether the key that signs checkpoints goes with it.
    pub with_log_key: bool,
    /// When it is.
    pub now: Timestamp,
}

/// A backup that was verified and has its name.
#[derive(Clone, Debug)]
pub struct MadeBackup {
    /// What is in it.
    pub manifest: Manifest,
    /// SHA-256 of the manifest, in hexadecimal: it fixes everything else.
    pub manifest_sha256: String,
    /// Entries in it that no checkpoint in it covers.
    pub unsigned: u64,
    /// Whether a process was there to sign them.
    pub was_served: bool,
    /// Key sets of issuers that lie outside the ledger's directory: not in it.
    pub elsewhere: Vec<PathBuf>,
}

/// Why there is no backup. In each case nothing stands at its place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The ledger's directory.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Where the backup was to be put.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The backup would lie in what it is a backup of.
    #[error("{} lies inside the ledger's own directory, which would take the backup with it: choose a directory elsewhere", .0.display())]
    Inside(PathBuf),
    /// The ledger file could not be copied.
    #[error("the ledger could not be copied; nothing was put at {}", to.display())]
    Copy {
        /// Where it would have been.
        to: PathBuf,
        /// What the store says.
        #[source]
        source: StoreError,
    },
    /// Nothing in it is signed.
    #[error("the ledger holds no signed checkpoint to end a backup at: start the server once, it signs one")]
    NoCheckpoint,
    /// The copy does not verify.
    #[error(
        "the copy does not verify, so it is no backup and nothing was put at {}: {check}: {reason}. `onus verify --data DIR --deep` says whether the ledger itself is damaged",
        to.display()
    )]
    False {
        /// Where it would have been.
        to: PathBuf,
        /// The check that failed.
        check: &'static str,
        /// What it found.
        reason: String,
    },
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
}

/// The state that was copied.
struct State {
    head: Head,
    root: RootHash,
    checkpoint: Option<(TreeSize, String)>,
}

/// Makes the backup, verifies it, and gives it its name.
pub fn back_up(order: &BackupOrder) -> Result<MadeBackup, BackupError> {
    let BackupOrder { folder, to, with_log_key, now } = order;
    folder.require_ledger()?;
    if to.starts_with(folder.root()) {
        return Err(BackupError::Inside(to.clone()));
    }
    let staging = Staging::begin(to)?;
    let copied = Folder::new(staging.path());
    let was_served = folder.is_written()?;
    let failed = |source| copy_error(&staging, source);
    let reader = LedgerReader::open(&folder.ledger_file()).map_err(failed)?;
    wait_for_checkpoint(folder, &reader).map_err(failed)?;
    let state = reader.copy_to(&copied.ledger_file(), read_state).map_err(failed)?;
    let (size, note) = state.checkpoint.ok_or(BackupError::NoCheckpoint)?;
    let elsewhere = copy_surroundings(folder, &staging, *with_log_key)?;
    let report = verify(&copied, *now);
    require_sound(&report, to)?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        made_at: now.to_string(),
        made_by: concat!("onus ", env!("CARGO_PKG_VERSION")).to_owned(),
        origin: state.head.origin,
        vkey: report.vkey.unwrap_or_default(),
        size: state.head.size.get(),
        root_hash: state.root.to_base64(),
        checkpoint_size: size.get(),
        checkpoint: note,
        log_key_included: *with_log_key,
        files: staging.records()?,
    };
    let manifest_sha256 = manifest.write(staging.path())?;
    staging.finish()?;
    Ok(MadeBackup { unsigned: state.head.size.get() - size.get(), manifest, manifest_sha256, was_served, elsewhere })
}

fn copy_error(staging: &Staging, source: StoreError) -> BackupError {
    let is_full = source.is_full() || matches!(&source, StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull);
    if is_full { staging.full().into() } else { BackupError::Copy { to: staging.to().to_owned(), source } }
}

/// Until a checkpoint covers what there is now; not for ever, and not if nobody is there to sign it.
fn wait_for_checkpoint(folder: &Folder, reader: &LedgerReader) -> Result<(), StoreError> {
    let Some(head) = reader.rows().head()? else { return Ok(()) };
    let started = Instant::now();
    while reader.rows().checkpoint_covering(head.size)?.is_none() {
        // A folder whose lock cannot be asked for has a writer nobody knows of: it is waited for as well.
        if started.elapsed() > PATIENCE || !folder.is_written().unwrap_or(true) {
            break;
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn read_state(rows: Rows<'_>) -> Result<State, StoreError> {
    let head = rows.head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
    Ok(State { root: root_at(rows, head.size)?, checkpoint: rows.checkpoint(head.size)?, head })
}

/// Keys and what the operator wrote. Returns the key sets that issuers have elsewhere.
fn copy_surroundings(folder: &Folder, staging: &Staging, with_log_key: bool) -> Result<Vec<PathBuf>, BackupError> {
    for key in folder.key_files() {
        if with_log_key || key != folder.log_key_file() {
            staging.copy(folder.root(), within(folder, &key))?;
        }
    }
    if with_log_key {
        for key in folder.other_log_key_files()? {
            staging.copy(folder.root(), within(folder, &key))?;
        }
    }
    let written = [folder.catalogue_file(), folder.settings_file(), folder.issuers_file()];
    for file in written.iter().filter(|file| file.exists()) {
        staging.copy(folder.root(), within(folder, file))?;
    }
    let sets = key_sets(folder)?;
    for path in sets.inside {
        staging.copy(folder.root(), &path)?;
    }
    Ok(sets.elsewhere)
}

fn within<'p>(folder: &Folder, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder.root()).unwrap_or(path)
}

/// Where the key sets of issuers lie.
pub(super) struct KeySets {
    /// Within the ledger's directory, relative to it, and there.
    pub(super) inside: Vec<PathBuf>,
    /// Anywhere else.
    elsewhere: Vec<PathBuf>,
}

/// What `issuers.toml` names. One that cannot be read names none: the server refuses it, a backup takes it along.
pub(super) fn key_sets(folder: &Folder) -> Result<KeySets, FolderError> {
    let text = folder.read_text(&folder.issuers_file())?.unwrap_or_default();
    let issuers = parse_issuers(&text).unwrap_or_default();
    let paths: BTreeSet<PathBuf> = issuers.into_iter().map(|issuer| PathBuf::from(issuer.jwks_path)).collect();
    let mut sets = KeySets { inside: Vec::new(), elsewhere: Vec::new() };
    for path in paths {
        let path = path.strip_prefix(folder.root()).unwrap_or(&path);
        let climbs_out = !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        match (climbs_out, folder.root().join(path).exists()) {
            (true, _) => sets.elsewhere.push(path.to_owned()),
            (false, true) => sets.inside.push(path.to_owned()),
            (false, false) => {}
        }
    }
    Ok(sets)
}

fn verify(copied: &Folder, now: Timestamp) -> Report {
    let mark_file = copied.default_mark_file();
    Verification { folder: copied.clone(), mark_file, vkey: None, checkpoints: Vec::new(), is_deep: false, now }.run()
}

/// The first check that failed, or that was needed and did not look at everything.
fn require_sound(report: &Report, to: &Path) -> Result<(), BackupError> {
    let unsound = |check: &'static str, reason: &str| Err(BackupError::False { to: to.to_owned(), check, reason: reason.to_owned() });
    if report.verdict() == Verdict::Nothing {
        return unsound(CheckName::Head.as_str(), "there is no entry in it");
    }
    for check in &report.checks {
        match &check.outcome {
            Outcome::Failed(fault) => return unsound(check.name.as_str(), &fault.reason),
            Outcome::Partly(reason) | Outcome::NotRun(reason) if NEEDED.contains(&check.name) => {
                return unsound(check.name.as_str(), reason);
            }
            _ => {}
        }
    }
    Ok(())
}
