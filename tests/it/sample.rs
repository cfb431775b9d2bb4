//! Events as tests write them: everything optional is absent until a test says otherwise.

use onus::domain::action::{
    Action, Actor, Decision, Document, DocumentOrigin, ModelRun, Outcome, OutcomeStatus, Request, Trigger, TriggerKind,
};
use onus::domain::delegation::CallerClass;
use onus::domain::ids::{ActionId, AgentId, PrincipalId};
use onus::tlog::hash::DocumentHash;
use onus::tlog::json::Value;

/// The person of every example.
pub(crate) const ANA: &str = "user:ana@example.com";

/// An action of an agent for Ana, with no trigger, context, delegation or arguments.
pub(crate) fn action(name: &str) -> Action {
    let actor = Actor {
        caller_class: CallerClass::Agent,
        human_principal_id: PrincipalId::parse(ANA),
        agent_id: AgentId::parse("agent:refunds"),
        instance_id: None,
        delegation_id: None,
        model_version: None,
        prompt_id: None,
        prompt_sha256: None,
    };
    Action {
        action_id: ActionId::parse("act-91").expect("an id"),
        actor,
        request: Request::default(),
        decision: Decision::default(),
        name: name.to_owned(),
        resource: None,
        required_scope: None,
        arguments: None,
        outcome: Outcome { status: OutcomeStatus::Succeeded, error_code: None, duration_ms: None, result_sha256: None, usage: None },
        model: ModelRun::default(),
        trigger: None,
        context: None,
        confirmation_id: None,
        is_time_synthetic: false,
    }
}

/// A value from its JSON text.
#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).expect("I-JSON")
}

/// A trigger with that content.
pub(crate) fn trigger(kind: TriggerKind, content: Option<&str>) -> Trigger {
    Trigger { kind, principal_id: None, reference: None, content_sha256: content.map(|c| DocumentHash::of(c.as_bytes())) }
}

/// A document with that content.
pub(crate) fn document(origin: DocumentOrigin, content: Option<&str>) -> Document {
    let content_sha256 = content.map(|c| DocumentHash::of(c.as_bytes()));
    Document { uri: None, store: None, retrieved_at: None, sha256: None, origin: Some(origin), content_sha256, content_bytes: None }
}
