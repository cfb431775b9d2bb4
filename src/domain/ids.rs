//! The names things go by. Each is its own type, so that an agent's id cannot stand where a person's belongs.

use std::fmt;
use std::sync::Arc;

/// Longest id or version, in bytes.
pub const MAX_ID_BYTES: usize = 256;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// An id of 1 to [`MAX_ID_BYTES`] bytes.
            pub fn parse(text: &str) -> Option<Self> {
                (!text.is_empty() && text.len() <= MAX_ID_BYTES).then(|| Self(text.into()))
            }

            /// As it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_id!(
    /// A delegation: authority passed to an agent.
    DelegationId
);
text_id!(
    /// Something done or tried.
    ActionId
);
text_id!(
    /// A source's own name for an event; with the source, unique for ever.
    EventId
);
text_id!(
    /// An agent.
    AgentId
);
text_id!(
    /// A human, in the namespace of the source or issuer that named her.
    PrincipalId
);
text_id!(
    /// Who reports: the owner of the credential. It survives rotation.
    Source
);
text_id!(
    /// A credential; never its secret.
    CredentialId
);
