//! The cut of FORMAT.md section 3: an event as named members for the commitment, and back again.
//!
//! Reading back goes by the same questions as reading a submission, so whatever was accepted can be read.

use std::collections::BTreeSet;

use crate::domain::action::Action;
use crate::domain::delegation::{Delegation, Revocation};
use crate::domain::event::Members;
use crate::domain::field_error::FieldErrors;
use crate::domain::fields::Fields;
use crate::domain::ids::EventId;
use crate::domain::limits::TextKind;
use crate::domain::parse_action::action_from;
use crate::domain::parse_delegation::{delegation_from, revocation_from};
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

/// Groups that stay in one piece: they are erased and disclosed as a whole.
const UNCUT_GROUPS: [&str; 5] = ["request", "decision", "report", "consent", "extensions"];

/// Cuts an event, its `type` left out: that stands in the entry's header. `null` and `{}` in place of a group or a group's member
/// are dropped.
pub fn cut(event: Value) -> Members {
    let mut members = Members::new();
    let Value::Object(event) = event else { return members };
    for (name, value) in event.into_iter().filter(|(name, _)| name != "type") {
        cut_one(&name, value, &mut members);
    }
    members
}

fn cut_one(name: &str, value: Value, members: &mut Members) {
    match value {
        absent if absent.is_absent() => {}
        // Its members are the reporter's own: verbatim, `null` included.
        extensions if name == "extensions" => {
            members.insert("/extensions".to_owned(), extensions);
        }
        Value::Object(group) if UNCUT_GROUPS.contains(&name) => {
            let kept: Vec<(String, Value)> = group.into_iter().filter(|(_, value)| !value.is_absent()).collect();
            if !kept.is_empty() {
                members.insert(format!("/{name}"), Value::Object(kept));
            }
        }
        Value::Object(group) => {
            for (part, value) in group.into_iter().filter(|(_, value)| !value.is_absent()) {
                members.insert(format!("/{name}/{part}"), value);
            }
        }
        Value::Array(elements) if name == "context" && !elements.is_empty() => {
            for (position, element) in elements.into_iter().enumerate() {
                members.insert(format!("/context/{position}"), element);
            }
        }
        whole => {
            members.insert(format!("/{name}"), whole);
        }
    }
}

/// Puts the event together again. What is missing is left out; the documents of `context` that are left keep their order.
pub fn assemble(members: &Members) -> Value {
    let mut event: Vec<(String, Value)> = Vec::new();
    let mut context: Vec<(usize, Value)> = Vec::new();
    for (pointer, value) in members {
        let name = pointer.strip_prefix('/').unwrap_or(pointer);
        match name.split_once('/') {
            None => event.push((name.to_owned(), value.clone())),
            Some(("context", position)) => context.push((position.parse().unwrap_or(usize::MAX), value.clone())),
            // `/` sorts before every character of a name, so the members of one group are neighbours.
            Some((group, part)) => match event.last_mut() {
                Some((last, Value::Object(parts))) if last == group => parts.push((part.to_owned(), value.clone())),
                _ => event.push((group.to_owned(), Value::Object(vec![(part.to_owned(), value.clone())]))),
            },
        }
    }
    if !context.is_empty() {
        context.sort_by_key(|(position, _)| *position);
        event.push(("context".to_owned(), Value::Array(context.into_iter().map(|(_, document)| document).collect())));
    }
    Value::Object(event)
}

/// Stored members do not make up what the entry's type says: some were erased, or are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be read without {}", .missing.join(", "))]
pub struct Unreadable {
    /// Names of the members that are missing or not what they must be.
    pub missing: Vec<String>,
}

/// The action that these members of an `action.recorded` say.
pub fn read_action(members: &Members) -> Result<Action, Unreadable> {
    read(members, action_from)
}

/// The delegation that these members of a `delegation.granted` say.
pub fn read_delegation(members: &Members) -> Result<Delegation, Unreadable> {
    read(members, delegation_from)
}

/// The revocation that these members of a `delegation.revoked` say.
pub fn read_revocation(members: &Members) -> Result<Revocation, Unreadable> {
    read(members, revocation_from)
}

/// The reporter's name for the event, and when it happened.
pub fn read_occurrence(members: &Members) -> Result<(EventId, Timestamp), Unreadable> {
    read(members, |root| {
        let event_id = root.required_text("event_id", TextKind::Id).and_then(EventId::parse);
        let occurred_at = root.required_time("occurred_at");
        Some((event_id?, occurred_at?))
    })
}

fn read<T>(members: &Members, from: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>) -> Result<T, Unreadable> {
    let mut errors = FieldErrors::default();
    let read = from(&mut Fields::of_members(members, &mut errors));
    let missing: Vec<String> = errors.into_vec().into_iter().map(|error| error.path).collect();
    match read {
        Some(read) if missing.is_empty() => Ok(read),
        _ => Err(Unreadable { missing }),
    }
}

/// Compares a resend `b` with what was reported `a`: the names of the members that differ, those that the ledger filled in and
/// its own `/report` left out.
pub fn same_members(a: &Members, b: &Members, filled_a: &[String]) -> Result<(), Vec<String>> {
    let is_compared = |name: &str| name != "/report" && !filled_a.iter().any(|filled| filled == name);
    let mut differing: BTreeSet<&str> = BTreeSet::new();
    for (name, value) in a {
        if is_compared(name) && !b.get(name).is_some_and(|other| is_same(value, other)) {
            differing.insert(name);
        }
    }
    for name in b.keys().filter(|name| is_compared(name) && !a.contains_key(*name)) {
        differing.insert(name);
    }
    if differing.is_empty() { Ok(()) } else { Err(differing.into_iter().map(str::to_owned).collect()) }
}

/// Equal as the commitment sees them: the order of an object's members says nothing.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.to_canonical() == b.to_canonical()
}
