//! The log keys of this ledger: which entries put them in force, which files hold them, and which sign the next checkpoint. The
//! entries decide; the files follow. Nothing is signed here.
//!
//! ```text
//! keys/log.next.pem  is written          → the entry is durable           → log.pem also log.ID.pem → log.next.pem becomes log.pem
//!                    ^ a stop: unused,     ---- point of no return ----     ^ a stop here or after: the next start goes on
//!                    the next rotation takes it
//! ```

use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use crate::domain::key_rotated::{KEY_ROTATED, KeyRotated, LOG_KEY};
use crate::domain::log_keys::{Because, KeyHistory, MustSign, Overlap};
use crate::service::folder::{Folder, FolderError};
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::checkpoint::{CheckpointError, SignedCheckpoint, UnverifiedCheckpoint};
use crate::tlog::entry::Origin;
use crate::tlog::key::SigningKey;
use crate::tlog::note::NoteError;
use crate::tlog::position::{LeafIndex, MAX_POSITION, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::{KeyName, NoteSigner, Vkey};

/// The keys that this process can sign checkpoints with.
pub struct LogKeys {
    /// What entry 0 names.
    first: Vkey,
    held: Mutex<Vec<NoteSigner>>,
}

/// Why the keys at hand are not those that the ledger's entries call for.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// The entries cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A key that must sign is not there.
    #[error("the log key {vkey} must sign ({why}), and no file in keys/ holds it")]
    Missing {
        /// Which.
        vkey: String,
        /// Why it must.
        why: String,
    },
}

impl From<StoreError> for LogKeyError {
    fn from(e: StoreError) -> Self {
        Self::Read(ReadError::Store(e))
    }
}

impl LogKeys {
    /// Of a ledger that is being made, which has one key.
    pub fn of_new(signer: NoteSigner) -> Self {
        Self { first: signer.vkey().clone(), held: Mutex::new(vec![signer]) }
    }

    /// What the files hold. Without a readable `keys/log.pem` there is none; without a readable entry 0 that key is taken for the first.
    pub fn load(folder: &Folder, origin: &Origin, rows: Rows<'_>) -> Result<Self, FolderError> {
        let present = log_signer(folder, origin)?;
        let first = first_key(rows).ok().flatten().unwrap_or_else(|| present.vkey().clone());
        let keys = Self { first, held: Mutex::new(vec![present]) };
        match next_signer(folder, origin) {
            Ok(Some(next)) => keys.hold(next),
            Ok(None) => {}
            Err(e) => warn!(error = %e, "a key that was never named is not whole; the next rotation makes another"),
        }
        if let Ok(history) = keys.history(rows) {
            for overlap in history.overlaps() {
                let path = folder.old_log_key_file(overlap.old.id());
                match read_signer(folder, &path, origin) {
                    Ok(old) => keys.held().extend(old),
                    Err(e) => warn!(error = %e, "an earlier log key cannot be read"),
                }
            }
        }
        Ok(keys)
    }

    /// The history of a ledger whose rotations cannot be read.
    pub fn first_alone(&self) -> KeyHistory {
        KeyHistory::new(self.first.clone())
    }

    /// Holds one more.
    pub fn hold(&self, signer: NoteSigner) {
        self.held().push(signer);
    }

    /// The one with that public half, if it is held.
    pub fn signer(&self, vkey: &Vkey) -> Option<NoteSigner> {
        self.held().iter().find(|signer| signer.vkey() == vkey).cloned()
    }

    /// The keys that entry 0 and the rotations after it put in force. A rotation that does not hold is damage: no sequencer wrote it.
    pub fn history(&self, rows: Rows<'_>) -> Result<KeyHistory, ReadError> {
        let mut history = KeyHistory::new(self.first.clone());
        for index in rows.all_of(KEY_ROTATED)? {
            let broken = |reason: String| ReadError::Damaged { index, reason };
            let opened = open_entry(rows, index)?.ok_or_else(|| broken("it is missing".to_owned()))?;
            follow(&mut history, &opened).map_err(broken)?;
        }
        Ok(history)
    }

    /// Whoever signs the checkpoint of that size, the key in force first. `recorded_at` is when the last entry that it covers was.
    pub fn signers(&self, rows: Rows<'_>, size: TreeSize, recorded_at: Timestamp) -> Result<Vec<NoteSigner>, LogKeyError> {
        let history = self.history(rows)?;
        let needed = must_sign(rows, &history, size, recorded_at)?;
        needed.iter().map(|one| self.signer(one.vkey).ok_or_else(|| missing(one))).collect()
    }

