//! Events: read, cut into members, put together and read again. The judge cuts them once more by FORMAT.md section 3.

use std::collections::BTreeMap;

use onus::domain::event::{Event, EventKind};
use onus::domain::field_error::MAX_FIELD_ERRORS;
use onus::domain::ids::DelegationId;
use onus::domain::members::{assemble, read_action, read_delegation, read_occurrence, read_revocation, same_members};
use onus::domain::parse::{EventRefusal, ParseContext, TokenOrigin, parse_event, parse_event_text};
use onus::domain::pointer::is_pointer;
use onus::tlog::hash::DocumentHash;
use onus::tlog::json::Value;
use onus::tlog::member::MemberName;
use serde_json::{Map, Value as Json};

use super::Verdict;

/// Content that the ledger has already.
pub(super) const HELD: &str = "Refunds take five days.";
const MADE_ID: &str = "dlg-made";

fn context<'c>(
    expected: Option<&'static str>,
    held: &'c dyn Fn(&DocumentHash) -> Option<u64>,
    made: &'c dyn Fn() -> DelegationId,
) -> ParseContext<'c> {
    ParseContext { expected_type: expected, make_delegation_id: made, held_content: held, token: TokenOrigin::Reported }
}

/// Any event, as a line of a batch says it.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    check(bytes, None)
}

/// A delegation, as its own address says it: without a type.
pub(super) fn delegation_law(bytes: &[u8]) -> Verdict {
    check(bytes, Some("delegation.granted"))
}

fn check(bytes: &[u8], expected: Option<&'static str>) -> Verdict {
    let held = |hash: &DocumentHash| (*hash == DocumentHash::of(HELD.as_bytes())).then_some(HELD.len() as u64);
    let made = || DelegationId::parse(MADE_ID).unwrap();
    let event = match parse_event_text(bytes, &context(expected, &held, &made)) {
        Ok(event) => event,
        Err(refusal) => {
            is_told(&refusal, bytes);
            return Verdict::Refused;
        }
    };
    let submitted: Json = serde_json::from_str(&Value::parse(bytes).unwrap().to_canonical()).unwrap();
    let expected_type = submitted["type"].as_str().or(expected).unwrap().to_owned();
    assert_eq!(event.kind.entry_type(), expected_type);
    let ours: BTreeMap<String, String> = event.members.iter().map(|(name, value)| (name.clone(), value.to_canonical())).collect();
    assert_eq!(ours, cut_slowly(&submitted, &expected_type));
    assert!(ours.keys().all(|name| MemberName::parse(name).is_some()), "{ours:?}");
    assert!(event.contents.iter().all(|content| DocumentHash::of(&content.bytes) == content.hash));
    reads_back(&event);
    Verdict::Taken
}

/// A refusal names members, each once, and says something.
fn is_told(refusal: &EventRefusal, bytes: &[u8]) {
    match refusal {
        EventRefusal::TooLarge { bytes: size } => assert_eq!(*size, bytes.len()),
        EventRefusal::Json(error) => assert_eq!(Value::parse(bytes).as_ref(), Err(error)),
        EventRefusal::Fields(errors) => {
            assert!((1..=MAX_FIELD_ERRORS).contains(&errors.len()));
            assert!(errors.iter().all(|error| is_pointer(&error.path) && !error.message.is_empty()), "{errors:?}");
        }
    }
}

