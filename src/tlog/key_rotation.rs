//! One log key follows another (FORMAT.md section 10): the text that both sign, so that whoever has the old one can follow, and nobody
//! can be made the successor of a key without its holder. When this is done, and what becomes of it, is decided elsewhere.

use super::vkey::{KeyName, NoteSigner, SignatureType, Vkey};

/// Begins the text that is signed. It holds spaces, and so is no origin: no such text is a checkpoint, and no checkpoint such a text.
const HEADING: &str = "onus key rotation v1";

/// Two keys of one log, the second of which follows the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    old: Vkey,
    new: Vkey,
}

/// What each key says of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossSignatures {
    /// By the old key.
    pub by_old: Vec<u8>,
    /// By the new one.
    pub by_new: Vec<u8>,
}

/// Why a key does not follow another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRotationError {
    /// Two logs.
    #[error("the keys are those of {old} and of {new}: a log keeps its name")]
    OtherName {
        /// Whose was the old one.
        old: KeyName,
        /// Whose is the new one.
        new: KeyName,
    },
    /// A witness's key.
    #[error("a log's key is Ed25519 (0x01)")]
    NotALogKey,
    /// Nothing changes.
    #[error("the new key is the old one")]
    SameKey,
    /// The holder of the old key has not agreed.
    #[error("the old key has not signed it")]
    NotByOld,
    /// The holder of the new key has not agreed.
    #[error("the new key has not signed it")]
    NotByNew,
}

impl KeyRotation {
    /// Two different log keys of one name.
    pub fn new(old: Vkey, new: Vkey) -> Result<Self, KeyRotationError> {
        if old.name() != new.name() {
            return Err(KeyRotationError::OtherName { old: old.name().clone(), new: new.name().clone() });
        }
        if [&old, &new].iter().any(|key| key.signature_type() != SignatureType::Ed25519) {
            return Err(KeyRotationError::NotALogKey);
        }
        if old.public_key() == new.public_key() {
            return Err(KeyRotationError::SameKey);
        }
        Ok(Self { old, new })
    }

    /// The key in force until now.
    pub const fn old(&self) -> &Vkey {
        &self.old
    }

    /// The key in force from now on.
    pub const fn new_key(&self) -> &Vkey {
        &self.new
    }

    /// The text that both keys sign. Both vkeys hold the log's name.
    pub fn to_text(&self) -> String {
        format!("{HEADING}\n{}\n{}\n", self.old, self.new)
    }

    /// Signs with both keys.
    pub fn sign(old: &NoteSigner, new: &NoteSigner) -> Result<(Self, CrossSignatures), KeyRotationError> {
        let rotation = Self::new(old.vkey().clone(), new.vkey().clone())?;
        let text = rotation.to_text();
        let [by_old, by_new] = [old, new].map(|signer| signer.key().sign(text.as_bytes()).to_vec());
        Ok((rotation, CrossSignatures { by_old, by_new }))
    }

    /// Checks that both keys have signed.
    pub fn verify(&self, signatures: &CrossSignatures) -> Result<(), KeyRotationError> {
        let text = self.to_text();
        let has_signed = |key: &Vkey, signature: &[u8]| key.public_key().verifies(text.as_bytes(), signature);
        if !has_signed(&self.old, &signatures.by_old) {
            return Err(KeyRotationError::NotByOld);
        }
        if !has_signed(&self.new, &signatures.by_new) {
            return Err(KeyRotationError::NotByNew);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::checkpoint::UnverifiedCheckpoint;
    use crate::tlog::hash::to_base64url;
    use crate::tlog::key::{SIGNATURE_BYTES, SigningKey};

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(KeyName::parse(name).unwrap(), SigningKey::from_seed(&[seed; 32]))
    }

    /// The vector of docs/KEY_ROTATION.md.
    #[test]
    fn the_published_rotation_is_signed_and_verified() {
        let (old, new) = (signer("ledger.example/acme", 0x11), signer("ledger.example/acme", 0x33));
        let (rotation, signatures) = KeyRotation::sign(&old, &new).unwrap();
        let text = rotation.to_text();
        let page = include_str!("../../docs/KEY_ROTATION.md");
        for published in [text.as_str(), &to_base64url(&signatures.by_old), &to_base64url(&signatures.by_new)] {
            assert!(page.contains(published), "docs/KEY_ROTATION.md does not hold\n{published}");
        }
        assert_eq!(rotation.verify(&signatures), Ok(()));
    }

    #[test]
    fn one_signature_is_not_enough_and_the_order_is_signed() {
        let (old, new) = (signer("a", 1), signer("a", 2));
        let (rotation, signatures) = KeyRotation::sign(&old, &new).unwrap();
        let by_new_alone = CrossSignatures { by_old: signatures.by_new.clone(), by_new: signatures.by_new.clone() };
        assert_eq!(rotation.verify(&by_new_alone), Err(KeyRotationError::NotByOld));
        let by_old_alone = CrossSignatures { by_new: Vec::new(), ..signatures.clone() };
        assert_eq!(rotation.verify(&by_old_alone), Err(KeyRotationError::NotByNew));
        let (back, _) = KeyRotation::sign(&new, &old).unwrap();
        let exchanged = CrossSignatures { by_old: signatures.by_new, by_new: signatures.by_old };
        assert_eq!(back.verify(&exchanged), Err(KeyRotationError::NotByOld), "a rotation cannot be turned round");
    }

    #[test]
    fn keys_that_cannot_follow_each_other_are_refused() {
        let sign = |old: &NoteSigner, new: &NoteSigner| KeyRotation::sign(old, new).map(drop).unwrap_err();
        assert_eq!(sign(&signer("a", 1), &signer("a", 1)), KeyRotationError::SameKey);
        assert!(matches!(sign(&signer("a", 1), &signer("b", 2)), KeyRotationError::OtherName { .. }));
        let witness = NoteSigner::cosigner(KeyName::parse("a").unwrap(), SigningKey::from_seed(&[2; 32]));
        assert_eq!(sign(&signer("a", 1), &witness), KeyRotationError::NotALogKey);
    }

    #[test]
    fn what_is_signed_is_no_checkpoint() {
        let (rotation, _) = KeyRotation::sign(&signer("a", 1), &signer("a", 2)).unwrap();
        let line = crate::tlog::note::signature_line(rotation.old(), &[0; SIGNATURE_BYTES]);
        assert!(UnverifiedCheckpoint::parse(format!("{}\n{line}", rotation.to_text()).as_bytes()).is_err());
    }
}
