//! The rules of DESIGN.md sections 3 and 6 once more, for the terms that simulated lives have, in the plainest way: lists are walked
//! from the beginning each time, nothing is remembered. It shares no code with the rules of the product.

use std::collections::BTreeSet;

use crate::simulation::model::{Codes, Entry};
use crate::simulation::world::{Act, Event, Grant, HOUR, Kind, Limit, MINUTE, Ms, Per, Revocation, SECOND, What, Who};

const RECORDED_LATE: Ms = 5 * MINUTE;
const CLOCK_SKEW: Ms = 2 * SECOND;
const OVERBROAD: Ms = 24 * HOUR;

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Person(String),
    Nobody,
    Missing(String),
}

/// A delegation and all above it.
pub(crate) struct Chain<'e> {
    pub(crate) hops: Vec<&'e Grant>,
    pub(crate) root: Root,
    is_human: bool,
}

/// An end of a hop: by time, or by a revocation.
struct End<'e> {
    of: &'e str,
    at: Ms,
    is_revocation: bool,
}

fn events(known: &[Entry]) -> impl Iterator<Item = &Event> {
    known.iter().filter_map(|entry| entry.event.as_ref())
}

pub(crate) fn grant<'e>(known: &'e [Entry], id: &str) -> Option<&'e Grant> {
    events(known).find_map(|event| match &event.what {
        What::Grant(grant) if grant.id == id => Some(grant),
        _ => None,
    })
}

fn revocations<'e>(known: &'e [Entry], id: &str) -> Vec<&'e Revocation> {
    let of = |event: &'e Event| match &event.what {
        What::Revocation(revocation) if revocation.of == id => Some(revocation),
        _ => None,
    };
    events(known).filter_map(of).collect()
}

/// Every report of an action, with who made it and when it was recorded.
fn reports<'e>(known: &'e [Entry], id: &str) -> Vec<(&'e Entry, &'e Event, &'e Act)> {
    let of = |entry: &'e Entry| match entry.event.as_ref().map(|event| (event, &event.what)) {
        Some((event, What::Act(act))) if act.id == id => Some((entry, event, act)),
        _ => None,
    };
    known.iter().filter_map(of).collect()
}

impl<'e> Chain<'e> {
    pub(crate) fn of(known: &'e [Entry], id: &str) -> Self {
        let mut hops: Vec<&Grant> = Vec::new();
        let mut next = id.to_owned();
        loop {
            let Some(found) = grant(known, &next) else { return Self { hops, root: Root::Missing(next), is_human: false } };
            hops.push(found);
            match (&found.parent, found.giver.kind) {
                (Some(parent), _) => next.clone_from(parent),
                (None, Kind::Human) => return Self { hops, root: Root::Person(found.giver.name.clone()), is_human: true },
                (None, Kind::Service) if found.accountable.is_some() => {
                    return Self { hops, root: Root::Person(found.accountable.clone().unwrap()), is_human: false };
                }
                (None, _) => return Self { hops, root: Root::Nobody, is_human: false },
            }
        }
    }

    /// In whose name it stands: the human who gave the root, else whom the topmost delegation names, else who answers for it.
    pub(crate) fn principal(&self) -> Option<&str> {
        let topmost = self.hops.last().and_then(|top| top.human.as_deref());
        match &self.root {
            Root::Person(person) if self.is_human => Some(person),
            Root::Person(person) => topmost.or(Some(person)),
            _ => topmost,
        }
    }

    fn ends(&self, known: &[Entry]) -> Vec<End<'e>> {
        let mut ends = Vec::new();
        for (level, hop) in self.hops.iter().enumerate() {
            ends.push(End { of: &hop.id, at: hop.expires_at, is_revocation: false });
            for revocation in revocations(known, &hop.id) {
                // Who spares those below does not allow her delegate to go on granting.
                let is_spared = level > 0 && !revocation.cascades && self.hops[level - 1].issued_at < revocation.revoked_at;
                if !is_spared {
                    ends.push(End { of: &hop.id, at: revocation.revoked_at, is_revocation: true });
                }
            }
        }
        ends
    }
}

