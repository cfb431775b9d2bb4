//! Making everything derived again: the derived tables in one transaction, from entries and payloads alone, then the search index.
//! It changes nothing that is hashed or signed, and needs the ledger for itself.

use std::sync::Arc;

use crate::index::error::IndexError;
use crate::index::writer::Indexer;
use crate::service::folder::{Folder, FolderError};
use crate::service::follower::{Follower, FollowerError};
use crate::service::opened::{ReadError, open_entry};
use crate::service::pending::EventKeys;
use crate::service::replay::{Replay, Told};
use crate::store::batch::{Batch, LedgerWriter};
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::tlog::position::{LeafIndex, TreeSize};

/// What was made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// From how many entries.
    pub entries: TreeSize,
    /// How many of them tell a changed verdict as it was derived.
    pub changes_told: u64,
    /// The first that does not tell what it should; `onus verify --deep` says more.
    pub first_untold: Option<LeafIndex>,
}

/// Why nothing, or not everything, was made again.
#[derive(Debug, thiserror::Error)]
pub enum ReindexError {
    /// The folder, a key in it, or somebody who serves it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The ledger file: nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry: nothing was changed.
    #[error("{0}; nothing was changed. `onus verify --deep` says what is wrong")]
    Read(ReadError),
    /// The search index: the derived tables are made.
    #[error("the derived tables are made again, the search index is not")]
    Index(#[from] IndexError),
    /// The search index: the derived tables are made.
    #[error("the derived tables are made again, the search index is not")]
    Follow(#[from] FollowerError),
}

impl From<ReadError> for ReindexError {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Store(e) => Self::Store(e),
            damaged @ ReadError::Damaged { .. } => Self::Read(damaged),
        }
    }
}

/// Makes the derived tables and the search index again.
pub fn reindex(folder: &Folder) -> Result<Rebuilt, ReindexError> {
    folder.require_ledger()?;
    let _lock = folder.lock()?;
    let keys = EventKeys::new(folder.read_secret(&folder.event_key_file())?);
    let mut writer = LedgerWriter::open(&folder.ledger_file())?;
    let head = writer.rows().head()?.ok_or_else(|| StoreError::Unusable("the ledger file has no head".to_owned()))?;
    let mut batch = writer.begin()?;
    batch.clear_derived()?;
    let rebuilt = derive_all(&mut batch, head.size, &keys)?;
    batch.commit()?;
    writer.move_wal_into_file()?;
    drop(writer);
    Indexer::wipe(&folder.index_folder())?;
    let pool = Arc::new(ReadPool::new(&folder.ledger_file()));
    Follower::open(&folder.index_folder(), pool, head.size)?.catch_up(head.size)?;
    Ok(rebuilt)
}

fn derive_all(batch: &mut Batch<'_>, size: TreeSize, keys: &EventKeys) -> Result<Rebuilt, ReadError> {
    let mut replay = Replay::default();
    let mut rebuilt = Rebuilt { entries: size, changes_told: 0, first_untold: None };
    for index in (0..size.get()).filter_map(LeafIndex::new) {
        let opened = open_entry(batch.rows(), index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
        let event = opened.to_event()?;
        let key = keys.of(&opened.report()?.source, &event.event_id);
        match replay.take(batch, &opened, &event, &key)? {
            Told::Nothing => {}
            Told::Rightly => rebuilt.changes_told += 1,
            Told::Not { .. } | Told::Wrongly { .. } => rebuilt.first_untold = rebuilt.first_untold.or(Some(index)),
        }
    }
    rebuilt.first_untold = rebuilt.first_untold.or(replay.end());
    Ok(rebuilt)
}
