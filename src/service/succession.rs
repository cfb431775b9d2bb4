//! A new epoch (FORMAT.md section 10): where a ledger cannot extend its own past, it is read-only for good, and writing goes on in a new
//! ledger with a new origin, whose entry 0 names the last head that anyone can prove, and why. Nothing is copied into it; what the
//! operator wrote (catalogue, settings, issuers) is put beside it and becomes entries of its own at the first start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::event::MAX_PROSE_BYTES;
use crate::service::backup::key_sets;
use crate::service::clock::Clock;
use crate::service::folder::{Folder, FolderError};
use crate::service::genesis::{Created, GenesisError, NewLedger, Predecessor, create_after};
use crate::service::high_water::{HighWater, MarkFile};
use crate::service::manifest::Manifest;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::start::contradiction;
use crate::service::verifier::GivenCheckpoint;
use crate::service::verifier::report::Report;
use crate::store::connection::StoreError;
use crate::store::reader::LedgerReader;
use crate::store::rows::Head;
use crate::tlog::checkpoint::{SignedCheckpoint, UnverifiedCheckpoint};
use crate::tlog::entry::Origin;
use crate::tlog::position::TreeSize;

/// What a new epoch is to be.
#[derive(Clone, Debug)]
pub struct EpochOrder {
    /// Why the ledger cannot go on.
    pub reason: String,
    /// The new ledger's name; without one the old name's successor: `…/2`, `…/3`.
    pub origin: Option<Origin>,
    /// An empty directory, or one that is not there.
    pub folder: Folder,
}

/// The new ledger.
#[derive(Debug)]
pub struct Successor {
    /// Its name.
    pub origin: Origin,
    /// Where it lies.
    pub folder: Folder,
    /// What its entry 0 says of the old one.
    pub predecessor: Predecessor,
    /// Its key, and the one credential from which all others come: shown this once.
    pub created: Created,
}

