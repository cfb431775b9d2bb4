//! `vectors/format/vectors.json`, all of it: made by a script that shares no code with this program.

use onus::tlog::commitment::{Manifest, Sealed, SealedMember, commit};
use onus::tlog::disclosure::{Digest, Salt, Seed, digest, disclosure, open, salt};
use onus::tlog::entry::EntryHeader;
use onus::tlog::hash::{LeafHash, from_base64url, from_hex, to_base64url};
use onus::tlog::json::Value;
use onus::tlog::member::{Member, MemberName};
use serde_json::Value as Json;

use crate::shared::shared;

fn vectors() -> Option<Json> {
    let file = shared("vectors/format/vectors.json")?;
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

#[track_caller]
fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json[name].as_str().unwrap_or_else(|| panic!("no text {name} in {json}"))
}

#[track_caller]
fn list<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    let list = json[name].as_array().unwrap_or_else(|| panic!("no list {name} in {json}"));
    assert!(!list.is_empty(), "{name} is empty");
    list
}

fn name(json: &Json) -> MemberName {
    MemberName::parse(text(json, "name")).unwrap()
}

fn digest_of(text: &str) -> Digest {
    Digest::parse(text).unwrap()
}

fn manifest_of(json: &Json) -> Manifest {
    let digests = list(json, "_sd").iter().map(|d| digest_of(d.as_str().unwrap()));
    let names = list(json, "members").iter().map(|n| MemberName::parse(n.as_str().unwrap()).unwrap());
    Manifest::new(digests.collect(), names.collect()).unwrap()
}

#[test]
fn members_manifest_and_commitment_are_the_known_ones() {
    let Some(vectors) = vectors() else { return };
    let seed = Seed::from_bytes(from_hex(text(&vectors, "seed_hex")).unwrap().try_into().unwrap());
    let mut members = Vec::new();
    for known in list(&vectors, "members") {
        let (name, value) = (name(known), text(known, "value_jcs"));
        let salt = salt(&seed, &name);
        assert_eq!(salt.as_str(), text(known, "salt"), "{name}");
        let shown = disclosure(&salt, &name, value);
        assert_eq!(shown.as_str(), text(known, "disclosure"), "{name}");
        assert_eq!(from_base64url(shown.as_str()).unwrap(), text(known, "disclosure_json").as_bytes(), "{name}");
        assert_eq!(digest(&shown).as_str(), text(known, "digest"), "{name}");
        let (opened, opened_digest) = open(shown.as_str()).unwrap();
        assert_eq!((&opened.salt, &opened.name, opened_digest), (&salt, &name, digest(&shown)));
        assert_eq!(opened.value.to_canonical(), value);
        members.push(Member { name, value: value.to_owned() });
    }
    let digests = list(&vectors, "members").iter().map(|m| digest_of(text(m, "digest"))).collect();
    let manifest = Manifest::new(digests, members.iter().map(|m| m.name.clone()).collect()).unwrap();
    assert_eq!(String::from_utf8(manifest.to_bytes()).unwrap(), text(&vectors, "manifest"));
    let disclosures: Vec<_> = list(&vectors, "members").iter().map(|m| text(m, "disclosure")).collect();
    assert_eq!(manifest.open(&disclosures).unwrap().len(), members.len());

    let commitment = commit(&seed, &members).unwrap();
    assert_eq!(commitment, manifest.commitment());
    assert_eq!(commitment.to_hex(), text(&vectors["commitment"], "hex"));
    assert_eq!(commitment.to_string(), text(&vectors["commitment"], "base64url"));
}

#[test]
fn the_entry_and_its_erasure_are_the_known_ones() {
    let Some(vectors) = vectors() else { return };
    let prev = LeafHash::of(b"entry-41");
    assert_eq!(prev.to_hex(), text(&vectors["prev"], "hex"));
    assert_eq!(prev.to_string(), text(&vectors["prev"], "base64url"));
    let bytes = text(&vectors, "entry_bytes").as_bytes();
    assert_eq!(Some(bytes.len()), vectors["entry_length"].as_u64().and_then(|n| n.try_into().ok()));
    let entry = EntryHeader::parse(bytes).unwrap();
    assert_eq!(entry.to_bytes(), bytes);
    assert_eq!((entry.index.get(), entry.prev), (42, prev));
    assert_eq!(entry.payload.to_string(), text(&vectors["commitment"], "base64url"));
    assert_eq!(entry.assessment.as_ref().unwrap().findings(), ["scope_exceeded"]);
    assert_eq!(LeafHash::of(bytes).to_hex(), text(&vectors, "leaf_hash_hex"));

    let erasure_bytes = text(&vectors["erasure_entry"], "entry_bytes").as_bytes();
    let erasure = EntryHeader::parse(erasure_bytes).unwrap();
    assert_eq!(erasure.to_bytes(), erasure_bytes);
    assert_eq!((erasure.about, erasure.prev, &erasure.assessment), (Some(entry.index), LeafHash::of(bytes), &None));
    assert_eq!(LeafHash::of(erasure_bytes).to_hex(), text(&vectors["erasure_entry"], "leaf_hash_hex"));
}

