//! The questions asked of a `delegation.granted` and a `delegation.revoked`: their members, one by one, into the typed shapes.

use crate::domain::delegation::{
    CallerClass, Consent, Constraint, ConstraintOp, Delegation, Delegator, MAX_CONSTRAINTS, Period, Revocation,
};
use crate::domain::field_error::{FieldCode, quoted, quoted_text};
use crate::domain::fields::Fields;
use crate::domain::ids::{AgentId, DelegationId, PrincipalId};
use crate::domain::limits::{ListKind, TextKind};
use crate::domain::pointer::is_pointer;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// Reads a delegation. `None` where a required member is missing or wrong, which is then noted.
pub(super) fn delegation_from(root: &mut Fields<'_, '_>) -> Option<Delegation> {
    let delegation_id = root.required_text("delegation_id", TextKind::Id).and_then(DelegationId::parse);
    let parent_delegation_id = root.text("parent_delegation_id", TextKind::Id).and_then(DelegationId::parse);
    let delegator = delegator_from(root.group("delegator"));

    let mut delegate = root.group("delegate");
    let agent_id = delegate.required_text("agent_id", TextKind::Id).and_then(AgentId::parse);
    let instance_id = delegate.text("instance_id", TextKind::Id).map(str::to_owned);
    delegate.finish();

    let human_principal_id = root.text("human_principal_id", TextKind::Id).and_then(PrincipalId::parse);
    let scope = scope_from(root);
    let resources = root.texts("resources", ListKind::Resources, TextKind::Resource);
    let authorization_details = authorization_details_from(root);
    let purpose = root.text("purpose", TextKind::Prose).map(str::to_owned);
    let issuer = root.text("issuer", TextKind::Resource).map(str::to_owned);
    let token = root.whole_group("token");
    check_token(root.group("token"));
    let issued_at = root.required_time("issued_at");
    let not_before = root.time("not_before");
    let expires_at = root.required_time("expires_at");
    let max_depth = root.whole_number("max_depth", u64::from(u32::MAX)).and_then(|depth| u32::try_from(depth).ok());
    let constraints = constraints_from(root);
    let accountable_person_id = root.text("accountable_person_id", TextKind::Id).and_then(PrincipalId::parse);
    let consent = consent_from(root.group("consent"));
    root.object("extensions");
    demand_human(root, delegator.as_ref(), parent_delegation_id.is_some());
    if parent_delegation_id.is_some() && parent_delegation_id == delegation_id {
        root.refuse("parent_delegation_id", FieldCode::Cycle, "a delegation cannot be passed on from itself");
    }
    check_order(root, issued_at, not_before, expires_at);
    Some(Delegation {
        delegation_id: delegation_id?,
        parent_delegation_id,
        delegator: delegator?,
        agent_id: agent_id?,
        instance_id,
        human_principal_id,
        scope: scope?,
        resources,
        authorization_details,
        purpose,
        issuer,
        token,
        issued_at: issued_at?,
        not_before,
        expires_at: expires_at?,
        max_depth,
        constraints,
        accountable_person_id,
        consent,
    })
}

/// Without a human at the root there is nothing to walk to, unless a service gave the root; of a child the root cannot be seen
/// from here.
fn demand_human(root: &mut Fields<'_, '_>, delegator: Option<&Delegator>, is_child: bool) {
    let is_optional = match delegator.map(|delegator| delegator.kind) {
        Some(CallerClass::Service) | None => true,
        Some(CallerClass::Agent) => is_child,
        Some(CallerClass::Human) => false,
    };
    if !is_optional {
        root.demand("human_principal_id", "this member is missing: the human at the root, unless a service gave the root");
    }
}

fn check_order(root: &mut Fields<'_, '_>, issued_at: Option<Timestamp>, not_before: Option<Timestamp>, expires_at: Option<Timestamp>) {
    let begins = [("issued_at", issued_at), ("not_before", not_before)];
    let last = begins.into_iter().filter_map(|(name, time)| Some((time?, name))).max();
    if let (Some((begin, name)), Some(end)) = (last, expires_at)
        && end <= begin
    {
        let message = format!("{end} is not after {name} ({begin}): the delegation would never hold");
        root.refuse_within("expires_at", FieldCode::OutOfRange, message, format!("after {begin}"));
    }
}

/// Reads a revocation; without `revoked_at` it holds from when it happened.
pub(super) fn revocation_from(root: &mut Fields<'_, '_>) -> Option<Revocation> {
    let delegation_id = root.required_text("delegation_id", TextKind::Id).and_then(DelegationId::parse);
    let revoked_at = revoked_at(root);
    let reason = root.text("reason", TextKind::Prose).map(str::to_owned);
    let cascade = root.flag("cascade").unwrap_or(true);
    root.object("extensions");
    Some(Revocation { delegation_id: delegation_id?, revoked_at: revoked_at?, reason, cascade })
}

