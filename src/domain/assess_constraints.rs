//! Whether an action keeps within the bounds of every hop, alone and together with what was done before it.

use crate::domain::action::Action;
use crate::domain::assessment::{Submission, quoted, quoted_value};
use crate::domain::bound;
use crate::domain::catalogue::{CatalogueEntry, Effect};
use crate::domain::chain::Chain;
use crate::domain::delegation::{Constraint, ConstraintOp, Period};
use crate::domain::finding::{Code, Finding};
use crate::domain::past::Past;
use crate::domain::pointer;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// One finding for each bound that is passed.
pub(crate) fn assess_constraints<P: Past>(
    submission: &Submission<'_>,
    action: &Action,
    chain: &Chain,
    entry: Option<&CatalogueEntry>,
    past: &P,
) -> Result<Vec<Finding>, P::Error> {
    let mut findings = Vec::new();
    for hop in &chain.hops {
        for constraint in &hop.terms().constraints {
            let argument = action.arguments.as_ref().and_then(|a| pointer::resolve(a, &constraint.argument));
            let exceeded = match (argument, bound::sums_over(constraint)) {
                (None, _) => missing(constraint, entry),
                (Some(argument), None) => single(constraint, argument),
                (Some(argument), Some(period)) => {
                    // Without itself: an action is spent once, however many sides report it, under whichever delegation.
                    let before = past.spent(hop.id(), &constraint.argument, period, submission.occurred_at, &action.action_id)?;
                    summed(constraint, argument, before, period)
                }
            };
            let at = format!("/action/arguments{}", constraint.argument);
            findings.extend(exceeded.map(|detail| Finding::new(Code::ConstraintExceeded, detail).at(at).of(hop.id())));
        }
    }
    Ok(findings)
}

/// What is not stated cannot be shown to be within. Only what the catalogue knows to be a read spends no amount: else a
/// delegation to look up and to pay would have every look-up over the limit.
fn missing(constraint: &Constraint, entry: Option<&CatalogueEntry>) -> Option<String> {
    let is_read = entry.is_some_and(|e| e.effect == Effect::Read);
    if is_read && constraint.op == ConstraintOp::AtMost {
        return None;
    }
    Some(format!("{} is not stated, so it cannot be shown that {}", constraint.argument, quoted(&bound::in_words(constraint))))
}

fn single(constraint: &Constraint, argument: &Value) -> Option<String> {
    let detail = || format!("{} is {}, allowed is {}", constraint.argument, quoted_value(argument), quoted(&bound::in_words(constraint)));
    (!bound::holds(constraint, argument)).then(detail)
}

fn summed(constraint: &Constraint, argument: &Value, before: f64, period: Period) -> Option<String> {
    let Value::Number(number) = argument else {
        return single(constraint, argument);
    };
    let total = Value::Number(snapped(before + number, &constraint.value));
    let detail = || {
        let allowed = quoted(&bound::in_words(constraint));
        let (total, number) = (total.to_canonical(), argument.to_canonical());
        format!("{total} in this {} with this action's {number}, allowed is {allowed}", period.as_str())
    };
    (!bound::holds(constraint, &total)).then(detail)
}

/// A sum of decimal fractions is not exact in doubles: 0.1 + 0.2 is more than 0.3. Whole numbers add up exactly.
fn snapped(total: f64, bound: &Value) -> f64 {
    const RELATIVE_ERROR: f64 = 1e-12;
    match bound {
        Value::Number(bound) if total.fract() != 0.0 && (total - bound).abs() <= bound.abs() * RELATIVE_ERROR => *bound,
        _ => total,
    }
}

/// Whether two instants fall into one period, by the calendar of UTC.
pub(crate) fn is_same_period(period: Period, a: Timestamp, b: Timestamp) -> bool {
    match period {
        Period::Action => false,
        Period::Day => a.start_of_day() == b.start_of_day(),
        Period::Month => a.start_of_month() == b.start_of_month(),
        Period::Delegation => true,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::*;
    use crate::domain::assessment::assess;
    use crate::domain::catalogue::Catalogue;
    use crate::domain::delegation::{Delegation, Revocation};
    use crate::domain::ids::{ActionId, DelegationId, EventId, Source};
    use crate::domain::memory::MemoryPast;
    use crate::domain::past::Recorded;
    use crate::domain::settings::Settings;
    use crate::domain::test_world::{World, acted, at_most, refund};

    /// What an entry is assessed against later on: every fact, but only the sums of its day.
    struct AsOf {
        facts: MemoryPast,
        sums: MemoryPast,
    }

    impl Past for AsOf {
        type Error = Infallible;
        fn delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, Infallible> {
            self.facts.delegation(id)
        }
        fn revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, Infallible> {
            self.facts.revocations(id)
        }
        fn reports(&self, id: &ActionId) -> Result<Vec<Arc<Recorded<Action>>>, Infallible> {
            self.facts.reports(id)
        }
        fn spent(&self, under: &DelegationId, argument: &str, period: Period, at: Timestamp, but: &ActionId) -> Result<f64, Infallible> {
            self.sums.spent(under, argument, period, at, but)
        }
        fn catalogue(&self) -> Result<Arc<Catalogue>, Infallible> {
            self.facts.catalogue()
        }
        fn settings(&self) -> Result<Arc<Settings>, Infallible> {
            self.facts.settings()
        }
    }

    #[test]
    fn an_action_assessed_again_is_as_far_over_the_limit_as_it_was() {
        let mut world = World::of_refund();
        world.delegation("dlg-1").constraints = vec![at_most(15_000, Some(Period::Day))];
        world.delegation("dlg-2").constraints = vec![at_most(15_000, Some(Period::Day))];
        world.before.push(acted(Action { action_id: ActionId::parse("act-1").unwrap(), ..refund() }, "08:59"));
        let first = world.findings();
        assert_eq!(first.len(), 2, "once for each hop: {first:?}");

        let sums = world.past();
        let mut facts = world.past();
        let (source, event_id) = (Source::parse(world.event.source).unwrap(), EventId::parse("evt-last").unwrap());
        let submission = world.event.submission(&source, &event_id);
        facts.record(&submission, None);
        let Ok(again) = assess(&submission, &AsOf { facts, sums });
        assert_eq!(again, first);
    }
}
