//! An instant in UTC to the microsecond, as entries write it. Never the present one: time is passed in.

use std::fmt;

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01T00:00:00Z; prints as `YYYY-MM-DDThh:mm:ss.ffffffZ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant that many microseconds after 1970, if its year has four digits.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let instant = DateTime::<Utc>::from_timestamp_micros(micros)?;
        let year = instant.year();
        (0..=9999).contains(&year).then_some(Self(micros))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From RFC 3339 with a zone; finer than a microsecond is cut off.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        Self::from_micros(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
    }

    /// From exactly the form of FORMAT.md section 1: six decimals, `Z`, a real instant, no leap second.
    pub fn parse_entry_time(text: &str) -> Option<Self> {
        let time = Self::parse_rfc3339(text)?;
        (time.to_string() == text).then_some(time)
    }

    /// Later by so many milliseconds (earlier if negative), if that still has four digits of year.
    pub fn plus_ms(self, ms: i64) -> Option<Self> {
        Self::from_micros(self.0.checked_add(ms.checked_mul(1000)?)?)
    }

    /// How many milliseconds this is after `earlier`; negative if before.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / 1000
    }

    /// Appends what `Display` prints, without chrono's formatter: one entry in three microseconds would be spent in it.
    pub fn push_entry_text(self, out: &mut Vec<u8>) {
        let date = self.as_chrono().date_naive();
        let of_day = u32::try_from(self.0.rem_euclid(86_400_000_000) / 1_000_000).expect("a day has 86 400 seconds");
        let fraction = u32::try_from(self.0.rem_euclid(1_000_000)).expect("below a million");
        push_padded(date.year().unsigned_abs(), 4, out);
        for (mark, number) in
            [(b'-', date.month()), (b'-', date.day()), (b'T', of_day / 3600), (b':', of_day / 60 % 60), (b':', of_day % 60)]
        {
            out.push(mark);
            push_padded(number, 2, out);
        }
        out.push(b'.');
        push_padded(fraction, 6, out);
        out.push(b'Z');
    }

    fn as_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).expect("from_micros has looked")
    }

    /// `YYYY-MM-DDThh:mm:ss.fffZ`: for answers, where a microsecond says nothing.
    pub fn to_millis_text(self) -> String {
        self.as_chrono().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// `YYYY-MM-DD hh:mm:ss`, for tables whose heading names the zone UTC.
    pub fn to_page_text(self) -> String {
        self.as_chrono().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Midnight, UTC, of this day.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY_MICROS))
    }

    /// Midnight, UTC, of the next day; `None` past the year 9999.
    pub fn start_of_next_day(self) -> Option<Self> {
        Self::from_micros(self.start_of_day().0.checked_add(DAY_MICROS)?)
    }

    /// Midnight, UTC, of the first of this month.
    #[must_use]
    pub fn start_of_month(self) -> Self {
        let days_into_month = i64::from(self.as_chrono().day0());
        Self(self.start_of_day().0 - days_into_month * DAY_MICROS)
    }

    /// Midnight, UTC, of the first of the next month; `None` past the year 9999.
    pub fn start_of_next_month(self) -> Option<Self> {
        let first = self.start_of_month().as_chrono().checked_add_months(chrono::Months::new(1))?;
        Self::from_micros(first.timestamp_micros())
    }
}

/// Appends the last `width` decimal digits of `number`.
fn push_padded(number: u32, width: u32, out: &mut Vec<u8>) {
    for place in (0..width).rev() {
        out.push(b"0123456789"[(number / 10_u32.pow(place) % 10) as usize]);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_chrono().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn both_writers_agree(micros in -62_167_219_200_000_000_i64..=253_402_300_799_999_999) {
            let time = Timestamp::from_micros(micros).unwrap();
            let mut text = Vec::new();
            time.push_entry_text(&mut text);
            proptest::prop_assert_eq!(String::from_utf8(text).unwrap(), time.to_string());
        }
    }

    #[test]
    fn entry_times_are_read_in_one_form_only() {
        let text = "2026-11-22T09:00:00.123456Z";
        assert_eq!(Timestamp::parse_entry_time(text).unwrap().to_string(), text);
        for other in [
            "2026-11-22T09:00:00.123Z",
            "2026-11-22T09:00:00.123456+00:00",
            "2026-02-30T09:00:00.000000Z",
            "2026-11-22T09:00:60.000000Z",
            "2026-11-22t09:00:00.123456z",
        ] {
            assert_eq!(Timestamp::parse_entry_time(other), None, "{other}");
        }
        assert_eq!(Timestamp::parse_rfc3339("2026-11-22T10:00:00+01:00"), Timestamp::parse_rfc3339("2026-11-22T09:00:00Z"));
        assert_eq!(Timestamp::parse_rfc3339("2026-11-22T10:00:00"), None);
    }

    #[test]
    fn days_and_months_begin_at_midnight_utc() {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let time = at("2026-12-31T23:59:59.999Z");
        assert_eq!(time.start_of_day(), at("2026-12-31T00:00:00Z"));
        assert_eq!(time.start_of_next_day(), Some(at("2027-01-01T00:00:00Z")));
        assert_eq!(time.start_of_month(), at("2026-12-01T00:00:00Z"));
        assert_eq!(time.start_of_next_month(), Some(at("2027-01-01T00:00:00Z")));
        assert_eq!(at("1969-12-31T12:00:00Z").start_of_day(), at("1969-12-31T00:00:00Z"));
    }
}
