//! Delegations taken from access tokens: the signature is verified against its issuer's keys, the claims become the event
//! (RFC 7519, RFC 8693 `act`, RFC 9396 details). The token's text is a credential: it is never kept and never quoted.

use crate::domain::jwks::{Jwks, PublicKey, SignatureAlgorithm};
use crate::domain::token_error::TokenError;
use crate::tlog::hash::{from_base64url, sha256, to_hex};
use crate::tlog::json::{JsonError, MAX_DEPTH, Value};
use crate::tlog::time::Timestamp;

/// Longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;
/// How far the issuer's clock may be off, in milliseconds.
pub const LEEWAY_MS: i64 = 60_000;
/// Deepest nesting of the claims: they are kept two levels down in the event, which must be readable again.
pub const MAX_CLAIMS_DEPTH: usize = MAX_DEPTH - 2;

/// An issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// Its `iss`, compared exactly.
    pub issuer: String,
    /// Its keys.
    pub jwks: Jwks,
    /// The audience that its tokens must name, if any is demanded.
    pub audience: Option<String>,
}

/// What the caller may say beside the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenExtra {
    /// The event's id; else one made from the token's hash.
    pub event_id: Option<String>,
    /// When it was given; else what the token says.
    pub occurred_at: Option<String>,
    /// The delegation's id; else one made from the token's hash.
    pub delegation_id: Option<String>,
    /// What for, in words.
    pub purpose: Option<String>,
}

/// A `delegation.granted` made from a token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenDelegation {
    /// The event, to be read with [`crate::domain::parse::TokenOrigin::Verified`].
    pub event: Value,
    /// Names of the members that neither the token nor the caller stated. Those computed from the token are not among them: they
    /// are the same at every resend, so that another token under the same event id shows.
    pub filled: Vec<String>,
}

struct Verified<'i> {
    claims: Value,
    algorithm: SignatureAlgorithm,
    key: &'i PublicKey,
}

/// Verifies a token at the instant `now` and turns it into the event that it stands for.
pub fn delegation_from_token(
    jwt: &str,
    issuers: &[TrustedIssuer],
    now: Timestamp,
    extra: TokenExtra,
) -> Result<TokenDelegation, TokenError> {
    let verified = verify(jwt, issuers)?;
    let claims = &verified.claims;
    let expires_at = numeric_date(claims, "exp")?.ok_or(TokenError::WithoutExpiry)?;
    let not_before = numeric_date(claims, "nbf")?;
    let issued_at = numeric_date(claims, "iat")?.or(not_before);
    if now.ms_since(expires_at) >= LEEWAY_MS {
        return Err(TokenError::Expired { expired_at: expires_at });
    }
    if let Some(from) = not_before.filter(|from| from.ms_since(now) > LEEWAY_MS) {
        return Err(TokenError::NotYetValid { not_before: from });
    }
    let (human, agent) = parties(claims)?;

    let hash = to_hex(&sha256(jwt.as_bytes()));
    let mut event = EventDraft::default();
    event.set("type", "delegation.granted".into());
    event.set_or_fill("event_id", extra.event_id, || format!("jwt:{hash}"));
    event.set_or_fill("occurred_at", extra.occurred_at, || issued_at.unwrap_or(now).to_string());
    event.set_or_fill("delegation_id", extra.delegation_id, || format!("dlg-{}", &hash[..32]));
    event.set("delegator", Value::object([("kind", "human".into()), ("id", human.as_str().into())]));
    event.set("delegate", Value::object([("agent_id", agent.into())]));
    event.set("human_principal_id", human.into());
    event.set("scope", scope(claims)?);
    event.copy(claims, "authorization_details", "authorization_details");
    event.set_some("purpose", extra.purpose.map(Value::from));
    event.copy(claims, "iss", "issuer");
    event.set_or_fill("issued_at", issued_at.map(|time| time.to_string()), || now.to_string());
    event.set_some("not_before", not_before.map(|time| time.to_string().into()));
    event.set("expires_at", expires_at.to_string().into());
    event.filled.push("/token/key".to_owned());
    event.set("token", evidence(verified, hash));
    Ok(TokenDelegation { event: Value::Object(event.members), filled: event.filled })
}

/// What a token says of who acts for whom (RFC 8693 section 4.1): the subject, and the actors, the present one first. Actors behind
/// the first are history: nothing may be decided by them. The chain ends at the first that has no `sub`.
pub fn act_chain(claims: &Value) -> (Option<String>, Vec<String>) {
    let human = claims.member("sub").and_then(Value::as_str).map(str::to_owned);
    let mut actors = Vec::new();
    let mut next = claims.member("act");
    while let Some(actor) = next
        && let Some(sub) = actor.member("sub").and_then(Value::as_str)
    {
        actors.push(sub.to_owned());
        next = actor.member("act");
    }
    (human, actors)
}

/// The human and the agent of a token. Without `act` the agent is the client that the token was issued to.
fn parties(claims: &Value) -> Result<(String, String), TokenError> {
    let (human, actors) = act_chain(claims);
    let human = human.filter(|sub| !sub.is_empty()).ok_or(TokenError::WithoutSubject)?;
    let has_act = claims.member("act").is_some_and(|act| !act.is_absent());
    let client = || ["azp", "client_id"].iter().find_map(|name| claims.member(name).and_then(Value::as_str)).map(str::to_owned);
    let agent = if has_act { actors.into_iter().next() } else { client() };
    let agent = agent.filter(|sub| !sub.is_empty()).ok_or(TokenError::WithoutActor)?;
    // A client acting for itself (RFC 9068 section 2.2: `sub` is then the client): no human has passed anything on.
    if agent == human { Err(TokenError::WithoutSubject) } else { Ok((human, agent)) }
}

