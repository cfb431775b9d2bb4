//! Why a token gives no delegation. Messages say what to do; none repeats anything of the token, which is a credential.

use crate::domain::token::{LEEWAY_MS, MAX_CLAIMS_DEPTH, MAX_TOKEN_BYTES};
use crate::tlog::time::Timestamp;

/// Why a token gives no delegation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a signed JWT.
    #[error("the token cannot be read at its {what}: expected a signed JWT of three base64url parts with I-JSON inside")]
    Malformed {
        /// Where.
        what: &'static str,
    },
    /// `none`, a shared secret, or an algorithm that is not known.
    #[error("the token's alg is not accepted: have it signed with EdDSA, ES256, ES384, RS256–RS512 or PS256–PS512")]
    AlgorithmNotAllowed,
    /// No trusted issuer has that `iss`.
    #[error("the token's iss is no trusted issuer: an administrator trusts it first, spelled exactly as in the token")]
    IssuerUnknown,
    /// The issuer has no such key.
    #[error("the issuer has no key of the token's kid for its alg: renew the issuer's key set, or have the token say its kid")]
    KeyUnknown,
    /// The signature does not verify.
    #[error("the token's signature does not verify under its issuer's key: send the token unchanged, as it was issued")]
    SignatureInvalid,
    /// It is for somebody else.
    #[error("the token's aud does not name the audience that is demanded of this issuer: request one for it")]
    AudienceWrong,
    /// `exp` has passed.
    #[error("the token ended at {expired_at} (leeway {} s): obtain a new one", LEEWAY_MS / 1000)]
    Expired {
        /// Its end.
        expired_at: Timestamp,
    },
    /// `nbf` is still to come.
    #[error("the token holds from {not_before} (leeway {} s): send it again then, or check both clocks", LEEWAY_MS / 1000)]
    NotYetValid {
        /// Its beginning.
        not_before: Timestamp,
    },
    /// No `exp`.
    #[error("the token has no exp: a delegation without end is refused")]
    WithoutExpiry,
    /// No human stands behind it.
    #[error("the token names no human: expected a sub that is not the client or actor itself")]
    WithoutSubject,
    /// Nobody to delegate to.
    #[error("the token names no agent: expected act.sub (RFC 8693), or azp or client_id where there is no act")]
    WithoutActor,
    /// Larger than is read.
    #[error("the token has {bytes} bytes; at most {MAX_TOKEN_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Nested deeper than is kept.
    #[error("the token's claims nest deeper than {MAX_CLAIMS_DEPTH}, as long chains of act do: exchange it for one with a shorter history")]
    ActTooDeep,
}

impl TokenError {
    /// The code of the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "token_malformed",
            Self::AlgorithmNotAllowed => "token_algorithm_not_allowed",
            Self::IssuerUnknown => "token_issuer_unknown",
            Self::KeyUnknown => "token_key_unknown",
            Self::SignatureInvalid => "token_signature_invalid",
            Self::AudienceWrong => "token_audience_wrong",
            Self::Expired { .. } => "token_expired",
            Self::NotYetValid { .. } => "token_not_yet_valid",
            Self::WithoutExpiry => "token_without_expiry",
            Self::WithoutSubject => "token_without_subject",
            Self::WithoutActor => "token_without_actor",
            Self::TooLarge { .. } => "token_too_large",
            Self::ActTooDeep => "token_act_too_deep",
        }
    }
}
