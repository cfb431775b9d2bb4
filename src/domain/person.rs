//! People as the ledger's users: their roles and what those allow. How they sign in is the service's business.

use crate::domain::credential::{Permission, PermissionSet, PlainToken};
use crate::domain::ids::{CredentialId, PrincipalId};
use crate::tlog::time::Timestamp;

/// What a person does here. A person without any still sees and revokes what is in her own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reads all, exports, verifies.
    Auditor,
    /// Decides confirmations where a rule names her role.
    Approver,
    /// Sources, limits, revoking, backups; no payload content.
    Operator,
    /// People, roles, credentials, policy.
    Admin,
}

impl Role {
    /// All of them, in the order pages show them.
    pub const ALL: [Self; 4] = [Self::Auditor, Self::Approver, Self::Operator, Self::Admin];

    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// From the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }

    /// What the role allows beyond what everyone may.
    fn permissions(self) -> PermissionSet {
        let permissions: &[Permission] = match self {
            Self::Auditor => &[Permission::ExportsCreate],
            Self::Approver => &[],
            Self::Operator => &[Permission::MetricsRead],
            Self::Admin => &[Permission::CredentialsManage, Permission::PolicyManage, Permission::MetricsRead],
        };
        permissions.iter().copied().collect()
    }
}

/// A signed-in person. Only `service::sessions` makes one.
#[derive(Clone, Debug)]
pub struct HumanSession {
    /// Names the session without opening it.
    pub session_id: CredentialId,
    /// Who.
    pub principal_id: PrincipalId,
    /// How pages call her.
    pub name: String,
    /// What she does here.
    pub roles: Vec<Role>,
    /// What her own pages send along, and no other site can.
    pub csrf: PlainToken,
    /// When she has to sign in again.
    pub expires_at: Timestamp,
}

impl HumanSession {
    /// Whether she has that role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether she sees more than what is in her own name.
    pub fn sees_everything(&self) -> bool {
        self.roles.iter().any(|r| matches!(r, Role::Auditor | Role::Operator | Role::Admin))
    }

    /// What she may do: what everyone may in her own name, and what her roles add.
    pub fn permissions(&self) -> PermissionSet {
        let everyone = [Permission::LedgerRead, Permission::DelegationsWrite, Permission::EventsWrite].into_iter().collect();
        self.roles.iter().fold(everyone, |all: PermissionSet, role| all.union(role.permissions()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_without_a_role_sees_her_own_and_an_auditor_all() {
        let session = |roles: &[Role]| HumanSession {
            session_id: CredentialId::parse("session-1").unwrap(),
            principal_id: PrincipalId::parse("user:ana").unwrap(),
            name: "Ana".into(),
            roles: roles.to_vec(),
            csrf: PlainToken::new("x".into()),
            expires_at: Timestamp::from_micros(0).unwrap(),
        };
        assert!(!session(&[]).sees_everything());
        assert!(!session(&[Role::Approver]).sees_everything());
        assert!(session(&[Role::Auditor]).sees_everything());
        assert!(session(&[]).permissions().contains(Permission::DelegationsWrite));
        assert!(!session(&[]).permissions().contains(Permission::CredentialsManage));
        assert!(session(&[Role::Auditor]).permissions().contains(Permission::ExportsCreate));
        for role in Role::ALL {
            assert!(!session(&[role]).permissions().contains(Permission::PayloadRead), "contents need more than a role");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }
}
