//! The law of reading: whatever is accepted is cut, put together and read again without loss.

use onus::domain::event::EventKind;
use onus::domain::members::{assemble, cut, read_action, read_delegation, same_members};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::events::{action, delegation, parse};

/// Anything JSON may hold, as a reporter's own values look.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!({})),
        Just(json!([])),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z]{1,6}", any_json(), 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// A good event of which any member and any group's member may be missing, null or something else altogether.
fn any_change(good: fn() -> Value) -> impl Strategy<Value = Value> {
    let names: Vec<String> = pointers(&good());
    let change = prop_oneof![Just(None), any_json().prop_map(Some)];
    let own = (any_object(), any_object(), prop::collection::vec(document(), 0..13));
    (prop::collection::vec((prop::sample::select(names), change), 0..5), own).prop_map(
        move |(changes, (arguments, extensions, context))| {
            let mut event = good();
            if event.get("action").is_some() {
                event["action"]["arguments"] = arguments;
                event["context"] = context.into();
            }
            event["extensions"] = extensions;
            for (pointer, change) in changes {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                if let Some(Value::Object(parent)) = event.pointer_mut(parent) {
                    match change {
                        Some(value) => parent.insert(name.to_owned(), value),
                        None => parent.remove(name),
                    };
                }
            }
            event
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    ("[a-z]{1,4}", prop::option::of("\\PC{0,8}"), any::<bool>()).prop_map(|(uri, content, is_external)| {
        json!({ "uri": uri, "content": content, "origin": if is_external { json!("external") } else { json!(null) } })
    })
}

fn pointers(event: &Value) -> Vec<String> {
    let empty = Map::new();
    let groups = event.as_object().unwrap().iter();
    groups
        .flat_map(|(name, value)| {
            let parts = value.as_object().unwrap_or(&empty).keys().map(move |part| format!("/{name}/{part}"));
            std::iter::once(format!("/{name}")).chain(parts)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_accepted_survives_the_cut(submitted in prop_oneof![any_change(action), any_change(delegation)]) {
        let read = parse(&submitted, None);
        prop_assume!(read.is_ok());
        let event = read.unwrap();
        let members = event.members;
        prop_assert_eq!(&cut(assemble(&members)), &members);
        prop_assert_eq!(same_members(&members, &cut(assemble(&members)), &[]), Ok(()));
        prop_assert!(members.keys().all(|name| name[1..].split('/').all(|step| !step.is_empty() && step.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))));
        match event.kind {
            EventKind::ActionRecorded(action) => prop_assert_eq!(read_action(&members), Ok(*action)),
            EventKind::DelegationGranted(delegation) => prop_assert_eq!(read_delegation(&members), Ok(*delegation)),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn nothing_that_is_json_makes_the_reader_fall(submitted in any_json(), member in any_json()) {
        prop_assert!(parse(&submitted, Some("action.recorded")).is_err());
        prop_assert!(parse(&submitted, Some("delegation.granted")).is_err());
        let mut event = action();
        for pointer in pointers(&event) {
            *event.pointer_mut(&pointer).unwrap() = member.clone();
            match parse(&event, None) {
                Ok(event) => prop_assert!(!event.members.is_empty()),
                Err(errors) => prop_assert!(!errors.is_empty()),
            }
            event = action();
        }
    }
}
