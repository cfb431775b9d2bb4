//! What JSON, tokens and credentials are refused for, as problems. Every match is exhaustive, so that a new refusal below does
//! not compile until it has a code. What the use cases refuse is `api`'s business.

use crate::domain::credential::{NotAuthenticated, NotEntitled};
use crate::domain::token_error::TokenError;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::store::connection::StoreError;
use crate::tlog::json::JsonError;

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        let (code, line, column) = match &error {
            JsonError::Malformed { line, column, .. } => (Code::MalformedJson, *line, *column),
            JsonError::DuplicateName { line, column, .. } => (Code::DuplicateMember, *line, *column),
            JsonError::ReservedName { line, column, .. } => (Code::ReservedName, *line, *column),
            JsonError::TooDeep { line, column } => (Code::TooDeep, *line, *column),
            JsonError::NumberNotExact { line, column, .. } => (Code::NumberNotExact, *line, *column),
        };
        Self::new(code, error.to_string()).with_member("line", line.into()).with_member("column", column.into())
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        Self::failed(Code::LedgerUnavailable, &e)
    }
}

impl From<&TokenError> for Code {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Malformed { .. } => Self::TokenMalformed,
            TokenError::AlgorithmNotAllowed => Self::TokenAlgorithmNotAllowed,
            TokenError::IssuerUnknown => Self::TokenIssuerUnknown,
            TokenError::KeyUnknown => Self::TokenKeyUnknown,
            TokenError::SignatureInvalid => Self::TokenSignatureInvalid,
            TokenError::AudienceWrong => Self::TokenAudienceWrong,
            TokenError::Expired { .. } => Self::TokenExpired,
            TokenError::NotYetValid { .. } => Self::TokenNotYetValid,
            TokenError::WithoutExpiry => Self::TokenWithoutExpiry,
            TokenError::WithoutSubject => Self::TokenWithoutSubject,
            TokenError::WithoutActor => Self::TokenWithoutActor,
            TokenError::TooLarge { .. } => Self::TokenTooLarge,
            TokenError::ActTooDeep => Self::TokenActTooDeep,
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::new(Code::from(&error), error.to_string())
    }
}

impl From<NotAuthenticated> for Problem {
    fn from(refusal: NotAuthenticated) -> Self {
        match refusal {
            NotAuthenticated::Unknown => Self::new(Code::Unauthenticated, "the token is not one of this ledger"),
            NotAuthenticated::Expired => Self::of(Code::CredentialExpired),
            NotAuthenticated::Revoked => Self::of(Code::CredentialRevoked),
            NotAuthenticated::Unavailable => Self::of(Code::LedgerUnavailable),
        }
    }
}

impl From<NotEntitled> for Code {
    fn from(refusal: NotEntitled) -> Self {
        match refusal {
            NotEntitled::AgentIdNotYours => Self::AgentIdNotYours,
            NotEntitled::NotTheDelegate => Self::NotTheDelegate,
            NotEntitled::ReportsForExceeded => Self::ReportsForExceeded,
            NotEntitled::RootDelegationByAgent => Self::RootDelegationByAgent,
            NotEntitled::NotYourOwnName => Self::NotYourOwnName,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::json::Value;
    use crate::tlog::time::Timestamp;

    #[test]
    fn json_is_refused_with_its_place() {
        let refused = |text: &str| Problem::from(Value::parse(text.as_bytes()).unwrap_err());
        let problem = refused("{\"a\":1,\n\"a\":2}");
        assert_eq!(problem.code(), Code::DuplicateMember);
        assert_eq!(problem.to_json("", "")["line"], 2);
        for (text, code) in [
            ("{", Code::MalformedJson),
            (r#"{"_sd":1}"#, Code::ReservedName),
            ("9007199254740993", Code::NumberNotExact),
            (&"[".repeat(100), Code::TooDeep),
        ] {
            assert_eq!(refused(text).code(), code, "{text}");
        }
    }

    #[test]
    fn a_token_is_refused_with_the_word_the_domain_gives() {
        let now = Timestamp::from_micros(0).unwrap();
        for error in [
            TokenError::Malformed { what: "header" },
            TokenError::AlgorithmNotAllowed,
            TokenError::IssuerUnknown,
            TokenError::KeyUnknown,
            TokenError::SignatureInvalid,
            TokenError::AudienceWrong,
            TokenError::Expired { expired_at: now },
            TokenError::NotYetValid { not_before: now },
            TokenError::WithoutExpiry,
            TokenError::WithoutSubject,
            TokenError::WithoutActor,
            TokenError::TooLarge { bytes: 1 },
            TokenError::ActTooDeep,
        ] {
            assert_eq!(Code::from(&error).as_str(), error.code());
        }
    }
}
