//! Reading beside the writer: connections that cannot change the file, lent out and given back.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::store::connection::{Access, StoreError, open};
use crate::store::rows::Rows;

/// Idle connections kept; more are opened when all are lent, and closed when they come back. Opening one costs far more than
/// reading with it, so as many are kept as threads may read at the same moment: those of the server's workers that may wait, and
/// the ledger's own.
const MAX_IDLE_READERS: usize = 36;

/// A connection that reads the ledger file.
pub struct LedgerReader {
    pub(super) connection: Connection,
}

impl LedgerReader {
    /// Opens the ledger file for reading; it must exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: open(path, Access::Read)? })
    }

    /// What is committed.
    pub fn rows(&self) -> Rows<'_> {
        Rows { connection: &self.connection }
    }
}

/// Readers lent out and given back.
pub struct ReadPool {
    path: PathBuf,
    idle: Mutex<Vec<LedgerReader>>,
}

impl ReadPool {
    /// A pool over the ledger file.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// Runs `read` with a connection of its own, on one consistent state of the file.
    pub fn read<T, E: From<StoreError>>(&self, read: impl FnOnce(Rows<'_>) -> Result<T, E>) -> Result<T, E> {
        let lent = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match lent {
            Some(reader) => reader,
            None => LedgerReader::open(&self.path)?,
        };
        let result = reader.rows().in_one_snapshot(read);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_READERS {
            idle.push(reader);
        }
        result
    }
}
