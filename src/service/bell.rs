//! How the sequencer wakes the threads that follow it, and how they are told to stop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rung when there is something new.
#[derive(Default)]
pub struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_rung: bool,
    must_stop: bool,
}

/// Why a thread was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// There is something new.
    Changed,
    /// Finish what there is, then end.
    Stop,
}

impl Bell {
    /// There is something new.
    pub fn ring(&self) {
        self.lock().is_rung = true;
        self.changed.notify_all();
    }

    /// The thread behind it must finish.
    pub fn stop(&self) {
        self.lock().must_stop = true;
        self.changed.notify_all();
    }

    /// Whether the thread behind it must finish.
    pub fn is_stopped(&self) -> bool {
        self.lock().must_stop
    }

    /// Sleeps until it is rung, or until it must stop.
    pub fn wait(&self) -> Call {
        let mut state = self.lock();
        while !state.is_rung && !state.must_stop {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_rung = false;
        if state.must_stop { Call::Stop } else { Call::Changed }
    }

    /// Sleeps for so long whatever is rung, unless it must stop.
    pub fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.must_stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
