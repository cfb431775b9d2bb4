//! Who calls and what they may do: classes, permissions, patterns, and for whom a caller may speak. How a secret is checked is
//! the service's business; nothing here has seen a clock or a file.

use std::fmt;

use crate::domain::delegation::CallerClass;
use crate::domain::ids::{AgentId, CredentialId, PrincipalId, Source};
use crate::domain::person::HumanSession;

/// Longest pattern of `reports_for` or `grants_for`, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;
/// Longest secret of a bearer token, in characters.
const MAX_SECRET_CHARACTERS: usize = 128;
/// Shortest secret of a bearer token, in characters: 128 bits of base64url.
const MIN_SECRET_CHARACTERS: usize = 22;

/// What a credential may be used for. Fixed when it is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Report actions.
    EventsWrite,
    /// Grant and revoke delegations.
    DelegationsWrite,
    /// Read entries, walks, searches: as far as the caller may see.
    LedgerRead,
    /// Read contents.
    PayloadRead,
    /// Make evidence bundles.
    ExportsCreate,
    /// Ask a human.
    ConfirmationsRequest,
    /// Redeem a human's approval.
    ConfirmationsRedeem,
    /// Issue, rotate and revoke credentials.
    CredentialsManage,
    /// Adopt policies and catalogues.
    PolicyManage,
    /// Read the program's own figures.
    MetricsRead,
}

impl Permission {
    /// All of them, in the order pages show them.
    pub const ALL: [Self; 10] = [
        Self::EventsWrite,
        Self::DelegationsWrite,
        Self::LedgerRead,
        Self::PayloadRead,
        Self::ExportsCreate,
        Self::ConfirmationsRequest,
        Self::ConfirmationsRedeem,
        Self::CredentialsManage,
        Self::PolicyManage,
        Self::MetricsRead,
    ];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::DelegationsWrite => "delegations:write",
            Self::LedgerRead => "ledger:read",
            Self::PayloadRead => "payload:read",
            Self::ExportsCreate => "exports:create",
            Self::ConfirmationsRequest => "confirmations:request",
            Self::ConfirmationsRedeem => "confirmations:redeem",
            Self::CredentialsManage => "credentials:manage",
            Self::PolicyManage => "policy:manage",
            Self::MetricsRead => "metrics:read",
        }
    }

    /// From the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Some permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u16);

impl PermissionSet {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Every one: the admin token of `onus init`.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Whether it is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, p| bits | p.bit()))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

/// Names somebody may speak for: one exact name, or all that begin so (`agent:billing-*`, `*`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamePattern(String);

