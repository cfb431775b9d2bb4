//! A recording as events of the ledger: ids from hashes, times from a base, the shape of DESIGN.md section 3.
//!
//! Pure: the same recording at the same place of its file always gives the same events, so that importing twice adds nothing.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::cli::import::limits;
use crate::cli::import::recording::{Call, Document, Recording, Step, SubDelegation};
use crate::tlog::hash::{DocumentHash, sha256, to_hex};
use crate::tlog::json::Value as Canonical;
use crate::tlog::time::Timestamp;

/// How long a root delegation holds after the session's last step.
const HOLDS_AFTER_LAST_STEP_MS: i64 = 3_600_000;
/// Hexadecimal digits of a hash that stand in an id behind its prefix.
const ID_DIGITS: usize = 32;

/// Where a recording stands and when it is said to have begun.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The envelope's `source`.
    pub source: &'a str,
    /// The envelope's `source_path`.
    pub source_path: &'a str,
    /// The time of step 0.
    pub begins: Timestamp,
}

/// The recording as events: step 0 is the root delegation, each later one a sub-delegation or an action, a millisecond apart.
/// `None` if the times leave the years that have four digits.
pub fn events_of(recording: &Recording, place: Place<'_>) -> Option<Vec<Value>> {
    let last_step = i64::try_from(recording.steps.len()).ok()?;
    let ends = place.begins.plus_ms(last_step)?.plus_ms(HOLDS_AFTER_LAST_STEP_MS)?;
    let mut writer = Writer { recording, place, ends, delegations: HashMap::new(), step: 0 };
    let mut events = vec![writer.root()];
    for step in &recording.steps {
        writer.step += 1;
        events.push(match step {
            Step::SubDelegation(given) => writer.sub_delegation(given),
            Step::Call(call) => writer.action(call),
        });
    }
    events.iter_mut().for_each(limits::fit);
    Some(events)
}

/// Hex SHA-256 of the canonical JSON array `[source, source_path, step]`: no two places of a recording share it.
pub fn event_id(source: &str, source_path: &str, step: u32) -> String {
    let place = Canonical::Array(vec![source.into(), source_path.into(), step.into()]);
    to_hex(&sha256(place.to_canonical().as_bytes()))
}

struct Writer<'a> {
    recording: &'a Recording,
    place: Place<'a>,
    ends: Timestamp,
    /// Sub-delegations so far, by the agent that holds them.
    delegations: HashMap<&'a str, String>,
    step: u32,
}

impl<'a> Writer<'a> {
    fn id(&self, step: u32) -> String {
        event_id(self.place.source, self.place.source_path, step)
    }

    fn prefixed(&self, prefix: &str, step: u32) -> String {
        format!("{prefix}-{}", &self.id(step)[..ID_DIGITS])
    }

    fn time(&self) -> String {
        self.place.begins.plus_ms(self.step.into()).expect("earlier than the end, which events_of has looked at").to_string()
    }

    /// The members of every event. The trace is the session's: derived, because none was recorded.
    fn common(&self, event_type: &str) -> Map<String, Value> {
        object(json!({
            "type": event_type, "event_id": self.id(self.step), "occurred_at": self.time(),
            "extensions": {"import": {
                "source": self.place.source, "source_path": self.place.source_path, "step": self.step, "time": "synthetic",
            }},
        }))
    }

    fn granted(&self, delegator: &Value, agent_id: &str, scope: &[String], purpose: &str) -> Map<String, Value> {
        let mut event = self.common("delegation.granted");
        event.extend(object(json!({
            "delegation_id": self.prefixed("dlg", self.step), "delegator": delegator, "delegate": {"agent_id": agent_id},
            "human_principal_id": self.recording.human_principal_id, "scope": scope,
            "issued_at": self.time(), "expires_at": self.ends.to_string(),
        })));
        put_text(&mut event, "purpose", Some(purpose));
        event
    }

    fn root(&self) -> Value {
        let recording = self.recording;
        let human = json!({"kind": "human", "id": recording.human_principal_id});
        Value::Object(self.granted(&human, &recording.agent_id, &recording.scope, &recording.purpose))
    }

    fn sub_delegation(&mut self, given: &'a SubDelegation) -> Value {
        let delegator = json!({"kind": "agent", "id": self.recording.agent_id});
        let mut event = self.granted(&delegator, &given.agent_id, &given.scope, &given.purpose);
        event.insert("parent_delegation_id".to_owned(), self.prefixed("dlg", 0).into());
        self.delegations.insert(&given.agent_id, self.prefixed("dlg", self.step));
        Value::Object(event)
    }

    fn action(&self, call: &Call) -> Value {
        let mut event = self.common("action.recorded");
        let mut action = object(json!({"name": call.name, "resource": call.resource, "arguments": call.arguments}));
        if let Some(token) = &call.required_scope {
            action.insert("required_scope".to_owned(), json!([token]));
        }
        let mut decision = object(json!({"policy_version": self.recording.policy_version, "effect": "allow"}));
        put_text(&mut decision, "policy_sha256", self.recording.policy.as_deref().map(hash_of).as_deref());
        let mut outcome = object(json!({"status": call.status.as_str()}));
        put_text(&mut outcome, "result_sha256", call.result.as_deref().map(hash_of).as_deref());
        event.extend(object(json!({
            "action_id": self.prefixed("act", self.step), "actor": self.actor(call), "request": {"trace_id": &self.id(0)[..ID_DIGITS]},
            "decision": decision, "action": action, "outcome": outcome, "context": call.context.iter().map(document).collect::<Vec<_>>(),
        })));
        if let Some(words) = &call.said_by_human {
            let mut trigger = object(json!({"kind": "human_message", "principal_id": self.recording.human_principal_id}));
            put_text(&mut trigger, "content", Some(words));
            event.insert("trigger".to_owned(), Value::Object(trigger));
        }
        let mut event = Value::Object(event);
        let said = &mut event["extensions"]["import"];
        said["trace"] = "derived".into();
        if let Some(id) = &call.call_id {
            said["call_id"] = id.as_str().into();
        }
        event
    }

    fn actor(&self, call: &Call) -> Map<String, Value> {
        let root = || self.prefixed("dlg", 0);
        let (agent_id, delegation_id) = match &call.sub_agent_id {
            Some(agent) => (agent, self.delegations.get(agent.as_str()).cloned().unwrap_or_else(root)),
            None => (&self.recording.agent_id, root()),
        };
        let mut actor = object(json!({
            "caller_class": "agent", "human_principal_id": self.recording.human_principal_id, "agent_id": agent_id, "delegation_id": delegation_id,
        }));
        put_text(&mut actor, "model_version", call.model_version.as_deref());
        // The recordings name no prompt: it goes by the hash of its text.
        let prompt = call.prompt.as_deref().filter(|p| !p.is_empty()).map(hash_of);
        put_text(&mut actor, "prompt_id", prompt.as_deref());
        put_text(&mut actor, "prompt_sha256", prompt.as_deref());
        actor
    }
}

fn document(document: &Document) -> Value {
    json!({
        "uri": document.uri, "store": document.store, "sha256": hash_of(&document.content),
        "origin": document.origin.as_str(), "content": document.content,
    })
}

fn hash_of(text: &str) -> String {
    DocumentHash::of(text.as_bytes()).to_hex()
}

fn put_text(object: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        object.insert(name.to_owned(), text.into());
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
