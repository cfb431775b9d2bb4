//! How the cast comes to speak: credentials issued as entries and checked as on every request, people signed in by a one-time link.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cli::sample::SampleError;
use crate::cli::sample::cast::Party;
use crate::domain::credential::{Caller, Permission, PlainToken, PresentedToken};
use crate::domain::credential_terms::CredentialTerms;
use crate::domain::delegation::CallerClass;
use crate::domain::event::{Auth, Report};
use crate::domain::ids::{AgentId, PrincipalId};
use crate::domain::person::Role;
use crate::service::credentials::issue_event;
use crate::service::ledger::Ledger;
use crate::service::opened::open_entry;
use crate::service::pending::PendingEntry;
use crate::service::sessions::Sessions;
use crate::store::service_db::ServiceDb;

/// How long the link lives by which a person of the sample signs in, in milliseconds.
const LINK_MS: i64 = 60_000;

/// Everybody who can report, and as whom.
pub(super) struct Enrolment<'l> {
    ledger: &'l Ledger,
    sessions: Sessions,
    callers: HashMap<Party, Caller>,
}

impl<'l> Enrolment<'l> {
    /// Issues a credential to every agent and service.
    pub(super) fn of_cast(ledger: &'l Ledger, admin_token: &PlainToken) -> Result<Self, SampleError> {
        let db = ServiceDb::open(&ledger.folder().service_file())?;
        let sessions = Sessions::new(Arc::new(db), *ledger.credentials().key().as_bytes());
        let admin = authenticate(ledger, admin_token)?;
        let mut enrolment = Self { ledger, sessions, callers: HashMap::new() };
        for party in Party::AGENTS.into_iter().chain(Party::SERVICES) {
            let caller = enrolment.issue(&admin, party)?;
            enrolment.callers.insert(party, caller);
        }
        Ok(enrolment)
    }

    /// Who calls when this party does. A person signs in, and again when her session has run out.
    pub(super) fn caller(&mut self, party: Party) -> Result<&Caller, SampleError> {
        let now = self.ledger.clock().now();
        let is_signed_in = |caller: &Caller| caller.human.as_ref().is_none_or(|session| session.expires_at > now);
        if !self.callers.get(&party).is_some_and(is_signed_in) {
            let caller = self.sign_in(party)?;
            self.callers.insert(party, caller);
        }
        self.callers.get(&party).ok_or(SampleError::NotEnrolled(party.id()))
    }

    fn issue(&self, admin: &Caller, party: Party) -> Result<Caller, SampleError> {
        let issued = issue_event(&terms(party), self.ledger.credentials().key(), self.ledger.clock().now());
        let report = Report {
            source: admin.source.clone(),
            credential_id: admin.credential_id.clone(),
            caller_class: admin.class,
            auth: Auth::Bearer,
            evidence: None,
            agent_id_claim: None,
            request_id: format!("enrol-{}", party.id()),
            filled: Vec::new(),
        };
        let pending = PendingEntry::new(issued.event, report, Vec::new(), self.ledger.keys())?;
        for answer in self.ledger.queue()?.append_blocking(vec![pending], false)? {
            let index = answer.outcome?.index;
            let opened = self.ledger.read(|rows| open_entry(rows, index))?.ok_or(SampleError::NotEnrolled(party.id()))?;
            self.ledger.credentials().add(&opened)?;
        }
        authenticate(self.ledger, &issued.token)
    }

    fn sign_in(&self, party: Party) -> Result<Caller, SampleError> {
        let principal = PrincipalId::parse(party.id()).ok_or(SampleError::NotEnrolled(party.id()))?;
        let now = self.ledger.clock().now();
        let link = self.sessions.make_link(&principal, party.name(), roles(party), now, LINK_MS)?;
        let (session, _) = self.sessions.redeem(link.reveal(), now)?.ok_or(SampleError::NotEnrolled(party.id()))?;
        Ok(Caller::of_session(session))
    }
}

fn authenticate(ledger: &Ledger, token: &PlainToken) -> Result<Caller, SampleError> {
    let presented = PresentedToken::parse(token.reveal()).ok_or(SampleError::NotEnrolled("a token"))?;
    ledger.credentials().authenticate(&presented, ledger.clock().now()).map_err(|_| SampleError::NotEnrolled("a token"))
}

fn terms(party: Party) -> CredentialTerms {
    let class = party.class();
    // A protected API sees any agent call it; only the gateway, where people sign in, may speak of what they gave.
    let reports_for = if class == CallerClass::Service { vec!["agent:*".to_owned()] } else { Vec::new() };
    let grants_for = if party == Party::Gateway { vec!["user:*".to_owned()] } else { Vec::new() };
    CredentialTerms {
        name: party.id().to_owned(),
        class,
        permissions: [Permission::EventsWrite, Permission::DelegationsWrite, Permission::LedgerRead].into_iter().collect(),
        agent_id: AgentId::parse(party.id()).filter(|_| class == CallerClass::Agent),
        reports_for,
        grants_for,
        owner: None,
        expires_at: None,
    }
}

fn roles(party: Party) -> &'static [Role] {
    if party == Party::Amara { &[Role::Auditor, Role::Operator] } else { &[] }
}