/// How a delegation stands: the word, and the one that decides it.
pub(crate) fn standing(known: &[Entry], id: &str, now: Ms) -> (&'static str, Option<String>) {
    let chain = Chain::of(known, id);
    let ends = chain.ends(known);
    let over: Vec<&End<'_>> = ends.iter().filter(|end| end.at <= now).collect();
    if let Some(first) = over.iter().map(|end| end.at).min() {
        let at_once: Vec<&&End<'_>> = over.iter().filter(|end| end.at == first).collect();
        let told = at_once.iter().find(|end| end.is_revocation).unwrap_or(&at_once[0]);
        return (if told.is_revocation { "revoked" } else { "expired" }, Some(told.of.to_owned()));
    }
    if let Some(last) = chain.hops.iter().map(|hop| hop.start()).max().filter(|start| *start > now) {
        let by = chain.hops.iter().rfind(|hop| hop.start() == last).map(|hop| hop.id.clone());
        return ("not_yet_valid", by);
    }
    match chain.root {
        Root::Missing(id) => ("undetermined", Some(id)),
        _ => ("active", None),
    }
}

/// The findings about the entry at `index` with everything known that `known` holds.
pub(crate) fn assess(known: &[Entry], entry: &Entry) -> Codes {
    let event = entry.event.as_ref().expect("only what was reported is assessed");
    let late = entry.recorded_at - event.occurred_at;
    let mut codes = Codes::new();
    codes.extend((late > RECORDED_LATE).then_some("recorded_late"));
    codes.extend((late < -CLOCK_SKEW).then_some("clock_skew"));
    match &event.what {
        What::Act(act) => assess_act(known, entry, event, act, &mut codes),
        What::Grant(grant) => assess_grant(known, entry, event, grant, &mut codes),
        What::Revocation(revocation) => {
            codes.extend(grant(known, &revocation.of).is_none().then_some("delegation_unknown"));
            codes.extend((entry.recorded_at - revocation.revoked_at > RECORDED_LATE).then_some("recorded_late"));
        }
    }
    codes
}

fn assess_act(known: &[Entry], entry: &Entry, event: &Event, act: &Act, codes: &mut Codes) {
    let others = reports(known, &act.id);
    if others.iter().any(|(_, _, other)| disagree(act, other)) {
        codes.insert("report_disagreement");
    }
    let is_agents_word = entry.reporter.kind == Kind::Agent;
    let names_nobody = act.human.is_none() && act.agent.is_none() && act.under.is_none();
    match act.kind {
        Kind::Human if !is_agents_word => return,
        Kind::Service if !is_agents_word && names_nobody => return,
        _ => {}
    }
    let by_server = others.iter().find(|(entry, _, other)| entry.reporter.kind == Kind::Service && other.needs.is_some());
    let mut needs: BTreeSet<&str> = act.needs.iter().flatten().copied().collect();
    needs.extend(by_server.iter().flat_map(|(_, _, other)| other.needs.iter().flatten()).copied());
    let says_so_itself = entry.reporter.kind == Kind::Service && act.needs.is_some();
    codes.extend((by_server.is_none() && !says_so_itself).then_some("scope_undetermined"));

    let Some(under) = &act.under else {
        codes.insert("delegation_missing");
        return;
    };
    let chain = Chain::of(known, under);
    let Some(named) = chain.hops.first() else {
        codes.insert("delegation_unknown");
        return;
    };
    codes.extend(of_root(&chain.root));
    codes.extend(chain.hops.iter().any(|hop| event.occurred_at < hop.start()).then_some("delegation_not_yet_valid"));
    let is_shown_before = |end: Ms| {
        others.iter().filter(|(_, _, other)| other.status != "requested").any(|(other_entry, other, _)| {
            other_entry.recorded_at < end || (other_entry.reporter.name != entry.reporter.name && other.occurred_at < end)
        })
    };
    of_ends(&chain.ends(known), event.occurred_at, entry.recorded_at, is_shown_before, codes);
    let is_passed_on_badly = chain.hops.windows(2).any(|pair| !is_given_by_delegate(pair[0], pair[1]));
    let is_anothers = act.agent.as_ref() != Some(&named.agent);
    codes.extend((is_passed_on_badly || is_anothers).then_some("agent_mismatch"));
    let names_another = |human: &Option<String>| human.as_deref().zip(chain.principal()).is_some_and(|(stated, of_root)| stated != of_root);
    codes.extend((names_another(&act.human) || chain.hops.iter().any(|hop| names_another(&hop.human))).then_some("principal_mismatch"));
    codes.extend(is_too_deep(&chain, 0).then_some("depth_exceeded"));
    let is_outside = needs.iter().any(|token| chain.hops.iter().any(|hop| !hop.scope.iter().any(|held| covers(held, token))));
    codes.extend(is_outside.then_some("scope_exceeded"));
    let is_over = |hop: &&Grant| hop.limit.is_some_and(|limit| spent_before(known, hop, limit, entry, event) + act.cents > limit.cents);
    codes.extend(chain.hops.iter().any(is_over).then_some("constraint_exceeded"));
}

