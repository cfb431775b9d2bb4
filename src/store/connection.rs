//! Opening the two SQLite files, with the settings that make them durable and hard to fool. The only place that opens one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long a statement waits for another connection's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection.
const STATEMENT_CACHE: usize = 128;
/// WAL pages after which the writer checkpoints by itself.
const AUTOCHECKPOINT_PAGES: i64 = 10_000;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused or failed.
    #[error("the file {path} cannot be used")]
    Sqlite {
        /// Which file.
        path: String,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("a statement on the store failed: {0}")]
    Statement(#[from] rusqlite::Error),
    /// The schema could not be brought up to date.
    #[error("the schema of {path} cannot be brought up to date")]
    Migration {
        /// Which file.
        path: String,
        /// What the migrations say.
        #[source]
        source: Box<refinery::Error>,
    },
    /// The file system refused.
    #[error("cannot read or write {path}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What it says.
        #[source]
        source: std::io::Error,
    },
    /// The head is not where the writer left it: somebody else wrote.
    #[error("the head of the ledger is at {found}, expected {expected}: another writer has been here")]
    HeadMoved {
        /// Size in the file.
        found: u64,
        /// Size the writer knew.
        expected: u64,
    },
    /// What is stored contradicts itself.
    #[error("entry {index} is damaged: {reason}")]
    Damaged {
        /// The entry.
        index: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not what it should be.
    #[error("{0}")]
    Unusable(String),
}

impl StoreError {
    /// Whether the disk, or what the file may take of it, is full: then nothing of the batch is valid.
    pub fn is_full(&self) -> bool {
        let (Self::Statement(e) | Self::Sqlite { source: e, .. }) = self else { return false };
        e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }

    /// Whether the file could not be read at all, for reasons outside it: nothing is said about what it holds.
    pub fn is_out_of_reach(&self) -> bool {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OutOfMemory, PermissionDenied, ReadOnly,
            SystemIoFailure,
        };
        const OUTSIDE: [rusqlite::ErrorCode; 9] = [
            CannotOpen,
            DatabaseBusy,
            DatabaseLocked,
            DiskFull,
            FileLockingProtocolFailed,
            OutOfMemory,
            PermissionDenied,
            ReadOnly,
            SystemIoFailure,
        ];
        match self {
            Self::Io { .. } => true,
            Self::Statement(e) | Self::Sqlite { source: e, .. } => e.sqlite_error_code().is_some_and(|code| OUTSIDE.contains(&code)),
            _ => false,
        }
    }

    /// Whether a row was refused because one of its key stands there already.
    pub fn is_duplicate(&self) -> bool {
        let Self::Statement(e) = self else { return false };
        e.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The one writer.
    Write,
    /// A writer of bookkeeping: what it writes outlives the process, but the last of it may not outlive the machine's power.
    Bookkeeping,
    /// One of many readers; cannot change the file.
    Read,
    /// The writer of a copy: one plain file when it is closed, with no log beside it.
    Copy,
    /// A file of SQLite's own that is gone with the connection; other files are attached to it by address.
    Scratch,
}

/// Opens `path`; a writer creates it.
pub fn open(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let named = |source| StoreError::Sqlite { path: path.display().to_string(), source };
    let flags = match access {
        Access::Write | Access::Bookkeeping | Access::Copy => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Scratch => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[expect(clippy::disallowed_methods, reason = "the one place where a connection is opened")]
    let connection = Connection::open_with_flags(path, flags).map_err(named)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(named)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    configure(&connection, access).map_err(named)?;
    Ok(connection)
}

fn configure(connection: &Connection, access: Access) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // 128 MiB for what writes, 8 MiB for each of many readers, behind whom the system keeps the file (negative: KiB).
    let cache_kib = match access {
        Access::Write | Access::Scratch => -131_072,
        Access::Bookkeeping | Access::Copy => -32_768,
        Access::Read => -8_192,
    };
    connection.pragma_update(None, "cache_size", cache_kib)?;
    match access {
        Access::Read => return connection.pragma_update(None, "query_only", true),
        Access::Scratch | Access::Copy => return Ok(()),
        Access::Write | Access::Bookkeeping => {}
    }
    // Only takes effect on a new file, and must come before WAL. Bookkeeping is written in small pieces all over its index: a large
    // page would be written for each.
    connection.pragma_update(None, "page_size", if access == Access::Bookkeeping { 4_096 } else { 16_384 })?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = if access == Access::Bookkeeping { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without it INSERT OR REPLACE would remove a row past the delete trigger.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
}
