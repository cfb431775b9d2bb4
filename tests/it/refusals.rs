//! Every limit and every code: one change to a good event, and what is said of it.

use onus::domain::field_error::{FieldCode as C, FieldError, MAX_FIELD_ERRORS};
use onus::domain::ids::DelegationId;
use onus::domain::parse::{EventRefusal, ParseContext, TokenOrigin, parse_event_text};
use serde_json::{Value, json};

use crate::events::{action, delegation, held, parse, revocation};

/// Sets what a JSON Pointer names, making the member if it is not there.
fn set(event: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
}

fn text(bytes: usize) -> Value {
    Value::from("x".repeat(bytes))
}

fn list(count: usize, element: Value) -> Value {
    Value::Array(vec![element; count])
}

#[track_caller]
fn refused(good: fn() -> Value, pointer: &str, value: Value) -> Vec<FieldError> {
    let mut event = good();
    let shown: String = value.to_string().chars().take(60).collect();
    set(&mut event, pointer, value);
    match parse(&event, None) {
        Ok(event) => panic!("{pointer} = {shown} was accepted: {event:?}"),
        Err(errors) => errors,
    }
}

#[track_caller]
fn check(good: fn() -> Value, cases: Vec<(&str, Value, &str, C)>) {
    for (pointer, value, path, code) in cases {
        let shown: String = value.to_string().chars().take(60).collect();
        let errors = refused(good, pointer, value);
        let found: Vec<(&str, C)> = errors.iter().map(|error| (error.path.as_str(), error.code)).collect();
        assert_eq!(found, [(path, code)], "{pointer} = {shown}: {errors:?}");
        assert!(!errors[0].message.is_empty() && errors[0].message.chars().count() < 300, "{errors:?}");
    }
}