#[test]
fn after_the_erasure_the_commitment_is_unchanged() {
    let Some(vectors) = vectors() else { return };
    let after = &vectors["after_erasure"];
    let kept = list(after, "kept").iter().map(|kept| {
        let salt = Salt::parse(text(kept, "salt")).unwrap();
        SealedMember { name: name(kept), sealed: Sealed::Opened { salt, value: text(kept, "value_jcs").to_owned() } }
    });
    let erased = list(after, "erased")
        .iter()
        .map(|erased| SealedMember { name: name(erased), sealed: Sealed::Gone { digest: digest_of(text(erased, "digest")) } });
    let members: Vec<_> = kept.chain(erased).collect();
    let manifest = Manifest::of_sealed(&members).unwrap();
    assert_eq!(manifest.commitment().to_string(), text(after, "commitment_base64url"));
    assert_eq!(manifest.commitment().to_string(), text(&vectors["commitment"], "base64url"));
}

#[test]
fn the_export_holds_the_manifest_and_the_entry() {
    let Some(vectors) = vectors() else { return };
    let export = &vectors["export_jwt_payload"];
    assert_eq!(text(export, "_sd_alg"), "sha-256");
    let manifest = manifest_of(export);
    assert_eq!(String::from_utf8(manifest.to_bytes()).unwrap(), text(&vectors, "manifest"));
    let entry = from_base64url(text(export, "entry")).unwrap();
    assert_eq!(entry, text(&vectors, "entry_bytes").as_bytes());
    assert_eq!(EntryHeader::parse(&entry).unwrap().payload, manifest.commitment());
}

#[test]
fn corners_sort_as_they_should() {
    let Some(vectors) = vectors() else { return };
    let utf16 = &vectors["corners"]["member_names_sort_by_utf16"];
    let members = list(utf16, "in").iter().zip(1_u32..).map(|(n, i)| (n.as_str().unwrap().to_owned(), Value::from(i)));
    assert_eq!(Value::Object(members.collect()).to_canonical(), text(utf16, "jcs"));
    assert_eq!(utf16["utf8_order_would_be_wrong"], Json::Bool(list(utf16, "in")[0].as_str() < list(utf16, "in")[1].as_str()));

    let digests = &vectors["corners"]["digests_sort_as_text_not_as_bytes"];
    let read = |order| list(digests, order).iter().map(|d| digest_of(d.as_str().unwrap())).collect::<Vec<_>>();
    let (as_text, mut sorted) = (read("text_order"), read("byte_order"));
    let mut as_bytes: Vec<_> = as_text.iter().map(|d| from_base64url(d.as_str()).unwrap()).collect();
    sorted.sort();
    assert_eq!(sorted, as_text);
    as_bytes.sort();
    let as_bytes: Vec<_> = as_bytes.iter().map(|bytes| digest_of(&to_base64url(bytes))).collect();
    assert_eq!(as_bytes, read("byte_order"));
    let names = ["/a", "/b", "/c"].map(|n| MemberName::parse(n).unwrap());
    assert_eq!(Manifest::new(read("byte_order"), names.to_vec()).unwrap().digests(), as_text);
}

#[test]
fn each_refused_entry_is_refused_for_its_reason() {
    let Some(vectors) = vectors() else { return };
    for refused in list(&vectors, "refused_entries") {
        let why = text(refused, "why");
        match EntryHeader::parse(text(refused, "entry_bytes").as_bytes()) {
            Ok(header) => panic!("{why}: taken as {header:?}"),
            Err(error) => assert_eq!(error.verdict(), text(refused, "verdict"), "{why}: {error}"),
        }
    }
}
