//! Answers kept for whoever sends the same request again. When an answer counts as final is `service::idempotency`'s business.

use rusqlite::{OptionalExtension as _, Row, Transaction};

use crate::store::connection::StoreError;
use crate::store::service_db::ServiceDb;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Largest body, and largest recipe, of a kept answer, in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Which request: a keyed hash of its credential, method, path and Idempotency-Key. Short, because each lies at a random place in
/// an index that must stay in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerKey(pub [u8; 16]);

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, not to the connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: StoredBody,
}

/// A body, or how to make it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredBody {
    /// At most [`MAX_ANSWER_BYTES`].
    Whole(Vec<u8>),
    /// Of ingest: the ledger holds the rest.
    FromEntries {
        /// Entries, in the order of the answer.
        indexes: Vec<LeafIndex>,
        /// What the ledger does not hold: request id, time of the answer, refused lines. Its form is its maker's business.
        recipe: Vec<u8>,
    },
}

/// An answer about to be kept.
#[derive(Clone, Debug)]
pub struct NewAnswer {
    /// To which request.
    pub key: AnswerKey,
    /// Keyed hash of the request's body.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub answer: StoredAnswer,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is kept.
    pub expires_at: Timestamp,
}

impl ServiceDb {
    /// The answer kept for `key` that has not ended by `now`, with the fingerprint of the request it answered.
    pub fn answer(&self, key: &AnswerKey, now: Timestamp) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT fingerprint, status, headers, body, entry_indexes, recipe
                     FROM idempotency_answers
                     WHERE answer_key = ?1 AND expires_at > ?2",
                )?
                .query_row((key.0, now.micros()), read_answer)
                .optional()
        })
    }

    /// Keeps `answers`, in one transaction. An ended answer of the same key gives way.
    pub fn keep_answers(&self, answers: &[NewAnswer]) -> Result<(), StoreError> {
        self.write(|transaction| answers.iter().try_for_each(|new| insert(transaction, new)))
    }

    /// Forgets every answer made from an entry: one of its members is being erased. Returns how many there were.
    pub fn forget_answers_of(&self, index: LeafIndex) -> Result<usize, StoreError> {
        let number = i64::try_from(index.get()).map_err(|_| StoreError::Unusable(format!("index {} is too large", index.get())))?;
        self.write(|transaction| {
            let wanted = index.get().to_be_bytes();
            let candidates = answers_around(transaction, number)?;
            let holding = candidates.into_iter().filter(|(_, indexes)| indexes.as_chunks::<8>().0.contains(&wanted));
            holding.map(|(answer_id, _)| remove(transaction, answer_id)).sum()
        })
    }
}

fn read_answer(row: &Row<'_>) -> Result<([u8; 32], StoredAnswer), rusqlite::Error> {
    let body = match row.get::<_, Option<Vec<u8>>>(3)? {
        Some(body) => StoredBody::Whole(body),
        None => StoredBody::FromEntries { indexes: read_indexes(&row.get::<_, Vec<u8>>(4)?), recipe: row.get(5)? },
    };
    Ok((row.get(0)?, StoredAnswer { status: row.get(1)?, headers: read_headers(&row.get::<_, String>(2)?), body }))
}

fn read_indexes(bytes: &[u8]) -> Vec<LeafIndex> {
    bytes.as_chunks::<8>().0.iter().filter_map(|b| LeafIndex::new(u64::from_be_bytes(*b))).collect()
}

/// One header a line; neither names nor values can hold a line break.
fn read_headers(text: &str) -> Vec<(String, String)> {
    text.lines().filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn write_headers(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn insert(transaction: &Transaction<'_>, new: &NewAnswer) -> Result<(), rusqlite::Error> {
    let (body, indexes, recipe) = match &new.answer.body {
        StoredBody::Whole(body) => (Some(body), None, None),
        StoredBody::FromEntries { indexes, recipe } => (None, Some(indexes), Some(recipe)),
    };
    let bounds = indexes.and_then(|all| Some((as_number(*all.iter().min()?), as_number(*all.iter().max()?))));
    let index_bytes: Option<Vec<u8>> = indexes.map(|all| all.iter().flat_map(|i| i.get().to_be_bytes()).collect());
    transaction
        .prepare_cached(
            "INSERT INTO idempotency_answers (
                 answer_key, fingerprint, status, headers, body, entry_indexes, recipe,
                 first_entry_index, last_entry_index, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (answer_key) DO UPDATE SET
                 fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body,
                 entry_indexes = excluded.entry_indexes, recipe = excluded.recipe,
                 first_entry_index = excluded.first_entry_index, last_entry_index = excluded.last_entry_index,
                 created_at = excluded.created_at, expires_at = excluded.expires_at
             WHERE expires_at <= excluded.created_at",
        )?
        .execute(rusqlite::params![
            new.key.0,
            new.fingerprint,
            new.answer.status,
            write_headers(&new.answer.headers),
            body,
            index_bytes,
            recipe,
            bounds.map(|(first, _)| first),
            bounds.map(|(_, last)| last),
            new.created_at.micros(),
            new.expires_at.micros(),
        ])?;
    Ok(())
}

/// SQLite's integers end at 2^63; so does any tree we can hold.
fn as_number(index: LeafIndex) -> i64 {
    i64::try_from(index.get()).unwrap_or(i64::MAX)
}

fn answers_around(transaction: &Transaction<'_>, index: i64) -> Result<Vec<(i64, Vec<u8>)>, rusqlite::Error> {
    transaction
        .prepare_cached(
            "SELECT answer_id, entry_indexes
             FROM idempotency_answers
             WHERE first_entry_index <= ?1 AND last_entry_index >= ?1",
        )?
        .query_map([index], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn remove(transaction: &Transaction<'_>, answer_id: i64) -> Result<usize, rusqlite::Error> {
    transaction.prepare_cached("DELETE FROM idempotency_answers WHERE answer_id = ?1")?.execute([answer_id])
}
