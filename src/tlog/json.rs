//! I-JSON values (RFC 7493 as FORMAT.md section 3 narrows it) and their canonical form (RFC 8785).
//!
//! Parsing is `serde_json`'s; what it would let pass silently (a second member of the same name, a number that a double
//! cannot hold exactly) is refused here. It does not know what the values mean.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::tlog::json_numbers::{check_numbers, out_of_range, place_of};

/// Deepest nesting that is read: arrays and objects within each other.
pub const MAX_DEPTH: usize = 32;
/// Largest integer that every JSON implementation holds exactly: 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Names that an SD-JWT verifier would read digests out of, refused at any depth.
const RESERVED_NAMES: [&str; 3] = ["_sd", "_sd_alg", "..."];

/// A JSON value whose canonical form denotes exactly what was submitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; integral ones lie within ±(2^53−1).
    Number(f64),
    /// A string, code point for code point.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object: members in the order they were submitted, names distinct.
    Object(Vec<(String, Value)>),
}

/// Why a text is not an I-JSON value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON at all.
    #[error("{message} at line {line}, column {column}")]
    Malformed {
        /// What the parser says.
        message: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// One object names a member twice.
    #[error("the member {name:?} stands twice in one object (line {line}, column {column})")]
    DuplicateName {
        /// The name.
        name: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A number that cannot be kept exactly.
    #[error(
        "the number {number} cannot be kept exactly (line {line}, column {column}): write at most 17 significant digits, integers within \
         ±9007199254740991, or a string"
    )]
    NumberNotExact {
        /// As submitted.
        number: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// `_sd`, `_sd_alg` or `...` as a member's name.
    #[error("the name {name:?} is reserved for selective disclosure: rename the member (line {line}, column {column})")]
    ReservedName {
        /// The name.
        name: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// More than [`MAX_DEPTH`] arrays and objects within each other.
    #[error("nested deeper than {MAX_DEPTH} (line {line}, column {column})")]
    TooDeep {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl Value {
    /// Reads one I-JSON value; nothing may follow it but white space.
    pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
        let text = std::str::from_utf8(text).map_err(|e| not_utf8(text, &e))?;
        let mut has_fractions = false;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let seed = ValueSeed { depth: 0, has_fractions: &mut has_fractions };
        let value = seed.deserialize(&mut deserializer).map_err(|e| refused(&e, text))?;
        deserializer.end().map_err(|e| refused(&e, text))?;
        if has_fractions {
            check_numbers(text)?;
        }
        Ok(value)
    }

    /// The member of that name, if this is an object that has it.
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// `true` for what counts as absent in place of a group or of a group's member: `null` and `{}`.
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Null) || matches!(self, Value::Object(members) if members.is_empty())
    }

    /// The canonical text of RFC 8785.
    pub fn to_canonical(&self) -> String {
        let mut out = Vec::with_capacity(64);
        write_canonical(self, &mut out);
        String::from_utf8(out).expect("canonical JSON is written from str pieces only")
    }

    /// The canonical text without the names `_sd`, … having been looked at: the ledger's own values from outside `parse`.
    pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
        Value::Object(members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Number(f64::from(number))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(items)
    }
}

/// The members of a canonical object whose names need no escapes, each name with its value's text as it stands there, in order.
/// `None` for any other text. The values are not looked into: whoever compares a hash over them needs no more.
pub fn members_in(text: &str) -> Option<Vec<(&str, &str)>> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(text).ok()?;
    let members: Vec<(&str, &str)> = members.into_iter().map(|(name, value)| (name, value.get())).collect();
    // Quotes, colon and comma of each member; a comma too many stands for the braces less one. White space would make it longer.
    let length = members.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() + 1;
    let is_in_order = members.array_windows().all(|[(a, _), (b, _)]| a.as_ptr() < b.as_ptr());
    (length == text.len() && is_in_order && !members.is_empty()).then_some(members)
}

/// Appends the canonical text of `value`.
pub fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(ryu_js::Buffer::new().format(*number).as_bytes()),
        Value::String(text) => write_canonical_str(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut order: Vec<&(String, Value)> = members.iter().collect();
            order.sort_by(|(a, _), (b, _)| cmp_utf16(a, b));
            out.push(b'{');
            for (i, (name, item)) in order.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical_str(name, out);
                out.push(b':');
                write_canonical(item, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends `text` as a canonical JSON string: only what RFC 8785 section 3.2.2.2 escapes is escaped.
pub fn write_canonical_str(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..i]);
        plain_from = i + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}

/// The order of RFC 8785 section 3.2.3: by UTF-16 code units, which is not the order of UTF-8 bytes above U+FFFF.
fn cmp_utf16(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

// Marks by which our own refusals are told from the parser's: serde's errors carry text only.
const DUPLICATE: &str = "\u{1}duplicate:";
const RESERVED: &str = "\u{1}reserved:";
const TOO_DEEP: &str = "\u{1}deep:";
/// Behind a name: one that ends in ` at line 5 column 7` would be taken for a place by serde_json.
const END: &str = "\u{1}";

struct ValueSeed<'f> {
    depth: usize,
    has_fractions: &'f mut bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        *self.has_fractions |= number > MAX_SAFE_INTEGER;
        #[expect(clippy::cast_precision_loss, reason = "what is past 2^53-1 is refused by check_numbers")]
        Ok(Value::Number(number as f64))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        *self.has_fractions |= number.unsigned_abs() > MAX_SAFE_INTEGER;
        #[expect(clippy::cast_precision_loss, reason = "what is past 2^53-1 is refused by check_numbers")]
        Ok(Value::Number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        *self.has_fractions = true;
        Ok(Value::Number(if number == 0.0 { 0.0 } else { number }))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(ValueSeed { depth, has_fractions: self.has_fractions })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        /// Up to this many members names are compared one by one; above it a set is cheaper.
        const LINEAR: usize = 24;
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if RESERVED_NAMES.contains(&name.as_str()) {
                return Err(A::Error::custom(format_args!("{RESERVED}{name}")));
            }
            if members.len() == LINEAR {
                seen = members.iter().map(|(n, _)| n.clone()).collect();
            }
            let is_again = if members.len() < LINEAR { members.iter().any(|(n, _)| *n == name) } else { !seen.insert(name.clone()) };
            if is_again {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{name}{END}")));
            }
            let value = map.next_value_seed(ValueSeed { depth, has_fractions: self.has_fractions })?;
            members.push((name, value));
        }
        Ok(Value::Object(members))
    }
}

fn not_utf8(text: &[u8], error: &std::str::Utf8Error) -> JsonError {
    let (line, column) = place_of(text, error.valid_up_to());
    JsonError::Malformed { message: "not valid UTF-8".to_owned(), line, column }
}

fn refused(error: &serde_json::Error, text: &str) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let message = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    if let Some(name) = message.strip_prefix(DUPLICATE).and_then(|rest| rest.strip_suffix(END)) {
        return JsonError::DuplicateName { name: name.to_owned(), line, column };
    }
    if let Some(name) = message.strip_prefix(RESERVED) {
        return JsonError::ReservedName { name: name.to_owned(), line, column };
    }
    if message == TOO_DEEP || message.starts_with("recursion limit exceeded") {
        return JsonError::TooDeep { line, column };
    }
    if message == "number out of range" {
        return out_of_range(text, line, column);
    }
    JsonError::Malformed { message: message.to_owned(), line, column }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
