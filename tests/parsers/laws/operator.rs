//! The operator's files: read as the slow reader reads them, adopted and read back the same; a mistake is told with a place in the file.

use std::fmt::Write as _;

use onus::domain::catalogue::Catalogue;
use onus::domain::issuers::parse_issuers;
use onus::domain::pointer::is_pointer;
use onus::domain::sentence::Template;
use onus::domain::settings::{MAX_FROZEN_MODELS, MAX_THRESHOLD_MS, Settings};
use onus::domain::toml_file::TomlFaults;
use toml::{Table, Value};

use super::Verdict;
use super::dice::Dice;

fn are_placed(faults: &TomlFaults, text: &str) {
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(!faults.0.is_empty());
    for fault in &faults.0 {
        assert!((1..=lines.len()).contains(&fault.line), "{fault} of {} lines", lines.len());
        assert!((1..=lines[fault.line - 1].chars().count() + 1).contains(&fault.column), "{fault} in {:?}", lines[fault.line - 1]);
        assert!(!fault.message.is_empty());
    }
}

fn only_keys(table: &Table, known: &[&str]) -> bool {
    table.keys().all(|key| known.contains(&key.as_str()))
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// Thresholds within their bounds, models with names.
pub(super) fn settings_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = Settings::parse(text);
    let is_id = |model: &&str| (1..=256).contains(&model.len());
    let is_sound = |table: &Table| {
        only_keys(table, &["overbroad_validity_ms", "recorded_late_ms", "clock_skew_ms", "frozen_models"])
            && table.iter().all(|(key, value)| match key.as_str() {
                "frozen_models" => texts(value).is_some_and(|models| models.len() <= MAX_FROZEN_MODELS && models.iter().all(is_id)),
                _ => value.as_integer().is_some_and(|ms| (0..=MAX_THRESHOLD_MS).contains(&ms)),
            })
    };
    assert_eq!(read.is_ok(), text.parse::<Table>().is_ok_and(|table| is_sound(&table)), "{read:?}: {text}");
    match &read {
        Ok(settings) => {
            assert_eq!(Settings::from_value(&settings.to_value()).as_ref(), Some(settings));
            assert_eq!(Settings::from_members(&settings.to_members()).as_ref(), Some(settings));
        }
        Err(faults) => are_placed(faults, text),
    }
    Verdict::of(read.is_ok())
}

/// Each action once, with everything it needs.
pub(super) fn catalogue_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = Catalogue::parse(text);
    let expected = text.parse::<Table>().ok().and_then(|table| names_of_sound(&table, "action", is_sound_action));
    assert_eq!(read.is_ok(), expected.is_some(), "{read:?}: {text}");
    match &read {
        Ok(catalogue) => {
            assert_eq!(catalogue.entries().len(), expected.unwrap_or_default());
            assert_eq!(Catalogue::from_value(&catalogue.to_value()).as_ref(), Some(catalogue));
            assert_eq!(Catalogue::from_members(&catalogue.to_members()).as_ref(), Some(catalogue));
        }
        Err(faults) => are_placed(faults, text),
    }
    Verdict::of(read.is_ok())
}

/// How many tables the list has, if each is sound and none stands twice.
fn names_of_sound(file: &Table, list: &str, is_sound: impl Fn(&Table) -> Option<String>) -> Option<usize> {
    only_keys(file, &[list]).then_some(())?;
    let Some(items) = file.get(list) else { return Some(0) };
    let mut names = Vec::new();
    for item in items.as_array()? {
        names.push(is_sound(item.as_table()?)?);
    }
    let count = names.len();
    names.sort();
    names.dedup();
    (names.len() == count).then_some(count)
}