fn assess_grant(known: &[Entry], entry: &Entry, event: &Event, child: &Grant, codes: &mut Codes) {
    let granted_at = event.occurred_at.max(child.issued_at);
    codes.extend((granted_at >= child.expires_at).then_some("delegation_expired"));
    let is_root = child.parent.is_none();
    let is_wild = is_root && child.scope.iter().any(|token| token.ends_with('*'));
    let is_broad = is_wild || child.expires_at - child.start() > OVERBROAD || child.scope.contains(&"*");
    codes.extend(is_broad.then_some("delegation_overbroad"));
    let Some(parent) = &child.parent else {
        match child.giver.kind {
            Kind::Human => codes.extend((child.human.as_ref() != Some(&child.giver.name)).then_some("principal_mismatch")),
            _ => codes.extend(child.accountable.is_none().then_some("chain_without_human")),
        }
        return;
    };
    let chain = Chain::of(known, parent);
    codes.extend(of_root(&chain.root));
    let is_other = child.human.as_deref().zip(chain.principal()).is_some_and(|(stated, of_root)| stated != of_root);
    codes.extend(is_other.then_some("principal_mismatch"));
    let Some(parent) = chain.hops.first() else { return };
    codes.extend((!is_given_by_delegate(child, parent)).then_some("agent_mismatch"));
    let is_wider = child.scope.iter().any(|passed_on| !parent.scope.iter().any(|held| includes(held, passed_on)))
        || child.start() < parent.start()
        || child.expires_at > parent.expires_at
        || parent.max_depth.zip(child.max_depth).is_some_and(|(held, stated)| stated >= held)
        || parent.limit.is_some_and(|held| !child.limit.is_some_and(|own| own.cents <= held.cents && own.per >= held.per));
    codes.extend(is_wider.then_some("scope_widened"));
    codes.extend(is_too_deep(&chain, 1).then_some("depth_exceeded"));
    of_ends(&chain.ends(known), granted_at, entry.recorded_at, |_| false, codes);
}

/// What other actions had spent under this delegation and those that hung below it then. An action is spent once, by the first of its
/// reports that does not say that it came to nothing: where and when that report says.
fn spent_before(known: &[Entry], hop: &Grant, limit: Limit, entry: &Entry, event: &Event) -> u64 {
    if limit.per == Per::Action {
        return 0;
    }
    let day = |at: Ms| (at + 12 * HOUR).div_euclid(24 * HOUR);
    let What::Act(own) = &event.what else { return 0 };
    let (mut seen, mut spent) = (BTreeSet::new(), 0);
    let then = &known[..entry.index];
    for earlier in then {
        let Some(Event { what: What::Act(act), occurred_at, .. }) = &earlier.event else { continue };
        if ["denied", "failed"].contains(&act.status) || !seen.insert(act.id.as_str()) || act.id == own.id {
            continue;
        }
        let is_below = act.under.as_ref().is_some_and(|under| {
            let chain = Chain::of(then, under);
            chain.hops.iter().any(|above| above.id == hop.id) || chain.root == Root::Missing(hop.id.clone())
        });
        if is_below && (limit.per == Per::Delegation || day(*occurred_at) == day(event.occurred_at)) {
            spent += act.cents;
        }
    }
    spent
}

