//! Putting a backup into an empty directory. It is verified before anything is written, copied, compared again, and gets its ledger file
//! last: before that there is no ledger in the directory. What is derived is made again from the entries.
//!
//! A restore is a rollback unless nothing was written since the backup. Whoever still has the high-water mark, or a checkpoint kept
//! elsewhere, has the proof: then the ledger is put back to be read, and writing goes on in a new epoch (`succession`), whose entry 0
//! says why. Without either, nobody can tell; the ledger goes on, and the command says that this cannot be excluded.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::service::clock::Clock;
use crate::service::folder::{Folder, FolderError};
use crate::service::high_water::HighWater;
use crate::service::log_keys::stored_vkeys;
use crate::service::manifest::{BadManifest, FileRecord, MANIFEST_FILE, Manifest};
use crate::service::reindex::{Rebuilt, ReindexError, reindex};
use crate::service::succession::{EpochOrder, Known, SuccessionError, Successor};
use crate::service::tiling::root_at;
use crate::service::verifier::report::{CheckName, Report, Verdict};
use crate::service::verifier::{GivenCheckpoint, Verification};
use crate::store::connection::StoreError;
use crate::store::reader::LedgerReader;
use crate::tlog::checkpoint::UnverifiedCheckpoint;
use crate::tlog::entry::Origin;
use crate::tlog::vkey::Vkey;

/// What is to be restored, where to, and what is known of the ledger from elsewhere.
pub struct RestoreOrder {
    /// The backup.
    pub from: PathBuf,
    /// An empty directory, or one that is not there.
    pub folder: Folder,
    /// Where the high-water mark lies, if it was not lost.
    pub mark_file: PathBuf,
    /// The key that signs checkpoints, if it is not in the backup.
    pub log_key: Option<PathBuf>,
    /// The ledger's verifier key, from outside.
    pub vkey: Option<Vkey>,
    /// Checkpoints kept elsewhere.
    pub checkpoints: Vec<GivenCheckpoint>,
    /// What to do if the ledger had come further than the backup.
    pub epoch: Option<EpochOrder>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// A ledger that is back.
#[derive(Debug)]
pub struct Restored {
    /// What was restored.
    pub manifest: Manifest,
    /// What its past says.
    pub past: Past,
    /// What was made again.
    pub rebuilt: Rebuilt,
    /// The ledger in which writing goes on, if it cannot in this one.
    pub successor: Option<Successor>,
}

/// Whether the backup extends what is known of the ledger's past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// It does: the mark, a checkpoint kept elsewhere, or both.
    BorneOut,
    /// Nothing is known: whether the ledger had come further cannot be told.
    Unknown,
    /// It does not: the ledger had come further, or holds another history.
    Contradicted(String),
}