#[test]
fn each_fault_of_an_action_has_its_place_and_code() {
    let hash = "a".repeat(64);
    check(
        action,
        vec![
            ("/type", json!("action.recordd"), "/type", C::NotAllowed),
            ("/type", json!(null), "/type", C::Required),
            ("/type", json!(7), "/type", C::WrongType),
            ("/event_id", json!(null), "/event_id", C::Required),
            ("/event_id", json!({}), "/event_id", C::Required),
            ("/event_id", json!(""), "/event_id", C::Empty),
            ("/event_id", json!(["e"]), "/event_id", C::WrongType),
            ("/event_id", text(257), "/event_id", C::IdTooLong),
            ("/occurred_at", json!("2026-11-22T10:00:00"), "/occurred_at", C::TimeWithoutZone),
            ("/occurred_at", json!("22.11.2026"), "/occurred_at", C::NotATime),
            ("/occurred_at", json!("2026-02-30T10:00:00Z"), "/occurred_at", C::NotATime),
            ("/occurred_at", text(100_000), "/occurred_at", C::NotATime),
            ("/occurred_at", json!(1_700_000_000), "/occurred_at", C::WrongType),
            ("/action_id", json!(null), "/action_id", C::Required),
            ("/actor", json!(null), "/actor/caller_class", C::Required),
            ("/actor/caller_class", json!("robot"), "/actor/caller_class", C::NotAllowed),
            ("/actor/caller_class", json!(true), "/actor/caller_class", C::WrongType),
            ("/actor", json!({ "caller_class": "agent" }), "/actor/agent_id", C::Required),
            ("/actor", json!({ "caller_class": "human", "agent_id": "a" }), "/actor/human_principal_id", C::Required),
            ("/actor/model_version", text(257), "/actor/model_version", C::IdTooLong),
            ("/actor/prompt_sha256", json!("A".repeat(64)), "/actor/prompt_sha256", C::Malformed),
            ("/actor/prompt_sha256", json!("ab"), "/actor/prompt_sha256", C::Malformed),
            ("/actor/prompt_sha256", json!(0), "/actor/prompt_sha256", C::WrongType),
            ("/actorr", json!({}), "/actorr", C::UnknownMember),
            ("/actor/agent", json!(null), "/actor/agent", C::UnknownMember),
            ("/report", json!({ "source": "me" }), "/report", C::UnknownMember),
            ("/a~1b", json!(1), "/a~01b", C::UnknownMember),
            ("/request", json!("r"), "/request", C::WrongType),
            ("/request/idempotency_key", text(257), "/request/idempotency_key", C::IdTooLong),
            ("/decision/effect", json!("permit"), "/decision/effect", C::NotAllowed),
            ("/action/name", json!(null), "/action/name", C::Required),
            ("/action/name", text(257), "/action/name", C::ActionNameTooLong),
            ("/action/resource", text(2049), "/action/resource", C::ResourceTooLong),
            ("/action/required_scope", json!("orders:refund"), "/action/required_scope", C::WrongType),
            ("/action/required_scope", list(257, json!("s")), "/action/required_scope", C::ScopeTooMany),
            ("/action/required_scope", json!(["a", text(257)]), "/action/required_scope/1", C::ScopeTokenTooLong),
            ("/action/required_scope", json!(["a b"]), "/action/required_scope/0", C::Malformed),
            ("/action/required_scope", json!([7]), "/action/required_scope/0", C::WrongType),
            ("/action/required_scope", json!([""]), "/action/required_scope/0", C::Empty),
            ("/action/arguments", json!("all"), "/action/arguments", C::WrongType),
            ("/outcome/status", json!("suceeded"), "/outcome/status", C::NotAllowed),
            ("/outcome", json!({}), "/outcome/status", C::Required),
            ("/outcome/duration_ms", json!(-1), "/outcome/duration_ms", C::OutOfRange),
            ("/outcome/duration_ms", json!(1.5), "/outcome/duration_ms", C::OutOfRange),
            ("/outcome/duration_ms", json!("184"), "/outcome/duration_ms", C::WrongType),
            ("/outcome/usage", json!([1]), "/outcome/usage", C::WrongType),
            ("/model/parameters", json!(0), "/model/parameters", C::WrongType),
            ("/trigger/kind", json!("email"), "/trigger/kind", C::NotAllowed),
            ("/trigger/reference", text(2049), "/trigger/reference", C::ResourceTooLong),
            ("/trigger/content", text((1 << 20) + 1), "/trigger/content", C::ContentTooLong),
            ("/trigger/content_sha256", json!(hash), "/trigger/content_sha256", C::UnknownMember),
            ("/context", json!("none"), "/context", C::WrongType),
            ("/context", list(1025, json!({ "uri": "kb://1" })), "/context", C::ContextTooMany),
            ("/context/1", json!({}), "/context/1", C::Empty),
            ("/context/1", json!({ "uri": null, "content": null }), "/context/1", C::Empty),
            ("/context/1", json!("kb://1"), "/context/1", C::WrongType),
            ("/context/1", json!(null), "/context/1", C::WrongType),
            ("/context/1/url", json!("kb://1"), "/context/1/url", C::UnknownMember),
            ("/context/1/uri", text(2049), "/context/1/uri", C::ResourceTooLong),
            ("/context/1/store", text(2049), "/context/1/store", C::ResourceTooLong),
            ("/context/1/origin", json!("web"), "/context/1/origin", C::NotAllowed),
            ("/context/1/retrieved_at", json!("yesterday"), "/context/1/retrieved_at", C::NotATime),
            ("/context/1/sha256", json!("zz"), "/context/1/sha256", C::Malformed),
            ("/context/1/content", json!("not what was hashed"), "/context/1/sha256", C::ContentHashMismatch),
            ("/context/0/content", json!(["abc"]), "/context/0/content", C::WrongType),
            ("/context/0/content", text((1 << 20) + 1), "/context/0/content", C::ContentTooLong),
            ("/context/0/content_ref", json!(held().to_hex()), "/context/0/content_ref", C::NotAllowed),
            ("/context/0/content_bytes", json!(3), "/context/0/content_bytes", C::UnknownMember),
            ("/context/0", json!({ "uri": "u", "content_ref": hash }), "/context/0/content_ref", C::UnknownContent),
            ("/context/0", json!({ "uri": "u", "content_ref": "abc" }), "/context/0/content_ref", C::Malformed),
            ("/context/0", json!({ "sha256": hash, "content_ref": held().to_hex() }), "/context/0/sha256", C::ContentHashMismatch),
            ("/confirmation_id", text(257), "/confirmation_id", C::IdTooLong),
            ("/extensions", json!([1]), "/extensions", C::WrongType),
        ],
    );
}

