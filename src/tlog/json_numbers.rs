//! Which numbers of a JSON text a double holds exactly: the others are refused, each with its place. Only the text itself can tell;
//! once it is a double it is too late.

use crate::tlog::json::{JsonError, MAX_SAFE_INTEGER};

/// Refuses the first number whose canonical form denotes another decimal number, or an integer past 2^53−1.
/// `text` has already been parsed, so it is JSON.
pub(super) fn check_numbers(text: &str) -> Result<(), JsonError> {
    for (at, number) in numbers(text) {
        let as_double: f64 = number.parse().unwrap_or(f64::INFINITY);
        let mut buffer = ryu_js::Buffer::new();
        let given = Decimal::read(number);
        let is_exact = as_double.is_finite() && given == Decimal::read(buffer.format(as_double));
        #[expect(clippy::cast_precision_loss, reason = "2^53-1 is exact as a double")]
        let is_in_range = !given.is_integral() || as_double.abs() <= MAX_SAFE_INTEGER as f64;
        if !is_exact || !is_in_range {
            let (line, column) = place_of(text.as_bytes(), at);
            return Err(JsonError::NumberNotExact { number: shortened(number), line, column });
        }
    }
    Ok(())
}

/// The number that made serde_json give up, which names its place but not the number.
pub(super) fn out_of_range(text: &str, line: usize, column: usize) -> JsonError {
    let number = numbers(text).map(|(_, number)| number).find(|n| n.parse::<f64>().is_ok_and(f64::is_infinite));
    JsonError::NumberNotExact { number: shortened(number.unwrap_or("(too large)")), line, column }
}

/// Line and column of a byte, both from 1.
pub(super) fn place_of(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    (line, column)
}

fn shortened(number: &str) -> String {
    number.chars().take(40).collect()
}

/// The number tokens of a JSON text, in order, each with where it begins.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let from = at;
                    while at < bytes.len() && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
                        at += 1;
                    }
                    return Some((from, &text[from..at]));
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// A decimal number as digits without zeros at either end, times a power of ten: equal exactly if the numbers are.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

/// An exponent that no double has.
const FAR: i64 = i64::MAX / 4;

impl Decimal {
    fn read(number: &str) -> Decimal {
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            // Far beyond what a double holds, and far from where adding to it would overflow.
            Some((m, e)) => (m, e.parse::<i64>().map_or(FAR, |e| e.clamp(-FAR, FAR))),
            None => (number, 0),
        };
        let is_negative = mantissa.starts_with('-');
        let mantissa = mantissa.trim_start_matches('-');
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let cut = i64::try_from(all.len() - kept.len()).unwrap_or(0);
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Decimal { is_negative: false, digits, exponent: 0 };
        }
        let exponent = exponent - i64::try_from(fraction.len()).unwrap_or(0) + cut;
        Decimal { is_negative, digits, exponent }
    }

    fn is_integral(&self) -> bool {
        self.exponent >= 0
    }
}
