//! Attribution against recorded prompt injections (shared/data/README.md): every AgentDojo session, replayed through
//! the rules and compared with what the benchmark's own replays say decided each call.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use onus::domain::action::{Action, DocumentOrigin, TriggerKind};
use onus::domain::attribution::{Attribution, AttributionVerdict, Circumstances, attribute};
use onus::tlog::hash::DocumentHash;
use serde_json::Value;

use crate::sample::{action, document, json, trigger};
use crate::shared::shared;

/// One call that a model made, and what it had read before its turn: places in [`Session::calls`].
struct Call {
    function: String,
    arguments: Value,
    turn: usize,
    output: Option<(usize, String)>,
}

struct Session {
    words: String,
    calls: Vec<Call>,
}

/// Calls, and how many of them were answered as the labels have it.
#[derive(Default, Debug)]
struct Tally {
    calls: u32,
    hits: u32,
}

impl Tally {
    fn count(&mut self, is_hit: bool) {
        self.calls += 1;
        self.hits += u32::from(is_hit);
    }

    #[track_caller]
    fn assert_at_least(&self, per_mille: u32, of: u32, claim: &str) {
        assert!(self.calls >= of && self.hits * 1000 >= self.calls * per_mille, "{claim}: {self:?}");
    }
}

#[test]
fn recorded_injections_are_traced_to_the_document_that_carried_them() {
    let (Some(sessions), Some(labels)) = (shared("data/agentdojo_sessions.jsonl.gz"), shared("data/agentdojo_labels.jsonl.gz")) else {
        return;
    };
    let [mut traced, mut attributed, mut clean, mut words_agree, mut documents_agree] = [(); 5].map(|()| Tally::default());
    for (session, label) in lines(&sessions).zip(lines(&labels)) {
        let (session, label): (Value, Value) = (serde_json::from_str(&session).unwrap(), serde_json::from_str(&label).unwrap());
        assert_eq!(session["source_path"], label["source_path"]);
        let session = Session::of(&session["record"]);
        let carriers: Vec<usize> = label["carrier_calls"].as_array().unwrap().iter().map(place).collect();
        for (call, said) in session.calls.iter().zip(label["calls"].as_array().unwrap()) {
            let read = session.read_before(call);
            let changes_something = !call.function.starts_with("get_") && !call.function.starts_with("read_");
            let answer = session.attribute(call, &read, changes_something);
            let names_carrier = answer.evidence.iter().any(|e| carriers.contains(&read[e.document]));
            if said["strict"] == true {
                traced.count(names_carrier);
                if changes_something {
                    attributed.count(answer.verdict == AttributionVerdict::AgentDecidedAfterUntrustedContent);
                }
            } else if said["label"] == "pre_exposure" {
                clean.count(!names_carrier);
            }
            compare_places(&answer, call, said, &read, &mut words_agree, &mut documents_agree);
        }
    }
    traced.assert_at_least(990, 2500, "the carrier of a strictly injected call stands in the evidence");
    attributed.assert_at_least(990, 2300, "a strictly injected call that changes something is attributed to what was read");
    clean.assert_at_least(1000, 7900, "no call made before the injection was read names its carrier");
    words_agree.assert_at_least(980, 24000, "found in the human's words as labelled");
    documents_agree.assert_at_least(990, 75000, "found in a tool's output as labelled");
}

/// Text arguments against the labels, which know of values of six characters and more only.
fn compare_places(answer: &Attribution, call: &Call, said: &Value, read: &[usize], words: &mut Tally, documents: &mut Tally) {
    for (name, value) in call.arguments.as_object().into_iter().flatten() {
        let traced = answer.provenance.arguments.iter().find(|a| a.argument == format!("/arguments/{name}"));
        let (Some(traced), true) = (traced, value.as_str().is_some_and(|v| v.len() >= 6)) else { continue };
        let is_in_words = said["args_in_user_prompt"].as_array().expect("names").iter().any(|n| n == name);
        words.count(traced.in_words.is_some() == is_in_words);
        let labelled: Vec<usize> = said["args_in_outputs"][name].as_array().into_iter().flatten().map(place).collect();
        for (document, output) in read.iter().enumerate() {
            let is_found = traced.in_documents.iter().any(|o| o.document == document);
            documents.count(is_found == labelled.contains(output));
        }
    }
}

impl Session {
    fn of(record: &Value) -> Self {
        let messages = record["messages"].as_array().expect("messages");
        let words = messages.iter().find(|m| m["role"] == "user").map(|m| text(&m["content"])).unwrap_or_default();
        let (mut calls, mut turn): (Vec<Call>, usize) = (Vec::new(), 0);
        let (mut ids, mut waiting): (Vec<&Value>, Vec<usize>) = (Vec::new(), Vec::new());
        for message in messages {
            if message["role"] == "assistant" {
                turn += 1;
                for made in message["tool_calls"].as_array().into_iter().flatten() {
                    waiting.push(calls.len());
                    ids.push(&made["id"]);
                    let (function, arguments) = (made["function"].as_str().expect("a name").to_owned(), made["args"].clone());
                    calls.push(Call { function, arguments, turn, output: None });
                }
            } else if message["role"] == "tool" && !waiting.is_empty() {
                let answered = waiting.iter().position(|i| !ids[*i].is_null() && *ids[*i] == message["tool_call_id"]).unwrap_or(0);
                let (content, error) = (text(&message["content"]), text(&message["error"]));
                calls[waiting.remove(answered)].output = Some((turn, if content.is_empty() { error } else { content }));
            }
        }
        Self { words, calls }
    }

    fn read_before(&self, call: &Call) -> Vec<usize> {
        let is_before = |c: &Call| c.output.as_ref().is_some_and(|(turn, _)| *turn < call.turn);
        (0..self.calls.len()).filter(|i| is_before(&self.calls[*i])).collect()
    }

    fn attribute(&self, call: &Call, read: &[usize], changes_something: bool) -> Attribution {
        let outputs = || read.iter().filter_map(|i| self.calls[*i].output.as_ref().map(|(_, output)| output.as_str()));
        let contents: HashMap<DocumentHash, &str> =
            outputs().chain([self.words.as_str()]).map(|c| (DocumentHash::of(c.as_bytes()), c)).collect();
        let action = Action {
            arguments: Some(json(&call.arguments.to_string())),
            trigger: Some(trigger(TriggerKind::HumanMessage, Some(&self.words))),
            context: Some(outputs().map(|o| document(DocumentOrigin::ToolOutput, Some(o))).collect()),
            ..action(&call.function)
        };
        let circumstances = Circumstances { changes_something, is_own_act: false, is_confirmed: false };
        attribute(&action, &|hash| contents.get(hash).map(|c| Cow::Borrowed(c.as_bytes())), circumstances)
    }
}

fn lines(path: &Path) -> impl Iterator<Item = String> {
    BufReader::new(GzDecoder::new(File::open(path).expect("readable"))).lines().map(|line| line.expect("a line"))
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|p| p["text"].as_str().or(p["content"].as_str()).unwrap_or_default()).collect(),
        _ => String::new(),
    }
}

fn place(number: &Value) -> usize {
    number.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a place")
}
