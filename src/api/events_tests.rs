//! How a batch is taken apart: ten thousand bodies, the same at every run, against lines cut in the obvious way.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

const CASES: u32 = 10_000;

/// Good lines, bad ones, blank ones, with every kind of end.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => Just(&b"{\"event_id\":\"e\"}"[..]),
        2 => Just(&b" [1.10,null] "[..]),
        2 => Just(&b""[..]),
        1 => Just(&b" \t\r"[..]),
        1 => Just(&b"{\"a\":1,\"a\":2}"[..]),
        1 => Just(&b"\xff"[..]),
        1 => Just(&b"{\"a\":\"\\n\"}{}"[..]),
    ];
    let end = prop_oneof![4 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b""[..])];
    prop::collection::vec((line, end), 0..9).prop_map(|lines| lines.iter().flat_map(|(line, end)| [*line, *end].concat()).collect())
}

fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

#[test]
fn each_line_is_an_event_of_its_own_and_counts_as_it_stands() {
    let taken = std::cell::Cell::new(0);
    let ran = runner().run(&bodies(), |body| {
        let mut expected = Vec::new();
        let (mut line, mut number) = (Vec::new(), 1);
        for byte in body.iter().chain(b"\n") {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if line.iter().any(|c| !b" \t\r".contains(c)) {
                expected.push((number, Value::parse(&line).ok()));
            }
            (line, number) = (Vec::new(), number + 1);
        }
        match in_lines(&body) {
            Ok(events) => {
                taken.set(taken.get() + 1);
                let read: Vec<_> = events.into_iter().map(|(line, event)| (line, event.ok())).collect();
                prop_assert_eq!(read, expected);
            }
            Err(problem) => prop_assert!(expected.is_empty() && problem.code() == Code::ValidationFailed),
        }
        Ok(())
    });
    assert_eq!(ran, Ok(()));
    assert!((4_000..CASES).contains(&taken.get()), "{} of {CASES} bodies were taken", taken.get());
}

#[test]
fn a_list_says_what_its_lines_would_say() {
    let taken = std::cell::Cell::new(0);
    let ran = runner().run(&(bodies(), "[a-z]{0,1}"), |(body, more)| {
        let Ok(events) = in_lines(&body) else { return Ok(()) };
        let good: Vec<Value> = events.into_iter().filter_map(|(_, event)| event.ok()).collect();
        let list = Value::object([("events", Value::Array(good.clone()))]).to_canonical();
        let list = if more.is_empty() { list } else { list.replacen('{', &format!("{{\"{more}\":1,"), 1) };
        match in_object(list.as_bytes()) {
            Ok(events) => {
                taken.set(taken.get() + 1);
                let read: Vec<_> = events.into_iter().map(|(line, event)| (line, event.ok())).collect();
                prop_assert_eq!(read, good.into_iter().enumerate().map(|(i, event)| (i + 1, Some(event))).collect::<Vec<_>>());
            }
            Err(problem) => prop_assert!((good.is_empty() || !more.is_empty()) && problem.code() == Code::ValidationFailed),
        }
        Ok(())
    });
    assert_eq!(ran, Ok(()));
    assert!((2_000..CASES).contains(&taken.get()), "{} of {CASES} lists were taken", taken.get());
}
