//! The bytes of an entry (FORMAT.md section 1): written in one form, read in no other.
//!
//! What is stored and hashed are these bytes, never a header read and written again. What an entry's type and codes mean is not known here.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::decimal::push_decimal;
use super::entry_scanner::Scanner;
use super::hash::{Commitment, LeafHash, base64url_of_32};
use super::position::{LeafIndex, MAX_POSITION};
use super::time::Timestamp;

/// Longest entry that is read. The grammar cannot reach it; a byte more is refused before anything is looked at.
pub const MAX_ENTRY_BYTES: usize = 4096;
/// Most findings of one assessment.
pub const MAX_FINDINGS: usize = 32;
const MAX_ORIGIN_CHARACTERS: usize = 128;
const MAX_TYPE_CHARACTERS: usize = 64;
const MAX_CODE_CHARACTERS: usize = 48;

/// What an entry says of itself. `parse` gives back what `to_bytes` wrote, for every header that [`EntryHeader::check`] passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryHeader {
    /// The earlier entry that this one is about (an erasure, a changed assessment).
    pub about: Option<LeafIndex>,
    /// What the assessment function found; `None` is *not assessed*, which is not *nothing found*.
    pub assessment: Option<Assessment>,
    /// The place in the ledger.
    pub index: LeafIndex,
    /// The ledger.
    pub log: Origin,
    /// The commitment to the payload.
    pub payload: Commitment,
    /// The leaf hash of the entry before, zeros at 0.
    pub prev: LeafHash,
    /// When the ledger took it in.
    pub recorded_at: Timestamp,
    /// What kind of thing happened.
    pub entry_type: EntryType,
}

/// Findings, and the number of the function that made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    findings: Vec<String>,
    rules: u64,
}

/// The unique name of a ledger: `[a-z0-9][a-z0-9._/:-]{0,127}`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Arc<str>);

/// The type of an entry: words joined by dots, `action.recorded`. Any is valid, known or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryType(Cow<'static, str>);

/// Why bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// More than [`MAX_ENTRY_BYTES`].
    #[error("an entry has at most {MAX_ENTRY_BYTES} bytes, this has {length}")]
    TooLong {
        /// In bytes.
        length: usize,
    },
    /// Not the one form.
    #[error("at byte {at}: expected {expected}")]
    Grammar {
        /// From 0.
        at: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// One of the pair is missing.
    #[error("`findings` and `rules` stand together or not at all")]
    FindingsWithoutRules,
    /// The codes do not ascend.
    #[error("the finding {code:?} is out of order or stands twice")]
    FindingsOrder {
        /// The first that is not above the one before it.
        code: String,
    },
    /// A number past 2^53−1.
    #[error("`{member}` is {number}, past {MAX_POSITION}")]
    Range {
        /// Whose number.
        member: &'static str,
        /// As written.
        number: u64,
    },
    /// An entry can only be about an earlier one.
    #[error("`about` is {about}, which is not before `index` {index}")]
    AboutNotEarlier {
        /// The entry it is about.
        about: u64,
        /// Its own index.
        index: u64,
    },
    /// Two types are about another entry, and no other.
    #[error("`about` stands in an entry of the type {0}, which is about no other")]
    AboutOfOtherType(String),
    /// Entry 0 follows nothing.
    #[error("`prev` of entry 0 is not 32 zero bytes")]
    GenesisPrev,
}

/// The types that are about an earlier entry (FORMAT.md section 1).
const ABOUT_ANOTHER: [&str; 2] = ["assessment.changed", "payload.erased"];

impl EntryError {
    /// The class that the format's vectors name.
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::Grammar { .. } => "grammar",
            Self::FindingsWithoutRules => "findings_without_rules",
            Self::FindingsOrder { .. } => "findings_order",
            Self::Range { .. } => "range",
            Self::AboutNotEarlier { .. } => "about_not_earlier",
            Self::AboutOfOtherType(_) => "about_of_other_type",
            Self::GenesisPrev => "genesis_prev",
        }
    }
}

