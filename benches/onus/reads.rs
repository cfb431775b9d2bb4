//! GET requests of many clients: each asks, waits for the whole answer, pauses, asks again.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::client::{Connection, Target, on_one_thread};
use crate::timing::{Times, own_cpu_seconds};

#[derive(clap::Args)]
pub(crate) struct ReadsArgs {
    #[command(flatten)]
    target: Target,
    /// What is asked for: a path and query a line.
    #[arg(long)]
    paths: PathBuf,
    /// How many ask at once.
    #[arg(long)]
    clients: usize,
    /// Between an answer and the next question of the same client.
    #[arg(long)]
    pause_ms: u64,
    /// For how long.
    #[arg(long)]
    seconds: f64,
}

/// What the clients share.
struct Run {
    args: ReadsArgs,
    requests: Vec<Vec<u8>>,
    started: Instant,
    times: RefCell<Vec<Duration>>,
}

pub(crate) fn measure(args: ReadsArgs) -> Json {
    let requests: Vec<_> = std::fs::read_to_string(&args.paths).unwrap().lines().map(|path| args.target.get(path)).collect();
    let cpu = own_cpu_seconds();
    let run = Rc::new(Run { args, requests, started: Instant::now(), times: RefCell::default() });
    let bytes: usize = on_one_thread((0..run.args.clients).map(|client| ask(Rc::clone(&run), client)).collect()).iter().sum();
    let seconds = run.started.elapsed().as_secs_f64();
    let times = Times::of(run.times.take());
    json!({
        "answers": times.count(), "seconds": seconds, "per_second": times.count() as f64 / seconds,
        "bytes_an_answer": bytes as f64 / times.count().max(1) as f64,
        "p50_ms": times.ms(500), "p99_ms": times.ms(990), "cpu_seconds": own_cpu_seconds() - cpu,
    })
}

/// One client's questions, beginning at its own place in the list; the bytes of all bodies.
async fn ask(run: Rc<Run>, client: usize) -> usize {
    let mut connection = Connection::open(run.args.target.address).await;
    let pause = Duration::from_millis(run.args.pause_ms);
    // Clients do not begin all at the same moment.
    tokio::time::sleep(pause.mul_f64(client as f64 / run.args.clients as f64)).await;
    let first = client * run.requests.len() / run.args.clients;
    let mut bytes = 0;
    for request in run.requests.iter().cycle().skip(first) {
        if run.started.elapsed().as_secs_f64() >= run.args.seconds {
            break;
        }
        let begun = Instant::now();
        let answer = connection.ask(request).await.unwrap();
        run.times.borrow_mut().push(begun.elapsed());
        bytes += answer.expect(200).body.len();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    bytes
}
