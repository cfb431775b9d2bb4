//! The example of RFC 8785, what is refused and where, and a published crate as the judge of our writer.

use super::*;

#[track_caller]
fn canonical(text: &str) -> String {
    Value::parse(text.as_bytes()).expect("valid I-JSON").to_canonical()
}

#[test]
fn the_example_of_rfc_8785_comes_out_as_printed_there() {
    let given = r#"{"numbers": [333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#;
    // 1E30 is integral and past 2^53-1, so this ledger refuses it; the rest of the RFC's example stands.
    assert!(matches!(Value::parse(given.as_bytes()), Err(JsonError::NumberNotExact { .. })));
    assert_eq!(
        canonical(&given.replace("1E30, ", "")),
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
}

#[test]
fn names_sort_by_utf16_code_units() {
    assert_eq!(canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{fb33}\":1}");
}

#[test]
fn numbers_that_keep_their_value_pass_and_others_are_named() {
    for (given, kept) in
        [("1.10", "1.1"), ("-0", "0"), ("-0.0e5", "0"), ("1e3", "1000"), ("9007199254740991", "9007199254740991"), ("5e-324", "5e-324")]
    {
        assert_eq!(canonical(given), kept);
    }
    for given in
        ["9007199254740992", "1e400", "12345678901234567890123", "0.1000000000000000055511151231257827", "1e16", "-9007199254740993"]
    {
        let text = format!("{{\"a\":[\"7.77e999\",{given}]}}");
        let refused = Value::parse(text.as_bytes());
        assert!(matches!(&refused, Err(JsonError::NumberNotExact { number, line: 1, .. }) if number == given), "{given}: {refused:?}");
    }
}

#[test]
fn exponents_beyond_all_measure_are_refused_and_overflow_nothing() {
    for given in ["1.5e-9223372036854775808", "1.5e-99999999999999999999", "15e9223372036854775807", "-1e-9223372036854775809"] {
        assert!(matches!(Value::parse(given.as_bytes()), Err(JsonError::NumberNotExact { .. })), "{given}");
    }
    assert_eq!(canonical("0.0e-9223372036854775808"), "0");
}

#[test]
fn a_name_that_looks_like_a_place_is_not_taken_for_one() {
    let twice = "{\"x at line 5 column 7\":1,\n\"x at line 5 column 7\":2}";
    let expected = JsonError::DuplicateName { name: "x at line 5 column 7".to_owned(), line: 2, column: 22 };
    assert_eq!(Value::parse(twice.as_bytes()), Err(expected));
}

#[test]
fn members_out_of_order_are_not_those_of_a_canonical_object() {
    assert_eq!(members_in(r#"{"a":1,"b":[2, 3]}"#), Some(vec![("a", "1"), ("b", "[2, 3]")]));
    for other in [r#"{"b":1,"a":2}"#, r#"{"a":1,"a":2}"#, r#"{"a": 1}"#, "{}", "[]"] {
        assert_eq!(members_in(other), None, "{other}");
    }
}

#[test]
fn what_serde_json_lets_pass_is_refused_with_its_place() {
    assert!(matches!(Value::parse(b"{\"a\":1,\n \"a\":2}"), Err(JsonError::DuplicateName { name, line: 2, .. }) if name == "a"));
    assert!(matches!(Value::parse(br#"{"x":{"_sd":[]}}"#), Err(JsonError::ReservedName { .. })));
    assert!(matches!(Value::parse(br#"["\ud800"]"#), Err(JsonError::Malformed { .. })));
    assert!(matches!(Value::parse(b"\"\xff\""), Err(JsonError::Malformed { column: 2, .. })));
    assert!(matches!(Value::parse(b"{} x"), Err(JsonError::Malformed { .. })));
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(Value::parse(deep(MAX_DEPTH).as_bytes()).is_ok());
    assert!(matches!(Value::parse(deep(MAX_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep { .. })));
    assert!(matches!(Value::parse(deep(5000).as_bytes()), Err(JsonError::TooDeep { .. })));
    let many = (0..40).map(|i| format!("\"n{i}\":0,")).collect::<Vec<_>>().concat();
    assert!(matches!(Value::parse(format!("{{{many}\"n30\":1}}").as_bytes()), Err(JsonError::DuplicateName { .. })));
}

proptest::proptest! {
    #[test]
    fn our_writer_agrees_with_a_published_crate(text in "\\PC{0,40}", number in -1.0e15_f64..1.0e15, flag: bool) {
        let value = Value::object([("b", Value::from(text.as_str())), (&format!("k{text}"), Value::Number(number)), ("a", Value::Array(vec![flag.into(), Value::Null]))]);
        let ours = value.to_canonical();
        let theirs: serde_json::Value = serde_json::from_str(&ours).unwrap();
        proptest::prop_assert_eq!(&ours, &serde_json_canonicalizer::to_string(&theirs).unwrap());
        proptest::prop_assert_eq!(Value::parse(ours.as_bytes()).unwrap().to_canonical(), ours);
    }
}
