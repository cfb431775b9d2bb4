//! The operator's TOML files, taken apart so that every mistake is told at once and with its place.
//!
//! It knows tables, texts and numbers; what they mean is said by `settings` and `catalogue`.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest file that is read, in bytes.
pub const MAX_TOML_BYTES: usize = 1 << 20;

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TomlFault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The key it is about, `action[2].scope`; empty if the file is no TOML at all.
    pub field: String,
    /// What was found and what is expected.
    pub message: String,
}

impl fmt::Display for TomlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, field, message } = self;
        let separator = if field.is_empty() { "" } else { ": " };
        write!(f, "line {line}, column {column}: {field}{separator}{message}")
    }
}

/// All mistakes in a file, in the order of its lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct TomlFaults(pub Vec<TomlFault>);

/// A table of the document.
pub(crate) type Table<'t> = DeTable<'t>;
/// A value with the place where it stands.
pub(crate) type Placed<'t> = Spanned<DeValue<'t>>;

/// Reads typed values out of tables and gathers what is wrong with them.
pub(crate) struct TomlReader<'t> {
    text: &'t str,
    faults: Vec<TomlFault>,
}

impl<'t> TomlReader<'t> {
    /// A reader, and the document's top table.
    pub(crate) fn open(text: &'t str) -> Result<(Self, Table<'t>), TomlFaults> {
        let mut reader = Self { text, faults: Vec::new() };
        if text.len() > MAX_TOML_BYTES {
            reader.fault(0..0, "", format!("{} bytes are more than the limit of {MAX_TOML_BYTES}", text.len()));
            return Err(TomlFaults(reader.faults));
        }
        match DeTable::parse(text) {
            Ok(table) => Ok((reader, table.into_inner())),
            Err(error) => {
                reader.fault(error.span().unwrap_or(0..0), "", error.message().to_owned());
                Err(TomlFaults(reader.faults))
            }
        }
    }

    /// Notes a mistake.
    pub(crate) fn fault(&mut self, span: Range<usize>, field: &str, message: String) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        self.faults.push(TomlFault { line, column, field: field.to_owned(), message });
    }

    /// `value` if nothing was wrong, else every mistake.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, TomlFaults> {
        if self.faults.is_empty() {
            return Ok(value);
        }
        self.faults.sort_by_key(|f| (f.line, f.column));
        Err(TomlFaults(self.faults))
    }

    /// Notes every key that is not in `known`: a misspelt threshold that is silently ignored would be a hole.
    pub(crate) fn refuse_unknown(&mut self, table: &Table<'_>, path: &str, known: &[&str]) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let field = format!("{path}{}", key.get_ref());
            self.fault(key.span(), &field, format!("unknown key; known are {}", known.join(", ")));
        }
    }

    /// The text under `key`, if it is there.
    pub(crate) fn text(&mut self, table: &Table<'_>, path: &str, key: &str) -> Option<String> {
        let value = table.get(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_kind(value, &format!("{path}{key}"), "a string");
        }
        text
    }

    /// The texts under `key`, if it is there.
    pub(crate) fn texts(&mut self, table: &Table<'_>, path: &str, key: &str) -> Option<Vec<String>> {
        let value = table.get(key)?;
        let field = format!("{path}{key}");
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(value, &field, "a list of strings");
            return None;
        };
        let mut texts = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.wrong_kind(item, &format!("{field}[{i}]"), "a string"),
            }
        }
        Some(texts)
    }

    /// The integer under `key`, if it is there and in range.
    pub(crate) fn integer(&mut self, table: &Table<'_>, path: &str, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = table.get(key)?;
        let field = format!("{path}{key}");
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_kind(value, &field, "an integer");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| range.contains(n));
        if number.is_none() {
            self.fault(value.span(), &field, format!("{integer} is not within {} to {}", range.start(), range.end()));
        }
        number
    }

    /// One of `words` under `key`, if it is there.
    pub(crate) fn word<T: Copy>(&mut self, table: &Table<'_>, path: &str, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(table, path, key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        if found.is_none() {
            let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault_at(table, path, key, format!("{text:?} is none of {}", expected.join(", ")));
        }
        found
    }

    /// Notes a mistake in the value under `key`.
    pub(crate) fn fault_at(&mut self, table: &Table<'_>, path: &str, key: &str, message: String) {
        let span = table.get(key).map_or(0..0, Spanned::span);
        self.fault(span, &format!("{path}{key}"), message);
    }

    /// Notes that a value is of another kind than expected.
    pub(crate) fn wrong_kind(&mut self, value: &Placed<'_>, field: &str, expected: &str) {
        self.fault(value.span(), field, format!("expected {expected}, found {}", value.get_ref().type_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let (mut reader, table) = TomlReader::open("name = 5\n  late = -1\nodd = true\nwords = [\"ä\", 2]\n").unwrap();
        assert_eq!(reader.text(&table, "", "name"), None);
        assert_eq!(reader.integer(&table, "", "late", 0..=10), None);
        assert_eq!(reader.texts(&table, "", "words"), Some(vec!["ä".to_owned()]));
        reader.refuse_unknown(&table, "", &["name", "late", "words"]);
        let told: Vec<String> = reader.finish(()).unwrap_err().0.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 1, column 8: name: expected a string, found integer",
                "line 2, column 10: late: -1 is not within 0 to 10",
                "line 3, column 1: odd: unknown key; known are name, late, words",
                "line 4, column 15: words[1]: expected a string, found integer",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place() {
        let faults = TomlReader::open("a = 1\nb = = 2\n").err().unwrap();
        assert_eq!((faults.0[0].line, faults.0[0].field.as_str()), (2, ""));
        assert!(TomlReader::open(&" ".repeat(MAX_TOML_BYTES + 1)).is_err());
    }
}
