//! Single records: one event a request, one request under way on each connection, each with its own `Idempotency-Key`.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::client::{Connection, Target, on_one_thread};
use crate::corpus::{Corpus, Slice};
use crate::timing::{Times, own_cpu_seconds};

#[derive(clap::Args)]
pub(crate) struct SinglesArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    slice: Slice,
    /// For how long. It ends earlier when a lane has nothing left to send.
    #[arg(long)]
    seconds: f64,
    /// Between an answer and the next record of the same connection.
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    /// The server will be killed: that ends the measurement, and is no failure.
    #[arg(long)]
    until_cut: bool,
    /// Writes index and leaf hash of everything that was acknowledged, a line each.
    #[arg(long)]
    acknowledged: Option<PathBuf>,
}

/// What the connections share.
struct Run {
    args: SinglesArgs,
    corpus: Corpus,
    started: Instant,
    is_over: Cell<bool>,
    times: RefCell<Vec<Duration>>,
    acknowledged: RefCell<String>,
}

pub(crate) fn measure(args: SinglesArgs) -> Json {
    let corpus = Corpus::read(&args.slice);
    let cpu = own_cpu_seconds();
    let run = Rc::new(Run {
        args,
        corpus,
        started: Instant::now(),
        is_over: Cell::new(false),
        times: RefCell::default(),
        acknowledged: RefCell::default(),
    });
    on_one_thread((0..run.args.slice.lanes).map(|lane| send(Rc::clone(&run), lane)).collect());
    let seconds = run.started.elapsed().as_secs_f64();
    let times = Times::of(run.times.take());
    if let Some(path) = &run.args.acknowledged {
        std::fs::write(path, run.acknowledged.take()).unwrap();
    }
    json!({
        "events": times.count(), "seconds": seconds, "per_second": times.count() as f64 / seconds,
        "p50_ms": times.ms(500), "p99_ms": times.ms(990), "cpu_seconds": own_cpu_seconds() - cpu,
    })
}

/// Sends a lane's events until the time is over, or the server is gone.
async fn send(run: Rc<Run>, lane: usize) {
    let mut connection = Connection::open(run.args.target.address).await;
    for (n, line) in run.corpus.lane(lane).enumerate() {
        let path = if line.starts_with(r#"{"type":"delegation.granted""#) { "/v1/delegations" } else { "/v1/actions" };
        let key = format!("{}-{lane}-{n}", run.args.slice.key());
        let request = run.args.target.post(path, "application/json", &key, line.trim_end());
        let begun = Instant::now();
        if run.is_over.get() || begun - run.started >= Duration::from_secs_f64(run.args.seconds) {
            return;
        }
        let answer = match connection.ask(&request).await {
            Ok(answer) => answer,
            Err(_) if run.args.until_cut => return,
            Err(e) => panic!("the connection broke: {e}"),
        };
        answer.expect(201);
        run.times.borrow_mut().push(begun.elapsed());
        if run.args.acknowledged.is_some() {
            let (index, leaf_hash) = (answer.after(r#""index":"#), answer.after(r#""leaf_hash":""#));
            writeln!(run.acknowledged.borrow_mut(), "{index} {leaf_hash}").unwrap();
        }
        if run.args.pause_ms > 0 {
            tokio::time::sleep(Duration::from_millis(run.args.pause_ms)).await;
        }
    }
    // From here on it would be one connection fewer: another measurement.
    run.is_over.set(true);
}
