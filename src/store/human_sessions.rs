//! Sessions of people and the one-time links that open them, by keyed hash. Secrets never come this far down.

use rusqlite::{OptionalExtension as _, Row, Transaction};

use crate::store::connection::StoreError;
use crate::store::service_db::ServiceDb;
use crate::tlog::time::Timestamp;

/// Whom a link or a session is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// Her id.
    pub principal_id: String,
    /// How pages call her.
    pub display_name: String,
    /// Her roles' words, separated by spaces.
    pub roles: String,
}

impl ServiceDb {
    /// Keeps a link.
    pub fn add_link(
        &self,
        token_hash: &[u8; 32],
        person: &PersonRow,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO one_time_links (token_hash, principal_id, display_name, roles, created_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    token_hash,
                    &person.principal_id,
                    &person.display_name,
                    &person.roles,
                    created_at.micros(),
                    expires_at.micros(),
                ))?;
            Ok(())
        })
    }

    /// Uses up a link and opens a session for its person, both or neither. `None`: no such link, used before, or ended.
    pub fn redeem_link(
        &self,
        token_hash: &[u8; 32],
        cookie_hash: &[u8; 32],
        now: Timestamp,
        session_expires_at: Timestamp,
    ) -> Result<Option<PersonRow>, StoreError> {
        self.write(|transaction| {
            let Some(person) = use_up_link(transaction, token_hash, now)? else { return Ok(None) };
            insert_session(transaction, cookie_hash, &person, now, session_expires_at)?;
            Ok(Some(person))
        })
    }

    /// The session behind a cookie that has not ended by `now`, and when it will.
    pub fn session(&self, cookie_hash: &[u8; 32], now: Timestamp) -> Result<Option<(PersonRow, Timestamp)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT principal_id, display_name, roles, expires_at
                     FROM sessions
                     WHERE cookie_hash = ?1 AND expires_at > ?2",
                )?
                .query_row((cookie_hash, now.micros()), |row| Ok((read_person(row)?, read_time(row, 3)?)))
                .optional()
        })
    }

    /// Ends a session. Whether there was one makes no difference.
    pub fn end_session(&self, cookie_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.prepare_cached("DELETE FROM sessions WHERE cookie_hash = ?1")?.execute([cookie_hash])?;
            Ok(())
        })
    }

    /// Ends every session of a person and every link that would open one; returns how many sessions there were.
    pub fn end_sessions_of(&self, principal_id: &str) -> Result<usize, StoreError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("DELETE FROM one_time_links WHERE principal_id = ?1 AND used_at IS NULL")?
                .execute([principal_id])?;
            transaction.prepare_cached("DELETE FROM sessions WHERE principal_id = ?1")?.execute([principal_id])
        })
    }
}

/// The condition and the mark are one statement: of many tries at once, one finds `used_at` empty.
fn use_up_link(transaction: &Transaction<'_>, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<PersonRow>, rusqlite::Error> {
    transaction
        .prepare_cached(
            "UPDATE one_time_links SET used_at = ?2
             WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2
             RETURNING principal_id, display_name, roles",
        )?
        .query_row((token_hash, now.micros()), read_person)
        .optional()
}

fn insert_session(
    transaction: &Transaction<'_>,
    cookie_hash: &[u8; 32],
    person: &PersonRow,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO sessions (cookie_hash, principal_id, display_name, roles, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((cookie_hash, &person.principal_id, &person.display_name, &person.roles, created_at.micros(), expires_at.micros()))?;
    Ok(())
}

fn read_person(row: &Row<'_>) -> Result<PersonRow, rusqlite::Error> {
    Ok(PersonRow { principal_id: row.get(0)?, display_name: row.get(1)?, roles: row.get(2)? })
}

fn read_time(row: &Row<'_>, column: usize) -> Result<Timestamp, rusqlite::Error> {
    let micros = row.get(column)?;
    Timestamp::from_micros(micros).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, micros))
}