fn of_root(root: &Root) -> Option<&'static str> {
    match root {
        Root::Person(_) => None,
        Root::Nobody => Some("chain_without_human"),
        Root::Missing(_) => Some("chain_broken"),
    }
}

/// After an end it is over; said to be before, and recorded after it, it takes more than the reporter's word.
fn of_ends(ends: &[End<'_>], at: Ms, recorded_at: Ms, is_shown_before: impl Fn(Ms) -> bool, codes: &mut Codes) {
    for end in ends {
        if at >= end.at {
            codes.insert(if end.is_revocation { "delegation_revoked" } else { "delegation_expired" });
        } else if recorded_at >= end.at && !is_shown_before(end.at) {
            codes.insert("validity_unproven");
        }
    }
}

fn is_given_by_delegate(child: &Grant, parent: &Grant) -> bool {
    child.giver == Who { kind: Kind::Agent, name: parent.agent.clone() }
}

fn is_too_deep(chain: &Chain<'_>, first: usize) -> bool {
    chain.hops.iter().enumerate().any(|(level, hop)| hop.max_depth.is_some_and(|allowed| level + first > allowed))
}

/// A pattern of a delegation against a token of an action.
fn covers(held: &str, token: &str) -> bool {
    held == token || held.strip_suffix('*').is_some_and(|begin| token.starts_with(begin))
}

/// A pattern of a delegation against one of the delegation below it.
fn includes(held: &str, passed_on: &str) -> bool {
    match (held.strip_suffix('*'), passed_on.strip_suffix('*')) {
        (None, Some(_)) => false,
        (Some(begin), Some(other)) => other.starts_with(begin),
        (_, None) => covers(held, passed_on),
    }
}

/// Whether two reports state different things of one act; how it ended counts only where both say that it did.
fn disagree(one: &Act, other: &Act) -> bool {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    let ended = |act: &Act| Some(act.status).filter(|status| ["succeeded", "failed", "denied"].contains(status));
    one.kind != other.kind
        || one.cents != other.cents
        || differ(one.human.as_ref(), other.human.as_ref())
        || differ(one.agent.as_ref(), other.agent.as_ref())
        || differ(one.under.as_ref(), other.under.as_ref())
        || differ(one.needs.as_ref(), other.needs.as_ref())
        || differ(ended(one).as_ref(), ended(other).as_ref())
}

/// A walk in short: the delegations from the root down, the human at its end, whether every link is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    pub(crate) delegations: Vec<String>,
    pub(crate) human: Option<String>,
    pub(crate) is_complete: bool,
}

/// What all reports of an action together say: each thing by the first that says it.
pub(crate) fn walk(known: &[Entry], action: &str) -> Walked {
    let all = reports(known, action);
    let first = all[0].2;
    let said = |of: fn(&Act) -> Option<&String>| all.iter().find_map(|(_, _, act)| of(act)).cloned();
    let (human, agent, under) = (said(|a| a.human.as_ref()), said(|a| a.agent.as_ref()), said(|a| a.under.as_ref()));
    let is_agents_word = all.iter().any(|(entry, _, _)| entry.reporter.kind == Kind::Agent);
    let names_nobody = human.is_none() && agent.is_none() && under.is_none();
    let is_own_act = !is_agents_word && (first.kind == Kind::Human || first.kind == Kind::Service && names_nobody);
    if is_own_act {
        return Walked { delegations: Vec::new(), human, is_complete: true };
    }
    let Some(under) = under else { return Walked { delegations: Vec::new(), human: None, is_complete: false } };
    let chain = Chain::of(known, &under);
    let delegations = chain.hops.iter().rev().map(|hop| hop.id.clone()).collect();
    match chain.root {
        Root::Person(person) => Walked { delegations, human: Some(person), is_complete: true },
        _ => Walked { delegations, human: None, is_complete: false },
    }
}