impl EntryHeader {
    /// The entry's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        debug_assert_eq!(self.check(), Ok(()), "a header that no verifier accepts must not be written");
        let mut out = Vec::with_capacity(384);
        out.push(b'{');
        if let Some(about) = self.about {
            out.extend_from_slice(b"\"about\":");
            push_decimal(about.get(), &mut out);
            out.push(b',');
        }
        if let Some(assessment) = &self.assessment {
            push_findings(&assessment.findings, &mut out);
        }
        out.extend_from_slice(b"\"index\":");
        push_decimal(self.index.get(), &mut out);
        out.extend_from_slice(b",\"log\":\"");
        out.extend_from_slice(self.log.as_str().as_bytes());
        out.extend_from_slice(b"\",\"payload\":\"");
        out.extend_from_slice(&base64url_of_32(self.payload.as_bytes()));
        out.extend_from_slice(b"\",\"prev\":\"");
        out.extend_from_slice(&base64url_of_32(self.prev.as_bytes()));
        out.extend_from_slice(b"\",\"recorded_at\":\"");
        self.recorded_at.push_entry_text(&mut out);
        out.extend_from_slice(b"\",");
        if let Some(assessment) = &self.assessment {
            out.extend_from_slice(b"\"rules\":");
            push_decimal(assessment.rules, &mut out);
            out.push(b',');
        }
        out.extend_from_slice(b"\"type\":\"");
        out.extend_from_slice(self.entry_type.as_str().as_bytes());
        out.extend_from_slice(b"\",\"v\":1}");
        out
    }

    /// Reads exactly what [`to_bytes`](Self::to_bytes) writes: `to_bytes` of the result is `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong { length: bytes.len() });
        }
        let mut scanner = Scanner::new(bytes);
        scanner.literal("{")?;
        let about = scanner.optional_number("\"about\":")?;
        let findings = scanner.optional_findings()?;
        scanner.literal("\"index\":")?;
        let index = scanner.number()?;
        scanner.literal(",\"log\":\"")?;
        let log = scanner.quoted("an origin", Origin::parse)?;
        scanner.literal(",\"payload\":\"")?;
        let payload = scanner.quoted("32 bytes in base64url", Commitment::parse)?;
        scanner.literal(",\"prev\":\"")?;
        let prev = scanner.quoted("32 bytes in base64url", LeafHash::parse)?;
        scanner.literal(",\"recorded_at\":\"")?;
        let recorded_at = scanner.quoted("a UTC instant with six decimals", Timestamp::parse_entry_time)?;
        scanner.literal(",")?;
        let rules = scanner.optional_number("\"rules\":")?;
        scanner.literal("\"type\":\"")?;
        let entry_type = scanner.quoted("an entry type", EntryType::parse)?;
        scanner.literal(",\"v\":1}")?;
        scanner.end()?;

        let assessment = match (findings, rules) {
            (None, None) => None,
            (Some(findings), Some(rules)) => Some(Assessment { findings, rules }),
            _ => return Err(EntryError::FindingsWithoutRules),
        };
        if let Some(code) = assessment.as_ref().and_then(Assessment::first_out_of_order) {
            return Err(EntryError::FindingsOrder { code: code.to_owned() });
        }
        let index = position("index", index)?;
        let about = about.map(|number| position("about", number)).transpose()?;
        let header = Self { about, assessment, index, log, payload, prev, recorded_at, entry_type };
        header.check()?;
        Ok(header)
    }

    /// What the types leave open: `rules` in range, `about` before `index` and in its two types alone, entry 0 after nothing.
    pub fn check(&self) -> Result<(), EntryError> {
        if let Some(Assessment { rules, .. }) = self.assessment {
            position("rules", rules)?;
        }
        match self.about {
            Some(about) if about >= self.index => Err(EntryError::AboutNotEarlier { about: about.get(), index: self.index.get() }),
            Some(_) if !ABOUT_ANOTHER.contains(&self.entry_type.as_str()) => {
                Err(EntryError::AboutOfOtherType(self.entry_type.as_str().to_owned()))
            }
            _ if self.index.get() == 0 && self.prev != LeafHash::GENESIS => Err(EntryError::GenesisPrev),
            _ => Ok(()),
        }
    }
}

fn position(member: &'static str, number: u64) -> Result<LeafIndex, EntryError> {
    LeafIndex::new(number).ok_or(EntryError::Range { member, number })
}

fn push_findings(findings: &[String], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"findings\":[");
    for (i, code) in findings.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"\"" } else { b",\"" });
        out.extend_from_slice(code.as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b"],");
}

impl Assessment {
    /// Puts the codes in order. Refused: what is no code, more than [`MAX_FINDINGS`], `rules` past 2^53−1.
    pub fn new(mut findings: Vec<String>, rules: u64) -> Result<Self, EntryError> {
        findings.sort_unstable();
        findings.dedup();
        if findings.len() > MAX_FINDINGS {
            return Err(EntryError::Grammar { at: 0, expected: "at most 32 findings" });
        }
        if !findings.iter().all(|code| is_code(code)) {
            return Err(EntryError::Grammar { at: 0, expected: "codes of lowercase letters, digits and _" });
        }
        position("rules", rules)?;
        Ok(Self { findings, rules })
    }

    /// The codes, ascending, each once.
    pub fn findings(&self) -> &[String] {
        &self.findings
    }

    /// The number of the assessment function.
    pub const fn rules(&self) -> u64 {
        self.rules
    }

    fn first_out_of_order(&self) -> Option<&str> {
        self.findings.array_windows().find(|[a, b]| a >= b).map(|[_, b]| b.as_str())
    }
}

/// `[a-z][a-z0-9_]{0,47}`
pub(super) fn is_code(text: &str) -> bool {
    text.len() <= MAX_CODE_CHARACTERS
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}

impl Origin {
    /// Reads an origin; `None` if it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_of_form = text.len() <= MAX_ORIGIN_CHARACTERS
            && text.bytes().next().is_some_and(is_word)
            && text.bytes().all(|c| is_word(c) || b"._/:-".contains(&c));
        is_of_form.then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EntryType {
    /// Reads a type; `None` if it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        is_entry_type(text.as_bytes()).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// A type that stands in the program. In a `const`, one that is not of the form does not compile.
    pub const fn literal(text: &'static str) -> Self {
        assert!(is_entry_type(text.as_bytes()), "words of lowercase letters and _ joined by dots, at most 64 characters");
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `[a-z][a-z_]*(\.[a-z][a-z_]*)+`, at most 64 characters.
const fn is_entry_type(text: &[u8]) -> bool {
    let mut at = 0;
    let mut dots = 0;
    let mut starts_word = true;
    while at < text.len() {
        match text[at] {
            b'a'..=b'z' => starts_word = false,
            b'_' if !starts_word => {}
            b'.' if !starts_word => {
                starts_word = true;
                dots += 1;
            }
            _ => return false,
        }
        at += 1;
    }
    !starts_word && dots > 0 && text.len() <= MAX_TYPE_CHARACTERS
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EntryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
