//! Exports: one entry as an SD-JWT (FORMAT.md section 9, RFC 9901), made and verified. The signature says *the ledger exported this*;
//! that it happened in this order says only a checkpoint, which the reader brings.

use serde::Deserialize;

use super::commitment::{CommitmentError, Manifest};
use super::decimal::push_decimal;
use super::disclosure::{Digest, Disclosure, OpenedMember};
use super::entry::{EntryError, EntryHeader};
use super::hash::{LeafHash, from_base64url, to_base64url};
use super::json::{Value, write_canonical_str};
use super::jwk::thumbprint;
use super::key::{PublicKey, SigningKey};
use super::member::MemberName;

/// Longest export that is read: the largest event in base64url, with its manifest in base64url twice.
pub const MAX_EXPORT_BYTES: usize = 16 << 20;
/// `typ` of its header.
const TYPE: &str = "onus-entry+sd-jwt";
const ALGORITHM: &str = "EdDSA";
const HASH: &str = "sha-256";

/// What an export says in clear beside the entry and its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportTerms {
    /// The URL of the ledger.
    pub issuer: String,
    /// In seconds since 1970.
    pub issued_at_s: u64,
    /// For whom it was made, if it is addressed.
    pub audience: Option<String>,
}

/// An export that nobody has signed yet.
#[derive(Clone, Copy, Debug)]
pub struct UnsignedExport<'e> {
    /// The entry's bytes.
    pub entry: &'e [u8],
    /// What it committed to.
    pub manifest: &'e Manifest,
    /// The disclosures that are granted.
    pub granted: &'e [Disclosure],
    /// What is said beside.
    pub terms: &'e ExportTerms,
}

/// An export that has the form of one; nothing of it is known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedExport {
    signed: String,
    signature: Vec<u8>,
    key_thumbprint: String,
    claims: Claims,
    disclosures: Vec<String>,
}

/// An export that its ledger has signed, with everything in it opened against the entry's commitment.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedExport {
    /// Who made it, when, for whom.
    pub terms: ExportTerms,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// What they say.
    pub header: EntryHeader,
    /// Their hash: what a proof has to show under a checkpoint.
    pub leaf_hash: LeafHash,
    /// What the entry committed to.
    pub manifest: Manifest,
    /// What was disclosed.
    pub opened: Vec<OpenedMember>,
}

/// Why a text is not an export to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// More than [`MAX_EXPORT_BYTES`].
    #[error("an export has at most {MAX_EXPORT_BYTES} bytes")]
    TooLong,
    /// Not the compact form of RFC 9901, or with a key binding at its end.
    #[error("an export is header.payload.signature and disclosures, each part followed by `~`, in base64url")]
    Form,
    /// The header is another's.
    #[error("the header of an export is alg EdDSA, kid, and typ {TYPE}")]
    Header,
    /// The payload holds other claims.
    #[error("the claims of an export are _sd, _sd_alg, members, entry, iss, iat and perhaps aud: {0}")]
    Claims(String),
    /// Another key is named than the one it should be.
    #[error("it names the key {found}, not {expected}")]
    OtherKey {
        /// The thumbprint in its header.
        found: String,
        /// That of the key it was held against.
        expected: String,
    },
    /// The key did not sign this.
    #[error("its signature is wrong")]
    Signature,
    /// What it calls the entry is none.
    #[error("its entry is not one")]
    Entry(#[from] EntryError),
    /// Digests, names or disclosures do not belong together.
    #[error("its members do not belong together")]
    Members(#[from] CommitmentError),
    /// Digests or names out of order: another text would hash to the commitment.
    #[error("_sd and members ascend")]
    Order,
    /// The manifest is of another payload than the entry's.
    #[error("its manifest is not what the entry committed to")]
    OtherPayload,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(rename = "_sd")]
    digests: Vec<String>,
    #[serde(rename = "_sd_alg")]
    hash: String,
    members: Vec<String>,
    entry: String,
    iss: String,
    iat: u64,
    aud: Option<String>,
}

