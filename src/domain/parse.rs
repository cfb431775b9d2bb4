//! The door: from the JSON that was submitted to an [`Event`], or to everything that is wrong with it at once. What is past here
//! is never checked again.

use crate::domain::contents::{HeldContent, take_contents};
use crate::domain::event::{Event, EventKind, MAX_EVENT_BYTES};
use crate::domain::field_error::{FieldCode, FieldError, FieldErrors, did_you_mean, quoted};
use crate::domain::fields::Fields;
use crate::domain::ids::{DelegationId, EventId};
use crate::domain::limits::TextKind;
use crate::domain::members::cut;
use crate::domain::parse_action::action_from;
use crate::domain::parse_delegation::{delegation_from, revocation_from};
use crate::tlog::json::{JsonError, Value};
use crate::tlog::time::Timestamp;

/// The types that a reporter may submit. Everything else the ledger writes itself.
pub const SUBMITTED_TYPES: [&str; 3] = ["delegation.granted", "delegation.revoked", "action.recorded"];
/// Members of the group `token` that only the ledger may write, after it has verified the token.
const VERIFIED_TOKEN_MEMBERS: [&str; 4] = ["claims", "sha256", "key", "alg"];

/// What reading an event depends on beside the event.
pub struct ParseContext<'c> {
    /// The type, where the address says it: the body may leave it out, and must not say another.
    pub expected_type: Option<&'static str>,
    /// Makes the id of a delegation that comes without one.
    pub make_delegation_id: &'c dyn Fn() -> DelegationId,
    /// The length of the content that the ledger holds under a hash, if it does.
    pub held_content: &'c HeldContent<'c>,
    /// Where the group `token` comes from.
    pub token: TokenOrigin,
}

/// Where the group `token` of a delegation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOrigin {
    /// The reporter wrote it: claims, key, algorithm and hash would be hearsay and are refused.
    Reported,
    /// The ledger wrote it from a token that it has verified (`domain::token`).
    Verified,
}

/// Why a text is not an event.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EventRefusal {
    /// More than [`MAX_EVENT_BYTES`].
    #[error("the event has {bytes} bytes; at most {MAX_EVENT_BYTES} are kept")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not I-JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Members are missing, unknown or wrong.
    #[error("{} members of the event are wrong", .0.len())]
    Fields(Vec<FieldError>),
}

/// Reads one event from its JSON text.
pub fn parse_event_text(text: &[u8], context: &ParseContext<'_>) -> Result<Event, EventRefusal> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(EventRefusal::TooLarge { bytes: text.len() });
    }
    parse_event(Value::parse(text)?, context).map_err(EventRefusal::Fields)
}

/// Reads one event.
pub fn parse_event(event: Value, context: &ParseContext<'_>) -> Result<Event, Vec<FieldError>> {
    let Value::Object(mut members) = event else {
        return Err(vec![FieldError::new("", FieldCode::WrongType, format!("expected an object, came {}", quoted(&event)))]);
    };
    let mut errors = FieldErrors::default();
    let entry_type = type_of(&members, context.expected_type, &mut errors);
    let mut contents = Vec::new();
    let mut filled = Vec::new();
    match entry_type {
        Some("action.recorded") => contents = take_contents(&mut members, context.held_content, &mut errors),
        Some("delegation.granted") => {
            fill_delegation_id(&mut members, context, &mut filled);
            if context.token == TokenOrigin::Reported {
                refuse_verified_members(&members, &mut errors);
            }
        }
        _ => {}
    }
    let read = read(&members, entry_type, &mut errors);
    match read {
        Some((event_id, occurred_at, kind)) if errors.is_empty() => {
            Ok(Event { event_id, occurred_at, kind, members: cut(Value::Object(members)), contents, filled })
        }
        _ => Err(errors.into_vec()),
    }
}

fn read(members: &[(String, Value)], entry_type: Option<&str>, errors: &mut FieldErrors) -> Option<(EventId, Timestamp, EventKind)> {
    let mut root = Fields::of_object(members, errors);
    root.given("type");
    let event_id = root.required_text("event_id", TextKind::Id).and_then(EventId::parse);
    let occurred_at = root.required_time("occurred_at");
    let kind = match entry_type {
        Some("action.recorded") => action_from(&mut root).map(|action| EventKind::ActionRecorded(Box::new(action))),
        Some("delegation.granted") => delegation_from(&mut root).map(|granted| EventKind::DelegationGranted(Box::new(granted))),
        Some("delegation.revoked") => revocation_from(&mut root).map(EventKind::DelegationRevoked),
        // Of an unknown type nobody knows the members.
        _ => return None,
    };
    root.finish();
    Some((event_id?, occurred_at?, kind?))
}

fn type_of(members: &[(String, Value)], expected: Option<&'static str>, errors: &mut FieldErrors) -> Option<&'static str> {
    let allowed = expected.map_or(SUBMITTED_TYPES.to_vec(), |only| vec![only]);
    let given = members.iter().find(|(name, value)| name == "type" && !value.is_absent()).map(|(_, value)| value);
    let error = match (given, expected) {
        (None, Some(only)) => return Some(only),
        (None, None) => FieldError::new("/type", FieldCode::Required, "this member is missing: one of the allowed values"),
        (Some(Value::String(text)), _) => {
            if let Some(found) = allowed.iter().copied().find(|word| word == text) {
                return Some(found);
            }
            let hint = did_you_mean(text, &allowed);
            let message = format!("expected {}, came {}{hint}", allowed.join(" or "), quoted(&Value::String(text.clone())));
            FieldError::new("/type", FieldCode::NotAllowed, message)
        }
        (Some(other), _) => FieldError::new("/type", FieldCode::WrongType, format!("expected a text, came {}", quoted(other))),
    };
    errors.push(error.allowing(allowed));
    // Where the address says what it should be, the other members can still be looked at.
    expected
}

fn fill_delegation_id(members: &mut Vec<(String, Value)>, context: &ParseContext<'_>, filled: &mut Vec<String>) {
    if members.iter().any(|(name, value)| name == "delegation_id" && !value.is_absent()) {
        return;
    }
    members.retain(|(name, _)| name != "delegation_id");
    let made = (context.make_delegation_id)();
    members.push(("delegation_id".to_owned(), Value::from(made.as_str())));
    filled.push("/delegation_id".to_owned());
}

fn refuse_verified_members(members: &[(String, Value)], errors: &mut FieldErrors) {
    let Some((_, Value::Object(token))) = members.iter().find(|(name, _)| name == "token") else { return };
    for (name, _) in token.iter().filter(|(name, value)| VERIFIED_TOKEN_MEMBERS.contains(&name.as_str()) && !value.is_absent()) {
        let message = "written by the ledger after it has verified the token: send the token itself instead";
        errors.push(FieldError::new(format!("/token/{name}"), FieldCode::UnknownMember, message));
    }
}

impl std::fmt::Debug for ParseContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParseContext").field("expected_type", &self.expected_type).field("token", &self.token).finish_non_exhaustive()
    }
}
