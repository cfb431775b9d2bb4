//! Writing: one connection, one open transaction at a time. An open [`Batch`] is the only thing that can append; nothing here
//! updates or deletes an entry.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::domain::ids::{ActionId, DelegationId};
use crate::store::connection::{Access, StoreError, open};
use crate::store::derived::{DelegationNo, action_key};
use crate::store::rows::{Head, LEDGER, Rows, to_sql};
use crate::tlog::hash::{DocumentHash, LeafHash};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// The schema's history, from the folder that the SQL lies in.
mod schema {
    refinery::embed_migrations!("migrations/ledger");
}

/// Brings the schema of a ledger file up to date, in one transaction: a migration whose history row is missing would be run again,
/// and fail, at every later start.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let migrated = schema::migrations::runner().set_grouped(true).run(connection);
    migrated.map(drop).map_err(|e| StoreError::Migration { path: path.display().to_string(), source: Box::new(e) })
}

/// Delegation numbers kept in memory by the writer; past it the memory is emptied and filled again.
const MAX_REMEMBERED_NAMES: usize = 200_000;

/// The one connection that writes the ledger file.
pub struct LedgerWriter {
    connection: Connection,
    names: HashMap<DelegationId, DelegationNo>,
}

/// An open transaction on the ledger file: all of it becomes durable, or none.
pub struct Batch<'w> {
    pub(super) transaction: Transaction<'w>,
    pub(super) names: &'w mut HashMap<DelegationId, DelegationNo>,
}

/// One entry to be written.
pub struct NewEntry<'a> {
    /// Its place.
    pub index: LeafIndex,
    /// The header's bytes.
    pub bytes: &'a [u8],
    /// What its salts come from.
    pub seed: &'a [u8; 32],
    /// Canonical JSON of its members.
    pub members: &'a str,
}

impl LedgerWriter {
    /// Opens or creates the ledger file and brings its schema up to date. Whatever an earlier process left in the WAL is moved
    /// into the file first, so that nothing is answered or signed over a state that a later open could see otherwise.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = open(path, Access::Write)?;
        migrate(&mut connection, path)?;
        let writer = Self { connection, names: HashMap::new() };
        writer.move_wal_into_file()?;
        Ok(writer)
    }

    /// `wal_checkpoint(TRUNCATE)`, which must succeed.
    pub fn move_wal_into_file(&self) -> Result<(), StoreError> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        if busy == 0 {
            Ok(())
        } else {
            Err(StoreError::Unusable("the write-ahead log could not be moved into the ledger file: another process holds it".to_owned()))
        }
    }

    /// What is committed.
    pub fn rows(&self) -> Rows<'_> {
        Rows { connection: &self.connection }
    }

    /// Begins a batch, with the write lock taken at once.
    pub fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        if self.names.len() > MAX_REMEMBERED_NAMES {
            self.names.clear();
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { transaction, names: &mut self.names })
    }

    /// Forgets what was remembered of a batch that was not committed.
    pub fn forget(&mut self) {
        self.names.clear();
    }
}

