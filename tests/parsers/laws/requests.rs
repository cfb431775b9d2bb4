//! What a request says beside its body: query, criteria, cursor, key, kinds of bodies, preferences. The judges read the grammars once more.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use onus::api::recorded::ReceiptWish;
use onus::http::codes::Code;
use onus::http::criteria::{action_parameters, criteria_of};
use onus::http::cursor::Cursors;
use onus::http::media::{MediaType, prefers_html, prefers_plain_text};
use onus::http::query::Query;
use onus::service::criteria::Criteria;
use onus::service::idempotency::IdempotencyKey;
use onus::tlog::time::Timestamp;

use super::Verdict;
use super::dice::Dice;

const KNOWN: &[&str] = &["q", "limit", "from", "at", "human", "\u{e9}", "cursor"];

/// `application/x-www-form-urlencoded`, strictly: pairs, or `None` where an escape is broken.
fn pairs_of(raw: &str) -> Option<Vec<(String, String)>> {
    let unescaped = |text: &str| {
        let mut pieces = text.split('%');
        let mut bytes = pieces.next()?.replace('+', " ").into_bytes();
        for piece in pieces {
            let digits = piece.get(..2).filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            bytes.extend(piece[2..].replace('+', " ").into_bytes());
        }
        String::from_utf8(bytes).ok()
    };
    let pieces: Vec<&str> = raw.split('&').filter(|piece| !piece.is_empty()).collect();
    let pair = |piece: &&str| match piece.find('=') {
        Some(at) => Some((unescaped(&piece[..at])?, unescaped(&piece[at + 1..])?)),
        None => Some((unescaped(piece)?, String::new())),
    };
    (pieces.len() <= 64).then(|| pieces.iter().map(pair).collect())?
}

/// Every parameter known, once, as it was meant; typed or refused.
pub(super) fn query_law(bytes: &[u8]) -> Verdict {
    let Ok(raw) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = Query::parse(raw, KNOWN);
    let pairs = pairs_of(raw);
    let is_once = |pairs: &Vec<(String, String)>| pairs.iter().enumerate().all(|(i, (n, _))| pairs[..i].iter().all(|(m, _)| m != n));
    let expected = pairs.filter(|pairs| is_once(pairs) && pairs.iter().all(|(name, _)| KNOWN.contains(&name.as_str())));
    assert_eq!(read.is_ok(), expected.is_some(), "{read:?}: {raw:?}");
    let (Ok(query), Some(pairs)) = (&read, expected) else {
        let problem = read.expect_err("refused");
        assert!(matches!(problem.code(), Code::UnknownParameter | Code::InvalidParameter) && !problem.errors().is_empty());
        return Verdict::Refused;
    };
    let value = |name: &str| pairs.iter().find(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.as_str());
    for name in KNOWN {
        assert_eq!(query.text(name), value(name), "{name} of {raw:?}");
    }
    let limit = value("limit").map_or(Some(50), |text| text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse::<u16>().ok())?);
    assert_eq!(query.limit().ok(), limit.filter(|limit| (1..=500).contains(limit)), "{raw:?}");
    let time = value("from").map(|text| Timestamp::parse_rfc3339(text).or(Timestamp::parse_rfc3339(&text.replace(' ', "+"))));
    assert_eq!(query.time("from").ok(), time.map_or(Some(None), |time| time.map(Some)), "{raw:?}");
    Verdict::Taken
}

pub(super) fn query_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let parameters = [
        "q=a+b%C5%BE",
        "q=",
        "limit=500",
        "limit=7",
        "from=2026-11-22T10:00:00%2B01:00",
        "from=2026-11-22T10:00:00+01:00",
        "at=0&",
        "human=user%3Aana",
        "%c3%a9=%00",
        "cursor",
        "cursor=a=b",
    ];
    let mut names = Vec::new();
    let mut chosen = Vec::new();
    for _ in 0..dice.below(6) {
        let parameter = dice.one(&parameters);
        let name = parameter.split('=').next();
        if !names.contains(&name) {
            names.push(name);
            chosen.push(parameter);
        }
    }
    chosen.join("&").into_bytes()
}