/// Why there is no new epoch.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// The reason says nothing, or too much.
    #[error("the reason has {0} bytes: it becomes a part of entry 0, and has 1 to {MAX_PROSE_BYTES}")]
    Reason(usize),
    /// What was given is no checkpoint of the old ledger.
    #[error("{name} is no checkpoint of {origin}, and nothing was restored: {reason}")]
    Checkpoint {
        /// Which.
        name: String,
        /// Of which ledger it should be.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Both ledgers would lie in one directory.
    #[error("the new ledger needs a directory of its own: {} is taken by the old one", .0.display())]
    SameFolder(PathBuf),
    /// The name is the old one.
    #[error("{0} is the old ledger's own name: an origin is used once")]
    SameOrigin(Origin),
    /// No name can be made of the old one.
    #[error("no name can be made of {0} for the new ledger: give one with --origin")]
    NoOrigin(Origin),
    /// The old one's entry 0 does not say where it was reached.
    #[error("the ledger is restored to be read; its entry 0 could not be")]
    Entry(#[from] ReadError),
    /// The old ledger's guard could not be put.
    #[error("the ledger is restored, and its high-water mark {} could not be written: do not serve it. {source}", path.display())]
    Mark {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What the operator wrote could not be put beside it.
    #[error("both ledgers are there; {} could not be copied to the new one: {source}", path.display())]
    Copy {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The new ledger could not be made.
    #[error("the ledger is restored to be read, and the new one could not be made")]
    Genesis(#[from] GenesisError),
    /// The directory.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl From<StoreError> for SuccessionError {
    fn from(e: StoreError) -> Self {
        Self::Entry(e.into())
    }
}

/// What is known of the old ledger that carries its signature: the backup's newest checkpoint and those kept elsewhere.
pub struct Known {
    origin: Origin,
    own: SignedCheckpoint,
    kept: Vec<SignedCheckpoint>,
}

impl Known {
    /// Takes them apart. One that was given and is not this ledger's is a mistake, whatever else holds.
    pub fn of(manifest: &Manifest, report: &Report, given: &[GivenCheckpoint]) -> Result<Self, SuccessionError> {
        let refused =
            |name: &str, reason: String| SuccessionError::Checkpoint { name: name.to_owned(), origin: manifest.origin.clone(), reason };
        let backup = "the backup's checkpoint";
        let origin = Origin::parse(&manifest.origin).ok_or_else(|| refused(backup, "the backup names no ledger".to_owned()))?;
        if report.followed_keys.is_empty() {
            return Err(refused(backup, "the ledger names no key".to_owned()));
        }
        let signed = |name: &str, note: &[u8]| {
            let verified = UnverifiedCheckpoint::parse(note).and_then(|note| note.verify(&origin, &report.followed_keys));
            verified.map_err(|e| refused(name, e.to_string()))
        };
        let own = signed(backup, manifest.checkpoint.as_bytes())?;
        let kept = given.iter().map(|GivenCheckpoint { name, note }| signed(name, note)).collect::<Result<_, _>>()?;
        Ok(Self { origin, own, kept })
    }

    /// The last head that anyone can prove: it is signed, whether or not the entries under it are still there.
    fn last(&self) -> &SignedCheckpoint {
        self.kept.iter().fold(&self.own, |last, one| if one.checkpoint().size > last.checkpoint().size { one } else { last })
    }
}

impl EpochOrder {
    /// What can be said before anything is done.
    pub fn check(&self, old: &Folder) -> Result<(), SuccessionError> {
        if self.reason.trim().is_empty() || self.reason.len() > MAX_PROSE_BYTES {
            return Err(SuccessionError::Reason(self.reason.len()));
        }
        if self.folder.root().starts_with(old.root()) || old.root().starts_with(self.folder.root()) {
            return Err(SuccessionError::SameFolder(self.folder.root().to_owned()));
        }
        Ok(())
    }

    /// Makes the old ledger, restored in `old`, read-only by its mark, and the new one after it.
    pub fn found(&self, old: &Folder, mark_file: &Path, known: &Known, clock: &Arc<dyn Clock>) -> Result<Successor, SuccessionError> {
        let reader = LedgerReader::open(&old.ledger_file())?;
        let head = reader.rows().head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
        guard(&reader, &head, mark_file, known)?;
        let first = open_entry(reader.rows(), TreeSize::ZERO.next_index())?;
        let base_url = first.as_ref().and_then(|entry| entry.text("/base_url")).unwrap_or_default().to_owned();
        let origin = match &self.origin {
            Some(origin) if *origin == known.origin => return Err(SuccessionError::SameOrigin(origin.clone())),
            Some(origin) => origin.clone(),
            None => next_origin(&known.origin, first.as_ref()).ok_or_else(|| SuccessionError::NoOrigin(known.origin.clone()))?,
        };
        let last = known.last();
        let predecessor = Predecessor {
            origin: known.origin.clone(),
            size: last.checkpoint().size,
            root: last.checkpoint().root,
            checkpoint: last.verbatim().to_owned(),
            reason: self.reason.clone(),
        };
        let new = NewLedger { origin: origin.clone(), base_url, mark_file: self.folder.default_mark_file() };
        let created = create_after(&self.folder, &new, Some(&predecessor), clock)?;
        copy_what_the_operator_wrote(old, &self.folder)?;
        Ok(Successor { origin, folder: self.folder.clone(), predecessor, created })
    }
}

/// The mark already shows what the ledger lacks, or is made to: by the checkpoint that does. So no start ever writes it again.
fn guard(reader: &LedgerReader, head: &Head, mark_file: &Path, known: &Known) -> Result<(), SuccessionError> {
    let io = |source| SuccessionError::Mark { path: mark_file.to_owned(), source };
    let contradicts = |mark: &HighWater| Ok::<_, StoreError>(contradiction(reader.rows(), head, mark, mark_file)?.is_some());
    if let Some(mark) = HighWater::read(mark_file).map_err(io)?
        && contradicts(&mark)?
    {
        return Ok(());
    }
    for checkpoint in known.kept.iter().map(SignedCheckpoint::checkpoint) {
        let mark = HighWater { origin: known.origin.as_str().to_owned(), size: checkpoint.size, root: checkpoint.root };
        if contradicts(&mark)? {
            let write = || {
                let mut file = MarkFile::open(mark_file)?;
                file.write(&mark)?;
                file.sync()
            };
            return write().map_err(io);
        }
    }
    Ok(())
}

/// `…/2` after a first epoch, `…/3` after that one.
fn next_origin(origin: &Origin, first: Option<&OpenedEntry>) -> Option<Origin> {
    let is_later_epoch = first.is_some_and(|entry| entry.members.contains_key("/predecessor"));
    let epoch = origin.as_str().rsplit_once('/').and_then(|(stem, last)| Some((stem, last.parse::<u32>().ok()?)));
    match epoch {
        Some((stem, number)) if is_later_epoch => Origin::parse(&format!("{stem}/{}", number.checked_add(1)?)),
        _ => Origin::parse(&format!("{origin}/2")),
    }
}

fn copy_what_the_operator_wrote(old: &Folder, new: &Folder) -> Result<(), SuccessionError> {
    let mut files = vec![old.catalogue_file(), old.settings_file(), old.issuers_file()];
    files.extend(key_sets(old)?.inside.into_iter().map(|path| old.root().join(path)));
    for file in files.into_iter().filter(|file| file.exists()) {
        let target = new.root().join(file.strip_prefix(old.root()).unwrap_or(&file));
        let copied = fs::create_dir_all(target.parent().unwrap_or(new.root())).and_then(|()| fs::copy(&file, &target));
        copied.map_err(|source| SuccessionError::Copy { path: file, source })?;
    }
    Ok(())
}
