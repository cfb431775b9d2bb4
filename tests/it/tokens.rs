//! Delegations from tokens: good ones, and those an attacker would send.

use std::sync::LazyLock;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use onus::domain::event::EventKind;
use onus::domain::ids::DelegationId;
use onus::domain::jwks::Jwks;
use onus::domain::members::{read_delegation, same_members};
use onus::domain::parse::{ParseContext, TokenOrigin, parse_event};
use onus::domain::token::{TokenDelegation, TokenExtra, TrustedIssuer, delegation_from_token};
use onus::domain::token_error::TokenError;
use onus::tlog::hash::to_base64url;
use onus::tlog::time::Timestamp;
use serde_json::{Value, json};

const ISSUER: &str = "https://idp.example";
/// 2026-11-22T09:00:00Z.
const NOW: i64 = 1_795_338_000;
const HALF_A_SECOND_LATER: f64 = 1_795_338_000.5;
/// Made for these tests and used nowhere else.
const RSA_KEY: &[u8] = include_bytes!("rsa_test_key.der");

fn now() -> Timestamp {
    Timestamp::from_micros(NOW * 1_000_000).unwrap()
}

/// PKCS #8 around a seed (RFC 8410 section 7).
fn ed25519(seed: u8) -> EncodingKey {
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&[prefix.as_slice(), &[seed; 32]].concat())
}

/// PKCS #8 around a P-256 scalar (RFC 5915).
fn p256(seed: u8) -> EncodingKey {
    let curve = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let key = [[0x30, 0x25, 2, 1, 1, 4, 0x20].as_slice(), &[seed; 32]].concat();
    let inner = [[2, 1, 0, 0x30, 0x13].as_slice(), &curve, &[4, 0x27], &key].concat();
    EncodingKey::from_ec_der(&[[0x30, u8::try_from(inner.len()).unwrap()].as_slice(), &inner].concat())
}

fn jwk(key: &EncodingKey, alg: Algorithm, kid: &str) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, alg).unwrap()).unwrap();
    jwk["kid"] = json!(kid);
    jwk.as_object_mut().unwrap().remove("alg");
    jwk
}

static ISSUERS: LazyLock<Vec<TrustedIssuer>> = LazyLock::new(|| {
    let keys = json!({ "keys": [jwk(&ed25519(7), Algorithm::EdDSA, "ed"), jwk(&p256(7), Algorithm::ES256, "ec"),
        jwk(&EncodingKey::from_rsa_der(RSA_KEY), Algorithm::RS256, "rsa")] });
    vec![TrustedIssuer { issuer: ISSUER.to_owned(), jwks: Jwks::parse(&keys.to_string()).unwrap(), audience: None }]
});

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "user:ana@example.com", "act": { "sub": "agent:refunds", "act": { "sub": "agent:desk" } }, "aud": ["orders"],
        "scope": "orders:read orders:refund", "authorization_details": [{ "type": "refund" }], "jti": "t-1", "cnf": { "jkt": "x" },
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3600 })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn sign_as(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(header, claims, key).unwrap()
}

fn header(alg: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(alg) }
}

fn signed(claims: &Value) -> String {
    sign_as(&header(Algorithm::EdDSA, "ed"), claims, &ed25519(7))
}

fn redeem(jwt: &str) -> Result<TokenDelegation, TokenError> {
    delegation_from_token(jwt, &ISSUERS, now(), TokenExtra::default())
}

fn read(token: &TokenDelegation) -> onus::domain::event::Event {
    let context = ParseContext {
        expected_type: Some("delegation.granted"),
        make_delegation_id: &|| DelegationId::parse("dlg-unused").unwrap(),
        held_content: &|_| None,
        token: TokenOrigin::Verified,
    };
    parse_event(token.event.clone(), &context).unwrap()
}

#[test]
fn a_token_becomes_the_delegation_it_stands_for() {
    let jwt = signed(&claims());
    let made = redeem(&jwt).unwrap();
    assert_eq!(made.filled, ["/event_id", "/occurred_at", "/delegation_id", "/token/key"]);
    let event = read(&made);
    let EventKind::DelegationGranted(delegation) = &event.kind else { panic!("{event:?}") };
    assert_eq!(delegation.agent_id.as_str(), "agent:refunds");
    assert_eq!(delegation.human_principal_id.as_ref().map(onus::domain::ids::PrincipalId::as_str), Some("user:ana@example.com"));
    assert_eq!(delegation.scope, ["orders:read", "orders:refund"]);
    assert_eq!(delegation.issued_at, now().plus_ms(-10_000).unwrap());
    assert_eq!(delegation.expires_at, now().plus_ms(3_600_000).unwrap());
    assert_eq!((delegation.issuer.as_deref(), delegation.resources.as_deref()), (Some(ISSUER), None));
    assert!(event.event_id.as_str().starts_with("jwt:") && delegation.delegation_id.as_str().len() == 36);
    assert_eq!(read_delegation(&event.members).unwrap(), **delegation);
    let committed: Vec<&str> = event.members.keys().map(String::as_str).filter(|name| name.starts_with("/token/")).collect();
    let kept = ["act", "alg", "claims", "cnf", "iss", "jti", "key", "sha256", "sub"].map(|name| format!("/token/{name}"));
    assert_eq!(committed, kept);
    let all: String = event.members.values().map(onus::tlog::json::Value::to_canonical).collect();
    assert!(jwt.split('.').all(|part| !all.contains(part)), "no part of the token's text is kept");
    assert_eq!(same_members(&event.members, &read(&redeem(&jwt).unwrap()).members, &made.filled), Ok(()));
}

