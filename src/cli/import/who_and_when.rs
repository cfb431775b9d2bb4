//! Who&When runs (<https://github.com/ag2ai/Agents_Failure_Attribution>, MIT): a group of agents talking about a human's question.
//!
//! Calls, models and times are not recorded. Each agent that speaks holds a sub-delegation, and each of its turns is one action.
//! Which scope a turn needs is not recorded either, so none is stated.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::import::conversation::Conversation;
use crate::cli::import::recording::{Call, Document, Recording, Step, SubDelegation};
use crate::domain::action::{DocumentOrigin, OutcomeStatus};
use crate::tlog::hash::{sha256, to_hex};

/// Who hands each speaker its part.
const MANAGER: &str = "group-chat";
const POLICY: &str = "captain-agent";
/// How the program is called that runs what the others write.
const TERMINALS: [&str; 2] = ["Computer_terminal", "ComputerTerminal"];

#[derive(Deserialize)]
struct Record {
    question: String,
    #[serde(rename = "question_ID")]
    question_id: String,
    history: Vec<Turn>,
    #[serde(default)]
    system_prompt: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    name: Option<String>,
    content: String,
}

impl Turn {
    /// Who speaks: by name, else by role without what stands in brackets behind it.
    fn speaker(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.role.split(" (").next().unwrap_or(&self.role)).trim()
    }
}

/// Takes one record apart.
pub fn recording_of(record: &Value) -> Result<Recording, String> {
    let record = Record::deserialize(record).map_err(|e| format!("not a Who&When run: {e}"))?;
    if let Some(n) = record.history.iter().position(|turn| turn.speaker().is_empty()) {
        return Err(format!("/record/history/{n} names no speaker"));
    }
    let speakers = record.history.iter().filter(|turn| !is_human(turn)).map(Turn::speaker);
    let group: BTreeSet<&str> = record.system_prompt.keys().map(String::as_str).chain(speakers).collect();
    Ok(Recording {
        human_principal_id: format!("user:{}", &to_hex(&sha256(record.question_id.as_bytes()))[..12]),
        agent_id: MANAGER.to_owned(),
        scope: group.into_iter().map(scope_of).collect(),
        purpose: record.question.clone(),
        policy_version: POLICY.to_owned(),
        policy: None,
        steps: steps_of(&record),
    })
}

fn scope_of(agent: &str) -> String {
    format!("agent:{agent}")
}

fn is_human(turn: &Turn) -> bool {
    turn.role == "human"
}

fn steps_of(record: &Record) -> Vec<Step> {
    let uri = |n: &str| format!("whowhen://{}/{n}", record.question_id);
    let mut chat = Conversation::default();
    chat.human_says(Document {
        uri: uri("question"),
        store: "chat".to_owned(),
        origin: DocumentOrigin::User,
        content: record.question.clone(),
    });
    let mut given: BTreeSet<&str> = BTreeSet::new();
    for (n, turn) in record.history.iter().enumerate() {
        let uri = uri(&n.to_string());
        if is_human(turn) {
            chat.human_says(Document { uri, store: "chat".to_owned(), origin: DocumentOrigin::User, content: turn.content.clone() });
            continue;
        }
        let speaker = turn.speaker();
        let prompt = record.system_prompt.get(speaker);
        if given.insert(speaker) {
            let purpose = prompt.cloned().unwrap_or_default();
            chat.happens(Step::SubDelegation(SubDelegation { agent_id: speaker.to_owned(), scope: vec![scope_of(speaker)], purpose }));
        }
        let call = turn_of(turn, prompt, &chat);
        chat.calls(call);
        let (store, origin) = if is_terminal(speaker) { ("terminal", DocumentOrigin::ToolOutput) } else { ("chat", DocumentOrigin::Agent) };
        chat.reads(Document { uri, store: store.to_owned(), origin, content: turn.content.clone() });
    }
    chat.into_steps()
}

