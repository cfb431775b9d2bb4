//! A database for the length of one verification: the derived tables, made again beside the ledger file. The file itself is
//! attached so that it cannot be written, and what the scratch lacks (entries, payloads, …) is read from there: one connection,
//! one state of the file, and the sequencer's own code can write its rows here as it once wrote them there.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::domain::ids::DelegationId;
use crate::store::batch::{Batch, migrate};
use crate::store::connection::{Access, StoreError, open};
use crate::store::derived::DelegationNo;

/// The name under which the ledger file is attached.
pub(super) const LIVE: &str = "live";
/// What is read from the ledger file: everything that is not derived.
const NOT_DERIVED: [&str; 6] = ["ledgers", "entries", "payloads", "tiles", "checkpoints", "documents"];

/// Derived tables to be filled, beside a ledger file that is only read.
pub struct Scratch {
    connection: Connection,
    names: HashMap<DelegationId, DelegationNo>,
    schema: Schema,
}

/// What this release puts into a ledger file: the statement that makes each table, index and trigger, by name.
#[derive(Clone, Debug)]
pub struct Schema(pub(super) BTreeMap<String, String>);

impl Scratch {
    /// Empty derived tables beside the ledger file at `path`, which must exist.
    pub fn beside(path: &Path) -> Result<Self, StoreError> {
        let absolute = path.canonicalize().map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        let mut connection = open(Path::new(""), Access::Scratch)?;
        migrate(&mut connection, path)?;
        let schema = Schema(read_schema(&connection, "main")?);
        for table in NOT_DERIVED {
            connection.execute_batch(&format!("DROP TABLE {table}"))?;
        }
        connection.execute(&format!("ATTACH DATABASE ?1 AS {LIVE}"), [read_only_address(&absolute)])?;
        Ok(Self { connection, names: HashMap::new(), schema })
    }

    /// What should be in the file.
    pub fn schema(&self) -> Schema {
        self.schema.clone()
    }

    /// Begins the one batch that fills the tables. From here on the ledger file is seen in one state, however long it takes.
    pub fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { transaction, names: &mut self.names })
    }
}

/// Everything that a file declares, without what SQLite adds by itself: indexes of keys, which have no statement, and the
/// statistics of ANALYZE. Any other name like SQLite's own was put there past SQLite.
pub(super) fn read_schema(connection: &Connection, database: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let sql = format!(
        "SELECT name, type || ' ' || tbl_name || ': ' || coalesce(sql, '') FROM {database}.sqlite_schema
         WHERE NOT (name LIKE 'sqlite\\_%' ESCAPE '\\' AND (sql IS NULL OR (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))))"
    );
    let mut statement = connection.prepare(&sql)?;
    let declared = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
    Ok(declared)
}

/// The file as an address that opens it for reading only.
fn read_only_address(path: &Path) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => address.push(char::from(*byte)),
            other => write!(address, "%{other:02X}").expect("writing to a String cannot fail"),
        }
    }
    address.push_str("?mode=ro");
    address
}
