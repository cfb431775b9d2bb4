//! Reading for verification: every row as it lies there, however it came there. What a reader of the ledger never asks for
//! (rows past the head, rows of another ledger, documents one by one) is asked for here.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::store::connection::StoreError;
use crate::store::rows::{LEDGER, Rows, StoredPayload, read_payload, to_sql};
use crate::store::scratch::{LIVE, Schema, read_schema};
use crate::tlog::position::TreeSize;

/// Most faults that one look at the file lists.
const MAX_FILE_FAULTS: usize = 10;

/// An entry's row beside its payload's, as they are stored.
pub struct StoredEntry {
    /// The index it is stored under.
    pub index: u64,
    /// The entry's bytes.
    pub bytes: Vec<u8>,
    /// The payload's row; `None` if there is none, a reason if it cannot be one.
    pub payload: Result<Option<StoredPayload>, String>,
}

/// A document as it is stored.
pub struct StoredDocument<'r> {
    /// Its number.
    pub number: i64,
    /// The hash it is stored under.
    pub sha256: &'r [u8],
    /// Its bytes.
    pub bytes: &'r [u8],
}

/// The head as it is stored.
pub struct StoredHead {
    /// The origin; what is no text in it is shown as U+FFFD.
    pub origin: String,
    /// How many entries it says there are.
    pub tree_size: i64,
    /// What it says the last one hashes to.
    pub leaf_hash: Vec<u8>,
}

/// How many rows a table has, and where those lie that no ledger of this size has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// All rows, whichever ledger they say they belong to.
    pub rows: u64,
    /// Those that say they belong to another ledger.
    pub foreign: u64,
    /// The smallest index past the head, if there is such a row.
    pub past_head: Option<u64>,
}

