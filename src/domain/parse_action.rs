//! The questions asked of an `action.recorded`: its members, one by one, into the typed shape.

use crate::domain::action::{
    Action, Actor, Decision, DecisionEffect, Document, DocumentOrigin, ModelRun, Outcome, OutcomeStatus, Request, Trigger, TriggerKind,
};
use crate::domain::delegation::CallerClass;
use crate::domain::field_error::FieldCode;
use crate::domain::fields::Fields;
use crate::domain::ids::{ActionId, AgentId, DelegationId, PrincipalId};
use crate::domain::limits::{ListKind, TextKind};
use crate::tlog::json::{MAX_SAFE_INTEGER, Value};

/// Reads an action, `content` already replaced by its hash. `None` where a required member is missing or wrong, which is then noted.
pub(super) fn action_from(root: &mut Fields<'_, '_>) -> Option<Action> {
    let action_id = root.required_text("action_id", TextKind::Id).and_then(ActionId::parse);
    let actor = actor_from(root.group("actor"));
    let request = request_from(root.group("request"));
    let decision = decision_from(root.group("decision"));

    let mut act = root.group("action");
    let name = act.required_text("name", TextKind::ActionName).map(str::to_owned);
    let resource = act.text("resource", TextKind::Resource).map(str::to_owned);
    let required_scope = act.texts("required_scope", ListKind::Scope, TextKind::ScopeToken);
    let arguments = arguments_from(&mut act);
    act.finish();

    let outcome = outcome_from(root.group("outcome"));
    let model = model_from(root.group("model"));
    let trigger = trigger_from(root);
    let context = context_from(root);
    let confirmation_id = root.text("confirmation_id", TextKind::Id).map(str::to_owned);
    let is_time_synthetic = root.object("extensions").is_some_and(says_time_is_synthetic);
    Some(Action {
        action_id: action_id?,
        actor: actor?,
        request,
        decision,
        name: name?,
        resource,
        required_scope,
        arguments,
        outcome: outcome?,
        model,
        trigger,
        context,
        confirmation_id,
        is_time_synthetic,
    })
}

/// The class of the actor demands a name: an agent its own, a human hers.
fn actor_from(mut actor: Fields<'_, '_>) -> Option<Actor> {
    let caller_class = actor.required_choice("caller_class", &CallerClass::ALL, CallerClass::as_str);
    let human_principal_id = actor.text("human_principal_id", TextKind::Id).and_then(PrincipalId::parse);
    let agent_id = actor.text("agent_id", TextKind::Id).and_then(AgentId::parse);
    let instance_id = actor.text("instance_id", TextKind::Id).map(str::to_owned);
    let delegation_id = actor.text("delegation_id", TextKind::Id).and_then(DelegationId::parse);
    let model_version = actor.text("model_version", TextKind::Id).map(str::to_owned);
    let prompt_id = actor.text("prompt_id", TextKind::Id).map(str::to_owned);
    let prompt_sha256 = actor.hash_text("prompt_sha256");
    match caller_class {
        Some(CallerClass::Agent) => actor.demand("agent_id", "this member is missing: it must be there where caller_class is \"agent\""),
        Some(CallerClass::Human) => {
            actor.demand("human_principal_id", "this member is missing: it must be there where caller_class is \"human\"");
        }
        Some(CallerClass::Service) | None => {}
    }
    actor.finish();
    let caller_class = caller_class?;
    Some(Actor { caller_class, human_principal_id, agent_id, instance_id, delegation_id, model_version, prompt_id, prompt_sha256 })
}

fn request_from(mut request: Fields<'_, '_>) -> Request {
    let mut id = |name| request.text(name, TextKind::Id).map(str::to_owned);
    let read = Request {
        idempotency_key: id("idempotency_key"),
        trace_id: id("trace_id"),
        span_id: id("span_id"),
        parent_span_id: id("parent_span_id"),
        parent_trace_id: id("parent_trace_id"),
        parent_action_id: id("parent_action_id"),
    };
    request.finish();
    read
}

