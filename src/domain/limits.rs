//! How long a text and a list of an event may be, and what a text must look like: the limits of DESIGN.md section 3, each with
//! its own code. The numbers stand beside the types they bound.

use std::borrow::Cow;

use crate::domain::action::{MAX_ACTION_NAME_BYTES, MAX_CONTEXT_DOCUMENTS, MAX_RESOURCE_BYTES};
use crate::domain::delegation::{
    MAX_AUTHORIZATION_DETAILS, MAX_CONSENT_TOOLS, MAX_CONSTRAINTS, MAX_RESOURCES, MAX_SCOPE_TOKEN_BYTES, MAX_SCOPE_TOKENS,
};
use crate::domain::event::MAX_PROSE_BYTES;
use crate::domain::field_error::{FieldCode, FieldError, quoted_text};
use crate::domain::ids::MAX_ID_BYTES;
use crate::tlog::json::MAX_SAFE_INTEGER;
use crate::tlog::time::Timestamp;

/// What a text is, which says how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// An id or a version.
    Id,
    /// An action's name.
    ActionName,
    /// A scope token: no white space, no control characters.
    ScopeToken,
    /// A resource, a URI, a store, a reference.
    Resource,
    /// A purpose or a reason, in words.
    Prose,
}

impl TextKind {
    /// The largest size, and the code of what is larger.
    pub const fn limit(self) -> (usize, FieldCode) {
        match self {
            Self::Id => (MAX_ID_BYTES, FieldCode::IdTooLong),
            Self::ActionName => (MAX_ACTION_NAME_BYTES, FieldCode::ActionNameTooLong),
            Self::ScopeToken => (MAX_SCOPE_TOKEN_BYTES, FieldCode::ScopeTokenTooLong),
            Self::Resource => (MAX_RESOURCE_BYTES, FieldCode::ResourceTooLong),
            Self::Prose => (MAX_PROSE_BYTES, FieldCode::ProseTooLong),
        }
    }
}

/// What a list is of, which says how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Scope tokens.
    Scope,
    /// Documents read before.
    Context,
    /// Resource patterns.
    Resources,
    /// Bounds on arguments.
    Constraints,
    /// RFC 9396 objects.
    AuthorizationDetails,
    /// Names of tools.
    Tools,
}

impl ListKind {
    /// The largest size, and the code of what is larger.
    pub const fn limit(self) -> (usize, FieldCode) {
        match self {
            Self::Scope => (MAX_SCOPE_TOKENS, FieldCode::ScopeTooMany),
            Self::Context => (MAX_CONTEXT_DOCUMENTS, FieldCode::ContextTooMany),
            Self::Resources => (MAX_RESOURCES, FieldCode::ResourcesTooMany),
            Self::Constraints => (MAX_CONSTRAINTS, FieldCode::ConstraintsTooMany),
            Self::AuthorizationDetails => (MAX_AUTHORIZATION_DETAILS, FieldCode::AuthorizationDetailsTooMany),
            Self::Tools => (MAX_CONSENT_TOOLS, FieldCode::ToolsTooMany),
        }
    }
}

/// Whether a text is neither empty nor too long, and looks as its kind must. The error has no path yet.
pub fn check_text(text: &str, kind: TextKind) -> Result<(), FieldError> {
    let (max, too_long) = kind.limit();
    if text.is_empty() {
        let message = "an empty text says nothing: leave the member out or fill it in";
        return Err(FieldError::new("", FieldCode::Empty, message).within(format!("1 to {max} bytes")));
    }
    if text.len() > max {
        let message = format!("{} is too long: at most {max} bytes are kept", quoted_text(text));
        return Err(FieldError::new("", too_long, message).within(format!("1 to {max} bytes")));
    }
    if kind == TextKind::ScopeToken && text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let message = format!("{} is no scope token: give one element of the list for each token", quoted_text(text));
        return Err(FieldError::new("", FieldCode::Malformed, message));
    }
    Ok(())
}

/// The instant that an RFC 3339 text with a zone names. The error has no path yet.
pub fn check_time(text: &str) -> Result<Timestamp, FieldError> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        let shown = quoted_text(text);
        // 40 bytes: longer than any time, so that a huge text is not copied to find out.
        if text.len() <= 40 && Timestamp::parse_rfc3339(&format!("{text}Z")).is_some() {
            let message = format!("{shown} has no zone: write \"{text}Z\" if it is UTC, else add an offset such as +01:00");
            return FieldError::new("", FieldCode::TimeWithoutZone, message);
        }
        let message = format!("{shown} is no RFC 3339 time: expected one with a zone, as in \"2026-11-22T10:00:00+01:00\"");
        FieldError::new("", FieldCode::NotATime, message)
    })
}

/// A name as one step of a JSON Pointer, cut if it is longer than any of ours.
pub fn pointer_token(name: &str) -> Cow<'_, str> {
    let end = name.char_indices().nth(128).map_or(name.len(), |(at, _)| at);
    let name = &name[..end];
    if name.contains(['~', '/']) { Cow::Owned(name.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(name) }
}

/// A double as the whole number it is, if it lies within 0 to 2^53 − 1.
#[expect(clippy::cast_precision_loss, reason = "2^53-1 is exact as a double")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range and the fraction were looked at")]
pub fn whole(number: f64) -> Option<u64> {
    ((0.0..=MAX_SAFE_INTEGER as f64).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// A whole number up to 2^53 − 1 as JSON writes it.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53-1, and nothing counted here comes near")]
pub fn number(whole: u64) -> crate::tlog::json::Value {
    crate::tlog::json::Value::Number(whole as f64)
}