#[test]
fn each_allowed_algorithm_verifies() {
    let rsa = EncodingKey::from_rsa_der(RSA_KEY);
    for (alg, kid, key) in [
        (Algorithm::EdDSA, "ed", ed25519(7)),
        (Algorithm::ES256, "ec", p256(7)),
        (Algorithm::RS256, "rsa", rsa.clone()),
        (Algorithm::PS256, "rsa", rsa),
    ] {
        assert!(redeem(&sign_as(&header(alg, kid), &claims(), &key)).is_ok(), "{alg:?} by name");
        assert!(redeem(&sign_as(&Header::new(alg), &claims(), &key)).is_ok(), "{alg:?}: the only key that fits");
        let other = sign_as(&header(alg, "ed"), &claims(), &key);
        assert_eq!(redeem(&other).is_ok(), kid == "ed", "{alg:?} under another kind's name");
    }
}

#[test]
fn hostile_tokens_are_refused_without_being_repeated() {
    let part = |value: &Value| to_base64url(value.to_string().as_bytes());
    let unsigned = |alg: &str| format!("{}.{}.", part(&json!({ "alg": alg, "kid": "ed" })), part(&claims()));
    let public = jwk(&ed25519(7), Algorithm::EdDSA, "ed")["x"].as_str().unwrap().to_owned();
    let confused = |secret: &[u8]| sign_as(&header(Algorithm::HS256, "ed"), &claims(), &EncodingKey::from_secret(secret));
    let mut nested = json!({ "sub": "agent:a" });
    for _ in 0..50 {
        nested = json!({ "sub": "agent:a", "act": nested });
    }
    let good = signed(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let swapped = format!("{}.{}.{signature}", message.split_once('.').unwrap().0, part(&with("sub", json!("user:eve"))));
    let critical = part(&json!({ "alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false }));
    for (name, jwt, code) in [
        ("none", unsigned("none"), "token_algorithm_not_allowed"),
        ("None", unsigned("None"), "token_algorithm_not_allowed"),
        ("empty signature", unsigned("EdDSA"), "token_signature_invalid"),
        ("public key text as secret", confused(public.as_bytes()), "token_algorithm_not_allowed"),
        ("public key as secret", confused(&onus::tlog::hash::from_base64url(&public).unwrap()), "token_algorithm_not_allowed"),
        ("wrong key", sign_as(&header(Algorithm::EdDSA, "ed"), &claims(), &ed25519(8)), "token_signature_invalid"),
        ("unknown key", sign_as(&header(Algorithm::EdDSA, "old"), &claims(), &ed25519(7)), "token_key_unknown"),
        ("other claims", swapped, "token_signature_invalid"),
        ("cut signature", format!("{message}.{}", &signature[..40]), "token_signature_invalid"),
        ("padded signature", format!("{good}="), "token_signature_invalid"),
        ("wrong issuer", signed(&with("iss", json!("https://idp.example/"))), "token_issuer_unknown"),
        ("issuer list", signed(&with("iss", json!([ISSUER]))), "token_issuer_unknown"),
        ("expired", signed(&with("exp", json!(NOW - 60))), "token_expired"),
        ("not yet", signed(&with("nbf", json!(NOW + 61))), "token_not_yet_valid"),
        ("endless", signed(&with("exp", json!(null))), "token_without_expiry"),
        ("end as text", signed(&with("exp", json!("1795338000"))), "token_malformed"),
        ("end past all years", signed(&with("exp", json!(1e15))), "token_malformed"),
        ("year 10000", signed(&with("exp", json!(253_402_300_800_i64))), "token_malformed"),
        ("no subject", signed(&with("sub", json!(null))), "token_without_subject"),
        ("empty subject", signed(&with("sub", json!(""))), "token_without_subject"),
        ("actor is subject", signed(&with("act", json!({ "sub": "user:ana@example.com" }))), "token_without_subject"),
        ("no actor", signed(&with("act", json!(null))), "token_without_actor"),
        ("nameless actor", signed(&with("act", json!({ "act": { "sub": "agent:desk" } }))), "token_without_actor"),
        ("scope of numbers", signed(&with("scope", json!(7))), "token_malformed"),
        ("oversized", signed(&with("pad", json!("x".repeat(20_000)))), "token_too_large"),
        ("nested 50 deep", signed(&with("act", nested)), "token_act_too_deep"),
        ("two parts", "a.b".to_owned(), "token_malformed"),
        ("four parts", format!("{good}.x"), "token_malformed"),
        ("critical", format!("{critical}.{}.AA", part(&claims())), "token_malformed"),
        ("claims no object", sign_as(&header(Algorithm::EdDSA, "ed"), &json!([1]), &ed25519(7)), "token_malformed"),
        (
            "duplicate claim",
            format!("{}.{}.AA", part(&json!({ "alg": "EdDSA" })), to_base64url(br#"{"iss":"a","iss":"b"}"#)),
            "token_malformed",
        ),
        ("empty", String::new(), "token_malformed"),
    ] {
        let error = redeem(&jwt).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        let said = format!("{error} {error:?}");
        assert!(["ana@example", "t-1", ISSUER].iter().all(|secret| !said.contains(secret)) && !said.contains(signature), "{name}: {said}");
    }
}

#[test]
fn clocks_may_differ_by_less_than_a_minute_and_dates_have_fractions() {
    for (name, date) in [("exp", json!(NOW - 59)), ("nbf", json!(NOW + 60)), ("exp", json!(HALF_A_SECOND_LATER)), ("iat", json!(null))] {
        assert!(redeem(&signed(&with(name, date.clone()))).is_ok(), "{name} {date}");
    }
    let made = redeem(&signed(&with("exp", json!(HALF_A_SECOND_LATER)))).unwrap();
    assert_eq!(made.event.member("expires_at").and_then(|time| time.as_str()), Some("2026-11-22T09:00:00.500000Z"));
}

#[test]
fn without_an_actor_the_client_is_the_delegate_unless_it_is_the_subject() {
    let mut claims = with("act", json!(null));
    for (name, client, agent) in [("client_id", "app", Some("app")), ("azp", "desk", Some("desk")), ("azp", "user:ana@example.com", None)] {
        claims[name] = json!(client);
        let made = redeem(&signed(&claims));
        let delegate = made.as_ref().ok().and_then(|made| made.event.member("delegate")?.member("agent_id")?.as_str());
        assert_eq!(delegate, agent, "{made:?}");
    }
}

#[test]
fn scopes_come_as_text_or_list_and_the_caller_may_add_what_no_token_says() {
    for (scope, scp, read) in [
        (json!("a  b"), json!(null), json!(["a", "b"])),
        (json!(["a"]), json!(null), json!(["a"])),
        (Value::Null, json!(["x", "y"]), json!(["x", "y"])),
        (Value::Null, json!("x y"), json!(["x", "y"])),
        (json!(""), json!("x"), json!([])),
    ] {
        let mut claims = with("scp", scp);
        match scope {
            Value::Null => claims.as_object_mut().unwrap().remove("scope").map_or((), drop),
            scope => claims["scope"] = scope,
        }
        let made = redeem(&signed(&claims)).unwrap();
        assert_eq!(made.event.member("scope").unwrap().to_canonical(), read.to_string());
    }
    let extra = TokenExtra {
        event_id: Some("evt-1".to_owned()),
        occurred_at: Some("2026-11-22T08:59:00Z".to_owned()),
        delegation_id: Some("dlg-1".to_owned()),
        purpose: Some("refunds".to_owned()),
    };
    let made = delegation_from_token(&signed(&claims()), &ISSUERS, now(), extra).unwrap();
    assert_eq!(made.filled, ["/token/key"]);
    let event = read(&made);
    assert_eq!((event.event_id.as_str(), event.members["/purpose"].as_str()), ("evt-1", Some("refunds")));
}

#[test]
fn an_audience_is_demanded_where_one_is_set() {
    let mut issuers = ISSUERS.clone();
    for (audience, is_for) in [("orders", true), ("billing", false)] {
        issuers[0].audience = Some(audience.to_owned());
        let made = delegation_from_token(&signed(&claims()), &issuers, now(), TokenExtra::default());
        assert_eq!(made.err(), (!is_for).then_some(TokenError::AudienceWrong));
    }
}

proptest::proptest! {
    #[test]
    fn no_damage_to_a_token_is_accepted(at in 0_usize..700, to in "[A-Za-z0-9._=-]") {
        let good = signed(&claims());
        let at = at % good.len();
        let damaged = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        proptest::prop_assert!(damaged == good || redeem(&damaged).is_err(), "{}", damaged);
    }
}
