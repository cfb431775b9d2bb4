//! A small ledger in which everything is in order, for tests to put one thing wrong in.
//!
//! Ana gave the desk agent `dlg-1`, the desk passed part of it on to the refunds agent as `dlg-2`, and the refunds agent
//! refunds one lamp under it.

use crate::domain::action::{Action, Actor, Decision, ModelRun, Outcome, OutcomeStatus, Request};
use crate::domain::assessment::{Submission, assess};
use crate::domain::catalogue::Catalogue;
use crate::domain::delegation::{CallerClass, Constraint, ConstraintOp, Delegation, Delegator, Period, Revocation};
use crate::domain::event::EventKind;
use crate::domain::finding::{Code, Finding};
use crate::domain::ids::{ActionId, AgentId, DelegationId, EventId, PrincipalId, Source};
use crate::domain::memory::MemoryPast;
use crate::domain::settings::Settings;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

pub(crate) const CATALOGUE: &str = r#"
    [[action]]
    name = "orders.refund"
    scope = ["orders:refund"]
    effect = "write"
    risk = "high"
    amount = "/amount_cents"
    currency = "EUR"
    sentence = "Refund {amount} for {resource}"

    [[action]]
    name = "orders.*"
    scope = ["orders:read"]
    effect = "read"
    risk = "low"

    [[action]]
    name = "users.delete"
    scope = ["users:delete"]
    effect = "destructive"
    risk = "high"
"#;

/// An event and the circumstances of its report.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) kind: EventKind,
    pub(crate) occurred_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) source: &'static str,
    pub(crate) class: CallerClass,
}

/// A ledger about to be, and the last event, whose findings are asked for.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) catalogue: &'static str,
    pub(crate) settings: Settings,
    pub(crate) before: Vec<Told>,
    pub(crate) event: Told,
}

/// That time on 22 November 2026, UTC: `09:00`.
pub(crate) fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-22T{time}:00Z")).unwrap()
}

pub(crate) fn dlg(id: &str) -> DelegationId {
    DelegationId::parse(id).unwrap()
}