/// Why nothing was restored, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Something is in the way.
    #[error(
        "{} is not empty: a ledger is restored into a directory that is empty or not there. What a killed restore left (keys, and no ledger.db) may be removed",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The backup is none, or was changed.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    /// What is in the backup is false.
    #[error("the backup does not verify, and nothing was restored: {check}: {reason}. Take another backup")]
    False {
        /// The check that failed.
        check: &'static str,
        /// What it found.
        reason: String,
    },
    /// The ledger had come further than the backup.
    #[error(
        "nothing was restored: {0}. A ledger that cannot extend its own past is never written again. If this backup is the newest there is, say why with \
         --reason: the ledger is restored to be read, and writing goes on in a new one, whose entry 0 holds the reason"
    )]
    Contradicted(String),
    /// The mark cannot be used.
    #[error("the high-water mark {path} {reason}: name the ledger's own with --high-water, or move this one away if it is lost", path = path.display())]
    Mark {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The log key is not there.
    #[error("the backup was made without the key that signs checkpoints: give it with --log-key FILE (it was keys/log.pem)")]
    NoLogKey,
    /// The log key is another one.
    #[error("the log key is not the one that signed the backup's checkpoint: {0}")]
    OtherLogKey(String),
    /// The directory or a key in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The ledger file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error("{}: {source}; what was written was removed again", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The ledger is there, and not everything derived.
    #[error("the ledger is restored, and what is derived from it is not whole: run `onus reindex` over it")]
    Reindex(#[from] ReindexError),
    /// The ledger is there, and the new epoch is not; or there can be none, and nothing was restored.
    #[error(transparent)]
    Succession(#[from] SuccessionError),
}

/// Restores it, or says why not.
pub fn restore(order: &RestoreOrder) -> Result<Restored, RestoreError> {
    let RestoreOrder { from, folder, mark_file, epoch, clock, .. } = order;
    require_empty(folder.root())?;
    if let Some(epoch) = epoch {
        epoch.check(folder)?;
        require_empty(epoch.folder.root())?;
    }
    let manifest = Manifest::read(from)?;
    manifest.check_files(from)?;
    let origin = Origin::parse(&manifest.origin).ok_or_else(|| not_bound("it names no ledger"))?;
    require_own_mark(mark_file, &origin)?;
    let report = Verification {
        folder: Folder::new(from),
        mark_file: mark_file.clone(),
        vkey: order.vkey.clone(),
        checkpoints: order.checkpoints.clone(),
        is_deep: false,
        now: clock.now(),
    }
    .run();
    let past = judge(&report)?;
    let known = Known::of(&manifest, &report, &order.checkpoints)?;
    check_manifest(&manifest, from)?;
    if let (Past::Contradicted(reason), None) = (&past, epoch) {
        return Err(RestoreError::Contradicted(reason.clone()));
    }
    write(order, &manifest, &origin)?;
    let rebuilt = reindex(folder)?;
    let successor = match (&past, epoch) {
        (Past::Contradicted(_), Some(epoch)) => Some(epoch.found(folder, mark_file, &known, clock)?),
        _ => None,
    };
    Ok(Restored { manifest, past, rebuilt, successor })
}

fn require_empty(data: &Path) -> Result<(), RestoreError> {
    match fs::read_dir(data) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(RestoreError::NotEmpty(data.to_owned()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => Err(RestoreError::NotEmpty(data.to_owned())),
        Err(source) => Err(RestoreError::Io { path: data.to_owned(), source }),
    }
}

fn require_own_mark(path: &Path, origin: &Origin) -> Result<(), RestoreError> {
    let unusable = |reason| Err(RestoreError::Mark { path: path.to_owned(), reason });
    match HighWater::read(path) {
        Ok(Some(mark)) if mark.origin != origin.as_str() => unusable(format!("belongs to {}, not to {origin}", mark.origin)),
        Ok(_) => Ok(()),
        Err(e) => unusable(format!("cannot be read: {e}")),
    }
}

/// What is false of the backup itself refuses it; what contradicts the mark or a kept checkpoint is the ledger's past.
fn judge(report: &Report) -> Result<Past, RestoreError> {
    if report.verdict() == Verdict::Nothing {
        return Err(not_bound("there is no entry in it"));
    }
    let mut contradictions = Vec::new();
    for check in &report.checks {
        let Some(fault) = check.fault() else { continue };
        match check.name {
            CheckName::HighWater | CheckName::GivenCheckpoints => contradictions.push(fault.reason.clone()),
            name => return Err(RestoreError::False { check: name.as_str(), reason: fault.reason.clone() }),
        }
    }
    let is_looked_at = |name| report.check(name).is_some_and(|check| check.covered > 0);
    Ok(if !contradictions.is_empty() {
        Past::Contradicted(contradictions.join("; "))
    } else if is_looked_at(CheckName::HighWater) || is_looked_at(CheckName::GivenCheckpoints) {
        Past::BorneOut
    } else {
        Past::Unknown
    })
}

fn not_bound(reason: &str) -> RestoreError {
    RestoreError::False { check: MANIFEST_FILE, reason: reason.to_owned() }
}

/// The manifest and the ledger file say the same.
fn check_manifest(manifest: &Manifest, from: &Path) -> Result<(), RestoreError> {
    let reader = LedgerReader::open(&Folder::new(from).ledger_file())?;
    let rows = reader.rows();
    let head = rows.head()?.ok_or_else(|| not_bound("the ledger file has no head"))?;
    let checkpoint = rows.checkpoint(head.size)?.map(|(size, note)| (size.get(), note));
    let said = (manifest.origin.as_str(), manifest.size, manifest.root_hash.as_str());
    if said != (head.origin.as_str(), head.size.get(), root_at(rows, head.size)?.to_base64().as_str()) {
        return Err(not_bound("it names another ledger, size or root than the ledger file has"));
    }
    if checkpoint != Some((manifest.checkpoint_size, manifest.checkpoint.clone())) {
        return Err(not_bound("it names another checkpoint than the newest of the ledger file"));
    }
    Ok(())
}

/// Files of a restore; what is not kept is removed again.
struct Filling<'f> {
    folder: &'f Folder,
    made: Vec<PathBuf>,
    is_kept: bool,
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            for path in self.made.iter().rev() {
                // What cannot be removed is no ledger: the ledger file comes last.
                let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
            }
        }
    }
}

