//! The sentence that tells an approver or an auditor what an action does: a template filled with the action's own arguments.
//!
//! A sentence with a hole is none: half a sentence about money would be worse than the bare arguments. What is filled in is
//! untrusted text; escaping it is the page's business.

use crate::domain::action::Action;
use crate::domain::catalogue::AmountTerm;
use crate::domain::pointer;
use crate::tlog::json::Value;

/// Longest template, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 1024;

/// `Pay {amount} to {/to}`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Amount,
    Name,
    Resource,
    Argument(String),
}

impl Template {
    /// Reads a template; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_TEMPLATE_BYTES {
            return Err(format!("a sentence has 1 to {MAX_TEMPLATE_BYTES} bytes"));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('{') {
            let closed = after.split_once('}').filter(|(hole, _)| !hole.contains('{'));
            let Some((hole, after)) = closed else {
                return Err("a `{` without `}`".to_owned());
            };
            pieces.push(Piece::Words(words.to_owned()));
            pieces.push(Piece::parse(hole)?);
            rest = after;
        }
        pieces.push(Piece::Words(rest.to_owned()));
        let has_stray_brace = pieces.iter().any(|p| matches!(p, Piece::Words(words) if words.contains('}')));
        if has_stray_brace {
            return Err("a `}` without `{`".to_owned());
        }
        Ok(Self { text: text.to_owned(), pieces })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it speaks of the amount.
    pub fn has_amount(&self) -> bool {
        self.pieces.contains(&Piece::Amount)
    }

    /// The sentence about this action; `None` if a hole cannot be filled.
    pub fn fill(&self, action: &Action, amount: Option<&AmountTerm>) -> Option<String> {
        let mut sentence = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => sentence.push_str(words),
                Piece::Amount => sentence.push_str(&amount?.of(action)?.to_string()),
                Piece::Name => sentence.push_str(&action.name),
                Piece::Resource => sentence.push_str(action.resource.as_deref()?),
                Piece::Argument(at) => sentence.push_str(&in_words(pointer::resolve(action.arguments.as_ref()?, at)?)?),
            }
        }
        Some(sentence)
    }
}

impl Piece {
    fn parse(hole: &str) -> Result<Self, String> {
        match hole {
            "amount" => Ok(Self::Amount),
            "name" => Ok(Self::Name),
            "resource" => Ok(Self::Resource),
            _ if hole.starts_with('/') && pointer::is_pointer(hole) => Ok(Self::Argument(hole.to_owned())),
            _ => Err(format!(
                "{{{hole}}} is neither {{amount}}, {{name}}, {{resource}} nor a JSON Pointer into the arguments such as {{/to}}"
            )),
        }
    }
}

/// A text as it is, anything else as JSON; `null` fills nothing.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_template_is_refused() {
        for (text, expected) in [
            ("Pay {amount", "a `{` without `}`"),
            ("Pay {/to by {name}", "a `{` without `}`"),
            ("Pay amount}", "a `}` without `{`"),
            ("Pay {amount}} now", "a `}` without `{`"),
            ("", "a sentence has 1 to 1024 bytes"),
        ] {
            assert_eq!(Template::parse(text).unwrap_err(), expected, "{text}");
        }
        assert!(Template::parse("Pay {to}").unwrap_err().starts_with("{to} is neither"));
        assert!(Template::parse("Pay {amount} to {/to} on {resource} by {name}").unwrap().has_amount());
    }
}
