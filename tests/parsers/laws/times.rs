//! Times: RFC 3339 with a zone as reporters write it, and the one form of entries. The judge counts days year by year.

use std::fmt::Write as _;

use onus::domain::limits::check_time;
use onus::tlog::time::Timestamp;

use super::Verdict;
use super::dice::Dice;
use super::oracle::days;

const MICROS: i64 = 1_000_000;

/// Taken if the slow reader takes it, as the same instant; printed and read again it is the same.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = Timestamp::parse_rfc3339(text);
    assert_eq!(read.map(Timestamp::micros), micros_of(text), "{text:?}");
    assert_eq!(check_time(text).ok(), read, "{text:?}");
    if let Some(time) = read {
        assert_eq!(Timestamp::parse_entry_time(&time.to_string()), Some(time), "{text:?}");
        assert_eq!(Timestamp::from_micros(time.micros()), Some(time));
    }
    Verdict::of(read.is_some())
}

/// Taken exactly if it has the form; what is taken is written back as it was.
pub(super) fn entry_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = Timestamp::parse_entry_time(text);
    assert_eq!(read.is_some(), is_entry_time(text), "{text:?}");
    if let Some(time) = read {
        let mut written = Vec::new();
        time.push_entry_text(&mut written);
        assert_eq!((time.to_string().as_bytes(), written.as_slice()), (bytes, bytes));
    }
    Verdict::of(read.is_some())
}

/// `YYYY-MM-DDThh:mm:ss.ffffffZ` of an instant that exists.
pub(super) fn is_entry_time(text: &str) -> bool {
    let has_form = text.len() == 27 && text.is_ascii() && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.' && text.ends_with('Z');
    has_form && !text[..26].contains(['t', 'z', ' ']) && text.as_bytes()[17..19] != *b"60" && micros_of(text).is_some()
}

/// RFC 3339 section 5.6: a second 60 is the first of the next minute; `T` and `Z` may be small, `T` a space.
fn micros_of(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (mark, rest) = rest.split_at_checked(1)?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let digits = |t: &str| (!t.is_empty() && t.bytes().all(|c| c.is_ascii_digit())).then(|| t.parse::<i64>().ok())?;
    let fields = |t: &str, separator: char, widths: &[usize]| {
        let parts: Vec<&str> = t.split(separator).collect();
        let fits = parts.len() == widths.len() && parts.iter().zip(widths).all(|(p, w)| p.len() == *w);
        fits.then(|| parts.iter().map(|p| digits(p)).collect::<Option<Vec<i64>>>())?
    };
    let (date, clock) = (fields(date, '-', &[4, 2, 2])?, fields(clock, ':', &[2, 2, 2])?);
    let fraction_end = 1 + rest.get(1..)?.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
    let (fraction, zone) = if rest.starts_with('.') { (&rest[1..fraction_end], &rest[fraction_end..]) } else { ("0", rest) };
    digits(&fraction[..fraction.len().min(9)])?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('+') { 1 } else { -1 };
            let hours = fields(zone.strip_prefix(['+', '-'])?, ':', &[2, 2])?;
            (hours[0] < 24 && hours[1] < 60).then_some(sign * (hours[0] * 60 + hours[1]))?
        }
    };
    let is_time = matches!(mark, "T" | "t" | " ") && clock[0] < 24 && clock[1] < 60 && clock[2] <= 60;
    let minutes = (days(date[0], date[1], date[2])? * 24 + clock[0]) * 60 + clock[1] - offset;
    let micros = digits(&format!("{fraction:0<6}")[..6])?;
    let instant = (minutes * 60 + clock[2]) * MICROS + micros;
    // Years of four digits, seen from UTC.
    let (first, end) = (days(0, 1, 1)? * 86_400 * MICROS, (days(9999, 12, 31)? + 1) * 86_400 * MICROS);
    (is_time && (first..end).contains(&instant)).then_some(instant)
}

fn date_and_clock(dice: &mut Dice<'_>) -> String {
    let year = [2026, 2024, 2000, 1900, 1969, 1, 9998][dice.below(7)];
    let (month, day) = [(1, 1), (2, 28), (6, 30), (12, 31), (11, 22)][dice.below(5)];
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", dice.below(24), dice.below(60), dice.below(60))
}

/// A time in one of RFC 3339's forms.
pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut text = date_and_clock(dice);
    if dice.percent(50) {
        text.push('.');
        text.push_str(&dice.word("0123456789", 1, 12));
    }
    match dice.below(3) {
        0 => text.push('Z'),
        1 => write!(text, "+{:02}:{:02}", dice.below(24), dice.below(60)).unwrap(),
        _ => write!(text, "-{:02}:{:02}", dice.below(24), dice.below(60)).unwrap(),
    }
    text.into_bytes()
}

/// A time as entries write it.
pub(super) fn entry_text(dice: &mut Dice<'_>) -> Vec<u8> {
    format!("{}.{}Z", date_and_clock(dice), dice.word("0123456789", 6, 6)).into_bytes()
}
