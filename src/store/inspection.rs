//! Reading for verification: every row as it lies there, however it came there. What a reader of the ledger never asks for
//! (rows past the head, rows of another ledger, documents one by one) is asked for here.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::store::connection::StoreError;
use crate::store::rows::{LEDGER, Rows, StoredPayload, to_sql};
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

/// How many rows a table has, and where those lie that no ledger of this size has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// All rows, whichever ledger they say they belong to.
    pub rows: u64,
    /// The smallest index past the head, if there is such a row.
    pub past_head: Option<u64>,
}

impl Rows<'_> {
    /// Up to `limit` entries and payloads stored under `from` and above, below `until`, ascending; fewer, once they come to more
    /// than `max_bytes`.
    pub fn stored_entries(self, from: u64, until: TreeSize, limit: u64, max_bytes: usize) -> Result<Vec<StoredEntry>, StoreError> {
        const SQL: &str = "SELECT e.leaf_index, e.bytes, p.seed, p.members, p.sealed
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

    /// The smallest checkpoint past that size, with the size it is stored under.
    pub fn checkpoint_past(self, size: i64) -> Result<Option<(i64, String)>, StoreError> {
        const SQL: &str = "SELECT tree_size, note FROM checkpoints WHERE ledger = ?1 AND tree_size > ?2 ORDER BY tree_size LIMIT 1";
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, size], |r| Ok((r.get(0)?, r.get(1)?))).optional()?)
    }

    /// Entry rows, in all.
    pub fn count_all_entries(self, head: TreeSize) -> Result<RowCount, StoreError> {
        self.count_rows("SELECT count(*) FROM entries", "SELECT min(leaf_index) FROM entries WHERE ledger = ?1 AND leaf_index >= ?2", head)
    }

    /// Payload rows, in all.
    pub fn count_all_payloads(self, head: TreeSize) -> Result<RowCount, StoreError> {
        self.count_rows(
            "SELECT count(*) FROM payloads",
            "SELECT min(leaf_index) FROM payloads WHERE ledger = ?1 AND leaf_index >= ?2",
            head,
        )
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

    /// What is wrong with the attached ledger file as a file: pages, indexes that do not match their tables, and whatever is
    /// declared in it that this release does not declare. The guards against our own mistakes may be missing: they guard nothing
    /// against who can write the file.
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
        let is_missing = |(name, declared): &(&String, &String)| !declared.starts_with("trigger") && !found.contains_key(*name);
        faults.extend(expected.0.iter().filter(is_missing).map(|(name, _)| format!("{name} is missing")));
        faults.truncate(MAX_FILE_FAULTS);
        Ok(faults)
    }

    fn count(self, sql: &str) -> Result<u64, StoreError> {
        let count: i64 = self.connection.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn count_rows(self, count: &str, smallest_past: &str, head: TreeSize) -> Result<RowCount, StoreError> {
        let past: Option<i64> =
            self.connection.prepare_cached(smallest_past)?.query_row(params![LEDGER, to_sql(head.get())], |r| r.get(0))?;
        Ok(RowCount { rows: self.count(count)?, past_head: past.and_then(|index| u64::try_from(index).ok()) })
    }
}

fn stored_entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    let index: i64 = row.get(0)?;
    let members: Option<String> = row.get(3)?;
    let payload = match members {
        None => Ok(None),
        Some(members) => match row.get::<_, Option<Vec<u8>>>(2)?.map(<[u8; 32]>::try_from).transpose() {
            Ok(seed) => Ok(Some(StoredPayload { seed, members, sealed: row.get(4)? })),
            Err(bytes) => Err(format!("its seed has {} bytes instead of 32", bytes.len())),
        },
    };
    Ok(StoredEntry { index: u64::try_from(index).unwrap_or(u64::MAX), bytes: row.get(1)?, payload })
}