/// What a list is narrowed by: each parameter typed as its name says.
pub(super) fn criteria_law(bytes: &[u8]) -> Verdict {
    let Ok(raw) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let known = action_parameters(&["q", "type", "delegator"]);
    let Ok(query) = Query::parse(raw, &known) else { return Verdict::Refused };
    let read = criteria_of(&query, Criteria::default());
    let text = |name: &str| query.text(name);
    let texts = [
        "human_principal_id",
        "agent_id",
        "delegation_id",
        "delegator",
        "model_version",
        "prompt_id",
        "policy_version",
        "trace_id",
        "action_id",
        "action",
        "reporter",
    ];
    let of_words = [
        ("finding", &["scope_exceeded", "delegation_expired"][..]),
        ("outcome", &["requested", "started", "succeeded", "failed", "denied", "indeterminate"]),
        ("caller_class", &["human", "agent", "service"]),
    ];
    let words: Vec<&str> = text("q").unwrap_or_default().split_whitespace().collect();
    match &read {
        Ok(criteria) => {
            let stated = known.iter().filter(|name| !["q", "from", "to", "limit", "cursor", "at"].contains(name) && text(name).is_some());
            assert_eq!(criteria.all.len(), stated.count(), "each parameter is one criterion: {raw:?}");
            assert!(texts.iter().all(|name| text(name).is_none_or(|value| value.len() <= 256)));
            assert!(text("document").is_none_or(|hash| hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit())));
            assert!(of_words[1..].iter().all(|(name, words)| text(name).is_none_or(|word| words.contains(&word))), "{raw:?}");
            assert!(criteria.from.zip(criteria.to).is_none_or(|(from, to)| from < to));
            assert_eq!((criteria.words.iter().map(String::as_str).collect::<Vec<_>>(), words.len() <= 32), (words, true));
        }
        Err(problem) => {
            let named: Vec<&str> = problem.errors().iter().map(|error| error.path.as_str()).collect();
            assert!(problem.code() == Code::InvalidParameter && named.len() == 1, "{problem:?}");
            let name = named[0].strip_prefix('?').expect("a parameter");
            let value = text(name).unwrap_or_default();
            let is_wrong = match name {
                "q" => words.len() > 32 || value.chars().count() > 4096,
                "from" | "to" => true,
                "document" => value.len() != 64 || !value.bytes().all(|c| c.is_ascii_hexdigit()),
                _ if texts.contains(&name) => value.len() > 256,
                _ => of_words.iter().find(|(n, _)| *n == name).is_none_or(|(_, words)| !words.contains(&value)),
            };
            assert!(is_wrong, "{value:?} is refused as {name}");
        }
    }
    Verdict::of(read.is_ok())
}

pub(super) fn criteria_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut pieces = Vec::new();
    for name in ["human_principal_id", "agent_id", "delegation_id", "delegator", "model_version", "prompt_id", "action", "reporter"] {
        if dice.percent(20) {
            pieces.push(format!("{name}={}", dice.word("ab%3A.+", 0, 0) + dice.one(&["a", "user%3Aana", "x+y", ""])));
        }
    }
    let more = [
        "document=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00A08",
        "finding=scope_exceeded",
        "outcome=failed",
        "caller_class=agent",
        "from=2026-11-22T10:00:00Z",
        "to=2026-11-23T10:00:00Z",
        "q=refund+%22lamp%22",
        "type=action.recorded",
        "limit=5",
    ];
    pieces.extend(more.iter().filter(|_| dice.percent(30)).map(|piece| (*piece).to_owned()));
    pieces.join("&").into_bytes()
}

const OPERATION: &str = "listActions";

/// A cursor opens for the list it was made for, and only as it was made.
pub(super) fn cursor_law(bytes: &[u8]) -> Verdict {
    let Ok(raw) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Ok(query) = Query::parse(raw, &["agent_id", "outcome", "cursor", "limit"]) else { return Verdict::Refused };
    let cursors = Cursors::new([7; 32]);
    let opened = cursors.open(OPERATION, &query);
    if let Ok(Some(position)) = &opened {
        assert_eq!(query.text("cursor"), Some(cursors.seal(OPERATION, &query, position).as_str()));
        assert!(cursors.open("listDelegations", &query).is_err(), "another list");
        assert!(Cursors::new([8; 32]).open(OPERATION, &query).is_err(), "another server's key");
    }
    Verdict::of(matches!(opened, Ok(Some(_))))
}

pub(super) fn cursor_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let raw = format!("{}limit={}&", dice.one(&["", "agent_id=a&", "outcome=x+y&agent_id=b&"]), 1 + dice.below(9));
    let query = Query::parse(&raw, &["agent_id", "outcome", "limit"]).unwrap();
    let position = dice.bytes_32()[..dice.below(32)].to_vec();
    format!("{raw}cursor={}", Cursors::new([7; 32]).seal(OPERATION, &query, &position)).into_bytes()
}

/// The same key, bare or quoted.
pub(super) fn key_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Some(key) = IdempotencyKey::parse(text) else {
        let is_bare = (8..=255).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic()) && !text.starts_with('"');
        assert!(!is_bare, "a good key is refused: {text:?}");
        return Verdict::Refused;
    };
    assert!((8..=255).contains(&key.as_str().len()) && key.as_str().bytes().all(|c| c.is_ascii_graphic()));
    let quoted = format!("\"{}\"", key.as_str().replace('\\', "\\\\").replace('"', "\\\""));
    assert_eq!(IdempotencyKey::parse(&quoted), Some(key.clone()));
    let trimmed = text.trim_matches(' ');
    assert!(trimmed == key.as_str() && !trimmed.starts_with('"') || trimmed == quoted, "one text of two: {text:?} for {key:?}");
    Verdict::Taken
}

