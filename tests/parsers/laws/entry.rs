//! The bytes of an entry, and disclosures. The judge of an entry: JCS prints its members in the very order and form of FORMAT.md
//! section 1, so an entry is an object that equals its own canonical form and whose members have the forms of the table there.

use onus::tlog::commitment::{Manifest, Sealed, SealedMember};
use onus::tlog::disclosure::{Digest, Salt, Seed, digest, disclosure, open, salt};
use onus::tlog::entry::{Assessment, EntryHeader, EntryType, Origin};
use onus::tlog::hash::{Commitment, LeafHash, to_base64url};
use onus::tlog::json::Value;
use onus::tlog::member::MemberName;
use onus::tlog::position::{LeafIndex, MAX_POSITION};
use onus::tlog::time::Timestamp;

use super::Verdict;
use super::dice::Dice;
use super::oracle::{base64url, is_small, only};
use super::times::is_entry_time;

/// Taken exactly if it has the form of section 1; what is taken is written back as it was.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    let read = EntryHeader::parse(bytes);
    assert_eq!(read.is_ok(), has_form(bytes), "{read:?}: {:?}", String::from_utf8_lossy(bytes));
    if let Ok(header) = &read {
        assert_eq!(header.to_bytes(), bytes, "one header, one text");
    }
    Verdict::of(read.is_ok())
}

/// The types whose entries are about an earlier one.
const ABOUT_ANOTHER: [&str; 2] = ["payload.erased", "assessment.changed"];

/// FORMAT.md section 1, read from the table.
fn has_form(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else { return false };
    let n = |name: &str| members.get(name).and_then(serde_json::Value::as_u64).filter(|n| *n < 1 << 53);
    let s = |name: &str| members.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let hash = |name: &str| s(name).len() == 43 && base64url(s(name)).is_some();
    let known = ["about", "findings", "index", "log", "payload", "prev", "recorded_at", "rules", "type", "v"];
    let (Some(index), true) = (n("index"), text.is_ascii() && text.len() <= 4096) else { return false };
    serde_json_canonicalizer::to_string(&members).is_ok_and(|canonical| canonical == text)
        && members.keys().all(|name| known.contains(&name.as_str()))
        && (!members.contains_key("about") || (ABOUT_ANOTHER.contains(&s("type")) && n("about").is_some_and(|about| about < index)))
        && members.contains_key("findings") == members.contains_key("rules")
        && members.get("findings").is_none_or(are_findings)
        && (!members.contains_key("rules") || n("rules").is_some())
        && is_origin(s("log"))
        && hash("payload")
        && hash("prev")
        && (index > 0 || s("prev") == "A".repeat(43))
        && is_entry_time(s("recorded_at"))
        && is_type(s("type"))
        && n("v") == Some(1)
}

fn are_findings(findings: &serde_json::Value) -> bool {
    let Some(codes) = findings.as_array() else { return false };
    let is_code = |code: &&str| {
        (1..=48).contains(&code.len()) && code.starts_with(|c: char| c.is_ascii_lowercase()) && only(code, |c| is_small(c) || c == '_')
    };
    let texts: Vec<&str> = codes.iter().filter_map(serde_json::Value::as_str).filter(is_code).collect();
    texts.len() == codes.len() && texts.len() <= 32 && texts.windows(2).all(|pair| pair[0] < pair[1])
}

/// `[a-z0-9][a-z0-9._/:-]{0,127}`
pub(super) fn is_origin(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.starts_with(is_small) && only(text, |c| is_small(c) || "._/:-".contains(c))
}

/// `[a-z][a-z_]*(\.[a-z][a-z_]*)+`, at most 64.
pub(super) fn is_type(text: &str) -> bool {
    let words: Vec<&str> = text.split('.').collect();
    let is_word = |w: &&str| w.starts_with(|c: char| c.is_ascii_lowercase()) && only(w, |c| c.is_ascii_lowercase() || c == '_');
    text.len() <= 64 && words.len() > 1 && words.iter().all(is_word)
}

