//! Walks over an entry's bytes in their one fixed order. It knows the tokens, not which follows which.

use super::decimal::parse_decimal;
use super::entry::{EntryError, MAX_FINDINGS, is_code};

/// Most digits of a number: 2^53−1 has sixteen.
const MAX_DIGITS: usize = 16;

/// Bytes, and how far they have been read.
pub(super) struct Scanner<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Scanner<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn refuse<T>(&self, expected: &'static str) -> Result<T, EntryError> {
        Err(EntryError::Grammar { at: self.at, expected })
    }

    /// Goes past `text` if it stands here.
    fn skips(&mut self, text: &str) -> bool {
        let stands = self.bytes[self.at..].starts_with(text.as_bytes());
        self.at += if stands { text.len() } else { 0 };
        stands
    }

    pub(super) fn literal(&mut self, text: &'static str) -> Result<(), EntryError> {
        if self.skips(text) { Ok(()) } else { self.refuse(text) }
    }

    pub(super) fn end(&self) -> Result<(), EntryError> {
        if self.at == self.bytes.len() { Ok(()) } else { self.refuse("the end") }
    }

    pub(super) fn number(&mut self) -> Result<u64, EntryError> {
        let length = self.bytes[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
        let digits = std::str::from_utf8(&self.bytes[self.at..self.at + length]).unwrap_or_default();
        match parse_decimal(digits).filter(|_| length <= MAX_DIGITS) {
            Some(number) => {
                self.at += length;
                Ok(number)
            }
            None => self.refuse("a number of at most 16 digits without leading zero"),
        }
    }

    /// The rest of a string whose opening quote has been read, and its closing quote. No token holds an escape.
    pub(super) fn quoted<T>(&mut self, expected: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, EntryError> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|c| *c == b'"').unwrap_or(rest.len());
        let token = std::str::from_utf8(&rest[..length]).ok().and_then(parse);
        let Some(token) = token else { return self.refuse(expected) };
        self.at += length;
        self.literal("\"")?;
        Ok(token)
    }

    /// `name`, a number and a comma; or nothing.
    pub(super) fn optional_number(&mut self, name: &'static str) -> Result<Option<u64>, EntryError> {
        if !self.skips(name) {
            return Ok(None);
        }
        let number = self.number()?;
        self.literal(",")?;
        Ok(Some(number))
    }

    /// `"findings":[…],` with codes in whatever order they stand; or nothing.
    pub(super) fn optional_findings(&mut self) -> Result<Option<Vec<String>>, EntryError> {
        if !self.skips("\"findings\":[") {
            return Ok(None);
        }
        let mut findings = Vec::new();
        if self.skips("],") {
            return Ok(Some(findings));
        }
        loop {
            self.literal("\"")?;
            findings.push(self.quoted("a finding's code", |text| is_code(text).then(|| text.to_owned()))?);
            if findings.len() > MAX_FINDINGS {
                return self.refuse("at most 32 findings");
            }
            if !self.skips(",") {
                self.literal("],")?;
                return Ok(Some(findings));
            }
        }
    }
}
