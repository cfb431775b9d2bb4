//! One recorded session, taken apart, before it becomes events: who gave what to whom, and what was called after reading what.
//!
//! Every format ends here; `write` alone knows what an event looks like.

use serde_json::Value;

use crate::domain::action::{DocumentOrigin, OutcomeStatus};

/// What one session of some format recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// In whose name.
    pub human_principal_id: String,
    /// To which agent the human gave the root delegation.
    pub agent_id: String,
    /// With which scope: the tools it was given.
    pub scope: Vec<String>,
    /// What for: the human's first words.
    pub purpose: String,
    /// Under which policy.
    pub policy_version: String,
    /// That policy's text, where it was recorded.
    pub policy: Option<String>,
    /// In the order they happened.
    pub steps: Vec<Step>,
}

/// Something that happened in a session after it began.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The root's delegate passed part of its authority on.
    SubDelegation(SubDelegation),
    /// A tool was called, or an agent took its turn.
    Call(Box<Call>),
}

/// Part of the root delegation, passed on to another agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubDelegation {
    /// To whom.
    pub agent_id: String,
    /// With which scope.
    pub scope: Vec<String>,
    /// What it was told to do.
    pub purpose: String,
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Who acted, under the sub-delegation that an earlier step gave; `None`: the root's delegate, under the root.
    pub sub_agent_id: Option<String>,
    /// The model, where it is recorded.
    pub model_version: Option<String>,
    /// The system prompt, where it is recorded.
    pub prompt: Option<String>,
    /// The action's name: `banking.send_money`.
    pub name: String,
    /// To what.
    pub resource: String,
    /// The scope token that it needs, where the recording's scopes name operations.
    pub required_scope: Option<String>,
    /// With what.
    pub arguments: Value,
    /// How it went; [`OutcomeStatus::Indeterminate`] if no result was recorded.
    pub status: OutcomeStatus,
    /// What came back.
    pub result: Option<String>,
    /// The human's message that the turn answers.
    pub said_by_human: Option<String>,
    /// What had been read before the turn, in order.
    pub context: Vec<Document>,
    /// The recording's own id of the call.
    pub call_id: Option<String>,
}

/// Something that the model had read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it came from.
    pub uri: String,
    /// Out of which store.
    pub store: String,
    /// Who wrote it.
    pub origin: DocumentOrigin,
    /// Its text.
    pub content: String,
}

impl Step {
    /// The call, if it is one.
    pub fn as_call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            Self::SubDelegation(_) => None,
        }
    }
}

/// Names of arguments that say what an action is done to; the first one present is the resource.
const RESOURCE_ARGUMENTS: [&str; 26] = [
    "file_path",
    "file_id",
    "filename",
    "reservation_id",
    "order_id",
    "recipient",
    "recipients",
    "channel",
    "url",
    "user",
    "user_id",
    "user_email",
    "hotel",
    "hotel_names",
    "restaurant",
    "restaurant_names",
    "company",
    "company_name",
    "event_id",
    "email_id",
    "id",
    "city",
    "query",
    "path",
    "text",
    "timezone",
];

/// What an action was done to, out of its arguments: `slack:channel:general`, else the store alone.
pub fn resource_of(store: &str, arguments: &Value) -> String {
    let stated = RESOURCE_ARGUMENTS.iter().find_map(|name| Some((name, as_text(arguments.get(name)?)?)));
    stated.map_or_else(|| store.to_owned(), |(name, value)| format!("{store}:{name}:{value}"))
}

/// `scheme://place?argument=value&…`: names a tool's answer by the call that brought it.
pub fn uri_of(scheme_and_place: &str, arguments: &Value) -> String {
    let encoded = |text: &str| crate::cli::client::percent_encoded(text).replace("%20", "+");
    let pairs = arguments.as_object().into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={}", encoded(name), encoded(&text))
    });
    format!("{scheme_and_place}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(members) if members.is_empty() => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_resource_is_the_first_argument_that_names_something() {
        assert_eq!(resource_of("bank", &json!({"amount": 3, "recipient": "X", "id": 7})), "bank:recipient:X");
        assert_eq!(resource_of("bank", &json!({"recipient": "", "user": null, "id": 7})), "bank:id:7");
        assert_eq!(resource_of("bank", &json!({"amount": 3})), "bank");
        assert_eq!(resource_of("bank", &json!([1])), "bank");
    }

    #[test]
    fn a_tools_answer_is_named_by_its_call() {
        assert_eq!(uri_of("x://s/read", &json!({"a b": "c&d", "n": 2})), "x://s/read?a+b=c%26d&n=2");
        assert_eq!(uri_of("x://s/read", &json!({})), "x://s/read?");
    }
}
