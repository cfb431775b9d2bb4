//! One event, stage by stage, on one thread: parse, commit, hash, insert, fsync.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use onus::domain::credential::{Caller, NamePattern, PermissionSet};
use onus::domain::delegation::CallerClass;
use onus::domain::ids::{CredentialId, Source};
use onus::service::clock::{Clock, SystemClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::intake::{Intake, Submitter};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::opened::open_entry;
use onus::service::pending::PendingEntry;
use onus::tlog::entry::Origin;
use onus::tlog::hash::LeafHash;
use onus::tlog::json::Value;
use onus::tlog::position::LeafIndex;

use crate::events;
use crate::timing::{Times, each_us};

const EVENTS: usize = 20_000;
const BATCH: usize = 1_000;

pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..EVENTS).map(|n| events::action("stage", n)).collect();
    println!("\nstages of one event ({} bytes of JSON), µs each, one thread", texts[0].len());
    println!(
        "parse JSON                     {:8.2}",
        each_us(EVENTS, || texts.iter().for_each(|t| drop(black_box(Value::parse(t.as_bytes()).unwrap()))))
    );

    let ledger = open(&folder.path().join("ledger"));
    let caller = caller();
    let intake = Intake::new(&ledger, Submitter { caller: &caller, request_id: "req_bench", agent_id_claim: None });
    let read = |text: &str| intake.event(Value::parse(text.as_bytes()).unwrap(), None).unwrap();
    println!("parse, check, cut, commit      {:8.2}", each_us(EVENTS, || texts.iter().for_each(|t| drop(black_box(read(t))))));

    ledger.queue().unwrap().append_blocking(vec![read(events::DELEGATION)], true).unwrap();
    let mut waiting: Vec<Vec<PendingEntry>> = texts.chunks(BATCH).map(|c| c.iter().map(|t| read(t)).collect()).collect();
    let started = Instant::now();
    for batch in waiting.drain(..) {
        for answer in ledger.queue().unwrap().append_blocking(batch, false).unwrap() {
            answer.outcome.unwrap();
        }
    }
    let us = started.elapsed().as_secs_f64() * 1e6 / EVENTS as f64;
    println!("sequencer, batches of {BATCH}     {us:8.2}   dedup, assess, hash, insert, read back, fsync; publisher and indexer beside it");

    let indexes: Vec<LeafIndex> = (3..3 + EVENTS as u64).filter_map(LeafIndex::new).collect();
    let open_all = || ledger.read(|rows| indexes.iter().map(|i| open_entry(rows, *i)).collect::<Result<Vec<_>, _>>()).unwrap().len();
    println!("read and open an entry         {:8.2}", each_us(EVENTS, open_all));
    let bytes = ledger.read(|rows| open_entry(rows, indexes[0])).unwrap().unwrap().bytes;
    println!(
        "leaf hash of an entry          {:8.2}",
        each_us(EVENTS, || (0..EVENTS).for_each(|_| {
            black_box(LeafHash::of(&bytes));
        }))
    );
    println!("fdatasync of a 4 KiB append    {:8.0} p50 {:8.0} p99", fsync(folder.path()).us(500), fsync(folder.path()).us(990));
    ledger.close();
}

fn open(path: &std::path::Path) -> Ledger {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let folder = Folder::new(path);
    let new = NewLedger {
        origin: Origin::parse("bench.example/stages").unwrap(),
        base_url: "http://127.0.0.1".to_owned(),
        mark_file: folder.default_mark_file(),
    };
    create(&folder, &new, &clock).unwrap();
    Ledger::open(LedgerConfig::new(folder, clock)).unwrap()
}

fn caller() -> Caller {
    Caller {
        credential_id: CredentialId::parse("bench").unwrap(),
        class: CallerClass::Service,
        source: Source::parse("bench").unwrap(),
        agent_id: None,
        permissions: PermissionSet::all(),
        reports_for: vec![NamePattern::parse("*").unwrap()],
        grants_for: vec![NamePattern::parse("*").unwrap()],
        human: None,
    }
}

fn fsync(folder: &std::path::Path) -> Times {
    let mut file = File::create(folder.join("fsync")).unwrap();
    let times = (0..300).map(|_| {
        file.write_all(&[7; 4096]).unwrap();
        let started = Instant::now();
        file.sync_data().unwrap();
        started.elapsed()
    });
    Times::of(times.collect())
}
