//! The steps of a walk: the chain turned round, so that it reads from the human down to the action.

use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::chain::{Chain, Hop, Root};
use crate::domain::delegation::{CallerClass, Evidence};
use crate::domain::finding::Code;
use crate::domain::ids::{AgentId, DelegationId, PrincipalId, Source};
use crate::domain::narrowing::{Change, Narrowing, narrowing, start_of};
use crate::domain::past::Recorded;
use crate::domain::standing::{Standing, standing};
use crate::domain::told::Authority;
use crate::domain::walk::EntryRef;
use crate::tlog::time::Timestamp;

/// One step; steps are numbered from 1 by their place.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The person at the root, or who acted herself.
    Human {
        /// In the namespace of whoever named her.
        id: PrincipalId,
    },
    /// A service that gave the root.
    Service {
        /// Its id.
        id: String,
    },
    /// Authority passed on; a sub-delegation if `parent_delegation_id` is there.
    Delegation(Box<DelegationStep>),
    /// The agent that received it.
    Agent {
        /// Which agent.
        agent_id: AgentId,
        /// Which run of it.
        instance_id: Option<String>,
    },
    /// What was done.
    Action(ActionStep),
    /// What had been read before: `Walk::documents`.
    Documents {
        /// How many.
        count: usize,
    },
    /// The confirmation that the action names.
    Confirmation {
        /// Its id.
        confirmation_id: String,
    },
}

impl Step {
    /// The word of the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Human { .. } => "human",
            Self::Service { .. } => "service",
            Self::Delegation(_) => "delegation",
            Self::Agent { .. } => "agent",
            Self::Action(_) => "action",
            Self::Documents { .. } => "documents",
            Self::Confirmation { .. } => "confirmation",
        }
    }
}

