//! What must hold after any fault: the directory is served again by a healthy program, which knows everything it ever acknowledged,
//! takes new events, and passes every check there is, against every checkpoint that anybody was shown.

use std::time::{Duration, Instant};

use onus::service::clock::{Clock as _, SystemClock};
use onus::service::folder::Folder;
use onus::service::verifier::report::{Report, Verdict};
use onus::service::verifier::{GivenCheckpoint, Verification};
use serde_json::{Value, json};

use crate::bases::Base;
use crate::call::{Client, unique};
use crate::life::Story;
use crate::program::Premises;
use crate::submissions::action;

/// Longest a healthy server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// What had become of events whose commit nobody knew the outcome of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unknowns {
    pub(crate) there: usize,
    pub(crate) gone: usize,
}

impl Base {
    /// Heals, reopens, continues, and checks everything.
    pub(crate) fn must_be_whole(&mut self) -> Unknowns {
        let program = self.premises.start();
        let client = program.client(&self.premises.admin_token);
        wait_ready(&client);
        self.story.look(&client);
        let unknowns = self.story.must_be_answered_again(&client);
        let new = action(&unique("act"), "dlg-never");
        let recorded = client.post("/v1/actions", &new).status(201);
        let entry = client.get(&format!("/v1/entries/{}", recorded["entry"]["index"])).status(200);
        assert_eq!(entry["entry"]["bytes"], recorded["entry"]["bytes"], "what is read is what was acknowledged");
        self.story.look(&client);
        assert!(program.terminate().success(), "a healthy server ends in order");
        let size = self.premises.size();
        assert_eq!(self.premises.checkpoints().last().map(|(covered, _)| *covered), i64::try_from(size).ok(), "signed before it ended");
        let report = verification(&self.premises, &self.story.checkpoints).run();
        assert_eq!(report.verdict(), Verdict::Passed, "{}", faults(&report));
        assert_eq!(report.size.get(), size);
        unknowns
    }
}

impl Story {
    /// Every event that was ever sent is sent again: the old receipts come back, byte for byte, and each is there once.
    fn must_be_answered_again(&mut self, client: &Client) -> Unknowns {
        let mut unknowns = Unknowns::default();
        if self.sent.is_empty() {
            return unknowns;
        }
        let events: Vec<Value> = self.sent.iter().map(|sent| sent.event.clone()).collect();
        let mut data = client.post_lines("/v1/events", &events).status(200);
        for (sent, result) in self.sent.iter_mut().zip(data["results"].as_array_mut().unwrap()) {
            if let Some(receipt) = &sent.receipt {
                assert_eq!((&result["status"], &result["entry"]), (&json!(200), receipt), "{}", sent.event);
                continue;
            }
            let is_there = result["status"] == 200;
            assert!(is_there || result["status"] == 201, "{result}");
            if sent.is_unknown {
                *(if is_there { &mut unknowns.there } else { &mut unknowns.gone }) += 1;
            }
            sent.receipt = Some(result["entry"].take());
        }
        let mut indexes: Vec<u64> = self.sent.iter().map(|sent| sent.receipt.as_ref().unwrap()["index"].as_u64().unwrap()).collect();
        indexes.sort_unstable();
        assert!(indexes.windows(2).all(|pair| pair[0] < pair[1]), "every event has a place of its own");
        let last = self.sent.last().unwrap();
        let path = if last.event["type"] == "delegation.granted" { "/v1/delegations" } else { "/v1/actions" };
        let answer = client.request("POST", path).key(&last.key).json(&last.event).send();
        assert!([200, 201].contains(&answer.status), "{}: {}", answer.status, answer.text());
        assert_eq!(Some(&answer.json()["data"]["entry"]), last.receipt.as_ref(), "under the key of the first time");
        unknowns
    }
}

/// Every check, under the key and against checkpoints that were kept outside.
pub(crate) fn verification(premises: &Premises, checkpoints: &[String]) -> Verification {
    let given = |(n, note): (usize, &String)| GivenCheckpoint { name: format!("seen {n}"), note: note.clone().into_bytes() };
    Verification {
        folder: Folder::new(&premises.data()),
        mark_file: premises.mark(),
        vkey: Some(premises.vkey.clone()),
        checkpoints: checkpoints.iter().enumerate().map(given).collect(),
        is_deep: true,
        now: SystemClock::default().now(),
    }
}

/// What a report finds false, in words.
pub(crate) fn faults(report: &Report) -> String {
    let said = |check: &onus::service::verifier::report::Check| format!("{}: {:?}", check.name.as_str(), check.outcome);
    report.checks.iter().filter(|check| check.outcome.as_str() != "passed").map(said).collect::<Vec<_>>().join("; ")
}

fn wait_ready(client: &Client) {
    let started = Instant::now();
    loop {
        let answer = client.get("/readyz");
        if answer.status == 200 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "not ready: {}", answer.text());
        std::thread::yield_now();
    }
}
