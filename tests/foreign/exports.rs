//! Exports against `jsonwebtoken`, which verifies the signature, and `sd-jwt-payload`, which puts the disclosed members in their places:
//! they read what we wrote, and refuse what was changed on the way.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use onus::service::opened::OpenedEntry;
use onus::tlog::hash::{LeafHash, to_base64url};
use onus::tlog::jwk::jwk;
use onus::tlog::key::PublicKey;
use onus::tlog::position::LeafIndex;
use onus::tlog::sd_jwt::{ExportError, UnverifiedExport, VerifiedExport};
use onus::tlog::time::Timestamp;
use sd_jwt_payload::{Hasher, SdJwt};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use crate::Verdict;
use crate::chance::Chance;
use crate::ledgers::{RandomLedger, SMALL};

/// Entries of each ledger that are exported. Each costs some ten Ed25519 operations without optimisation.
const EXPORTED: u64 = 14;
const EXPORTED_AT: &str = "2026-11-24T12:00:00Z";

/// The hash is the caller's to bring; this is the one of `sha2`.
pub(crate) struct Sha256Hasher;

impl Hasher for Sha256Hasher {
    fn digest(&self, input: &[u8]) -> Vec<u8> {
        Sha256::digest(input).to_vec()
    }

    fn alg_name(&self) -> &'static str {
        "sha-256"
    }
}

/// The claims as other people's libraries read them.
pub(crate) fn their_reading(export: &str, key: &PublicKey) -> Result<Map<String, Json>, String> {
    let key = serde_json::from_str(&jwk(key).to_canonical()).map_err(|e| e.to_string())?;
    let key = DecodingKey::from_jwk(&key).map_err(|e| e.to_string())?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    // An export does not expire: what was recorded stays recorded.
    validation.required_spec_claims = ["iss".to_owned()].into();
    validation.validate_exp = false;
    validation.set_issuer(&["https://ledger.example"]);
    let jwt = export.split('~').next().unwrap_or_default();
    jsonwebtoken::decode::<Json>(jwt, &key, &validation).map_err(|e| e.to_string())?;
    SdJwt::parse(export).and_then(|parsed| parsed.into_disclosed_object(&Sha256Hasher)).map_err(|e| e.to_string())
}

pub(crate) fn our_reading(export: &str, key: &PublicKey) -> Result<VerifiedExport, ExportError> {
    UnverifiedExport::parse(export)?.verify(key)
}

/// An export of an entry that shows these members.
pub(crate) fn export(random: &RandomLedger, entry: &OpenedEntry, shown: &BTreeSet<String>) -> String {
    let exporter = random.ledger.exporter();
    let terms = random.ledger.read(|rows| exporter.terms(rows, Timestamp::parse_rfc3339(EXPORTED_AT).unwrap())).unwrap();
    exporter.export(entry, shown, &terms).unwrap()
}

/// The claims of an export, as `sd-jwt-payload` 0.5 shows them: it loses empty objects that stand in lists (see `differences`).
fn expected(entry: &OpenedEntry, shown: &BTreeSet<String>) -> Map<String, Json> {
    let member = |name: &String| {
        let value = serde_json::from_str(&entry.members[name].to_canonical()).unwrap();
        (name.clone(), without_empty_objects_in_lists(value))
    };
    let mut claims: Map<String, Json> = shown.iter().map(member).collect();
    claims.insert("entry".to_owned(), to_base64url(&entry.bytes).into());
    claims.insert("iat".to_owned(), Timestamp::parse_rfc3339(EXPORTED_AT).unwrap().micros().div_euclid(1_000_000).into());
    claims.insert("iss".to_owned(), "https://ledger.example".into());
    claims.insert("members".to_owned(), entry.members.keys().cloned().collect());
    claims
}