#[test]
fn each_fault_of_a_delegation_has_its_place_and_code() {
    let constraint = |op: &str, value: Value| json!([{ "argument": "/a", "op": op, "value": value }]);
    check(
        delegation,
        vec![
            ("/delegation_id", text(257), "/delegation_id", C::IdTooLong),
            ("/parent_delegation_id", json!("dlg-21"), "/parent_delegation_id", C::Cycle),
            ("/delegator/kind", json!("robot"), "/delegator/kind", C::NotAllowed),
            ("/delegator/id", json!(null), "/delegator/id", C::Required),
            ("/delegate", json!({}), "/delegate/agent_id", C::Required),
            ("/scope", json!(null), "/scope", C::Required),
            ("/scope", json!("a b"), "/scope", C::WrongType),
            ("/scope", list(257, json!("s")), "/scope", C::ScopeTooMany),
            ("/scope/0", text(257), "/scope/0", C::ScopeTokenTooLong),
            ("/resources", list(257, json!("r")), "/resources", C::ResourcesTooMany),
            ("/resources/0", text(2049), "/resources/0", C::ResourceTooLong),
            ("/authorization_details", json!({ "type": "t" }), "/authorization_details", C::WrongType),
            ("/authorization_details", json!([{}]), "/authorization_details/0/type", C::Required),
            ("/authorization_details", json!([{ "type": 1 }]), "/authorization_details/0/type", C::WrongType),
            ("/authorization_details", json!([1]), "/authorization_details/0", C::WrongType),
            ("/authorization_details", list(257, json!({ "type": "t" })), "/authorization_details", C::AuthorizationDetailsTooMany),
            ("/purpose", text(8193), "/purpose", C::ProseTooLong),
            ("/issuer", text(2049), "/issuer", C::ResourceTooLong),
            ("/token/jti", json!(1), "/token/jti", C::WrongType),
            ("/token/claims", json!({ "sub": "ana" }), "/token/claims", C::UnknownMember),
            ("/token/alg", json!("EdDSA"), "/token/alg", C::UnknownMember),
            ("/issued_at", json!(null), "/issued_at", C::Required),
            ("/expires_at", json!(null), "/expires_at", C::Required),
            ("/expires_at", json!("2026-11-22T08:00:01Z"), "/expires_at", C::OutOfRange),
            ("/expires_at", json!("2026-11-21T08:00:01Z"), "/expires_at", C::OutOfRange),
            ("/not_before", json!("2026-11-22"), "/not_before", C::NotATime),
            ("/max_depth", json!(-1), "/max_depth", C::OutOfRange),
            ("/max_depth", json!(4_294_967_296_u64), "/max_depth", C::OutOfRange),
            ("/constraints", list(257, constraint("==", json!(1))[0].clone()), "/constraints", C::ConstraintsTooMany),
            ("/constraints", constraint("in", list(257, json!(1))), "/constraints/0/value", C::ConstraintsTooMany),
            ("/constraints", constraint("<=", json!("9")), "/constraints/0/value", C::WrongType),
            ("/constraints", constraint("in", json!("a")), "/constraints/0/value", C::WrongType),
            ("/constraints", constraint("prefix", json!(1)), "/constraints/0/value", C::WrongType),
            ("/constraints", constraint(">=", json!(1)), "/constraints/0/op", C::NotAllowed),
            ("/constraints", json!([{ "argument": "/a", "op": "==" }]), "/constraints/0/value", C::Required),
            ("/constraints", json!([{ "argument": "/a", "op": "==", "value": 1, "per": "day" }]), "/constraints/0/per", C::NotAllowed),
            ("/constraints/0/argument", json!("amount"), "/constraints/0/argument", C::Malformed),
            ("/constraints/0/argument", json!("/a~2"), "/constraints/0/argument", C::Malformed),
            ("/constraints/0/unit", json!("EUR"), "/constraints/0/unit", C::UnknownMember),
            ("/consent/tools", list(1025, json!("t")), "/consent/tools", C::ToolsTooMany),
            ("/consent/tool", json!([]), "/consent/tool", C::UnknownMember),
            ("/context", json!([]), "/context", C::UnknownMember),
        ],
    );
    check(
        revocation,
        vec![
            ("/delegation_id", json!(null), "/delegation_id", C::Required),
            ("/reason", text(8193), "/reason", C::ProseTooLong),
            ("/cascade", json!("yes"), "/cascade", C::WrongType),
            ("/revoked_at", json!("now"), "/revoked_at", C::NotATime),
        ],
    );
}

#[test]
fn a_human_is_demanded_unless_a_service_may_have_given_the_root() {
    for (kind, parent, is_demanded) in
        [("human", json!(null), true), ("agent", json!(null), true), ("agent", json!("dlg-1"), false), ("service", json!(null), false)]
    {
        let mut event = delegation();
        event["delegator"]["kind"] = json!(kind);
        event["parent_delegation_id"] = parent;
        event["human_principal_id"] = json!(null);
        let codes = parse(&event, None).err().map(|errors| (errors[0].path.clone(), errors[0].code));
        assert_eq!(codes, is_demanded.then(|| ("/human_principal_id".to_owned(), C::Required)), "{kind}");
    }
}