fn is_terminal(speaker: &str) -> bool {
    TERMINALS.contains(&speaker)
}

fn turn_of(turn: &Turn, prompt: Option<&String>, chat: &Conversation) -> Call {
    let speaker = turn.speaker();
    let text = turn.content.as_str();
    let (name, resource, arguments, status) = if is_terminal(speaker) {
        ("terminal.execute", "terminal".to_owned(), json!({"output": text}), terminal_status(text))
    } else {
        let name = if text.contains("```") { "code.propose" } else { "message.post" };
        (name, scope_of(speaker), json!({"text": text}), OutcomeStatus::Succeeded)
    };
    Call {
        sub_agent_id: Some(speaker.to_owned()),
        model_version: None,
        prompt: prompt.cloned(),
        name: name.to_owned(),
        resource,
        required_scope: None,
        arguments,
        status,
        result: is_terminal(speaker).then(|| text.to_owned()),
        said_by_human: chat.latest_words(),
        context: chat.context(),
        call_id: None,
    }
}

/// What the terminal says of itself; it prints an exit code, or that there was nothing to run.
fn terminal_status(text: &str) -> OutcomeStatus {
    let text = text.trim_start();
    match text.strip_prefix("exitcode: ").map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()) {
        Some(Some("0")) => OutcomeStatus::Succeeded,
        Some(_) => OutcomeStatus::Failed,
        None if text.starts_with("There is no code") => OutcomeStatus::Failed,
        None => OutcomeStatus::Indeterminate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speaker_gets_one_sub_delegation_and_every_turn_is_an_action() {
        let recording = recording_of(&json!({"question": "how many?", "question_ID": "q1", "is_correct": false,
        "system_prompt": {"Counter": "you count", "Silent": "you wait"}, "history": [
            {"role": "assistant", "name": "Counter", "content": "```python\nprint(1)```"},
            {"role": "user", "name": "Computer_terminal", "content": "exitcode: 0 (execution succeeded)\n1"},
            {"role": "user", "name": "Counter", "content": "one"},
            {"role": "user", "name": "Computer_terminal", "content": "exitcode: 10 (execution failed)"},
            {"role": "user", "name": "Computer_terminal", "content": "There is no code for me to execute."},
        ]}))
        .unwrap();
        assert_eq!(recording.human_principal_id, format!("user:{}", &to_hex(&sha256(b"q1"))[..12]));
        assert_eq!(recording.scope, ["agent:Computer_terminal", "agent:Counter", "agent:Silent"]);
        let shape: Vec<String> = recording
            .steps
            .iter()
            .map(|step| match step {
                Step::SubDelegation(given) => format!("gives {} {}", given.agent_id, given.scope.join(" ")),
                Step::Call(call) => format!("{} {} {}", call.sub_agent_id.as_deref().unwrap(), call.name, call.status.as_str()),
            })
            .collect();
        assert_eq!(
            shape,
            [
                "gives Counter agent:Counter",
                "Counter code.propose succeeded",
                "gives Computer_terminal agent:Computer_terminal",
                "Computer_terminal terminal.execute succeeded",
                "Counter message.post succeeded",
                "Computer_terminal terminal.execute failed",
                "Computer_terminal terminal.execute failed",
            ]
        );
        let third = recording.steps[4].as_call().unwrap();
        assert_eq!(third.context.iter().map(|d| d.origin.as_str()).collect::<Vec<_>>(), ["agent", "tool_output"]);
        assert_eq!((third.said_by_human.as_deref(), third.prompt.as_deref()), (Some("how many?"), Some("you count")));
        assert_eq!(third.required_scope, None);
    }

    #[test]
    fn a_turn_without_a_speaker_is_refused_by_its_place() {
        let refused = recording_of(&json!({"question": "?", "question_ID": "q", "history": [{"role": "", "content": "x"}]})).unwrap_err();
        assert_eq!(refused, "/record/history/0 names no speaker");
    }
}