impl UnsignedExport<'_> {
    /// Signs it, as one text: header, claims and signature, then each disclosure, each with its `~`.
    pub fn sign(&self, key: &SigningKey) -> String {
        let header = format!(r#"{{"alg":"{ALGORITHM}","kid":"{}","typ":"{TYPE}"}}"#, thumbprint(&key.public_key()));
        let mut text = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(&self.claims()));
        let signature = to_base64url(&key.sign(text.as_bytes()));
        text.push('.');
        for part in std::iter::once(signature.as_str()).chain(self.granted.iter().map(Disclosure::as_str)) {
            text.push_str(part);
            text.push('~');
        }
        text
    }

    /// The claims as canonical JSON. Every disclosed name begins with `/`, so none of these can be one.
    fn claims(&self) -> Vec<u8> {
        let manifest = self.manifest.to_bytes();
        let names_at = find(&manifest, b",\"members\":").expect("a manifest has its members last");
        let mut out = manifest[..names_at].to_vec();
        if let Some(audience) = &self.terms.audience {
            out.extend_from_slice(b",\"aud\":");
            write_canonical_str(audience, &mut out);
        }
        out.extend_from_slice(b",\"entry\":\"");
        out.extend_from_slice(to_base64url(self.entry).as_bytes());
        out.extend_from_slice(b"\",\"iat\":");
        push_decimal(self.terms.issued_at_s, &mut out);
        out.extend_from_slice(b",\"iss\":");
        write_canonical_str(&self.terms.issuer, &mut out);
        out.extend_from_slice(&manifest[names_at..]);
        out
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

impl UnverifiedExport {
    /// Takes an export apart.
    pub fn parse(text: &str) -> Result<Self, ExportError> {
        if text.len() > MAX_EXPORT_BYTES {
            return Err(ExportError::TooLong);
        }
        // What followed the last `~` would be a key binding.
        let mut parts = text.strip_suffix('~').ok_or(ExportError::Form)?.split('~');
        let jwt = parts.next().ok_or(ExportError::Form)?;
        let (signed, signature) = jwt.rsplit_once('.').ok_or(ExportError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(ExportError::Form)?;
        let bytes = |part| from_base64url(part).ok_or(ExportError::Form);
        let key_thumbprint = read_header(&bytes(header)?).ok_or(ExportError::Header)?;
        let claims: Claims = serde_json::from_slice(&bytes(payload)?).map_err(|e| ExportError::Claims(e.to_string()))?;
        if claims.hash != HASH {
            return Err(ExportError::Claims(format!("_sd_alg is {:?}, not {HASH}", claims.hash)));
        }
        let disclosures = parts.map(str::to_owned).collect();
        Ok(Self { signed: signed.to_owned(), signature: bytes(signature)?, key_thumbprint, claims, disclosures })
    }

    /// Believes it as far as `key` signed it: rebuilds the manifest, compares it with the entry's commitment, opens every disclosure.
    /// Steps 3 and 4 of FORMAT.md section 6 are the reader's, who has a checkpoint.
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedExport, ExportError> {
        let expected = thumbprint(key);
        if self.key_thumbprint != expected {
            return Err(ExportError::OtherKey { found: self.key_thumbprint, expected });
        }
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(ExportError::Signature);
        }
        let Claims { digests, members, entry, iss, iat, aud, .. } = self.claims;
        let manifest = read_manifest(&digests, &members)?;
        let entry = from_base64url(&entry).ok_or(ExportError::Form)?;
        let header = EntryHeader::parse(&entry)?;
        if manifest.commitment() != header.payload {
            return Err(ExportError::OtherPayload);
        }
        let opened = manifest.open(&self.disclosures.iter().map(String::as_str).collect::<Vec<_>>())?;
        let terms = ExportTerms { issuer: iss, issued_at_s: iat, audience: aud };
        Ok(VerifiedExport { terms, leaf_hash: LeafHash::of(&entry), entry, header, manifest, opened })
    }
}

impl VerifiedExport {
    /// Names of the members that the entry has and this export does not show: withheld or erased, never *not reported*.
    pub fn undisclosed(&self) -> Vec<&MemberName> {
        self.manifest.names().iter().filter(|name| self.opened.iter().all(|member| member.name != **name)).collect()
    }
}

fn read_header(json: &[u8]) -> Option<String> {
    let header = Value::parse(json).ok()?;
    let Value::Object(members) = &header else { return None };
    let text = |name| header.member(name).and_then(Value::as_str);
    let is_ours = members.len() == 3 && text("alg") == Some(ALGORITHM) && text("typ") == Some(TYPE);
    text("kid").filter(|_| is_ours).map(str::to_owned)
}

fn read_manifest(digests: &[String], names: &[String]) -> Result<Manifest, ExportError> {
    let digests: Vec<Digest> = digests.iter().map(|text| Digest::parse(text)).collect::<Option<_>>().ok_or(ExportError::Form)?;
    let names: Vec<MemberName> = names.iter().map(|text| MemberName::parse(text)).collect::<Option<_>>().ok_or(ExportError::Form)?;
    let manifest = Manifest::new(digests.clone(), names.clone())?;
    if manifest.digests() == digests && manifest.names() == names { Ok(manifest) } else { Err(ExportError::Order) }
}

#[cfg(test)]
#[path = "sd_jwt_tests.rs"]
mod tests;
