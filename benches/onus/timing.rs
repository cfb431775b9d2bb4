//! Medians and percentiles, and what machine they were taken on.

use std::time::{Duration, Instant};

/// Times of one kind of work.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many per mille stay below, in microseconds.
    pub(crate) fn us(&self, per_mille: usize) -> f64 {
        let at = (self.0.len().saturating_sub(1)) * per_mille / 1000;
        self.0.get(at).map_or(0.0, |t| t.as_secs_f64() * 1e6)
    }
}

/// Microseconds for each of `count` things that `work` does at once; the best of three.
pub(crate) fn each_us<T>(count: usize, mut work: impl FnMut() -> T) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let started = Instant::now();
        std::hint::black_box(work());
        best = best.min(started.elapsed().as_secs_f64() * 1e6 / count as f64);
    }
    best
}

/// Processor, cores and kernel, as the system names them.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).map_or("unknown", |l| l.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}