impl Batch<'_> {
    /// What is committed, and what this batch has written so far.
    pub fn rows(&self) -> Rows<'_> {
        Rows { connection: &self.transaction }
    }

    /// Writes entry and payload.
    pub fn append(&mut self, entry: &NewEntry<'_>) -> Result<(), StoreError> {
        const ENTRY: &str = "INSERT INTO entries (ledger, leaf_index, bytes) VALUES (?1, ?2, ?3)";
        const PAYLOAD: &str = "INSERT INTO payloads (ledger, leaf_index, seed, members) VALUES (?1, ?2, ?3, ?4)";
        let index = to_sql(entry.index.get());
        self.transaction.prepare_cached(ENTRY)?.execute(params![LEDGER, index, entry.bytes])?;
        self.transaction.prepare_cached(PAYLOAD)?.execute(params![LEDGER, index, entry.seed.as_slice(), entry.members])?;
        Ok(())
    }

    /// Notes where the event of that key stands.
    pub fn add_event_key(&mut self, index: LeafIndex, event_key: &[u8; 16]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO event_keys (ledger, event_key, leaf_index) VALUES (?1, ?2, ?3)";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, event_key.as_slice(), to_sql(index.get())])?;
        Ok(())
    }

    /// Notes a granted delegation. The second value says whether its id, or its place as a parent, was mentioned before.
    pub fn add_delegation(
        &mut self,
        index: LeafIndex,
        id: &DelegationId,
        parent: Option<&DelegationId>,
    ) -> Result<(DelegationNo, bool), StoreError> {
        const SQL: &str = "INSERT INTO delegations (ledger, delegation_no, leaf_index, parent_no) VALUES (?1, ?2, ?3, ?4)";
        let (no, was_mentioned) = self.number(id)?;
        let parent_no = parent.map(|p| self.number(p)).transpose()?.map(|(no, _)| no.0);
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, no.0, to_sql(index.get()), parent_no])?;
        Ok((no, was_mentioned))
    }

    /// Notes a revocation.
    pub fn add_revocation(&mut self, index: LeafIndex, id: &DelegationId) -> Result<DelegationNo, StoreError> {
        const SQL: &str = "INSERT INTO revocations (ledger, delegation_no, leaf_index) VALUES (?1, ?2, ?3)";
        let (no, _) = self.number(id)?;
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, no.0, to_sql(index.get())])?;
        Ok(no)
    }

    /// Notes a report of an action.
    pub fn add_action(
        &mut self,
        index: LeafIndex,
        id: &ActionId,
        under: Option<&DelegationId>,
        occurred_at: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO actions (ledger, leaf_index, action_key, delegation_no, occurred_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let no = under.map(|d| self.number(d)).transpose()?.map(|(no, _)| no.0);
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, to_sql(index.get()), action_key(id), no, occurred_at.micros()])?;
        Ok(())
    }

    /// Notes an administrative entry.
    pub fn add_administration(&mut self, index: LeafIndex, entry_type: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO administration (ledger, entry_type, leaf_index) VALUES (?1, ?2, ?3)";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, entry_type, to_sql(index.get())])?;
        Ok(())
    }

    /// Sets the codes that an entry has as of now, and the `assessment.changed` that says so.
    pub fn set_present_findings(&mut self, index: LeafIndex, codes: &str, changed_by: LeafIndex) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO present_findings (ledger, leaf_index, codes, changed_by) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (ledger, leaf_index) DO UPDATE SET codes = excluded.codes, changed_by = excluded.changed_by";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, to_sql(index.get()), codes, to_sql(changed_by.get())])?;
        Ok(())
    }

    /// Keeps a document's bytes, unless they are kept already.
    pub fn add_document(&mut self, hash: &DocumentHash, bytes: &[u8]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO documents (ledger, document_no, sha256, bytes)
            VALUES (?1, (SELECT coalesce(max(document_no), -1) + 1 FROM documents WHERE ledger = ?1), ?2, ?3)";
        if self.rows().document_bytes(hash)?.is_none() {
            self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, hash.as_bytes().as_slice(), bytes])?;
        }
        Ok(())
    }

    /// Keeps a full tile.
    pub fn add_tile(&mut self, level: u8, tile_index: u64, hashes: &[u8]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO tiles (ledger, level, tile_index, hashes) VALUES (?1, ?2, ?3, ?4)";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, level, to_sql(tile_index), hashes])?;
        Ok(())
    }

    /// Keeps a signed checkpoint; one of that size that is there already (kept, and not released before a fault) stays.
    pub fn add_checkpoint(&mut self, size: TreeSize, note: &str) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO checkpoints (ledger, tree_size, note) VALUES (?1, ?2, ?3) ON CONFLICT (ledger, tree_size) DO NOTHING";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, to_sql(size.get()), note])?;
        Ok(())
    }

    /// Puts the first head: the file belongs to that origin from now on.
    pub fn create_head(&mut self, origin: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO ledgers (ledger, origin, tree_size, head_leaf_hash) VALUES (?1, ?2, 0, ?3)";
        self.transaction.prepare_cached(SQL)?.execute(params![LEDGER, origin, LeafHash::GENESIS.as_bytes().as_slice()])?;
        Ok(())
    }

    /// Moves the head, if it still is where the writer left it.
    pub fn move_head(&mut self, from: &Head, to_size: TreeSize, to_leaf_hash: LeafHash) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE ledgers SET tree_size = ?2, head_leaf_hash = ?3 WHERE ledger = ?1 AND tree_size = ?4 AND head_leaf_hash = ?5";
        let changed = self.transaction.prepare_cached(SQL)?.execute(params![
            LEDGER,
            to_sql(to_size.get()),
            to_leaf_hash.as_bytes().as_slice(),
            to_sql(from.size.get()),
            from.leaf_hash.as_bytes().as_slice(),
        ])?;
        if changed == 1 {
            return Ok(());
        }
        let found = self.rows().head()?.map_or(0, |h| h.size.get());
        Err(StoreError::HeadMoved { found, expected: from.size.get() })
    }

    /// Empties every derived table, so that they can be made again from entries and payloads.
    pub fn clear_derived(&mut self) -> Result<(), StoreError> {
        self.names.clear();
        for table in ["event_keys", "delegation_names", "delegations", "revocations", "actions", "present_findings", "administration"] {
            self.transaction.execute(&format!("DELETE FROM {table} WHERE ledger = ?1"), [LEDGER])?;
        }
        Ok(())
    }

    /// A place to come back to within the batch.
    pub fn mark(&self) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch("SAVEPOINT submission")?)
    }

    /// Undoes everything since [`Batch::mark`].
    pub fn undo_to_mark(&mut self) -> Result<(), StoreError> {
        self.names.clear();
        Ok(self.transaction.execute_batch("ROLLBACK TO submission; RELEASE submission")?)
    }

    /// Keeps everything since [`Batch::mark`].
    pub fn keep_mark(&self) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch("RELEASE submission")?)
    }

    /// Makes the batch durable. After an error nobody knows whether it is: the process must not go on writing.
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }

    /// The number of a delegation id, given now if it has none; and whether it had one.
    fn number(&mut self, id: &DelegationId) -> Result<(DelegationNo, bool), StoreError> {
        const NEXT: &str = "SELECT coalesce(max(delegation_no), -1) + 1 FROM delegation_names WHERE ledger = ?1";
        const ADD: &str = "INSERT INTO delegation_names (ledger, delegation_no, delegation_id) VALUES (?1, ?2, ?3)";
        if let Some(no) = self.names.get(id) {
            return Ok((*no, true));
        }
        if let Some(no) = self.rows().delegation_no(id)? {
            self.names.insert(id.clone(), no);
            return Ok((no, true));
        }
        let no: Option<i64> = self.transaction.prepare_cached(NEXT)?.query_row([LEDGER], |r| r.get(0)).optional()?;
        let no = DelegationNo(no.unwrap_or(0));
        self.transaction.prepare_cached(ADD)?.execute(params![LEDGER, no.0, id.as_str()])?;
        self.names.insert(id.clone(), no);
        Ok((no, false))
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
