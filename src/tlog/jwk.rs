//! Ed25519 public keys as JSON Web Keys (RFC 8037) and their thumbprints (RFC 7638): how exports name the key that signed them.

use super::hash::{from_base64url, sha256, to_base64url};
use super::json::Value;
use super::key::PublicKey;

/// `{"crv":"Ed25519","kty":"OKP","x":…}`: the members that make the key, and no others.
pub fn jwk(key: &PublicKey) -> Value {
    Value::object([("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", to_base64url(key.as_bytes()).into())])
}

/// Reads what [`jwk`] writes; members beside those three say nothing of the key and are passed over.
pub fn parse_jwk(jwk: &Value) -> Option<PublicKey> {
    let text = |name| jwk.member(name).and_then(Value::as_str);
    let is_of_kind = text("kty") == Some("OKP") && text("crv") == Some("Ed25519");
    PublicKey::from_bytes(&from_base64url(text("x").filter(|_| is_of_kind)?)?)
}

/// The key's name: base64url of SHA-256 over the JWK's canonical text.
pub fn thumbprint(key: &PublicKey) -> String {
    to_base64url(&sha256(jwk(key).to_canonical().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.2 and A.3.
    #[test]
    fn the_published_key_has_the_published_thumbprint() {
        let text = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let key = parse_jwk(&Value::parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(parse_jwk(&jwk(&key)), Some(key));
        for other in [text.replace("OKP", "EC"), text.replace("Ed25519", "X25519"), text.replace("Ro\"", "R\""), "{}".to_owned()] {
            assert_eq!(parse_jwk(&Value::parse(other.as_bytes()).unwrap()), None, "{other}");
        }
    }
}
