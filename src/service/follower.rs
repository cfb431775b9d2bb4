//! Follows the ledger into the search index. The index says itself how far it has come; wiped, it is made again from entry 0.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::reader::Searcher;
use crate::index::writer::Indexer;
use crate::service::bell::{Bell, Call};
use crate::service::derivation::ASSESSMENT_CHANGED;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::past::PastCache;
use crate::service::searchable::searchable;
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::store::rows::{Head, Rows};
use crate::tlog::position::{LeafIndex, TreeSize};

/// Entries read in one snapshot.
const STEP: u64 = 2_000;
/// Entries after which the index is committed, however little time has passed.
const MAX_UNCOMMITTED: u64 = 20_000;

/// Why the index cannot follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowerError {
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for FollowerError {
    fn from(e: StoreError) -> Self {
        Self::Read(ReadError::Store(e))
    }
}

/// Puts entries into the index, in order.
pub struct Follower {
    indexer: Indexer,
    pool: Arc<ReadPool>,
    cache: RefCell<PastCache>,
    /// Entries before this one are in the index, committed or not.
    next: TreeSize,
    indexed: watch::Sender<TreeSize>,
}

impl Follower {
    /// Opens the index; one that says it is ahead of the ledger, or that cannot be read, is wiped.
    pub fn open(folder: &Path, pool: Arc<ReadPool>, ledger: TreeSize) -> Result<Self, FollowerError> {
        let (indexer, next) = match Indexer::open(folder) {
            Ok((indexer, size)) if size <= ledger => (indexer, size),
            Ok((indexer, size)) => {
                warn!(indexed.size = size.get(), entry.count = ledger.get(), "the index is ahead of the ledger: it is made again");
                drop(indexer);
                wiped(folder)?
            }
            Err(e @ (IndexError::Damaged { .. } | IndexError::OtherVersion { .. })) => {
                warn!(error = %e, "the index cannot be used: it is made again");
                wiped(folder)?
            }
            Err(e) => return Err(e.into()),
        };
        let (indexed, _) = watch::channel(next);
        Ok(Self { indexer, pool, cache: RefCell::default(), next, indexed })
    }

    /// Reads what this index holds.
    pub fn searcher(&self) -> Arc<Searcher> {
        self.indexer.searcher()
    }

    /// How far it has come.
    pub fn indexed(&self) -> watch::Receiver<TreeSize> {
        self.indexed.subscribe()
    }

    /// Follows until told to stop; then it takes up what is left.
    pub fn run(mut self, heads: &watch::Receiver<Head>, bell: &Bell, interval: Duration) {
        loop {
            let call = bell.wait();
            let size = heads.borrow().size;
            if let Err(e) = self.catch_up(size, interval) {
                error!(error = ?e, indexed.size = self.indexed.borrow().get(), "the index does not follow any more: `onus reindex` makes it again");
                return;
            }
            if call == Call::Stop {
                return;
            }
            bell.pause(interval);
        }
    }

    /// Takes up everything before `size`, committing by time and volume.
    pub fn catch_up(&mut self, size: TreeSize, interval: Duration) -> Result<(), FollowerError> {
        let mut committed_at = Instant::now();
        while self.next < size {
            self.step(size)?;
            let waiting = self.next.get() - self.indexed.borrow().get();
            if waiting >= MAX_UNCOMMITTED || committed_at.elapsed() >= interval {
                self.commit()?;
                committed_at = Instant::now();
            }
        }
        if *self.indexed.borrow() < self.next { self.commit() } else { Ok(()) }
    }

    fn step(&mut self, size: TreeSize) -> Result<(), FollowerError> {
        let from = self.next.get();
        let until = size.get().min(from + STEP);
        let cache = &self.cache;
        let documents = self.pool.read(|rows| read_documents(rows, cache, from, until))?;
        for document in documents {
            // An earlier entry again: an `assessment.changed` gave it other findings.
            if document.index.get() < from { self.indexer.replace(&document)? } else { self.indexer.add(&document)? }
        }
        self.next = TreeSize::new(until).unwrap_or(size);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), FollowerError> {
        self.indexer.commit(self.next)?;
        self.indexer.searcher().reload()?;
        self.indexed.send_replace(self.next);
        info!(indexed.size = self.next.get(), "indexed");
        Ok(())
    }
}

fn wiped(folder: &Path) -> Result<(Indexer, TreeSize), IndexError> {
    Indexer::wipe(folder)?;
    Indexer::open(folder)
}

fn read_documents(rows: Rows<'_>, cache: &RefCell<PastCache>, from: u64, until: u64) -> Result<Vec<IndexDocument>, FollowerError> {
    let now = rows.head()?.map_or(TreeSize::ZERO, |h| h.size).next_index();
    let mut documents = Vec::new();
    for index in (from..until).filter_map(LeafIndex::new) {
        let entry = read(rows, index)?;
        note(cache, &entry);
        documents.push(searchable(rows, cache, &entry, now)?);
        if entry.header.entry_type.as_str() == ASSESSMENT_CHANGED {
            for changed in rows.changed_by(index)?.into_iter().filter(|changed| changed.get() < from) {
                documents.push(searchable(rows, cache, &read(rows, changed)?, now)?);
            }
        }
    }
    Ok(documents)
}

fn read(rows: Rows<'_>, index: LeafIndex) -> Result<OpenedEntry, ReadError> {
    open_entry(rows, index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })
}

/// What the follower remembers of a delegation is stale once the ledger says more about it.
fn note(cache: &RefCell<PastCache>, entry: &OpenedEntry) {
    let id = entry.text("/delegation_id").and_then(crate::domain::ids::DelegationId::parse);
    if let Some(id) = id.filter(|_| entry.header.entry_type.as_str().starts_with("delegation.")) {
        cache.borrow_mut().note(&id);
    }
}
