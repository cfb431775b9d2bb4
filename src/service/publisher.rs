//! Reads back what was committed, recomputes it through another connection, and only then signs a checkpoint over it, with the
//! keys that the entries call for. A checkpoint is released after it is kept and after the high-water mark is on disk. Nothing is
//! signed that is not durable.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info};

use crate::service::bell::{Bell, Call};
use crate::service::high_water::MarkFile;
use crate::service::log_keys::{LogKeyError, LogKeys};
use crate::service::opened::{ReadError, matches_commitment, open_entry, open_payload};
use crate::service::queue::{Command, Queue, WriterState};
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::store::rows::{Head, Rows};
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::entry::{EntryHeader, Origin};
use crate::tlog::hash::LeafHash;
use crate::tlog::key_rotation::{CrossSignatures, KeyRotation, KeyRotationError};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tree::Frontier;
use crate::tlog::vkey::NoteSigner;

/// At most this often a checkpoint is signed.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// Entries read back in one snapshot.
const READ_BACK_ENTRIES: u64 = 10_000;

/// The newest released checkpoint.
#[derive(Clone, Debug)]
pub struct Published {
    /// How many entries it covers.
    pub size: TreeSize,
    /// The signed note.
    pub note: String,
    /// The time of recording of the last entry it covers.
    pub recorded_at: Timestamp,
}

/// Signs the tree as it grows.
pub struct Publisher {
    pool: Arc<ReadPool>,
    queue: Queue,
    keys: Arc<LogKeys>,
    mark: MarkFile,
    origin: Origin,
    verified: VerifiedEdge,
    released: watch::Sender<Option<Published>>,
    state: watch::Sender<WriterState>,
}

/// How far entries have been read back and found right.
#[derive(Clone, Default)]
pub struct VerifiedEdge {
    /// The tree over them.
    pub frontier: Frontier,
    /// The last one's hash.
    pub leaf_hash: Option<LeafHash>,
    /// The last one's time.
    pub recorded_at: Option<Timestamp>,
}

/// What a publisher is made of.
pub struct PublisherParts {
    /// Reads back.
    pub pool: Arc<ReadPool>,
    /// Keeps checkpoints through the one writer.
    pub queue: Queue,
    /// The log keys.
    pub keys: Arc<LogKeys>,
    /// Synced before a checkpoint is released.
    pub mark: MarkFile,
    /// Which ledger.
    pub origin: Origin,
    /// How far the ledger has been verified at start.
    pub verified: VerifiedEdge,
    /// Told of every release.
    pub released: watch::Sender<Option<Published>>,
    /// Told when what was read back is wrong.
    pub state: watch::Sender<WriterState>,
}

impl Publisher {
    /// Starts where the verification at start ended.
    pub fn new(parts: PublisherParts) -> Self {
        let PublisherParts { pool, queue, keys, mark, origin, verified, released, state } = parts;
        Self { pool, queue, keys, mark, origin, verified, released, state }
    }

    /// Signs whenever the ledger has grown, at most once an interval. Told to stop, it signs what is left first.
    pub fn run(mut self, heads: &watch::Receiver<Head>, bell: &Bell, interval: Duration) {
        loop {
            let call = bell.wait();
            let size = heads.borrow().size;
            if self.released_size() != Some(size) && !self.publish(size) {
                return;
            }
            if call == Call::Stop {
                return;
            }
            bell.pause(interval);
            if self.released_size() != Some(size) {
                bell.ring(); // a passing fault: whoever waits for the checkpoint must not wait for the next event
            }
        }
    }

    fn released_size(&self) -> Option<TreeSize> {
        self.released.borrow().as_ref().map(|published| published.size)
    }

    /// Signs a checkpoint of that size. `false`: what was read back is wrong, or the writer is gone; nothing more is signed.
    pub fn publish(&mut self, size: TreeSize) -> bool {
        match self.sign_and_release(size) {
            Ok(()) => true,
            Err(PublishError::Closed) => false,
            Err(
                PublishError::Read(ReadError::Damaged { index, reason })
                | PublishError::Keys(LogKeyError::Read(ReadError::Damaged { index, reason })),
            ) => {
                error!(entry.index = index.get(), reason, "what was read back is not what was written: nothing more is signed or written");
                self.state.send_replace(WriterState::ReadOnly(format!("entry {index} was read back damaged: {reason}")));
                false
            }
            Err(e) => {
                error!(error = ?e, "the checkpoint of size {size} could not be made; the next one will be tried");
                true
            }
        }
    }

