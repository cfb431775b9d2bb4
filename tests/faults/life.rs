//! One life of a server as its caller sees it: what was sent, what was acknowledged, which checkpoints were served, how it ended.

use std::process::{Command, ExitStatus};

use serde_json::Value;

use crate::call::{Answer, Client, unique};
use crate::program::{Premises, Program};
use crate::submissions::{action, grant};

/// What a caller may be told instead of a receipt.
const REFUSALS: [&str; 4] = ["ledger_unavailable", "commit_outcome_unknown", "ledger_read_only", "internal"];
/// Events in one batch.
const BATCH: usize = 4;
/// `onus serve` ends so when nobody knows whether a commit took effect.
pub(crate) const EXIT_OUTCOME_UNKNOWN: i32 = 70;

/// An event on its way, and what came back, if anything did.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) event: Value,
    pub(crate) key: String,
    /// `entry` of the answer.
    pub(crate) receipt: Option<Value>,
    /// Whether it was answered that nobody knows.
    pub(crate) is_unknown: bool,
}

/// All that a caller knows of a ledger.
#[derive(Clone, Default)]
pub(crate) struct Story {
    pub(crate) sent: Vec<Sent>,
    /// Served at `/log/checkpoint`.
    pub(crate) checkpoints: Vec<String>,
    /// Whether anything was refused.
    pub(crate) has_refusals: bool,
    /// Whether a connection broke.
    pub(crate) is_cut: bool,
}

/// How a life ended.
pub(crate) struct Ended {
    /// Whether it ever listened.
    pub(crate) listened: bool,
    pub(crate) status: ExitStatus,
}

impl Story {
    /// A life: it starts, is told single events and batches, shows its checkpoint, and is asked to end.
    pub(crate) fn live(&mut self, premises: &Premises, command: Command) -> Ended {
        self.has_refusals = false;
        self.is_cut = false;
        let program = match Program::try_spawn(command, &premises.log()) {
            Ok(program) => program,
            Err(status) => return Ended { listened: false, status },
        };
        let before = self.sent.len();
        self.tell(&program.client(&premises.admin_token));
        let status = program.terminate();
        assert!(!(self.is_cut && status.success()), "a caller got no answer, and the server ended in order");
        let said_unknown = self.sent[before..].iter().any(|sent| sent.is_unknown);
        assert!(
            !said_unknown || status.code().is_none_or(|code| code == EXIT_OUTCOME_UNKNOWN),
            "nobody knows what is on disk, and the server went on until {status}"
        );
        Ended { listened: true, status }
    }

    /// What a caller does in one life.
    fn tell(&mut self, client: &Client) {
        self.look(client);
        let delegation = unique("dlg");
        self.send(client, "/v1/delegations", grant(&delegation));
        self.send(client, "/v1/actions", action(&unique("act"), &delegation));
        self.send_batch(client, (0..BATCH).map(|_| action(&unique("act"), &delegation)).collect());
        self.send(client, "/v1/actions", action(&unique("act"), &delegation));
        self.look(client);
    }

    fn send(&mut self, client: &Client, path: &'static str, event: Value) {
        if self.is_cut {
            return;
        }
        let mut sent = Sent { event, key: unique("key-of-a-test"), receipt: None, is_unknown: false };
        match client.request("POST", path).key(&sent.key).json(&sent.event).try_send() {
            Err(_) => self.is_cut = true,
            Ok(answer) if answer.status == 201 => sent.receipt = Some(answer.status(201)["entry"].take()),
            Ok(answer) => sent.is_unknown = self.is_refused(&answer),
        }
        self.sent.push(sent);
    }

    /// Waits for the checkpoint as well.
    pub(crate) fn send_until_signed(&mut self, client: &Client, event: Value) {
        let key = unique("key-of-a-test");
        let call = client.request("POST", "/v1/actions").key(&key).header("prefer", "receipt=checkpointed");
        let mut data = call.json(&event).send().status(201);
        assert!(data["tlog_proof"].is_string(), "a checkpoint covers it");
        self.sent.push(Sent { event, key, receipt: Some(data["entry"].take()), is_unknown: false });
    }

    pub(crate) fn send_batch(&mut self, client: &Client, events: Vec<Value>) {
        if self.is_cut {
            return;
        }
        let key = unique("key-of-a-test");
        let mut receipts = vec![None; events.len()];
        let mut is_unknown = false;
        match client.request("POST", "/v1/events").key(&key).lines(&events).try_send() {
            Err(_) => self.is_cut = true,
            Ok(answer) if answer.status == 200 => {
                let mut data = answer.status(200);
                for (receipt, result) in receipts.iter_mut().zip(data["results"].as_array_mut().unwrap()) {
                    assert_eq!(result["status"], 201, "{result}");
                    *receipt = Some(result["entry"].take());
                }
            }
            Ok(answer) => is_unknown = self.is_refused(&answer),
        }
        // Each event is asked for by its own key later: the batch's key is the batch's.
        let alone = |(event, receipt)| Sent { event, key: unique("key-of-a-test"), receipt, is_unknown };
        self.sent.extend(events.into_iter().zip(receipts).map(alone));
    }

    /// Notes that something was refused, in one of the ways a fault may show; and whether nobody knows what came of it.
    fn is_refused(&mut self, answer: &Answer) -> bool {
        self.has_refusals = true;
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        assert!(REFUSALS.contains(&code.as_str()), "{}: {}", answer.status, answer.text());
        answer.problem(&code);
        code == "commit_outcome_unknown"
    }

    /// Keeps the checkpoint that is served.
    pub(crate) fn look(&mut self, client: &Client) {
        if self.is_cut {
            return;
        }
        match client.request("GET", "/log/checkpoint").try_send() {
            Err(_) => self.is_cut = true,
            Ok(answer) if answer.status == 200 => self.checkpoints.push(answer.text()),
            Ok(answer) => assert!(answer.status >= 500 || answer.status == 404, "{}: {}", answer.status, answer.text()),
        }
    }
}
