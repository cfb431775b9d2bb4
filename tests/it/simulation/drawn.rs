//! Events drawn by chance: mostly sensible, now and then wrong in one of the ways that the ledger must notice.

use crate::chance::Chance;
use crate::simulation::model::{Entry, Model};
use crate::simulation::rules::{Chain, grant};
use crate::simulation::world::{Act, Event, Grant, HOUR, Kind, Limit, MINUTE, Ms, Per, Revocation, SECOND, What, Who};

const PEOPLE: [&str; 3] = ["user:ana@example.com", "user:ben@example.com", "user:eve@example.com"];
const AGENTS: [&str; 4] = ["agent:desk", "agent:refunds", "agent:mail", "agent:helper"];
const SERVICES: [&str; 3] = ["billing", "orders", "desk"];
const SCOPES: [&str; 5] = ["orders:read", "orders:refund", "mail:send", "orders:*", "*"];
const NEEDED: [&str; 3] = ["orders:read", "orders:refund", "mail:send"];
const STATUSES: [&str; 6] = ["succeeded", "succeeded", "failed", "denied", "requested", "started"];
/// Delegations are named before they are granted, or never are: so there are few names.
const DELEGATIONS: u64 = 24;
const ACTIONS: u64 = 48;

fn id(chance: &mut Chance, stem: &str, of: u64) -> String {
    format!("{stem}-{}", chance.below(of))
}

fn ms(chance: &mut Chance, least: Ms, most: Ms) -> Ms {
    least + Ms::try_from(chance.below(u64::try_from(most - least).unwrap() + 1)).unwrap()
}

/// When it happened: mostly just now, sometimes long ago, sometimes ahead of the ledger's clock.
fn occurred_at(chance: &mut Chance, now: Ms) -> Ms {
    match chance.below(8) {
        0 => now - ms(chance, 0, 2 * HOUR),
        1 => now - ms(chance, 0, 20 * MINUTE),
        2 => now + ms(chance, 0, 4 * SECOND),
        _ => now - ms(chance, 0, 30 * SECOND),
    }
}

fn service(chance: &mut Chance) -> Who {
    Who { kind: Kind::Service, name: (*chance.pick(&SERVICES)).to_owned() }
}

fn status(chance: &mut Chance) -> &'static str {
    STATUSES[chance.place(STATUSES.len())]
}

