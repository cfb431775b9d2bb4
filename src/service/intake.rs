//! From what a caller submits to a pending entry: parsed, entitled, committed to. On the worker, before the queue; nothing here
//! has been recorded.

use std::borrow::Cow;

use crate::domain::action::Action;
use crate::domain::attribution::content_findings;
use crate::domain::chain::Chain;
use crate::domain::credential::{Caller, NotEntitled};
use crate::domain::delegation::{CallerClass, Delegation, Evidence, Revocation};
use crate::domain::event::{Auth, Event, EventKind, Report};
use crate::domain::ids::{AgentId, DelegationId, PrincipalId};
use crate::domain::parse::{EventRefusal, ParseContext, TokenOrigin, parse_event};
use crate::domain::past::{Past as _, Recorded};
use crate::domain::person::Role;
use crate::domain::token::{TokenDelegation, TokenExtra, TrustedIssuer, delegation_from_token};
use crate::domain::token_error::TokenError;
use crate::service::folder::random_32;
use crate::service::ledger::Ledger;
use crate::service::opened::ReadError;
use crate::service::past::{LedgerPast, PastCache};
use crate::service::pending::{CannotCommit, PendingEntry};
use crate::service::previews::{Preview, PreviewRefusal, Previews, Reach};
use crate::tlog::hash::{DocumentHash, to_hex};
use crate::tlog::json::Value;

/// Who submits, and how.
#[derive(Clone, Copy)]
pub struct Submitter<'r> {
    /// The authenticated caller.
    pub caller: &'r Caller,
    /// Names the request in the payload, and in the answer.
    pub request_id: &'r str,
    /// What `X-Agent-Id` said.
    pub agent_id_claim: Option<&'r AgentId>,
}

/// Why a submission was not queued. The caller can act on it.
#[derive(Debug, thiserror::Error)]
pub enum IntakeRefusal {
    /// The event itself.
    #[error(transparent)]
    Event(#[from] EventRefusal),
    /// The caller may not say this.
    #[error("the credential does not allow this")]
    NotEntitled(NotEntitled),
    /// The token does not verify.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The delegation to be revoked is not there, or not the caller's to see.
    #[error("there is no such delegation")]
    NoSuchDelegation,
    /// What it reaches was not looked at first.
    #[error(transparent)]
    Preview(#[from] PreviewRefusal),
    /// The event cannot be committed to.
    #[error(transparent)]
    CannotCommit(#[from] CannotCommit),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Turns submissions into pending entries.
pub struct Intake<'l> {
    ledger: &'l Ledger,
    submitter: Submitter<'l>,
}

impl<'l> Intake<'l> {
    /// For one request.
    pub const fn new(ledger: &'l Ledger, submitter: Submitter<'l>) -> Self {
        Self { ledger, submitter }
    }

    /// An event as it was submitted. `expected_type` is the type that the address says; elsewhere the event says it.
    pub fn event(&self, event: Value, expected_type: Option<&'static str>) -> Result<PendingEntry, IntakeRefusal> {
        let event = self.parse(event, expected_type, TokenOrigin::Reported)?;
        let evidence = match event.kind {
            EventKind::DelegationGranted(_) if self.submitter.caller.human.is_some() => Some(Evidence::Human),
            EventKind::DelegationGranted(_) => Some(Evidence::Asserted),
            _ => None,
        };
        self.pending(event, evidence)
    }

    /// A revocation of that delegation. Where it reaches many, `preview_token` says that somebody has looked at which.
    pub fn revocation(&self, event: Value, id: &DelegationId, preview_token: Option<&str>) -> Result<PendingEntry, IntakeRefusal> {
        let reach = Reach::of(&event);
        let pending = self.event(event, Some("delegation.revoked"))?;
        self.previews().check(self.submitter.caller, id, reach, preview_token)?;
        Ok(pending)
    }

    /// One event among many: a revocation that reaches many delegations needs its preview here, too, and no line can carry one.
    pub fn line(&self, event: Value) -> Result<PendingEntry, IntakeRefusal> {
        let revoked = event.member("delegation_id").and_then(Value::as_str).and_then(DelegationId::parse);
        match (event.member("type").and_then(Value::as_str), revoked) {
            (Some("delegation.revoked"), Some(id)) => self.revocation(event, &id, None),
            _ => self.event(event, None),
        }
    }

    /// What such a revocation would reach. Refused like the revocation itself; nothing is written.
    pub fn preview_revocation(&self, event: Value, id: &DelegationId) -> Result<Preview, IntakeRefusal> {
        let reach = Reach::of(&event);
        self.event(event, Some("delegation.revoked"))?;
        Ok(self.previews().preview(self.submitter.caller, id, reach)?)
    }

    fn previews(&self) -> Previews<'_> {
        Previews::new(self.ledger, self.ledger.clock().now())
    }

    /// A delegation out of a token, verified against its issuer's keys.
    pub fn token(&self, token: &str, issuers: &[TrustedIssuer], extra: TokenExtra) -> Result<PendingEntry, IntakeRefusal> {
        let TokenDelegation { event, filled } = delegation_from_token(token, issuers, self.ledger.clock().now(), extra)?;
        let mut event = self.parse(event, Some("delegation.granted"), TokenOrigin::Verified)?;
        event.filled.extend(filled);
        self.pending(event, Some(Evidence::Token))
    }

    fn parse(&self, event: Value, expected_type: Option<&'static str>, token: TokenOrigin) -> Result<Event, IntakeRefusal> {
        let make_delegation_id = || DelegationId::parse(&format!("dlg-{}", to_hex(&random_32()[..12]))).expect("28 characters");
        let held = |hash: &DocumentHash| self.ledger.read(|rows| rows.document_bytes(hash)).ok().flatten();
        let context = ParseContext { expected_type, make_delegation_id: &make_delegation_id, held_content: &held, token };
        parse_event(event, &context).map_err(|errors| IntakeRefusal::Event(EventRefusal::Fields(errors)))
    }

    fn pending(&self, mut event: Event, evidence: Option<Evidence>) -> Result<PendingEntry, IntakeRefusal> {
        self.check_entitled(&event, evidence)?;
        let findings = match &event.kind {
            EventKind::ActionRecorded(action) => content_findings(action, &|hash| self.content(&event, hash)),
            _ => Vec::new(),
        };
        let filled = std::mem::take(&mut event.filled);
        let report = self.report(evidence, filled);
        Ok(PendingEntry::new(event, report, findings, self.ledger.keys())?)
    }

    /// A content that the event brings or names.
    fn content<'e>(&self, event: &'e Event, hash: &DocumentHash) -> Option<Cow<'e, [u8]>> {
        if let Some(content) = event.contents.iter().find(|c| c.hash == *hash) {
            return Some(Cow::Borrowed(&content.bytes));
        }
        self.ledger.read(|rows| rows.document(hash)).ok().flatten().map(Cow::Owned)
    }

