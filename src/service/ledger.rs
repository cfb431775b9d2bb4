//! The ledger as everything above sees it: opened, followed, read, closed. It owns the threads and hands out what they publish.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tracing::info;

use crate::domain::log_keys::KeyHistory;
use crate::domain::token::TrustedIssuer;
use crate::index::reader::Searcher;
use crate::service::bell::Bell;
use crate::service::clock::Clock;
use crate::service::credentials::{Credentials, SecretKey};
use crate::service::derivation::own_entry;
use crate::service::exporter::Exporter;
use crate::service::folder::{Folder, FolderError, WriterLock};
use crate::service::follower::{Follower, FollowerError};
use crate::service::high_water::{HighWater, MarkFile};
use crate::service::log_keys::LogKeys;
use crate::service::opened::ReadError;
use crate::service::pending::EventKeys;
use crate::service::prover::Prover;
use crate::service::publisher::{CHECKPOINT_INTERVAL, Published, Publisher, PublisherParts};
use crate::service::queue::{Command, Queue, WriteFailure, WriterState};
use crate::service::sequencer::{Sequencer, SequencerParts};
use crate::service::start::inspect;
use crate::service::tiling::TileEdge;
use crate::store::batch::LedgerWriter;
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::store::rows::{Head, Rows};
use crate::tlog::entry::Origin;
use crate::tlog::position::TreeSize;
use crate::tlog::vkey::Vkey;

/// How a ledger is opened.
pub struct LedgerConfig {
    /// Where it lies.
    pub folder: Folder,
    /// Where the high-water mark lies.
    pub mark_file: PathBuf,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// At most this often a checkpoint is signed and the index committed.
    pub interval: Duration,
}

