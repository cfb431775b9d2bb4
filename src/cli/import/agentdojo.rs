//! AgentDojo sessions (<https://github.com/ethz-spylab/agentdojo>, MIT): one agent, one suite of tools, one prompt of one human.
//!
//! Tool results hold prompt injections on purpose. They are documents here, never anything else.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::import::conversation::Conversation;
use crate::cli::import::recording::{Call, Document, Recording, Step, resource_of, uri_of};
use crate::domain::action::{DocumentOrigin, OutcomeStatus};

/// The tools each suite gave its agent, which is the scope: `agentdojo_suite_tools.json`, dumped from `agentdojo==0.1.29`, suites v1.1.
const SUITE_TOOLS: [(&str, [&str; 11]); 2] = [
    (
        "banking",
        [
            "get_iban",
            "send_money",
            "schedule_transaction",
            "update_scheduled_transaction",
            "get_balance",
            "get_most_recent_transactions",
            "get_scheduled_transactions",
            "read_file",
            "get_user_info",
            "update_password",
            "update_user_info",
        ],
    ),
    (
        "slack",
        [
            "get_channels",
            "add_user_to_channel",
            "read_channel_messages",
            "read_inbox",
            "send_direct_message",
            "send_channel_message",
            "get_users_in_channel",
            "invite_user_to_slack",
            "remove_user_from_slack",
            "get_webpage",
            "post_webpage",
        ],
    ),
];

/// What a pipeline's name ends in when a defence was added to the model.
const DEFENCES: [&str; 4] = ["transformers_pi_detector", "tool_filter", "spotlighting_with_delimiting", "repeat_user_prompt"];

/// The human of the benchmark, where the system prompt does not name her.
const DEFAULT_HUMAN: (&str, &str) = ("Emma", "Johnson");

#[derive(Deserialize)]
struct Record {
    suite_name: String,
    pipeline_name: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Message {
    System { content: String },
    User { content: String },
    Assistant { tool_calls: Option<Vec<ToolCall>> },
    Tool { content: Option<String>, error: Option<String>, tool_call_id: Option<String>, tool_call: Option<ToolCall> },
}

#[derive(Deserialize)]
struct ToolCall {
    function: String,
    args: Value,
    id: Option<String>,
}

/// Takes one record apart.
pub fn recording_of(record: &Value) -> Result<Recording, String> {
    let record = Record::deserialize(record).map_err(|e| format!("not an AgentDojo session: {e}"))?;
    let suite = record.suite_name.as_str();
    let Some((_, tools)) = SUITE_TOOLS.iter().find(|(name, _)| *name == suite) else {
        return Err(format!("the suite {suite:?} is not known here, so its scope is not either: banking and slack are"));
    };
    let (model, defence) = model_and_defence(&record.pipeline_name);
    let prompt: String =
        record.messages.iter().filter_map(|m| if let Message::System { content } = m { Some(content.as_str()) } else { None }).collect();
    let purpose = record.messages.iter().find_map(|m| if let Message::User { content } = m { Some(content.clone()) } else { None });
    let session = Session { suite, model, prompt: &prompt };
    Ok(Recording {
        human_principal_id: human_of(&prompt),
        agent_id: format!("agentdojo-{suite}-assistant"),
        scope: tools.iter().map(|tool| format!("{suite}:{tool}")).collect(),
        purpose: purpose.unwrap_or_default(),
        policy_version: format!("agentdojo-v1/{defence}"),
        policy: None,
        steps: session.steps(record.messages),
    })
}

struct Session<'a> {
    suite: &'a str,
    model: &'a str,
    prompt: &'a str,
}

impl Session<'_> {
    fn steps(&self, messages: Vec<Message>) -> Vec<Step> {
        let mut chat = Conversation::default();
        for (n, message) in messages.into_iter().enumerate() {
            match message {
                Message::System { .. } => {}
                Message::User { content } => self.hear(&mut chat, n, content),
                Message::Assistant { tool_calls } => {
                    let context = chat.context();
                    for call in tool_calls.unwrap_or_default() {
                        self.call(&mut chat, call, context.clone());
                    }
                }
                Message::Tool { content, error, tool_call_id, tool_call } => {
                    let status = if error.is_some() { OutcomeStatus::Failed } else { OutcomeStatus::Succeeded };
                    // The benchmark shows the model the error in place of the result.
                    let text = content.filter(|c| !c.is_empty()).or(error).unwrap_or_default();
                    if !chat.returns(tool_call_id.as_deref(), status, text.clone()) {
                        let uri = tool_call.map_or_else(|| format!("agentdojo://{}/unknown", self.suite), |call| self.uri(&call));
                        chat.reads(Document { uri, store: self.suite.to_owned(), origin: DocumentOrigin::ToolOutput, content: text });
                    }
                }
            }
        }
        chat.into_steps()
    }

    /// The human spoke once. What stands in her role later is the pipeline's: her prompt again, or its own instruction.
    fn hear(&self, chat: &mut Conversation, n: usize, content: String) {
        let uri = format!("agentdojo://{}/messages/{n}", self.suite);
        match chat.latest_words() {
            None => chat.human_says(Document { uri, store: "chat".to_owned(), origin: DocumentOrigin::User, content }),
            Some(words) if words == content => {}
            Some(_) => chat.reads(Document { uri, store: "pipeline".to_owned(), origin: DocumentOrigin::Internal, content }),
        }
    }

    fn call(&self, chat: &mut Conversation, call: ToolCall, context: Vec<Document>) {
        let uri = self.uri(&call);
        let made = Call {
            sub_agent_id: None,
            model_version: Some(self.model.to_owned()),
            prompt: Some(self.prompt.to_owned()),
            name: format!("{}.{}", self.suite, call.function),
            resource: resource_of(self.suite, &call.args),
            required_scope: Some(format!("{}:{}", self.suite, call.function)),
            arguments: call.args,
            status: OutcomeStatus::Indeterminate,
            result: None,
            said_by_human: chat.latest_words(),
            context,
            call_id: call.id.filter(|id| !id.is_empty()),
        };
        chat.calls_for(made, uri, self.suite);
    }

    fn uri(&self, call: &ToolCall) -> String {
        uri_of(&format!("agentdojo://{}/{}", self.suite, call.function), &call.args)
    }
}

