//! Whether two reports of one action contradict each other.
//!
//! Compared is what both state about the act. Not compared is what each side has of its own: its span, its clock, its
//! duration, its policy's version, what it read, and `requested`, `started` and `indeterminate`, which say nothing about how it ended.

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::action::{Action, DecisionEffect, OutcomeStatus};
use crate::domain::assessment::{listed, quoted};
use crate::domain::finding::{Code, Finding};
use crate::domain::ids::{AgentId, DelegationId, PrincipalId};
use crate::domain::past::Recorded;
use crate::tlog::json::Value;

/// Number of members that are compared.
const MEMBERS: usize = 18;

/// A member and what a report states there, as text that is equal exactly if the statements are.
type Statement<'a> = (&'static str, Option<Cow<'a, str>>);

/// One finding for each member in which this report and an earlier one differ, naming the first that does.
pub(crate) fn assess_disagreement(action: &Action, earlier: &[Arc<Recorded<Action>>]) -> Vec<Finding> {
    if earlier.is_empty() {
        return Vec::new();
    }
    let stated_before: Vec<[Statement<'_>; MEMBERS]> = earlier.iter().map(|r| statements(&r.what)).collect();
    let mut findings = Vec::new();
    for (i, (pointer, here)) in statements(action).iter().enumerate() {
        let Some(here) = here else { continue };
        let differing = stated_before.iter().zip(earlier).find_map(|(statements, report)| {
            let there = statements.get(i)?.1.as_ref()?;
            (there != here).then_some((there, report))
        });
        if let Some((there, report)) = differing {
            findings.push(disagrees(pointer, action, (here, there), report));
        }
    }
    findings
}

fn disagrees(pointer: &str, action: &Action, (here, there): (&str, &str), report: &Recorded<Action>) -> Finding {
    let place = format!("{} of {} (entry {})", report.event_id, report.source, report.index);
    let detail = match (&action.arguments, &report.what.arguments) {
        (Some(Value::Object(here)), Some(Value::Object(there))) if pointer == "/action/arguments" => {
            format!("{} differ from {place}", listed(differing_names(here, there)))
        }
        _ => format!("{} here, {} in {place}", quoted(here), quoted(there)),
    };
    Finding::new(Code::ReportDisagreement, detail).at(pointer)
}

/// The arguments that differ, or that only one side has: leaving one out tells another story of the same act.
fn differing_names<'a>(here: &'a [(String, Value)], there: &'a [(String, Value)]) -> Vec<&'a str> {
    let is_in = |name: &str, value: &Value, other: &[(String, Value)]| {
        other.iter().any(|(n, v)| n == name && v.to_canonical() == value.to_canonical())
    };
    let differing = here.iter().filter(|(name, value)| !is_in(name, value, there));
    let only_there = there.iter().filter(|(name, _)| here.iter().all(|(n, _)| n != name));
    differing.chain(only_there).map(|(name, _)| name.as_str()).collect()
}

fn statements(action: &Action) -> [Statement<'_>; MEMBERS] {
    fn text(text: Option<&str>) -> Option<Cow<'_, str>> {
        text.map(Cow::Borrowed)
    }
    let Action { actor, request, decision, .. } = action;
    let ended =
        Some(action.outcome.status).filter(|s| matches!(s, OutcomeStatus::Succeeded | OutcomeStatus::Failed | OutcomeStatus::Denied));
    let scope = action.required_scope.as_ref().map(|scope| {
        let mut tokens: Vec<&str> = scope.iter().map(String::as_str).collect();
        tokens.sort_unstable();
        tokens.dedup();
        Cow::Owned(tokens.join(" "))
    });
    [
        ("/actor/caller_class", text(Some(actor.caller_class.as_str()))),
        ("/actor/human_principal_id", text(actor.human_principal_id.as_ref().map(PrincipalId::as_str))),
        ("/actor/agent_id", text(actor.agent_id.as_ref().map(AgentId::as_str))),
        ("/actor/instance_id", text(actor.instance_id.as_deref())),
        ("/actor/delegation_id", text(actor.delegation_id.as_ref().map(DelegationId::as_str))),
        ("/actor/model_version", text(actor.model_version.as_deref())),
        ("/actor/prompt_id", text(actor.prompt_id.as_deref())),
        ("/actor/prompt_sha256", text(actor.prompt_sha256.as_deref())),
        ("/action/name", text(Some(action.name.as_str()))),
        ("/action/resource", text(action.resource.as_deref())),
        ("/action/arguments", action.arguments.as_ref().map(|a| Cow::Owned(a.to_canonical()))),
        ("/action/required_scope", scope),
        ("/request/idempotency_key", text(request.idempotency_key.as_deref())),
        ("/request/trace_id", text(request.trace_id.as_deref())),
        ("/request/parent_trace_id", text(request.parent_trace_id.as_deref())),
        ("/request/parent_action_id", text(request.parent_action_id.as_deref())),
        ("/decision/effect", text(decision.effect.map(DecisionEffect::as_str))),
        ("/outcome/status", text(ended.map(OutcomeStatus::as_str))),
    ]
}
