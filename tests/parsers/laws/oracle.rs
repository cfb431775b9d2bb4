//! What the laws compare with, written once more in the slow and obvious way. It shares no line with the product.

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Whether every character is one of `allowed`.
pub(super) fn only(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    text.chars().all(allowed)
}

/// `[a-z0-9]`
pub(super) const fn is_small(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// RFC 4648 section 5 without padding, bit by bit; leftover bits must be zero.
pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    bits(text, BASE64URL)
}

/// RFC 4648 section 4 with padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    (text.len().is_multiple_of(4) && padding == (4 - bare.len() % 4) % 4 && padding < 3).then(|| bits(bare, BASE64))?
}

fn bits(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    if text.len() % 4 == 1 {
        return None;
    }
    let (mut held, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        held = held << 6 | u32::try_from(alphabet.iter().position(|a| *a == c)?).expect("below 64");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count).expect("eight bits"));
            held &= (1 << count) - 1;
        }
    }
    (held == 0).then_some(bytes)
}

/// `0` or `[1-9][0-9]*`, up to `most`.
pub(super) fn decimal(text: &str, most: u64) -> Option<u64> {
    let is_plain = text == "0" || !text.is_empty() && !text.starts_with('0') && only(text, |c| c.is_ascii_digit());
    is_plain.then(|| text.bytes().try_fold(0_u64, |n, c| n.checked_mul(10)?.checked_add(u64::from(c - b'0'))))?.filter(|n| *n <= most)
}

/// Days since 1970-01-01 of a day of the Gregorian calendar that exists, counted year by year from the year 0.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let length = |m: i64| match m {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    };
    if !(1..=12).contains(&month) || !(1..=length(month)).contains(&day) {
        return None;
    }
    let leaps = if year == 0 { 0 } else { (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 };
    let before: i64 = (1..month).map(length).sum();
    // 719 528 days from 0000-01-01 to 1970-01-01.
    Some(year * 365 + leaps + before + day - 1 - 719_528)
}

/// A decimal number as `digits × 10^exponent` without zeros at the ends: two texts of one number are the same.
pub(super) fn decimal_value(number: &str) -> Option<(bool, String, i128)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some((false, String::new(), 0));
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    // An exponent of more digits than this is no number that a double holds.
    let exponent: i128 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    Some((is_negative, digits.to_owned(), exponent - i128::try_from(fraction.len()).ok()? + i128::try_from(zeros).ok()?))
}
