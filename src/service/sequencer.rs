//! The heart: one thread, sole owner of the write connection. It takes what is queued, gives each event its place, and answers
//! only after the commit.
//!
//! ```text
//! submissions → BEGIN → seen before? → assess → header, leaf, tree → INSERT → read back → COMMIT
//!             ---- point of no return ----
//!             → high-water mark → answer every waiting caller
//! ```
//!
//! Recovery runs nothing of its own: what an earlier process committed is simply the state that the next batch starts from.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use crate::domain::assessment::{self, RULES, header_codes};
use crate::domain::event::EventKind;
use crate::domain::finding::Code;
use crate::domain::members::same_members;
use crate::service::bell::Bell;
use crate::service::clock::{Clock, StepGuard};
use crate::service::derivation::{Changes, derive, reassess};
use crate::service::figures;
use crate::service::high_water::{HighWater, MarkFile};
use crate::service::opened::{ReadError, open_entry};
use crate::service::past::{LedgerPast, PastCache};
use crate::service::pending::{EventKeys, PendingEntry};
use crate::service::queue::{Command, Submission, WriteFailure, WriterState};
use crate::service::tiling::TileEdge;
use crate::store::batch::{Batch, LedgerWriter, NewEntry};
use crate::store::connection::StoreError;
use crate::store::rows::Head;
use crate::tlog::entry::{Assessment, EntryError, EntryHeader, EntryType, Origin};
use crate::tlog::hash::{LeafHash, sha256};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tree::Frontier;

/// Most events in one transaction: bounds the memory of a batch and how long one caller waits for another's events.
pub const MAX_BATCH_EVENTS: usize = 8192;

/// An event with its place: durable, in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place.
    pub index: LeafIndex,
    /// The entry, byte for byte.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub leaf_hash: LeafHash,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The codes in its header.
    pub findings: Vec<Code>,
    /// Whether it had been recorded before and this is the first receipt again.
    pub is_replay: bool,
}

/// Why an event was not recorded. The caller can act on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its (source, event_id) stands for another event.
    #[error("this event_id was reported before with other content (entry {index}; differing: {})", names.join(", "))]
    EventIdConflict {
        /// The entry that has it.
        index: LeafIndex,
        /// The members that differ.
        names: Vec<String>,
    },
    /// Its delegation id is taken.
    #[error("the delegation {id} was granted before (entry {index})")]
    DelegationExists {
        /// The id.
        id: String,
        /// The entry that grants it.
        index: LeafIndex,
    },
}

/// What one transaction starts from and leaves behind.
#[derive(Clone)]
struct Edge {
    head: Head,
    recorded_at: Option<Timestamp>,
    frontier: Frontier,
    tiles: TileEdge,
}

/// Gives events their places.
pub struct Sequencer {
    writer: LedgerWriter,
    edge: Edge,
    origin: Origin,
    keys: EventKeys,
    clock: Arc<dyn Clock>,
    steps: StepGuard,
    mark: MarkFile,
    cache: RefCell<PastCache>,
    heads: watch::Sender<Head>,
    bells: Vec<Arc<Bell>>,
    state: watch::Sender<WriterState>,
}

/// What went wrong within a batch that can still be undone.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("an entry cannot be written as FORMAT.md section 1 says")]
    Entry(#[from] EntryError),
    #[error("what was written differs from what was committed to at index {0}")]
    ReadBack(u64),
    #[error("the ledger is full: no index past 2^53 − 1")]
    Full,
}

/// What a sequencer is made of.
pub struct SequencerParts {
    /// The one write connection.
    pub writer: LedgerWriter,
    /// Keys the deduplication.
    pub keys: EventKeys,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The high-water mark.
    pub mark: MarkFile,
    /// Told of every commit.
    pub heads: watch::Sender<Head>,
    /// Rung after every commit: publisher and indexer.
    pub bells: Vec<Arc<Bell>>,
    /// Told whether it can write.
    pub state: watch::Sender<WriterState>,
}

impl Sequencer {
    /// Starts from what is committed.
    pub fn new(parts: SequencerParts) -> Result<Self, ReadError> {
        let rows = parts.writer.rows();
        let head = rows.head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
        let origin = Origin::parse(&head.origin).ok_or_else(|| StoreError::Unusable("the ledger file's origin is not one".to_owned()))?;
        let recorded_at = match head.size.last_index() {
            Some(last) => open_entry(rows, last)?.map(|e| e.header.recorded_at),
            None => None,
        };
        let tiles = TileEdge::load(rows, head.size)?;
        let frontier = tiles.frontier();
        let steps = recorded_at.map_or_else(|| StepGuard::new(&*parts.clock), |last| StepGuard::after(&*parts.clock, last));
        let SequencerParts { writer, keys, clock, mark, heads, bells, state } = parts;
        let edge = Edge { head, recorded_at, frontier, tiles };
        Ok(Self { writer, edge, origin, keys, clock, steps, mark, cache: RefCell::default(), heads, bells, state })
    }

