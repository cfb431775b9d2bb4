//! RFC 6901 JSON Pointers into a value, as constraints, the catalogue and sentences use them.

use crate::tlog::json::Value;

/// Whether `pointer` is one: empty, or segments that each begin with `/` and escape only `~0` and `~1`.
pub fn is_pointer(pointer: &str) -> bool {
    let escapes_end_well = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    (pointer.is_empty() || pointer.starts_with('/')) && escapes_end_well
}

/// The value that `pointer` names inside `value`, if there is one.
pub fn resolve<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.is_empty() {
        return Some(value);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(value, |within, segment| match within {
        Value::Object(members) => {
            let name = segment.replace("~1", "/").replace("~0", "~");
            members.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
        }
        Value::Array(items) => items.get(array_index(segment)?),
        _ => None,
    })
}

/// RFC 6901 section 4: digits without a leading zero; `-` names an element that does not exist.
fn array_index(segment: &str) -> Option<usize> {
    let is_plain = segment.bytes().all(|b| b.is_ascii_digit()) && (segment == "0" || !segment.starts_with('0'));
    is_plain.then(|| segment.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6901_resolve() {
        let document = Value::parse(br#"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"deep":{"x":[{"y":2}]}}"#).unwrap();
        let cases = [
            ("/foo/0", Some("\"bar\"")),
            ("/foo/1", Some("\"baz\"")),
            ("/", Some("0")),
            ("/a~1b", Some("1")),
            ("/m~0n", Some("8")),
            ("/deep/x/0/y", Some("2")),
            ("/foo/2", None),
            ("/foo/-", None),
            ("/foo/01", None),
            ("/foo/+1", None),
            ("/absent", None),
            ("/foo/0/x", None),
            ("foo", None),
        ];
        for (pointer, expected) in cases {
            assert_eq!(resolve(&document, pointer).map(Value::to_canonical).as_deref(), expected, "{pointer}");
        }
        assert_eq!(resolve(&document, ""), Some(&document));
    }

    #[test]
    fn only_pointers_pass_for_pointers() {
        for pointer in ["", "/", "/amount_cents", "/a~1b~0c"] {
            assert!(is_pointer(pointer), "{pointer}");
        }
        for other in ["amount_cents", "/a~", "/a~2", "EUR"] {
            assert!(!is_pointer(other), "{other}");
        }
    }
}
