//! Everything that can go wrong in the search index. None of it touches the ledger.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tantivy::TantivyError;
use tantivy::directory::error::LockError;

use crate::index::field::Field;
use crate::tlog::position::{LeafIndex, TreeSize};

/// Why the search index did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The folder is ours, but what it holds cannot be read.
    #[error("the search index in {} is damaged; `onus reindex` rebuilds it from the ledger", dir.display())]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// What tantivy said, where it was tantivy that noticed.
        #[source]
        source: Option<TantivyError>,
    },
    /// The folder holds something, and it is not ours to delete.
    #[error("{} holds files that are not a search index of Onus; move them away, then run `onus reindex`", dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder was written by another version, and the caller only reads.
    #[error("the search index in {} has version {found}, this program reads {expected}; `onus reindex` rebuilds it", dir.display())]
    OtherVersion {
        /// The folder.
        dir: PathBuf,
        /// What its marker says.
        found: u32,
        /// What this program writes.
        expected: u32,
    },
    /// Somebody else writes to it.
    #[error("the search index in {} is being written by another process", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// A file of the folder could not be read or written.
    #[error("cannot use the search index in {}", dir.display())]
    Io {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An entry was added twice or out of order: search would count it twice.
    #[error("entry {index} does not follow the {indexed} entries indexed so far")]
    OutOfOrder {
        /// The entry.
        index: LeafIndex,
        /// What is indexed.
        indexed: TreeSize,
    },
    /// A commit would state fewer entries than were added.
    #[error("a commit at tree size {stated} would hide some of the {indexed} entries indexed so far")]
    SizeBehind {
        /// What the commit states.
        stated: TreeSize,
        /// What is indexed.
        indexed: TreeSize,
    },
    /// A field was asked for something that its values do not have.
    #[error("field `{}` {problem}", field.as_str())]
    WrongField {
        /// The field.
        field: Field,
        /// What it lacks.
        problem: &'static str,
    },
    /// A pattern with `*` that would take too long.
    #[error("the pattern `{pattern}` is too complicated; use fewer `*`")]
    PatternTooLarge {
        /// The pattern.
        pattern: String,
    },
    /// More was asked for than one answer holds, or nothing.
    #[error("{asked} {what} were asked for, expected 1 to {limit}")]
    Limit {
        /// Hits, or buckets.
        what: &'static str,
        /// How many were asked for.
        asked: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Anything else: a full disk, a dead thread.
    #[error("the search index failed")]
    Failed(#[from] TantivyError),
}

impl IndexError {
    /// What tantivy's error means while a folder is being opened: there, all but a held lock is damage.
    pub(super) fn on_open(dir: &Path, error: TantivyError) -> Self {
        let dir = dir.to_owned();
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Locked { dir },
            TantivyError::IoError(_) | TantivyError::SystemError(_) => Self::Failed(error),
            damage => Self::Damaged { dir, source: Some(damage) },
        }
    }

    /// Runs what reads files that may be damaged: tantivy documents that it panics on some of them.
    pub(super) fn catch_damage<T>(dir: &Path, read: impl FnOnce() -> Result<T, Self>) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Self::Damaged { dir: dir.to_owned(), source: None }))
    }
}
