//! An action as all its reports together tell it: a later report may leave out what an earlier one said, so each member is
//! taken from the first report that states it. Whether reports contradict each other is `assessment`'s business.

use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::delegation::CallerClass;
use crate::domain::past::Recorded;

/// The action; its outcome is that of the latest report.
pub(crate) fn told(first: &Recorded<Action>, later: &[Arc<Recorded<Action>>]) -> Action {
    let mut told = first.what.clone();
    for report in later {
        fill(&mut told, &report.what);
    }
    told
}

fn fill(told: &mut Action, later: &Action) {
    macro_rules! fill {
        ($($($member:ident).+,)+) => {$(
            if told.$($member).+.is_none() {
                told.$($member).+.clone_from(&later.$($member).+);
            }
        )+};
    }
    fill! {
        actor.human_principal_id, actor.agent_id, actor.instance_id, actor.delegation_id,
        actor.model_version, actor.prompt_id, actor.prompt_sha256,
        request.idempotency_key, request.trace_id, request.span_id, request.parent_span_id, request.parent_trace_id,
        request.parent_action_id,
        decision.policy_version, decision.policy_sha256, decision.effect,
        resource, required_scope, arguments, trigger, context, confirmation_id,
        model.parameters, model.tools_sha256, model.output_sha256,
    }
    told.outcome = later.outcome.clone();
}

/// On whose authority an action was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A person acted herself.
    HumanHerself,
    /// A service that names nobody acted for itself.
    ServiceItself,
    /// On somebody else's; also where only an agent says that another acted, which would be the way around every check.
    Delegated,
}

impl Authority {
    /// As `assess_action` has it, over all reports: one by an agent is enough to look for a delegation.
    pub(crate) fn of(action: &Action, reports: &[Arc<Recorded<Action>>]) -> Self {
        Self::by(action, reports.iter().any(|r| r.reporter_class == CallerClass::Agent))
    }

    /// The same of one report alone.
    pub(crate) fn of_one(action: &Action, reporter_class: CallerClass) -> Self {
        Self::by(action, reporter_class == CallerClass::Agent)
    }

    fn by(action: &Action, is_agents_word: bool) -> Self {
        let actor = &action.actor;
        let names_nobody = actor.human_principal_id.is_none() && actor.agent_id.is_none() && actor.delegation_id.is_none();
        match actor.caller_class {
            _ if is_agents_word => Self::Delegated,
            CallerClass::Human => Self::HumanHerself,
            CallerClass::Service if names_nobody => Self::ServiceItself,
            CallerClass::Service | CallerClass::Agent => Self::Delegated,
        }
    }
}