pub(crate) fn ana() -> PrincipalId {
    PrincipalId::parse("user:ana").unwrap()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

pub(crate) fn at_most(cents: u32, per: Option<Period>) -> Constraint {
    Constraint { argument: "/amount_cents".to_owned(), op: ConstraintOp::AtMost, value: cents.into(), per }
}

/// Ana's own delegation to the desk.
pub(crate) fn root() -> Delegation {
    Delegation {
        delegation_id: dlg("dlg-1"),
        parent_delegation_id: None,
        delegator: Delegator { kind: CallerClass::Human, id: "user:ana".to_owned() },
        agent_id: AgentId::parse("agent:desk").unwrap(),
        instance_id: None,
        human_principal_id: Some(ana()),
        scope: texts(&["orders:read", "orders:refund"]),
        resources: Some(texts(&["order:*"])),
        authorization_details: None,
        purpose: None,
        issuer: None,
        token: None,
        issued_at: at("08:00"),
        not_before: None,
        expires_at: at("12:00"),
        max_depth: Some(1),
        constraints: vec![at_most(20_000, None)],
        accountable_person_id: None,
        consent: None,
    }
}

/// What the desk passed on to the refunds agent.
pub(crate) fn child() -> Delegation {
    Delegation {
        delegation_id: dlg("dlg-2"),
        parent_delegation_id: Some(dlg("dlg-1")),
        delegator: Delegator { kind: CallerClass::Agent, id: "agent:desk".to_owned() },
        agent_id: AgentId::parse("agent:refunds").unwrap(),
        scope: texts(&["orders:refund"]),
        issued_at: at("08:30"),
        expires_at: at("11:00"),
        max_depth: None,
        constraints: vec![at_most(15_000, None)],
        ..root()
    }
}

/// The refund, as the agent reports it.
pub(crate) fn refund() -> Action {
    Action {
        action_id: ActionId::parse("act-91").unwrap(),
        actor: Actor {
            caller_class: CallerClass::Agent,
            human_principal_id: Some(ana()),
            agent_id: AgentId::parse("agent:refunds"),
            instance_id: None,
            delegation_id: Some(dlg("dlg-2")),
            model_version: Some("gpt-4o-2024-08-06".to_owned()),
            prompt_id: Some("refunds@v17".to_owned()),
            prompt_sha256: None,
        },
        request: Request::default(),
        decision: Decision::default(),
        name: "orders.refund".to_owned(),
        resource: Some("order:W5918442".to_owned()),
        required_scope: Some(texts(&["orders:refund"])),
        arguments: Some(Value::object([("amount_cents", 12_999_u32.into())])),
        outcome: Outcome { status: OutcomeStatus::Succeeded, error_code: None, duration_ms: None, result_sha256: None, usage: None },
        model: ModelRun::default(),
        trigger: None,
        context: None,
        confirmation_id: None,
        is_time_synthetic: false,
    }
}

/// The same refund, as the resource server reports it: it knows neither model nor prompt.
pub(crate) fn server_leg() -> Action {
    let mut action = refund();
    action.actor.model_version = None;
    action.actor.prompt_id = None;
    action
}

pub(crate) fn granted(delegation: Delegation) -> Told {
    let issued_at = delegation.issued_at;
    let kind = EventKind::DelegationGranted(Box::new(delegation));
    Told { kind, occurred_at: issued_at, recorded_at: issued_at, source: "desk", class: CallerClass::Service }
}

pub(crate) fn acted(action: Action, when: &str) -> Told {
    let kind = EventKind::ActionRecorded(Box::new(action));
    Told { kind, occurred_at: at(when), recorded_at: at(when), source: "refunds", class: CallerClass::Agent }
}

pub(crate) fn by_server(action: Action, when: &str) -> Told {
    Told { source: "shop", class: CallerClass::Service, ..acted(action, when) }
}

pub(crate) fn revoked(id: &str, when: &str, cascade: bool) -> Told {
    let kind = EventKind::DelegationRevoked(Revocation { delegation_id: dlg(id), revoked_at: at(when), reason: None, cascade });
    Told { kind, occurred_at: at(when), recorded_at: at(when), source: "desk", class: CallerClass::Service }
}

impl World {
    /// The refund at nine, after both delegations.
    pub(crate) fn of_refund() -> Self {
        Self {
            catalogue: CATALOGUE,
            settings: Settings::default(),
            before: vec![granted(root()), granted(child())],
            event: acted(refund(), "09:00"),
        }
    }

    /// The delegation passed on, after the one it passes on.
    pub(crate) fn of_child() -> Self {
        Self { before: vec![granted(root())], event: granted(child()), ..Self::of_refund() }
    }

    /// The delegation of that id, to be changed; in the past, or the event itself.
    pub(crate) fn delegation(&mut self, id: &str) -> &mut Delegation {
        let events = self.before.iter_mut().chain(std::iter::once(&mut self.event));
        let mut delegations = events.filter_map(|told| match &mut told.kind {
            EventKind::DelegationGranted(delegation) => Some(&mut **delegation),
            _ => None,
        });
        delegations.find(|d| d.delegation_id.as_str() == id).unwrap()
    }

    /// The action whose findings are asked for, to be changed.
    pub(crate) fn action(&mut self) -> &mut Action {
        match &mut self.event.kind {
            EventKind::ActionRecorded(action) => action,
            other => panic!("{other:?} is no action"),
        }
    }

    /// The ledger before the last event.
    pub(crate) fn past(&self) -> MemoryPast {
        let mut past = MemoryPast::new();
        past.adopt_catalogue(Catalogue::parse(self.catalogue).unwrap());
        past.adopt_settings(self.settings.clone());
        for (i, told) in self.before.iter().enumerate() {
            let source = Source::parse(told.source).unwrap();
            past.record(&told.submission(&source), EventId::parse(&format!("evt-{i}")).unwrap(), None);
        }
        past
    }

    /// What is found about the last event.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let source = Source::parse(self.event.source).unwrap();
        let Ok(findings) = assess(&self.event.submission(&source), &self.past());
        findings
    }

    /// The codes found about the last event, each once, in the order of [`Code::ALL`].
    pub(crate) fn codes(&self) -> Vec<Code> {
        let mut codes: Vec<Code> = self.findings().iter().map(|f| f.code).collect();
        codes.dedup();
        codes
    }
}

impl Told {
    fn submission<'t>(&'t self, source: &'t Source) -> Submission<'t> {
        Submission {
            kind: &self.kind,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            source,
            reporter_class: self.class,
            is_time_synthetic: false,
        }
    }
}
