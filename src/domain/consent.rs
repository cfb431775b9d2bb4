//! Whether the model, the prompt, the policy and the tool are those that a human agreed to.

use crate::domain::action::Action;
use crate::domain::assessment::{listed, quoted};
use crate::domain::chain::{Chain, Hop};
use crate::domain::finding::{Code, Finding};
use crate::domain::scope;

/// Compares an action with every consent up its chain. The root's counts as well as the nearest: what the human agreed to is
/// not overruled by what an agent wrote into the delegation it passed on. What the action does not state cannot differ; that
/// it is not stated is another finding.
pub(crate) fn assess_consent(action: &Action, chain: &Chain) -> Vec<Finding> {
    chain.hops.iter().flat_map(|hop| drifts_from(hop, action)).collect()
}

fn drifts_from(hop: &Hop, action: &Action) -> Vec<Finding> {
    let Some(consent) = &hop.terms().consent else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let compared = [
        ("/actor/model_version", &consent.model_version, &action.actor.model_version),
        ("/actor/prompt_id", &consent.prompt_id, &action.actor.prompt_id),
        ("/decision/policy_version", &consent.policy_version, &action.decision.policy_version),
    ];
    for (pointer, agreed, actual) in compared {
        if let (Some(agreed), Some(actual)) = (agreed, actual)
            && agreed != actual
        {
            findings.push(drift(hop, pointer, format!("{} instead of {} as agreed in {}", quoted(actual), quoted(agreed), hop.id())));
        }
    }
    // An action is the tool that was called: the agreed names may be patterns, as a delegation's scope may.
    if let Some(tools) = consent.tools.as_ref().filter(|tools| !scope::covered_by_any(tools, &action.name)) {
        let agreed = listed(tools.iter().map(String::as_str));
        findings.push(drift(hop, "/action/name", format!("the tool {} is not among {agreed} as agreed in {}", action.name, hop.id())));
    }
    findings
}

fn drift(hop: &Hop, pointer: &str, detail: String) -> Finding {
    Finding::new(Code::ConsentDrift, detail).at(pointer).of(hop.id())
}
