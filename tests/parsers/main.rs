//! A harness for every parser: ten thousand texts each, the same at every run, half of them good, the others damaged. What must hold
//! of each stands in `laws`, which the fuzz targets of `fuzz/` call as well (docs/FUZZING.md).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its claim fails")]

mod laws;

use std::cell::Cell;

use proptest::array::uniform32;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::laws::case::{Case, Origin};
use crate::laws::{PARSERS, Parser, Verdict};

/// Texts for each parser.
const CASES: u32 = 10_000;
/// Fewest of them that must be taken, or the harness shows little: the whole texts alone are about half.
const LEAST_TAKEN: u32 = 4_000;
/// Another seed, other texts; this one is kept, so that a failure can be repeated.
const SEED: [u8; 32] = *b"a parser is a door with one key.";

/// Runs one row of the table; the text that breaks its law is made as small as it goes and shown.
fn holds(name: &str) {
    let parser: &Parser = PARSERS.iter().find(|parser| parser.name == name).unwrap();
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let ran = runner.run(&uniform32(any::<u64>()), |choices| {
        let choices: Vec<u8> = choices.iter().flat_map(|choice| choice.to_le_bytes()).collect();
        let case = Case::of(parser, &choices);
        let verdict = (parser.law)(&case.text);
        if case.origin == Origin::Whole && verdict == Verdict::Refused {
            return Err(TestCaseError::fail(format!("a good text is refused: {}", case.shown())));
        }
        let count = if verdict == Verdict::Taken { &taken } else { &refused };
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{name}: {failed}");
    }
    assert!(taken.get() >= LEAST_TAKEN, "{name}: only {} of {CASES} texts were taken", taken.get());
    assert!(refused.get() >= parser.least_refused, "{name}: only {} of {CASES} texts were refused", refused.get());
}

macro_rules! harnesses {
    ($($name:ident)+) => {
        const HARNESSES: &[&str] = &[$(stringify!($name)),+];
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })+
    };
}

harnesses! {
    json json_members entry disclosure member_name decimal time entry_time hash words
    note signature_line checkpoint cosignature tlog_proof witness_request witness_size vkey private_key tile_path bundle
    event delegation_event scope pointer sentence settings catalogue issuers jwks token credential_terms presented_token name_pattern ids
    query criteria cursor idempotency_key media_type receipt_wish accept high_water
}

#[test]
fn every_parser_has_its_harness() {
    let rows: Vec<&str> = PARSERS.iter().map(|parser| parser.name).collect();
    assert_eq!(rows, HARNESSES, "the rows of `laws::PARSERS` and the harnesses, in one order");
}