    /// Puts the key files into the order that the entries call for, wherever an earlier process stopped, and removes a key that no
    /// later checkpoint asks for.
    pub fn settle(&self, folder: &Folder, rows: Rows<'_>, origin: &Origin) -> Result<(), FolderError> {
        // What cannot be read was named at start; no file is touched because of it.
        let Ok(history) = self.history(rows) else { return Ok(()) };
        let (pem, next) = (folder.log_key_file(), folder.next_log_key_file());
        let present = log_signer(folder, origin)?;
        if next_signer(folder, origin).ok().flatten().is_some_and(|signer| signer.vkey() == history.present()) {
            if present.vkey() != history.present() {
                folder.keep_secret_as(&pem, &folder.old_log_key_file(present.vkey().id()))?;
            }
            folder.replace_secret(&pem, &next)?;
            info!(vkey = %history.present(), "the new log key has its place");
        }
        for overlap in history.overlaps() {
            let path = folder.old_log_key_file(overlap.old.id());
            if path.exists() && is_over(rows, overlap).unwrap_or(false) {
                folder.remove_secret(&path)?;
                info!(vkey = %overlap.old, "the overlap is over: the old log key is removed");
            }
        }
        Ok(())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<NoteSigner>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys that must sign the checkpoint of that size, given those that are stored.
pub fn must_sign<'h>(
    rows: Rows<'_>,
    history: &'h KeyHistory,
    size: TreeSize,
    recorded_at: Timestamp,
) -> Result<Vec<MustSign<'h>>, StoreError> {
    let before = match size.get().checked_sub(1).and_then(TreeSize::new) {
        Some(smaller) => rows.checkpoint(smaller)?.map_or(TreeSize::ZERO, |(size, _)| size),
        None => TreeSize::ZERO,
    };
    Ok(history.must_sign(size, Some(recorded_at), before))
}

/// Verifies that every key that must sign has; else says which has not, and why.
pub fn verify_signed<'h>(
    checkpoint: &UnverifiedCheckpoint,
    origin: &Origin,
    needed: &[MustSign<'h>],
) -> Result<SignedCheckpoint, (Option<MustSign<'h>>, CheckpointError)> {
    let mut signed = Err((None, NoteError::NoKnownSignature.into()));
    for one in needed {
        signed = checkpoint.clone().verify(origin, std::slice::from_ref(one.vkey)).map_err(|e| (Some(*one), e));
        if signed.is_err() {
            break;
        }
    }
    signed
}

/// Follows the rotation that an entry tells of, or says why not.
pub fn follow(history: &mut KeyHistory, opened: &OpenedEntry) -> Result<(), String> {
    let rotated = KeyRotated::from_members(&opened.members).map_err(|e| e.to_string())?;
    history.follow(opened.index, &rotated).map_err(|e| e.to_string())
}

/// Whether no checkpoint to come asks for the old key: one covers the rotation, and the last entry was recorded past the overlap.
fn is_over(rows: Rows<'_>, overlap: Overlap<'_>) -> Result<bool, ReadError> {
    let all = TreeSize::new(MAX_POSITION).unwrap_or_default();
    let is_covered = rows.checkpoint(all)?.is_some_and(|(size, _)| size.contains(overlap.index));
    let last = rows.head()?.and_then(|head| head.size.last_index());
    let last = last.map(|index| open_entry(rows, index)).transpose()?.flatten();
    Ok(is_covered && last.is_some_and(|entry| entry.header.recorded_at >= overlap.until))
}

fn missing(one: &MustSign<'_>) -> LogKeyError {
    let why = match one.because {
        Because::InForce => "it is in force".to_owned(),
        Because::FirstToCover(index) => format!("no checkpoint covers the rotation away from it, entry {index}"),
        Because::InOverlap(index) => format!("the overlap of the rotation at entry {index} has not ended"),
    };
    LogKeyError::Missing { vkey: one.vkey.to_string(), why }
}

fn first_key(rows: Rows<'_>) -> Result<Option<Vkey>, ReadError> {
    let Some(created) = LeafIndex::new(0).map(|first| open_entry(rows, first)).transpose()?.flatten() else { return Ok(None) };
    Ok(created.text(LOG_KEY).and_then(|text| Vkey::parse(text).ok()))
}

/// The log key in `keys/log.pem`, named as the ledger.
pub fn log_signer(folder: &Folder, origin: &Origin) -> Result<NoteSigner, FolderError> {
    let path = folder.log_key_file();
    read_signer(folder, &path, origin)?
        .ok_or_else(|| FolderError::BadKey { path: path.display().to_string(), reason: "it is missing".to_owned() })
}

/// The public halves of all log keys that files hold; `keys/log.pem` must.
pub fn stored_vkeys(folder: &Folder, origin: &Origin) -> Result<Vec<Vkey>, FolderError> {
    let mut vkeys = vec![log_signer(folder, origin)?.vkey().clone()];
    for path in folder.other_log_key_files()? {
        // Half of a key that no entry names is no key.
        vkeys.extend(read_signer(folder, &path, origin).ok().flatten().map(|signer| signer.vkey().clone()));
    }
    Ok(vkeys)
}

/// The key that was made to be the next one, if there is one.
pub fn next_signer(folder: &Folder, origin: &Origin) -> Result<Option<NoteSigner>, FolderError> {
    read_signer(folder, &folder.next_log_key_file(), origin)
}

fn read_signer(folder: &Folder, path: &std::path::Path, origin: &Origin) -> Result<Option<NoteSigner>, FolderError> {
    let bad = |reason: &str| FolderError::BadKey { path: path.display().to_string(), reason: reason.to_owned() };
    let Some(pem) = folder.read_text(path)? else { return Ok(None) };
    let key = SigningKey::from_pem(&pem).map_err(|e| bad(&e.to_string()))?;
    let name = KeyName::parse(origin.as_str()).ok_or_else(|| bad("the origin cannot name a key"))?;
    Ok(Some(NoteSigner::new(name, key)))
}