fn decision_from(mut decision: Fields<'_, '_>) -> Decision {
    let read = Decision {
        policy_version: decision.text("policy_version", TextKind::Id).map(str::to_owned),
        policy_sha256: decision.hash_text("policy_sha256"),
        effect: decision.choice("effect", &DecisionEffect::ALL, DecisionEffect::as_str),
    };
    decision.finish();
    read
}

/// Named arguments, or positional ones.
fn arguments_from(act: &mut Fields<'_, '_>) -> Option<Value> {
    match act.value("arguments")? {
        structured @ (Value::Object(_) | Value::Array(_)) => Some(structured.clone()),
        scalar => {
            act.wrong_type("arguments", scalar, "an object or a list");
            None
        }
    }
}

fn outcome_from(mut outcome: Fields<'_, '_>) -> Option<Outcome> {
    let status = outcome.required_choice("status", &OutcomeStatus::ALL, OutcomeStatus::as_str);
    let error_code = outcome.text("error_code", TextKind::Id).map(str::to_owned);
    let duration_ms = outcome.whole_number("duration_ms", MAX_SAFE_INTEGER);
    let result_sha256 = outcome.hash_text("result_sha256");
    let usage = outcome.object("usage").cloned();
    outcome.finish();
    Some(Outcome { status: status?, error_code, duration_ms, result_sha256, usage })
}

fn model_from(mut model: Fields<'_, '_>) -> ModelRun {
    let read = ModelRun {
        parameters: model.object("parameters").cloned(),
        tools_sha256: model.hash_text("tools_sha256"),
        output_sha256: model.hash_text("output_sha256"),
    };
    model.finish();
    read
}

/// A trigger of which something is said but not its kind is of unknown kind.
fn trigger_from(root: &mut Fields<'_, '_>) -> Option<Trigger> {
    let mut trigger = root.group("trigger");
    let kind = trigger.choice("kind", &TriggerKind::ALL, TriggerKind::as_str);
    let principal_id = trigger.text("principal_id", TextKind::Id).map(str::to_owned);
    let reference = trigger.text("reference", TextKind::Resource).map(str::to_owned);
    let content_sha256 = trigger.hash("content_sha256");
    let content_bytes = trigger.whole_number("content_bytes", MAX_SAFE_INTEGER);
    trigger.finish();
    let is_absent = kind.is_none() && principal_id.is_none() && reference.is_none() && content_sha256.is_none() && content_bytes.is_none();
    (!is_absent).then(|| Trigger { kind: kind.unwrap_or(TriggerKind::Unknown), principal_id, reference, content_sha256 })
}

fn context_from(root: &mut Fields<'_, '_>) -> Option<Vec<Document>> {
    let items = root.list("context", ListKind::Context)?;
    let mut documents = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        documents.push(document_from(root.element("context", position, item), item));
    }
    Some(documents)
}

fn document_from(mut element: Fields<'_, '_>, whole: &Value) -> Document {
    let read = Document {
        uri: element.text("uri", TextKind::Resource).map(str::to_owned),
        store: element.text("store", TextKind::Resource).map(str::to_owned),
        retrieved_at: element.time("retrieved_at"),
        sha256: element.hash("sha256"),
        origin: element.choice("origin", &DocumentOrigin::ALL, DocumentOrigin::as_str),
        content_sha256: element.hash("content_sha256"),
        content_bytes: element.whole_number("content_bytes", MAX_SAFE_INTEGER),
    };
    if matches!(whole, Value::Object(members) if members.iter().all(|(_, value)| value.is_absent())) {
        element.refuse_whole(FieldCode::Empty, "an empty element says nothing: name the document, or leave the element out");
    }
    element.finish();
    read
}

/// `extensions.import.time` = `synthetic`: the importer made the time up.
fn says_time_is_synthetic(extensions: &Value) -> bool {
    extensions.member("import").and_then(|import| import.member("time")).and_then(Value::as_str) == Some("synthetic")
}
