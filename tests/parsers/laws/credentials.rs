//! Credentials: what is asked for, what is presented, whom a pattern means, what a scope covers.

use std::cell::Cell;

use onus::domain::credential::{MAX_PATTERN_BYTES, NamePattern, Permission, PresentedToken};
use onus::domain::credential_terms::terms_from;
use onus::domain::delegation::CallerClass;
use onus::domain::scope::{counter_example, covers, includes};
use onus::tlog::json::Value;
use onus::tlog::time::Timestamp;
use serde_json::{Value as Json, json};

use super::Verdict;
use super::dice::Dice;
use super::oracle::only;

/// A pattern and a token on a line each: covered exactly if letter by letter it is; what is not included has an example.
pub(super) fn scope_law(bytes: &[u8]) -> Verdict {
    let Some((pattern, token)) = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n')) else { return Verdict::Refused };
    let slowly = |pattern: &str, token: &str| match pattern.split_at(pattern.len() - usize::from(pattern.ends_with('*'))) {
        (stem, "*") => token.chars().zip(stem.chars()).filter(|(a, b)| a == b).count() == stem.chars().count(),
        (exact, _) => exact == token,
    };
    assert_eq!(covers(pattern, token), slowly(pattern, token), "{pattern:?} {token:?}");
    match counter_example(&[pattern], token) {
        Some(example) => assert!(slowly(token, &example) && !slowly(pattern, &example), "{example:?} is none: {pattern:?} {token:?}"),
        None => assert!(includes(pattern, token)),
    }
    Verdict::Taken
}

pub(super) fn scope_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let stem = dice.word("ab:\u{e9}", 0, 3);
    let token = format!("{stem}{}", dice.word("ab:*", 0, 3));
    format!("{stem}{}\n{token}", dice.one(&["*", "", "a*", ":"])).into_bytes()
}

/// A name, or the beginning of names.
pub(super) fn pattern_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = NamePattern::parse(text);
    let stars: Vec<usize> = text.match_indices('*').map(|(at, _)| at).collect();
    let is_sound = (1..=MAX_PATTERN_BYTES).contains(&text.len()) && (stars.is_empty() || stars == [text.len() - 1]);
    assert_eq!(read.is_some(), is_sound, "{text:?}");
    if let Some(pattern) = &read {
        let stem = text.trim_end_matches('*');
        assert_eq!(pattern.as_str(), text);
        assert_eq!((pattern.matches(stem), pattern.matches(&format!("{stem}x"))), (true, text.ends_with('*')));
    }
    Verdict::of(read.is_some())
}

pub(super) fn pattern_text(dice: &mut Dice<'_>) -> Vec<u8> {
    format!("{}{}", dice.word("agent:-b\u{e9} ", 1, 30), dice.one(&["", "*"])).into_bytes()
}

/// `onus_<class>_<id>_<secret>`, and so it is written again.
pub(super) fn presented_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = PresentedToken::parse(text);
    let parts: Vec<&str> = text.splitn(4, '_').collect();
    let is_sound = matches!(parts.as_slice(), ["onus", class, id, secret] if CallerClass::parse(class).is_some()
        && (1..=64).contains(&id.len()) && only(id, |c| c.is_ascii_alphanumeric() || c == '-')
        && (22..=128).contains(&secret.len()) && only(secret, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    assert_eq!(read.is_some(), is_sound, "{text:?}");
    if let Some(token) = &read {
        assert_eq!(format!("onus_{}_{}_{}", token.class.as_str(), token.id, token.secret.reveal()), text);
        assert!(!format!("{token:?}").contains(token.secret.reveal()), "a secret is not printed");
    }
    Verdict::of(read.is_some())
}

pub(super) fn presented_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let (class, id) = (dice.one(&["human", "agent", "service"]), dice.word("ab0-Z", 1, 20));
    format!("onus_{class}_{id}_{}{}", "k".repeat(20 + dice.below(100)), dice.word("aB_-9", 3, 8)).into_bytes()
}

/// What a credential shall be allowed, read by rules written once more.
pub(super) fn terms_law(bytes: &[u8]) -> Verdict {
    let Ok(body) = Value::parse(bytes) else { return Verdict::Refused };
    let now = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
    let read = terms_from(&body, now);
    let given: Json = serde_json::from_str(&body.to_canonical()).unwrap();
    assert_eq!(read.is_ok(), are_sound(&given, now), "{read:?}: {given}");
    match &read {
        Ok(terms) => {
            assert_eq!((given["name"].as_str(), given["class"].as_str()), (Some(terms.name.as_str()), Some(terms.class.as_str())));
            let asked: Vec<&str> = given["permissions"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
            assert!(terms.permissions.iter().all(|one| asked.contains(&one.as_str())), "nobody gets what was not asked for");
            assert!(asked.iter().all(|word| terms.permissions.contains(Permission::parse(word).unwrap())));
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
    Verdict::of(read.is_ok())
}

fn are_sound(given: &Json, now: Timestamp) -> bool {
    let Some(members) = given.as_object() else { return false };
    let known = ["name", "class", "permissions", "agent_id", "reports_for", "grants_for", "owner", "expires_at"];
    let stated = |name: &str| members.get(name).filter(|value| !value.is_null() && **value != json!({}));
    let is_good = Cell::new(members.keys().all(|name| known.contains(&name.as_str())));
    let demand = |holds: bool| is_good.set(is_good.get() && holds);
    let id = |name: &str| {
        let text = stated(name).map(|value| value.as_str().filter(|text| (1..=256).contains(&text.len())));
        demand(text != Some(None));
        text.flatten()
    };
    let list = |name: &str| {
        let items: Option<Vec<&str>> = stated(name).map_or(Some(Vec::new()), |value| value.as_array()?.iter().map(Json::as_str).collect());
        demand(items.as_ref().is_some_and(|items| items.len() <= 256 && items.iter().all(|text| (1..=256).contains(&text.len()))));
        items.unwrap_or_default()
    };
    let (name, agent, owner, class) = (id("name"), id("agent_id"), id("owner"), id("class"));
    let patterns = [list("reports_for"), list("grants_for")].concat();
    demand(name.is_some() && matches!(class, Some("agent" | "service")) && (class == Some("agent")) == agent.is_some());
    demand(stated("permissions").is_some() && list("permissions").iter().all(|word| Permission::parse(word).is_some()));
    demand(patterns.iter().all(|pattern| NamePattern::parse(pattern).is_some()) && (class != Some("agent") || patterns.is_empty()));
    demand(stated("expires_at").is_none_or(|end| end.as_str().and_then(Timestamp::parse_rfc3339).is_some_and(|end| end > now)));
    demand(owner.or(agent).or(name) != Some("onus"));
    is_good.get()
}

pub(super) fn terms_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let is_agent = dice.percent(50);
    let mut terms = json!({ "name": format!("n{}", dice.prose(9)), "class": if is_agent { "agent" } else { "service" } });
    let words: Vec<&str> = (0..dice.below(4)).map(|_| dice.one(&Permission::ALL).as_str()).collect();
    terms["permissions"] = json!(words);
    if is_agent {
        terms["agent_id"] = "agent:a".into();
    } else {
        terms["reports_for"] = dice.one(&[json!(["*"]), json!([]), json!(["agent:a", "agent:b-*"]), Json::Null]);
        terms["grants_for"] = dice.one(&[json!({}), json!(["user:*"])]);
    }
    if dice.percent(40) {
        terms["owner"] = "billing".into();
        terms["expires_at"] = "2027-01-01T00:00:00+01:00".into();
    }
    terms.to_string().into_bytes()
}
