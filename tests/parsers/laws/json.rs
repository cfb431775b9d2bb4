//! I-JSON and its canonical form. The judges: a reader of our own in the slow and obvious way, which keeps each number's text, and a
//! published crate for RFC 8785.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onus::tlog::json::{JsonError, MAX_DEPTH, Value, members_in};

use super::Verdict;
use super::dice::Dice;
use super::oracle::decimal_value;

/// Taken as the slow reader takes it, with the value that the published crate prints; printed and read again it is the same.
pub(super) fn law(text: &[u8]) -> Verdict {
    let read = Value::parse(text);
    let expected = naive(text);
    match &read {
        Ok(value) => {
            let expected = expected.unwrap_or_else(|| panic!("taken, though it is no I-JSON: {:?}", String::from_utf8_lossy(text)));
            let canonical = value.to_canonical();
            assert_eq!(canonical, serde_json_canonicalizer::to_string(&expected).unwrap(), "the canonical form");
            assert_eq!(Value::parse(canonical.as_bytes()).unwrap().to_canonical(), canonical, "its own canonical form");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&canonical).unwrap(), expected, "what others read in it");
        }
        Err(error) => {
            assert!(expected.is_none(), "refused ({error}), though it is I-JSON: {:?}", String::from_utf8_lossy(text));
            is_placed(error, text);
        }
    }
    Verdict::of(read.is_ok())
}

/// A refusal names a place within the text, and a name that stands in it.
fn is_placed(error: &JsonError, text: &[u8]) {
    let (JsonError::Malformed { line, column, .. }
    | JsonError::DuplicateName { line, column, .. }
    | JsonError::NumberNotExact { line, column, .. }
    | JsonError::ReservedName { line, column, .. }
    | JsonError::TooDeep { line, column }) = error;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    assert!((1..=lines.len()).contains(line), "line {line} of {}: {error}", lines.len());
    assert!(*column <= lines[line - 1].len() + 1, "column {column} of line {line}: {error}");
    if let JsonError::DuplicateName { name, .. } = error {
        let as_written = serde_json::to_string(name).unwrap();
        let is_there = text.contains(&b'\\') || text.windows(as_written.len()).any(|piece| piece == as_written.as_bytes());
        assert!(is_there, "the name {name:?} stands nowhere");
    }
}

/// The members of a canonical object, each as it stands there: put together again they are the text.
pub(super) fn members_law(text: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(text) else { return Verdict::Refused };
    let Some(members) = members_in(text) else {
        let canonical = Value::parse(text.as_bytes()).ok().filter(|value| value.to_canonical() == text);
        let is_plain = matches!(&canonical, Some(Value::Object(members)) if !members.is_empty() && !text.contains('\\') && text.is_ascii());
        assert!(!is_plain, "a canonical object is not read: {text:?}");
        return Verdict::Refused;
    };
    let again: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    assert_eq!(format!("{{{}}}", again.join(",")), text);
    Verdict::Taken
}

/// A JSON value with white space, escapes and numbers in many forms.
pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut out = String::new();
    let depth = if dice.percent(5) { MAX_DEPTH } else { 3 };
    write_value(dice, depth, &mut out);
    out.into_bytes()
}

/// A canonical object of plain names.
pub(super) fn members_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let names: BTreeSet<String> = (0..=dice.below(5)).map(|_| dice.word("/abc_1", 1, 6)).collect();
    let members =
        names.into_iter().map(|name| (name, [Value::Null, Value::from(dice.prose(8)), 7.into()][dice.below(3)].clone())).collect();
    Value::Object(members).to_canonical().into_bytes()
}

fn write_value(dice: &mut Dice<'_>, depth: usize, out: &mut String) {
    let blank = dice.one(&["", "", "", " ", "\n", "\t\r "]);
    out.push_str(blank);
    match if depth > 3 { 6 + dice.below(2) } else { dice.below(if depth == 0 { 6 } else { 8 }) } {
        0 => out.push_str(dice.one(&["null", "true", "false"])),
        1..=2 => write_number(dice, out),
        3..=5 => write_string(dice, 12, out),
        6 => {
            out.push('[');
            for i in 0..if depth > 3 { 1 } else { dice.below(4) } {
                out.push_str(if i > 0 { "," } else { "" });
                write_value(dice, depth - 1, out);
            }
            out.push_str(" ]");
        }
        _ => {
            out.push('{');
            for i in 0..if depth > 3 { 1 } else { dice.below(4) } {
                out.push_str(if i > 0 { " ," } else { "" });
                // The number makes names distinct, and a name that looks like a place must not be taken for one.
                let stem = dice.one(&["a", "\\u0062", "\u{fb33}", "\u{1f600}", "~/", "x at line 7 column 3"]);
                write!(out, "\"{stem}{i}\" :").unwrap();
                write_value(dice, depth - 1, out);
            }
            out.push('}');
        }
    }
    out.push_str(blank);
}

fn write_number(dice: &mut Dice<'_>, out: &mut String) {
    let safe = i64::try_from(dice.number() >> 11).expect("53 bits").min((1 << 53) - 1);
    match dice.below(7) {
        0 => out.push_str(dice.one(&[
            "0",
            "-0",
            "1.10",
            "1e3",
            "-0.0e5",
            "5e-324",
            "9007199254740991",
            "1E-2",
            "2.5e+1",
            "0e9999999999999999999",
        ])),
        1 => out.push_str(&safe.to_string()),
        2 => write!(out, "-{}", safe % 1000).unwrap(),
        3 => write!(out, "{}.{}", safe % 1000, dice.word("0123456789", 1, 12)).unwrap(),
        // The shortest text that denotes a double, at any size: sixteen and seventeen digits are where readers err by one.
        4 => out.push_str(&serde_json::to_string(&shortest(dice)).unwrap()),
        5 => write!(out, "{:e}", shortest(dice)).unwrap(),
        _ => write!(out, "{}.{:02}0", safe % 100_000, safe % 100).unwrap(),
    }
}

