//! The process is killed under load, again and again, over one data directory: what was acknowledged is there, byte for byte, and
//! nothing is there twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::call::{Client, unique};
use crate::program::{Premises, Program};
use crate::submissions::{action, grant};
use crate::test_ledger::check_folder;

const KILLS: u64 = 20;
/// Writers of single events; one more writes batches.
const WRITERS: usize = 4;
const BATCH: usize = 50;

/// An event on its way, and what came back, if anything did.
#[derive(Clone)]
struct Sent {
    event: Value,
    key: String,
    /// `entry` of the answer.
    receipt: Option<Value>,
}

#[test]
fn killed_twenty_times_under_load_nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let premises = Premises::new();
    let mut all: Vec<Sent> = Vec::new();
    let mut signed: BTreeMap<i64, String> = BTreeMap::new();
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/delegations", &grant("dlg-1")).status(201);
    let mut program = Some(program);
    for kill in 0..KILLS {
        let running = program.take().unwrap_or_else(|| premises.start());
        let sent = write_until_killed(running, &premises.admin_token, 20 + 13 * (kill % 7));
        assert!(sent.iter().filter(|s| s.receipt.is_some()).count() >= 20, "writers got answers before the kill");
        let before = all.len();
        all.extend(sent);

        let restarted = premises.start();
        let admin = restarted.client(&premises.admin_token);
        // All of this life's, and of the earlier ones each in its turn; all of them after the last.
        let turn = usize::try_from(kill % 7).unwrap();
        let asked = all.iter_mut().enumerate().filter(|(i, _)| *i >= before || i % 7 == turn || kill == KILLS - 1).map(|(_, sent)| sent);
        answers_again(&admin, &mut asked.collect::<Vec<_>>());
        // The grant, and every event that was ever sent, once each: those that were on their way at the kill are there by now.
        assert_eq!(premises.size(), 3 + all.len() as u64, "after kill {kill}");
        for (size, note) in premises.checkpoints() {
            let earlier = signed.entry(size).or_insert_with(|| note.clone());
            assert_eq!(*earlier, note, "a checkpoint that was signed is never signed again over something else");
        }
        let kept: Vec<i64> = premises.checkpoints().into_iter().map(|(size, _)| size).collect();
        assert!(signed.keys().all(|size| kept.contains(size)), "a checkpoint that was kept is still there");
        if kill == KILLS / 2 {
            check_folder(&premises.data(), &premises.vkey, premises.size());
        }
        program = Some(restarted);
    }
    assert!(program.unwrap().terminate().success(), "ends in order when asked to");
    let size = premises.size();
    assert_eq!(premises.checkpoints().last().map(|(covered, _)| *covered), i64::try_from(size).ok(), "signed before it ended");
    check_folder(&premises.data(), &premises.vkey, size);
}

/// Everybody writes until the server is gone, which happens after so many answers.
fn write_until_killed(program: Program, token: &str, answers: u64) -> Vec<Sent> {
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let (enough, wait) = mpsc::channel();
    let count = |new: usize| {
        if acknowledged.fetch_add(new as u64, Ordering::SeqCst) + new as u64 >= answers {
            // Only the first message is waited for.
            let _ = enough.send(());
        }
    };
    let (count, is_over) = (&count, &is_over);
    thread::scope(|scope| {
        let singly = |client: Client| scope.spawn(move || write_singly(&client, is_over, count));
        let mut writers: Vec<_> = (0..WRITERS).map(|_| singly(program.client(token))).collect();
        let client = program.client(token);
        writers.push(scope.spawn(move || write_in_batches(&client, is_over, count)));
        wait.recv().unwrap();
        program.kill();
        is_over.store(true, Ordering::SeqCst);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

fn fresh() -> Sent {
    Sent { event: action(&unique("act"), "dlg-1"), key: unique("key-of-a-test"), receipt: None }
}

fn write_singly(client: &Client, is_over: &AtomicBool, count: &impl Fn(usize)) -> Vec<Sent> {
    let mut all = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let mut sent = fresh();
        let answer = client.request("POST", "/v1/actions").key(&sent.key).json(&sent.event).try_send();
        // No answer: the server died, before the commit or after it.
        if let Ok(answer) = answer {
            sent.receipt = Some(answer.status(201)["entry"].take());
            count(1);
        }
        all.push(sent);
    }
    all
}

fn write_in_batches(client: &Client, is_over: &AtomicBool, count: &impl Fn(usize)) -> Vec<Sent> {
    let mut all = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let mut batch: Vec<Sent> = (0..BATCH).map(|_| fresh()).collect();
        let lines: Vec<Value> = batch.iter().map(|sent| sent.event.clone()).collect();
        if let Ok(answer) = client.request("POST", "/v1/events").key(&batch[0].key).lines(&lines).try_send() {
            let mut data = answer.status(200);
            for (sent, result) in batch.iter_mut().zip(data["results"].as_array_mut().unwrap()) {
                assert_eq!(result["status"], 201);
                sent.receipt = Some(result["entry"].take());
            }
            count(BATCH);
        }
        all.extend(batch);
    }
    all
}

/// Every event that was ever sent is sent again, under another key: the old receipts come back, and what was on its way gets one.
fn answers_again(client: &Client, all: &mut [&mut Sent]) {
    for part in all.chunks_mut(10_000) {
        let lines: Vec<Value> = part.iter().map(|sent| sent.event.clone()).collect();
        let mut data = client.post_lines("/v1/events", &lines).status(200);
        let results = data["results"].as_array_mut().unwrap();
        assert_eq!(results.len(), part.len());
        for (sent, result) in part.iter_mut().zip(results) {
            match &sent.receipt {
                Some(receipt) => assert_eq!((&result["status"], &result["entry"]), (&Value::from(200), receipt), "{}", sent.event),
                None => sent.receipt = Some(result["entry"].take()),
            }
        }
    }
    // Under the key of the first time: the answer that was kept, or the event's own.
    for sent in all.iter().rev().take(8) {
        let answer = client.request("POST", "/v1/actions").key(&sent.key).json(&sent.event).send();
        assert!(answer.is_replayed() && [200, 201].contains(&answer.status), "{}: {}", answer.status, answer.text());
        assert_eq!(Some(&answer.json()["data"]["entry"]), sent.receipt.as_ref());
    }
}
