//! Access tokens and the key sets they are verified with. A token's signature is checked once more with the log's own Ed25519.

use std::sync::LazyLock;

use onus::domain::event::EventKind;
use onus::domain::ids::DelegationId;
use onus::domain::jwks::{Jwks, MAX_JWKS_KEYS};
use onus::domain::parse::{ParseContext, TokenOrigin, parse_event};
use onus::domain::token::{LEEWAY_MS, TokenExtra, TrustedIssuer, act_chain, delegation_from_token};
use onus::tlog::hash::to_base64url;
use onus::tlog::json::Value;
use onus::tlog::key::{PublicKey, SigningKey};
use onus::tlog::time::Timestamp;
use serde_json::{Value as Json, json};

use super::Verdict;
use super::dice::Dice;
use super::oracle::base64url;

const ISSUER: &str = "https://idp.example";
/// 2026-11-22T09:00:00Z.
const NOW_S: i64 = 1_795_338_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[7; 32]));
static PUBLIC: LazyLock<PublicKey> = LazyLock::new(|| KEY.public_key());

static ISSUERS: LazyLock<Vec<TrustedIssuer>> = LazyLock::new(|| {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(PUBLIC.as_bytes()), "kid": "ed" });
    vec![TrustedIssuer {
        issuer: ISSUER.to_owned(),
        jwks: Jwks::parse(&json!({ "keys": [jwk] }).to_string()).unwrap(),
        audience: Some("onus".to_owned()),
    }]
});

/// What gives a delegation was signed word for word by its issuer, and the delegation says what the token says.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    let Ok(jwt) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let now = Timestamp::from_micros(NOW_S * 1_000_000).unwrap();
    let given = match delegation_from_token(jwt, &ISSUERS, now, TokenExtra::default()) {
        Ok(given) => given,
        Err(error) => {
            assert!(error.code().starts_with("token_"));
            return Verdict::Refused;
        }
    };
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    let message = format!("{header}.{payload}");
    assert!(PUBLIC.verifies(message.as_bytes(), &base64url(signature).unwrap()), "nobody signed {jwt}");
    let claims: Json = serde_json::from_slice(&base64url(payload).unwrap()).unwrap();
    let agent = claims["act"]["sub"].as_str().or(claims["azp"].as_str()).or(claims["client_id"].as_str()).unwrap();
    let text = |name: &str| given.event.member(name).and_then(Value::as_str).unwrap();
    assert_eq!((text("human_principal_id"), text("issuer")), (claims["sub"].as_str().unwrap(), ISSUER));
    let ended_ms = NOW_S * 1000 - claims["exp"].as_i64().unwrap_or(NOW_S) * 1000;
    assert!(ended_ms < LEEWAY_MS, "ended {ended_ms} ms ago");
    let (held, made) = (|_: &_| None, || DelegationId::parse("dlg-made").unwrap());
    let context = ParseContext { expected_type: None, make_delegation_id: &made, held_content: &held, token: TokenOrigin::Verified };
    let event = parse_event(given.event, &context).unwrap();
    let EventKind::DelegationGranted(granted) = event.kind else { panic!("a token gives a delegation") };
    let scope: Vec<String> = match claims.get("scope").or(claims.get("scp")) {
        Some(Json::String(words)) => words.split(' ').map(str::to_owned).collect(),
        Some(Json::Array(words)) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    };
    assert_eq!((granted.agent_id.as_str(), granted.scope), (agent, scope));
    let chain = act_chain(granted.token.as_ref().unwrap().member("claims").unwrap());
    assert_eq!(chain.0.as_deref(), claims["sub"].as_str());
    Verdict::Taken
}

/// A set of public keys: printed and read again the same, and nothing private is in it.
pub(super) fn jwks_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Ok(set) = Jwks::parse(text) else { return Verdict::Refused };
    let printed = set.to_value().to_canonical();
    assert_eq!(Jwks::parse(&printed).unwrap().to_value().to_canonical(), printed);
    let (given, kept): (Json, Json) = (serde_json::from_str(text).unwrap(), serde_json::from_str(&printed).unwrap());
    let (given, kept) = (given["keys"].as_array().unwrap(), kept["keys"].as_array().unwrap());
    assert!((1..=given.len()).contains(&kept.len()) && given.len() <= MAX_JWKS_KEYS);
    let public = ["kty", "crv", "x", "y", "n", "e", "kid", "alg"];
    for key in kept {
        let members = key.as_object().unwrap();
        assert!(members.keys().all(|name| public.contains(&name.as_str())), "{key}");
        let is_of = |one: &&Json| {
            members.iter().all(|(name, value)| one.get(name) == Some(value)) && one.get("use").is_none_or(|u| u == "sig" || !u.is_string())
        };
        assert!(given.iter().any(|one| is_of(&one)), "{key} was not given");
    }
    Verdict::Taken
}

/// A token that the issuer signed and that holds now.
pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut claims = json!({ "iss": ISSUER, "sub": "user:ana", "aud": "onus", "exp": NOW_S + 3600 });
    match dice.below(3) {
        0 => claims["act"] = json!({ "sub": "agent:a", "act": { "sub": "agent:b" } }),
        1 => claims["azp"] = "agent:c".into(),
        _ => claims["client_id"] = "agent:\u{e9}".into(),
    }
    let optional = [
        ("aud", json!(["other", "onus"])),
        ("scope", json!("orders:read orders:refund")),
        ("scp", json!(["a", "b"])),
        ("iat", json!(NOW_S - 10)),
        ("nbf", json!(NOW_S - 10)),
        ("jti", json!("t-1")),
        ("cnf", json!({ "jkt": "x" })),
        ("authorization_details", json!([{ "type": "refund" }])),
        ("exp", json!(1_795_338_000.5)),
    ];
    for (name, value) in optional {
        if dice.percent(30) {
            claims[name] = value;
        }
    }
    let header = dice.one(&[json!({ "alg": "EdDSA", "kid": "ed" }), json!({ "alg": "Ed25519", "typ": "at+jwt" })]).to_string();
    let message = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.to_string().as_bytes()));
    format!("{message}.{}", to_base64url(&KEY.sign(message.as_bytes()))).into_bytes()
}

pub(super) fn jwks_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut keys = vec![json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(&dice.bytes_32()), "kid": "a" })];
    for _ in 0..dice.below(4) {
        let (x, y) = (to_base64url(&dice.bytes_32()), to_base64url(&dice.bytes_32()));
        keys.push(dice.one(&[
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "EdDSA", "x5c": ["AA=="] }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc" }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "key_ops": ["verify"] }),
            json!({ "kty": "RSA", "n": "_".repeat(342), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": "AAAA", "e": "AQAB" }),
            json!(7),
        ]));
    }
    json!({ "keys": keys, "more": null }).to_string().into_bytes()
}
