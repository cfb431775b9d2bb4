//! What was done, under what, decided by what, after reading what: `action.recorded` as types.

use crate::domain::delegation::CallerClass;
use crate::domain::ids::{ActionId, AgentId, DelegationId, PrincipalId};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// Longest action name, in bytes.
pub const MAX_ACTION_NAME_BYTES: usize = 256;
/// Longest `resource`, `uri` or `store`, in bytes.
pub const MAX_RESOURCE_BYTES: usize = 2048;
/// Most documents in one `context`.
pub const MAX_CONTEXT_DOCUMENTS: usize = 1024;
/// Longest `content`, in bytes.
pub const MAX_CONTENT_BYTES: usize = 1 << 20;

/// One report of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its id; several reports may share it.
    pub action_id: ActionId,
    /// Who acted, for whom, under what, as what.
    pub actor: Actor,
    /// What the protected API was sent, and where in which trace.
    pub request: Request,
    /// What the reporter's policy decided.
    pub decision: Decision,
    /// What was done: `payments.create`.
    pub name: String,
    /// To what.
    pub resource: Option<String>,
    /// The scope that the reporter says it needs; absent is not the same as empty.
    pub required_scope: Option<Vec<String>>,
    /// With what.
    pub arguments: Option<Value>,
    /// How it went.
    pub outcome: Outcome,
    /// How the model was run.
    pub model: ModelRun,
    /// What set it off.
    pub trigger: Option<Trigger>,
    /// What had been read before the model's turn, in order. Absent is not the same as empty.
    pub context: Option<Vec<Document>>,
    /// The confirmation it names.
    pub confirmation_id: Option<String>,
    /// Whether its time was made by an importer (`extensions.import.time` = `synthetic`).
    pub is_time_synthetic: bool,
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Human, agent or service.
    pub caller_class: CallerClass,
    /// The human in whose name; required for a human actor.
    pub human_principal_id: Option<PrincipalId>,
    /// The agent; required for an agent actor.
    pub agent_id: Option<AgentId>,
    /// Which run of it.
    pub instance_id: Option<String>,
    /// Under which delegation.
    pub delegation_id: Option<DelegationId>,
    /// Which model decided.
    pub model_version: Option<String>,
    /// Under which prompt.
    pub prompt_id: Option<String>,
    /// The prompt's hash, hexadecimal.
    pub prompt_sha256: Option<String>,
}

/// The request to the protected API.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Request {
    /// What the agent sent there as its idempotency key.
    pub idempotency_key: Option<String>,
    /// The trace: a run of an agent.
    pub trace_id: Option<String>,
    /// This call's span.
    pub span_id: Option<String>,
    /// The span that caused it.
    pub parent_span_id: Option<String>,
    /// The trace that caused this one.
    pub parent_trace_id: Option<String>,
    /// The action that caused it.
    pub parent_action_id: Option<String>,
}

/// What the reporter's policy decided.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    /// Which policy.
    pub policy_version: Option<String>,
    /// Its hash, hexadecimal.
    pub policy_sha256: Option<String>,
    /// What it said.
    pub effect: Option<DecisionEffect>,
}

/// What a policy said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecisionEffect {
    /// Go ahead.
    Allow,
    /// No.
    Deny,
    /// Ask a human.
    RequiresConfirmation,
}

impl DecisionEffect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::RequiresConfirmation];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::RequiresConfirmation => "requires_confirmation",
        }
    }
}

/// How an action went.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Where it stands.
    pub status: OutcomeStatus,
    /// The protected API's error.
    pub error_code: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Hash of the result, hexadecimal.
    pub result_sha256: Option<String>,
    /// Tokens and the like.
    pub usage: Option<Value>,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeStatus {
    /// The agent asks before it acts.
    Requested,
    /// Under way.
    Started,
    /// Done.
    Succeeded,
    /// Tried in vain.
    Failed,
    /// Refused by the protected API.
    Denied,
    /// Nobody knows whether it took effect.
    Indeterminate,
}

impl OutcomeStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Requested, Self::Started, Self::Succeeded, Self::Failed, Self::Denied, Self::Indeterminate];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// How the model was run.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ModelRun {
    /// Temperature and the like.
    pub parameters: Option<Value>,
    /// Hash of the tool definitions, hexadecimal.
    pub tools_sha256: Option<String>,
    /// Hash of what the model put out, hexadecimal.
    pub output_sha256: Option<String>,
}

/// What set an action off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Of which kind.
    pub kind: TriggerKind,
    /// Whose message or click.
    pub principal_id: Option<String>,
    /// Where to find it.
    pub reference: Option<String>,
    /// Its words, by hash: in the document store while not erased.
    pub content_sha256: Option<DocumentHash>,
}

/// Kinds of trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerKind {
    /// A human wrote.
    HumanMessage,
    /// A human clicked.
    HumanClick,
    /// A timer.
    Schedule,
    /// Another system called.
    Webhook,
    /// Another agent asked.
    Agent,
    /// Not known.
    Unknown,
}

impl TriggerKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::HumanMessage, Self::HumanClick, Self::Schedule, Self::Webhook, Self::Agent, Self::Unknown];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanMessage => "human_message",
            Self::HumanClick => "human_click",
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Agent => "agent",
            Self::Unknown => "unknown",
        }
    }
}

/// One element of `context`: something the model had read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it came from.
    pub uri: Option<String>,
    /// Out of which store.
    pub store: Option<String>,
    /// When it was fetched.
    pub retrieved_at: Option<Timestamp>,
    /// Its hash as the reporter states it.
    pub sha256: Option<DocumentHash>,
    /// Who wrote it, as far as is known.
    pub origin: Option<DocumentOrigin>,
    /// Hash of the content that the ledger was given.
    pub content_sha256: Option<DocumentHash>,
    /// Length of that content, in bytes.
    pub content_bytes: Option<u64>,
}

impl Document {
    /// The hash it goes by: the stated one, else that of the content given.
    pub fn hash(&self) -> Option<DocumentHash> {
        self.sha256.or(self.content_sha256)
    }
}

/// Who wrote a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentOrigin {
    /// The human herself.
    User,
    /// The operator's own stores.
    Internal,
    /// Outside.
    External,
    /// Whatever a tool returned.
    ToolOutput,
    /// Another agent.
    Agent,
}

impl DocumentOrigin {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::User, Self::Internal, Self::External, Self::ToolOutput, Self::Agent];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Internal => "internal",
            Self::External => "external",
            Self::ToolOutput => "tool_output",
            Self::Agent => "agent",
        }
    }

    /// Whether somebody else's words may stand in it (DESIGN.md section 7).
    pub const fn is_untrusted(self) -> bool {
        matches!(self, Self::External | Self::ToolOutput)
    }
}