    /// Serves the queue until it is closed, or until nobody knows what is on disk.
    pub fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        while let Some(command) = queue.blocking_recv() {
            let mut submissions = Vec::new();
            let mut others = Vec::new();
            let mut events = 0;
            let mut next = Some(command);
            while let Some(command) = next {
                match command {
                    Command::Append(submission) => {
                        events += submission.entries.len();
                        submissions.push(submission);
                    }
                    other => others.push(other),
                }
                next = if events < MAX_BATCH_EVENTS { queue.try_recv().ok() } else { None };
            }
            if !submissions.is_empty() && self.append(submissions).is_err() {
                return;
            }
            for command in others {
                match command {
                    Command::SaveCheckpoint { size, note, reply } => {
                        // The publisher may be gone; then nobody releases it either.
                        let _ = reply.send(self.save_checkpoint(size, &note));
                    }
                    Command::ConfirmClock { reply } => {
                        self.steps = StepGuard::new(&*self.clock);
                        self.state.send_replace(WriterState::Writing);
                        let _ = reply.send(());
                    }
                    Command::Append(_) => {}
                }
            }
        }
        match self.writer.move_wal_into_file() {
            Ok(()) => info!(entry.count = self.edge.head.size.get(), "the ledger is closed"),
            Err(e) => warn!(error = %e, "the write-ahead log stays beside the ledger file"),
        }
    }

    /// One transaction over all submissions. An error means that the process must not write again.
    fn append(&mut self, submissions: Vec<Submission>) -> Result<(), ()> {
        if let Some(failure) = self.must_not_write() {
            for submission in submissions {
                submission.refuse(failure.clone());
            }
            return Ok(());
        }
        let started = Instant::now();
        let (answers, edge) = match self.write(&submissions) {
            Ok(written) => written,
            Err(BatchFailure::Undone(failure)) => {
                self.writer.forget();
                self.cache.take();
                for submission in submissions {
                    submission.refuse(failure.clone());
                }
                return Ok(());
            }
            Err(BatchFailure::OutcomeUnknown) => {
                self.state.send_replace(WriterState::OutcomeUnknown);
                for submission in submissions {
                    submission.refuse(WriteFailure::OutcomeUnknown);
                }
                return Err(());
            }
        };
        // ---- point of no return: the batch is durable ----
        figures::committed(edge.head.size.get() - self.edge.head.size.get(), started.elapsed());
        self.edge = edge;
        let mark = HighWater { origin: self.edge.head.origin.clone(), size: self.edge.head.size, root: self.edge.frontier.root() };
        if let Err(e) = self.mark.write(&mark) {
            warn!(error = %e, path = %self.mark.path().display(), "the high-water mark could not be written: a rollback would not be noticed");
        }
        self.heads.send_replace(self.edge.head.clone());
        for bell in &self.bells {
            bell.ring();
        }
        for (submission, answer) in submissions.into_iter().zip(answers) {
            submission.answer(answer);
        }
        Ok(())
    }

    fn must_not_write(&mut self) -> Option<WriteFailure> {
        if let WriterState::ReadOnly(reason) = &*self.state.borrow() {
            return Some(WriteFailure::ReadOnly(reason.clone()));
        }
        let step_ms = self.steps.step_ms(&*self.clock)?;
        error!(clock.step_ms = step_ms, "the clock was set: writing stops until an operator confirms it");
        self.state.send_replace(WriterState::ClockJumped { step_ms });
        Some(WriteFailure::ClockJumped { step_ms })
    }

    #[expect(clippy::type_complexity, reason = "answers beside the edge they lead to; a name would be used once")]
    fn write(&mut self, submissions: &[Submission]) -> Result<(Vec<Vec<Result<Appended, Refusal>>>, Edge), BatchFailure> {
        let now = self.clock.now();
        let mut pass =
            Pass { batch: self.writer.begin()?, edge: self.edge.clone(), origin: &self.origin, keys: &self.keys, cache: &self.cache, now };
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            answers.push(pass.take_submission(submission)?);
        }
        let Pass { mut batch, edge, .. } = pass;
        if edge.head.size == self.edge.head.size {
            return Ok((answers, edge)); // only replays and refusals: dropping the batch rolls nothing back
        }
        read_back(&batch, &self.edge.head, &edge.head, submissions)?;
        batch.move_head(&self.edge.head, edge.head.size, edge.head.leaf_hash).map_err(BatchError::from)?;
        batch.commit().map_err(BatchFailure::at_commit)?;
        Ok((answers, edge))
    }

    fn save_checkpoint(&mut self, size: TreeSize, note: &str) -> Result<(), StoreError> {
        let mut batch = self.writer.begin()?;
        batch.add_checkpoint(size, note)?;
        batch.commit()
    }
}

