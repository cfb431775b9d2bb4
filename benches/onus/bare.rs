//! The ceiling of the storage: the rows of a ledger that was just made, put into a new file with the same schema and the product's
//! own settings (WAL, synchronous=FULL, page size, cache), on one thread, with nothing parsed, hashed, checked or answered.

use std::path::{Path, PathBuf};
use std::time::Instant;

use onus::store::batch::LedgerWriter;
use onus::store::connection::{Access, open};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value as Json, json};

use crate::ledger_rows::{Table, read_tables};

#[derive(clap::Args)]
pub(crate) struct BareArgs {
    /// The ledger file whose rows are taken; nobody is serving it.
    #[arg(long)]
    ledger: PathBuf,
    /// An empty directory on the disk to be measured.
    #[arg(long)]
    to: PathBuf,
    /// Entries taken at most.
    #[arg(long)]
    events: usize,
    /// Events in a transaction; each is a measurement of its own, into a file of its own.
    #[arg(long, value_delimiter = ',')]
    batches: Vec<usize>,
    /// For how long each, at most.
    #[arg(long)]
    seconds: f64,
}

pub(crate) fn measure(args: BareArgs) -> Json {
    let BareArgs { ledger, to, events, batches, seconds } = args;
    let source = open(&ledger, Access::Read).unwrap();
    let tables = read_tables(&source, events);
    let available = tables.iter().filter_map(|t| t.at.last()).max().map_or(0, |last| last + 1);
    batches.iter().map(|batch| put(&tables, available, &to.join(format!("bare-{batch}.db")), *batch, seconds)).collect()
}

fn put(tables: &[Table], available: usize, path: &Path, batch: usize, limit_seconds: f64) -> Json {
    drop(LedgerWriter::open(path).unwrap());
    let mut connection = open(path, Access::Write).unwrap();
    connection
        .execute("INSERT INTO ledgers (ledger, origin, tree_size, head_leaf_hash) VALUES (1, 'bench.example/bare', 0, zeroblob(32))", [])
        .unwrap();
    let mut next_row = vec![0; tables.len()];
    let mut done = 0;
    let started = Instant::now();
    while done < available && started.elapsed().as_secs_f64() < limit_seconds {
        let until = (done + batch).min(available);
        put_batch(&mut connection, tables, &mut next_row, until);
        done = until;
    }
    let seconds = started.elapsed().as_secs_f64();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    let bytes = std::fs::metadata(path).unwrap().len();
    std::fs::remove_file(path).unwrap();
    json!({
        "batch": batch, "events": done, "seconds": seconds, "per_second": done as f64 / seconds,
        "bytes_an_event": bytes as f64 / done.max(1) as f64,
    })
}

/// One transaction: every row that belongs before event `until`, and the head.
fn put_batch(connection: &mut Connection, tables: &[Table], next_row: &mut [usize], until: usize) {
    let transaction = connection.transaction().unwrap();
    for (table, next) in tables.iter().zip(next_row) {
        let mut statement = transaction.prepare_cached(&table.insert).unwrap();
        while table.at.get(*next).is_some_and(|at| *at < until) {
            statement.execute(params_from_iter(&table.rows[*next])).unwrap();
            *next += 1;
        }
    }
    let size = i64::try_from(until).unwrap();
    transaction.prepare_cached("UPDATE ledgers SET tree_size = ?1 WHERE ledger = 1").unwrap().execute([size]).unwrap();
    transaction.commit().unwrap();
}
