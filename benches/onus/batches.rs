//! NDJSON batches: as fast as they are answered, or at a given pace.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::client::{Connection, Target, on_one_thread};
use crate::corpus::{Corpus, Slice};
use crate::timing::{Times, own_cpu_seconds};

#[derive(clap::Args)]
pub(crate) struct BatchesArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    slice: Slice,
    /// Events in a batch.
    #[arg(long)]
    batch: usize,
    /// Events a second, all lanes together; without it, as fast as they are answered.
    #[arg(long)]
    pace: Option<f64>,
    /// Ends after so long, if not before.
    #[arg(long, default_value_t = 1e6)]
    seconds: f64,
}

/// What the connections share.
struct Run {
    args: BatchesArgs,
    corpus: Corpus,
    started: Instant,
    times: RefCell<Vec<Duration>>,
}

pub(crate) fn measure(args: BatchesArgs) -> Json {
    let corpus = Corpus::read(&args.slice);
    let cpu = own_cpu_seconds();
    let run = Rc::new(Run { args, corpus, started: Instant::now(), times: RefCell::default() });
    let sent: usize = on_one_thread((0..run.args.slice.lanes).map(|lane| send(Rc::clone(&run), lane)).collect()).iter().sum();
    let seconds = run.started.elapsed().as_secs_f64();
    let times = Times::of(run.times.take());
    json!({
        "events": sent, "batches": times.count(), "seconds": seconds, "per_second": sent as f64 / seconds,
        "p50_ms": times.ms(500), "p99_ms": times.ms(990), "cpu_seconds": own_cpu_seconds() - cpu,
    })
}

/// Sends a lane's batches; how many events were accepted.
async fn send(run: Rc<Run>, lane: usize) -> usize {
    let args = &run.args;
    let mut connection = Connection::open(args.target.address).await;
    let mut lines = run.corpus.lane(lane);
    let between = args.pace.map(|pace| Duration::from_secs_f64((args.batch * args.slice.lanes) as f64 / pace));
    let mut sent = 0;
    for n in 0.. {
        if let Some(between) = between {
            // Lanes are spread over the interval, so that they do not all come at once.
            let due = run.started + between.mul_f64(f64::from(n) + lane as f64 / args.slice.lanes as f64);
            tokio::time::sleep_until(due.into()).await;
        }
        let count = lines.len().min(args.batch);
        if count == 0 || run.started.elapsed().as_secs_f64() >= args.seconds {
            break;
        }
        let body: String = lines.by_ref().take(count).collect();
        let request = args.target.post("/v1/events", "application/x-ndjson", &format!("{}-{lane}-{n}", args.slice.key()), &body);
        let begun = Instant::now();
        let answer = connection.ask(&request).await.unwrap();
        run.times.borrow_mut().push(begun.elapsed());
        answer.expect(200);
        assert_eq!((answer.after(r#""accepted":"#), answer.after(r#""refused":"#)), (&*count.to_string(), "0"));
        sent += count;
    }
    sent
}
