//! Findings about an action: whether it was within the authority it names, and whether what decided it can be named again.

use std::sync::Arc;

use crate::domain::action::{Action, DocumentOrigin, OutcomeStatus};
use crate::domain::assess_constraints::assess_constraints;
use crate::domain::assessment::{Submission, assess_times, is_begun, listed, quoted};
use crate::domain::authority::{assess_depth, assess_links, assess_root, assess_validity};
use crate::domain::chain::{Chain, Hop};
use crate::domain::consent::assess_consent;
use crate::domain::delegation::CallerClass;
use crate::domain::disagreement::assess_disagreement;
use crate::domain::finding::{Code, Finding};
use crate::domain::frozen::assess_frozen;
use crate::domain::past::{Past, Recorded};
use crate::domain::required_scope::{Requirement, requirement};
use crate::domain::scope;
use crate::tlog::time::Timestamp;

const DELEGATION: &str = "/actor/delegation_id";

pub(crate) fn assess_action<P: Past>(submission: &Submission<'_>, action: &Action, past: &P) -> Result<Vec<Finding>, P::Error> {
    let settings = past.settings()?;
    let earlier = past.reports(&action.action_id)?;
    let mut findings: Vec<Finding> = assess_times(submission, &settings).into_iter().collect();
    if !is_on_own_authority(action, submission.reporter_class) {
        findings.extend(assess_authority(submission, action, &earlier, past)?);
    }
    if action.actor.caller_class == CallerClass::Agent {
        findings.extend(assess_frozen(action, &earlier, &settings));
    }
    findings.extend(assess_documents(action));
    findings.extend(assess_disagreement(action, &earlier));
    Ok(findings)
}

/// Whether the actor needs nobody's authority but its own. A person who acts herself needs no delegation, no scope, no model.
/// A service that names nobody (a nightly job) answers for itself; one that names a human or an agent acts for it. An agent's
/// word that somebody else acted is no such thing: it would be the way around every check.
fn is_on_own_authority(action: &Action, reporter_class: CallerClass) -> bool {
    let actor = &action.actor;
    let names_nobody = actor.human_principal_id.is_none() && actor.agent_id.is_none() && actor.delegation_id.is_none();
    match actor.caller_class {
        CallerClass::Agent => false,
        CallerClass::Human => reporter_class != CallerClass::Agent,
        CallerClass::Service => reporter_class != CallerClass::Agent && names_nobody,
    }
}

fn assess_authority<P: Past>(
    submission: &Submission<'_>,
    action: &Action,
    earlier: &[Arc<Recorded<Action>>],
    past: &P,
) -> Result<Vec<Finding>, P::Error> {
    let catalogue = past.catalogue()?;
    let entry = catalogue.entry_for(&action.name);
    let mut needs = requirement(action, submission.reporter_class, earlier, entry);
    let mut findings: Vec<Finding> = needs.finding.take().into_iter().collect();
    let Some(id) = &action.actor.delegation_id else {
        let actor = action.actor.caller_class.as_str();
        let detail = match (submission.reporter_class, action.actor.caller_class) {
            (CallerClass::Agent, CallerClass::Human | CallerClass::Service) => {
                format!("an agent reports that a {actor} acted, and names no delegation")
            }
            _ => "no delegation is named".to_owned(),
        };
        findings.push(Finding::new(Code::DelegationMissing, detail).at(DELEGATION));
        return Ok(findings);
    };
    let chain = Chain::resolve(past, id)?;
    let Some(named) = chain.named() else {
        findings.push(Finding::new(Code::DelegationUnknown, format!("{id} is not in the ledger")).at(DELEGATION).of(id));
        return Ok(findings);
    };
    findings.extend(assess_root(&chain.root, DELEGATION));
    let is_shown_before = |end: Timestamp| is_shown_before(end, submission, earlier);
    findings.extend(assess_validity(&chain, submission.occurred_at, submission, "/occurred_at", is_shown_before));
    findings.extend(assess_links(&chain).into_iter().map(|f| f.at(DELEGATION)));
    findings.extend(assess_depth(&chain, 0, DELEGATION));
    findings.extend(assess_actor(action, named));
    findings.extend(assess_principal_named(action, &chain));
    findings.extend(assess_scope(&needs, &chain));
    findings.extend(assess_resource(action, &chain));
    findings.extend(assess_constraints(submission, action, &chain, entry, past)?);
    findings.extend(assess_consent(action, &chain));
    Ok(findings)
}

