//! The only place that reads a clock. Everything else is told the time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use crate::tlog::time::Timestamp;

/// A step back of the wall clock against the monotonic one that stops writing, in milliseconds.
pub const MAX_STEP_BACK_MS: i64 = 5_000;
/// A step ahead that stops writing, in milliseconds.
pub const MAX_STEP_AHEAD_MS: i64 = 60_000;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock, in UTC.
    fn now(&self) -> Timestamp;
    /// Milliseconds of a clock that nobody sets, from any beginning.
    fn monotonic_ms(&self) -> i64;
}

/// The machine's clocks.
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let micros = chrono::Utc::now().timestamp_micros();
        Timestamp::from_micros(micros).expect("the machine's clock shows a year of four digits")
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still until it is moved: for tests and for making sample ledgers.
pub struct SetClock {
    state: Mutex<(Timestamp, i64)>,
}

impl SetClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { state: Mutex::new((now, 0)) }
    }

    /// Lets time pass.
    pub fn tick_ms(&self, ms: i64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.plus_ms(ms).unwrap_or(state.0);
        state.1 += ms.max(0);
    }

    /// Sets the wall clock, as an operator or a bad time server would; no time passes.
    pub fn set(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }

    /// Lets exactly the time until `now` pass; does nothing if that is over.
    pub fn advance_to(&self, now: Timestamp) {
        let shown = self.now();
        self.tick_ms(now.ms_since(shown).max(0));
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn monotonic_ms(&self) -> i64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Watches the wall clock against the monotonic one.
pub struct StepGuard {
    wall: Timestamp,
    monotonic_ms: i64,
}

impl StepGuard {
    /// Starts watching from the present reading.
    pub fn new(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic_ms: clock.monotonic_ms() }
    }

    /// Starts watching from a time that was recorded before: a clock that shows an earlier one was set back while nobody looked.
    pub fn after(clock: &dyn Clock, recorded_at: Timestamp) -> Self {
        let now = Self::new(clock);
        if now.wall < recorded_at { Self { wall: recorded_at, ..now } } else { now }
    }

    /// By how many milliseconds the wall clock was set since the last call that passed (negative: back), if by too much.
    /// Small drifts are followed; a step is reported at every call until somebody makes a new guard.
    pub fn step_ms(&mut self, clock: &dyn Clock) -> Option<i64> {
        let (wall, monotonic_ms) = (clock.now(), clock.monotonic_ms());
        let step = wall.ms_since(self.wall) - (monotonic_ms - self.monotonic_ms);
        if !(-MAX_STEP_BACK_MS..=MAX_STEP_AHEAD_MS).contains(&step) {
            return Some(step);
        }
        (self.wall, self.monotonic_ms) = (wall, monotonic_ms);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_reported_until_somebody_confirms_it_and_drift_is_followed() {
        let clock = SetClock::new(Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap());
        let mut guard = StepGuard::new(&clock);
        clock.tick_ms(86_400_000);
        assert_eq!(guard.step_ms(&clock), None, "a day that passes is no step");
        clock.set(clock.now().plus_ms(-4_000).unwrap());
        assert_eq!(guard.step_ms(&clock), None, "four seconds back are drift");
        clock.set(clock.now().plus_ms(-6_000).unwrap());
        assert_eq!(guard.step_ms(&clock), Some(-6_000));
        assert_eq!(guard.step_ms(&clock), Some(-6_000), "asked again, the same answer");
        let mut guard = StepGuard::new(&clock);
        clock.set(clock.now().plus_ms(61_000).unwrap());
        assert_eq!(guard.step_ms(&clock), Some(61_000));
    }
}
