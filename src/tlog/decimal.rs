//! Whole numbers as entries, checkpoints and proofs write them: one number, one text.

/// A decimal number without sign, leading zero or anything around it; at most 19 digits and below 2^63.
pub fn parse_decimal(text: &str) -> Option<u64> {
    let digits = text.as_bytes();
    let is_plain = matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit);
    if !is_plain {
        return None;
    }
    text.parse().ok().filter(|number| i64::try_from(*number).is_ok())
}

/// Appends `number` as decimal digits.
pub fn push_decimal(mut number: u64, out: &mut Vec<u8>) {
    let from = out.len();
    loop {
        out.push(DIGITS[usize::from((number % 10).to_le_bytes()[0])]);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[from..].reverse();
}

const DIGITS: &[u8; 10] = b"0123456789";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_text() {
        for refused in ["", "00", "007", "+5", "-1", " 5", "5 ", "5\r", "0x5", "1e3", "٣", "9223372036854775808", "18446744073709551616"] {
            assert_eq!(parse_decimal(refused), None, "{refused:?}");
        }
        for number in [0, 1, 9, 10, 70_000, (1 << 53) - 1, (1 << 63) - 1] {
            let mut text = Vec::new();
            push_decimal(number, &mut text);
            assert_eq!(text, number.to_string().into_bytes());
            assert_eq!(parse_decimal(&number.to_string()), Some(number));
        }
    }
}
