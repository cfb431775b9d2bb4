//! Small texts of one form: numbers, hashes, names, words of lists, ids, pointers, sentences.

use onus::domain::action::{DecisionEffect, OutcomeStatus};
use onus::domain::catalogue::{Effect, Risk};
use onus::domain::credential::Permission;
use onus::domain::delegation::CallerClass;
use onus::domain::event::Auth;
use onus::domain::finding::Code as FindingCode;
use onus::domain::ids::{AgentId, DelegationId, EventId, PrincipalId, Source};
use onus::domain::jwks::SignatureAlgorithm;
use onus::domain::person::Role;
use onus::domain::pointer::{is_pointer, resolve};
use onus::domain::sentence::Template;
use onus::http::codes::Code;
use onus::index::field::Field;
use onus::tlog::decimal::{parse_decimal, push_decimal};
use onus::tlog::entry::{EntryType, Origin};
use onus::tlog::hash::{DocumentHash, LeafHash, RootHash, from_base64, from_base64url, from_hex, to_base64, to_base64url, to_hex};
use onus::tlog::json::Value;
use onus::tlog::member::MemberName;
use onus::tlog::position::{LeafIndex, MAX_POSITION, TreeSize};

use super::Verdict;
use super::dice::Dice;
use super::entry::{is_origin, is_type};
use super::oracle::{base64, base64url, decimal, is_small, only};

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// One number, one text; an index and a size are numbers up to 2^53−1.
pub(super) fn decimal_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    let read = parse_decimal(text);
    assert_eq!(read, decimal(text, i64::MAX.unsigned_abs()), "{text:?}");
    if let Some(number) = read {
        let mut written = Vec::new();
        push_decimal(number, &mut written);
        assert_eq!(written, bytes);
        let is_position = number <= MAX_POSITION;
        assert_eq!((LeafIndex::new(number).is_some(), TreeSize::new(number).is_some()), (is_position, is_position));
        if let (Some(index), Some(size)) = (LeafIndex::new(number), TreeSize::new(number)) {
            assert_eq!((index.to_string(), size.to_string()), (text.to_owned(), text.to_owned()));
            assert_eq!((index.get(), size.next_index(), size.contains(index)), (number, index, false));
        }
    }
    Verdict::of(read.is_some())
}

pub(super) fn decimal_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let number = [0, 9, MAX_POSITION, MAX_POSITION + 1, i64::MAX.unsigned_abs(), dice.number() >> (1 + dice.below(60))][dice.below(6)];
    number.to_string().into_bytes()
}

/// Bytes as hexadecimal, base64 and base64url: one text each.
pub(super) fn hash_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    assert_eq!(from_base64url(text), base64url(text), "{text:?}");
    assert_eq!(from_base64(text), base64(text), "{text:?}");
    let written =
        [from_base64url(text).map(|b| to_base64url(&b)), from_base64(text).map(|b| to_base64(&b)), from_hex(text).map(|b| to_hex(&b))];
    written.iter().flatten().for_each(|again| assert_eq!(again, text));
    let is_hex = text.len().is_multiple_of(2) && only(text, |c| matches!(c, '0'..='9' | 'a'..='f'));
    assert_eq!(from_hex(text).is_some(), is_hex, "{text:?}");
    let of_32 = |bytes: Option<Vec<u8>>| bytes.is_some_and(|bytes| bytes.len() == 32);
    assert_eq!(LeafHash::parse(text).is_some(), of_32(base64url(text)));
    assert_eq!(RootHash::parse_base64(text).is_some(), of_32(base64(text)));
    assert_eq!(DocumentHash::parse_hex(text).is_some(), is_hex && text.len() == 64);
    Verdict::of(written.iter().any(Option::is_some))
}

pub(super) fn hash_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let bytes = dice.bytes_32();
    // Odd lengths, so that damage rarely leaves a text of another of the three.
    let piece = &bytes[..[32, 32, 32, 31, 29][dice.below(5)]];
    [to_base64url(piece), to_base64(piece), to_hex(piece)][dice.below(3)].clone().into_bytes()
}

/// `(/[a-z0-9_]{1,64}){1,8}`
pub(super) fn member_name_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    let read = MemberName::parse(text);
    let segments: Vec<&str> = text.split('/').collect();
    let is_segment = |s: &&str| (1..=64).contains(&s.len()) && only(s, |c| is_small(c) || c == '_');
    let expected = segments[0].is_empty() && (2..=9).contains(&segments.len()) && segments[1..].iter().all(is_segment);
    assert_eq!(read.is_some(), expected, "{text:?}");
    assert!(read.as_ref().is_none_or(|name| name.as_str() == text));
    Verdict::of(read.is_some())
}

pub(super) fn member_name_text(dice: &mut Dice<'_>) -> Vec<u8> {
    (0..=dice.below(8)).map(|_| format!("/{}", dice.word("abz09_", 1, 9))).collect::<String>().into_bytes()
}