/// A double with a fraction.
fn shortest(dice: &mut Dice<'_>) -> f64 {
    let exponent = 1023 - 60 + u64::try_from(dice.below(90)).expect("small");
    let double = f64::from_bits(exponent << 52 | dice.number() >> 12);
    if double.fract() == 0.0 { 0.1 } else { double }
}

fn write_string(dice: &mut Dice<'_>, most: usize, out: &mut String) {
    if dice.percent(20) {
        out.push_str(dice.one(&["\"\\u20ac\\uD83D\\ude00\\/\\b\"", "\"\\\\\\\"\\u0000\"", "\"\u{7f}\u{2028}\"", "\"{\\\"a\\\":1e999}\""]));
    } else {
        out.push_str(&serde_json::to_string(&dice.prose(most)).unwrap());
    }
}

/// Reads I-JSON slowly; numbers go through `f64::from_str`, which rounds rightly.
fn naive(text: &[u8]) -> Option<serde_json::Value> {
    let mut reader = Naive { rest: std::str::from_utf8(text).ok()? };
    let value = reader.value(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

struct Naive<'t> {
    rest: &'t str,
}

impl Naive<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eats(&mut self, token: &str) -> bool {
        self.blanks();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<serde_json::Value> {
        for (token, value) in [("null", serde_json::Value::Null), ("true", true.into()), ("false", false.into())] {
            if self.eats(token) {
                return Some(value);
            }
        }
        if self.eats("[") {
            self.list(depth + 1)
        } else if self.eats("{") {
            self.object(depth + 1)
        } else {
            self.scalar()
        }
    }

    fn list(&mut self, depth: usize) -> Option<serde_json::Value> {
        let mut items = Vec::new();
        if depth > MAX_DEPTH || self.eats("]") {
            return (depth <= MAX_DEPTH).then(|| items.into());
        }
        loop {
            items.push(self.value(depth)?);
            if self.eats("]") {
                return Some(items.into());
            }
            self.eats(",").then_some(())?;
        }
    }

    fn object(&mut self, depth: usize) -> Option<serde_json::Value> {
        let mut members = serde_json::Map::new();
        if depth > MAX_DEPTH || self.eats("}") {
            return (depth <= MAX_DEPTH).then(|| members.into());
        }
        loop {
            self.blanks();
            let name = self.string()?;
            let is_fresh = !members.contains_key(&name) && !["_sd", "_sd_alg", "..."].contains(&name.as_str());
            (is_fresh && self.eats(":")).then_some(())?;
            let value = self.value(depth)?;
            members.insert(name, value);
            if self.eats("}") {
                return Some(members.into());
            }
            self.eats(",").then_some(())?;
        }
    }

    fn scalar(&mut self) -> Option<serde_json::Value> {
        if self.rest.starts_with('"') {
            return self.string().map(Into::into);
        }
        let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        exact(number)
    }

    /// RFC 8259 section 7.
    fn string(&mut self) -> Option<String> {
        let mut units: Vec<u16> = Vec::new();
        let mut letters = self.rest.strip_prefix('"')?.chars();
        loop {
            match letters.next()? {
                '"' => break,
                '\\' => units.push(match letters.next()? {
                    'u' => {
                        let digits: String = letters.by_ref().take(4).collect();
                        let is_hex = digits.len() == 4 && digits.chars().all(|c| c.is_ascii_hexdigit());
                        is_hex.then(|| u16::from_str_radix(&digits, 16).ok())??
                    }
                    'b' => 8,
                    't' => 9,
                    'n' => 10,
                    'f' => 12,
                    'r' => 13,
                    same @ ('"' | '\\' | '/') => u16::try_from(u32::from(same)).ok()?,
                    _ => return None,
                }),
                control if control < ' ' => return None,
                letter => units.extend(letter.encode_utf16(&mut [0; 2]).iter()),
            }
        }
        self.rest = letters.as_str();
        // A lone surrogate is no text.
        String::from_utf16(&units).ok()
    }
}

/// RFC 8259 section 6, and FORMAT.md section 3: the canonical form denotes the same number, integers lie within ±(2^53−1).
fn exact(number: &str) -> Option<serde_json::Value> {
    let bare = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = bare.split_once(['e', 'E']).map_or((bare, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let has_form = are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(|e| are_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    has_form.then_some(())?;
    let double: f64 = number.parse().ok().filter(|double: &f64| double.is_finite())?;
    let given = decimal_value(number).or_else(|| (double == 0.0 && bare.starts_with('0')).then(|| (false, String::new(), 0)))?;
    let kept = serde_json_canonicalizer::to_string(&double).unwrap();
    let is_integral = given.2 >= 0;
    let is_exact = decimal_value(&kept)? == given && (!is_integral || double.abs() <= 9_007_199_254_740_991.0);
    // As the canonical text reads, so that the two sides name one number one way.
    is_exact.then(|| serde_json::from_str(&kept).ok())?
}
