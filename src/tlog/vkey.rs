//! The keys of signed notes as text, and those who sign (C2SP signed-note; C2SP.md sections 3.2 to 3.4).

use std::fmt;

use super::hash::{from_base64, from_hex, sha256_of_parts, to_base64, to_hex};
use super::key::{PublicKey, SigningKey};

/// Longest key name; ML-DSA messages have one byte for its length.
pub const MAX_KEY_NAME_BYTES: usize = 255;

/// What a key signs, by its type byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureType {
    /// 0x01: the note's text. A log's signature.
    Ed25519,
    /// 0x04: a time and the note's text. A witness's cosignature.
    Cosignature,
}

/// The name of a note's key: not empty, no white space, no `+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

/// The four bytes by which a signature line says whose it is. A hint, never a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

/// A verifier's key: `name+id+base64(type ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vkey {
    name: KeyName,
    id: KeyId,
    signature_type: SignatureType,
    key: PublicKey,
}

/// Someone who signs notes: a name and a key.
#[derive(Clone)]
pub struct NoteSigner {
    vkey: Vkey,
    key: SigningKey,
}

/// Why a text is not a verifier's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Not three parts, or a part in another form.
    #[error("a verifier key is `name+id+key`: a name without white space, eight lowercase hexadecimal digits, base64")]
    Malformed,
    /// A type that is not verified here.
    #[error("keys of type 0x{byte:02x} are not known here: only Ed25519 (0x01) and cosignature/v1 (0x04)")]
    UnknownType {
        /// The type byte.
        byte: u8,
    },
    /// Not 32 bytes, no point of the curve, or a weak one.
    #[error("not an Ed25519 public key")]
    NotAKey,
    /// The id is not that of the name and key: a slip of the pen, or worse.
    #[error("the key's id is {stated}, but name and key make {computed}")]
    OtherId {
        /// As written.
        stated: String,
        /// As it should be.
        computed: String,
    },
}

impl SignatureType {
    /// The type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Ed25519),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

impl KeyName {
    /// Reads a name; `None` if it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_form =
            (1..=MAX_KEY_NAME_BYTES).contains(&text.len()) && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        is_of_form.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Vkey {
    /// The key of that name and kind; its id follows from them.
    pub fn new(name: KeyName, signature_type: SignatureType, key: PublicKey) -> Self {
        let hash = sha256_of_parts(&[name.0.as_bytes(), b"\n", &[signature_type.byte()], key.as_bytes()]);
        let id = KeyId(*hash.first_chunk().expect("4 are fewer than 32"));
        Self { name, id, signature_type, key }
    }

    /// Reads a key and computes its id again.
    pub fn parse(text: &str) -> Result<Self, VkeyError> {
        // Only the first two: base64 may hold `+` itself.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(stated), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(VkeyError::Malformed) };
        let name = KeyName::parse(name).ok_or(VkeyError::Malformed)?;
        let stated_id: [u8; 4] = from_hex(stated).and_then(|id| id.try_into().ok()).ok_or(VkeyError::Malformed)?;
        let bytes = from_base64(key).ok_or(VkeyError::Malformed)?;
        let (byte, key) = bytes.split_first().ok_or(VkeyError::Malformed)?;
        let signature_type = SignatureType::from_byte(*byte).ok_or(VkeyError::UnknownType { byte: *byte })?;
        let vkey = Self::new(name, signature_type, PublicKey::from_bytes(key).ok_or(VkeyError::NotAKey)?);
        if vkey.id != KeyId(stated_id) {
            return Err(VkeyError::OtherId { stated: stated.to_owned(), computed: vkey.id.to_string() });
        }
        Ok(vkey)
    }

    /// Whose key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The hint on signature lines.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What it signs.
    pub const fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The key itself. Two names with one key are one signer.
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

impl NoteSigner {
    /// A signer of notes as such: a log.
    pub fn new(name: KeyName, key: SigningKey) -> Self {
        Self { vkey: Vkey::new(name, SignatureType::Ed25519, key.public_key()), key }
    }

    /// A cosigner of checkpoints: a witness. Its key must serve nothing else, for what it signs does not hold its name.
    pub fn cosigner(name: KeyName, key: SigningKey) -> Self {
        Self { vkey: Vkey::new(name, SignatureType::Cosignature, key.public_key()), key }
    }

    /// What verifies this signer.
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    pub(super) const fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.signature_type.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, to_base64(&key))
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteSigner")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "ledger.example/acme+83b1baac+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3";
    const WITNESS: &str = "witness.example/w1+e0cd2864+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw";

    /// C2SP.md section 9.2; the witness's key holds a `+`.
    #[test]
    fn the_published_keys_are_made_and_read() {
        let name = |text| KeyName::parse(text).unwrap();
        let log = NoteSigner::new(name("ledger.example/acme"), SigningKey::from_seed(&[0x11; 32]));
        let witness = NoteSigner::cosigner(name("witness.example/w1"), SigningKey::from_seed(&[0x22; 32]));
        for (signer, text) in [(log, LOG), (witness, WITNESS)] {
            assert_eq!(signer.vkey().to_string(), text);
            assert_eq!(&Vkey::parse(text).unwrap(), signer.vkey());
            assert_eq!(format!("{signer:?}"), "NoteSigner");
        }
    }

    #[test]
    fn a_key_that_contradicts_itself_is_refused() {
        let other_id = Vkey::parse(&LOG.replace("83b1baac", "83b1baad"));
        assert_eq!(other_id, Err(VkeyError::OtherId { stated: "83b1baad".to_owned(), computed: "83b1baac".to_owned() }));
        assert!(matches!(Vkey::parse(&LOG.replace("ledger", "lodger")), Err(VkeyError::OtherId { .. })));
        assert_eq!(Vkey::parse(&LOG.replace("+AdB", "+BtB")), Err(VkeyError::UnknownType { byte: 6 }));
        for refused in [
            "",
            "a",
            "a+b",
            &LOG[1..].replace("edger.example/acme", ""),
            &LOG.replace("ledger", "led ger"),
            &LOG.replace("83b1baac", "83B1BAAC"),
            &LOG.replace("83b1baac", "3b1baac"),
            &format!("{LOG}="),
            &format!("{LOG}\n"),
        ] {
            assert_eq!(Vkey::parse(refused), Err(VkeyError::Malformed), "{refused}");
        }
        assert_eq!(Vkey::parse("a+00000000+AQ=="), Err(VkeyError::NotAKey));
    }
}
