//! What a child delegation takes away from its parent's terms, and what it adds: one hop, decided from the stored delegations.
//!
//! Absent means unlimited, except for `max_depth`: a child that is silent about it claims nothing, and its ancestors' count.

use crate::domain::bound;
use crate::domain::delegation::Delegation;
use crate::domain::scope::{self, ANYTHING};
use crate::tlog::time::Timestamp;

/// The difference between a delegation and the one above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// What the parent holds and the child does not, or holds less of.
    pub removed: Vec<Change>,
    /// What the child passes on beyond what its parent holds.
    pub widened: Vec<Change>,
    /// What both hold.
    pub unchanged: Vec<Change>,
}

/// One term on both sides of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which kind.
    pub term: Term,
    /// What the parent holds; `None` if nothing.
    pub parent: Option<String>,
    /// What the child holds; `None` if nothing.
    pub child: Option<String>,
    /// For what is widened: the smallest thing that the child allows and the parent does not.
    pub counter_example: Option<String>,
    /// The child's member, as a JSON Pointer into its event: `/scope/1`.
    pub pointer: String,
}

/// The terms of a delegation that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// A scope token or pattern.
    Scope,
    /// A resource pattern.
    Resource,
    /// A bound on an argument.
    Constraint,
    /// From when it holds.
    Start,
    /// Until when it holds.
    End,
    /// How often it may be passed on.
    Depth,
}

impl Term {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Constraint => "constraint",
            Self::Start => "start",
            Self::End => "end",
            Self::Depth => "depth",
        }
    }
}

impl Change {
    /// Whether the child holds something of it, but less.
    pub const fn is_lowered(&self) -> bool {
        self.parent.is_some() && self.child.is_some()
    }
}

/// From when a delegation holds.
pub fn start_of(delegation: &Delegation) -> Timestamp {
    delegation.not_before.map_or(delegation.issued_at, |from| from.max(delegation.issued_at))
}

/// Compares a delegation with the one it passes on.
pub fn narrowing(parent: &Delegation, child: &Delegation) -> Narrowing {
    let mut found = Narrowing::default();
    found.compare_patterns(Term::Scope, "/scope", &parent.scope, &child.scope);
    let anything = [ANYTHING.to_owned()];
    let resources = |d: &'_ Delegation| d.resources.clone().unwrap_or_else(|| anything.to_vec());
    if parent.resources.is_some() || child.resources.is_some() {
        found.compare_patterns(Term::Resource, "/resources", &resources(parent), &resources(child));
    }
    found.compare_constraints(parent, child);
    found.compare_times(parent, child);
    found.compare_depth(parent, child);
    found
}

impl Narrowing {
    fn compare_patterns(&mut self, term: Term, pointer: &str, parent: &[String], child: &[String]) {
        for held in parent {
            if scope::included_in_any(child, held) {
                self.unchanged.push(change(term, Some(held.clone()), Some(held.clone()), pointer.to_owned()));
            } else {
                self.removed.push(change(term, Some(held.clone()), those_within(child, held), pointer.to_owned()));
            }
        }
        for (i, passed_on) in child.iter().enumerate() {
            let Some(example) = scope::counter_example(parent, passed_on) else { continue };
            let mut widened = change(term, those_within(parent, passed_on), Some(passed_on.clone()), format!("{pointer}/{i}"));
            widened.counter_example = Some(example);
            self.widened.push(widened);
        }
    }

