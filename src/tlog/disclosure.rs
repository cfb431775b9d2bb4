//! Salts, disclosures and their digests (FORMAT.md sections 4 and 5, as RFC 9901 section 4.2.1): one member, shown or hidden.

use std::fmt;

use super::hash::{base64url_of_32, from_base64url, push_base64url, sha256, sha256_of_parts, to_base64url};
use super::json::{JsonError, Value};
use super::member::MemberName;

/// Fewest characters of a salt: 128 bits of base64url.
pub const MIN_SALT_CHARACTERS: usize = 22;

/// What all salts of one entry are made from: 32 bytes of chance, of one entry only. It leaves the store in nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// The chance in front of a member's value: base64url text of at least 22 characters. Shown only with the member.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt(String);

/// A member made readable: base64url of `["salt","name",value]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure(String);

/// What the manifest holds of a disclosure: its SHA-256 as 43 characters of base64url, ordered as that text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 43]);

/// A disclosure taken apart.
#[derive(Clone, PartialEq)]
pub struct OpenedMember {
    /// Its salt.
    pub salt: Salt,
    /// Its name.
    pub name: MemberName,
    /// Its value.
    pub value: Value,
}

/// Why a text is not a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Padding, trailing bits, another alphabet.
    #[error("a disclosure is base64url without padding")]
    NotBase64Url,
    /// Not an I-JSON value, or a reserved name in it.
    #[error("a disclosure is I-JSON")]
    Json(#[from] JsonError),
    /// Not an array of salt, name and value.
    #[error("a disclosure is an array of salt, name and value")]
    NotThree,
    /// Shorter than [`MIN_SALT_CHARACTERS`], or no base64url.
    #[error("a salt is base64url of at least {MIN_SALT_CHARACTERS} characters")]
    Salt,
    /// No member can have that name.
    #[error("{name:?} is not a member's name")]
    Name {
        /// As it stands there.
        name: String,
    },
    /// Another text of the same value: it would have another digest.
    #[error("a disclosure is canonical JSON (RFC 8785)")]
    NotCanonical,
}

impl Seed {
    /// Takes 32 bytes that the operating system has just made up.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for the store alone.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Salt {
    /// Reads a salt; `None` if it is too short or no base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_form = text.len() >= MIN_SALT_CHARACTERS && from_base64url(text).is_some();
        is_of_form.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The salt of one member, from the entry's seed: base64url of the first 16 bytes of `SHA-256(seed ‖ name)`.
pub fn salt(seed: &Seed, name: &MemberName) -> Salt {
    Salt(to_base64url(&salt_bytes(seed, name)))
}

pub(super) fn salt_bytes(seed: &Seed, name: &MemberName) -> [u8; 16] {
    let hash = sha256_of_parts(&[&seed.0, name.as_str().as_bytes()]);
    *hash.first_chunk().expect("16 are fewer than 32")
}

/// The disclosure of one member; `value` is its canonical text.
pub fn disclosure(salt: &Salt, name: &MemberName, value: &str) -> Disclosure {
    let mut scratch = Scratch::default();
    scratch.disclose(salt.as_str().as_bytes(), name, value);
    Disclosure(String::from_utf8(scratch.disclosure).expect("base64url is ASCII"))
}

/// The digest of one disclosure.
pub fn digest(disclosure: &Disclosure) -> Digest {
    Digest(base64url_of_32(&sha256(disclosure.0.as_bytes())))
}

/// Room that the members of one payload use one after the other: a commitment allocates twice, not once for every member.
#[derive(Default)]
pub(super) struct Scratch {
    json: Vec<u8>,
    disclosure: Vec<u8>,
}

impl Scratch {
    fn disclose(&mut self, salt: &[u8], name: &MemberName, value: &str) {
        self.json.clear();
        self.disclosure.clear();
        self.json.extend_from_slice(b"[\"");
        self.json.extend_from_slice(salt);
        self.json.extend_from_slice(b"\",\"");
        self.json.extend_from_slice(name.as_str().as_bytes());
        self.json.extend_from_slice(b"\",");
        self.json.extend_from_slice(value.as_bytes());
        self.json.push(b']');
        push_base64url(&self.json, &mut self.disclosure);
    }

    /// `digest(disclosure(salt, name, value))`.
    pub(super) fn digest(&mut self, salt: &[u8], name: &MemberName, value: &str) -> Digest {
        self.disclose(salt, name, value);
        Digest(base64url_of_32(&sha256(&self.disclosure)))
    }
}

impl Disclosure {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// Reads 43 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = from_base64url(text)?.try_into().ok()?;
        Some(Self(base64url_of_32(&bytes)))
    }

    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("base64url is ASCII")
    }
}