impl LedgerConfig {
    /// With the defaults of the product.
    pub fn new(folder: Folder, clock: Arc<dyn Clock>) -> Self {
        Self { mark_file: folder.default_mark_file(), folder, clock, interval: CHECKPOINT_INTERVAL }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a key in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry that is needed to start.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The search index.
    #[error(transparent)]
    Index(#[from] FollowerError),
    /// The high-water mark.
    #[error("the high-water mark {path} cannot be opened")]
    Mark {
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[from] std::io::Error),
}

/// An open ledger.
pub struct Ledger {
    origin: Origin,
    log_keys: Arc<LogKeys>,
    key_history: KeyHistory,
    clock: Arc<dyn Clock>,
    keys: EventKeys,
    credentials: Arc<Credentials>,
    exporter: Exporter,
    pool: Arc<ReadPool>,
    queue: Mutex<Option<Queue>>,
    searcher: Arc<Searcher>,
    heads: watch::Receiver<Head>,
    tile_edges: watch::Receiver<Arc<TileEdge>>,
    released: watch::Receiver<Option<Published>>,
    indexed: watch::Receiver<TreeSize>,
    state: watch::Receiver<WriterState>,
    threads: Mutex<Option<Threads>>,
    folder: Folder,
    mark_file: PathBuf,
    issuers: OnceLock<Vec<TrustedIssuer>>,
}

struct Threads {
    publisher: (Arc<Bell>, JoinHandle<()>),
    follower: (Arc<Bell>, JoinHandle<()>),
    sequencer: JoinHandle<()>,
    _lock: WriterLock,
}

impl Ledger {
    /// Opens the ledger: checks its past, then starts sequencer, publisher and indexer. A ledger that cannot extend its own past
    /// is opened read-only.
    pub fn open(config: LedgerConfig) -> Result<Self, OpenError> {
        let LedgerConfig { folder, mark_file, clock, interval } = config;
        folder.require_ledger()?;
        let lock = folder.lock()?;
        let keys = EventKeys::new(folder.read_secret(&folder.event_key_file())?);
        let secret_key = SecretKey::new(folder.read_secret(&folder.secret_key_file())?);
        let exporter = Exporter::load(&folder)?;
        let writer = LedgerWriter::open(&folder.ledger_file())?;
        let head = writer.rows().head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
        let origin = Origin::parse(&head.origin).ok_or_else(|| StoreError::Unusable("the ledger file's origin is not one".to_owned()))?;
        let log_keys = Arc::new(LogKeys::load(&folder, &origin, writer.rows())?);
        let found = inspect(writer.rows(), &head, &origin, &log_keys, &mark_file);
        if found.fault.is_none() {
            log_keys.settle(&folder, writer.rows(), &origin)?;
        }
        let key_history = log_keys.history(writer.rows()).unwrap_or_else(|_| log_keys.first_alone());
        let credentials = Arc::new(Credentials::load(writer.rows(), secret_key)?);

        let mark_error = |source| OpenError::Mark { path: mark_file.display().to_string(), source };
        let mut mark = MarkFile::open(&mark_file).map_err(mark_error)?;
        let synced_mark = mark.try_clone().map_err(mark_error)?;
        if found.is_unmarked {
            // From here on a rollback shows, even if nothing is written before the next start.
            let root = found.verified.frontier.root();
            mark.write(&HighWater { origin: head.origin.clone(), size: head.size, root }).and_then(|()| mark.sync()).map_err(mark_error)?;
        }
        let pool = Arc::new(ReadPool::new(&folder.ledger_file()));
        let is_read_only = found.fault.is_some();
        let (state, state_seen) = watch::channel(found.fault.map_or(WriterState::Writing, WriterState::ReadOnly));
        let alarm_state = state.clone();
        let (heads, heads_seen) = watch::channel(head.clone());
        let (tile_edges, tile_edges_seen) = watch::channel(Arc::default());
        let (released, released_seen) = watch::channel(found.published);
        let (queue, commands) = Queue::new();

        let (publisher_bell, follower_bell) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let bells = vec![Arc::clone(&publisher_bell), Arc::clone(&follower_bell)];
        let follower = Follower::open(&folder.index_folder(), Arc::clone(&pool), head.size)?;
        let (searcher, indexed) = (follower.searcher(), follower.indexed());
        let parts =
            SequencerParts { writer, keys: keys.clone(), clock: Arc::clone(&clock), mark, heads, tile_edges, bells, state: state.clone() };
        let sequencer = Sequencer::new(parts)?;
        let publisher = Publisher::new(PublisherParts {
            pool: Arc::clone(&pool),
            queue: queue.clone(),
            keys: Arc::clone(&log_keys),
            mark: synced_mark,
            origin: origin.clone(),
            verified: found.verified,
            released,
            state,
        });

        let alarm = PanicAlarm(alarm_state);
        let sequencer = std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
            let _alarm = alarm;
            sequencer.run(commands);
        })?;
        let (bell, heads) = (Arc::clone(&publisher_bell), heads_seen.clone());
        let publisher = std::thread::Builder::new().name("publisher".to_owned()).spawn(move || {
            // A ledger that contradicts its past signs nothing.
            if !is_read_only {
                publisher.run(&heads, &bell, interval);
            }
        })?;
        let (bell, heads) = (Arc::clone(&follower_bell), heads_seen.clone());
        let follower = std::thread::Builder::new().name("indexer".to_owned()).spawn(move || follower.run(&heads, &bell, interval))?;
        // What an earlier process left unsigned or unindexed is taken up at once.
        publisher_bell.ring();
        follower_bell.ring();
        info!(ledger.origin = origin.as_str(), entry.count = head.size.get(), "the ledger is open");
        let threads = Threads { publisher: (publisher_bell, publisher), follower: (follower_bell, follower), sequencer, _lock: lock };
        Ok(Self {
            origin,
            log_keys,
            key_history,
            clock,
            keys,
            credentials,
            exporter,
            pool,
            queue: Mutex::new(Some(queue)),
            searcher,
            heads: heads_seen,
            tile_edges: tile_edges_seen,
            released: released_seen,
            indexed,
            state: state_seen,
            threads: Mutex::new(Some(threads)),
            folder,
            mark_file,
            issuers: OnceLock::new(),
        })
    }

    /// The issuers whose tokens are taken; set once, after their `issuer.trusted` entries.
    pub fn trust(&self, issuers: Vec<TrustedIssuer>) {
        self.issuers.get_or_init(|| issuers);
    }

    /// The issuers whose tokens are taken.
    pub fn issuers(&self) -> &[TrustedIssuer] {
        self.issuers.get().map_or(&[], Vec::as_slice)
    }

