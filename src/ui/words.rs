//! Numbers, shares and lengths of time as pages write them. Instants are `when`'s business.

/// A narrow space that does not break, between groups of digits and before units.
pub const THIN_SPACE: char = '\u{202f}';

/// `48 112`, with thin spaces.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(THIN_SPACE);
        }
        out.push(digit);
    }
    out
}

/// `1 action`, `48 112 actions`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `7 reports`: what the index counts. An action that two parties told of is two of them.
pub fn reports(n: u64) -> String {
    counted(n, "report", "reports")
}

/// `3.9 %`; a dash where there is nothing to take a share of.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{}{THIN_SPACE}%", tenths / 10, tenths % 10)
}

/// `184 ms`, `2.1 s`, `6 min 3 s`, `5 h 12 min`, `9 days 3 h`.
pub fn duration(ms: u64) -> String {
    const SECOND: u64 = 1000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large}\u{a0}{large_unit}"),
        _ => format!("{large}\u{a0}{large_unit} {small}\u{a0}{small_unit}"),
    };
    match ms {
        0..SECOND => format!("{ms}\u{a0}ms"),
        SECOND..MINUTE => format!("{}.{}\u{a0}s", ms / SECOND, ms % SECOND / 100),
        MINUTE..HOUR => two(ms / MINUTE, "min", ms % MINUTE / SECOND, "s"),
        HOUR..DAY => two(ms / HOUR, "h", ms % HOUR / MINUTE, "min"),
        _ => two(ms / DAY, if ms / DAY == 1 { "day" } else { "days" }, ms % DAY / HOUR, "h"),
    }
}

/// How long something came before the action: `2.1 s before`, `0.3 s after`, `at the same moment`.
pub fn before(ms: i64) -> String {
    match ms {
        0 => "at the same moment".to_owned(),
        1.. => format!("{} before", duration(ms.unsigned_abs())),
        _ => format!("{} after", duration(ms.unsigned_abs())),
    }
}

/// `412 bytes`, `1.4 KiB`, `3.0 MiB`.
pub fn bytes(n: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    let tenths = |unit: u64, name: &str| format!("{}.{}\u{a0}{name}", n / unit, n % unit * 10 / unit);
    match n {
        0..KIB => counted(n, "byte", "bytes"),
        KIB..MIB => tenths(KIB, "KiB"),
        _ => tenths(MIB, "MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (48_112, "48\u{202f}112"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(number(n), text);
        }
        assert_eq!(counted(1, "action", "actions"), "1 action");
        assert_eq!(counted(0, "action", "actions"), "0 actions");
    }

    #[test]
    fn shares_are_rounded_to_a_tenth_and_none_is_made_of_nothing() {
        assert_eq!(percent(39, 1000), "3.9\u{202f}%");
        assert_eq!(percent(2, 3), "66.7\u{202f}%");
        assert_eq!(percent(0, 0), "–");
    }

    #[test]
    fn times_have_one_or_two_units() {
        for (ms, text) in [
            (184, "184\u{a0}ms"),
            (2_100, "2.1\u{a0}s"),
            (363_000, "6\u{a0}min 3\u{a0}s"),
            (18_720_000, "5\u{a0}h 12\u{a0}min"),
            (86_400_000, "1\u{a0}day"),
            (788_400_000, "9\u{a0}days 3\u{a0}h"),
        ] {
            assert_eq!(duration(ms), text);
        }
        assert_eq!(before(2_100), "2.1\u{a0}s before");
        assert_eq!(before(-300), "300\u{a0}ms after");
        assert_eq!(before(0), "at the same moment");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes(412), "412 bytes");
        assert_eq!(bytes(1500), "1.4\u{a0}KiB");
        assert_eq!(bytes(3 << 20), "3.0\u{a0}MiB");
    }
}