    fn report(&self, evidence: Option<Evidence>, filled: Vec<String>) -> Report {
        let caller = self.submitter.caller;
        Report {
            source: caller.source.clone(),
            credential_id: caller.credential_id.clone(),
            caller_class: caller.class,
            auth: if caller.human.is_some() { Auth::Session } else { Auth::Bearer },
            evidence,
            agent_id_claim: self.submitter.agent_id_claim.cloned(),
            request_id: self.submitter.request_id.to_owned(),
            filled,
        }
    }

    fn check_entitled(&self, event: &Event, evidence: Option<Evidence>) -> Result<(), IntakeRefusal> {
        let caller = self.submitter.caller;
        match &event.kind {
            EventKind::ActionRecorded(action) => check_action(caller, action).map_err(IntakeRefusal::NotEntitled),
            // A verified token speaks for itself: whoever holds it may hand it in.
            EventKind::DelegationGranted(_) if evidence == Some(Evidence::Token) => Ok(()),
            EventKind::DelegationGranted(delegation) => self.check_grant(delegation),
            EventKind::DelegationRevoked(revocation) => self.check_revocation(revocation),
            EventKind::Administrative(_) => Err(IntakeRefusal::NotEntitled(NotEntitled::ReportsForExceeded)),
        }
    }

    /// A root is for those who may speak for the human; a part of one's own for the agent it was given to.
    fn check_grant(&self, delegation: &Delegation) -> Result<(), IntakeRefusal> {
        let caller = self.submitter.caller;
        let result = match &delegation.parent_delegation_id {
            None => check_root(caller, delegation),
            Some(parent) => match self.delegation(parent)? {
                Some(parent) => caller.check_passes_on(&parent.what.agent_id),
                // The parent may arrive late. Until then only the delegator's own word says whose part it is.
                None => AgentId::parse(&delegation.delegator.id)
                    .map_or(Err(NotEntitled::NotTheDelegate), |giver| caller.check_passes_on(&giver)),
            },
        };
        result.map_err(IntakeRefusal::NotEntitled)
    }

