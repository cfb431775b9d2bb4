//! What is wrong with a submitted event, member by member: one error for each place, so that a caller mends all of them at once.

use std::fmt::Write as _;

use crate::tlog::json::Value;

/// Most field errors of one answer; whoever mends these sees the rest next time.
pub const MAX_FIELD_ERRORS: usize = 64;
/// Most characters of a bad value that a message quotes.
const MAX_QUOTED_CHARS: usize = 40;
/// Longest name for which a nearest match is looked for, in bytes.
const MAX_COMPARED_BYTES: usize = 64;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident, $word:literal;)+) => {
        /// What is wrong with a member. None is ever renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FieldCode {
            $($(#[$doc])* $variant,)+
        }

        impl FieldCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code of the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

codes! {
    /// The member must be there.
    Required, "required";
    /// There is no member of that name, or only the ledger may write it.
    UnknownMember, "unknown_member";
    /// A value of another JSON type is expected.
    WrongType, "wrong_type";
    /// The text or the element says nothing.
    Empty, "empty";
    /// Not one of the words, or not together with what stands beside it.
    NotAllowed, "not_allowed";
    /// Not in the form expected: hexadecimal, JSON Pointer, scope token.
    Malformed, "malformed";
    /// Not an RFC 3339 time.
    NotATime, "not_a_time";
    /// A time, but nobody knows in which zone.
    TimeWithoutZone, "time_without_zone";
    /// A number or a time outside what is allowed.
    OutOfRange, "out_of_range";
    /// The content's hash is not the one stated beside it.
    ContentHashMismatch, "content_hash_mismatch";
    /// The ledger has no content of that hash.
    UnknownContent, "unknown_content";
    /// A delegation that is its own parent.
    Cycle, "cycle";
    /// An id or a version past its limit.
    IdTooLong, "id_too_long";
    /// An action's name past its limit.
    ActionNameTooLong, "action_name_too_long";
    /// A scope token past its limit.
    ScopeTokenTooLong, "scope_token_too_long";
    /// A resource, URI, store or reference past its limit.
    ResourceTooLong, "resource_too_long";
    /// A purpose or a reason past its limit.
    ProseTooLong, "prose_too_long";
    /// A `content` past its limit.
    ContentTooLong, "content_too_long";
    /// Too many scope tokens.
    ScopeTooMany, "scope_too_many";
    /// Too many documents in `context`.
    ContextTooMany, "context_too_many";
    /// Too many resource patterns.
    ResourcesTooMany, "resources_too_many";
    /// Too many constraints, or values one of them lists.
    ConstraintsTooMany, "constraints_too_many";
    /// Too many RFC 9396 objects.
    AuthorizationDetailsTooMany, "authorization_details_too_many";
    /// Too many tools in `consent`.
    ToolsTooMany, "tools_too_many";
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer to the member; empty for the event itself.
    pub path: String,
    /// What is wrong.
    pub code: FieldCode,
    /// Quotes what came, shortened, and says what was expected.
    pub message: String,
    /// The words that are allowed here, if they can be listed.
    pub allowed_values: Vec<&'static str>,
    /// The bounds of what is allowed here, if there are any.
    pub allowed_range: Option<String>,
}

impl FieldError {
    /// An error that needs no list of what is allowed.
    pub fn new(path: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into(), allowed_values: Vec::new(), allowed_range: None }
    }

    /// The same, with the words that are allowed.
    #[must_use]
    pub fn allowing(mut self, words: Vec<&'static str>) -> Self {
        self.allowed_values = words;
        self
    }

    /// The same, with the bounds of what is allowed.
    #[must_use]
    pub fn within(mut self, range: impl Into<String>) -> Self {
        self.allowed_range = Some(range.into());
        self
    }
}

/// The errors found so far, at most [`MAX_FIELD_ERRORS`].
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Adds one, unless there are enough.
    pub fn push(&mut self, error: FieldError) {
        if !self.is_full() {
            self.0.push(error);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether more would not be told.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MAX_FIELD_ERRORS
    }

    /// All of them, in the order they were found.
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}

/// What came, short enough for a message.
pub fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => quoted_text(text),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(members) => format!("an object with {} members", members.len()),
        scalar => scalar.to_canonical(),
    }
}

/// A text in quotation marks, control characters escaped, cut after 40 characters.
pub fn quoted_text(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}

/// ` (did you mean "x"?)` if one of `words` is near enough to `given`, else nothing.
pub fn did_you_mean(given: &str, words: &[&'static str]) -> String {
    let mut hint = String::new();
    if given.len() <= MAX_COMPARED_BYTES
        && let Some((distance, word)) = words.iter().map(|word| (distance(given, word), word)).min()
        && distance <= 1 + given.len() / 6
    {
        write!(hint, " (did you mean {word:?}?)").expect("a String takes everything");
    }
    hint
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`, case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase().into_bytes(), b.to_ascii_lowercase().into_bytes());
    let (mut before_last, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_lower_snake_case() {
        let words: std::collections::BTreeSet<&str> = FieldCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(words.len(), FieldCode::ALL.len());
        assert!(words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }

    #[test]
    fn the_nearest_word_is_offered_and_a_far_one_is_not() {
        let words = ["actor", "action", "outcome"];
        for (given, hint) in [
            ("actorr", " (did you mean \"actor\"?)"),
            ("Actor", " (did you mean \"actor\"?)"),
            ("otucome", " (did you mean \"outcome\"?)"),
            ("zebra", ""),
        ] {
            assert_eq!(did_you_mean(given, &words), hint, "{given}");
        }
        assert_eq!(did_you_mean(&"a".repeat(100_000), &words), "");
    }

    #[test]
    fn a_long_or_unprintable_value_is_quoted_short_and_escaped() {
        let said = quoted_text(&"é".repeat(1000));
        assert!(said.ends_with("… (2000 bytes)") && said.chars().count() < 70, "{said}");
        assert_eq!(quoted_text("a\u{1b}[31m\n"), "\"a\\u{1b}[31m\\n\"");
    }
}
