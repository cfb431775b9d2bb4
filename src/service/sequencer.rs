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

use crate::service::bell::Bell;
use crate::service::clock::{Clock, StepGuard};
use crate::service::high_water::{HighWater, MarkFile};
use crate::service::meters;
use crate::service::opened::{ReadError, open_entry};
use crate::service::pass::{Appended, BatchError, Edge, Pass, Refusal, read_back};
use crate::service::past::PastCache;
use crate::service::pending::EventKeys;
use crate::service::queue::{Command, Submission, WriteFailure, WriterState};
use crate::service::tiling::TileEdge;
use crate::store::batch::LedgerWriter;
use crate::store::connection::StoreError;
use crate::store::rows::Head;
use crate::tlog::entry::Origin;
use crate::tlog::position::TreeSize;

/// Most events in one transaction: bounds the memory of a batch and how long one caller waits for another's events.
pub const MAX_BATCH_EVENTS: usize = 8192;

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
    tile_edges: watch::Sender<Arc<TileEdge>>,
    bells: Vec<Arc<Bell>>,
    state: watch::Sender<WriterState>,
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
    /// Told of every commit, too: what proofs need of the right edge of the tree.
    pub tile_edges: watch::Sender<Arc<TileEdge>>,
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
        let SequencerParts { writer, keys, clock, mark, heads, tile_edges, bells, state } = parts;
        tile_edges.send_replace(Arc::new(tiles.clone()));
        let edge = Edge { head, recorded_at, frontier, tiles };
        Ok(Self { writer, edge, origin, keys, clock, steps, mark, cache: RefCell::default(), heads, tile_edges, bells, state })
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
                        let saved = self.save_checkpoint(size, &note);
                        let is_unknown = saved.as_ref().is_err_and(|e| !e.is_full());
                        // The publisher may be gone; then nobody releases it either.
                        let _ = reply.send(saved);
                        if is_unknown {
                            error!(
                                checkpoint.size = size.get(),
                                "a checkpoint could not be kept and nobody knows whether it was: this process stops"
                            );
                            self.state.send_replace(WriterState::OutcomeUnknown);
                            return;
                        }
                    }
                    Command::ConfirmClock { reply } => {
                        self.steps = StepGuard::new(&*self.clock);
                        // Nobody but the clock is confirmed: a ledger that contradicts its past stays read-only.
                        self.state.send_if_modified(|state| {
                            let was_jump = matches!(state, WriterState::ClockJumped { .. });
                            if was_jump {
                                *state = WriterState::Writing;
                            }
                            was_jump
                        });
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
        meters::committed(edge.head.size.get() - self.edge.head.size.get(), started.elapsed());
        self.edge = edge;
        let mark = HighWater { origin: self.edge.head.origin.clone(), size: self.edge.head.size, root: self.edge.frontier.root() };
        if let Err(e) = self.mark.write(&mark) {
            warn!(error = %e, path = %self.mark.path().display(), "the high-water mark could not be written: a rollback would not be noticed");
        }
        self.tile_edges.send_replace(Arc::new(self.edge.tiles.clone()));
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
        // A clock that was set back again has still been set: somebody has to look at it.
        if let WriterState::ClockJumped { step_ms } = *self.state.borrow() {
            return Some(WriteFailure::ClockJumped { step_ms });
        }
        let step_ms = self.steps.step_ms(&*self.clock)?;
        error!(clock.step_ms = step_ms, "the clock was set: writing stops until an operator confirms it");
        self.state.send_replace(WriterState::ClockJumped { step_ms });
        Some(WriteFailure::ClockJumped { step_ms })
    }

    fn write(&mut self, submissions: &[Submission]) -> Result<(Vec<Outcomes>, Edge), BatchFailure> {
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

/// What became of the events of one submission, in its order.
type Outcomes = Vec<Result<Appended, Refusal>>;

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
