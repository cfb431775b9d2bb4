//! `/report` as a value: what the ledger writes about the reporter, and what it reads back.

use crate::domain::delegation::{CallerClass, Evidence};
use crate::domain::event::{Auth, Report};
use crate::domain::ids::{AgentId, CredentialId, Source};
use crate::tlog::json::Value;

/// The value of the member `/report`.
pub fn report_value(report: &Report) -> Value {
    let mut members: Vec<(&str, Value)> = vec![
        ("source", report.source.as_str().into()),
        ("credential_id", report.credential_id.as_str().into()),
        ("caller_class", report.caller_class.as_str().into()),
        ("auth", report.auth.as_str().into()),
        ("request_id", report.request_id.as_str().into()),
    ];
    if let Some(evidence) = report.evidence {
        members.push(("evidence", evidence.as_str().into()));
    }
    if let Some(claim) = &report.agent_id_claim {
        members.push(("agent_id_claim", claim.as_str().into()));
    }
    if !report.filled.is_empty() {
        members.push(("filled", report.filled.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>().into()));
    }
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The report that a member `/report` holds, if it is one.
pub fn read_report(value: &Value) -> Option<Report> {
    let text = |name: &str| value.member(name).and_then(Value::as_str);
    let filled = match value.member("filled") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    Some(Report {
        source: Source::parse(text("source")?)?,
        credential_id: CredentialId::parse(text("credential_id")?)?,
        caller_class: CallerClass::parse(text("caller_class")?)?,
        auth: Auth::parse(text("auth")?)?,
        evidence: match text("evidence") {
            Some(word) => Some(Evidence::parse(word)?),
            None => None,
        },
        agent_id_claim: match text("agent_id_claim") {
            Some(id) => Some(AgentId::parse(id)?),
            None => None,
        },
        request_id: text("request_id")?.to_owned(),
        filled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let full = Report {
            source: Source::parse("billing").unwrap(),
            credential_id: CredentialId::parse("crd-1").unwrap(),
            caller_class: CallerClass::Service,
            auth: Auth::Bearer,
            evidence: Some(Evidence::Token),
            agent_id_claim: AgentId::parse("agent:refunds"),
            request_id: "req_1".to_owned(),
            filled: vec!["/delegation_id".to_owned()],
        };
        let bare = Report { evidence: None, agent_id_claim: None, filled: Vec::new(), auth: Auth::Session, ..full.clone() };
        for report in [full, bare] {
            assert_eq!(read_report(&report_value(&report)), Some(report));
        }
        assert_eq!(read_report(&Value::object([("source", "billing".into())])), None);
    }
}