/// An entry.
pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    let index = [0, 1, 41, MAX_POSITION, dice.number() >> 11][dice.below(5)];
    let micros = i64::try_from(dice.number() % 315_569_520_000_000_000).expect("below 2^63") - 62_167_219_200_000_000;
    let codes = (0..[0, 1, 3, 32][dice.below(4)]).map(|i| format!("c{i}_{}", dice.word("ab0_", 0, 3))).collect();
    let stands = dice.percent(70);
    let is_about = dice.percent(20) && index > 0;
    let types: &[&str] = if is_about { &ABOUT_ANOTHER } else { &["action.recorded", "delegation.granted", "x.y_z.w", "payload.erased"] };
    let header = EntryHeader {
        about: is_about.then(|| LeafIndex::new(dice.number() % index).unwrap()),
        assessment: stands.then(|| Assessment::new(codes, dice.number() >> 11).unwrap()),
        index: LeafIndex::new(index).unwrap(),
        log: Origin::parse(&format!("l{}", dice.word("edger.0/:_-", 0, 20))).unwrap(),
        payload: Commitment::from_bytes(dice.bytes_32()),
        prev: if index == 0 { LeafHash::GENESIS } else { LeafHash::from_bytes(dice.bytes_32()) },
        recorded_at: Timestamp::from_micros(micros).unwrap(),
        entry_type: EntryType::parse(dice.one(types)).unwrap(),
    };
    header.to_bytes()
}

/// What opens was made so: the same salt, name and value make the same disclosure, and a manifest of it opens it and nothing else.
pub(super) fn disclosure_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let opened = open(text);
    let array = base64url(text).and_then(|json| String::from_utf8(json).ok()).and_then(|json| {
        let array: serde_json::Value = serde_json::from_str(&json).ok()?;
        (serde_json_canonicalizer::to_string(&array).ok()? == json && Value::parse(json.as_bytes()).is_ok()).then_some(array)
    });
    let expected = array.as_ref().and_then(serde_json::Value::as_array).filter(|items| {
        let text = |i: usize| items.get(i).and_then(serde_json::Value::as_str).unwrap_or_default();
        items.len() == 3 && text(0).len() >= 22 && base64url(text(0)).is_some() && MemberName::parse(text(1)).is_some()
    });
    assert_eq!(opened.is_ok(), expected.is_some(), "{opened:?}: {array:?}");
    let Ok((member, named)) = opened else { return Verdict::Refused };
    let again = disclosure(&member.salt, &member.name, &member.value.to_canonical());
    assert_eq!(again.as_str(), text, "one member, one disclosure");
    assert_eq!(digest(&again), named);
    assert_eq!(Digest::parse(named.as_str()), Some(named));
    let sealed = Sealed::Opened { salt: member.salt.clone(), value: member.value.to_canonical() };
    let manifest = Manifest::of_sealed(&[SealedMember { name: member.name.clone(), sealed }]).unwrap();
    assert_eq!(manifest.open(&[text]).unwrap(), [member]);
    Verdict::Taken
}

/// A disclosure under a salt of the ledger's or a reporter's.
pub(super) fn disclosure_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let name = MemberName::parse(dice.one(&["/action/arguments", "/context/0", "/a"])).unwrap();
    let chosen = Salt::parse(&to_base64url(&dice.bytes_32()[..16 + dice.below(16)])).unwrap();
    let salt = if dice.percent(50) { chosen } else { salt(&Seed::from_bytes(dice.bytes_32()), &name) };
    let value = Value::parse(&super::json::text(dice)).map_or(Value::Null, |value| value);
    let shown = disclosure(&salt, &name, &value.to_canonical());
    // A value of the full depth does not fit into an array.
    let shown = if open(shown.as_str()).is_ok() { shown } else { disclosure(&salt, &name, "null") };
    shown.as_str().as_bytes().to_vec()
}
