//! The rows of a ledger that was just made, in memory in the order in which events came; and as lines for PostgreSQL's COPY.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use onus::store::connection::{Access, open};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Value as Json, json};

/// One table: how a row is put in, and the rows in order.
pub(crate) struct Table {
    pub(crate) insert: String,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Before which event (of those copied) each row is put in; ascending.
    pub(crate) at: Vec<usize>,
}

/// Every table's rows of the first `events` entries. Rows that stand for no entry (names, tiles, checkpoints) are spread evenly in
/// the order of their key, which is the order in which they were made.
pub(crate) fn read_tables(source: &Connection, events: usize) -> Vec<Table> {
    const NAMES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('ledgers', 'refinery_schema_history')
        AND name NOT LIKE 'sqlite_%' ORDER BY rootpage";
    let size = count(source, "entries");
    let names: Vec<String> = source.prepare(NAMES).unwrap().query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    names.iter().map(|name| read_table(source, name, events.min(size), size)).collect()
}

fn read_table(source: &Connection, name: &str, events: usize, size: usize) -> Table {
    let columns: Vec<String> = source
        .prepare("SELECT name FROM pragma_table_info(?1)")
        .unwrap()
        .query_map([name], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let list = columns.join(", ");
    let place = columns.iter().position(|c| c == "leaf_index");
    let total = count(source, name);
    let sql = match place {
        Some(_) => format!("SELECT {list} FROM {name} WHERE leaf_index < {events} ORDER BY leaf_index"),
        None => format!("SELECT {list} FROM {name} LIMIT {}", total * events / size),
    };
    let mut statement = source.prepare(&sql).unwrap();
    let rows: Vec<Vec<Value>> =
        statement.query_map([], |row| (0..columns.len()).map(|c| row.get::<_, Value>(c)).collect()).unwrap().map(Result::unwrap).collect();
    let at = rows.iter().enumerate().map(|(n, row)| match place.map(|p| &row[p]) {
        Some(Value::Integer(index)) => usize::try_from(*index).unwrap(),
        _ => n * events / rows.len(),
    });
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    Table { insert: format!("INSERT INTO {name} ({list}) VALUES ({})", marks.join(", ")), at: at.collect(), rows }
}

fn count(source: &Connection, table: &str) -> usize {
    source.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

#[derive(clap::Args)]
pub(crate) struct RowsArgs {
    /// The ledger file.
    #[arg(long)]
    ledger: PathBuf,
    /// Where the lines go.
    #[arg(long)]
    to: PathBuf,
    /// How many entries at most.
    #[arg(long)]
    events: usize,
}

/// Writes a line for each entry: event key, header, seed, members, action key, delegation number, time; tabs between, as COPY reads.
pub(crate) fn export(args: RowsArgs) -> Json {
    const SQL: &str = "SELECT k.event_key, e.bytes, p.seed, p.members, a.action_key, a.delegation_no, a.occurred_at
        FROM entries e JOIN payloads p USING (ledger, leaf_index) JOIN event_keys k USING (ledger, leaf_index)
        LEFT JOIN actions a USING (ledger, leaf_index) ORDER BY e.leaf_index LIMIT ?1";
    let RowsArgs { ledger, to, events } = args;
    let source = open(&ledger, Access::Read).unwrap();
    let mut file = BufWriter::new(File::create(to).unwrap());
    let mut statement = source.prepare(SQL).unwrap();
    let mut rows = statement.query([i64::try_from(events).unwrap()]).unwrap();
    let mut written = 0;
    while let Some(row) = rows.next().unwrap() {
        let cells: Vec<String> = (0..7).map(|c| cell(row.get(c).unwrap())).collect();
        writeln!(file, "{}", cells.join("\t")).unwrap();
        written += 1;
    }
    file.flush().unwrap();
    json!({ "rows": written })
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => "\\N".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"),
        Value::Blob(bytes) => bytes.iter().fold("\\\\x".to_owned(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        }),
    }
}
