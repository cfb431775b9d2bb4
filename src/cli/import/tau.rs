//! tau-bench airline sessions (<https://github.com/sierra-research/tau-bench>, MIT): a customer talks, turn by turn, to an agent with tools.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::import::conversation::Conversation;
use crate::cli::import::recording::{Call, Document, Recording, Step, resource_of, uri_of};
use crate::domain::action::{DocumentOrigin, OutcomeStatus};
use crate::tlog::hash::{sha256, to_hex};
use crate::tlog::json::Value as Exact;

/// The tools of the airline domain, which is the scope (tau-bench 59a200c, `tau_bench/envs/airline/tools`).
const TOOLS: [&str; 14] = [
    "book_reservation",
    "calculate",
    "cancel_reservation",
    "get_reservation_details",
    "get_user_details",
    "list_all_airports",
    "search_direct_flight",
    "search_onestop_flight",
    "send_certificate",
    "think",
    "transfer_to_human_agents",
    "update_reservation_baggages",
    "update_reservation_flights",
    "update_reservation_passengers",
];
const AGENT: &str = "tau-airline-agent";
/// The model of the file `gpt-4o-airline.json`; no closer version was recorded.
const MODEL: &str = "gpt-4o";

#[derive(Deserialize)]
struct Record {
    info: Info,
    traj: Vec<Message>,
}

#[derive(Deserialize)]
struct Info {
    task: Task,
}

#[derive(Deserialize)]
struct Task {
    user_id: String,
}

#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Message {
    System { content: String },
    User { content: String },
    Assistant { tool_calls: Option<Vec<ToolCall>> },
    Tool { content: String, tool_call_id: String },
}

#[derive(Deserialize)]
struct ToolCall {
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    /// JSON in a string, as the model wrote it.
    arguments: String,
}

/// Takes one record apart.
pub fn recording_of(record: &Value) -> Result<Recording, String> {
    let record = Record::deserialize(record).map_err(|e| format!("not a tau-bench session: {e}"))?;
    let policy: String =
        record.traj.iter().filter_map(|m| if let Message::System { content } = m { Some(content.as_str()) } else { None }).collect();
    let purpose = record.traj.iter().find_map(|m| if let Message::User { content } = m { Some(content.clone()) } else { None });
    Ok(Recording {
        human_principal_id: record.info.task.user_id,
        agent_id: AGENT.to_owned(),
        scope: TOOLS.iter().map(|tool| format!("airline:{tool}")).collect(),
        purpose: purpose.unwrap_or_default(),
        policy_version: format!("wiki:{}", &to_hex(&sha256(policy.as_bytes()))[..16]),
        steps: steps_of(record.traj, &policy),
        policy: Some(policy),
    })
}

fn steps_of(messages: Vec<Message>, policy: &str) -> Vec<Step> {
    let mut chat = Conversation::default();
    for (n, message) in messages.into_iter().enumerate() {
        match message {
            Message::System { .. } => {}
            Message::User { content } => {
                let uri = format!("tau://airline/messages/{n}");
                chat.human_says(Document { uri, store: "chat".to_owned(), origin: DocumentOrigin::User, content });
            }
            Message::Assistant { tool_calls } => {
                let context = chat.context();
                for call in tool_calls.unwrap_or_default() {
                    make(&mut chat, call, policy, context.clone());
                }
            }
            Message::Tool { content, tool_call_id } => {
                let status = if content.starts_with("Error") { OutcomeStatus::Failed } else { OutcomeStatus::Succeeded };
                if !chat.returns(Some(&tool_call_id), status, content.clone()) {
                    let uri = format!("tau://airline/messages/{n}");
                    chat.reads(Document { uri, store: "airline".to_owned(), origin: DocumentOrigin::ToolOutput, content });
                }
            }
        }
    }
    chat.into_steps()
}

fn make(chat: &mut Conversation, call: ToolCall, policy: &str, context: Vec<Document>) {
    let arguments = arguments_of(&call.function.arguments);
    let uri = uri_of(&format!("tau://airline/{}", call.function.name), &arguments);
    let made = Call {
        sub_agent_id: None,
        model_version: Some(MODEL.to_owned()),
        prompt: Some(policy.to_owned()),
        name: format!("airline.{}", call.function.name),
        resource: resource_of("airline", &arguments),
        required_scope: Some(format!("airline:{}", call.function.name)),
        arguments,
        status: OutcomeStatus::Indeterminate,
        result: None,
        said_by_human: chat.latest_words(),
        context,
        call_id: Some(call.id),
    };
    chat.calls_for(made, uri, "airline");
}

/// The arguments as an object where they are one that the ledger can keep exactly; else the model's text as it stands.
fn arguments_of(text: &str) -> Value {
    match (Exact::parse(text.as_bytes()), serde_json::from_str::<Value>(text)) {
        (Ok(Exact::Object(_)), Ok(arguments)) => arguments,
        _ => json!({"_raw": text}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &str, id: &str) -> Value {
        json!({"role": "assistant", "content": null, "tool_calls": [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]})
    }

    fn result(content: &str, id: &str) -> Value {
        json!({"role": "tool", "name": "any", "content": content, "tool_call_id": id})
    }

    #[test]
    fn the_latest_message_is_the_trigger_and_earlier_ones_were_read() {
        let recording = recording_of(
            &json!({"task_id": 1, "trial": 0, "reward": 1.0, "info": {"task": {"user_id": "mary_major_1", "actions": []}}, "traj": [
                {"role": "system", "content": "the policy"},
                {"role": "user", "content": "hello"},
                call("get_user_details", r#"{"user_id": "mary_major_1"}"#, "c1"), result("{\"name\": \"Mary\"}", "c1"),
                {"role": "assistant", "content": "What now?"},
                {"role": "user", "content": "cancel R1"},
                call("cancel_reservation", r#"{"reservation_id": "R1"}"#, "c2"), result("Error: not yours", "c2"),
                call("calculate", r#"{"expression": 1, "expression": 2}"#, "c2"), result("2", "c2"),
            ]}),
        )
        .unwrap();
        assert_eq!((recording.human_principal_id.as_str(), recording.purpose.as_str()), ("mary_major_1", "hello"));
        assert_eq!(recording.policy_version, format!("wiki:{}", &to_hex(&sha256(b"the policy"))[..16]));
        let calls: Vec<&Call> = recording.steps.iter().filter_map(Step::as_call).collect();
        let read = |i: usize| calls[i].context.iter().map(|d| (d.origin.as_str(), d.content.as_str())).collect::<Vec<_>>();
        assert_eq!(read(0), []);
        assert_eq!(calls[0].said_by_human.as_deref(), Some("hello"));
        assert_eq!(read(1), [("user", "hello"), ("tool_output", "{\"name\": \"Mary\"}")]);
        assert_eq!(calls[1].said_by_human.as_deref(), Some("cancel R1"));
        assert_eq!(read(2).last(), Some(&("tool_output", "Error: not yours")));
        assert_eq!(calls.iter().map(|c| c.status.as_str()).collect::<Vec<_>>(), ["succeeded", "failed", "succeeded"]);
        assert_eq!(calls[1].context[1].uri, "tau://airline/get_user_details?user_id=mary_major_1");
    }

    #[test]
    fn arguments_that_cannot_be_kept_exactly_stay_as_the_models_text() {
        assert_eq!(arguments_of(r#"{"a": 1}"#), json!({"a": 1}));
        for text in [r#"{"a": 1, "a": 2}"#, "{broken", "[1]", r#"{"a": 12345678901234567890}"#] {
            assert_eq!(arguments_of(text), json!({"_raw": text}));
        }
    }
}