/// Why a batch is not known to be durable.
enum BatchFailure {
    /// It is not there, and will not be.
    Undone(WriteFailure),
    /// An IO error at commit: it may be there after the next start.
    OutcomeUnknown,
}

impl BatchFailure {
    fn at_commit(e: StoreError) -> Self {
        // A full disk is known: the frame that would have made the batch valid was not written. Any other IO error is not.
        if e.is_full() {
            return Self::from(BatchError::Store(e));
        }
        error!(error = ?e, "the commit failed and nobody knows whether it took effect: this process stops");
        Self::OutcomeUnknown
    }
}

impl From<BatchError> for BatchFailure {
    fn from(e: BatchError) -> Self {
        error!(error = ?e, "a batch was undone");
        Self::Undone(WriteFailure::Unavailable)
    }
}

impl From<StoreError> for BatchFailure {
    fn from(e: StoreError) -> Self {
        Self::from(BatchError::Store(e))
    }
}

/// One pass over the queue: an open transaction and the edge it will leave behind.
struct Pass<'s> {
    batch: Batch<'s>,
    edge: Edge,
    origin: &'s Origin,
    keys: &'s EventKeys,
    cache: &'s RefCell<PastCache>,
    now: Timestamp,
}

impl Pass<'_> {
    fn take_submission(&mut self, submission: &Submission) -> Result<Vec<Result<Appended, Refusal>>, BatchError> {
        if !submission.is_atomic {
            return submission.entries.iter().map(|entry| self.take(entry)).collect();
        }
        let before = self.edge.clone();
        self.batch.mark()?;
        let mut answers = Vec::with_capacity(submission.entries.len());
        for entry in &submission.entries {
            answers.push(self.take(entry)?);
        }
        if answers.iter().all(Result::is_ok) {
            self.batch.keep_mark()?;
        } else {
            self.batch.undo_to_mark()?;
            self.edge = before;
            self.cache.take();
        }
        Ok(answers)
    }

    fn take(&mut self, pending: &PendingEntry) -> Result<Result<Appended, Refusal>, BatchError> {
        if let Some(index) = self.batch.rows().event(&pending.event_key)? {
            return self.answer_again(pending, index);
        }
        if let EventKind::DelegationGranted(delegation) = pending.kind()
            && let Some(no) = self.batch.rows().delegation_no(&delegation.delegation_id)?
            && let Some(place) = self.batch.rows().delegation(no)?
        {
            return Ok(Err(Refusal::DelegationExists { id: delegation.delegation_id.to_string(), index: place.index }));
        }
        let recorded_at = self.recorded_at();
        let findings = self.assess(pending, recorded_at)?;
        let appended = self.place(pending, recorded_at, findings, None)?;
        let cause = derive(&mut self.batch, self.cache, appended.index, &pending.event, &pending.event_key)?;
        if let Some(cause) = cause {
            let changes = reassess(self.batch.rows(), self.cache, &cause, appended.index)?;
            if !changes.is_empty() {
                self.append_changes(appended.index, &changes)?;
            }
        }
        Ok(Ok(appended))
    }

    /// The receipt of the first time, if it is the same event.
    fn answer_again(&self, pending: &PendingEntry, index: LeafIndex) -> Result<Result<Appended, Refusal>, BatchError> {
        let first = open_entry(self.batch.rows(), index)?.ok_or(ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
        let mut filled = first.report()?.filled;
        filled.extend_from_slice(&pending.report.filled);
        let same = same_members(&first.members, &pending.event.members, &filled);
        let is_same_type = first.header.entry_type.as_str() == pending.kind().entry_type();
        Ok(match same {
            Ok(()) if is_same_type => Ok(Appended {
                index,
                leaf_hash: first.leaf_hash,
                recorded_at: first.header.recorded_at,
                findings: first.first_findings(),
                bytes: first.bytes,
                is_replay: true,
            }),
            Ok(()) => Err(Refusal::EventIdConflict { index, names: vec!["type".to_owned()] }),
            Err(names) => Err(Refusal::EventIdConflict { index, names }),
        })
    }

    fn recorded_at(&self) -> Timestamp {
        self.edge.recorded_at.map_or(self.now, |last| last.max(self.now))
    }

    /// The codes for the header; `None` for what is not assessed.
    fn assess(&self, pending: &PendingEntry, recorded_at: Timestamp) -> Result<Option<Vec<Code>>, BatchError> {
        if matches!(pending.kind(), EventKind::Administrative(_)) {
            return Ok(None);
        }
        let past = LedgerPast::of_entry(self.batch.rows(), self.cache, self.edge.head.size.next_index());
        let mut findings = assessment::assess(&assessment::Submission::of(&pending.event, &pending.report, recorded_at), &past)?;
        findings.extend_from_slice(&pending.content_findings);
        Ok(Some(header_codes(&findings)))
    }

    /// Writes the entry at the next index.
    fn place(
        &mut self,
        pending: &PendingEntry,
        recorded_at: Timestamp,
        findings: Option<Vec<Code>>,
        about: Option<LeafIndex>,
    ) -> Result<Appended, BatchError> {
        let index = self.edge.head.size.next_index();
        let assessment = match &findings {
            Some(codes) => Some(Assessment::new(codes.iter().map(|c| c.as_str().to_owned()).collect(), RULES)?),
            None => None,
        };
        let header = EntryHeader {
            about,
            assessment,
            index,
            log: self.origin.clone(),
            payload: pending.commitment,
            prev: self.edge.head.leaf_hash,
            recorded_at,
            entry_type: EntryType::literal(pending.kind().entry_type()),
        };
        header.check()?;
        let bytes = header.to_bytes();
        let entry = NewEntry { index, bytes: &bytes, seed: pending.seed.as_bytes(), members: &pending.members };
        self.batch.append(&entry)?;
        for content in &pending.event.contents {
            self.batch.add_document(&content.hash, &content.bytes)?;
        }
        let leaf_hash = LeafHash::of(&bytes);
        for tile in self.edge.tiles.append(leaf_hash) {
            self.batch.add_tile(tile.level, tile.index, &tile.hashes)?;
        }
        self.edge.frontier.append(leaf_hash);
        self.edge.head.size = TreeSize::new(index.get() + 1).ok_or(BatchError::Full)?;
        self.edge.head.leaf_hash = leaf_hash;
        self.edge.recorded_at = Some(recorded_at);
        Ok(Appended { index, bytes, leaf_hash, recorded_at, findings: findings.unwrap_or_default(), is_replay: false })
    }

    /// A later fact changed earlier verdicts: one entry says so, in the cause's own transaction.
    fn append_changes(&mut self, cause: LeafIndex, changes: &Changes) -> Result<(), BatchError> {
        let recorded_at = self.recorded_at();
        let pending = changes.to_pending(cause, recorded_at, self.keys);
        let appended = self.place(&pending, recorded_at, None, Some(cause))?;
        derive(&mut self.batch, self.cache, appended.index, &pending.event, &pending.event_key)?;
        changes.store(&mut self.batch, appended.index)?;
        Ok(())
    }
}

