//! Takes the `content` out of what was submitted: the committed value beside it is its hash and length (FORMAT.md section 3), so
//! that the bytes can be erased without touching the commitment.

use std::collections::HashSet;

use crate::domain::action::{MAX_CONTENT_BYTES, MAX_CONTEXT_DOCUMENTS};
use crate::domain::event::Content;
use crate::domain::field_error::{FieldCode, FieldError, FieldErrors, quoted, quoted_text};
use crate::domain::limits::number;
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;

/// The length of the content that the ledger holds under a hash, if it does.
pub type HeldContent<'c> = dyn Fn(&DocumentHash) -> Option<u64> + 'c;

/// Replaces each `content` and `content_ref` of `trigger` and `context` by `content_sha256` and `content_bytes`.
pub(super) fn take_contents(event: &mut [(String, Value)], held: &HeldContent<'_>, errors: &mut FieldErrors) -> Vec<Content> {
    let mut taker = Taker { held, errors, contents: Vec::new(), seen: HashSet::new() };
    for (name, value) in event {
        match (name.as_str(), value) {
            ("trigger", Value::Object(trigger)) => taker.take_from(trigger, "/trigger"),
            ("context", Value::Array(elements)) if elements.len() <= MAX_CONTEXT_DOCUMENTS => {
                for (position, element) in elements.iter_mut().enumerate() {
                    if let Value::Object(document) = element {
                        taker.take_from(document, &format!("/context/{position}"));
                    }
                }
            }
            _ => {}
        }
    }
    taker.contents
}

struct Taker<'t> {
    held: &'t HeldContent<'t>,
    errors: &'t mut FieldErrors,
    contents: Vec<Content>,
    seen: HashSet<DocumentHash>,
}

impl Taker<'_> {
    fn take_from(&mut self, holder: &mut Vec<(String, Value)>, path: &str) {
        let (mut content, mut reference) = (Value::Null, Value::Null);
        holder.retain_mut(|(name, value)| {
            match name.as_str() {
                "content" | "content_ref" | "content_sha256" | "content_bytes" if value.is_absent() => {}
                "content" => content = std::mem::replace(value, Value::Null),
                "content_ref" => reference = std::mem::replace(value, Value::Null),
                "content_sha256" | "content_bytes" => {
                    let message = "written by the ledger: send the text as content, or name content it already has as content_ref";
                    self.refuse(&format!("{path}/{name}"), FieldCode::UnknownMember, message);
                }
                _ => return true,
            }
            false
        });
        let known = match (content, reference) {
            (Value::Null, Value::Null) => return,
            (content, Value::Null) => self.given(content, path),
            (Value::Null, reference) => self.referred(&reference, path),
            _ => {
                self.refuse(&format!("{path}/content_ref"), FieldCode::NotAllowed, "send content or content_ref, not both");
                None
            }
        };
        if let Some((hash, length)) = known {
            self.compare_stated(holder, hash, path);
            holder.push(("content_sha256".to_owned(), Value::String(hash.to_hex())));
            holder.push(("content_bytes".to_owned(), number(length)));
        }
    }

    fn given(&mut self, content: Value, path: &str) -> Option<(DocumentHash, u64)> {
        let path = || format!("{path}/content");
        let Value::String(text) = content else {
            let message = format!("expected a text, came {}; of other bytes send the sha256", quoted(&content));
            self.refuse(&path(), FieldCode::WrongType, message);
            return None;
        };
        if text.len() > MAX_CONTENT_BYTES {
            let message = format!("{} bytes; at most {MAX_CONTENT_BYTES} are kept: send the sha256 alone", text.len());
            let error = FieldError::new(path(), FieldCode::ContentTooLong, message);
            self.errors.push(error.within(format!("0 to {MAX_CONTENT_BYTES} bytes")));
            return None;
        }
        let bytes = text.into_bytes();
        let (hash, length) = (DocumentHash::of(&bytes), bytes.len() as u64);
        if self.seen.insert(hash) {
            self.contents.push(Content { hash, bytes });
        }
        Some((hash, length))
    }

    fn referred(&mut self, reference: &Value, path: &str) -> Option<(DocumentHash, u64)> {
        let path = || format!("{path}/content_ref");
        let Some(hash) = reference.as_str().and_then(DocumentHash::parse_hex) else {
            let message = format!("{} is not a SHA-256: expected 64 lowercase hexadecimal digits", quoted(reference));
            self.refuse(&path(), FieldCode::Malformed, message);
            return None;
        };
        let length = (self.held)(&hash);
        if length.is_none() {
            let message = format!("the ledger has no content {}: send it as content", hash.to_hex());
            self.refuse(&path(), FieldCode::UnknownContent, message);
        }
        Some((hash, length?))
    }

    /// A stated hash that is not well-formed is somebody else's error.
    fn compare_stated(&mut self, holder: &[(String, Value)], hash: DocumentHash, path: &str) {
        let stated = holder.iter().find(|(name, _)| name == "sha256").and_then(|(_, value)| value.as_str());
        if let Some(text) = stated
            && DocumentHash::parse_hex(text).is_some_and(|stated| stated != hash)
        {
            let message = format!("{} is stated, but the content's SHA-256 is {}", quoted_text(text), hash.to_hex());
            self.refuse(&format!("{path}/sha256"), FieldCode::ContentHashMismatch, message);
        }
    }

    fn refuse(&mut self, path: &str, code: FieldCode, message: impl Into<String>) {
        self.errors.push(FieldError::new(path, code, message));
    }
}