    /// Takes no more events, signs and indexes what is left, and closes the file. Calling it again does nothing.
    pub fn close(&self) {
        let Some(threads) = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        threads.publisher.0.stop();
        // A thread that panicked has nothing left to say here; what it left undone is taken up at the next start.
        let _ = threads.publisher.1.join();
        threads.follower.0.stop();
        let _ = threads.follower.1.join();
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = threads.sequencer.join();
    }

    /// Which ledger.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What its newest checkpoints verify under.
    pub fn vkey(&self) -> &Vkey {
        self.key_history.present()
    }

    /// Which keys were in force when, as of the start.
    pub const fn key_history(&self) -> &KeyHistory {
        &self.key_history
    }

    /// All keys that its checkpoints verify under, the oldest first, as of the start.
    pub fn vkeys(&self) -> Vec<Vkey> {
        self.key_history.keys().cloned().collect()
    }

    /// What its checkpoints are signed with.
    pub(super) fn log_keys(&self) -> &LogKeys {
        &self.log_keys
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Where it lies.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where its high-water mark lies.
    pub fn mark_file(&self) -> &Path {
        &self.mark_file
    }

    /// Remembers events by HMAC.
    pub const fn keys(&self) -> &EventKeys {
        &self.keys
    }

    /// Who may call.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The same, for the door.
    pub fn shared_credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.credentials)
    }

    /// Makes exports.
    pub const fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Searches.
    pub fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    /// The way to the sequencer; nothing when the ledger is closed.
    pub fn queue(&self) -> Result<Queue, WriteFailure> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(WriteFailure::Unavailable)
    }

    /// Reads one consistent state of the file.
    pub fn read<T, E: From<StoreError>>(&self, read: impl FnOnce(Rows<'_>) -> Result<T, E>) -> Result<T, E> {
        self.pool.read(read)
    }

    /// Proves over what `rows` show.
    pub fn prover<'r>(&self, rows: Rows<'r>) -> Result<Prover<'r>, StoreError> {
        Prover::beside(rows, Arc::clone(&self.tile_edges.borrow()))
    }

    /// How many entries are committed.
    pub fn size(&self) -> TreeSize {
        self.heads.borrow().size
    }

    /// The newest released checkpoint.
    pub fn published(&self) -> Option<Published> {
        self.released.borrow().clone()
    }

    /// How many entries can be searched.
    pub fn indexed(&self) -> TreeSize {
        *self.indexed.borrow()
    }

    /// Whether it can be written.
    pub fn state(&self) -> WriterState {
        self.state.borrow().clone()
    }

    /// Waits until a checkpoint covers `size`; `false` if that will not happen any more.
    pub async fn wait_published(&self, size: TreeSize) -> bool {
        self.released.clone().wait_for(|p| p.as_ref().is_some_and(|p| p.size >= size)).await.is_ok()
    }

    /// Waits until the index covers `size`; `false` if that will not happen any more.
    pub async fn wait_indexed(&self, size: TreeSize) -> bool {
        self.indexed.clone().wait_for(|indexed| *indexed >= size).await.is_ok()
    }

    /// Waits until nobody knows what is on disk: the process has to stop.
    pub async fn outcome_unknown(&self) {
        if self.state.clone().wait_for(|s| *s == WriterState::OutcomeUnknown).await.is_err() {
            // The threads have ended in order: this never comes.
            std::future::pending::<()>().await;
        }
    }

    /// An operator has looked at the clock and takes it for right: writing goes on, and an entry says so.
    pub fn confirm_clock(&self) -> Result<(), WriteFailure> {
        let queue = self.queue()?;
        let (reply, done) = tokio::sync::oneshot::channel();
        queue.command_blocking(Command::ConfirmClock { reply })?;
        done.blocking_recv().map_err(|_| WriteFailure::Unavailable)?;
        let now = self.clock.now().to_string();
        let members = [("/event_id", format!("clock.confirmed/{}", self.size())), ("/occurred_at", now)];
        let members = members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        queue.append_blocking(vec![own_entry("clock.confirmed", members, &self.keys)], true)?;
        Ok(())
    }
}

/// A sequencer that panics leaves nobody who knows what was committed: the process has to stop, as after a failed commit.
struct PanicAlarm(watch::Sender<WriterState>);

impl Drop for PanicAlarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(WriterState::OutcomeUnknown);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}
