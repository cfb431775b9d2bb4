//! Tests of `entry.rs`: laws over all headers, and the refusals that the shared vectors do not show.

use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = r#"{"findings":["scope_exceeded"],"index":42,"log":"ledger.example/acme","payload":"u_6B_Y6g6SRnYyx5EF0o_xuiqUh0TyjrtRtrU2vG7ew","prev":"iPAXYAzdtyIbWZ8lbH8Bs45A5hGpXSQDXVsRACttmJc","recorded_at":"2026-11-22T09:00:00.123456Z","rules":1,"type":"action.recorded","v":1}"#;

fn headers() -> impl Strategy<Value = EntryHeader> {
    let assessment = proptest::option::of((proptest::collection::vec("[a-z][a-z0-9_]{0,47}", 0..=4), 0..=MAX_POSITION));
    let position = prop_oneof![Just(0), 0..2000_u64, 0..=MAX_POSITION];
    let time = -62_167_219_200_000_000_i64..=253_402_300_799_999_999;
    (
        (position, proptest::option::of(any::<u64>()), assessment),
        ("[a-z0-9][a-z0-9._/:-]{0,127}", "[a-z][a-z_]{0,9}(\\.[a-z][a-z_]{0,9}){1,5}"),
        (any::<[u8; 32]>(), any::<[u8; 32]>(), time),
    )
        .prop_map(|((index, about, assessment), (log, entry_type), (payload, prev, micros))| EntryHeader {
            about: about.and_then(|a| LeafIndex::new(a.checked_rem(index)?)),
            assessment: assessment.map(|(findings, rules)| Assessment::new(findings, rules).unwrap()),
            index: LeafIndex::new(index).unwrap(),
            log: Origin::parse(&log).unwrap(),
            payload: Commitment::from_bytes(payload),
            prev: if index == 0 { LeafHash::GENESIS } else { LeafHash::from_bytes(prev) },
            recorded_at: Timestamp::from_micros(micros).unwrap(),
            entry_type: EntryType::parse(&entry_type).unwrap(),
        })
        .prop_map(|header| match header.about {
            None => header,
            Some(about) => EntryHeader { entry_type: EntryType::literal(ABOUT_ANOTHER[usize::from(about.get() % 2 == 0)]), ..header },
        })
}

#[track_caller]
fn refuses(text: &str, verdict: &str) {
    match EntryHeader::parse(text.as_bytes()) {
        Ok(header) => panic!("taken as {header:?}: {text}"),
        Err(error) => assert_eq!(error.verdict(), verdict, "{error}: {text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_back(header in headers()) {
        let bytes = header.to_bytes();
        prop_assert!(bytes.len() <= MAX_ENTRY_BYTES);
        prop_assert_eq!(EntryHeader::parse(&bytes), Ok(header));
    }

    #[test]
    fn a_changed_byte_is_refused_or_says_something_else(header in headers(), at: prop::sample::Index, byte: u8) {
        let mut bytes = header.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = EntryHeader::parse(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut: prop::sample::Index) {
        let start = &EXAMPLE.as_bytes()[..cut.index(EXAMPLE.len())];
        let read = EntryHeader::parse(&[start, &bytes].concat());
        prop_assert!(read.is_err() || !bytes.is_empty());
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_the_example_is_refused_or_kept() {
    for at in 0..EXAMPLE.len() {
        assert!(EntryHeader::parse(&EXAMPLE.as_bytes()[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            if let Ok(read) = EntryHeader::parse(&bytes) {
                assert_eq!(read.to_bytes(), bytes, "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn nothing_found_is_not_the_same_as_not_assessed() {
    let none_found = EXAMPLE.replace("\"scope_exceeded\"", "");
    let header = EntryHeader::parse(none_found.as_bytes()).unwrap();
    assert_eq!(header.assessment, Some(Assessment::new(vec![], 1).unwrap()));
    let not_assessed = none_found.replace("\"findings\":[],", "").replace("\"rules\":1,", "");
    assert_eq!(EntryHeader::parse(not_assessed.as_bytes()).unwrap().assessment, None);
    refuses(&EXAMPLE.replace("\"findings\":[\"scope_exceeded\"],", ""), "findings_without_rules");
}

#[test]
fn each_refusal_has_its_class() {
    let past = (MAX_POSITION + 1).to_string();
    refuses(&EXAMPLE.replace(":42", &format!(":{past}")), "range");
    refuses(&EXAMPLE.replace("\"rules\":1", &format!("\"rules\":{past}")), "range");
    refuses(&EXAMPLE.replace(":42", ":10000000000000000"), "grammar");
    refuses(&EXAMPLE.replace(":42", ":0"), "genesis_prev");
    refuses(&EXAMPLE.replace("{\"fin", "{\"about\":43,\"fin"), "about_not_earlier");
    refuses(&EXAMPLE.replace("{\"fin", "{\"about\":41,\"fin"), "about_of_other_type");
    refuses(&EXAMPLE.replace("action.recorded", "action"), "grammar");
    refuses(&EXAMPLE.replace("action.recorded", &format!("a.{}", "b".repeat(63))), "grammar");
    refuses(&EXAMPLE.replace("09:00:00", "09:00:60"), "grammar");
    refuses(&EXAMPLE.replace("2026-11-22", "2026-02-30"), "grammar");
    let codes = |n: usize| (0..n).map(|i| format!("\"c{i:02}\"")).collect::<Vec<_>>().join(",");
    refuses(&EXAMPLE.replace("\"scope_exceeded\"", &codes(MAX_FINDINGS + 1)), "grammar");
    assert!(EntryHeader::parse(EXAMPLE.replace("\"scope_exceeded\"", &codes(MAX_FINDINGS)).as_bytes()).is_ok());
    let long = EXAMPLE.replace("action.recorded", &format!("a.{}", "b".repeat(MAX_ENTRY_BYTES)));
    assert_eq!(EntryHeader::parse(long.as_bytes()), Err(EntryError::TooLong { length: long.len() }));
}

#[test]
fn a_refusal_says_where_and_what() {
    let refused = EntryHeader::parse(EXAMPLE.replace(":42", ":042").as_bytes()).unwrap_err();
    assert_eq!(refused.to_string(), "at byte 39: expected a number of at most 16 digits without leading zero");
}

#[test]
fn names_have_one_form() {
    const RECORDED: EntryType = EntryType::literal("action.recorded");
    assert_eq!(EntryType::parse("action.recorded"), Some(RECORDED));
    for refused in ["", "a", "a.", ".a", "a..b", "a._b", "_a.b", "A.b", "a.b1", "a b.c"] {
        assert_eq!(EntryType::parse(refused), None, "{refused}");
    }
    for refused in ["", "/a", "Ledger", "a b", "a+b", "ä", &"a".repeat(129)] {
        assert_eq!(Origin::parse(refused), None, "{refused}");
    }
    assert!(Assessment::new(vec!["Bad".to_owned()], 1).is_err());
    let sorted = Assessment::new(vec!["b".to_owned(), "a".to_owned(), "b".to_owned()], 1).unwrap();
    assert_eq!(sorted.findings(), ["a", "b"]);
}
