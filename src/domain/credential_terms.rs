//! What a credential shall be allowed, as it is asked for. Who may ask, and the secret, are not this file's business.

use crate::domain::credential::{MAX_PATTERN_BYTES, NamePattern, Permission, PermissionSet};
use crate::domain::delegation::CallerClass;
use crate::domain::field_error::{FieldCode, FieldError, FieldErrors};
use crate::domain::fields::Fields;
use crate::domain::ids::{AgentId, Source};
use crate::domain::limits::{ListKind, TextKind};
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// The source of what the ledger itself reports; no credential may own it.
pub const LEDGER_SOURCE: &str = "onus";

/// What a credential shall be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialTerms {
    /// For people to tell it apart.
    pub name: String,
    /// Fixed for ever.
    pub class: CallerClass,
    /// What it may do.
    pub permissions: PermissionSet,
    /// The agent itself, for class agent.
    pub agent_id: Option<AgentId>,
    /// Agents a service may report for.
    pub reports_for: Vec<String>,
    /// Humans a service may create root delegations for.
    pub grants_for: Vec<String>,
    /// The source of its reports; by default the agent, else the name.
    pub owner: Option<Source>,
    /// Its end.
    pub expires_at: Option<Timestamp>,
}

impl CredentialTerms {
    /// Whose reports these will be.
    pub fn source(&self) -> Source {
        let agent = self.agent_id.as_ref().and_then(|a| Source::parse(a.as_str()));
        self.owner.clone().or(agent).or_else(|| Source::parse(&self.name)).expect("a name is never empty")
    }
}

/// Reads what is asked for. Everything wrong is reported at once.
pub fn terms_from(body: &Value, now: Timestamp) -> Result<CredentialTerms, Vec<FieldError>> {
    let Value::Object(members) = body else {
        return Err(vec![FieldError::new("", FieldCode::WrongType, "expected an object")]);
    };
    let mut errors = FieldErrors::default();
    let terms = read(members, now, &mut errors);
    match terms {
        Some(terms) if errors.is_empty() => Ok(terms),
        _ => Err(errors.into_vec()),
    }
}

fn read(members: &[(String, Value)], now: Timestamp, errors: &mut FieldErrors) -> Option<CredentialTerms> {
    let mut fields = Fields::of_object(members, errors);
    let name = fields.required_text("name", TextKind::Id).map(str::to_owned);
    let class = fields.required_choice("class", &[CallerClass::Agent, CallerClass::Service], CallerClass::as_str);
    let permissions = permissions(&mut fields);
    let agent_id = fields.text("agent_id", TextKind::Id).and_then(AgentId::parse);
    match (class, &agent_id) {
        (Some(CallerClass::Agent), None) => fields.demand("agent_id", "this member is missing: an agent's credential names its agent"),
        (Some(CallerClass::Service), Some(_)) => {
            fields.refuse("agent_id", FieldCode::NotAllowed, "a service names the agents it reports for in reports_for");
        }
        _ => {}
    }
    let reports_for = patterns(&mut fields, "reports_for", class);
    let grants_for = patterns(&mut fields, "grants_for", class);
    let owner = fields.text("owner", TextKind::Id).and_then(Source::parse);
    let expires_at = fields.time("expires_at");
    if expires_at.is_some_and(|end| end <= now) {
        fields.refuse("expires_at", FieldCode::OutOfRange, "this time is past: the credential would never be valid");
    }
    let names_ledger =
        owner.as_ref().map(Source::as_str).or(agent_id.as_ref().map(AgentId::as_str)).or(name.as_deref()) == Some(LEDGER_SOURCE);
    if names_ledger {
        fields.refuse("owner", FieldCode::NotAllowed, "the ledger itself reports under this name");
    }
    fields.finish();
    Some(CredentialTerms { name: name?, class: class?, permissions, agent_id, reports_for, grants_for, owner, expires_at })
}

fn permissions(fields: &mut Fields<'_, '_>) -> PermissionSet {
    let Some(texts) = fields.texts("permissions", ListKind::Scope, TextKind::Id) else {
        fields.demand("permissions", "this member is missing: a list of what the credential may do");
        return PermissionSet::NONE;
    };
    let allowed: Vec<&str> = Permission::ALL.iter().map(|p| p.as_str()).collect();
    let mut set = PermissionSet::NONE;
    for text in texts {
        match Permission::parse(&text) {
            Some(permission) => set = set.union([permission].into_iter().collect()),
            None => fields.refuse("permissions", FieldCode::NotAllowed, format!("{text:?} is none of {}", allowed.join(", "))),
        }
    }
    set
}

fn patterns(fields: &mut Fields<'_, '_>, name: &'static str, class: Option<CallerClass>) -> Vec<String> {
    let texts = fields.texts(name, ListKind::Scope, TextKind::Id).unwrap_or_default();
    if class == Some(CallerClass::Agent) && !texts.is_empty() {
        fields.refuse(name, FieldCode::NotAllowed, "an agent speaks for itself alone");
    }
    if let Some(bad) = texts.iter().find(|t| NamePattern::parse(t).is_none()) {
        let message = format!("{bad:?} is no pattern: a name of at most {MAX_PATTERN_BYTES} bytes, with a `*` at its end or nowhere");
        fields.refuse(name, FieldCode::Malformed, message);
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused_at(body: &str) -> Vec<String> {
        let now = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        match terms_from(&Value::parse(body.as_bytes()).unwrap(), now) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|e| format!("{} {}", e.path, e.code.as_str())).collect(),
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let good = r#"{"name":"billing","class":"service","permissions":["events:write"],"reports_for":["agent:billing-*"],"expires_at":"2027-01-01T00:00:00Z"}"#;
        assert_eq!(refused_at(good), Vec::<String>::new());
        assert_eq!(refused_at(r#"{"name":"a","class":"agent","permissions":["events:write"],"agent_id":"agent:a"}"#), Vec::<String>::new());
        let bad = r#"{"class":"human","permissions":["root"],"reports_for":["a*b"],"expires_at":"2020-01-01T00:00:00Z","nmae":"x"}"#;
        let refused = refused_at(bad);
        for expected in [
            "/name required",
            "/class not_allowed",
            "/permissions not_allowed",
            "/reports_for malformed",
            "/expires_at out_of_range",
            "/nmae unknown_member",
        ] {
            assert!(refused.iter().any(|r| r == expected), "{expected} is not in {refused:?}");
        }
        assert_eq!(
            refused_at(r#"{"name":"a","class":"agent","permissions":[],"reports_for":["*"]}"#),
            ["/agent_id required", "/reports_for not_allowed"]
        );
        assert_eq!(refused_at(r#"{"name":"onus","class":"service","permissions":[]}"#), ["/owner not_allowed"]);
    }
}
