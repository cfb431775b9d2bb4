//! Rotating the log key (FORMAT.md section 10, docs/KEY_ROTATION.md): a new key is made, both sign that one follows the other, an entry
//! says so, and the first checkpoint over it carries both signatures. It needs the ledger for itself: a server that is running goes on
//! signing with the key that it has.
//!
//! The new key is durable in a file before the entry is, and the entry before the files change places; `log_keys` tells what a stop
//! in between leaves.

use crate::domain::key_rotated::{KEY_ROTATED, KeyRotated, KeyRotatedError, Reason};
use crate::service::derivation::own_entry;
use crate::service::folder::{Folder, FolderError, random_32};
use crate::service::ledger::{Ledger, LedgerConfig, OpenError};
use crate::service::log_keys::next_signer;
use crate::service::opened::ReadError;
use crate::service::pass::Refusal;
use crate::service::publisher::sign_rotation;
use crate::service::queue::{WriteFailure, WriterState};
use crate::tlog::entry::Origin;
use crate::tlog::key::SigningKey;
use crate::tlog::key_rotation::KeyRotationError;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::{KeyName, NoteSigner, Vkey};

/// For how many days both keys sign, unless told otherwise.
pub const OVERLAP_DAYS: u16 = 30;
/// The longest overlap.
pub const MAX_OVERLAP_DAYS: u16 = 3650;

const DAY_MS: i64 = 86_400_000;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key before.
    pub old: Vkey,
    /// The key from now on.
    pub new: Vkey,
    /// The entry that says so.
    pub index: LeafIndex,
    /// So long both sign.
    pub overlap_until: Timestamp,
    /// The first checkpoint that covers it, signed by both.
    pub checkpoint: String,
}

/// Why the key was not rotated, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Somebody serves the ledger.
    #[error("{0}: stop the server first, rotate the key, start it again")]
    Served(FolderError),
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(OpenError),
    /// A ledger that contradicts its past names no new key.
    #[error("the ledger is read-only, and its key stays: {0}")]
    ReadOnly(String),
    /// A key file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The keys do not follow each other.
    #[error("the new key cannot follow the old one")]
    Keys(#[from] KeyRotationError),
    /// The entry is none.
    #[error("the rotation cannot be told in an entry")]
    Entry(#[from] KeyRotatedError),
    /// The overlap would end past the year 9999.
    #[error("the overlap is too long")]
    Overlap,
    /// Nothing was recorded, or nobody knows: the next start finds out, and either key is in its place then.
    #[error("the rotation could not be recorded; run `onus rotate-key` again, which takes the same new key")]
    Write(#[from] WriteFailure),
    /// The entry was refused.
    #[error("the rotation could not be recorded")]
    Refused(#[from] Refusal),
    /// The store.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The entry is there, and the checkpoint is not.
    #[error("the rotation is recorded in entry {index}, and no checkpoint covers it yet: start the server, which signs it with both keys")]
    Unsigned {
        /// Where.
        index: LeafIndex,
    },
}

impl From<OpenError> for RotationError {
    fn from(e: OpenError) -> Self {
        match e {
            OpenError::Folder(served @ FolderError::InUse(_)) => Self::Served(served),
            other => Self::Open(other),
        }
    }
}

/// Rotates the log key of a ledger that nobody serves.
pub fn rotate(config: LedgerConfig, reason: Reason, overlap_days: u16) -> Result<Rotated, RotationError> {
    let ledger = Ledger::open(config)?;
    let (rotated, index) = record(&ledger, reason, overlap_days)?;
    // ---- point of no return: the entry is durable ----
    ledger.read(|rows| Ok::<_, ReadError>(ledger.log_keys().settle(ledger.folder(), rows, ledger.origin())))??;
    // Closing signs what is left.
    ledger.close();
    let published = ledger.published().filter(|published| published.size.contains(index)).ok_or(RotationError::Unsigned { index })?;
    Ok(Rotated {
        old: rotated.old_key().clone(),
        new: rotated.new_key().clone(),
        index,
        overlap_until: rotated.overlap_until(),
        checkpoint: published.note,
    })
}

/// Makes the new key, and the entry.
fn record(ledger: &Ledger, reason: Reason, overlap_days: u16) -> Result<(KeyRotated, LeafIndex), RotationError> {
    if let WriterState::ReadOnly(reason) = ledger.state() {
        return Err(RotationError::ReadOnly(reason));
    }
    let now = ledger.clock().now();
    let overlap_until = now.plus_ms(i64::from(overlap_days) * DAY_MS).ok_or(RotationError::Overlap)?;
    let old = ledger.log_keys().signer(ledger.vkey()).ok_or_else(|| RotationError::ReadOnly("the log key is not there".to_owned()))?;
    let new = next_key(ledger.folder(), ledger.origin())?;
    let (rotation, signatures) = sign_rotation(&old, &new)?;
    let rotated = KeyRotated::new(rotation, signatures, reason, overlap_until)?;
    ledger.log_keys().hold(new);
    let mut members = rotated.to_members();
    members.insert("/event_id".to_owned(), format!("{KEY_ROTATED}/{}", ledger.size()).into());
    members.insert("/occurred_at".to_owned(), now.to_string().into());
    let mut answers = ledger.queue()?.append_blocking(vec![own_entry(KEY_ROTATED, members, ledger.keys())], true)?;
    let appended = answers.pop().ok_or(WriteFailure::Unavailable)?.outcome?;
    Ok((rotated, appended.index))
}

/// The key that a rotation before this one made and did not come to name; else a new one, durable before anything names it.
fn next_key(folder: &Folder, origin: &Origin) -> Result<NoteSigner, RotationError> {
    let path = folder.next_log_key_file();
    match next_signer(folder, origin) {
        Ok(Some(next)) => return Ok(next),
        Ok(None) => {}
        // Half a key: its process died while it wrote the file, and so before any entry could name it.
        Err(FolderError::BadKey { .. }) => folder.remove_secret(&path)?,
        Err(e) => return Err(e.into()),
    }
    let name = KeyName::parse(origin.as_str())
        .ok_or_else(|| FolderError::BadKey { path: path.display().to_string(), reason: "the origin cannot name a key".to_owned() })?;
    let key = SigningKey::from_seed(&random_32());
    folder.write_secret(&path, key.to_pem().as_bytes())?;
    Ok(NoteSigner::new(name, key))
}
