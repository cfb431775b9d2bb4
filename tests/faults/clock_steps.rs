//! Rows of a clock that is set, by so much, while the server runs or between two starts: past the limits writing stops until an
//! operator confirms it, and reading goes on. The server runs in this process, under a clock that the case sets.

use onus::service::clock::{MAX_STEP_AHEAD_MS, MAX_STEP_BACK_MS};
use onus::tlog::time::Timestamp;

use crate::app::{NOON, TestApp};
use crate::call::unique;
use crate::run::{Case, Outcome};
use crate::submissions::action;

const HOUR_MS: i64 = 3_600_000;
const STEPS_MS: [i64; 14] = [
    -24 * HOUR_MS,
    -HOUR_MS,
    -MAX_STEP_BACK_MS - 1,
    -MAX_STEP_BACK_MS,
    -MAX_STEP_BACK_MS + 1,
    -1,
    0,
    1,
    MAX_STEP_AHEAD_MS - 1,
    MAX_STEP_AHEAD_MS,
    MAX_STEP_AHEAD_MS + 1,
    HOUR_MS,
    24 * HOUR_MS,
    365 * 24 * HOUR_MS,
];

/// Each step, while it runs and while it does not.
pub(crate) fn cases() -> Vec<Case> {
    let case = |(step_ms, is_running): (i64, bool)| Case {
        kind: "clock steps",
        name: format!("clock set by {step_ms} ms {}", if is_running { "while it runs" } else { "between two starts" }),
        run: Box::new(move || set(step_ms, is_running)),
    };
    STEPS_MS.into_iter().flat_map(|step_ms| [(step_ms, true), (step_ms, false)]).map(case).collect()
}

fn set(step_ms: i64, is_running: bool) -> Outcome {
    let mut app = TestApp::start();
    let admin = app.admin();
    let event = action("act-1", "dlg-1");
    let receipt = admin.post("/v1/actions", &event).status(201)["entry"].take();
    let noon = Timestamp::parse_rfc3339(NOON).unwrap();
    app.set_clock(&noon.plus_ms(step_ms).unwrap().to_string());
    if !is_running {
        app.restart();
    }
    let admin = app.stranger().like(&admin);
    // Between two starts no clock runs on: a clock that is ahead may be right.
    let is_step = step_ms < -MAX_STEP_BACK_MS || (is_running && step_ms > MAX_STEP_AHEAD_MS);
    let size = app.size();
    if is_step {
        let problem = admin.post("/v1/actions", &action("act-2", "dlg-1")).problem("clock_jump");
        assert!(problem["detail"].as_str().unwrap().contains(&format!("{step_ms} ms")), "{problem}");
        admin.post("/v1/actions", &action("act-2", "dlg-1")).problem("clock_jump");
        assert_eq!(app.size(), size, "nothing is written under a clock that nobody has looked at");
        assert_eq!(admin.get("/readyz").status, 503, "and loud");
        admin.get("/v1/actions/act-1").status(200);
        app.restart_with_confirmed_clock();
    }
    let admin = app.stranger().like(&admin);
    assert_eq!(admin.post("/v1/actions", &event).status(200)["entry"], receipt, "the receipt of the first time");
    let recorded = admin.post("/v1/actions", &action(&unique("act"), "dlg-1")).status(201);
    let before = Timestamp::parse_rfc3339(receipt["recorded_at"].as_str().unwrap()).unwrap();
    let after = Timestamp::parse_rfc3339(recorded["entry"]["recorded_at"].as_str().unwrap()).unwrap();
    assert!(after >= before, "never earlier than the entry before it");
    app.wait_published();
    app.wait_indexed();
    let size = 2 + 2 + u64::from(is_step);
    assert_eq!(app.size(), size, "two events, and the confirmation where there was one");
    app.restart();
    assert_eq!(app.size(), size);
    if is_step { Outcome::Refused } else { Outcome::Unnoticed }
}
