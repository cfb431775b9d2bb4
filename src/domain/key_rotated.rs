//! The entry `key.rotated` as members and back (docs/KEY_ROTATION.md): the two keys, why, how long both sign, and what each says of
//! the other. Whether the old key was in force is `log_keys`' business.

use crate::domain::event::{MAX_PROSE_BYTES, Members};
use crate::tlog::hash::{from_base64url, to_base64url};
use crate::tlog::json::Value;
use crate::tlog::key_rotation::{CrossSignatures, KeyRotation, KeyRotationError};
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::{Vkey, VkeyError};

/// The type of the entry.
pub const KEY_ROTATED: &str = "key.rotated";
/// The member that names the key in force until now.
const OLD_LOG_KEY: &str = "/old_log_key";
/// The member that names the key in force from now on: as in entry 0.
pub const LOG_KEY: &str = "/log_key";
const REASON: &str = "/reason";
const OVERLAP_UNTIL: &str = "/overlap_until";
const SIGNED_BY_OLD: &str = "/signed_by_old";
const SIGNED_BY_NEW: &str = "/signed_by_new";

/// A rotation that both keys have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotated {
    rotation: KeyRotation,
    signatures: CrossSignatures,
    reason: Reason,
    overlap_until: Timestamp,
}

/// Why a key was rotated: 1 to [`MAX_PROSE_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// Why members are not those of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRotatedError {
    /// A member is missing, or of another form.
    #[error("its member {0} is missing or not of the form")]
    Member(&'static str),
    /// A key is none.
    #[error("its member {name} names no key: {source}")]
    Key {
        /// Which member.
        name: &'static str,
        /// What is wrong with it.
        source: VkeyError,
    },
    /// The keys do not follow each other.
    #[error("{0}")]
    Rotation(#[from] KeyRotationError),
}

impl Reason {
    /// Reads a reason; `None` if there is none, or too much of it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_form = (1..=MAX_PROSE_BYTES).contains(&text.len());
        is_of_form.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyRotated {
    /// Of two keys that have signed.
    pub fn new(
        rotation: KeyRotation,
        signatures: CrossSignatures,
        reason: Reason,
        overlap_until: Timestamp,
    ) -> Result<Self, KeyRotatedError> {
        rotation.verify(&signatures)?;
        Ok(Self { rotation, signatures, reason, overlap_until })
    }

    /// The key in force until now.
    pub const fn old_key(&self) -> &Vkey {
        self.rotation.old()
    }

    /// The key in force from now on.
    pub const fn new_key(&self) -> &Vkey {
        self.rotation.new_key()
    }

    /// So long both sign.
    pub const fn overlap_until(&self) -> Timestamp {
        self.overlap_until
    }

    /// The members that say it.
    pub fn to_members(&self) -> Members {
        [
            (LOG_KEY, self.new_key().to_string()),
            (OLD_LOG_KEY, self.old_key().to_string()),
            (OVERLAP_UNTIL, self.overlap_until.to_string()),
            (REASON, self.reason.0.clone()),
            (SIGNED_BY_NEW, to_base64url(&self.signatures.by_new)),
            (SIGNED_BY_OLD, to_base64url(&self.signatures.by_old)),
        ]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), Value::from(text)))
        .collect()
    }

    /// Inverse of [`KeyRotated::to_members`]; both signatures are verified.
    pub fn from_members(members: &Members) -> Result<Self, KeyRotatedError> {
        let text = |name| members.get(name).and_then(Value::as_str).ok_or(KeyRotatedError::Member(name));
        let key = |name| Vkey::parse(text(name)?).map_err(|source| KeyRotatedError::Key { name, source });
        let signature = |name| from_base64url(text(name)?).ok_or(KeyRotatedError::Member(name));
        let rotation = KeyRotation::new(key(OLD_LOG_KEY)?, key(LOG_KEY)?)?;
        let signatures = CrossSignatures { by_old: signature(SIGNED_BY_OLD)?, by_new: signature(SIGNED_BY_NEW)? };
        let reason = Reason::parse(text(REASON)?).ok_or(KeyRotatedError::Member(REASON))?;
        let overlap_until = Timestamp::parse_entry_time(text(OVERLAP_UNTIL)?).ok_or(KeyRotatedError::Member(OVERLAP_UNTIL))?;
        Self::new(rotation, signatures, reason, overlap_until)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tlog::key::SigningKey;
    use crate::tlog::vkey::{KeyName, NoteSigner};

    pub(in crate::domain) fn signer(seed: u8) -> NoteSigner {
        NoteSigner::new(KeyName::parse("ledger.example/acme").unwrap(), SigningKey::from_seed(&[seed; 32]))
    }

    pub(in crate::domain) fn rotated(old: u8, new: u8, until: &str) -> KeyRotated {
        let (rotation, signatures) = KeyRotation::sign(&signer(old), &signer(new)).unwrap();
        let until = Timestamp::parse_rfc3339(until).unwrap();
        KeyRotated::new(rotation, signatures, Reason::parse("yearly").unwrap(), until).unwrap()
    }

    #[test]
    fn what_is_recorded_is_read_back_the_same() {
        let rotated = rotated(1, 2, "2026-12-24T12:00:00Z");
        assert_eq!(KeyRotated::from_members(&rotated.to_members()), Ok(rotated));
        assert!(Reason::parse("").is_none() && Reason::parse(&"x".repeat(MAX_PROSE_BYTES + 1)).is_none());
    }

    #[test]
    fn every_member_is_needed_and_none_can_be_another_s() {
        let members = rotated(1, 2, "2026-12-24T12:00:00Z").to_members();
        let other = rotated(3, 4, "2026-12-24T12:00:00Z").to_members();
        for name in members.keys() {
            let mut without = members.clone();
            without.remove(name);
            assert!(KeyRotated::from_members(&without).is_err(), "{name} is missing");
            let mut exchanged = members.clone();
            exchanged.insert(name.clone(), other[name].clone());
            let is_signed_over = ![REASON, OVERLAP_UNTIL].contains(&name.as_str());
            assert_eq!(KeyRotated::from_members(&exchanged).is_err(), is_signed_over, "{name} is another's");
            exchanged.insert(name.clone(), "".into());
            assert!(KeyRotated::from_members(&exchanged).is_err(), "{name} is empty");
        }
    }
}