fn without_empty_objects_in_lists(value: Json) -> Json {
    let is_kept = |item: &Json| !item.as_object().is_some_and(Map::is_empty);
    match value {
        Json::Array(items) => items.into_iter().filter(is_kept).map(without_empty_objects_in_lists).collect(),
        Json::Object(members) => members.into_iter().map(|(name, value)| (name, without_empty_objects_in_lists(value))).collect(),
        scalar => scalar,
    }
}

fn some_members(entry: &OpenedEntry, chance: &mut Chance) -> BTreeSet<String> {
    let share = chance.below(4);
    entry.members.keys().filter(|_| chance.below(3) < share).cloned().collect()
}

#[test]
fn every_export_reads_the_same_and_none_can_be_changed() {
    let (mut changed, mut withheld) = (0, 0);
    RandomLedger::each(SMALL, |random, chance| {
        let key = random.ledger.exporter().public_key();
        let mut before: Option<(LeafIndex, String)> = None;
        for _ in 0..EXPORTED {
            let entry = random.opened(chance.below(random.size().get()));
            let shown = some_members(&entry, chance);
            let text = export(random, &entry, &shown);
            assert_eq!(their_reading(&text, &key), Ok(expected(&entry, &shown)), "{text}");
            let ours = our_reading(&text, &key).unwrap();
            assert_eq!((&ours.entry, ours.leaf_hash), (&entry.bytes, LeafHash::of(&entry.bytes)));
            let opened: BTreeSet<String> = ours.opened.iter().map(|member| member.name.to_string()).collect();
            assert_eq!(opened, shown);
            assert!(ours.opened.iter().all(|member| member.value.to_canonical() == entry.members[member.name.as_str()].to_canonical()));
            withheld += ours.undisclosed().len();

            let other = before.filter(|(index, _)| *index != entry.index).map(|(_, other)| other);
            for bad in damaged(&text, other.as_deref(), chance) {
                let verdicts = (Verdict::of(&our_reading(&bad, &key)), Verdict::of(&their_reading(&bad, &key)));
                assert_eq!(verdicts, (Verdict::Refuses, Verdict::Refuses), "{bad}\nfrom {text}");
                changed += 1;
            }
            before = Some((entry.index, text));
        }
    });
    assert!(changed > 150 && withheld > 50, "{changed} changed, {withheld} members withheld");
}

#[test]
fn the_order_of_disclosures_says_nothing() {
    RandomLedger::each(SMALL, |random, _| {
        let key = random.ledger.exporter().public_key();
        let entry = random.opened(0);
        let all = entry.members.keys().cloned().collect();
        let text = export(random, &entry, &all);
        let mut parts: Vec<&str> = text.split_terminator('~').collect();
        parts[1..].reverse();
        let turned = parts.join("~") + "~";
        assert_eq!(their_reading(&turned, &key), their_reading(&text, &key));
        assert!(our_reading(&turned, &key).is_ok());
    });
}

/// Changes that nobody may take: a character of header, claims, signature or disclosure; a disclosure of another entry.
fn damaged(export: &str, other: Option<&str>, chance: &mut Chance) -> Vec<String> {
    let mut all: Vec<String> = (0..3).map(|_| with_another_character(export, chance)).collect();
    all.extend(other.and_then(|other| other.split_terminator('~').nth(1)).map(|foreign| format!("{export}{foreign}~")));
    let (jwt, rest) = export.split_once('~').unwrap();
    let signature = jwt.rsplit_once('.').unwrap().1;
    all.push(format!("{}~{rest}", jwt.replace(signature, "")));
    all.push(format!("{}~{rest}", jwt.replace(signature, &to_base64url(&[1; 64]))));
    all.retain(|bad| bad != export);
    all
}

fn with_another_character(export: &str, chance: &mut Chance) -> String {
    let mut text = export.to_owned().into_bytes();
    let at = chance.place(text.len());
    let other = *chance.pick(b"Aw8-_.~=%");
    if text[at] == other || text[at] == b'~' {
        return export.to_owned();
    }
    text[at] = other;
    String::from_utf8(text).unwrap()
}
