//! Ed25519 keys: made from chance that is passed in, kept as PEM text, never printed. What a key signs is decided elsewhere.

use std::fmt;
use std::ops::Deref;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A private key. Prints its type's name only, and is wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key that is a point of the curve.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a text is not a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key as PKCS#8 in PEM")]
pub struct KeyError;

impl SigningKey {
    /// The key of 32 bytes that the operating system has just made up.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// From PKCS#8 in PEM, with or without the public key in it. The text is not quoted in the error.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError)
    }

    /// PKCS#8 in PEM, wiped when dropped. Without the public key, which OpenSSL before 3 does not read.
    pub fn to_pem(&self) -> impl Deref<Target = String> + use<> {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).expect("48 bytes of DER fit everywhere")
    }

    /// The key that verifies.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs; the same message always gets the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl PublicKey {
    /// Reads 32 bytes; `None` if they are no point of the curve, or one of the few that verify anything.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        (!key.is_weak()).then_some(Self(key))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether `signature` is this key's over `message`. Strict: one key, one message, one reading of a signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", super::hash::to_hex(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::hash::to_hex;

    /// C2SP.md section 9.2.
    #[test]
    fn the_published_seeds_have_the_published_keys() {
        let public = |byte| to_hex(SigningKey::from_seed(&[byte; 32]).public_key().as_bytes());
        assert_eq!(public(0x11), "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737");
        assert_eq!(public(0x22), "a09aa5f47a6759802ff955f8dc2d2a14a5c99d23be97f864127ff9383455a4f0");
    }

    #[test]
    fn a_key_survives_its_text_and_is_never_printed() {
        let key = SigningKey::from_seed(&[7; 32]);
        let pem = key.to_pem();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "the label that every tool reads");
        let again = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(format!("{key:?}"), "SigningKey");
        assert_eq!(SigningKey::from_pem(&pem.replace("MC4", "MC5")).unwrap_err(), KeyError);
        assert_eq!(SigningKey::from_pem("").unwrap_err(), KeyError);
    }

    #[test]
    fn a_signature_verifies_under_its_key_and_message_only() {
        let (key, other) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
        let signature = key.sign(b"yes");
        assert!(key.public_key().verifies(b"yes", &signature));
        assert!(!key.public_key().verifies(b"no", &signature));
        assert!(!other.public_key().verifies(b"yes", &signature));
        assert!(!key.public_key().verifies(b"yes", &signature[..63]));
        assert_eq!(PublicKey::from_bytes(&[0; 32]), None, "a point of small order verifies anything");
        assert_eq!(PublicKey::from_bytes(&[1; 31]), None);
    }
}
