//! Where a value stands in a text: deterministic matching of strings and of numbers, for argument provenance. It knows
//! nothing of who wrote the text.
//!
//! A **string** is looked for exactly; then as JSON writes it (tool outputs are often JSON); then with letter case and runs
//! of white space made alike; a web address at last without its scheme, which agents add and people leave out. A match never cuts a run of digits (`US1330` is not in `US13300000`), and one of fewer than
//! [`SHORT_CHARS`] characters must be a word of its own. A **number** is compared as a decimal with the numbers that stand
//! in the text as words of their own: `12999` is not in `412999`, `19.5` is `19.50`, `1000` is `1,000`; the sign is not
//! looked at, a number with a leading zero is a code and not a number, and one or two digits of a date or a time are none.
//! A string that is a plain decimal is looked for as a number, too.
//!
//! Each search of one value in one text is linear in the text: refused matches are passed over whole.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::tlog::json::{Value, write_canonical_str};

/// A string of fewer characters is found only as a word of its own.
pub const SHORT_CHARS: usize = 3;

/// A value to look for, prepared once for many texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    text: Option<TextNeedle>,
    /// Without sign and without zeros after the last digit of the fraction.
    number: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TextNeedle {
    exact: String,
    as_json: Option<String>,
    folded: String,
    /// A web address behind its scheme and before its last slash, folded.
    bare_address: Option<String>,
    is_short: bool,
}

impl Needle {
    /// Of a leaf of the arguments; `None` for what carries no provenance: null, booleans, blank strings, lists and objects.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self { text: None, number: Some(trimmed_fraction(&number.abs().to_string()).into_owned()) }),
            Value::String(text) => {
                let exact = text.trim();
                if exact.is_empty() {
                    return None;
                }
                let mut quoted = Vec::with_capacity(exact.len() + 2);
                write_canonical_str(exact, &mut quoted);
                let as_json = std::str::from_utf8(&quoted[1..quoted.len() - 1]).expect("made of str pieces").to_owned();
                let text = TextNeedle {
                    as_json: (as_json != exact).then_some(as_json),
                    folded: fold(exact),
                    bare_address: bare_address(exact),
                    is_short: exact.chars().nth(SHORT_CHARS - 1).is_none(),
                    exact: exact.to_owned(),
                };
                Some(Self { number: decimal(exact), text: Some(text) })
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// A text to search, with what is derived from it kept for the next needle.
pub struct Haystack<'t> {
    raw: &'t str,
    folded: OnceCell<String>,
}

impl<'t> Haystack<'t> {
    /// Over this text.
    pub fn new(raw: &'t str) -> Self {
        Self { raw, folded: OnceCell::new() }
    }

    /// Byte offset of the first occurrence, by the rules above, tried in the order above.
    pub fn find(&self, needle: &Needle) -> Option<usize> {
        let text = needle.text.as_ref().and_then(|n| self.find_text(n));
        text.or_else(|| needle.number.as_ref().and_then(|n| find_number(self.raw, n)))
    }

    fn find_text(&self, needle: &TextNeedle) -> Option<usize> {
        let plain = |n: &str| find_whole(self.raw, n, needle.is_short);
        plain(&needle.exact).or_else(|| needle.as_json.as_deref().and_then(plain)).or_else(|| {
            let folded = self.folded.get_or_init(|| fold(self.raw));
            let alike = |n: &str| find_whole(folded, n, needle.is_short).map(|at| unfolded(self.raw, at));
            alike(&needle.folded).or_else(|| needle.bare_address.as_deref().and_then(alike))
        })
    }
}

fn bare_address(text: &str) -> Option<String> {
    let folded = fold(text);
    let bare = folded.strip_prefix("https://").or_else(|| folded.strip_prefix("http://"))?.trim_end_matches('/');
    (bare.len() >= SHORT_CHARS).then(|| bare.to_owned())
}

/// The first match that cuts neither a run of digits nor, for short needles, a word.
fn find_whole(text: &str, needle: &str, is_short: bool) -> Option<usize> {
    let cuts = |inside: Option<char>, outside: Option<char>| match (inside, outside) {
        (Some(a), Some(b)) => (a.is_ascii_digit() && b.is_ascii_digit()) || (is_short && is_word(a) && is_word(b)),
        _ => false,
    };
    let (first, last) = (needle.chars().next(), needle.chars().next_back());
    text.match_indices(needle).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + needle.len()..].chars().next();
        !cuts(first, before) && !cuts(last, after)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Lower case, each run of white space one space: with the byte offset each character comes from.
fn folded_chars(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut was_space = false;
    text.char_indices().flat_map(move |(at, c)| {
        let is_space = c.is_whitespace();
        let is_again = is_space && was_space;
        was_space = is_space;
        let shown = if is_space { ' ' } else { c };
        shown.to_lowercase().filter(move |_| !is_again).map(move |lower| (at, lower))
    })
}

fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    out.extend(folded_chars(text).map(|(_, c)| c));
    out
}

