//! When things happen in the sample: thirteen whole days before the day it ends on, and the last two hours before its end. It
//! counts back from one instant and reads no clock.

use crate::tlog::time::Timestamp;

/// Whole days before the day on which the sample ends.
pub(super) const DAYS: i64 = 13;
/// From the ledger's first entry to the end, in milliseconds: fourteen days.
const SPAN_MS: i64 = (DAYS + 1) * DAY_MS;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The days of the sample.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    ends_at: Timestamp,
}

impl Calendar {
    /// Fourteen days up to that instant.
    pub(super) const fn ending_at(ends_at: Timestamp) -> Self {
        Self { ends_at }
    }

    /// When the ledger is made; before the first day begins.
    pub(super) fn starts_at(self) -> Timestamp {
        later(self.ends_at, -SPAN_MS)
    }

    /// A time of day (UTC) on one of the days 1 to [`DAYS`].
    pub(super) fn on(self, day: i64, hour: i64, minute: i64, second: i64) -> Timestamp {
        let midnight = later(self.ends_at.start_of_day(), (day - 1 - DAYS) * DAY_MS);
        later(midnight, hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS)
    }

    /// So many seconds before the end.
    pub(super) fn before_end(self, seconds: i64) -> Timestamp {
        later(self.ends_at, -seconds * SECOND_MS)
    }
}

/// So many milliseconds later, or earlier.
pub(super) fn later(than: Timestamp, ms: i64) -> Timestamp {
    than.plus_ms(ms).expect("the sample lies between the years 1 and 9999")
}

/// So many hours later.
pub(super) fn hours_later(than: Timestamp, hours: i64) -> Timestamp {
    later(than, hours * HOUR_MS)
}