    fn compare_constraints(&mut self, parent: &Delegation, child: &Delegation) {
        for bound in &parent.constraints {
            let words = Some(bound::in_words(bound));
            let same_argument = || child.constraints.iter().enumerate().filter(|(_, c)| c.argument == bound.argument);
            if let Some((i, tighter)) = same_argument().find(|(_, c)| bound::implies(c, bound)) {
                let of_child = change(Term::Constraint, words, Some(bound::in_words(tighter)), format!("/constraints/{i}"));
                // The same bound the other way round says that nothing was tightened.
                let is_same = bound::implies(bound, tighter);
                if is_same {
                    self.unchanged.push(of_child);
                } else {
                    self.removed.push(of_child);
                }
                continue;
            }
            let looser = same_argument().find(|(_, c)| c.op == bound.op).or_else(|| same_argument().next());
            let pointer = looser.map_or_else(|| "/constraints".to_owned(), |(i, _)| format!("/constraints/{i}"));
            let mut widened = change(Term::Constraint, words, looser.map(|(_, c)| bound::in_words(c)), pointer);
            widened.counter_example = Some(bound::counter_example(looser.map(|(_, c)| c), bound));
            self.widened.push(widened);
        }
        for (i, added) in child.constraints.iter().enumerate() {
            if parent.constraints.iter().all(|p| p.argument != added.argument) {
                self.removed.push(change(Term::Constraint, None, Some(bound::in_words(added)), format!("/constraints/{i}")));
            }
        }
    }

    fn compare_times(&mut self, parent: &Delegation, child: &Delegation) {
        let (from, child_from) = (start_of(parent), start_of(child));
        let pointer = if child.not_before.is_some_and(|t| t >= child.issued_at) { "/not_before" } else { "/issued_at" };
        let start = change(Term::Start, Some(from.to_string()), Some(child_from.to_string()), pointer.to_owned());
        self.file(start, child_from.cmp(&from).reverse(), || child_from.to_string());

        let (until, child_until) = (parent.expires_at, child.expires_at);
        let end = change(Term::End, Some(until.to_string()), Some(child_until.to_string()), "/expires_at".to_owned());
        // The end itself is the first instant at which the parent no longer holds.
        self.file(end, child_until.cmp(&until), || until.to_string());
    }

    fn compare_depth(&mut self, parent: &Delegation, child: &Delegation) {
        let below = |levels: u32| format!("{levels} below it");
        let (held, stated) = (parent.max_depth, child.max_depth);
        let depth = change(Term::Depth, held.map(below), stated.map(below), "/max_depth".to_owned());
        match (held, stated) {
            (_, None) => {}
            (None, Some(_)) => self.removed.push(depth),
            // One level is used up by the child itself.
            (Some(held), Some(stated)) if stated < held => self.unchanged.push(depth),
            (Some(held), Some(_)) => self.file(depth, std::cmp::Ordering::Greater, || below(held)),
        }
    }

    /// `Greater`: the child holds more.
    fn file(&mut self, mut change: Change, child_to_parent: std::cmp::Ordering, example: impl FnOnce() -> String) {
        match child_to_parent {
            std::cmp::Ordering::Less => self.removed.push(change),
            std::cmp::Ordering::Equal => self.unchanged.push(change),
            std::cmp::Ordering::Greater => {
                change.counter_example = Some(example());
                self.widened.push(change);
            }
        }
    }
}

/// Those of `patterns` that `wide` includes, as one text; `None` if there are none.
fn those_within(patterns: &[String], wide: &str) -> Option<String> {
    let within: Vec<&str> = patterns.iter().map(String::as_str).filter(|p| scope::includes(wide, p)).collect();
    (!within.is_empty()).then(|| within.join(" "))
}