/// Where in `text` the byte `at` of its folded form comes from.
fn unfolded(text: &str, at: usize) -> usize {
    let mut passed = 0;
    for (offset, c) in folded_chars(text) {
        if passed >= at {
            return offset;
        }
        passed += c.len_utf8();
    }
    text.len()
}

fn find_number(text: &str, needle: &str) -> Option<usize> {
    numbers(text).find(|(_, number)| number == needle).map(|(at, _)| at)
}

/// The numbers that stand in a text as words of their own, each at its first digit, without needless zeros.
fn numbers(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    words_of_digits(text).flat_map(move |(at, word)| {
        // `1,299.99` is one number; `12,13` is two.
        let pieces = if is_grouped(word) { vec![word] } else { word.split(',').collect() };
        pieces.into_iter().filter_map(move |piece| {
            let from = at + (piece.as_ptr() as usize - word.as_ptr() as usize);
            (!is_of_a_date(text, from, piece)).then(|| plain_number(piece)).flatten().map(|number| (from, number))
        })
    })
}

/// Runs of word characters that begin with a digit; a point or a comma between two digits belongs to the run.
fn words_of_digits(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let is_inside = move |i: usize| {
        let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        match bytes[i] {
            b'.' | b',' => i > 0 && is_digit(i - 1) && is_digit(i + 1),
            // A letter outside ASCII is a word character, a currency sign or a dash is not: let `char` decide.
            128.. => text[text.floor_char_boundary(i)..].chars().next().is_some_and(is_word),
            byte => byte.is_ascii_alphanumeric() || byte == b'_',
        }
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            while at < bytes.len() && !is_inside(at) {
                at += 1;
            }
            let from = at;
            while at < bytes.len() && is_inside(at) {
                at += 1;
            }
            match bytes.get(from) {
                None => return None,
                Some(first) if first.is_ascii_digit() => return Some((from, &text[from..at])),
                Some(_) => {}
            }
        }
    })
}

/// Whether the commas of a word stand where thousands are parted.
fn is_grouped(word: &str) -> bool {
    let whole = word.split('.').next().unwrap_or(word);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let rest: Vec<&str> = groups.collect();
    !rest.is_empty() && matches!(first.len(), 1..=3) && rest.iter().all(|g| g.len() == 3) && word.matches(',').count() == rest.len()
}

/// One or two digits that a dash, a slash or a colon joins to other digits: a part of a date or of a time.
fn is_of_a_date(text: &str, from: usize, piece: &str) -> bool {
    let bytes = text.as_bytes();
    let joins = |sign: Option<usize>, digit: Option<usize>| {
        let at = |i: Option<usize>| i.and_then(|i| bytes.get(i)).copied();
        matches!(at(sign), Some(b'-' | b'/' | b':')) && at(digit).is_some_and(|b| b.is_ascii_digit())
    };
    let end = from + piece.len();
    piece.len() <= 2 && (joins(from.checked_sub(1), from.checked_sub(2)) || joins(Some(end), Some(end + 1)))
}

/// `12,999.50` as `12999.5`; `None` for what is no plain decimal: `1.2.3`, `007`, `3rd`.
fn plain_number(word: &str) -> Option<Cow<'_, str>> {
    let joined: Cow<'_, str> = if word.contains(',') { word.replace(',', "").into() } else { word.into() };
    let (whole, fraction) = joined.split_once('.').unwrap_or((&joined, "0"));
    let is_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    Some(match joined {
        Cow::Borrowed(text) => trimmed_fraction(text),
        Cow::Owned(text) => trimmed_fraction(&text).into_owned().into(),
    })
}

