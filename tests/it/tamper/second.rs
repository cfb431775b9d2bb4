//! `tools/onus_verify.py`: verification a second time, in another language, from FORMAT.md alone. One process of it answers many
//! questions.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use onus::service::verifier::report::{CheckName, Report};
use onus::tlog::position::LeafIndex;
use serde::Deserialize;
use serde_json::json;

use crate::closed_ledger::ClosedLedger;

/// The checks that it does not know.
const DEEP: [CheckName; 6] = [
    CheckName::File,
    CheckName::Findings,
    CheckName::ChangedAssessments,
    CheckName::DerivedTables,
    CheckName::EventKeys,
    CheckName::SearchIndex,
];

/// The process, waiting for questions.
pub(super) struct SecondVerifier {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What is to be verified.
pub(super) struct Asked {
    pub(super) folder: PathBuf,
    pub(super) vkey: String,
}

impl Asked {
    pub(super) fn of(sample: &ClosedLedger) -> Self {
        Self { folder: sample.folder.root().to_owned(), vkey: sample.vkey.to_string() }
    }
}

/// What it answers.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    verdict: String,
    first_wrong: Option<u64>,
    checks: Vec<AnsweredCheck>,
}

#[derive(Debug, Deserialize)]
struct AnsweredCheck {
    name: String,
    outcome: String,
    reason: Option<String>,
}

impl SecondVerifier {
    /// `None` where there is no Python; in CI there is.
    pub(super) fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/onus_verify.py");
        let started = Command::new("python3").args([script, "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(e) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "python3 must be there in CI: {e}");
                println!("skipped: python3 is not there, so nothing is verified a second time");
                return None;
            }
        };
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, questions, answers })
    }

    /// Asks, and waits for the answer.
    pub(super) fn verify(&mut self, asked: &Asked) -> Answer {
        self.ask(asked);
        self.answer()
    }

    /// Asks, and does not wait.
    pub(super) fn ask(&mut self, asked: &Asked) {
        writeln!(self.questions, "{}", json!({ "data": asked.folder, "vkey": asked.vkey })).unwrap();
    }

    /// The answer to what was asked.
    pub(super) fn answer(&mut self) -> Answer {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }
}

impl Drop for SecondVerifier {
    fn drop(&mut self) {
        // It ends when nobody asks any more; whoever panics does not wait for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How it disagrees: verdict, first wrong entry, or what came of one of the checks that both know.
pub(super) fn disagreement(report: &Report, answer: &Answer) -> Option<String> {
    let ours = (report.verdict().as_str(), report.first_wrong().map(LeafIndex::get));
    let mut differences = Vec::new();
    if ours != (answer.verdict.as_str(), answer.first_wrong) {
        differences.push(format!("onus verify: {ours:?}, onus_verify.py: {:?}", (&answer.verdict, answer.first_wrong)));
    }
    for check in report.checks.iter().filter(|check| !DEEP.contains(&check.name)) {
        let theirs = answer.checks.iter().find(|theirs| theirs.name == check.name.as_str());
        if theirs.is_none_or(|theirs| theirs.outcome != check.outcome.as_str()) {
            let theirs = theirs.map(|theirs| (&theirs.outcome, &theirs.reason));
            differences.push(format!("{}: onus verify: {:?}, onus_verify.py: {theirs:?}", check.name.as_str(), check.outcome));
        }
    }
    (!differences.is_empty()).then(|| differences.join("\n"))
}
