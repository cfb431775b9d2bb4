//! Derived tables made again, compared row by row with those of the ledger file, in both directions.

use std::cmp::Ordering;

use rusqlite::types::Value;
use rusqlite::{Row, Rows as Cursor, Statement, params};

use crate::store::connection::StoreError;
use crate::store::derived::DelegationNo;
use crate::store::rows::{LEDGER, Rows};
use crate::store::scratch::LIVE;
use crate::tlog::hash::to_hex;
use crate::tlog::position::LeafIndex;

/// A derived table. Its rows are compared by key, every column of them.
#[derive(Clone, Copy, Debug)]
pub struct DerivedTable {
    /// Its name.
    pub name: &'static str,
    /// The columns after the ledger's number, those of the key first.
    columns: &'static [&'static str],
    /// How many of them are the key.
    key: usize,
    /// Which of them is the entry that a row comes from.
    leaf: Option<usize>,
}

/// Where each (source, event_id) stands.
pub const EVENT_KEYS: DerivedTable = DerivedTable { name: "event_keys", columns: &["event_key", "leaf_index"], key: 1, leaf: Some(1) };

/// The derived tables that can be made again without any secret.
pub const DERIVED_TABLES: [DerivedTable; 6] = [
    DerivedTable { name: "delegation_names", columns: &["delegation_no", "delegation_id"], key: 1, leaf: None },
    DerivedTable { name: "delegations", columns: &["delegation_no", "leaf_index", "parent_no"], key: 1, leaf: Some(1) },
    DerivedTable { name: "revocations", columns: &["delegation_no", "leaf_index"], key: 2, leaf: Some(1) },
    DerivedTable { name: "actions", columns: &["leaf_index", "action_key", "delegation_no", "occurred_at"], key: 1, leaf: Some(0) },
    DerivedTable { name: "present_findings", columns: &["leaf_index", "codes", "changed_by"], key: 1, leaf: Some(0) },
    DerivedTable { name: "administration", columns: &["entry_type", "leaf_index"], key: 2, leaf: Some(1) },
];

/// How a table of the file compares with the one made again.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Rows in either, those with one key counted once.
    pub rows: u64,
    /// Rows that differ, are missing or too many.
    pub wrong: u64,
    /// The one of them that comes from the earliest entry.
    pub first: Option<Difference>,
}

/// One row that is wrong.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The entry that it comes from, or says it comes from.
    pub index: Option<LeafIndex>,
    /// What is wrong with it.
    pub reason: String,
}

/// The ledger's number, then the columns of the table.
type Record = Vec<Value>;

