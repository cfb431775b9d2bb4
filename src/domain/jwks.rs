//! The public keys of a token issuer (RFC 7517). Keys that cannot verify what the ledger accepts are left out; a set that gives
//! away a private key is refused as a whole.

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::domain::field_error::quoted_text;
use crate::tlog::hash::from_base64url;
use crate::tlog::json::{JsonError, Value};

/// Largest key set that is read, in bytes.
pub const MAX_JWKS_BYTES: usize = 256 << 10;
/// Most keys that are read of one set.
pub const MAX_JWKS_KEYS: usize = 64;
/// Shortest and longest RSA modulus that is accepted, in bytes.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// What is kept of a key: its parameters, never `d` and the like, nor certificates.
const PUBLIC_PARAMETERS: [&str; 8] = ["kty", "crv", "x", "y", "n", "e", "kid", "alg"];
/// What only a private key has.
const PRIVATE_PARAMETERS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// A key set with at least one usable key.
#[derive(Clone, Debug)]
pub struct Jwks {
    keys: Vec<PublicKey>,
}

/// One public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// Its name, if it has one.
    pub kid: Option<String>,
    /// The key's public parameters as a JWK.
    pub jwk: Value,
    kind: KeyKind,
    only_for: Option<String>,
    decoding: DecodingKey,
}

/// What a key can verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// EdDSA over Curve25519.
    Ed25519,
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// RSA, 2048 to 4096 bits.
    Rsa,
}

/// Why a text is not a key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// More than [`MAX_JWKS_BYTES`] or [`MAX_JWKS_KEYS`].
    #[error("the key set is too large: at most {MAX_JWKS_BYTES} bytes and {MAX_JWKS_KEYS} keys are read")]
    TooLarge,
    /// Not I-JSON.
    #[error("the key set cannot be read: {0}")]
    Json(#[from] JsonError),
    /// No list `keys`.
    #[error("the key set has no list \"keys\"")]
    WithoutKeys,
    /// A private parameter stands in it.
    #[error("the key {kid} stands there with its private parameter: replace that key at its issuer, it is no secret any more")]
    PrivateKey {
        /// Its name.
        kid: String,
    },
    /// None of its keys can be used.
    #[error("no key of the set can be used: expected OKP Ed25519, EC P-256 or P-384, or RSA with 2048 to 4096 bits, for signatures")]
    NoUsableKey,
}

/// The algorithms that tokens may be signed with: asymmetric ones only, so that no public key can pass for a shared secret.
const ALGORITHMS: [(&str, Algorithm, KeyKind); 10] = [
    ("EdDSA", Algorithm::EdDSA, KeyKind::Ed25519),
    ("Ed25519", Algorithm::EdDSA, KeyKind::Ed25519),
    ("ES256", Algorithm::ES256, KeyKind::P256),
    ("ES384", Algorithm::ES384, KeyKind::P384),
    ("RS256", Algorithm::RS256, KeyKind::Rsa),
    ("RS384", Algorithm::RS384, KeyKind::Rsa),
    ("RS512", Algorithm::RS512, KeyKind::Rsa),
    ("PS256", Algorithm::PS256, KeyKind::Rsa),
    ("PS384", Algorithm::PS384, KeyKind::Rsa),
    ("PS512", Algorithm::PS512, KeyKind::Rsa),
];

/// An algorithm on the allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    name: &'static str,
    algorithm: Algorithm,
    kind: KeyKind,
}

impl SignatureAlgorithm {
    /// From the `alg` of a header; `none`, `HS256` and whatever else is not on the list are nothing.
    pub fn parse(alg: &str) -> Option<Self> {
        let &(name, algorithm, kind) = ALGORITHMS.iter().find(|(name, ..)| *name == alg)?;
        Some(Self { name, algorithm, kind })
    }

    /// The name of the wire.
    pub const fn as_str(self) -> &'static str {
        self.name
    }
}

impl Jwks {
    /// Reads `{"keys": [...]}`.
    pub fn parse(text: &str) -> Result<Self, JwksError> {
        if text.len() > MAX_JWKS_BYTES {
            return Err(JwksError::TooLarge);
        }
        let set = Value::parse(text.as_bytes())?;
        let Some(Value::Array(entries)) = set.member("keys") else { return Err(JwksError::WithoutKeys) };
        if entries.len() > MAX_JWKS_KEYS {
            return Err(JwksError::TooLarge);
        }
        if let Some(leaked) = entries.iter().find(|entry| PRIVATE_PARAMETERS.iter().any(|name| entry.member(name).is_some())) {
            let kid = leaked.member("kid").and_then(Value::as_str).unwrap_or("without kid");
            return Err(JwksError::PrivateKey { kid: quoted_text(kid) });
        }
        let keys: Vec<PublicKey> = entries.iter().filter_map(PublicKey::read).collect();
        if keys.is_empty() { Err(JwksError::NoUsableKey) } else { Ok(Self { keys }) }
    }

    /// As a key set again: the public parameters of its usable keys.
    pub fn to_value(&self) -> Value {
        Value::object([("keys", Value::Array(self.keys.iter().map(|key| key.jwk.clone()).collect()))])
    }

