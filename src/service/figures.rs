//! The figures of a dashboard, class by class. A person's clicks and an agent's fan-out are different things, so nothing is ever
//! added up, or averaged, over classes.

use std::collections::BTreeMap;

use crate::domain::delegation::CallerClass;
use crate::index::field::Field;
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::finder::{Counted, FindError, Finder};
use crate::tlog::time::Timestamp;

/// What one class did within a period.
#[derive(Clone, Debug)]
pub struct ClassFigures {
    /// Which.
    pub class: CallerClass,
    /// Reports of actions.
    pub action_count: u64,
    /// Those that the protected API refused.
    pub denied_count: u64,
    /// Those that were tried in vain.
    pub failed_count: u64,
    /// How long they took.
    pub durations: Durations,
    /// How unevenly they came; `None` without any.
    pub burst: Option<Burst>,
    /// By present verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// By outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// By present finding.
    pub findings: Counted,
    /// By name.
    pub actions: Counted,
    /// By error.
    pub errors: Counted,
}

/// How long actions took, as their reporters say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// Of how many that is known.
    pub known_count: usize,
    /// Half took no longer.
    pub p50_ms: Option<u64>,
    /// Nineteen in twenty took no longer.
    pub p95_ms: Option<u64>,
}

/// The busiest second against the mean of all seconds from the first action to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Actions in the busiest second.
    pub peak_per_second: u64,
    /// When that was.
    pub peak_at: Timestamp,
    /// Seconds from the first to the last, both included.
    pub seconds: u64,
    /// Peak ÷ mean.
    pub ratio: f64,
}

/// The figures of one class between two instants.
pub fn figures(finder: &Finder<'_>, class: CallerClass, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<ClassFigures, FindError> {
    let criteria = Criteria { from, to, ..Criteria::of(EntryKind::Action).and(Criterion::Class(class)) };
    let all = |field| -> Result<BTreeMap<String, u64>, FindError> { Ok(finder.every_value(&criteria, field)?.into_iter().collect()) };
    let outcomes = all(Field::Outcome)?;
    let outcome = |word: &str| outcomes.get(word).copied().unwrap_or(0);
    let (snapshot, filter) = finder.snapshot_for(&criteria);
    Ok(ClassFigures {
        class,
        action_count: finder.count(&criteria)?,
        denied_count: outcome("denied"),
        failed_count: outcome("failed"),
        durations: Durations::of(&snapshot.numbers(&filter, Field::Duration)?),
        burst: Burst::of(&snapshot.by_second(&filter)?),
        verdicts: all(Field::Verdict)?,
        findings: finder.counted(&criteria, Field::Finding)?,
        actions: finder.counted(&criteria, Field::Action)?,
        errors: finder.counted(&criteria, Field::Error)?,
        outcomes,
    })
}

/// How many actions of one class happened in each of so many stretches of a period: where each begins, and how many.
pub fn bars(
    finder: &Finder<'_>,
    class: CallerClass,
    from: Timestamp,
    to: Timestamp,
    count: usize,
) -> Result<Vec<(Timestamp, u64)>, FindError> {
    let (snapshot, filter) = finder.snapshot_for(&Criteria::of(EntryKind::Action).and(Criterion::Class(class)));
    Ok(snapshot.histogram(&filter, from, to, count)?.into_iter().map(|bar| (bar.from, bar.count)).collect())
}

impl Durations {
    /// Of ascending durations, by nearest rank.
    fn of(ascending: &[u64]) -> Self {
        let rank = |percent: usize| (ascending.len() * percent).div_ceil(100).checked_sub(1).and_then(|i| ascending.get(i)).copied();
        Self { known_count: ascending.len(), p50_ms: rank(50), p95_ms: rank(95) }
    }
}

impl Burst {
    fn of(by_second: &BTreeMap<i64, u64>) -> Option<Self> {
        let (first, last) = (by_second.first_key_value()?.0, by_second.last_key_value()?.0);
        let seconds = u64::try_from(last - first + 1).ok()?;
        // The earliest of equal peaks.
        let (at, peak) = by_second.iter().rev().max_by_key(|(_, count)| **count)?;
        let total: u64 = by_second.values().sum();
        Some(Self {
            peak_per_second: *peak,
            peak_at: at.checked_mul(1_000_000).and_then(Timestamp::from_micros)?,
            seconds,
            ratio: as_float(*peak) * as_float(seconds) / as_float(total),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio is told with two decimals; counts past 2^53 do not occur")]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let of = |values: &[u64]| {
            let Durations { known_count, p50_ms, p95_ms } = Durations::of(values);
            (known_count, p50_ms, p95_ms)
        };
        assert_eq!(of(&[]), (0, None, None));
        assert_eq!(of(&[7]), (1, Some(7), Some(7)));
        assert_eq!(of(&[1, 2, 3, 4]), (4, Some(2), Some(4)));
        assert_eq!(of(&(1..=100).collect::<Vec<_>>()), (100, Some(50), Some(95)));
    }

    #[test]
    fn a_burst_is_the_peak_against_the_mean_of_the_seconds_there_were() {
        assert_eq!(Burst::of(&BTreeMap::new()), None);
        let burst = Burst::of(&BTreeMap::from([(10, 4), (19, 1)])).expect("there were some");
        assert_eq!((burst.peak_per_second, burst.peak_at.micros(), burst.seconds), (4, 10_000_000, 10));
        assert!((burst.ratio - 8.0).abs() < 1e-9);
        let even = Burst::of(&BTreeMap::from([(1, 2), (2, 2)])).expect("there were some");
        assert_eq!(even.peak_at.micros(), 1_000_000);
        assert!((even.ratio - 1.0).abs() < 1e-9);
    }
}
