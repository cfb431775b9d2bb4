//! One constraint of a delegation against one argument, and against another constraint.

use crate::domain::delegation::{Constraint, ConstraintOp, Period};
use crate::tlog::json::Value;

/// A constraint in words: `/amount_cents <= 5000 per day`.
pub fn in_words(constraint: &Constraint) -> String {
    let Constraint { argument, op, value, per } = constraint;
    let per = match per {
        None | Some(Period::Action) => String::new(),
        Some(period) => format!(" per {}", period.as_str()),
    };
    format!("{argument} {} {}{per}", op.as_str(), value.to_canonical())
}

/// Over what it sums; `None` if it looks at each action alone.
pub fn sums_over(constraint: &Constraint) -> Option<Period> {
    constraint.per.filter(|period| constraint.op == ConstraintOp::AtMost && *period != Period::Action)
}

/// Whether a single argument is within the bound. What cannot be compared is not within it.
pub fn holds(constraint: &Constraint, argument: &Value) -> bool {
    match (constraint.op, &constraint.value, argument) {
        (ConstraintOp::AtMost, Value::Number(bound), Value::Number(number)) => number <= bound,
        (ConstraintOp::In, Value::Array(allowed), _) => allowed.iter().any(|v| is_same(v, argument)),
        (ConstraintOp::Equal, value, _) => is_same(value, argument),
        (ConstraintOp::Prefix, Value::String(prefix), Value::String(text)) => text.starts_with(prefix.as_str()),
        _ => false,
    }
}

/// Whether whatever satisfies `child` satisfies `parent`. Sums are taken to be of amounts that are not negative.
pub fn implies(child: &Constraint, parent: &Constraint) -> bool {
    if child.argument != parent.argument {
        return false;
    }
    match (child.op, &child.value) {
        (ConstraintOp::AtMost, Value::Number(bound)) => {
            let is_at_most = |parent_bound: f64| *bound <= parent_bound;
            let covers_period = span_of(sums_over(child)) >= span_of(sums_over(parent));
            parent.op == ConstraintOp::AtMost && covers_period && matches!(parent.value, Value::Number(b) if is_at_most(b))
        }
        // A fixed value bounds each action, not how many there are.
        (ConstraintOp::Equal, value) => sums_over(parent).is_none() && holds(parent, value),
        (ConstraintOp::In, Value::Array(allowed)) => sums_over(parent).is_none() && allowed.iter().all(|v| holds(parent, v)),
        (ConstraintOp::Prefix, Value::String(_)) => parent.op == ConstraintOp::Prefix && holds(parent, &child.value),
        _ => is_same_bound(child, parent),
    }
}

/// Something that `child` lets pass and `parent` does not; in words.
pub fn counter_example(child: Option<&Constraint>, parent: &Constraint) -> String {
    let one_more = |bound: f64| if bound.fract() == 0.0 { bound + 1.0 } else { bound.ceil() };
    match (&parent.value, child.map(|c| (c.op, &c.value))) {
        (Value::Number(bound), Some((ConstraintOp::AtMost, Value::Number(child_bound)))) if parent.op == ConstraintOp::AtMost => {
            // The periods may be what differs; then the child's own bound, spent once a period, is the example.
            if child_bound <= bound { amount(*child_bound) + ", more than once" } else { amount(one_more(*bound).min(*child_bound)) }
        }
        (Value::Number(bound), None) if parent.op == ConstraintOp::AtMost => amount(one_more(*bound)),
        (_, Some((ConstraintOp::In, Value::Array(allowed)))) => {
            allowed.iter().find(|v| !holds(parent, v)).map_or_else(|| "any number of actions".to_owned(), Value::to_canonical)
        }
        (_, Some((ConstraintOp::Equal | ConstraintOp::Prefix, value))) if !holds(parent, value) => value.to_canonical(),
        _ => "any other value".to_owned(),
    }
}

fn amount(number: f64) -> String {
    Value::Number(number).to_canonical()
}

/// How much a period takes in. A delegation's life is over when it ends, but no day or month is longer than all of it.
fn span_of(period: Option<Period>) -> u8 {
    match period {
        None | Some(Period::Action) => 0,
        Some(Period::Day) => 1,
        Some(Period::Month) => 2,
        Some(Period::Delegation) => 3,
    }
}

/// Equal as JSON: the order of an object's members says nothing.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(_) | Value::Array(_), Value::Object(_) | Value::Array(_)) => a.to_canonical() == b.to_canonical(),
        _ => a == b,
    }
}

fn is_same_bound(a: &Constraint, b: &Constraint) -> bool {
    a.op == b.op && sums_over(a) == sums_over(b) && is_same(&a.value, &b.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str) -> Constraint {
        let mut words = text.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (argument, op, value, per) = (word(), word(), word(), word());
        Constraint {
            argument: argument.to_owned(),
            op: ConstraintOp::ALL.into_iter().find(|o| o.as_str() == op).unwrap(),
            value: Value::parse(value.as_bytes()).unwrap(),
            per: Period::ALL.into_iter().find(|p| p.as_str() == per),
        }
    }

    #[test]
    fn arguments_are_compared_by_kind() {
        for (constraint, argument, expected) in [
            ("/a <= 5000", "5000", true),
            ("/a <= 5000", "5000.5", false),
            ("/a <= 5000", "\"5\"", false),
            ("/a <= \"9\"", "5", false),
            ("/a in [1,\"x\"]", "\"x\"", true),
            ("/a in [1,\"x\"]", "2", false),
            ("/a in 1", "1", false),
            ("/a == {\"b\":1,\"c\":[2]}", "{\"c\":[2],\"b\":1.0}", true),
            ("/a == 1", "\"1\"", false),
            ("/a prefix \"/home/ana/\"", "\"/home/ana/x\"", true),
            ("/a prefix \"/home/ana/\"", "\"/home/anabel\"", false),
            ("/a prefix \"1\"", "12", false),
        ] {
            assert_eq!(holds(&bound(constraint), &Value::parse(argument.as_bytes()).unwrap()), expected, "{constraint} {argument}");
        }
    }

    #[test]
    fn a_child_bound_stands_for_its_parents_or_an_example_shows_that_it_does_not() {
        for (child, parent, expected) in [
            ("/a <= 5", "/a <= 5", None),
            ("/a <= 4", "/a <= 5", None),
            ("/a <= 50", "/a <= 5", Some("6")),
            ("/a <= 5.2", "/a <= 5.1", Some("5.2")),
            ("/a <= 5 day", "/a <= 5", None),
            ("/a <= 5 day", "/a <= 5 month", Some("5, more than once")),
            ("/a <= 5 delegation", "/a <= 5 day", None),
            ("/a == 5", "/a <= 5", None),
            ("/a == 6", "/a <= 5", Some("6")),
            ("/a == 5", "/a <= 5 day", Some("any other value")),
            ("/a in [1,2]", "/a in [1,2,3]", None),
            ("/a in [1,4]", "/a in [1,2,3]", Some("4")),
            ("/a prefix \"ab\"", "/a prefix \"a\"", None),
            ("/a prefix \"a\"", "/a prefix \"ab\"", Some("\"a\"")),
        ] {
            let (child, parent) = (bound(child), bound(parent));
            let found = (!implies(&child, &parent)).then(|| counter_example(Some(&child), &parent));
            assert_eq!(found.as_deref(), expected, "{} under {}", in_words(&child), in_words(&parent));
        }
    }
}