/// Without zeros after the last digit of the fraction, and without a point that then has nothing behind it.
fn trimmed_fraction(number: &str) -> Cow<'_, str> {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').into() } else { number.into() }
}

/// A string that is a plain decimal, as that number.
fn decimal(text: &str) -> Option<String> {
    plain_number(text.strip_prefix('-').unwrap_or(text)).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(value: impl Into<Value>, text: &str) -> Option<usize> {
        Haystack::new(text).find(&Needle::of(&value.into()).expect("carries provenance"))
    }

    #[test]
    fn strings_are_found_exactly_then_with_case_and_white_space_made_alike() {
        for (value, text, at) in [
            ("DE89 3704", "to DE89 3704 now", Some(3)),
            ("Northwind GmbH", "äöü NORTHWIND\n   gmbh", Some(7)),
            ("say \"hi\"", r#"{"text":"say \"hi\""}"#, Some(9)),
            ("a\nb", r"{'a\nb'}", Some(2)),
            ("US1330", "US13300000", None),
            ("US1330", "US13300000 or US1330", Some(14)),
            ("W5918442", "#W5918442.", Some(1)),
            ("ab", "cab ab", Some(4)),
            ("ab", "cab", None),
            ("€", "5€", Some(1)),
            ("  ok then ", "OK THEN", Some(0)),
            ("İstanbul", "in i\u{307}stanbul", Some(3)),
            ("https://www.Example.com/", "see www.example.com!", Some(4)),
            ("http://", "http", None),
            ("absent", "nothing", None),
        ] {
            assert_eq!(found(value, text), at, "{value:?} in {text:?}");
        }
    }

    #[test]
    fn numbers_are_compared_as_decimals_that_stand_alone() {
        for (value, text, at) in [
            (12999.0, "refund 12999 now", Some(7)),
            (12999.0, "order 412999", None),
            (12999.0, "129990", None),
            (12999.0, "W12999", None),
            (129.99, "€129.99.", Some(3)),
            (19.5, "19.50", Some(0)),
            (50.0, "50.00", Some(0)),
            (50.0, "pay 50.", Some(4)),
            (48200.0, "€ 48,200.00", Some(4)),
            (13.0, "12,13", Some(3)),
            (1.0, "1,000", None),
            (-5.0, "minus 5", Some(6)),
            (1.0, "on 2022-01-01 at 1:30, take 1", Some(28)),
            (2022.0, "2022-01-01", Some(0)),
            (7.0, "agent 007", None),
            (1.2, "1.2.3", None),
            (3.0, "3rd, 3x, ä3, 3é, _3", None),
            (3.0, "“3”", Some(3)),
            (0.002, "0.0020", Some(0)),
        ] {
            assert_eq!(found(Value::Number(value), text), at, "{value} in {text:?}");
        }
    }

    #[test]
    fn a_string_that_is_a_decimal_is_found_as_a_number() {
        assert_eq!(found("50.00", "pay 50 EUR"), Some(4));
        assert_eq!(found("5", "2015, then 5"), Some(11));
        assert_eq!(found("5", "2015"), None);
    }

    #[test]
    fn what_carries_no_provenance_is_no_needle() {
        for value in [Value::Null, true.into(), "".into(), " \n".into(), Value::Array(vec![]), Value::Object(vec![])] {
            assert_eq!(Needle::of(&value), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_found_stands_there(text in "[a-z0-9 ,.ÄİẞΣ\n\"-]{0,60}", from in 0usize..60, length in 1usize..12) {
            let value: String = text.chars().skip(from).take(length).collect();
            let Some(needle) = Needle::of(&value.as_str().into()) else { return Ok(()) };
            if let Some(at) = Haystack::new(&text).find(&needle) {
                proptest::prop_assert!(text.is_char_boundary(at) && at < text.len());
                let starts_alike = fold(&text[at..]).starts_with(&fold(value.trim()));
                let is_number = numbers(&text).any(|(offset, number)| offset == at && Some(number.as_ref()) == needle.number.as_deref());
                proptest::prop_assert!(starts_alike || is_number);
            } else {
                // It was cut out of the text, so only a cut through a word or a number may hide it.
                proptest::prop_assert!(value.chars().any(is_word));
            }
        }
    }
}