impl NamePattern {
    /// From its text: 1 to [`MAX_PATTERN_BYTES`] bytes, a `*` at the end only.
    pub fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix('*').unwrap_or(text);
        (!text.is_empty() && text.len() <= MAX_PATTERN_BYTES && !stem.contains('*')).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name` is one of those meant.
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(stem) => name.starts_with(stem),
            None => name == self.0,
        }
    }
}

/// The credential's view of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All entries.
    Everything,
    /// What is in this person's own name.
    Person(PrincipalId),
    /// What this agent reported, and the delegations given to it.
    Agent(AgentId),
    /// Nothing: an agent's credential that names no agent.
    Nothing,
}

/// Why a caller may not say what it says. The wire's codes of the same names stand in the table of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEntitled {
    /// An agent reports as another agent.
    AgentIdNotYours,
    /// An agent passes on a delegation that was given to someone else.
    NotTheDelegate,
    /// A service speaks for a name outside its patterns.
    ReportsForExceeded,
    /// An agent gives a delegation that hangs below none.
    RootDelegationByAgent,
    /// A person speaks in another person's name.
    NotYourOwnName,
}

/// Who calls: made by authentication alone, from the credential, never from what the request claims.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The credential, or the session of a human.
    pub credential_id: CredentialId,
    /// Fixed at issuance.
    pub class: CallerClass,
    /// Whose reports these are.
    pub source: Source,
    /// The agent itself, for class agent.
    pub agent_id: Option<AgentId>,
    /// What it may do.
    pub permissions: PermissionSet,
    /// Agents a service may report for.
    pub reports_for: Vec<NamePattern>,
    /// Humans a service may create root delegations for.
    pub grants_for: Vec<NamePattern>,
    /// The session, for class human.
    pub human: Option<HumanSession>,
}

impl Caller {
    /// The person behind a session.
    pub fn of_session(session: HumanSession) -> Self {
        Self {
            credential_id: session.session_id.clone(),
            class: CallerClass::Human,
            source: Source::parse(session.principal_id.as_str()).expect("ids and sources have the same bounds"),
            agent_id: None,
            permissions: session.permissions(),
            reports_for: Vec::new(),
            grants_for: Vec::new(),
            human: Some(session),
        }
    }

    /// What this caller may look at.
    pub fn sight(&self) -> Sight {
        match (self.class, &self.human, &self.agent_id) {
            (CallerClass::Service, ..) => Sight::Everything,
            (CallerClass::Human, Some(session), _) if session.sees_everything() => Sight::Everything,
            (CallerClass::Human, Some(session), _) => Sight::Person(session.principal_id.clone()),
            (CallerClass::Agent, _, Some(agent)) => Sight::Agent(agent.clone()),
            (CallerClass::Human | CallerClass::Agent, ..) => Sight::Nothing,
        }
    }

    /// May it report what `agent` did?
    pub fn check_reports_for(&self, agent: &AgentId) -> Result<(), NotEntitled> {
        match self.class {
            CallerClass::Agent if self.agent_id.as_ref() == Some(agent) => Ok(()),
            CallerClass::Agent => Err(NotEntitled::AgentIdNotYours),
            CallerClass::Service if self.reports_for.iter().any(|p| p.matches(agent.as_str())) => Ok(()),
            CallerClass::Service => Err(NotEntitled::ReportsForExceeded),
            CallerClass::Human => Err(NotEntitled::NotYourOwnName),
        }
    }

    /// May it create a root delegation from `human`?
    pub fn check_grants_for(&self, human: &PrincipalId) -> Result<(), NotEntitled> {
        match self.class {
            CallerClass::Agent => Err(NotEntitled::RootDelegationByAgent),
            CallerClass::Service if self.grants_for.iter().any(|p| p.matches(human.as_str())) => Ok(()),
            CallerClass::Service => Err(NotEntitled::ReportsForExceeded),
            CallerClass::Human if self.human.as_ref().is_some_and(|s| &s.principal_id == human) => Ok(()),
            CallerClass::Human => Err(NotEntitled::NotYourOwnName),
        }
    }

    /// May it pass on a delegation that was given to `delegate`?
    pub fn check_passes_on(&self, delegate: &AgentId) -> Result<(), NotEntitled> {
        match self.class {
            CallerClass::Agent if self.agent_id.as_ref() == Some(delegate) => Ok(()),
            CallerClass::Agent => Err(NotEntitled::NotTheDelegate),
            CallerClass::Service | CallerClass::Human => self.check_reports_for(delegate),
        }
    }
}

/// A secret in plain text. It prints its type's name and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    /// Takes a text for a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text: for the one answer that hands it over, and for the hash that checks it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken")
    }
}

/// What a caller presents: `onus_<class>_<id>_<secret>`, taken apart and not yet believed.
#[derive(Clone, Debug)]
pub struct PresentedToken {
    /// What the token says of itself; the issued credential decides.
    pub class: CallerClass,
    /// Which credential.
    pub id: CredentialId,
    /// The proof.
    pub secret: PlainToken,
}

impl PresentedToken {
    /// From `onus_<class>_<id>_<secret>`: the id has letters, digits and `-`; the secret is base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("onus_")?.splitn(3, '_');
        let (class, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let is_id = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        let is_secret = |c: u8| is_id(c) || c == b'_';
        let fits = !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(is_id)
            && (MIN_SECRET_CHARACTERS..=MAX_SECRET_CHARACTERS).contains(&secret.len())
            && secret.bytes().all(is_secret);
        fits.then_some(())?;
        Some(Self { class: CallerClass::parse(class)?, id: CredentialId::parse(id)?, secret: PlainToken::new(secret.to_owned()) })
    }
}

/// Why a presented token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAuthenticated {
    /// No such credential, or another secret: the two are not told apart.
    Unknown,
    /// Past its end.
    Expired,
    /// Revoked.
    Revoked,
    /// The credentials cannot be read just now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_apart_at_the_first_three_underscores() {
        let secret = "a_b-cdefghijklmnopqrstuvwxyz0123456789ABCDE";
        let token = PresentedToken::parse(&format!("onus_agent_0190-x_{secret}")).unwrap();
        assert_eq!((token.class, token.id.as_str(), token.secret.reveal()), (CallerClass::Agent, "0190-x", secret));
        assert!(!format!("{token:?}").contains(secret));
        for other in [
            format!("onus_robot_x_{secret}"),
            format!("onus_agent__{secret}"),
            "onus_agent_x_short".to_owned(),
            format!("onus_agent_x_{secret} "),
            format!("Onus_agent_x_{secret}"),
            format!("onus_agent_x_{}", "a".repeat(129)),
        ] {
            assert!(PresentedToken::parse(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_pattern_ends_in_a_star_or_is_exact() {
        for (pattern, name, expected) in [
            ("*", "anything", true),
            ("agent:b*", "agent:billing", true),
            ("agent:b*", "agent:desk", false),
            ("agent:b", "agent:bb", false),
        ] {
            assert_eq!(NamePattern::parse(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        assert_eq!(NamePattern::parse("a*b"), None);
        assert_eq!(NamePattern::parse(""), None);
    }

    #[test]
    fn permissions_are_read_back_as_they_were_written() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
            let only: PermissionSet = [permission].into_iter().collect();
            assert_eq!(only.iter().collect::<Vec<_>>(), [permission]);
        }
        assert_eq!(PermissionSet::all().iter().count(), Permission::ALL.len());
    }

    #[test]
    fn each_class_speaks_for_its_own() {
        let agent = |id: &str| AgentId::parse(id).unwrap();
        let mut caller = Caller {
            credential_id: CredentialId::parse("c1").unwrap(),
            class: CallerClass::Agent,
            source: Source::parse("desk").unwrap(),
            agent_id: Some(agent("agent:desk")),
            permissions: PermissionSet::all(),
            reports_for: vec![NamePattern::parse("agent:*").unwrap()],
            grants_for: vec![],
            human: None,
        };
        let ana = PrincipalId::parse("user:ana").unwrap();
        assert_eq!(caller.check_reports_for(&agent("agent:desk")), Ok(()));
        assert_eq!(caller.check_reports_for(&agent("agent:other")), Err(NotEntitled::AgentIdNotYours));
        assert_eq!(caller.check_passes_on(&agent("agent:other")), Err(NotEntitled::NotTheDelegate));
        assert_eq!(caller.check_grants_for(&ana), Err(NotEntitled::RootDelegationByAgent));
        assert_eq!(caller.sight(), Sight::Agent(agent("agent:desk")));
        caller.class = CallerClass::Service;
        assert_eq!(caller.check_reports_for(&agent("agent:other")), Ok(()));
        assert_eq!(caller.check_reports_for(&agent("robot")), Err(NotEntitled::ReportsForExceeded));
        assert_eq!(caller.check_grants_for(&ana), Err(NotEntitled::ReportsForExceeded));
        assert_eq!(caller.sight(), Sight::Everything);
    }
}