#[test]
fn sizes_at_the_limit_pass() {
    for (good, pointer, value) in [
        (action as fn() -> Value, "/event_id", text(256)),
        (action, "/action/name", text(256)),
        (action, "/action/resource", text(2048)),
        (action, "/action/required_scope", list(256, text(256))),
        (action, "/trigger/content", text(1 << 20)),
        (action, "/context", list(1024, json!({ "uri": "kb://1" }))),
        (delegation, "/purpose", text(8192)),
        (delegation, "/scope", json!([])),
        (delegation, "/max_depth", json!(4_294_967_295_u32)),
    ] {
        let mut event = good();
        set(&mut event, pointer, value);
        assert!(parse(&event, None).is_ok(), "{pointer}");
    }
}

#[test]
fn all_faults_are_told_at_once_with_what_would_be_right() {
    let event = json!({ "occurred_at": "2026-11-22T10:00:00", "actor": { "caller_class": "agnt", "modelversion": "x" },
        "action": { "required_scope": "s" }, "outcome": { "duration_ms": -3 }, "contxt": [] });
    let errors = parse(&event, Some("action.recorded")).unwrap_err();
    let told: Vec<String> = errors.iter().map(|e| format!("{} {}: {}", e.path, e.code.as_str(), e.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    /event_id required: this member is missing
    /occurred_at time_without_zone: "2026-11-22T10:00:00" has no zone: write "2026-11-22T10:00:00Z" if it is UTC, else add an offset such as +01:00
    /action_id required: this member is missing
    /actor/caller_class not_allowed: expected one of human, agent, service, came "agnt" (did you mean "agent"?)
    /actor/modelversion unknown_member: "modelversion" is no member here (did you mean "model_version"?); anything of your own goes under /extensions
    /action/name required: this member is missing
    /action/required_scope wrong_type: expected a list, came "s"
    /outcome/status required: this member is missing: one of requested, started, succeeded, failed, denied, indeterminate
    /outcome/duration_ms out_of_range: -3 is not a whole number from 0 to 9007199254740991
    /contxt unknown_member: "contxt" is no member here (did you mean "context"?); anything of your own goes under /extensions
    "#);
    let class = errors.iter().find(|error| error.path == "/actor/caller_class").unwrap();
    assert_eq!(class.allowed_values, ["human", "agent", "service"]);
    let duration = errors.iter().find(|error| error.path == "/outcome/duration_ms").unwrap();
    assert_eq!(duration.allowed_range.as_deref(), Some("0 to 9007199254740991"));
}

#[test]
fn a_flood_of_faults_is_told_in_part() {
    let mut event = action();
    for i in 0..100_000 {
        event[format!("m{i}")] = json!(1);
    }
    assert_eq!(parse(&event, None).unwrap_err().len(), MAX_FIELD_ERRORS);
}

#[test]
fn the_address_may_say_the_type_and_then_no_other_is_accepted() {
    let mut untyped = action();
    untyped.as_object_mut().unwrap().remove("type");
    assert!(parse(&untyped, Some("action.recorded")).is_ok());
    let errors = parse(&delegation(), Some("action.recorded")).unwrap_err();
    assert_eq!((errors[0].path.as_str(), errors[0].code, &errors[0].allowed_values), ("/type", C::NotAllowed, &vec!["action.recorded"]));
    assert_eq!(parse(&json!([1]), None).unwrap_err()[0].code, C::WrongType);
    for own in ["ledger.created", "payload.erased", "assessment.changed"] {
        let errors = parse(&json!({ "type": own, "event_id": "e", "occurred_at": "2026-11-22T10:00:00Z" }), None).unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, C::NotAllowed), "{own}");
    }
}

#[test]
fn texts_that_are_too_large_or_not_json_are_told_apart() {
    let make = || DelegationId::parse("dlg-made").unwrap();
    let context = ParseContext { expected_type: None, make_delegation_id: &make, held_content: &|_| None, token: TokenOrigin::Reported };
    let read = |text: &[u8]| parse_event_text(text, &context);
    assert!(read(action().to_string().as_bytes()).is_ok());
    assert_eq!(read(&vec![b' '; (4 << 20) + 1]).unwrap_err(), EventRefusal::TooLarge { bytes: (4 << 20) + 1 });
    assert!(matches!(read(b"{"), Err(EventRefusal::Json(_))));
    assert!(matches!(read("[".repeat(40).as_bytes()), Err(EventRefusal::Json(onus::tlog::json::JsonError::TooDeep { .. }))));
    assert!(matches!(read(b"{}"), Err(EventRefusal::Fields(errors)) if errors.len() == 3));
}
