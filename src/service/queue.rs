//! The bounded way to the sequencer: full is an answer, nothing is dropped silently.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::service::pass::{Appended, Refusal};
use crate::service::pending::PendingEntry;
use crate::store::connection::StoreError;
use crate::tlog::position::TreeSize;

/// Most events waiting for their place.
pub const MAX_QUEUED_EVENTS: usize = 40_000;
/// Most bytes that waiting events may hold on to.
pub const MAX_QUEUED_BYTES: usize = 256 << 20;
/// Most submissions waiting; each holds at least one event.
pub const MAX_QUEUED_SUBMISSIONS: usize = 20_000;

/// Whether the ledger can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// It can.
    Writing,
    /// It cannot, for good, until an operator acts.
    ReadOnly(String),
    /// The clock was set by so much; an operator has to confirm it.
    ClockJumped {
        /// By how much; negative is back.
        step_ms: i64,
    },
    /// A commit failed and nobody knows whether it took effect: the process is about to stop.
    OutcomeUnknown,
    /// The ledger is being closed.
    Closed,
}

/// Why nothing was recorded. The caller can only wait, or ask again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteFailure {
    /// The queue is full.
    #[error("the queue of the ledger is full")]
    Busy,
    /// The store refused; the batch was undone.
    #[error("the ledger cannot be written now")]
    Unavailable,
    /// The commit failed: the event may be recorded or not.
    #[error("the commit failed and nobody knows whether it took effect")]
    OutcomeUnknown,
    /// The clock was set.
    #[error("the clock was set by {step_ms} ms")]
    ClockJumped {
        /// By how much.
        step_ms: i64,
    },
    /// The ledger is read-only.
    #[error("the ledger is read-only: {0}")]
    ReadOnly(String),
}

/// What became of one event, which goes back to its caller: whoever answers needs not read it again.
pub struct Answered {
    /// The event as it was queued.
    pub entry: PendingEntry,
    /// Its place, or why it has none.
    pub outcome: Result<Appended, Refusal>,
}

/// The answers to one submission, in its order.
pub type Answers = Vec<Answered>;

/// Events that one caller waits for.
pub struct Submission {
    /// In order.
    pub entries: Vec<PendingEntry>,
    /// Whether one refused event refuses all.
    pub is_atomic: bool,
    reply: oneshot::Sender<Result<Answers, WriteFailure>>,
    /// Held until answered: gives the room in the queue back.
    _room: Room,
}

impl Submission {
    /// Hands the answers over; a caller that has gone away loses nothing but the answer.
    pub fn answer(self, outcomes: Vec<Result<Appended, Refusal>>) {
        let answered = self.entries.into_iter().zip(outcomes).map(|(entry, outcome)| Answered { entry, outcome });
        let _ = self.reply.send(Ok(answered.collect()));
    }

    /// Tells the caller that nothing was recorded.
    pub fn refuse(self, failure: WriteFailure) {
        let _ = self.reply.send(Err(failure));
    }
}

/// What the sequencer is asked to do.
pub enum Command {
    /// Give events their places.
    Append(Submission),
    /// Keep a signed checkpoint.
    SaveCheckpoint {
        /// Its size.
        size: TreeSize,
        /// Verbatim.
        note: String,
        /// Told how it went.
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    /// An operator has looked at the clock and takes it for right.
    ConfirmClock {
        /// Told when it is done.
        reply: oneshot::Sender<()>,
    },
}

#[derive(Default)]
struct Load {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

struct Room {
    load: Arc<Load>,
    events: usize,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.load.events.fetch_sub(self.events, Ordering::Relaxed);
        self.load.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The sender's side of the queue.
#[derive(Clone)]
pub struct Queue {
    commands: mpsc::Sender<Command>,
    load: Arc<Load>,
}

impl Queue {
    /// A queue and its receiving end.
    pub fn new() -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(MAX_QUEUED_SUBMISSIONS);
        (Self { commands, load: Arc::default() }, receiver)
    }

    /// Waits for the places of `entries`; fails at once if there is no room.
    pub async fn append(&self, entries: Vec<PendingEntry>, is_atomic: bool) -> Result<Answers, WriteFailure> {
        self.submit(entries, is_atomic)?.await.unwrap_or(Err(WriteFailure::Unavailable))
    }

    /// The same for a thread that may block.
    pub fn append_blocking(&self, entries: Vec<PendingEntry>, is_atomic: bool) -> Result<Answers, WriteFailure> {
        self.submit(entries, is_atomic)?.blocking_recv().unwrap_or(Err(WriteFailure::Unavailable))
    }

    fn submit(
        &self,
        entries: Vec<PendingEntry>,
        is_atomic: bool,
    ) -> Result<oneshot::Receiver<Result<Answers, WriteFailure>>, WriteFailure> {
        let bytes = entries.iter().map(PendingEntry::weight).sum();
        let room = self.take_room(entries.len(), bytes).ok_or(WriteFailure::Busy)?;
        let (reply, answer) = oneshot::channel();
        let submission = Submission { entries, is_atomic, reply, _room: room };
        match self.commands.try_send(Command::Append(submission)) {
            Ok(()) => Ok(answer),
            Err(mpsc::error::TrySendError::Full(_)) => Err(WriteFailure::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WriteFailure::Unavailable),
        }
    }

    fn take_room(&self, events: usize, bytes: usize) -> Option<Room> {
        let room = Room { load: Arc::clone(&self.load), events, bytes };
        let had_events = self.load.events.fetch_add(events, Ordering::Relaxed);
        let had_bytes = self.load.bytes.fetch_add(bytes, Ordering::Relaxed);
        // A submission that alone is larger still gets in when nothing else waits.
        let fits = had_events == 0 || (had_events + events <= MAX_QUEUED_EVENTS && had_bytes + bytes <= MAX_QUEUED_BYTES);
        fits.then_some(room)
    }

    /// Asks for something else than an append.
    pub async fn command(&self, command: Command) -> Result<(), WriteFailure> {
        self.commands.send(command).await.map_err(|_| WriteFailure::Unavailable)
    }

    /// The same for a thread that may block.
    pub fn command_blocking(&self, command: Command) -> Result<(), WriteFailure> {
        self.commands.blocking_send(command).map_err(|_| WriteFailure::Unavailable)
    }

    /// How many events wait.
    pub fn queued_events(&self) -> usize {
        self.load.events.load(Ordering::Relaxed)
    }
}