impl Rows<'_> {
    /// Up to `limit` entries and payloads stored under `from` and above, below `until`, ascending; fewer, once they come to more
    /// than `max_bytes`.
    pub fn stored_entries(self, from: u64, until: TreeSize, limit: u64, max_bytes: usize) -> Result<Vec<StoredEntry>, StoreError> {
        const SQL: &str = "SELECT e.leaf_index, e.bytes, p.leaf_index, p.seed, p.members, p.sealed
            FROM entries e LEFT JOIN payloads p ON p.ledger = e.ledger AND p.leaf_index = e.leaf_index
            WHERE e.ledger = ?1 AND e.leaf_index >= ?2 AND e.leaf_index < ?3 ORDER BY e.leaf_index LIMIT ?4";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let mut rows = statement.query(params![LEDGER, to_sql(from), to_sql(until.get()), to_sql(limit)])?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while bytes < max_bytes
            && let Some(row) = rows.next()?
        {
            let stored = stored_entry(row)?;
            bytes += stored.bytes.len() + stored.payload.as_ref().ok().and_then(Option::as_ref).map_or(0, |p| p.members.len());
            found.push(stored);
        }
        Ok(found)
    }

    /// The smallest checkpoint past that size, with the size it is stored under; its note may be no text.
    pub fn checkpoint_past(self, size: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        const SQL: &str = "SELECT tree_size, note FROM checkpoints WHERE ledger = ?1 AND tree_size > ?2 ORDER BY tree_size LIMIT 1";
        let read = |r: &Row<'_>| Ok((r.get(0)?, r.get_ref(1)?.as_bytes()?.to_vec()));
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, size], read).optional()?)
    }

    /// The head's row, if there is one.
    pub fn stored_head(self) -> Result<Option<StoredHead>, StoreError> {
        const SQL: &str = "SELECT origin, tree_size, head_leaf_hash FROM ledgers WHERE ledger = ?1";
        let read = |r: &Row<'_>| {
            let origin = String::from_utf8_lossy(r.get_ref(0)?.as_bytes()?).into_owned();
            Ok(StoredHead { origin, tree_size: r.get(1)?, leaf_hash: r.get(2)? })
        };
        Ok(self.connection.prepare_cached(SQL)?.query_row([LEDGER], read).optional()?)
    }

    /// Rows of entries, payloads, tiles, checkpoints and documents, in all.
    pub fn count_evidence(self) -> Result<u64, StoreError> {
        self.count(
            "SELECT (SELECT count(*) FROM entries) + (SELECT count(*) FROM payloads) + (SELECT count(*) FROM tiles)
                + (SELECT count(*) FROM checkpoints) + (SELECT count(*) FROM documents)",
        )
    }

    /// Entry rows, in all.
    pub fn count_all_entries(self, head: TreeSize) -> Result<RowCount, StoreError> {
        const SQL: &str = "SELECT count(*), count(*) FILTER (WHERE ledger <> ?1),
            min(leaf_index) FILTER (WHERE ledger = ?1 AND leaf_index >= ?2) FROM entries";
        self.count_rows(SQL, head)
    }

    /// Payload rows, in all.
    pub fn count_all_payloads(self, head: TreeSize) -> Result<RowCount, StoreError> {
        const SQL: &str = "SELECT count(*), count(*) FILTER (WHERE ledger <> ?1),
            min(leaf_index) FILTER (WHERE ledger = ?1 AND leaf_index >= ?2) FROM payloads";
        self.count_rows(SQL, head)
    }

    /// Checkpoint rows, in all.
    pub fn count_all_checkpoints(self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM checkpoints")
    }

    /// Document rows, in all.
    pub fn count_all_documents(self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM documents")
    }

    /// Tile rows, in all.
    pub fn count_all_tiles(self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM tiles")
    }

    /// Head rows, in all: one.
    pub fn count_all_heads(self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM ledgers")
    }

    /// Every document, by number.
    pub fn each_document<E: From<StoreError>>(self, mut each: impl FnMut(StoredDocument<'_>) -> Result<(), E>) -> Result<(), E> {
        const SQL: &str = "SELECT document_no, sha256, bytes FROM documents WHERE ledger = ?1 ORDER BY document_no";
        let mut statement = self.connection.prepare_cached(SQL).map_err(StoreError::from)?;
        let mut rows = statement.query([LEDGER]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let blob = |at| row.get_ref(at).and_then(|v| Ok(v.as_blob()?)).map_err(StoreError::from);
            each(StoredDocument { number: row.get(0).map_err(StoreError::from)?, sha256: blob(1)?, bytes: blob(2)? })?;
        }
        Ok(())
    }

    /// What is wrong with the attached ledger file as a file: pages, indexes that do not match their tables, whatever is declared in
    /// it that this release does not declare, and what it says of its own making.
    pub fn file_faults(self, expected: &Schema) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(&format!("PRAGMA {LIVE}.integrity_check({MAX_FILE_FAULTS})"))?;
        let mut faults: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        faults.retain(|line| line != "ok");
        let found = read_schema(self.connection, LIVE)?;
        for (name, declared) in &found {
            match expected.0.get(name) {
                Some(same) if same == declared => {}
                Some(_) => faults.push(format!("{name} is declared in another way than this release declares it")),
                None => faults.push(format!("{name} is declared, and this release knows nothing of it")),
            }
        }
        let is_missing = |(name, declared): &(&String, &String)| !is_guard(declared) && !found.contains_key(*name);
        faults.extend(expected.0.iter().filter(is_missing).map(|(name, _)| format!("{name} is missing")));
        if self.migrations(LIVE)? != self.migrations("main")? {
            faults.push("it says that it was made by other steps than those of this release".to_owned());
        }
        faults.truncate(MAX_FILE_FAULTS);
        Ok(faults)
    }

    /// The guards against our own mistakes that are not there. They guard nothing against who can write the file, so this is no
    /// fault; but nobody who means well takes them away.
    pub fn missing_guards(self, expected: &Schema) -> Result<Vec<String>, StoreError> {
        let found = read_schema(self.connection, LIVE)?;
        let is_missing = |(name, declared): &(&String, &String)| is_guard(declared) && !found.contains_key(*name);
        Ok(expected.0.iter().filter(is_missing).map(|(name, _)| name.clone()).collect())
    }

    /// The steps that made a file: numbers, names and checksums. When they were run nobody can check.
    fn migrations(self, database: &str) -> Result<Vec<Vec<Value>>, StoreError> {
        let sql = format!("SELECT version, name, checksum FROM {database}.refinery_schema_history ORDER BY version, name");
        let mut statement = self.connection.prepare(&sql)?;
        let read = |r: &Row<'_>| (0..3).map(|at| r.get(at)).collect::<Result<Vec<Value>, _>>();
        let steps = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(steps)
    }

    fn count(self, sql: &str) -> Result<u64, StoreError> {
        let count: i64 = self.connection.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn count_rows(self, sql: &str, head: TreeSize) -> Result<RowCount, StoreError> {
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        let (rows, foreign, past): (i64, i64, Option<i64>) = self
            .connection
            .prepare_cached(sql)?
            .query_row(params![LEDGER, to_sql(head.get())], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        Ok(RowCount { rows: number(rows), foreign: number(foreign), past_head: past.and_then(|index| u64::try_from(index).ok()) })
    }
}

/// The triggers that refuse to change or delete an entry.
fn is_guard(declared: &str) -> bool {
    declared.starts_with("trigger")
}

fn stored_entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    let index: i64 = row.get(0)?;
    let payload = if row.get_ref(2)? == ValueRef::Null { Ok(None) } else { read_payload(row, 3)?.map(Some) };
    Ok(StoredEntry { index: u64::try_from(index).unwrap_or(u64::MAX), bytes: row.get(1)?, payload })
}