fn write(order: &RestoreOrder, manifest: &Manifest, origin: &Origin) -> Result<(), RestoreError> {
    let folder = &order.folder;
    let ledger = folder.ledger_file();
    let unnamed = ledger.with_added_extension("partial");
    let mut filling = Filling { folder, made: Vec::new(), is_kept: false };
    filling.make_folder(folder.root())?;
    for record in &manifest.files {
        let target = folder.root().join(&record.path);
        filling.copy(record, &order.from, if target == ledger { &unnamed } else { &target })?;
    }
    if let (None, Some(path)) = (manifest.file(Path::new("keys/log.pem")), &order.log_key) {
        filling.make_folder(folder.log_key_file().parent().unwrap_or(folder.root()))?;
        filling.copy_bytes(path, &folder.log_key_file())?;
    }
    require_log_key(folder, manifest, origin)?;
    let io = |source| RestoreError::Io { path: ledger.clone(), source };
    // ---- from here on there is a ledger ----
    fs::rename(&unnamed, &ledger).map_err(io)?;
    filling.is_kept = true;
    File::open(folder.root()).and_then(|root| root.sync_all()).map_err(io)
}

fn require_log_key(folder: &Folder, manifest: &Manifest, origin: &Origin) -> Result<(), RestoreError> {
    if !folder.log_key_file().exists() {
        return Err(RestoreError::NoLogKey);
    }
    // After a rotation that was stopped, its newest checkpoint may still be that of the key before.
    let vkeys = stored_vkeys(folder, origin)?;
    let signed = UnverifiedCheckpoint::parse(manifest.checkpoint.as_bytes()).and_then(|note| note.verify(origin, &vkeys));
    signed.map(drop).map_err(|e| RestoreError::OtherLogKey(e.to_string()))
}

impl Filling<'_> {
    fn make_folder(&mut self, path: &Path) -> Result<(), RestoreError> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            fs::DirBuilder::new().mode(0o700).create(path).map_err(|source| RestoreError::Io { path: path.to_owned(), source })?;
            // The directory itself may stay; above it nothing is ours to remove.
            self.made.extend((path != self.folder.root() && path.starts_with(self.folder.root())).then(|| path.to_owned()));
        }
        Ok(())
    }

    fn copy(&mut self, record: &FileRecord, from: &Path, target: &Path) -> Result<(), RestoreError> {
        self.make_folder(target.parent().unwrap_or(self.folder.root()))?;
        self.copy_bytes(&from.join(&record.path), target)?;
        let written = FileRecord::of(self.folder.root(), target.strip_prefix(self.folder.root()).unwrap_or(target))?;
        Ok(record.compare(&written, self.folder.root())?)
    }

    fn copy_bytes(&mut self, from: &Path, target: &Path) -> Result<(), RestoreError> {
        let mut copy = || -> io::Result<()> {
            let mut source = File::open(from)?;
            let mut file = File::options().create_new(true).write(true).mode(0o600).open(target)?;
            self.made.push(target.to_owned());
            io::copy(&mut source, &mut file)?;
            file.sync_all()?;
            File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        copy().map_err(|source| RestoreError::Io { path: target.to_owned(), source })
    }
}
