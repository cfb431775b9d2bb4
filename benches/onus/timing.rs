//! Medians and percentiles, and the processor time that measuring itself takes.

use std::time::{Duration, Instant};

/// Times of one kind of work.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many per mille stay below, in microseconds.
    pub(crate) fn us(&self, per_mille: usize) -> f64 {
        let at = (self.0.len().saturating_sub(1)) * per_mille / 1000;
        self.0.get(at).map_or(0.0, |t| t.as_secs_f64() * 1e6)
    }

    /// The same in milliseconds.
    pub(crate) fn ms(&self, per_mille: usize) -> f64 {
        self.us(per_mille) / 1e3
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

/// What this process has had of the processors so far, as the kernel counts it: hundredths of a second.
pub(crate) fn own_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Fields 14 and 15, utime and stime; the second, the name, may hold blanks and ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
