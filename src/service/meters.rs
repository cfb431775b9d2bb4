//! The program's own figures for Prometheus: what is counted as it happens, and what is looked up when somebody asks. They say how
//! the process does, never what the ledger holds: no label names a person, an agent or an id.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::service::ledger::Ledger;
use crate::service::queue::WriterState;

/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Upper bounds of events in one commit.
const EVENTS: [f64; 8] = [1.0, 2.0, 8.0, 32.0, 128.0, 512.0, 2048.0, 8192.0];

/// Answers and commits after which waiting figures are put into their buckets.
const UPKEEP_EVERY: u64 = 4096;

/// The recorder of this process: installed at the first call, the same for every ledger in it (tests open several).
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), &EVENTS))
            .expect("the bounds are not empty")
            .build_recorder();
        let handle = recorder.handle();
        // Only this function installs one; another program's recorder in the same process would take the figures instead.
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder is installed: /metrics stays empty");
        }
        describe();
        handle
    })
}

fn describe() {
    describe_counter!("onus_http_requests_total", "Requests answered, by operation and status.");
    describe_histogram!("onus_http_request_duration_seconds", "From the head of a request to its answer, by operation.");
    describe_histogram!("onus_commit_duration_seconds", "From the first event of a batch to its commit.");
    describe_histogram!("onus_commit_events", "Entries written by one commit.");
    describe_gauge!("onus_entries", "Entries committed.");
    describe_gauge!("onus_published_entries", "Entries under the newest released checkpoint.");
    describe_gauge!("onus_indexed_entries", "Entries that can be searched.");
    describe_gauge!("onus_queued_events", "Events waiting for their place.");
    describe_gauge!("onus_writable", "1 while the ledger can be written.");
}

/// What was recorded since the last look waits in memory: where nobody scrapes, it is put into its buckets here.
fn tidy_up() {
    static RECORDED: AtomicU64 = AtomicU64::new(0);
    if RECORDED.fetch_add(1, Ordering::Relaxed) % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
        recorder().run_upkeep();
    }
}

/// A request was answered.
pub fn answered(operation: &'static str, status: u16, took: Duration) {
    recorder();
    tidy_up();
    counter!("onus_http_requests_total", "operation" => operation, "status" => status.to_string()).increment(1);
    histogram!("onus_http_request_duration_seconds", "operation" => operation).record(took.as_secs_f64());
}

/// A batch was committed.
pub fn committed(entries: u64, took: Duration) {
    recorder();
    tidy_up();
    histogram!("onus_commit_duration_seconds").record(took.as_secs_f64());
    histogram!("onus_commit_events").record(to_float(entries));
}

/// All figures, as Prometheus reads them.
pub fn render(ledger: &Ledger) -> String {
    let recorder = recorder();
    let queued = ledger.queue().map_or(0, |queue| queue.queued_events());
    gauge!("onus_entries").set(to_float(ledger.size().get()));
    gauge!("onus_published_entries").set(to_float(ledger.published().map_or(0, |p| p.size.get())));
    gauge!("onus_indexed_entries").set(to_float(ledger.indexed().get()));
    gauge!("onus_queued_events").set(to_float(queued as u64));
    gauge!("onus_writable").set(if ledger.state() == WriterState::Writing { 1.0 } else { 0.0 });
    recorder.run_upkeep();
    recorder.render()
}

#[expect(clippy::cast_precision_loss, reason = "figures are floats to Prometheus; positions are below 2^53")]
const fn to_float(number: u64) -> f64 {
    number as f64
}