/// One hop.
#[derive(Clone, Debug, PartialEq)]
pub struct DelegationStep {
    /// Which delegation.
    pub delegation_id: DelegationId,
    /// The one it passes on; `None` for a root.
    pub parent_delegation_id: Option<DelegationId>,
    /// How well it is proved.
    pub evidence: Evidence,
    /// Who reported it.
    pub source: Source,
    /// Its entry.
    pub entry: EntryRef,
    /// What for, in words.
    pub purpose: Option<String>,
    /// The scope it passes on.
    pub scope: Vec<String>,
    /// From when it holds.
    pub begins_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// What its parent holds and it does not, or holds less of. Empty for a root.
    pub removed: Vec<Change>,
    /// What it passes on beyond what its parent holds. Empty for a root.
    pub widened: Vec<Change>,
    /// Its own findings, as of now.
    pub findings: Vec<Code>,
    /// How it stood, with all above it, when the action happened.
    pub standing: Standing,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionStep {
    /// `payments.create`.
    pub name: String,
    /// To what.
    pub resource: Option<String>,
    /// When, as its latest report claims.
    pub occurred_at: Timestamp,
    /// The entries of all its reports, ascending, with who reported.
    pub reports: Vec<(Source, EntryRef)>,
}

/// All steps; `chain` is `None` where none is named or none is needed. `reports` is not empty.
pub(crate) fn steps(
    action: &Action,
    chain: Option<&Chain>,
    reports: &[Arc<Recorded<Action>>],
    latest: &Recorded<Action>,
    authority: Authority,
) -> Vec<Step> {
    let occurred_at = latest.occurred_at;
    let mut steps = Vec::new();
    if let Some(chain) = chain {
        push_chain(&mut steps, chain, occurred_at);
    }
    match authority {
        Authority::HumanHerself => steps.extend(action.actor.human_principal_id.clone().map(|id| Step::Human { id })),
        Authority::ServiceItself => steps.push(Step::Service { id: latest.source.to_string() }),
        Authority::Delegated => push_actor(&mut steps, action),
    }
    steps.push(Step::Action(ActionStep {
        name: action.name.clone(),
        resource: action.resource.clone(),
        occurred_at,
        reports: reports.iter().map(|r| (r.source.clone(), EntryRef::of(r))).collect(),
    }));
    if let Some(context) = &action.context {
        steps.push(Step::Documents { count: context.len() });
    }
    if let Some(confirmation_id) = &action.confirmation_id {
        steps.push(Step::Confirmation { confirmation_id: confirmation_id.clone() });
    }
    steps
}

fn push_chain(steps: &mut Vec<Step>, chain: &Chain, occurred_at: Timestamp) {
    let Some(top) = chain.hops.last() else { return };
    if let Root::Human(id) | Root::Accountable(id) = &chain.root {
        steps.push(Step::Human { id: id.clone() });
    }
    let giver = &top.terms().delegator;
    match giver.kind {
        CallerClass::Human => {}
        CallerClass::Service => steps.push(Step::Service { id: giver.id.clone() }),
        CallerClass::Agent => steps.extend(AgentId::parse(&giver.id).map(|agent_id| Step::Agent { agent_id, instance_id: None })),
    }
    for level in (0..chain.hops.len()).rev() {
        let from_here = Chain { hops: chain.hops[level..].to_vec(), root: chain.root.clone() };
        let hop = &chain.hops[level];
        steps.push(Step::Delegation(Box::new(delegation_step(hop, &from_here, occurred_at))));
        steps.push(Step::Agent { agent_id: hop.terms().agent_id.clone(), instance_id: hop.terms().instance_id.clone() });
    }
}

fn delegation_step(hop: &Hop, from_here: &Chain, occurred_at: Timestamp) -> DelegationStep {
    let (recorded, terms) = (&hop.delegation, hop.terms());
    let parent = from_here.hops.get(1);
    let Narrowing { removed, widened, .. } = parent.map(|parent| narrowing(parent.terms(), terms)).unwrap_or_default();
    DelegationStep {
        delegation_id: terms.delegation_id.clone(),
        parent_delegation_id: terms.parent_delegation_id.clone(),
        evidence: recorded.evidence.unwrap_or(Evidence::Asserted),
        source: recorded.source.clone(),
        entry: EntryRef::of(recorded),
        purpose: terms.purpose.clone(),
        scope: terms.scope.clone(),
        begins_at: start_of(terms),
        expires_at: terms.expires_at,
        removed,
        widened,
        findings: recorded.present_findings.clone(),
        standing: standing(from_here, occurred_at),
    }
}

/// Who acted, unless the chain has just ended at that very agent; then only which run of it is added.
fn push_actor(steps: &mut Vec<Step>, action: &Action) {
    let actor = &action.actor;
    let Some(acting) = &actor.agent_id else { return };
    match steps.last_mut() {
        Some(Step::Agent { agent_id, instance_id }) if agent_id == acting => {
            if actor.instance_id.is_some() {
                instance_id.clone_from(&actor.instance_id);
            }
        }
        _ => steps.push(Step::Agent { agent_id: acting.clone(), instance_id: actor.instance_id.clone() }),
    }
}

/// At which step, from 1, a finding shows.
pub(crate) fn step_of(steps: &[Step], code: Code, delegation_id: Option<&DelegationId>) -> usize {
    let last = |is: &dyn Fn(&Step) -> bool| steps.iter().rposition(is);
    let of_delegation = || last(&|s| matches!(s, Step::Delegation(d) if Some(&d.delegation_id) == delegation_id));
    let found = match code {
        // What the action exceeds shows at the action, whichever hop set the bound.
        Code::ScopeExceeded | Code::ResourceExceeded | Code::ConstraintExceeded => None,
        Code::InfluencedByDocument | Code::UntrustedSource => last(&|s| matches!(s, Step::Documents { .. })),
        Code::ModelVersionMissing | Code::ModelVersionUnfrozen | Code::PromptUnfrozen | Code::ConsentDrift => {
            last(&|s| matches!(s, Step::Agent { .. }))
        }
        Code::ChainBroken | Code::ChainWithoutHuman => steps.iter().position(|s| matches!(s, Step::Delegation(_))),
        Code::AgentMismatch => of_delegation().or_else(|| last(&|s| matches!(s, Step::Agent { .. }))),
        _ => of_delegation(),
    };
    found.or_else(|| last(&|s| matches!(s, Step::Action(_)))).map_or(1, |place| place + 1)
}