fn revoked_at(root: &mut Fields<'_, '_>) -> Option<Timestamp> {
    if root.value("revoked_at").is_some() { root.time("revoked_at") } else { root.required_time("occurred_at") }
}

fn delegator_from(mut delegator: Fields<'_, '_>) -> Option<Delegator> {
    let kind = delegator.required_choice("kind", &CallerClass::ALL, CallerClass::as_str);
    let id = delegator.required_text("id", TextKind::Id).map(str::to_owned);
    delegator.finish();
    Some(Delegator { kind: kind?, id: id? })
}

/// It may be empty, but must be stated: an absent scope is not "none".
fn scope_from(root: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    if root.value("scope").is_none() {
        root.refuse("scope", FieldCode::Required, "this member is missing: the list of scope tokens; [] if there are none");
    }
    root.texts("scope", ListKind::Scope, TextKind::ScopeToken)
}

fn authorization_details_from(root: &mut Fields<'_, '_>) -> Option<Value> {
    let items = root.list("authorization_details", ListKind::AuthorizationDetails)?;
    for (position, item) in items.iter().enumerate() {
        let name = format!("authorization_details/{position}");
        match (item, item.member("type")) {
            (Value::Object(_), Some(Value::String(_))) => {}
            (Value::Object(_), Some(other)) => root.wrong_type(&format!("{name}/type"), other, "a text"),
            (Value::Object(_), None) => {
                root.refuse(&format!("{name}/type"), FieldCode::Required, "this member is missing: RFC 9396 demands it");
            }
            (other, _) => root.wrong_type(&name, other, "an object"),
        }
    }
    root.value("authorization_details").cloned()
}

fn check_token(mut token: Fields<'_, '_>) {
    token.text("jti", TextKind::Resource);
    token.text("iss", TextKind::Resource);
    token.text("sub", TextKind::Id);
    token.object("act");
    token.object("cnf");
    token.object("claims");
    token.hash("sha256");
    token.object("key");
    token.text("alg", TextKind::Id);
    token.finish();
}

fn constraints_from(root: &mut Fields<'_, '_>) -> Vec<Constraint> {
    let items = root.list("constraints", ListKind::Constraints).unwrap_or_default();
    let mut constraints = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        constraints.extend(constraint_from(root.element("constraints", position, item)));
    }
    constraints
}

fn constraint_from(mut element: Fields<'_, '_>) -> Option<Constraint> {
    let argument = element.required_text("argument", TextKind::Resource);
    if let Some(text) = argument.filter(|text| !is_pointer(text)) {
        let message = format!("{} is no JSON Pointer into the arguments: expected one such as \"/amount_cents\"", quoted_text(text));
        element.refuse("argument", FieldCode::Malformed, message);
    }
    let op = element.required_choice("op", &ConstraintOp::ALL, ConstraintOp::as_str);
    let value = element.given("value");
    if value.is_none() {
        element.refuse("value", FieldCode::Required, "this member is missing: what the argument is compared with");
    }
    let per = element.choice("per", &Period::ALL, Period::as_str);
    if let (Some(op), Some(value)) = (op, value) {
        check_operand(&mut element, op, value, per);
    }
    element.finish();
    Some(Constraint { argument: argument?.to_owned(), op: op?, value: value?.clone(), per })
}

fn check_operand(element: &mut Fields<'_, '_>, op: ConstraintOp, value: &Value, per: Option<Period>) {
    match (op, value) {
        (ConstraintOp::Equal, _) | (ConstraintOp::AtMost, Value::Number(_)) | (ConstraintOp::Prefix, Value::String(_)) => {}
        (ConstraintOp::In, Value::Array(items)) if items.len() <= MAX_CONSTRAINTS => {}
        (ConstraintOp::In, Value::Array(_)) => {
            let message = format!("{}; at most {MAX_CONSTRAINTS} are kept", quoted(value));
            element.refuse("value", FieldCode::ConstraintsTooMany, message);
        }
        (ConstraintOp::AtMost, other) => element.wrong_type("value", other, "a number, as op is \"<=\""),
        (ConstraintOp::Prefix, other) => element.wrong_type("value", other, "a text, as op is \"prefix\""),
        (ConstraintOp::In, other) => element.wrong_type("value", other, "a list, as op is \"in\""),
    }
    if op != ConstraintOp::AtMost && per.is_some_and(|per| per != Period::Action) {
        element.refuse("per", FieldCode::NotAllowed, "only \"<=\" can be summed over a period");
    }
}

fn consent_from(mut consent: Fields<'_, '_>) -> Option<Consent> {
    let read = Consent {
        model_version: consent.text("model_version", TextKind::Id).map(str::to_owned),
        prompt_id: consent.text("prompt_id", TextKind::Id).map(str::to_owned),
        policy_version: consent.text("policy_version", TextKind::Id).map(str::to_owned),
        tools: consent.texts("tools", ListKind::Tools, TextKind::Id),
    };
    consent.finish();
    (read != Consent::default()).then_some(read)
}