    /// The root's person, an operator or admin, a service within `grants_for`, an agent for what it gave itself.
    fn check_revocation(&self, revocation: &Revocation) -> Result<(), IntakeRefusal> {
        let caller = self.submitter.caller;
        let Some(delegation) = self.delegation(&revocation.delegation_id)? else {
            let may = caller.class == CallerClass::Service && speaks_for_all(caller);
            return if may { Ok(()) } else { Err(IntakeRefusal::NoSuchDelegation) };
        };
        let is_own = caller
            .agent_id
            .as_ref()
            .is_some_and(|agent| delegation.what.delegator.kind == CallerClass::Agent && delegation.what.delegator.id == agent.as_str());
        let may = match caller.class {
            CallerClass::Agent => is_own,
            CallerClass::Human if caller.human.as_ref().is_some_and(|h| h.has(Role::Operator) || h.has(Role::Admin)) => true,
            CallerClass::Human | CallerClass::Service => match self.person_of(&delegation)? {
                Some(person) => caller.check_grants_for(&person).is_ok(),
                // A chain without a person belongs to whoever gave its root, and to those who speak for everybody.
                None => caller.class == CallerClass::Service && (delegation.source == caller.source || speaks_for_all(caller)),
            },
        };
        if may {
            return Ok(());
        }
        Err(match caller.class {
            CallerClass::Agent => IntakeRefusal::NoSuchDelegation,
            CallerClass::Human => IntakeRefusal::NotEntitled(NotEntitled::NotYourOwnName),
            CallerClass::Service => IntakeRefusal::NotEntitled(NotEntitled::ReportsForExceeded),
        })
    }

    fn delegation(&self, id: &DelegationId) -> Result<Option<std::sync::Arc<Recorded<Delegation>>>, IntakeRefusal> {
        let cache = std::cell::RefCell::new(PastCache::default());
        Ok(self.ledger.read(|rows| {
            let now = self.ledger.size().next_index();
            LedgerPast::of_entry(rows, &cache, now).delegation(id)
        })?)
    }

    /// The human at the root of a delegation's chain.
    fn person_of(&self, delegation: &Recorded<Delegation>) -> Result<Option<PrincipalId>, IntakeRefusal> {
        let cache = std::cell::RefCell::new(PastCache::default());
        let chain = self.ledger.read(|rows| {
            let now = self.ledger.size().next_index();
            Chain::resolve(&LedgerPast::of_entry(rows, &cache, now), &delegation.what.delegation_id)
        })?;
        Ok(chain.principal().or(delegation.what.human_principal_id.as_ref()).cloned())
    }
}

fn speaks_for_all(caller: &Caller) -> bool {
    caller.grants_for.iter().any(|p| p.as_str() == "*")
}

/// An agent reports what it did itself; a service what its agents did; a person what she did.
fn check_action(caller: &Caller, action: &Action) -> Result<(), NotEntitled> {
    match (caller.class, &action.actor.agent_id) {
        (CallerClass::Human, _) => {
            let is_own = caller.human.as_ref().is_some_and(|h| action.actor.human_principal_id.as_ref() == Some(&h.principal_id));
            if is_own && action.actor.caller_class == CallerClass::Human { Ok(()) } else { Err(NotEntitled::NotYourOwnName) }
        }
        (_, Some(agent)) => caller.check_reports_for(agent),
        (CallerClass::Agent, None) => Err(NotEntitled::AgentIdNotYours),
        (CallerClass::Service, None) => Ok(()),
    }
}

fn check_root(caller: &Caller, delegation: &Delegation) -> Result<(), NotEntitled> {
    match (delegation.delegator.kind, PrincipalId::parse(&delegation.delegator.id)) {
        (CallerClass::Human, Some(person)) => caller.check_grants_for(&person),
        // A root that a service gives is its own act, or that of a service it may speak for.
        (CallerClass::Service, Some(_)) if caller.class == CallerClass::Service && caller.source.as_str() == delegation.delegator.id => {
            Ok(())
        }
        (CallerClass::Service, Some(service)) => caller.check_grants_for(&service),
        // An agent's delegation without a parent: nothing says whose authority it would pass on.
        _ if caller.class == CallerClass::Agent => Err(NotEntitled::RootDelegationByAgent),
        _ => AgentId::parse(&delegation.delegator.id).map_or(Err(NotEntitled::NotTheDelegate), |giver| caller.check_reports_for(&giver)),
    }
}
