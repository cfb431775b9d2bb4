//! Events as tests write them: everything optional is absent until a test says otherwise.

use onus::domain::action::{
    Action, Actor, Decision, Document, DocumentOrigin, ModelRun, Outcome, OutcomeStatus, Request, Trigger, TriggerKind,
};
use onus::domain::delegation::{CallerClass, Delegation, Delegator, Evidence};
use onus::domain::ids::{ActionId, AgentId, DelegationId, EventId, PrincipalId, Source};
use onus::domain::past::Recorded;
use onus::tlog::hash::{DocumentHash, LeafHash};
use onus::tlog::json::Value;
use onus::tlog::position::LeafIndex;
use onus::tlog::time::Timestamp;

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

/// A root delegation from Ana to `agent`: `orders:read` for the whole of 2026.
pub(crate) fn delegation(id: &str, agent: &str) -> Delegation {
    Delegation {
        delegation_id: DelegationId::parse(id).expect("an id"),
        parent_delegation_id: None,
        delegator: Delegator { kind: CallerClass::Human, id: ANA.to_owned() },
        agent_id: AgentId::parse(agent).expect("an id"),
        instance_id: None,
        human_principal_id: PrincipalId::parse(ANA),
        scope: vec!["orders:read".to_owned()],
        resources: None,
        authorization_details: None,
        purpose: None,
        issuer: None,
        token: None,
        issued_at: time("2026-01-01T00:00:00Z"),
        not_before: None,
        expires_at: time("2027-01-01T00:00:00Z"),
        max_depth: None,
        constraints: Vec::new(),
        accountable_person_id: None,
        consent: None,
    }
}

/// `parent` passed on by its agent to another.
pub(crate) fn sub_delegation(parent: &Delegation, id: &str, agent: &str) -> Delegation {
    Delegation {
        parent_delegation_id: Some(parent.delegation_id.clone()),
        delegator: Delegator { kind: CallerClass::Agent, id: parent.agent_id.to_string() },
        ..delegation(id, agent)
    }
}

/// Something as the service `billing` reported it at noon of 22 November 2026, with no findings.
pub(crate) fn recorded<T>(index: u64, what: T) -> Recorded<T> {
    let noon = time("2026-11-22T12:00:00Z");
    Recorded {
        index: LeafIndex::new(index).expect("small"),
        leaf_hash: LeafHash::of(&index.to_be_bytes()),
        recorded_at: noon,
        occurred_at: noon,
        event_id: EventId::parse(&format!("evt-{index}")).expect("an id"),
        source: Source::parse("billing").expect("an id"),
        reporter_class: CallerClass::Service,
        evidence: Some(Evidence::Token),
        first_findings: Vec::new(),
        present_findings: Vec::new(),
        what,
    }
}

/// An instant from RFC 3339.
#[track_caller]
pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("RFC 3339")
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