/// The name of an action that is described well.
fn is_sound_action(table: &Table) -> Option<String> {
    only_keys(table, &["name", "scope", "effect", "risk", "amount", "amount_decimals", "currency", "sentence"]).then_some(())?;
    // Present and of its type, or absent.
    let text = |key: &str| table.get(key).map_or(Some(None), |value| value.as_str().map(Some));
    let (name, amount, currency, sentence) = (text("name")??, text("amount")?, text("currency")?, text("sentence")?);
    let decimals = table.get("amount_decimals").map_or(Some(None), |value| value.as_integer().map(Some))?;
    let is_token = |t: &&str| (1..=256).contains(&t.len()) && !t.contains(|c: char| c == '*' || c.is_whitespace());
    let scope = texts(table.get("scope")?)?;
    let is_named = (1..=256).contains(&name.len()) && !name[..name.len() - name.chars().next_back()?.len_utf8()].contains('*');
    let is_amount = match amount {
        None => currency.is_none() && decimals.is_none(),
        Some(pointer) => !pointer.is_empty() && is_pointer(pointer),
    };
    let is_currency = currency.is_none_or(|c| !c.is_empty() && (!c.starts_with('/') || is_pointer(c)));
    let is_said = sentence.is_none_or(|s| Template::parse(s).is_ok_and(|template| amount.is_some() || !template.has_amount()));
    let is_sound = is_named
        && scope.len() <= 256
        && scope.iter().all(is_token)
        && ["read", "write", "destructive"].contains(&text("effect")??)
        && ["low", "medium", "high"].contains(&text("risk")??)
        && is_amount
        && is_currency
        && decimals.is_none_or(|d| (0..=9).contains(&d))
        && is_said;
    is_sound.then(|| name.to_owned())
}

/// Each issuer once, with the path of its keys.
pub(super) fn issuers_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = parse_issuers(text);
    let is_text = |table: &Table, key: &str| table.get(key).map(|value| value.as_str().is_some_and(|t| (1..=2048).contains(&t.len())));
    let is_sound = |table: &Table| {
        let is_sound = only_keys(table, &["issuer", "audience", "jwks"])
            && is_text(table, "issuer") == Some(true)
            && is_text(table, "jwks") == Some(true)
            && is_text(table, "audience") != Some(false);
        is_sound.then(|| table["issuer"].to_string())
    };
    let expected = text.parse::<Table>().ok().and_then(|table| names_of_sound(&table, "issuer", is_sound));
    assert_eq!(read.as_ref().ok().map(Vec::len), expected, "{read:?}: {text}");
    match &read {
        Ok(issuers) => issuers.iter().for_each(|terms| assert!(text.contains(terms.issuer.as_str()) || text.contains('\\'))),
        Err(faults) => are_placed(faults, text),
    }
    Verdict::of(read.is_ok())
}

pub(super) fn settings_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut text = String::new();
    for key in ["overbroad_validity_ms", "recorded_late_ms", "clock_skew_ms"] {
        if dice.percent(60) {
            writeln!(text, "{key} = {}", dice.one(&["0", "60_000", "0x10", "315619200000", "+5"])).unwrap();
        }
    }
    if dice.percent(50) {
        text.push_str(dice.one(&[
            "frozen_models = []\n",
            "frozen_models = [\"a\", 'b\\']\n",
            "frozen_models = [\n\"\u{e9}\", # ours\n]\n",
        ]));
    }
    text.into_bytes()
}

pub(super) fn catalogue_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut text = String::from("# what our agents do\n");
    for i in 0..dice.below(4) {
        let (effect, risk) = (dice.one(&["read", "write", "destructive"]), dice.one(&["low", "medium", "high"]));
        let scope = dice.one(&["[]", "[\"a:b\"]", "[\"a\", 'c\\d']"]);
        let star = dice.one(&["", "*", "\u{e9}"]);
        writeln!(text, "[[action]]\nname = \"orders.{i}{star}\"\nscope = {scope}\neffect = \"{effect}\"\nrisk = '{risk}'").unwrap();
        if dice.percent(50) {
            text.push_str("amount = \"/amount_cents\"\nsentence = \"Pay {amount} to {/to~1x}\"\n");
            text.push_str(dice.one(&["", "currency = \"EUR\"\n", "currency = \"/in\"\namount_decimals = 3\n"]));
        } else {
            text.push_str(dice.one(&["", "sentence = \"{name} on {resource}\"\n"]));
        }
    }
    text.into_bytes()
}

pub(super) fn issuers_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut text = String::new();
    for i in 0..dice.below(4) {
        let audience = dice.one(&["", "audience = \"onus\"\n"]);
        writeln!(text, "[[issuer]]\nissuer = \"https://{i}.example\"\njwks = 'keys/{}.json'\n{audience}", dice.word("ab ", 1, 5)).unwrap();
    }
    text.into_bytes()
}
