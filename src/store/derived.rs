//! Reading the derived tables: which entries grant, revoke, act, change. They hold places only; what they point at is read, and
//! checked, from entries and payloads.

use rusqlite::{OptionalExtension as _, Params, params};

use crate::domain::ids::{ActionId, DelegationId};
use crate::store::connection::StoreError;
use crate::store::rows::{LEDGER, Rows, index_from_sql, to_sql};
use crate::tlog::hash::sha256;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// The number that stands for a delegation id within the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DelegationNo(pub(super) i64);

/// What is stored of a granted delegation: places only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegationPlace {
    /// Its own number.
    pub no: DelegationNo,
    /// The entry that granted it.
    pub index: LeafIndex,
    /// Its parent's number.
    pub parent: Option<DelegationNo>,
}

/// From some moment on: by the time that is claimed, or by the place in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// Claimed to have happened then or later.
    pub occurred_at: Timestamp,
    /// Recorded at this index or later.
    pub recorded: u64,
}

/// First 8 bytes of SHA-256 of an action id, as SQLite holds integers.
pub(super) fn action_key(id: &ActionId) -> i64 {
    let hash = sha256(id.as_str().as_bytes());
    i64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

impl Rows<'_> {
    /// The entry under an event key.
    pub fn event(self, event_key: &[u8; 16]) -> Result<Option<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM event_keys WHERE ledger = ?1 AND event_key = ?2";
        self.one_index(SQL, params![LEDGER, event_key.as_slice()])
    }

    /// The number of a delegation id, if anything ever mentioned it.
    pub fn delegation_no(self, id: &DelegationId) -> Result<Option<DelegationNo>, StoreError> {
        const SQL: &str = "SELECT delegation_no FROM delegation_names WHERE ledger = ?1 AND delegation_id = ?2";
        Ok(self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, id.as_str()], |r| r.get(0)).optional()?.map(DelegationNo))
    }

    /// Where a delegation was granted.
    pub fn delegation(self, no: DelegationNo) -> Result<Option<DelegationPlace>, StoreError> {
        const SQL: &str = "SELECT leaf_index, parent_no FROM delegations WHERE ledger = ?1 AND delegation_no = ?2";
        let row = self
            .connection
            .prepare_cached(SQL)?
            .query_row(params![LEDGER, no.0], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Option<i64>>(1)?)))
            .optional()?;
        row.map(|(index, parent)| Ok(DelegationPlace { no, index: index_from_sql(index)?, parent: parent.map(DelegationNo) })).transpose()
    }

    /// The delegations granted directly under one, in the order of first mention.
    pub fn children(self, of: DelegationNo, after: Option<DelegationNo>, limit: u64) -> Result<Vec<DelegationPlace>, StoreError> {
        // Left to itself SQLite goes through all delegations in the order of their numbers.
        const SQL: &str = "SELECT delegation_no, leaf_index FROM delegations INDEXED BY delegations_by_parent
            WHERE ledger = ?1 AND parent_no = ?2 AND delegation_no > ?3 ORDER BY delegation_no LIMIT ?4";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let rows = statement.query_map(params![LEDGER, of.0, after.map_or(-1, |no| no.0), to_sql(limit)], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?))
        })?;
        rows.map(|row| {
            let (no, index) = row?;
            Ok(DelegationPlace { no: DelegationNo(no), index: index_from_sql(index)?, parent: Some(of) })
        })
        .collect()
    }

    /// Where a delegation was revoked, ascending.
    pub fn revocations(self, of: DelegationNo) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM revocations WHERE ledger = ?1 AND delegation_no = ?2 ORDER BY leaf_index";
        self.indexes(SQL, params![LEDGER, of.0])
    }

    /// Candidates for the reports of an action, ascending; the payload tells apart ids whose keys collide.
    pub fn reports(self, id: &ActionId) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM actions WHERE ledger = ?1 AND action_key = ?2 ORDER BY leaf_index";
        self.indexes(SQL, params![LEDGER, action_key(id)])
    }

    /// Reports of actions directly under a delegation that claim to have happened in `from <= occurred_at < before`, by that time.
    pub fn actions_under(self, no: DelegationNo, from: Option<Timestamp>, before: Option<Timestamp>) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM actions
            WHERE ledger = ?1 AND delegation_no = ?2 AND occurred_at >= ?3 AND occurred_at < ?4 ORDER BY occurred_at, leaf_index";
        let (from, before) = (from.map_or(i64::MIN, Timestamp::micros), before.map_or(i64::MAX, Timestamp::micros));
        self.indexes(SQL, params![LEDGER, no.0, from, before])
    }

    /// Reports of actions directly under a delegation, all or those since some moment, by the time they claim.
    pub fn actions_since(self, no: DelegationNo, since: Option<Since>) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM actions
            WHERE ledger = ?1 AND delegation_no = ?2 AND (occurred_at >= ?3 OR leaf_index >= ?4) ORDER BY occurred_at, leaf_index";
        let (occurred_at, recorded) = since.map_or((i64::MIN, 0), |s| (s.occurred_at.micros(), to_sql(s.recorded)));
        self.indexes(SQL, params![LEDGER, no.0, occurred_at, recorded])
    }

    /// The highest index that has an entry row, and one more.
    pub fn count_to_head(self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT coalesce(max(leaf_index), -1) + 1 FROM entries WHERE ledger = ?1";
        let count: i64 = self.connection.prepare_cached(SQL)?.query_row([LEDGER], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many delegations were granted directly under one.
    pub fn count_children(self, of: DelegationNo) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM delegations WHERE ledger = ?1 AND parent_no = ?2";
        let count: i64 = self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, of.0], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many actions were reported directly under a delegation, however many reports each has.
    pub fn count_actions_under(self, no: DelegationNo) -> Result<u64, StoreError> {
        // Left to itself SQLite goes through all actions by their keys, for the sake of DISTINCT.
        const SQL: &str = "SELECT count(DISTINCT action_key) FROM actions INDEXED BY actions_by_delegation
            WHERE ledger = ?1 AND delegation_no = ?2";
        let count: i64 = self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, no.0], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The present codes of an entry and the entry that caused them, where they differ from its header's.
    pub fn present_findings(self, index: LeafIndex) -> Result<Option<(String, LeafIndex)>, StoreError> {
        const SQL: &str = "SELECT codes, changed_by FROM present_findings WHERE ledger = ?1 AND leaf_index = ?2";
        let row = self
            .connection
            .prepare_cached(SQL)?
            .query_row(params![LEDGER, to_sql(index.get())], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)))
            .optional()?;
        row.map(|(codes, cause)| Ok((codes, index_from_sql(cause)?))).transpose()
    }

    /// The entries whose present findings were last changed by that `assessment.changed`, ascending.
    pub fn changed_by(self, cause: LeafIndex) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM present_findings WHERE ledger = ?1 AND changed_by = ?2 ORDER BY leaf_index";
        self.indexes(SQL, params![LEDGER, to_sql(cause.get())])
    }

    /// The newest entry of an administrative type before `before`.
    pub fn newest_of(self, entry_type: &str, before: LeafIndex) -> Result<Option<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM administration
            WHERE ledger = ?1 AND entry_type = ?2 AND leaf_index < ?3 ORDER BY leaf_index DESC LIMIT 1";
        self.one_index(SQL, params![LEDGER, entry_type, to_sql(before.get())])
    }

    /// Every entry of an administrative type, ascending.
    pub fn all_of(self, entry_type: &str) -> Result<Vec<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT leaf_index FROM administration WHERE ledger = ?1 AND entry_type = ?2 ORDER BY leaf_index";
        self.indexes(SQL, params![LEDGER, entry_type])
    }

    fn one_index(self, sql: &str, params: impl Params) -> Result<Option<LeafIndex>, StoreError> {
        self.connection.prepare_cached(sql)?.query_row(params, |r| r.get::<_, i64>(0)).optional()?.map(index_from_sql).transpose()
    }

    fn indexes(self, sql: &str, params: impl Params) -> Result<Vec<LeafIndex>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map(params, |r| r.get::<_, i64>(0))?.map(|index| index_from_sql(index?)).collect()
    }
}