fn verify<'i>(jwt: &str, issuers: &'i [TrustedIssuer]) -> Result<Verified<'i>, TokenError> {
    if jwt.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLarge { bytes: jwt.len() });
    }
    let (message, signature) = jwt.rsplit_once('.').ok_or(TokenError::Malformed { what: "three parts" })?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed { what: "three parts" })?;
    let header = json_part(header, "header").map_err(|_| TokenError::Malformed { what: "header" })?;
    let text = |name: &str| header.member(name).and_then(Value::as_str);
    let algorithm = text("alg").and_then(SignatureAlgorithm::parse).ok_or(TokenError::AlgorithmNotAllowed)?;
    // An extension marked critical must be understood (RFC 7515 section 4.1.11); none is.
    if header.member("crit").is_some() {
        return Err(TokenError::Malformed { what: "header without crit" });
    }
    let claims = json_part(payload, "claims")?;
    if !matches!(claims, Value::Object(_)) {
        return Err(TokenError::Malformed { what: "object of claims" });
    }
    let iss = claims.member("iss").and_then(Value::as_str);
    let issuer = issuers.iter().find(|trusted| Some(trusted.issuer.as_str()) == iss).ok_or(TokenError::IssuerUnknown)?;
    let candidates = issuer.jwks.candidates(text("kid"), algorithm);
    if candidates.is_empty() {
        return Err(TokenError::KeyUnknown);
    }
    let signer = candidates.into_iter().find(|key| key.verifies(message.as_bytes(), signature, algorithm));
    let key = signer.ok_or(TokenError::SignatureInvalid)?;
    if issuer.audience.as_deref().is_some_and(|audience| !is_for(&claims, audience)) {
        return Err(TokenError::AudienceWrong);
    }
    Ok(Verified { claims, algorithm, key })
}

fn json_part(part: &str, what: &'static str) -> Result<Value, TokenError> {
    let bytes = from_base64url(part).ok_or(TokenError::Malformed { what })?;
    match Value::parse(&bytes) {
        Ok(value) if is_deeper_than(&value, MAX_CLAIMS_DEPTH) => Err(TokenError::ActTooDeep),
        Ok(value) => Ok(value),
        Err(JsonError::TooDeep { .. }) => Err(TokenError::ActTooDeep),
        Err(_) => Err(TokenError::Malformed { what }),
    }
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper_than(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.iter().any(|(_, item)| is_deeper_than(item, levels - 1)),
        _ => false,
    }
}

fn is_for(claims: &Value, audience: &str) -> bool {
    match claims.member("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        _ => false,
    }
}

/// Seconds since 1970, fractions allowed (RFC 7519 section 2).
fn numeric_date(claims: &Value, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let seconds = match claims.member(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(seconds)) if seconds.abs() < 1e12 => *seconds,
        Some(_) => return Err(TokenError::Malformed { what: name }),
    };
    #[expect(clippy::cast_possible_truncation, reason = "below 10^18, so it is an i64")]
    let micros = (seconds * 1e6).round() as i64;
    Timestamp::from_micros(micros).map(Some).ok_or(TokenError::Malformed { what: name })
}

/// `scope` (RFC 8693 section 4.2), else `scp`; each as a list or as tokens with spaces between.
fn scope(claims: &Value) -> Result<Value, TokenError> {
    match claims.member("scope").or_else(|| claims.member("scp")) {
        None | Some(Value::Null) => Ok(Value::Array(Vec::new())),
        Some(Value::String(tokens)) => Ok(Value::Array(tokens.split_ascii_whitespace().map(Value::from).collect())),
        Some(list @ Value::Array(_)) => Ok(list.clone()),
        Some(_) => Err(TokenError::Malformed { what: "scope" }),
    }
}

/// What is kept of the token: enough to see later what was verified, with which key; never its text.
fn evidence(verified: Verified<'_>, hash: String) -> Value {
    let mut kept: Vec<(String, Value)> = Vec::new();
    for name in ["jti", "iss", "sub", "act", "cnf"] {
        if let Some(claim) = verified.claims.member(name).filter(|claim| !claim.is_absent()) {
            kept.push((name.to_owned(), claim.clone()));
        }
    }
    kept.push(("claims".to_owned(), verified.claims));
    kept.push(("sha256".to_owned(), hash.into()));
    kept.push(("key".to_owned(), verified.key.jwk.clone()));
    kept.push(("alg".to_owned(), verified.algorithm.as_str().into()));
    Value::Object(kept)
}

#[derive(Default)]
struct EventDraft {
    members: Vec<(String, Value)>,
    filled: Vec<String>,
}

impl EventDraft {
    fn set(&mut self, name: &str, value: Value) {
        self.members.push((name.to_owned(), value));
    }

    fn set_some(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn copy(&mut self, claims: &Value, claim: &str, name: &str) {
        self.set_some(name, claims.member(claim).cloned());
    }

    /// What was stated, else what the ledger makes, which is then named as filled.
    fn set_or_fill(&mut self, name: &str, stated: Option<String>, make: impl FnOnce() -> String) {
        let text = stated.unwrap_or_else(|| {
            self.filled.push(format!("/{name}"));
            make()
        });
        self.set(name, text.into());
    }
}