/// Whether an earlier report shows that it was begun before `end`: by any source if the ledger itself had it in hand by then,
/// else by another one that says so, too.
fn is_shown_before(end: Timestamp, submission: &Submission<'_>, earlier: &[Arc<Recorded<Action>>]) -> bool {
    earlier.iter().filter(|report| is_begun(&report.what)).any(|report| {
        let agrees = report.source != *submission.source && report.occurred_at < end;
        report.recorded_at < end || agrees
    })
}

/// Whether the actor is the delegate: that agent, and that run of it where the delegation names one.
fn assess_actor(action: &Action, named: &Hop) -> Option<Finding> {
    let (actor, terms) = (&action.actor, named.terms());
    let mismatch = |detail: String, pointer: &str| Some(Finding::new(Code::AgentMismatch, detail).at(pointer).of(named.id()));
    match &actor.agent_id {
        None => return mismatch(format!("no agent is named; {} is {}'s", named.id(), terms.agent_id), "/actor/agent_id"),
        Some(agent) if *agent != terms.agent_id => {
            return mismatch(format!("{agent} acted; {} is {}'s", named.id(), terms.agent_id), "/actor/agent_id");
        }
        Some(_) => {}
    }
    let given_to = terms.instance_id.as_ref()?;
    let acted = actor.instance_id.as_deref().unwrap_or("no named run");
    if acted == given_to {
        return None;
    }
    mismatch(format!("{acted} acted; {} is for the run {given_to} only", named.id()), "/actor/instance_id")
}

/// Whether the human in whose name it was done is the one at the root. Who names none claims nothing.
fn assess_principal_named(action: &Action, chain: &Chain) -> Option<Finding> {
    let (stated, of_root) = (action.actor.human_principal_id.as_ref()?, chain.principal()?);
    let detail = || format!("done in the name of {stated}, the root of its chain is {of_root}");
    let finding = || Finding::new(Code::PrincipalMismatch, detail()).at("/actor/human_principal_id");
    (stated != of_root).then(|| chain.hops.last().map_or_else(finding, |root| finding().of(root.id())))
}

/// Whether every hop holds every token: the chain's intersection, so that what a child widened counts for nothing.
fn assess_scope(needs: &Requirement, chain: &Chain) -> Vec<Finding> {
    let exceeded = needs.needed.iter().filter_map(|needed| {
        let hop = chain.hops.iter().find(|hop| !scope::covered_by_any(&hop.terms().scope, &needed.token))?;
        let detail = format!("{} is not in {}", needed.token, listed(hop.terms().scope.iter().map(String::as_str)));
        Some(Finding::new(Code::ScopeExceeded, detail).at(needed.pointer.clone()).of(hop.id()))
    });
    exceeded.collect()
}

/// Whether every hop that limits resources covers this one. An action that states none cannot be shown to be within: else
/// leaving it out would be the way around.
fn assess_resource(action: &Action, chain: &Chain) -> Option<Finding> {
    let resource = action.resource.as_deref();
    let (hop, allowed) = chain.hops.iter().find_map(|hop| {
        let allowed = hop.terms().resources.as_ref()?;
        let is_within = resource.is_some_and(|r| scope::covered_by_any(allowed, r));
        (!is_within).then_some((hop, listed(allowed.iter().map(String::as_str))))
    })?;
    let detail = match resource {
        Some(resource) => format!("{} is not in {allowed}", quoted(resource)),
        None => format!("no resource is stated, so it cannot be shown to be in {allowed}"),
    };
    Some(Finding::new(Code::ResourceExceeded, detail).at("/action/resource").of(hop.id()))
}

/// Whether something from outside was read before. One finding, however many there were; each document says its own origin.
fn assess_documents(action: &Action) -> Option<Finding> {
    let external = |origin: Option<DocumentOrigin>| origin == Some(DocumentOrigin::External);
    let mut from_outside = action.context.iter().flatten().enumerate().filter(|(_, d)| external(d.origin));
    let (i, first) = from_outside.next()?;
    let named = first.uri.clone().or_else(|| first.hash().map(|h| h.to_hex())).unwrap_or_else(|| "a document".to_owned());
    let more = match from_outside.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Finding::new(Code::UntrustedSource, format!("{}{more} from outside was read before", quoted(&named))).at(format!("/context/{i}")))
}

/// Whether a report counts against a sum: what was refused or came to nothing has spent nothing.
pub(crate) fn is_spending(action: &Action) -> bool {
    !matches!(action.outcome.status, OutcomeStatus::Denied | OutcomeStatus::Failed)
}
