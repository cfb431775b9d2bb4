//! Exports: what is shown opens, what is not is named, and nothing in them can be changed.

use super::*;
use crate::tlog::commitment::{Sealed, SealedMember};
use crate::tlog::disclosure::{Seed, disclosure, salt};
use crate::tlog::entry::{EntryType, Origin};
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

const MEMBERS: [(&str, &str); 3] =
    [("/action/arguments", r#"{"amount_cents":12999}"#), ("/action/name", "\"orders.refund\""), ("/context", "[]")];

struct Made {
    entry: Vec<u8>,
    manifest: Manifest,
    shown: Vec<Disclosure>,
    terms: ExportTerms,
    key: SigningKey,
}

impl Made {
    fn entry() -> Self {
        let seed = Seed::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let name = |text| MemberName::parse(text).unwrap();
        let seal = |(of, value): &(&'static str, &str)| {
            let sealed = Sealed::Opened { salt: salt(&seed, &name(of)), value: (*value).to_owned() };
            SealedMember { name: name(of), sealed }
        };
        let manifest = Manifest::of_sealed(&MEMBERS.iter().map(seal).collect::<Vec<_>>()).unwrap();
        let shown = MEMBERS.iter().map(|(of, value)| disclosure(&salt(&seed, &name(of)), &name(of), value)).collect();
        let header = EntryHeader {
            about: None,
            assessment: None,
            index: LeafIndex::new(42).unwrap(),
            log: Origin::parse("ledger.example/acme").unwrap(),
            payload: manifest.commitment(),
            prev: LeafHash::from_bytes([7; 32]),
            recorded_at: Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").unwrap(),
            entry_type: EntryType::literal("action.recorded"),
        };
        let terms = ExportTerms { issuer: "https://ledger.example".to_owned(), issued_at_s: 1_795_000_000, audience: None };
        Self { entry: header.to_bytes(), manifest, shown, terms, key: SigningKey::from_seed(&[9; 32]) }
    }

    fn export(&self, granted: &[Disclosure]) -> String {
        self.unsigned(granted).sign(&self.key)
    }

    fn unsigned<'e>(&'e self, granted: &'e [Disclosure]) -> UnsignedExport<'e> {
        UnsignedExport { entry: &self.entry, manifest: &self.manifest, granted, terms: &self.terms }
    }

    fn verify(&self, text: &str) -> Result<VerifiedExport, ExportError> {
        UnverifiedExport::parse(text)?.verify(&self.key.public_key())
    }

    /// An export of those claims: the ledger itself says something that its entry does not.
    fn signed(&self, claims: &str) -> String {
        let header = self.export(&[]).split('.').next().unwrap().to_owned();
        let signed = format!("{header}.{}", to_base64url(claims.as_bytes()));
        format!("{signed}.{}~", to_base64url(&self.key.sign(signed.as_bytes())))
    }

    fn claims(&self) -> String {
        String::from_utf8(self.unsigned(&[]).claims()).unwrap()
    }
}

#[test]
fn what_is_granted_opens_and_what_is_not_is_named() {
    let mut made = Made::entry();
    made.terms.audience = Some("https://auditor.example".to_owned());
    let some = made.verify(&made.export(&made.shown[1..])).unwrap();
    assert_eq!((&some.entry, &some.terms, &some.manifest), (&made.entry, &made.terms, &made.manifest));
    assert_eq!(some.leaf_hash, LeafHash::of(&made.entry));
    assert_eq!(some.opened.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["/action/name", "/context"]);
    assert_eq!(some.undisclosed(), [&MemberName::literal("/action/arguments")]);
    let none = made.verify(&made.export(&[])).unwrap();
    assert_eq!((none.opened.len(), none.undisclosed().len()), (0, 3));
    let canonical: serde_json::Value = serde_json::from_str(&made.claims()).unwrap();
    assert_eq!(serde_json_canonicalizer::to_string(&canonical).unwrap(), made.claims(), "the payload is canonical JSON");
}

#[test]
fn an_export_of_other_form_is_not_read() {
    let made = Made::entry();
    let good = made.export(&made.shown);
    let jwt = good.split('~').next().unwrap().to_owned();
    let with_header = |header: &str| format!("{}.{}~", to_base64url(header.as_bytes()), jwt.split_once('.').unwrap().1);
    for (text, expected) in [
        (good.trim_end_matches('~').to_owned(), ExportError::Form),
        (format!("{good}eyJ0eXAiOiJrYitqd3QifQ.e30.AA"), ExportError::Form),
        (jwt.replace('.', "~"), ExportError::Form),
        (format!("{jwt}=~"), ExportError::Form),
        (with_header(r#"{"alg":"none","kid":"k","typ":"onus-entry+sd-jwt"}"#), ExportError::Header),
        (with_header(r#"{"alg":"EdDSA","kid":"k","typ":"sd+jwt"}"#), ExportError::Header),
        (with_header(r#"{"alg":"EdDSA","crit":["b64"],"kid":"k","typ":"onus-entry+sd-jwt"}"#), ExportError::Header),
        ("~".repeat(MAX_EXPORT_BYTES + 1), ExportError::TooLong),
    ] {
        assert_eq!(made.verify(&text).unwrap_err(), expected, "{text:.80}");
    }
}

#[test]
fn another_key_another_signature_and_other_disclosures_are_refused() {
    let made = Made::entry();
    let good = made.export(&made.shown);
    let other = SigningKey::from_seed(&[8; 32]);
    let foreign = made.unsigned(&[]).sign(&other);
    assert!(matches!(made.verify(&foreign), Err(ExportError::OtherKey { .. })));
    let (head, rest) = good.split_once('~').unwrap();
    let other_signature = format!("{}.{}~{rest}", head.rsplit_once('.').unwrap().0, to_base64url(&other.sign(b"")));
    assert_eq!(made.verify(&other_signature), Err(ExportError::Signature));
    for disclosures in [format!("{good}{}~", made.shown[0].as_str()), format!("{head}~{}~", made.shown[0].as_str().to_uppercase())] {
        assert!(matches!(made.verify(&disclosures), Err(ExportError::Members(_))), "{disclosures}");
    }
}

/// The signature is the ledger's word; that it is the entry's, too, is rebuilt.
#[test]
fn a_ledger_cannot_export_what_the_entry_did_not_commit_to() {
    let made = Made::entry();
    let claims = made.claims();
    assert!(made.verify(&made.signed(&claims)).is_ok());
    let digest = made.manifest.digests()[0].as_str();
    let other_first = if digest.starts_with('-') { "0" } else { "-" };
    let other_digest = claims.replace(digest, &format!("{other_first}{}", &digest[1..]));
    let unordered = claims.replace(r#""/action/arguments","/action/name""#, r#""/action/name","/action/arguments""#);
    for (claims, expected) in [
        (claims.replace("/context", "/contexts"), ExportError::OtherPayload),
        (other_digest, ExportError::OtherPayload),
        (unordered, ExportError::Order),
        (claims.replace("/context", "context"), ExportError::Form),
        (claims.replace(&to_base64url(&made.entry), &to_base64url(b"{}")), EntryHeader::parse(b"{}").unwrap_err().into()),
    ] {
        assert_eq!(made.verify(&made.signed(&claims)), Err(expected), "{claims}");
    }
    for claims in [
        claims.replace("sha-256", "sha-384"),
        claims.replace("\"iat\"", "\"exp\""),
        claims.replace("\"iat\"", "\"vct\":1,\"iat\""),
        claims.replace("\"iat\"", "\"iat\":1,\"iat\""),
    ] {
        assert!(matches!(made.verify(&made.signed(&claims)), Err(ExportError::Claims(_))), "{claims}");
    }
}