/// Takes a disclosure apart and its digest with it; refuses every text that `disclosure` would not have made (FORMAT.md section 6, item 5).
pub fn open(text: &str) -> Result<(OpenedMember, Digest), DisclosureError> {
    let json = from_base64url(text).ok_or(DisclosureError::NotBase64Url)?;
    let array = Value::parse(&json)?;
    if array.to_canonical().as_bytes() != json {
        return Err(DisclosureError::NotCanonical);
    }
    let Value::Array(items) = array else { return Err(DisclosureError::NotThree) };
    let Ok([Value::String(salt), Value::String(name), value]) = <[Value; 3]>::try_from(items) else {
        return Err(DisclosureError::NotThree);
    };
    let salt = Salt::parse(&salt).ok_or(DisclosureError::Salt)?;
    let Some(name) = MemberName::parse(&name) else { return Err(DisclosureError::Name { name }) };
    Ok((OpenedMember { salt, name, value }, digest(&Disclosure(text.to_owned()))))
}

impl fmt::Debug for Seed {
    /// Never the bytes: they would undo every erasure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl fmt::Debug for Salt {
    /// Never the text: a program log must not open members.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl fmt::Debug for Disclosure {
    /// Never the text: it is the member.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disclosure")
    }
}

impl fmt::Debug for OpenedMember {
    /// Never salt and value: program logs hold no payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedMember({})", self.name)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: &str = "8MDR2OEhsevX8Tj-_ltclw";

    #[track_caller]
    fn opened(json: &str) -> Result<(OpenedMember, Digest), DisclosureError> {
        open(&to_base64url(json.as_bytes()))
    }

    #[test]
    fn only_the_canonical_array_of_three_opens() {
        let good = format!(r#"["{SALT}","/action/name","orders.refund"]"#);
        let (member, digest) = opened(&good).unwrap();
        assert_eq!((member.salt.as_str(), member.name.as_str()), (SALT, "/action/name"));
        assert_eq!(member.value, Value::from("orders.refund"));
        assert_eq!(digest.as_str(), "DavdQHKDsY3s3ySbxHZE5KPrsRQYuxo6t-8gPpDDmVA");

        assert_eq!(opened(&good.replace(',', ", ")), Err(DisclosureError::NotCanonical));
        assert_eq!(opened(&good.replace("orders", "\\u006frders")), Err(DisclosureError::NotCanonical));
        assert_eq!(opened(&good.replace("\"orders.refund\"", "{\"b\":1,\"a\":2}")), Err(DisclosureError::NotCanonical));
        assert_eq!(opened(&good.replace(",\"orders.refund\"", "")), Err(DisclosureError::NotThree));
        assert_eq!(opened(&good.replace("refund\"", "refund\",1")), Err(DisclosureError::NotThree));
        assert_eq!(opened("{}"), Err(DisclosureError::NotThree));
        assert_eq!(opened(&good.replace(SALT, &SALT[1..])), Err(DisclosureError::Salt));
        assert_eq!(opened(&good.replace(SALT, &SALT.replace('w', "x"))), Err(DisclosureError::Salt));
        assert_eq!(opened(&good.replace("/action/name", "iss")), Err(DisclosureError::Name { name: "iss".to_owned() }));
        assert!(matches!(
            opened(&good.replace("\"orders.refund\"", "{\"_sd\":[]}")),
            Err(DisclosureError::Json(JsonError::ReservedName { .. }))
        ));
        assert!(matches!(
            opened(&good.replace("\"orders.refund\"", "{\"a\":1,\"a\":1}")),
            Err(DisclosureError::Json(JsonError::DuplicateName { .. }))
        ));
        let text = to_base64url(good.as_bytes());
        assert_eq!(open(&format!("{text}=")), Err(DisclosureError::NotBase64Url));
        assert_eq!(open(&format!("{text}~")), Err(DisclosureError::NotBase64Url));
    }

    #[test]
    fn secrets_print_their_name_only() {
        let seed = Seed::from_bytes([7; 32]);
        let salt = salt(&seed, &MemberName::literal("/a"));
        let shown = disclosure(&salt, &MemberName::literal("/a"), "1");
        let (opened, _) = open(shown.as_str()).unwrap();
        assert_eq!(format!("{seed:?} {salt:?} {shown:?} {opened:?}"), "Seed Salt Disclosure OpenedMember(/a)");
    }

    proptest! {
        #[test]
        fn what_is_disclosed_opens(seed: [u8; 32], name in "(/[a-z0-9_]{1,9}){1,3}", text in "\\PC{0,30}", number in -1e9..1e9_f64) {
            let name = MemberName::parse(&name).unwrap();
            let value = Value::Array(vec![Value::from(text), Value::Number(number)]);
            let salt = salt(&Seed::from_bytes(seed), &name);
            let shown = disclosure(&salt, &name, &value.to_canonical());
            let digest = digest(&shown);
            prop_assert_eq!(open(shown.as_str()), Ok((OpenedMember { salt, name, value }, digest)));
            prop_assert_eq!(Digest::parse(digest.as_str()), Some(digest));
        }
    }
}
