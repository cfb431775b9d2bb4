//! An event taken apart: typed for assessment, and as members for the commitment. How the text is read is `parse`'s business.

use std::collections::BTreeMap;

use crate::domain::action::Action;
use crate::domain::delegation::{CallerClass, Delegation, Evidence, Revocation};
use crate::domain::ids::{AgentId, CredentialId, EventId, Source};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// Largest event, in bytes of JSON.
pub const MAX_EVENT_BYTES: usize = 4 << 20;
/// Longest `purpose` or `reason`, in bytes.
pub const MAX_PROSE_BYTES: usize = 8192;

/// What was submitted, checked and taken apart. It has neither index nor time of recording yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The source's own name for it.
    pub event_id: EventId,
    /// When it happened, as the reporter claims.
    pub occurred_at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// What will be committed, without `/report`.
    pub members: Members,
    /// The bytes of every `content`, to be kept by hash.
    pub contents: Vec<Content>,
    /// Names of the members that the ledger supplied: what a resend is not compared by.
    pub filled: Vec<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// Authority was passed on.
    DelegationGranted(Box<Delegation>),
    /// Authority was taken back.
    DelegationRevoked(Revocation),
    /// Something was done or tried.
    ActionRecorded(Box<Action>),
    /// The ledger's own administration: `credential.issued`, `catalogue.adopted`, …; the members say what.
    Administrative(&'static str),
}

impl EventKind {
    /// The entry's type.
    pub const fn entry_type(&self) -> &'static str {
        match self {
            Self::DelegationGranted(_) => "delegation.granted",
            Self::DelegationRevoked(_) => "delegation.revoked",
            Self::ActionRecorded(_) => "action.recorded",
            Self::Administrative(entry_type) => entry_type,
        }
    }
}

/// The bytes of one `content`.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Their name in the store.
    pub hash: DocumentHash,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({:?}, {} bytes)", self.hash, self.bytes.len())
    }
}

/// A payload cut into named values (FORMAT.md section 3), ascending by name.
pub type Members = BTreeMap<String, Value>;

/// What the ledger writes about the reporter, never accepts from it: the group `report`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The credential's owner.
    pub source: Source,
    /// The credential.
    pub credential_id: CredentialId,
    /// The class fixed on the credential.
    pub caller_class: CallerClass,
    /// How the reporter proved who it is.
    pub auth: Auth,
    /// For delegations: how well it is proved.
    pub evidence: Option<Evidence>,
    /// What `X-Agent-Id` said; a claim, never believed.
    pub agent_id_claim: Option<AgentId>,
    /// The request that brought it.
    pub request_id: String,
    /// Names of the members that the ledger supplied.
    pub filled: Vec<String>,
}

/// How a reporter proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A bearer token.
    Bearer,
    /// A human session.
    Session,
    /// The ledger itself.
    Ledger,
}

impl Auth {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Session => "session",
            Self::Ledger => "ledger",
        }
    }

    /// From the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bearer, Self::Session, Self::Ledger].into_iter().find(|a| a.as_str() == text)
    }
}