fn some<const N: usize>(chance: &mut Chance, tokens: [&'static str; N]) -> Vec<&'static str> {
    tokens.into_iter().filter(|_| chance.is_one_in(2)).collect()
}

/// Something new, by whoever may say it.
pub(crate) fn event(chance: &mut Chance, model: &Model, number: u64) -> (Who, Event) {
    let occurred_at = occurred_at(chance, model.now());
    let (who, what) = match chance.below(10) {
        0..=2 => grant_by(chance, &model.entries, occurred_at),
        3 => (service(chance), What::Revocation(revocation(chance, model.now()))),
        4..=5 => another_report(chance, &model.entries).unwrap_or_else(|| act(chance, &model.entries)),
        _ => act(chance, &model.entries),
    };
    (who, Event { id: format!("evt-{number}"), occurred_at, what })
}

fn grant_by(chance: &mut Chance, known: &[Entry], now: Ms) -> (Who, What) {
    let own = id(chance, "dlg", DELEGATIONS);
    let parent = (!chance.is_one_in(3)).then(|| id(chance, "dlg", DELEGATIONS)).filter(|parent| *parent != own);
    let issued_at = now - ms(chance, 0, 10 * MINUTE) + if chance.is_one_in(8) { 15 * MINUTE } else { 0 };
    let mut drawn = Grant {
        id: own,
        parent: parent.clone(),
        giver: Who { kind: Kind::Human, name: (*chance.pick(&PEOPLE)).to_owned() },
        agent: (*chance.pick(&AGENTS)).to_owned(),
        human: None,
        accountable: None,
        scope: some(chance, SCOPES),
        issued_at,
        not_before: chance.is_one_in(5).then(|| issued_at + ms(chance, 0, HOUR)),
        expires_at: 0,
        max_depth: chance.is_one_in(4).then(|| chance.place(3)),
        limit: chance.is_one_in(2).then(|| limit(chance)),
    };
    drawn.expires_at = drawn.start() + *chance.pick(&[SECOND, 5 * MINUTE, HOUR, 8 * HOUR, 8 * HOUR, 30 * HOUR]);
    match &parent {
        None => root(chance, &mut drawn),
        Some(parent) => child(chance, known, parent, &mut drawn),
    }
    let who = who_grants(chance, known, &drawn);
    (who, What::Grant(drawn))
}

fn limit(chance: &mut Chance) -> Limit {
    Limit { cents: *chance.pick(&[102, 150, 250, 400]), per: *chance.pick(&[Per::Action, Per::Day, Per::Delegation]) }
}

fn root(chance: &mut Chance, drawn: &mut Grant) {
    if chance.is_one_in(5) {
        drawn.giver = service(chance);
        drawn.accountable = chance.is_one_in(2).then(|| (*chance.pick(&PEOPLE)).to_owned());
        drawn.human = chance.is_one_in(2).then(|| (*chance.pick(&PEOPLE)).to_owned());
    } else {
        let herself = drawn.giver.name.clone();
        drawn.human = Some(if chance.is_one_in(10) { (*chance.pick(&PEOPLE)).to_owned() } else { herself });
    }
}

fn child(chance: &mut Chance, known: &[Entry], parent: &str, drawn: &mut Grant) {
    let chain = Chain::of(known, parent);
    let holder = chain.hops.first().map_or(*chance.pick(&AGENTS), |parent| parent.agent.as_str());
    if !chance.is_one_in(8) {
        drawn.giver = Who { kind: Kind::Agent, name: holder.to_owned() };
    }
    let of_chain = chain.principal().unwrap_or(PEOPLE[0]).to_owned();
    let any = (*chance.pick(&PEOPLE)).to_owned();
    drawn.human = if chance.is_one_in(8) { Some(any) } else { Some(of_chain).filter(|_| !chance.is_one_in(6)) };
    if drawn.giver.kind == Kind::Human {
        drawn.human.get_or_insert_with(|| drawn.giver.name.clone());
    }
    if let Some(parent) = chain.hops.first().filter(|_| !chance.is_one_in(4)) {
        drawn.limit = parent.limit.or(drawn.limit);
        drawn.scope.clear();
        drawn.scope.extend(parent.scope.iter().filter(|_| !chance.is_one_in(4)));
        if drawn.start() < parent.expires_at {
            drawn.expires_at = drawn.expires_at.min(parent.expires_at);
        }
    }
}

/// A service for everybody; sometimes the person herself, or the agent that passes on its own.
fn who_grants(chance: &mut Chance, known: &[Entry], drawn: &Grant) -> Who {
    let holder = drawn.parent.as_ref().and_then(|parent| grant(known, parent)).map(|parent| &parent.agent);
    let may_itself = match drawn.giver.kind {
        Kind::Human => drawn.parent.is_none(),
        Kind::Agent => holder.is_none_or(|holder| *holder == drawn.giver.name),
        Kind::Service => false,
    };
    if may_itself && chance.is_one_in(5) { drawn.giver.clone() } else { service(chance) }
}

fn revocation(chance: &mut Chance, now: Ms) -> Revocation {
    let revoked_at = if chance.is_one_in(2) { now } else { now - ms(chance, 0, 3 * HOUR) };
    Revocation { of: id(chance, "dlg", DELEGATIONS), revoked_at, cascades: !chance.is_one_in(4) }
}

fn act(chance: &mut Chance, known: &[Entry]) -> (Who, What) {
    let mut drawn = Act {
        id: id(chance, "act", ACTIONS),
        kind: Kind::Agent,
        human: Some((*chance.pick(&PEOPLE)).to_owned()),
        agent: Some((*chance.pick(&AGENTS)).to_owned()),
        under: (!chance.is_one_in(12)).then(|| id(chance, "dlg", DELEGATIONS)),
        needs: (!chance.is_one_in(4)).then(|| some(chance, NEEDED).into_iter().collect()),
        cents: 100 + chance.below(4),
        status: status(chance),
    };
    match chance.below(16) {
        // A person's own act, a service's own: they need nobody's authority.
        0 => (drawn.kind, drawn.agent, drawn.under) = (Kind::Human, None, None),
        1 => (drawn.kind, drawn.agent, drawn.under, drawn.human) = (Kind::Service, None, None, None),
        2 => drawn.human = None,
        3 => {}
        _ => as_delegated(known, &mut drawn),
    }
    (who_acts(chance, &drawn), What::Act(drawn))
}

/// By the agent that holds the delegation, for whom its chain stands.
fn as_delegated(known: &[Entry], drawn: &mut Act) {
    let Some(chain) = drawn.under.as_ref().map(|under| Chain::of(known, under)) else { return };
    if let Some(named) = chain.hops.first() {
        drawn.agent = Some(named.agent.clone());
        drawn.human = chain.principal().map(str::to_owned);
    }
}

fn who_acts(chance: &mut Chance, drawn: &Act) -> Who {
    match &drawn.agent {
        Some(agent) if chance.is_one_in(3) => Who { kind: Kind::Agent, name: agent.clone() },
        _ => service(chance),
    }
}

/// What was reported once is reported again: further on, by somebody else, or not quite the same.
fn another_report(chance: &mut Chance, known: &[Entry]) -> Option<(Who, What)> {
    let acts = known.iter().filter_map(|entry| match entry.event.as_ref().map(|event| &event.what) {
        Some(What::Act(act)) => Some(act),
        _ => None,
    });
    let acts: Vec<&Act> = acts.collect();
    let mut again = (!acts.is_empty()).then(|| (*chance.pick(&acts)).clone())?;
    again.status = status(chance);
    match chance.below(7) {
        // Whoever reports it under another delegation spends it once, all the same.
        6 if again.under.is_some() => again.under = Some(id(chance, "dlg", DELEGATIONS)),
        0 => again.cents += 1,
        1 => again.needs = None,
        2 if again.kind != Kind::Human => (again.human, again.under) = (None, None),
        _ => {}
    }
    Some((who_acts(chance, &again), What::Act(again)))
}

/// The same event, or one that differs from it in something.
pub(crate) fn told_again(chance: &mut Chance, known: &[Entry], is_changed: bool) -> Option<(Who, Event)> {
    let told: Vec<&Entry> = known.iter().filter(|entry| entry.event.is_some()).collect();
    let entry = (!told.is_empty()).then(|| *chance.pick(&told))?;
    let mut event = entry.event.clone()?;
    if is_changed {
        match (&mut event.what, chance.below(3)) {
            (What::Act(act), 0) => act.cents += 1,
            (What::Grant(grant), 0) => grant.expires_at += SECOND,
            (What::Revocation(revocation), 0) => revocation.cascades = !revocation.cascades,
            (What::Act(act), 1) => act.status = if act.status == "failed" { "succeeded" } else { "failed" },
            _ => event.occurred_at -= SECOND,
        }
    }
    Some((entry.reporter.clone(), event))
}