    fn sign_and_release(&mut self, size: TreeSize) -> Result<(), PublishError> {
        while self.verified.frontier.size() < size {
            let verified = self.verified.clone();
            self.verified = self.pool.read(|rows| verified.extend(rows, &self.origin, size, READ_BACK_ENTRIES))?;
        }
        let Some(recorded_at) = self.verified.recorded_at else { return Ok(()) };
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root: self.verified.frontier.root() };
        let signers = self.pool.read(|rows| self.keys.signers(rows, size, recorded_at))?;
        let signed = checkpoint.sign(&signers.iter().collect::<Vec<_>>()).map_err(|e| PublishError::Sign(e.to_string()))?;
        self.keep(&signed)?;
        self.mark.sync().map_err(|e| PublishError::Mark(e.to_string()))?;
        // ---- point of no return: others may hold the checkpoint from here on ----
        info!(checkpoint.size = size.get(), "checkpoint");
        self.released.send_replace(Some(Published { size, note: signed.verbatim().to_owned(), recorded_at }));
        Ok(())
    }

    fn keep(&self, signed: &SignedCheckpoint) -> Result<(), PublishError> {
        let (reply, kept) = tokio::sync::oneshot::channel();
        let command = Command::SaveCheckpoint { size: signed.checkpoint().size, note: signed.verbatim().to_owned(), reply };
        self.queue.command_blocking(command).map_err(|_| PublishError::Closed)?;
        Ok(kept.blocking_recv().map_err(|_| PublishError::Closed)??)
    }
}

/// The one thing beside checkpoints that log keys sign: which key follows which (FORMAT.md section 10).
pub fn sign_rotation(old: &NoteSigner, new: &NoteSigner) -> Result<(KeyRotation, CrossSignatures), KeyRotationError> {
    KeyRotation::sign(old, new)
}

#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] LogKeyError),
    #[error("signing failed: {0}")]
    Sign(String),
    #[error("the high-water mark could not be synced: {0}")]
    Mark(String),
    #[error("the writer is gone")]
    Closed,
}

impl VerifiedEdge {
    /// Goes on over up to `limit` entries: header, place, link, time and payload of each.
    pub fn extend(mut self, rows: Rows<'_>, origin: &Origin, size: TreeSize, limit: u64) -> Result<Self, ReadError> {
        let from = self.frontier.size().get();
        let until = size.get().min(from.saturating_add(limit));
        let mut next = from;
        rows.each_entry(from, until - from, |index, bytes| {
            let place = LeafIndex::new(index).ok_or_else(|| StoreError::Unusable("an index past 2^53".to_owned()))?;
            if index != next {
                return Err(ReadError::Damaged { index: place, reason: format!("entry {next} is missing before it") });
            }
            self = std::mem::take(&mut self).step(rows, origin, place, bytes)?;
            next += 1;
            Ok(())
        })?;
        if next == until {
            return Ok(self);
        }
        let missing = LeafIndex::new(next).unwrap_or(size.next_index());
        Err(ReadError::Damaged { index: missing, reason: "it is missing".to_owned() })
    }

    fn step(mut self, rows: Rows<'_>, origin: &Origin, place: LeafIndex, bytes: &[u8]) -> Result<Self, ReadError> {
        let broken = |reason: &str| ReadError::Damaged { index: place, reason: reason.to_owned() };
        let payload = rows.payload(place)?.ok_or_else(|| broken("its payload is lost"))?;
        let header = EntryHeader::parse(bytes).map_err(|e| broken(&e.to_string()))?;
        if header.index != place {
            return Err(broken(&format!("its header says index {}", header.index)));
        }
        if !matches_commitment(header.payload, &payload) {
            open_payload(header.payload, &payload).map_err(|reason| broken(&reason))?;
        }
        check_link(&header, origin, self.leaf_hash, self.recorded_at).map_err(broken)?;
        let leaf_hash = LeafHash::of(bytes);
        self.frontier.append(leaf_hash);
        self.leaf_hash = Some(leaf_hash);
        self.recorded_at = Some(header.recorded_at);
        Ok(self)
    }

    /// Takes `size` entries for verified under a checkpoint whose signature and root have been checked.
    pub fn resume(rows: Rows<'_>, frontier: Frontier) -> Result<Self, ReadError> {
        let Some(last) = frontier.size().last_index() else { return Ok(Self::default()) };
        let opened = open_entry(rows, last)?.ok_or_else(|| ReadError::Damaged { index: last, reason: "it is missing".to_owned() })?;
        Ok(Self { frontier, leaf_hash: Some(opened.leaf_hash), recorded_at: Some(opened.header.recorded_at) })
    }
}

/// FORMAT.md section 6, items 2 and 4: the ledger, the link and the time.
pub fn check_link(
    header: &EntryHeader,
    origin: &Origin,
    before: Option<LeafHash>,
    recorded_before: Option<Timestamp>,
) -> Result<(), &'static str> {
    if header.log != *origin {
        return Err("it belongs to another ledger");
    }
    if header.prev != before.unwrap_or(LeafHash::GENESIS) {
        return Err("its link does not match the entry before it");
    }
    if recorded_before.is_some_and(|earlier| header.recorded_at < earlier) {
        return Err("it was recorded earlier than the entry before it");
    }
    Ok(())
}
