//! What is wrong with a chain of delegations itself, whoever relies on it: an action, or a delegation that passes it on.

use crate::domain::assessment::{Submission, is_time_synthetic};
use crate::domain::chain::{Chain, End, MAX_HOPS, Root};
use crate::domain::delegation::{CallerClass, Delegation};
use crate::domain::finding::{Code, Finding};
use crate::domain::narrowing::start_of;
use crate::tlog::time::Timestamp;

/// Whether the chain reaches somebody who answers for it.
pub(crate) fn assess_root(root: &Root, pointer: &str) -> Option<Finding> {
    let broken = |detail: String| Some(Finding::new(Code::ChainBroken, detail).at(pointer));
    match root {
        Root::Human(_) | Root::Accountable(_) => None,
        Root::Nobody => {
            let detail = "the chain ends at neither a human nor a service for which a person answers";
            Some(Finding::new(Code::ChainWithoutHuman, detail).at(pointer))
        }
        Root::Missing(id) => broken(format!("{id} is not in the ledger")).map(|f| f.of(id)),
        Root::Cycle(id) => broken(format!("the chain comes back to {id}")).map(|f| f.of(id)),
        Root::TooFar(id) => broken(format!("more than {MAX_HOPS} hops: not followed past {id}")).map(|f| f.of(id)),
    }
}

/// Whether every hop was valid at `at`. `is_shown_before` says whether something other than the reporter's word shows that
/// it happened before some end.
pub(crate) fn assess_validity(
    chain: &Chain,
    at: Timestamp,
    submission: &Submission<'_>,
    pointer: &str,
    is_shown_before: impl Fn(Timestamp) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for hop in chain.hops.iter().filter(|hop| at < start_of(hop.terms())) {
        let detail = format!("{at} is before {}, when {} begins", start_of(hop.terms()), hop.id());
        findings.push(Finding::new(Code::DelegationNotYetValid, detail).at(pointer).of(hop.id()));
    }
    for end in chain.ends() {
        if at >= end.at {
            findings.push(after_end(&end, at).at(pointer));
        } else if submission.recorded_at >= end.at && !is_time_synthetic(submission) && !is_shown_before(end.at) {
            // A revocation is an end like any other: whoever stole a credential would date its use back before it.
            let detail = format!("said to be of {at}, recorded after {} ended at {}, on one side's word only", end.hop.id(), end.at);
            findings.push(Finding::new(Code::ValidityUnproven, detail).at(pointer).of(end.hop.id()));
        }
    }
    findings
}

fn after_end(end: &End<'_>, at: Timestamp) -> Finding {
    let (id, ended) = (end.hop.id(), end.at);
    match end.revocation {
        None => Finding::new(Code::DelegationExpired, format!("{at} is not before {ended}, when {id} ends")),
        Some(revocation) => {
            let detail = format!("{id} was revoked at {ended}, {at} is not before it (entry {})", revocation.index);
            Finding::new(Code::DelegationRevoked, detail)
        }
    }
    .of(id)
}

/// Whether each hop was given by whoever held the one above, in the same human's name.
pub(crate) fn assess_links(chain: &Chain) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (child, parent) in chain.hops.iter().zip(chain.hops.iter().skip(1)) {
        findings.extend(assess_link(child.terms(), parent.terms()));
    }
    for hop in &chain.hops {
        findings.extend(assess_principal(hop.terms(), chain));
    }
    findings
}

/// Whether a child was given by its parent's delegate. A human who wants to give an agent less than another has gives a root
/// delegation of her own; what hangs below an agent's is that agent's to pass on.
pub(crate) fn assess_link(child: &Delegation, parent: &Delegation) -> Option<Finding> {
    let giver = &child.delegator;
    let is_delegate = giver.kind == CallerClass::Agent && giver.id == parent.agent_id.as_str();
    let detail = || {
        let (kind, given_by) = (giver.kind.as_str(), &giver.id);
        format!("{} was given by {kind} {given_by}, but {} is {}'s", child.delegation_id, parent.delegation_id, parent.agent_id)
    };
    (!is_delegate).then(|| Finding::new(Code::AgentMismatch, detail()).of(&child.delegation_id))
}

/// Whether a delegation names the human at the root of its chain.
pub(crate) fn assess_principal(delegation: &Delegation, chain: &Chain) -> Option<Finding> {
    let (stated, of_root) = (delegation.human_principal_id.as_ref()?, chain.principal()?);
    let detail = || format!("{} names {stated}, the root of its chain is {of_root}", delegation.delegation_id);
    (stated != of_root).then(|| Finding::new(Code::PrincipalMismatch, detail()).of(&delegation.delegation_id))
}

/// Whether some hop hangs deeper below an ancestor than that ancestor allows; `first_level` is how far the chain's first hop
/// is above whoever asks.
pub(crate) fn assess_depth(chain: &Chain, first_level: usize, pointer: &str) -> Vec<Finding> {
    let below = |(i, hop): (usize, _)| (i + first_level, hop);
    let exceeded = chain.hops.iter().enumerate().map(below).filter_map(|(level, hop)| {
        let allowed = hop.terms().max_depth?;
        let is_deeper = u32::try_from(level).is_ok_and(|level| level > allowed);
        let detail = || format!("{} allows {allowed} levels below it, this is {level} below", hop.id());
        is_deeper.then(|| Finding::new(Code::DepthExceeded, detail()).at(pointer).of(hop.id()))
    });
    exceeded.collect()
}
