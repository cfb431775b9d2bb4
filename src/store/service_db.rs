//! `service.db`: bookkeeping that can be lost without losing evidence. This file opens it and sweeps it; what the tables hold
//! is read and written in `idempotency_answers` and `human_sessions`.
//!
//! Two processes may have it open (`onus link` beside the server): every write takes SQLite's write lock at its beginning.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::connection::{self, Access, StoreError};
use crate::tlog::time::Timestamp;

/// Beside the file, and held while it is opened: neither switching to WAL nor migrations wait for another process.
const LOCK_SUFFIX: &str = "opening";
/// Most rows of one table that one sweep removes, so that it never holds the lock for long.
const SWEEP_ROWS: u32 = 10_000;

mod embedded {
    refinery::embed_migrations!("migrations/service");
}

/// The open file: one connection that writes, one that reads while the other waits for the disk.
pub struct ServiceDb {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl ServiceDb {
    /// Opens the file at `path`, creates it if need be and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let _lock = lock_beside(path)?;
        let mut writer = connection::open(path, Access::Bookkeeping)?;
        // In one transaction: a migration whose history row is missing would be run again, and fail, at every later start.
        embedded::migrations::runner()
            .set_grouped(true)
            .run(&mut writer)
            .map_err(|source| StoreError::Migration { path: path.display().to_string(), source: Box::new(source) })?;
        let reader = connection::open(path, Access::Read)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    /// Removes what has ended by `now`; returns the number of rows.
    pub fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.write(|transaction| {
            Ok(remove_ended_answers(transaction, now)? + remove_ended_sessions(transaction, now)? + remove_ended_links(transaction, now)?)
        })
    }

    pub(super) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        let mut connection = held(&self.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        Ok(work(&held(&self.reader))?)
    }
}

/// A thread that panicked while it held the connection left no half transaction: dropping one rolls it back.
fn held(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Dropping the file gives the lock back.
fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let path = path.with_added_extension(LOCK_SUFFIX);
    let lock = || {
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    lock().map_err(|source| StoreError::Io { path: path.clone(), source })
}

/// All are kept equally long, so the oldest end first, and the oldest have the smallest ids: no index is needed to find them. (A
/// key used again after its end keeps its id; it is passed over until it ends, too.)
fn remove_ended_answers(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, rusqlite::Error> {
    transaction
        .prepare_cached(
            "DELETE FROM idempotency_answers
             WHERE expires_at <= ?1
               AND answer_id IN (SELECT answer_id FROM idempotency_answers ORDER BY answer_id LIMIT ?2)",
        )?
        .execute((now.micros(), SWEEP_ROWS))
}

fn remove_ended_sessions(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, rusqlite::Error> {
    transaction
        .prepare_cached(
            "DELETE FROM sessions
             WHERE cookie_hash IN (SELECT cookie_hash FROM sessions WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute((now.micros(), SWEEP_ROWS))
}

fn remove_ended_links(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, rusqlite::Error> {
    transaction
        .prepare_cached(
            "DELETE FROM one_time_links
             WHERE token_hash IN (SELECT token_hash FROM one_time_links WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute((now.micros(), SWEEP_ROWS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_processes_may_create_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.db");
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| ServiceDb::open(&path).map(drop))).collect();
            for opener in openers {
                opener.join().unwrap().unwrap();
            }
        });
        let db = ServiceDb::open(&path).unwrap();
        assert_eq!(db.sweep(Timestamp::from_micros(0).unwrap()).unwrap(), 0);
    }
}