pub(super) fn key_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let key = format!("k{}", dice.word("ab-_9~!#\\\"", 7, 60));
    let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
    [key, quoted.clone(), format!("  {quoted} ")][dice.below(3)].clone().into_bytes()
}

fn header(name: HeaderName, bytes: &[u8]) -> Option<(HeaderMap, String)> {
    let value = HeaderValue::from_bytes(bytes).ok()?;
    let text = value.to_str().ok()?.to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(name, value);
    Some((headers, text))
}

/// A kind by its name, in UTF-8.
pub(super) fn media_law(bytes: &[u8]) -> Verdict {
    let Some((headers, text)) = header(CONTENT_TYPE, bytes) else { return Verdict::Refused };
    let read = MediaType::of(&headers);
    let small = text.to_ascii_lowercase();
    let (name, parameters) = small.split_once(';').unwrap_or((&small, ""));
    let expected = match name.trim() {
        "application/json" => Some(MediaType::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(MediaType::Ndjson),
        "application/x-www-form-urlencoded" => Some(MediaType::Form),
        name => (name.starts_with("application/") && name.ends_with("+json")).then_some(MediaType::Json),
    };
    let charsets: Vec<&str> = parameters.split(';').filter_map(|p| p.trim().strip_prefix("charset=")).collect();
    let is_utf8 = charsets.iter().all(|charset| charset.trim_matches('"') == "utf-8");
    assert_eq!(read, expected.filter(|_| is_utf8), "{text:?}");
    Verdict::of(read.is_some())
}

pub(super) fn media_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let name = dice.one(&[
        "application/json",
        "Application/X-NDJSON",
        "application/jsonl",
        "application/x-www-form-urlencoded",
        "application/cloudevents+json",
    ]);
    let parameter = dice.one(&["", "; charset=utf-8", ";charset=\"UTF-8\"", " ; q=1;x", "; boundary=charset"]);
    format!("{name}{parameter}").into_bytes()
}

/// What `Prefer: receipt=…` asks for.
pub(super) fn wish_law(bytes: &[u8]) -> Verdict {
    let Some((headers, text)) = header(HeaderName::from_static("prefer"), bytes) else { return Verdict::Refused };
    let wish = ReceiptWish::of(&headers);
    let mut levels = Vec::new();
    for preference in text.split(',').map(str::trim) {
        let (name, value) = preference.split_at(preference.find('=').unwrap_or(preference.len()));
        if name.trim().eq_ignore_ascii_case("receipt") {
            levels.extend(value.chars().skip(1).collect::<String>().trim().trim_matches('"').split_ascii_whitespace().map(str::to_owned));
        }
    }
    let asked = |word: &str| levels.iter().any(|level| level == word);
    assert_eq!(wish, ReceiptWish { opening: asked("opening"), checkpointed: asked("checkpointed") || asked("witnessed") }, "{text:?}");
    Verdict::of(wish != ReceiptWish::default())
}

pub(super) fn wish_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let levels = dice.one(&["opening", "\"opening checkpointed\"", "witnessed", "\"checkpointed  opening\""]);
    format!("{}{}={levels}{}", dice.one(&["", "wait=5, ", "respond-async,"]), dice.one(&["receipt", "Receipt "]), dice.one(&["", ", x=1"]))
        .into_bytes()
}

/// Whether a page or a plain text is rather wished for than JSON, by RFC 9110 section 12.5.1.
pub(super) fn accept_law(bytes: &[u8]) -> Verdict {
    let Some((headers, text)) = header(ACCEPT, bytes) else { return Verdict::Refused };
    let best = |names: &[&str]| {
        let ranges = text
            .split(',')
            .filter(|range| names.contains(&range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str()));
        ranges.map(|range| range.split(';').skip(1).find_map(|p| quality(p.trim().strip_prefix("q=")?)).unwrap_or(1000)).max().unwrap_or(0)
    };
    let json = best(&["application/json", "application/problem+json"]);
    let expected = (best(&["text/html", "application/xhtml+xml"]) > json, best(&["text/plain"]) > json);
    assert_eq!((prefers_html(&headers), prefers_plain_text(&headers)), expected, "{text:?}");
    Verdict::of(expected.0 || expected.1)
}

/// In thousandths; further digits are cut off.
fn quality(text: &str) -> Option<u32> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let are_digits = !whole.is_empty() && format!("{whole}{fraction}").bytes().all(|c| c.is_ascii_digit());
    let whole = are_digits.then(|| whole.parse::<u32>().ok().filter(|w| *w <= 1))??;
    let thousandths: u32 = fraction.chars().chain("000".chars()).take(3).collect::<String>().parse().ok()?;
    Some((whole * 1000 + thousandths).min(1000))
}

pub(super) fn accept_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let wished = dice.one(&["text/html", "Text/HTML;level=1", "text/plain;q=0.9", "application/xhtml+xml; q=0.750"]);
    format!("{wished}{}", dice.one(&["", ", */*;q=0.8", ",application/json;q=0.5", ", application/problem+json; q=0.123"])).into_bytes()
}