    /// The keys that may have signed: those of that name, or without a name the only one that fits.
    pub(super) fn candidates(&self, kid: Option<&str>, algorithm: SignatureAlgorithm) -> Vec<&PublicKey> {
        let fits = |key: &&PublicKey| key.kind == algorithm.kind && key.only_for.as_deref().is_none_or(|alg| alg == algorithm.name);
        let fitting: Vec<&PublicKey> = self.keys.iter().filter(fits).collect();
        match kid {
            Some(kid) => fitting.into_iter().filter(|key| key.kid.as_deref() == Some(kid)).collect(),
            None if fitting.len() == 1 => fitting,
            None => Vec::new(),
        }
    }
}

impl PublicKey {
    fn read(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.member(name).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") || !may_verify(jwk) {
            return None;
        }
        let bytes = |name: &str| from_base64url(text(name)?);
        let (kind, decoding) = match (text("kty")?, text("crv")) {
            ("OKP", Some("Ed25519")) => (KeyKind::Ed25519, DecodingKey::from_ed_der(&of_length(bytes("x")?, 32)?)),
            ("EC", Some("P-256")) => (KeyKind::P256, point(bytes("x")?, bytes("y")?, 32)?),
            ("EC", Some("P-384")) => (KeyKind::P384, point(bytes("x")?, bytes("y")?, 48)?),
            ("RSA", _) => (KeyKind::Rsa, rsa(&bytes("n")?, &bytes("e")?)?),
            _ => return None,
        };
        let Value::Object(members) = jwk else { return None };
        let public = members.iter().filter(|(name, value)| PUBLIC_PARAMETERS.contains(&name.as_str()) && value.as_str().is_some());
        let jwk = Value::Object(public.cloned().collect());
        Some(Self { kid: text("kid").map(str::to_owned), only_for: text("alg").map(str::to_owned), jwk, kind, decoding })
    }

    /// Whether this key signed `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &str, algorithm: SignatureAlgorithm) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.decoding, algorithm.algorithm).unwrap_or(false)
    }
}

fn may_verify(jwk: &Value) -> bool {
    match jwk.member("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation.as_str() == Some("verify")),
        Some(_) => false,
    }
}

/// `jsonwebtoken` slices what it is given without looking at its length: it must never see another.
fn of_length(bytes: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    (bytes.len() == length).then_some(bytes)
}

/// An uncompressed point (SEC 1 section 2.3.3).
fn point(x: Vec<u8>, y: Vec<u8>, coordinate_bytes: usize) -> Option<DecodingKey> {
    let point = [&[4_u8][..], of_length(x, coordinate_bytes)?.as_slice(), &of_length(y, coordinate_bytes)?].concat();
    Some(DecodingKey::from_ec_der(&point))
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<DecodingKey> {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let is_fit = RSA_MODULUS_BYTES.contains(&(modulus.len() - zeros)) && (1..=4).contains(&exponent.len()) && exponent != [1];
    is_fit.then(|| DecodingKey::from_rsa_raw_components(&modulus[zeros..], exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn a_set_is_read_and_unusable_keys_are_left_out() {
        let usable = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"a","use":"sig","x5c":["AA=="]}}"#);
        let set =
            Jwks::parse(&format!(r#"{{"keys":[{{"kty":"oct","k":"AAAA"}},{{"kty":"OKP","crv":"X25519","x":"{X}"}},{usable}]}}"#)).unwrap();
        assert_eq!(set.keys.len(), 1);
        assert_eq!(set.keys[0].jwk.to_canonical(), format!(r#"{{"crv":"Ed25519","kid":"a","kty":"OKP","x":"{X}"}}"#));
        let eddsa = SignatureAlgorithm::parse("EdDSA").unwrap();
        assert_eq!(set.candidates(Some("a"), eddsa).len(), 1);
        assert_eq!(set.candidates(None, eddsa).len(), 1);
        assert_eq!(set.candidates(Some("b"), eddsa).len(), 0);
        assert_eq!(set.candidates(Some("a"), SignatureAlgorithm::parse("ES256").unwrap()).len(), 0);
    }

    #[test]
    fn sets_without_a_sound_public_key_are_refused() {
        let short = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#;
        let weak = format!(r#"{{"keys":[{{"kty":"RSA","n":"{}","e":"AQAB"}}]}}"#, "A".repeat(200));
        let encryption = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}","use":"enc"}}]}}"#);
        let signing_only = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}","key_ops":["sign"]}}]}}"#);
        for text in [short, &weak, &encryption, &signing_only, r#"{"keys":[]}"#, r#"{"keys":[7,null]}"#] {
            assert_eq!(Jwks::parse(text).unwrap_err(), JwksError::NoUsableKey, "{text}");
        }
        let private = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}","d":"{X}","kid":"k1"}}]}}"#);
        assert!(matches!(Jwks::parse(&private), Err(JwksError::PrivateKey { kid }) if kid == "\"k1\""));
        assert_eq!(Jwks::parse("[]").unwrap_err(), JwksError::WithoutKeys);
        assert!(matches!(Jwks::parse("{"), Err(JwksError::Json(_))));
        assert_eq!(Jwks::parse(&" ".repeat(MAX_JWKS_BYTES + 1)).unwrap_err(), JwksError::TooLarge);
    }

    #[test]
    fn only_asymmetric_algorithms_are_known() {
        for alg in ["none", "None", "HS256", "HS384", "HS512", "", "eddsa", "ES256K"] {
            assert_eq!(SignatureAlgorithm::parse(alg), None, "{alg}");
        }
    }
}
