//! What was delegated and what was taken back, as types. Whether it was wide enough is `assessment`'s business.

use crate::domain::ids::{AgentId, DelegationId, PrincipalId};
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// Most scope tokens of one delegation.
pub const MAX_SCOPE_TOKENS: usize = 256;
/// Longest scope token, in bytes.
pub const MAX_SCOPE_TOKEN_BYTES: usize = 256;
/// Most resource patterns of one delegation.
pub const MAX_RESOURCES: usize = 256;
/// Most bounds on arguments of one delegation, and most values that one of them lists.
pub const MAX_CONSTRAINTS: usize = 256;
/// Most RFC 9396 objects of one delegation.
pub const MAX_AUTHORIZATION_DETAILS: usize = 256;
/// Most tools that one consent names.
pub const MAX_CONSENT_TOOLS: usize = 1024;

/// Authority passed from a human, or from an agent passing on part of its own, to an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Delegation {
    /// Its id: given, or made by the ledger.
    pub delegation_id: DelegationId,
    /// The delegation that this one passes on, unless it is a root.
    pub parent_delegation_id: Option<DelegationId>,
    /// Who gives.
    pub delegator: Delegator,
    /// Who receives.
    pub agent_id: AgentId,
    /// Which run of the agent, if only that one.
    pub instance_id: Option<String>,
    /// The human at the root; absent only where a service gave the root.
    pub human_principal_id: Option<PrincipalId>,
    /// OAuth scope tokens; may be empty. A token ending in `*` is a pattern.
    pub scope: Vec<String>,
    /// Resource patterns; absent means any resource.
    pub resources: Option<Vec<String>>,
    /// RFC 9396 objects, verbatim.
    pub authorization_details: Option<Value>,
    /// What for, in words.
    pub purpose: Option<String>,
    /// Who issued the token or the grant.
    pub issuer: Option<String>,
    /// What is kept of the token it was taken from: jti, iss, sub, act, cnf, and what the ledger adds.
    pub token: Option<Value>,
    /// When it was given.
    pub issued_at: Timestamp,
    /// From when it holds, if later than `issued_at`.
    pub not_before: Option<Timestamp>,
    /// When it ends. A delegation without end is refused.
    pub expires_at: Timestamp,
    /// How many levels of sub-delegation may hang below it.
    pub max_depth: Option<u32>,
    /// Bounds on arguments.
    pub constraints: Vec<Constraint>,
    /// Who answers for a root that a service gave.
    pub accountable_person_id: Option<PrincipalId>,
    /// What the human agreed to.
    pub consent: Option<Consent>,
}

/// Who gives a delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegator {
    /// Human, agent or service.
    pub kind: CallerClass,
    /// Its id, in the namespace of its kind.
    pub id: String,
}

/// Who calls, acts or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallerClass {
    /// A person.
    Human,
    /// An AI agent.
    Agent,
    /// A program that is neither.
    Service,
}

impl CallerClass {
    /// All of them, in the order pages show them.
    pub const ALL: [Self; 3] = [Self::Human, Self::Agent, Self::Service];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }

    /// From the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }
}

/// A bound on one argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// JSON Pointer into `action.arguments`.
    pub argument: String,
    /// How the argument is compared.
    pub op: ConstraintOp,
    /// With what.
    pub value: Value,
    /// What the bound counts over; absent means each action alone.
    pub per: Option<Period>,
}

/// How an argument is compared with a constraint's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintOp {
    /// `<=`: a number no larger.
    AtMost,
    /// `in`: one of a list.
    In,
    /// `==`: equal.
    Equal,
    /// `prefix`: a text that begins so.
    Prefix,
}

impl ConstraintOp {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AtMost, Self::In, Self::Equal, Self::Prefix];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::In => "in",
            Self::Equal => "==",
            Self::Prefix => "prefix",
        }
    }
}

/// What a `<=` bound is summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Each action alone.
    Action,
    /// A calendar day of `occurred_at`, UTC.
    Day,
    /// A calendar month of `occurred_at`, UTC.
    Month,
    /// The life of the delegation.
    Delegation,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Action, Self::Day, Self::Month, Self::Delegation];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Day => "day",
            Self::Month => "month",
            Self::Delegation => "delegation",
        }
    }
}

/// What the human agreed to when giving a delegation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Consent {
    /// The model.
    pub model_version: Option<String>,
    /// The prompt.
    pub prompt_id: Option<String>,
    /// The policy.
    pub policy_version: Option<String>,
    /// The tools.
    pub tools: Option<Vec<String>>,
}

/// A delegation taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which.
    pub delegation_id: DelegationId,
    /// From when on it is dead.
    pub revoked_at: Timestamp,
    /// Why, in words.
    pub reason: Option<String>,
    /// Whether all below it is dead, too (the default).
    pub cascade: bool,
}

/// How well a delegation is proved; set by the ledger in `/report/evidence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// The source says so.
    Asserted,
    /// Signed with the delegator's registered key.
    Signed,
    /// Verified against its issuer's keys.
    Token,
    /// Given in a human session.
    Human,
}

impl Evidence {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::Signed => "signed",
            Self::Token => "token",
            Self::Human => "human",
        }
    }

    /// From the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Asserted, Self::Signed, Self::Token, Self::Human].into_iter().find(|e| e.as_str() == text)
    }
}
