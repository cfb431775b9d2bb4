//! Reading the ledger's own rows: head, entries, payloads, tiles, checkpoints, documents. Every function is one statement.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::store::connection::StoreError;
use crate::tlog::hash::{DocumentHash, LeafHash};
use crate::tlog::position::{LeafIndex, TreeSize};

/// The number of the one ledger that a file holds today.
pub const LEDGER: i64 = 1;

/// The rows as one connection sees them: a reader's, or the writer's within its transaction.
#[derive(Clone, Copy)]
pub struct Rows<'c> {
    pub(super) connection: &'c Connection,
}

/// How far the ledger has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The origin.
    pub origin: String,
    /// How many entries.
    pub size: TreeSize,
    /// The hash of the last one ([`LeafHash::GENESIS`] if there is none).
    pub leaf_hash: LeafHash,
}

/// A payload as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPayload {
    /// What the salts come from; gone after an erasure.
    pub seed: Option<[u8; 32]>,
    /// Canonical JSON of `{name: value}`.
    pub members: String,
    /// After an erasure: salts of what stays, digests of what went.
    pub sealed: Option<String>,
}

/// SQLite integers are signed; positions are below 2^53.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn index_from_sql(number: i64) -> Result<LeafIndex, StoreError> {
    u64::try_from(number)
        .ok()
        .and_then(LeafIndex::new)
        .ok_or_else(|| StoreError::Unusable(format!("the ledger file holds {number} where a leaf index belongs")))
}

fn hash_from_sql(bytes: &[u8], what: &str) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::Unusable(format!("the ledger file holds {} bytes where {what} (32 bytes) belongs", bytes.len())))
}

/// Seed, members and `sealed` in three columns from `at` on, or why they can be no payload.
pub(super) fn read_payload(row: &Row<'_>, at: usize) -> rusqlite::Result<Result<StoredPayload, String>> {
    let seed = row.get::<_, Option<Vec<u8>>>(at)?;
    let (members, sealed) = (row.get_ref(at + 1)?.as_bytes()?, row.get_ref(at + 2)?.as_bytes_or_null()?);
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "its payload is not UTF-8".to_owned());
    let read = || {
        let seed = seed.map(|seed| <[u8; 32]>::try_from(seed).map_err(|bytes| format!("its seed has {} bytes instead of 32", bytes.len())));
        Ok(StoredPayload { seed: seed.transpose()?, members: text(members)?, sealed: sealed.map(text).transpose()? })
    };
    Ok(read())
}

