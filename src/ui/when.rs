//! Instants as pages write them: in the reader's zone, with the zone printed, and for machines in `datetime`.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::tlog::time::Timestamp;

/// The reader's time zone: a fixed distance from UTC. UTC unless she chose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Zone {
    minutes_east: i16,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self { minutes_east: 0 };

    /// What the preferences offer, in minutes east of UTC.
    const OFFERED: [i16; 33] = [
        -720, -660, -600, -540, -480, -420, -360, -300, -240, -210, -180, -120, -60, 0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360,
        390, 420, 480, 540, 570, 600, 660, 720, 780,
    ];

    /// All that the preferences offer, west to east.
    pub fn offered() -> impl Iterator<Item = Self> {
        Self::OFFERED.into_iter().map(|minutes_east| Self { minutes_east })
    }

    /// From the name of one that is offered: `UTC`, `UTC+01:00`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::offered().find(|zone| zone.to_string() == name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.minutes_east.unsigned_abs();
        match self.minutes_east {
            0 => f.write_str("UTC"),
            1.. => write!(f, "UTC+{:02}:{:02}", minutes / 60, minutes % 60),
            _ => write!(f, "UTC−{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

/// An instant, ready to print.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(source = r#"<time datetime="{{ iso }}">{{ text }}</time>"#, ext = "html")]
pub struct When {
    iso: String,
    text: String,
}

impl HtmlSafe for When {}

impl When {
    /// To the second: `2026-11-21 20:11:50 UTC`.
    pub fn of(time: Timestamp, zone: Zone) -> Self {
        Self::written(time, zone, "%Y-%m-%d %H:%M:%S")
    }

    /// To the millisecond, for the page of one thing: `2026-11-21 20:11:50.995 UTC`.
    pub fn exact(time: Timestamp, zone: Zone) -> Self {
        Self::written(time, zone, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// As plain text, for `aria-label`.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn written(time: Timestamp, zone: Zone, form: &str) -> Self {
        let utc = DateTime::<Utc>::from_timestamp_micros(time.micros()).expect("a Timestamp has four digits of year");
        let east = FixedOffset::east_opt(i32::from(zone.minutes_east) * 60).expect("an offered zone lies within a day of UTC");
        Self { iso: utc.to_rfc3339_opts(SecondsFormat::Millis, true), text: format!("{} {zone}", utc.with_timezone(&east).format(form)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_printed_and_the_machine_reads_utc() {
        let time = Timestamp::parse_rfc3339("2026-11-21T20:11:50.995Z").unwrap();
        assert_eq!(When::of(time, Zone::UTC).to_string(), r#"<time datetime="2026-11-21T20:11:50.995Z">2026-11-21 20:11:50 UTC</time>"#);
        let berlin = Zone::parse("UTC+01:00").unwrap();
        assert_eq!(When::exact(time, berlin).text(), "2026-11-21 21:11:50.995 UTC+01:00");
        let newfoundland = Zone::parse("UTC−03:30").unwrap();
        assert_eq!(When::of(time, newfoundland).text(), "2026-11-21 16:41:50 UTC−03:30");
    }

    #[test]
    fn each_offered_zone_is_read_back_from_its_name() {
        for zone in Zone::offered() {
            assert_eq!(Zone::parse(&zone.to_string()), Some(zone));
        }
        assert_eq!(Zone::parse("Mars"), None);
    }
}