impl Rows<'_> {
    /// Compares a table of the attached ledger file with the one that was made again beside it.
    pub fn compare_derived(self, table: &DerivedTable) -> Result<Comparison, StoreError> {
        let (mut made, mut lying) = (self.all_records(table, "main")?, self.all_records(table, LIVE)?);
        let (mut made, mut lying) = (made.query([])?, lying.query([])?);
        let mut comparison = Comparison::default();
        let (mut expected, mut found) = (next(&mut made, table)?, next(&mut lying, table)?);
        loop {
            let order = match (&expected, &found) {
                (None, None) => return Ok(comparison),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(e), Some(f)) => compare_keys(e, f, table.key),
            };
            comparison.rows += 1;
            if order != Ordering::Equal || expected != found {
                let (e, f) = (expected.as_ref().filter(|_| order.is_le()), found.as_ref().filter(|_| order.is_ge()));
                let index = self.entry_of(table, e.or(f).expect("one of them is there"), e.is_some())?;
                comparison.note(Difference { index, reason: table.tell(e, f) });
            }
            if order.is_le() {
                expected = next(&mut made, table)?;
            }
            if order.is_ge() {
                found = next(&mut lying, table)?;
            }
        }
    }

    fn all_records(&self, table: &DerivedTable, database: &str) -> Result<Statement<'_>, StoreError> {
        let (columns, key) = (table.columns.join(", "), table.columns[..table.key].join(", "));
        let sql = format!("SELECT ledger, {columns} FROM {database}.{} ORDER BY ledger, {key}", table.name);
        Ok(self.connection.prepare(&sql)?)
    }

    /// The entry that a row comes from; for the name of a delegation, the first that mentions it.
    fn entry_of(self, table: &DerivedTable, record: &Record, is_derived: bool) -> Result<Option<LeafIndex>, StoreError> {
        let column = match table.leaf {
            Some(leaf) => &record[1 + leaf],
            None => &record[1],
        };
        let Value::Integer(number) = column else { return Ok(None) };
        match table.leaf {
            Some(_) => Ok(u64::try_from(*number).ok().and_then(LeafIndex::new)),
            None if is_derived => self.first_mention(DelegationNo(*number)),
            None => Ok(None),
        }
    }

    fn first_mention(self, no: DelegationNo) -> Result<Option<LeafIndex>, StoreError> {
        const SQL: &str = "SELECT min(leaf_index) FROM (
            SELECT leaf_index FROM delegations WHERE ledger = ?1 AND (delegation_no = ?2 OR parent_no = ?2)
            UNION ALL SELECT leaf_index FROM revocations WHERE ledger = ?1 AND delegation_no = ?2
            UNION ALL SELECT leaf_index FROM actions WHERE ledger = ?1 AND delegation_no = ?2)";
        let first: Option<i64> = self.connection.prepare_cached(SQL)?.query_row(params![LEDGER, no.0], |r| r.get(0))?;
        Ok(first.and_then(|index| u64::try_from(index).ok()).and_then(LeafIndex::new))
    }
}

impl Comparison {
    fn note(&mut self, difference: Difference) {
        self.wrong += 1;
        let place = |d: &Difference| d.index.map_or(u64::MAX, LeafIndex::get);
        if self.first.as_ref().is_none_or(|first| place(&difference) < place(first)) {
            self.first = Some(difference);
        }
    }
}

impl DerivedTable {
    fn tell(&self, expected: Option<&Record>, found: Option<&Record>) -> String {
        match (expected, found) {
            (Some(expected), Some(found)) => {
                let at = (0..expected.len()).find(|at| expected[*at] != found[*at]).unwrap_or(0);
                let column = if at == 0 { "ledger" } else { self.columns[at - 1] };
                let (expected_value, found_value) = (to_text(&expected[at]), to_text(&found[at]));
                format!("{}: the row {} has {column} {found_value}, the entries give {expected_value}", self.name, self.key_text(expected))
            }
            (Some(expected), None) => format!("{}: the row {} is missing", self.name, self.key_text(expected)),
            (None, Some(found)) => format!("{}: there is a row {} that no entry gives", self.name, self.key_text(found)),
            (None, None) => String::new(),
        }
    }

    fn key_text(&self, record: &Record) -> String {
        let pairs: Vec<String> = (0..self.key).map(|at| format!("{} {}", self.columns[at], to_text(&record[1 + at]))).collect();
        format!("({})", pairs.join(", "))
    }
}

fn next(cursor: &mut Cursor<'_>, table: &DerivedTable) -> Result<Option<Record>, StoreError> {
    let Some(row) = cursor.next()? else { return Ok(None) };
    (0..=table.columns.len()).map(|at| read_value(row, at)).collect::<Result<Record, StoreError>>().map(Some)
}

/// A text that is none is compared as bytes.
fn read_value(row: &Row<'_>, at: usize) -> Result<Value, StoreError> {
    let value = row.get_ref(at)?;
    Ok(Value::try_from(value).or_else(|_| value.as_bytes().map(|bytes| Value::Blob(bytes.to_vec()))).map_err(rusqlite::Error::from)?)
}

fn compare_keys(a: &Record, b: &Record, key: usize) -> Ordering {
    a[..=key].iter().zip(&b[..=key]).map(|(a, b)| compare_values(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// SQLite's own order, as far as the tables hold it: integers, then texts, then bytes.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    }
}

fn to_text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Blob(bytes) => to_hex(bytes),
    }
}