/// What is stored says what was read, and submitted again (its contents by their hashes) it is the same event.
fn reads_back(event: &Event) {
    let members = &event.members;
    assert_eq!(read_occurrence(members), Ok((event.event_id.clone(), event.occurred_at)));
    match &event.kind {
        EventKind::ActionRecorded(action) => assert_eq!(read_action(members).as_ref(), Ok(action.as_ref())),
        EventKind::DelegationGranted(granted) => assert_eq!(read_delegation(members).as_ref(), Ok(granted.as_ref())),
        EventKind::DelegationRevoked(revoked) => assert_eq!(read_revocation(members).as_ref(), Ok(revoked)),
        EventKind::Administrative(entry_type) => panic!("nobody may submit {entry_type}"),
    }
    let mut again: Json = serde_json::from_str(&assemble(members).to_canonical()).unwrap();
    let mut lengths = BTreeMap::new();
    again.get_mut("trigger").into_iter().for_each(|trigger| refer(trigger, &mut lengths));
    let documents = again.get_mut("context").and_then(Json::as_array_mut);
    documents.into_iter().flatten().for_each(|document| refer(document, &mut lengths));
    again["type"] = event.kind.entry_type().into();
    let held = |hash: &DocumentHash| lengths.get(&hash.to_hex()).copied();
    let made = || DelegationId::parse("dlg-other").unwrap();
    let read = parse_event(Value::parse(again.to_string().as_bytes()).unwrap(), &context(None, &held, &made)).unwrap();
    assert_eq!(same_members(members, &read.members, &[]), Ok(()));
    assert_eq!(read.kind, event.kind);
}

/// A holder of committed content, as its reporter would name that content again.
fn refer(holder: &mut Json, lengths: &mut BTreeMap<String, u64>) {
    let Some(members) = holder.as_object_mut() else { return };
    let length = members.remove("content_bytes").and_then(|length| length.as_u64());
    if let (Some(hash), Some(length)) = (members.remove("content_sha256"), length) {
        lengths.insert(hash.as_str().unwrap().to_owned(), length);
        members.insert("content_ref".to_owned(), hash);
    }
}

fn is_absent(value: &Json) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// FORMAT.md section 3, slowly.
fn cut_slowly(submitted: &Json, entry_type: &str) -> BTreeMap<String, String> {
    let mut cut: BTreeMap<String, Json> = BTreeMap::new();
    for (name, mut value) in submitted.as_object().unwrap().clone() {
        if entry_type == "action.recorded" && name == "trigger" {
            commit_content(&mut value);
        }
        match value {
            _ if name == "type" => {}
            absent if is_absent(&absent) => {}
            Json::Object(group) if ["request", "decision", "consent"].contains(&name.as_str()) => {
                let kept: Map<String, Json> = group.into_iter().filter(|(_, value)| !is_absent(value)).collect();
                if !kept.is_empty() {
                    cut.insert(format!("/{name}"), kept.into());
                }
            }
            Json::Object(group) if name != "extensions" => {
                cut.extend(
                    group.into_iter().filter(|(_, value)| !is_absent(value)).map(|(part, value)| (format!("/{name}/{part}"), value)),
                );
            }
            Json::Array(documents) if name == "context" && !documents.is_empty() => {
                for (i, mut document) in documents.into_iter().enumerate() {
                    commit_content(&mut document);
                    cut.insert(format!("/context/{i}"), document);
                }
            }
            whole => drop(cut.insert(format!("/{name}"), whole)),
        }
    }
    if entry_type == "delegation.granted" {
        cut.entry("/delegation_id".to_owned()).or_insert_with(|| MADE_ID.into());
    }
    cut.into_iter().map(|(name, value)| (name, serde_json_canonicalizer::to_string(&value).unwrap())).collect()
}

/// In place of a content its hash and length.
fn commit_content(holder: &mut Json) {
    let Some(members) = holder.as_object_mut() else { return };
    let [content, reference] = ["content", "content_ref"].map(|name| members.remove(name).filter(|value| !is_absent(value)));
    // What only the ledger may write may be absent in as many ways as anything else.
    members.retain(|name, _| !["content_sha256", "content_bytes"].contains(&name.as_str()));
    let committed = match (content, reference) {
        (Some(content), _) => {
            let text = content.as_str().unwrap().to_owned();
            Some((DocumentHash::of(text.as_bytes()).to_hex(), text.len()))
        }
        (None, Some(reference)) => Some((reference.as_str().unwrap().to_owned(), HELD.len())),
        (None, None) => None,
    };
    if let Some((hash, length)) = committed {
        members.insert("content_sha256".to_owned(), hash.into());
        members.insert("content_bytes".to_owned(), length.into());
    }
}