impl<'c> Rows<'c> {
    /// The head; `None` before genesis.
    pub fn head(self) -> Result<Option<Head>, StoreError> {
        const SQL: &str = "SELECT origin, tree_size, head_leaf_hash FROM ledgers WHERE ledger = ?1";
        let row = self
            .connection
            .prepare_cached(SQL)?
            .query_row([LEDGER], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?, r.get::<_, Vec<u8>>(2)?)))
            .optional()?;
        let Some((origin, size, leaf_hash)) = row else { return Ok(None) };
        let size = u64::try_from(size)
            .ok()
            .and_then(TreeSize::new)
            .ok_or_else(|| StoreError::Unusable(format!("the ledger file holds {size} where the tree size belongs")))?;
        Ok(Some(Head { origin, size, leaf_hash: LeafHash::from_bytes(hash_from_sql(&leaf_hash, "the head's leaf hash")?) }))
    }

    /// The bytes of an entry.
    pub fn entry(self, index: LeafIndex) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT bytes FROM entries WHERE ledger = ?1 AND leaf_index = ?2";
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, to_sql(index.get())], |r| r.get(0)).optional()?)
    }

    /// The bytes of up to `limit` entries from `from` on, ascending, handed to `each` with the index they are stored under.
    pub fn each_entry<E: From<StoreError>>(
        self,
        from: u64,
        limit: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str = "SELECT leaf_index, bytes FROM entries WHERE ledger = ?1 AND leaf_index >= ?2 ORDER BY leaf_index LIMIT ?3";
        let mut statement = self.connection.prepare_cached(SQL).map_err(StoreError::from)?;
        let mut rows = statement.query(params![LEDGER, to_sql(from), to_sql(limit)]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let index: i64 = row.get(0).map_err(StoreError::from)?;
            let bytes = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).map_err(StoreError::from)?;
            each(u64::try_from(index).unwrap_or(u64::MAX), bytes)?;
        }
        Ok(())
    }

    /// How many entry rows there are, whatever the head says.
    pub fn count_entries(self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM entries WHERE ledger = ?1";
        let count: i64 = self.connection.prepare_cached(SQL)?.query_row([LEDGER], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The payload of an entry.
    pub fn payload(self, index: LeafIndex) -> Result<Option<StoredPayload>, StoreError> {
        const SQL: &str = "SELECT seed, members, sealed FROM payloads WHERE ledger = ?1 AND leaf_index = ?2";
        let row =
            self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, to_sql(index.get())], |r| read_payload(r, 0)).optional()?;
        let damaged = |reason| StoreError::Damaged { index: index.get(), reason };
        row.transpose().map_err(damaged)
    }

    /// How many payload rows there are.
    pub fn count_payloads(self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM payloads WHERE ledger = ?1";
        let count: i64 = self.connection.prepare_cached(SQL)?.query_row([LEDGER], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// A full tile.
    pub fn tile(self, level: u8, tile_index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT hashes FROM tiles WHERE ledger = ?1 AND level = ?2 AND tile_index = ?3";
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, level, to_sql(tile_index)], |r| r.get(0)).optional()?)
    }

    /// Every full tile's place, ascending.
    pub fn tile_places(self) -> Result<Vec<(i64, i64)>, StoreError> {
        const SQL: &str = "SELECT level, tile_index FROM tiles WHERE ledger = ?1 ORDER BY level, tile_index";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let places = statement.query_map([LEDGER], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(places)
    }

    /// The newest checkpoint no larger than `at_most`.
    pub fn checkpoint(self, at_most: TreeSize) -> Result<Option<(TreeSize, String)>, StoreError> {
        const SQL: &str = "SELECT tree_size, note FROM checkpoints WHERE ledger = ?1 AND tree_size <= ?2 ORDER BY tree_size DESC LIMIT 1";
        self.one_checkpoint(SQL, at_most)
    }

    /// The oldest checkpoint of at least that size.
    pub fn checkpoint_covering(self, at_least: TreeSize) -> Result<Option<(TreeSize, String)>, StoreError> {
        const SQL: &str = "SELECT tree_size, note FROM checkpoints WHERE ledger = ?1 AND tree_size >= ?2 ORDER BY tree_size LIMIT 1";
        self.one_checkpoint(SQL, at_least)
    }

    fn one_checkpoint(self, sql: &str, size: TreeSize) -> Result<Option<(TreeSize, String)>, StoreError> {
        let row = self
            .connection
            .prepare_cached(sql)?
            .query_row(params![LEDGER, to_sql(size.get())], |r| Ok((r.get::<_, i64>(0)?, r.get(1)?)))
            .optional()?;
        Ok(row.and_then(|(size, note)| Some((TreeSize::new(u64::try_from(size).ok()?)?, note))))
    }

    /// Every checkpoint, ascending, with the size it is stored under.
    pub fn checkpoints(self) -> Result<Vec<(i64, String)>, StoreError> {
        const SQL: &str = "SELECT tree_size, note FROM checkpoints WHERE ledger = ?1 ORDER BY tree_size";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let checkpoints = statement.query_map([LEDGER], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(checkpoints)
    }

    /// The bytes of a document.
    pub fn document(self, hash: &DocumentHash) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT bytes FROM documents WHERE ledger = ?1 AND sha256 = ?2";
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, hash.as_bytes().as_slice()], |r| r.get(0)).optional()?)
    }

    /// The length of a document, if the ledger has it.
    pub fn document_bytes(self, hash: &DocumentHash) -> Result<Option<u64>, StoreError> {
        const SQL: &str = "SELECT length(bytes) FROM documents WHERE ledger = ?1 AND sha256 = ?2";
        let length: Option<i64> =
            self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, hash.as_bytes().as_slice()], |r| r.get(0)).optional()?;
        Ok(length.and_then(|l| u64::try_from(l).ok()))
    }

    /// Runs `read` on one consistent state of the file, however many statements it takes.
    pub fn in_one_snapshot<T, E: From<StoreError>>(self, read: impl FnOnce(Rows<'c>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection.unchecked_transaction().map_err(StoreError::from)?;
        let result = read(self);
        transaction.finish().map_err(StoreError::from)?;
        result
    }
}
