//! The typed facts that the ledger derives about an action or a delegation: codes, labels, levels (DESIGN.md section 6).

use crate::domain::ids::DelegationId;

/// How much a finding weighs in the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Authorised, but look.
    Warn,
    /// A fact is missing: cannot be determined.
    Unknown,
    /// Not authorised.
    Bad,
}

impl Level {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Bad => "bad",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident, $code:literal, $label:literal, $level:ident;)+) => {
        /// The codes of DESIGN.md section 6 that this release derives. None is ever renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All of them, in the order of DESIGN.md.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code of the wire and of entry headers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The words on pages.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// How much it weighs.
            pub const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)+ }
            }

            /// From the code of the wire.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// No delegation was named.
    DelegationMissing, "delegation_missing", "NO DELEGATION NAMED", Bad;
    /// The named delegation is not in the ledger.
    DelegationUnknown, "delegation_unknown", "NO DELEGATION", Unknown;
    /// The chain ends at no human and no accountable person.
    ChainWithoutHuman, "chain_without_human", "NO HUMAN", Bad;
    /// A parent is not in the ledger, or the chain runs in a circle.
    ChainBroken, "chain_broken", "MISSING LINK", Unknown;
    /// After the end of some hop.
    DelegationExpired, "delegation_expired", "AFTER EXPIRY", Bad;
    /// Before the start of some hop.
    DelegationNotYetValid, "delegation_not_yet_valid", "BEFORE START", Bad;
    /// Claimed to have happened before the end, recorded after it, by one side only.
    ValidityUnproven, "validity_unproven", "VALIDITY UNPROVEN", Warn;
    /// Its own or an ancestor's revocation came before.
    DelegationRevoked, "delegation_revoked", "REVOKED", Bad;
    /// The actor is not the delegate.
    AgentMismatch, "agent_mismatch", "WRONG AGENT", Bad;
    /// The human is not the root's.
    PrincipalMismatch, "principal_mismatch", "WRONG PERSON", Bad;
    /// A required scope is outside the chain's intersection.
    ScopeExceeded, "scope_exceeded", "OUT OF SCOPE", Bad;
    /// The resource is outside the chain's intersection.
    ResourceExceeded, "resource_exceeded", "OUT OF SCOPE", Bad;
    /// A bound of some hop is passed.
    ConstraintExceeded, "constraint_exceeded", "OVER THE LIMIT", Bad;
    /// Nobody but the agent says what the action needs.
    ScopeUndetermined, "scope_undetermined", "SCOPE NOT STATED", Unknown;
    /// The reporter states less than the catalogue requires.
    ScopeUnderstated, "scope_understated", "UNDERSTATED", Bad;
    /// A child passes on more than its parent holds.
    ScopeWidened, "scope_widened", "WIDENED", Bad;
    /// Passed on more often than allowed.
    DepthExceeded, "depth_exceeded", "TOO DEEP", Bad;
    /// Wildcard at the root, too long a life, write on everything.
    DelegationOverbroad, "delegation_overbroad", "BROADER THAN NEEDED", Warn;
    /// Untrusted content was read before and a value of the action occurs in it.
    InfluencedByDocument, "influenced_by_document", "INFLUENCED BY DOCUMENT", Warn;
    /// A document from outside was read before.
    UntrustedSource, "untrusted_source", "UNTRUSTED SOURCE", Warn;
    /// No model is stated.
    ModelVersionMissing, "model_version_missing", "NOT STATED", Warn;
    /// The model's version is an alias.
    ModelVersionUnfrozen, "model_version_unfrozen", "NOT FROZEN", Warn;
    /// The prompt's version is an alias.
    PromptUnfrozen, "prompt_unfrozen", "NOT FROZEN", Warn;
    /// Model, prompt, policy or tools differ from those agreed to.
    ConsentDrift, "consent_drift", "NOT AS CONSENTED", Warn;
    /// Two reports of the action differ.
    ReportDisagreement, "report_disagreement", "REPORTS DISAGREE", Bad;
    /// Recorded long after it happened.
    RecordedLate, "recorded_late", "RECORDED LATE", Warn;
    /// Claimed to have happened after it was recorded.
    ClockSkew, "clock_skew", "CLOCK SKEW", Warn;
}

/// One derived fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which fact.
    pub code: Code,
    /// What exactly: names the token, the bound, the member.
    pub detail: String,
    /// The member it rests on, as a JSON Pointer into the event: `/action/required_scope/0`.
    pub pointer: Option<String>,
    /// The delegation whose terms it rests on, where one hop is to blame.
    pub delegation_id: Option<DelegationId>,
}

impl Finding {
    /// A fact and what it is exactly.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: None, delegation_id: None }
    }

    /// The member it rests on.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The hop that is to blame.
    #[must_use]
    pub fn of(mut self, delegation_id: &DelegationId) -> Self {
        self.delegation_id = Some(delegation_id.clone());
        self
    }
}

/// The answer to "was it authorised?", from the worst finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing found.
    Authorised,
    /// Nothing worse than a warning.
    AuthorisedWithWarnings,
    /// Something bad.
    NotAuthorised,
    /// Nothing bad, but a fact is missing.
    Undetermined,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Authorised, Self::AuthorisedWithWarnings, Self::NotAuthorised, Self::Undetermined];

    /// The verdict that these codes give.
    pub fn of(codes: impl IntoIterator<Item = Code>) -> Self {
        match codes.into_iter().map(Code::level).max() {
            None | Some(Level::Info) => Self::Authorised,
            Some(Level::Warn) => Self::AuthorisedWithWarnings,
            Some(Level::Unknown) => Self::Undetermined,
            Some(Level::Bad) => Self::NotAuthorised,
        }
    }

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::AuthorisedWithWarnings => "authorised_with_warnings",
            Self::NotAuthorised => "not_authorised",
            Self::Undetermined => "undetermined",
        }
    }
}