fn change(term: Term, parent: Option<String>, child: Option<String>, pointer: String) -> Change {
    Change { term, parent, child, counter_example: None, pointer }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::delegation::Constraint;
    use crate::domain::test_world::{at_most, child, root, texts};

    /// What a hop changes, as a page would print it.
    fn told(changes: &[Change]) -> Vec<String> {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        changes.iter().map(|c| format!("{} {} -> {}", c.term.as_str(), side(&c.parent), side(&c.child))).collect()
    }

    #[test]
    fn a_hop_tells_what_it_took_away_and_what_it_left() {
        let found = narrowing(&root(), &child());
        assert_eq!(found.widened, []);
        assert_eq!(
            told(&found.removed),
            [
                "scope orders:read -> -",
                "constraint /amount_cents <= 20000 -> /amount_cents <= 15000",
                "start 2026-11-22T08:00:00.000000Z -> 2026-11-22T08:30:00.000000Z",
                "end 2026-11-22T12:00:00.000000Z -> 2026-11-22T11:00:00.000000Z",
            ]
        );
        assert_eq!(told(&found.unchanged), ["scope orders:refund -> orders:refund", "resource order:* -> order:*"]);
        assert!(found.removed[1].is_lowered() && !found.removed[0].is_lowered());
    }

    fn scope_lists() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[ab]{0,2}\\*?", 0..3)
    }

    fn constraints() -> impl Strategy<Value = Vec<Constraint>> {
        prop::collection::vec((0..4_u32).prop_map(|cents| at_most(cents, None)), 0..2)
    }

    prop_compose! {
        fn delegations()(
            scope in scope_lists(),
            resources in prop::option::of(scope_lists()),
            constraints in constraints(),
            from in 0..3_i64,
            until in 4..7_i64,
        ) -> Delegation {
            let (issued_at, expires_at) = (root().issued_at.plus_ms(from).unwrap(), root().issued_at.plus_ms(until).unwrap());
            Delegation { scope, resources, constraints, issued_at, expires_at, max_depth: None, ..root() }
        }
    }

    proptest! {
        #[test]
        fn passing_on_the_same_widens_nothing_and_removes_nothing(same in delegations()) {
            let found = narrowing(&same, &same);
            prop_assert_eq!(found.widened, []);
            prop_assert_eq!(found.removed, []);
        }

        #[test]
        fn what_is_within_what_is_within_is_within(a in delegations(), b in delegations(), c in delegations()) {
            let is_within = |child: &Delegation, parent: &Delegation| narrowing(parent, child).widened.is_empty();
            // Intersected with a, b is often within it; so that the law is tried on more than empty scopes.
            let within = |child: &Delegation, parent: &Delegation| {
                let held = |patterns: &[String], by: &[String]| patterns.iter().filter(|p| scope::included_in_any(by, p)).cloned().collect::<Vec<_>>();
                let mut kept = child.clone();
                kept.scope = held(&child.scope, &parent.scope);
                kept.constraints.extend(parent.constraints.clone());
                kept.issued_at = child.issued_at.max(parent.issued_at);
                kept.expires_at = child.expires_at.min(parent.expires_at);
                kept.resources = match (&child.resources, &parent.resources) {
                    (Some(child), Some(parent)) => Some(held(child, parent)),
                    (child, parent) => child.clone().or_else(|| parent.clone()),
                };
                kept
            };
            let (b_in_a, c_in_b) = (within(&b, &a), within(&c, &within(&b, &a)));
            prop_assert!(is_within(&b_in_a, &a) && is_within(&c_in_b, &b_in_a) && is_within(&c_in_b, &a));
            if is_within(&b, &a) && is_within(&c, &b) {
                prop_assert!(is_within(&c, &a));
            }
        }

        #[test]
        fn what_the_child_holds_and_the_parent_does_not_is_told(parent in delegations(), child in delegations(), token in "[ab]{0,3}") {
            let holds = |d: &Delegation| scope::covered_by_any(&d.scope, &token);
            let is_told = narrowing(&parent, &child).widened.iter().any(|c| c.term == Term::Scope);
            prop_assert!(!holds(&child) || holds(&parent) || is_told);
        }
    }

    #[test]
    fn one_level_of_depth_is_used_up_by_the_child() {
        for (held, stated, is_widened) in
            [(Some(2), Some(1), false), (Some(2), Some(2), true), (Some(0), Some(0), true), (Some(2), None, false), (None, Some(9), false)]
        {
            let (mut parent, mut passed_on) = (root(), child());
            (parent.max_depth, passed_on.max_depth) = (held, stated);
            let found = narrowing(&parent, &passed_on);
            assert_eq!(found.widened.iter().any(|c| c.term == Term::Depth), is_widened, "{held:?} {stated:?}");
        }
        let mut broad = child();
        broad.resources = None;
        assert_eq!(told(&narrowing(&root(), &broad).widened), ["resource order:* -> *"]);
        broad.scope = texts(&["orders:*"]);
        assert_eq!(told(&narrowing(&root(), &broad).widened)[0], "scope orders:read orders:refund -> orders:*");
    }
}
