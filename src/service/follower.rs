//! Follows the ledger into the search index. The index says itself how far it has come; wiped, it is made again from entry 0.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::reader::Searcher;
use crate::index::writer::Indexer;
use crate::service::bell::{Bell, Call};
use crate::service::derivation::ASSESSMENT_CHANGED;
use crate::service::opened::{OpenedEntry, ReadError, entry_as_it_stands};
use crate::service::past::{PastCache, subtree};
use crate::service::searchable::searchable;
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::store::rows::{Head, Rows};
use crate::tlog::position::{LeafIndex, TreeSize};

/// Entries read in one snapshot.
const STEP: u64 = 2_000;
/// Entries after which the index is committed. Each commit writes a segment, and small segments are written again and again as
/// they are merged: while many come, fewer commits cost less.
const MAX_UNCOMMITTED: u64 = 20_000;
/// So many entries in one round mean that many come: the next round waits for [`BUSY_ROUNDS`] intervals.
const BUSY_ENTRIES: u64 = 2_000;
/// How many intervals pass between two commits while many entries come.
const BUSY_ROUNDS: u32 = 3;

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
        Ok(Self { indexer, pool, next, indexed })
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
            let is_busy = size.get() - self.next.get() >= BUSY_ENTRIES;
            if let Err(e) = self.catch_up(size) {
                error!(error = ?e, indexed.size = self.indexed.borrow().get(), "the index does not follow any more: `onus reindex` makes it again");
                return;
            }
            if call == Call::Stop {
                return;
            }
            bell.pause(if is_busy { interval * BUSY_ROUNDS } else { interval });
        }
    }

    /// Takes up everything before `size`, and commits.
    pub fn catch_up(&mut self, size: TreeSize) -> Result<(), FollowerError> {
        while self.next < size {
            self.step(size)?;
            if self.next.get() - self.indexed.borrow().get() >= MAX_UNCOMMITTED {
                self.commit()?;
            }
        }
        if *self.indexed.borrow() < self.next { self.commit() } else { Ok(()) }
    }

    fn step(&mut self, size: TreeSize) -> Result<(), FollowerError> {
        let from = self.next.get();
        let until = size.get().min(from + STEP);
        let documents = self.pool.read(|rows| read_documents(rows, from, until))?;
        for document in documents {
            // An earlier entry again: a later one gave it other findings, or another chain.
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

/// What search should hold of the entries `from` up to `until`, and of earlier ones that these changed, as the ledger stands now.
fn read_documents(rows: Rows<'_>, from: u64, until: u64) -> Result<Vec<IndexDocument>, FollowerError> {
    let now = rows.head()?.map_or(TreeSize::ZERO, |h| h.size).next_index();
    // Of one state of the file, like everything read here: what was remembered of an earlier one could be stale.
    let cache = RefCell::new(PastCache::default());
    let (mut documents, mut changed) = (Vec::new(), BTreeSet::new());
    for index in (from..until).filter_map(LeafIndex::new) {
        let entry = read(rows, index)?;
        documents.push(searchable(rows, &cache, &entry, now)?);
        changed.extend(changed_by(rows, &entry)?.into_iter().filter(|changed| changed.get() < from));
    }
    for index in changed {
        documents.push(searchable(rows, &cache, &read(rows, index)?, now)?);
    }
    Ok(documents)
}

/// The entries whose findings an `assessment.changed` changed, or whose chain a delegation lengthened that came late: then they
/// are found by other names than before, whether or not their findings changed.
fn changed_by(rows: Rows<'_>, entry: &OpenedEntry) -> Result<Vec<LeafIndex>, FollowerError> {
    if entry.header.entry_type.as_str() == ASSESSMENT_CHANGED {
        return Ok(rows.changed_by(entry.index)?);
    }
    let Some(granted) = entry.as_delegation()? else { return Ok(Vec::new()) };
    let Some(no) = rows.delegation_no(&granted.what.delegation_id)? else { return Ok(Vec::new()) };
    let mut under = Vec::new();
    for no in subtree(rows, no)? {
        under.extend(rows.actions_under(no, None, None)?);
        under.extend(rows.revocations(no)?);
        under.extend(rows.delegation(no)?.map(|place| place.index));
    }
    under.retain(|index| *index < entry.index);
    Ok(under)
}

fn read(rows: Rows<'_>, index: LeafIndex) -> Result<OpenedEntry, ReadError> {
    entry_as_it_stands(rows, index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })
}