fn model_and_defence(pipeline: &str) -> (&str, &str) {
    let split = |defence: &'static str| Some((pipeline.strip_suffix(defence)?.strip_suffix('-')?, defence));
    DEFENCES.into_iter().find_map(split).unwrap_or((pipeline, "none"))
}

/// `first.last@bluesparrowtech.example`, as the suites write their user's address, from "The user's name is First Last".
fn human_of(prompt: &str) -> String {
    let named = prompt.split_once("user's name is ").and_then(|(_, rest)| {
        let mut words = rest.split(|c: char| !c.is_alphanumeric()).take(2).filter(|w| w.starts_with(|c: char| c.is_ascii_uppercase()));
        Some((words.next()?, words.next()?))
    });
    let (first, last) = named.unwrap_or(DEFAULT_HUMAN);
    format!("{first}.{last}@bluesparrowtech.example").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn session(messages: &Value) -> Recording {
        recording_of(
            &json!({"suite_name": "banking", "pipeline_name": "some-model-2024-05-13-tool_filter", "messages": messages, "error": null}),
        )
        .unwrap()
    }

    fn call(function: &str, args: &Value, id: &Value) -> Value {
        json!({"function": function, "args": args, "id": id, "placeholder_args": null})
    }

    #[test]
    fn calls_of_one_turn_do_not_see_each_others_results() {
        let recording = session(&json!([
            {"role": "system", "content": "You help. The user's name is Mary Major. Be kind."},
            {"role": "user", "content": "pay the rent"},
            {"role": "assistant", "content": null, "tool_calls": [call("read_file", &json!({"file_path": "rent.txt"}), &json!("a")), call("get_balance", &json!({}), &json!("b"))]},
            {"role": "tool", "content": "12 euro", "tool_call_id": "b", "tool_call": call("get_balance", &json!({}), &json!("b")), "error": null},
            {"role": "tool", "content": "rent is 900", "tool_call_id": "a", "tool_call": call("read_file", &json!({}), &json!("a")), "error": null},
            {"role": "user", "content": "pay the rent"},
            {"role": "assistant", "content": "now", "tool_calls": [call("send_money", &json!({"recipient": "X", "amount": 900.5}), &json!(null))]},
            {"role": "tool", "content": "", "tool_call_id": null, "tool_call": call("send_money", &json!({}), &json!(null)), "error": "ValueError: too little"},
            {"role": "assistant", "content": "sorry", "tool_calls": [call("get_iban", &json!({}), &json!("c"))]},
        ]));
        assert_eq!(recording.human_principal_id, "mary.major@bluesparrowtech.example");
        assert_eq!((recording.scope.len(), recording.scope[0].as_str()), (11, "banking:get_iban"));
        assert_eq!(recording.policy_version, "agentdojo-v1/tool_filter");
        let calls: Vec<&Call> = recording.steps.iter().filter_map(Step::as_call).collect();
        let read: Vec<Vec<&str>> = calls.iter().map(|c| c.context.iter().map(|d| d.content.as_str()).collect()).collect();
        assert_eq!(read, [vec![], vec![], vec!["12 euro", "rent is 900"], vec!["12 euro", "rent is 900", "ValueError: too little"]]);
        let status: Vec<&str> = calls.iter().map(|c| c.status.as_str()).collect();
        assert_eq!(status, ["succeeded", "succeeded", "failed", "indeterminate"]);
        assert_eq!(calls[0].result.as_deref(), Some("rent is 900"));
        assert_eq!(calls[2].context[1].uri, "agentdojo://banking/read_file?file_path=rent.txt");
        assert_eq!((calls[2].name.as_str(), calls[2].resource.as_str()), ("banking.send_money", "banking:recipient:X"));
        assert_eq!(calls[2].required_scope.as_deref(), Some("banking:send_money"));
        assert!(
            calls
                .iter()
                .all(|c| c.said_by_human.as_deref() == Some("pay the rent") && c.model_version.as_deref() == Some("some-model-2024-05-13"))
        );
    }

    #[test]
    fn the_pipelines_own_words_are_not_the_humans() {
        let recording = session(&json!([
            {"role": "system", "content": "You help."},
            {"role": "user", "content": "pay the rent"},
            {"role": "user", "content": "Choose among the tools"},
            {"role": "assistant", "content": "send_money", "tool_calls": null},
            {"role": "assistant", "content": null, "tool_calls": [call("send_money", &json!({}), &json!("a"))]},
        ]));
        let made = recording.steps[0].as_call().unwrap();
        assert_eq!(made.said_by_human.as_deref(), Some("pay the rent"));
        assert_eq!(
            made.context.iter().map(|d| (d.origin, d.content.as_str())).collect::<Vec<_>>(),
            [(DocumentOrigin::Internal, "Choose among the tools")]
        );
        assert_eq!(recording.human_principal_id, "emma.johnson@bluesparrowtech.example");
    }

    #[test]
    fn a_suite_whose_tools_are_not_known_is_refused() {
        let refused = recording_of(&json!({"suite_name": "travel", "pipeline_name": "m", "messages": []})).unwrap_err();
        assert!(refused.contains("travel"), "{refused}");
        assert!(recording_of(&json!({"messages": []})).unwrap_err().contains("suite_name"));
    }
}