/// A word of a list is that word, and nothing else is.
pub(super) fn words_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    let read: [Option<&str>; 12] = [
        CallerClass::parse(text).map(CallerClass::as_str),
        Role::parse(text).map(Role::as_str),
        Permission::parse(text).map(Permission::as_str),
        Effect::parse(text).map(Effect::as_str),
        Risk::parse(text).map(Risk::as_str),
        Auth::parse(text).map(Auth::as_str),
        FindingCode::parse(text).map(FindingCode::as_str),
        Code::parse(text).map(Code::as_str),
        SignatureAlgorithm::parse(text).map(SignatureAlgorithm::as_str),
        OutcomeStatus::ALL.into_iter().map(OutcomeStatus::as_str).find(|word| *word == text),
        DecisionEffect::ALL.into_iter().map(DecisionEffect::as_str).find(|word| *word == text),
        Field::parse(text).map(|field| if Field::parse(field.as_str()) == Some(field) { text } else { "" }),
    ];
    read.iter().flatten().for_each(|word| assert_eq!(*word, text));
    let [origin, entry_type] = [Origin::parse(text).is_some(), EntryType::parse(text).is_some()];
    assert_eq!((origin, entry_type), (is_origin(text), is_type(text)), "{text:?}");
    Verdict::of(read.iter().any(Option::is_some))
}

pub(super) fn words_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut words: Vec<&str> = CallerClass::ALL.iter().map(|c| c.as_str()).chain(Role::ALL.iter().map(|r| r.as_str())).collect();
    words.extend(Permission::ALL.iter().map(|p| p.as_str()).chain(FindingCode::ALL.iter().map(|c| c.as_str())));
    words.extend(Effect::WORDS.iter().map(|(word, _)| *word).chain(OutcomeStatus::ALL.iter().map(|s| s.as_str())));
    words.extend(["EdDSA", "PS512", "bearer", "malformed_json", "by", "index"]);
    dice.one(&words).as_bytes().to_vec()
}

/// An id is any text of 1 to 256 bytes, as it was given.
pub(super) fn ids_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    let read = [
        AgentId::parse(text).map(|id| id.to_string()),
        DelegationId::parse(text).map(|id| id.as_str().to_owned()),
        EventId::parse(text).map(|id| id.to_string()),
        PrincipalId::parse(text).map(|id| id.to_string()),
        Source::parse(text).map(|id| id.to_string()),
    ];
    let expected = (1..=256).contains(&text.len()).then_some(text);
    for id in &read {
        assert_eq!(id.as_deref(), expected);
    }
    Verdict::of(expected.is_some())
}

pub(super) fn ids_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let stem = format!("a{}", dice.prose(20));
    stem.repeat([1, 1, 3][dice.below(3)]).into_bytes()
}

/// A pointer on the first line, a value behind it: what it names there is what another implementation of RFC 6901 finds.
pub(super) fn pointer_law(bytes: &[u8]) -> Verdict {
    let Some((pointer, json)) = utf8(bytes).and_then(|text| text.split_once('\n')) else { return Verdict::Refused };
    let is_one = is_pointer(pointer);
    let escapes = pointer.replace("~0", "").replace("~1", "");
    assert_eq!(is_one, (pointer.is_empty() || pointer.starts_with('/')) && !escapes.contains('~'), "{pointer:?}");
    if let (true, Ok(value), Ok(other)) = (is_one, Value::parse(json.as_bytes()), serde_json::from_str::<serde_json::Value>(json)) {
        let ours = resolve(&value, pointer).map(Value::to_canonical);
        assert_eq!(ours, other.pointer(pointer).map(|v| serde_json_canonicalizer::to_string(v).unwrap()), "{pointer:?} in {json}");
    }
    Verdict::of(is_one)
}

pub(super) fn pointer_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let pointer: String =
        (0..dice.below(4)).map(|_| format!("/{}", dice.one(&["a", "0", "1", "01", "-", "a~1b", "m~0n", "", "+1", "b"]))).collect();
    let json = dice.one(&[r#"{"a":[[1,2],{"0":3,"a":"x"}],"a/b":{"m~n":4},"0":{"":5},"b":[]}"#, r#"[{"a":1},[7,[8]]]"#, "3"]);
    format!("{pointer}\n{json}").into_bytes()
}

/// A sentence is kept as it stands; its holes are words and pointers.
pub(super) fn sentence_law(bytes: &[u8]) -> Verdict {
    let Some(text) = utf8(bytes) else { return Verdict::Refused };
    let read = Template::parse(text);
    let is_hole = |hole: &str| matches!(hole, "amount" | "name" | "resource") || hole.starts_with('/') && is_pointer(hole);
    let mut pieces = text.split('{');
    let is_sound = !pieces.next().unwrap_or_default().contains('}')
        && pieces.all(|piece| piece.split_once('}').is_some_and(|(hole, words)| is_hole(hole) && !words.contains('}')));
    assert_eq!(read.is_ok(), is_sound && (1..=1024).contains(&text.len()), "{read:?} {text:?}");
    if let Ok(template) = &read {
        assert_eq!((template.as_str(), template.has_amount()), (text, text.contains("{amount}")));
    }
    Verdict::of(read.is_ok())
}

pub(super) fn sentence_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let pieces = ["Pay ", "{amount}", "{/to}", " on ", "{resource}", "{name}", "{/a~1b/0}", "\u{20ac}"];
    (0..=dice.below(6)).map(|_| dice.one(&pieces)).collect::<String>().into_bytes()
}