/// Reads the batch back inside its transaction and recomputes it, while a flipped bit in our memory can still be undone.
fn read_back(batch: &Batch<'_>, from: &Head, to: &Head, submissions: &[Submission]) -> Result<(), BatchError> {
    let mut prev = from.leaf_hash;
    let mut next = from.size.get();
    let mut commitments = std::collections::HashMap::new();
    for pending in submissions.iter().flat_map(|s| &s.entries) {
        commitments.insert(pending.commitment, pending.members_sha256);
    }
    batch.rows().each_entry(next, u64::MAX >> 11, |index, bytes| {
        let header = EntryHeader::parse(bytes)?;
        if index != next || header.index.get() != index || header.prev != prev {
            return Err(BatchError::ReadBack(index));
        }
        let stored = batch.rows().payload(header.index)?.ok_or(BatchError::ReadBack(index))?;
        // What the ledger adds itself (assessment.changed) was not queued and is opened by the publisher before it signs.
        if commitments.get(&header.payload).is_some_and(|expected| *expected != sha256(stored.members.as_bytes())) {
            return Err(BatchError::ReadBack(index));
        }
        prev = LeafHash::of(bytes);
        next += 1;
        Ok(())
    })?;
    if next == to.size.get() && prev == to.leaf_hash { Ok(()) } else { Err(BatchError::ReadBack(next)) }
}
