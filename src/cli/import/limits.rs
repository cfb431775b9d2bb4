//! Makes an event fit the ledger's limits (DESIGN.md section 3) and says in it, under `extensions.import`, what was left out.
//!
//! Ids, names and scope tokens are never shortened: a shortened one would be another one. The ledger refuses those by name.

use serde_json::{Value, json};

use crate::domain::action::{MAX_CONTENT_BYTES, MAX_CONTEXT_DOCUMENTS, MAX_RESOURCE_BYTES};
use crate::domain::event::{MAX_EVENT_BYTES, MAX_PROSE_BYTES};

/// Room kept for what this file itself adds to an event.
const MARGIN_BYTES: usize = 64 << 10;

/// Shortens what is too long, leaves out what is too much, and notes both.
pub fn fit(event: &mut Value) {
    let mut notes = Notes::default();
    for (pointer, limit) in
        [("/purpose", MAX_PROSE_BYTES), ("/action/resource", MAX_RESOURCE_BYTES), ("/trigger/content", MAX_CONTENT_BYTES)]
    {
        cut(event, pointer, limit, &mut notes);
    }
    if let Some(Value::Array(context)) = event.pointer_mut("/context") {
        // The most recent are kept: they stand nearest to the decision.
        let surplus = context.len().saturating_sub(MAX_CONTEXT_DOCUMENTS);
        context.drain(..surplus);
        notes.documents_left_out = surplus;
    }
    let count = event["context"].as_array().map_or(0, Vec::len);
    for i in 0..count {
        cut(event, &format!("/context/{i}/uri"), MAX_RESOURCE_BYTES, &mut notes);
        cut(event, &format!("/context/{i}/store"), MAX_RESOURCE_BYTES, &mut notes);
        if content_bytes(event, i) > MAX_CONTENT_BYTES {
            withhold(event, i, &mut notes);
        }
    }
    let mut size = event.to_string().len();
    // The largest contents go first, so that as few as possible go; each stays by its hash.
    while size > MAX_EVENT_BYTES - MARGIN_BYTES {
        let Some(largest) = (0..count).max_by_key(|i| content_bytes(event, *i)).filter(|i| content_bytes(event, *i) > 0) else { break };
        withhold(event, largest, &mut notes);
        size = event.to_string().len();
    }
    notes.write(event);
}

#[derive(Default)]
struct Notes {
    cut: Vec<String>,
    contents_left_out: Vec<String>,
    documents_left_out: usize,
}

impl Notes {
    fn write(mut self, event: &mut Value) {
        let said = &mut event["extensions"]["import"];
        if !self.cut.is_empty() {
            said["cut"] = json!(self.cut);
        }
        if !self.contents_left_out.is_empty() {
            self.contents_left_out.sort();
            said["contents_left_out"] = json!(self.contents_left_out);
        }
        if self.documents_left_out > 0 {
            said["earlier_documents_left_out"] = json!(self.documents_left_out);
        }
    }
}

fn cut(event: &mut Value, pointer: &str, limit: usize, notes: &mut Notes) {
    if let Some(Value::String(text)) = event.pointer_mut(pointer)
        && text.len() > limit
    {
        text.truncate(text.floor_char_boundary(limit));
        notes.cut.push(pointer.to_owned());
    }
}

fn content_bytes(event: &Value, document: usize) -> usize {
    event["context"][document]["content"].as_str().map_or(0, str::len)
}

fn withhold(event: &mut Value, document: usize, notes: &mut Notes) {
    if let Some(Value::Object(members)) = event.pointer_mut(&format!("/context/{document}"))
        && members.remove("content").is_some()
    {
        notes.contents_left_out.push(format!("/context/{document}/content"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_contents(sizes: &[usize]) -> Value {
        let context: Vec<Value> = sizes.iter().map(|n| json!({"uri": "u", "sha256": "h", "content": "c".repeat(*n)})).collect();
        json!({"context": context, "extensions": {"import": {"step": 1}}})
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let given = json!({"purpose": "p".repeat(MAX_PROSE_BYTES), "action": {"resource": "r".repeat(MAX_RESOURCE_BYTES)},
            "context": [{"content": "c".repeat(MAX_CONTENT_BYTES)}], "extensions": {"import": {"step": 1}}});
        let mut event = given.clone();
        fit(&mut event);
        assert_eq!(event, given);
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_said() {
        let mut event = json!({"action": {"resource": format!("{}ä!", "r".repeat(MAX_RESOURCE_BYTES - 1))},
            "context": [{"uri": "u".repeat(5000)}], "extensions": {"import": {}}});
        fit(&mut event);
        assert_eq!(event["action"]["resource"].as_str().unwrap(), "r".repeat(MAX_RESOURCE_BYTES - 1));
        assert_eq!(event["context"][0]["uri"].as_str().unwrap().len(), MAX_RESOURCE_BYTES);
        assert_eq!(event["extensions"]["import"], json!({"cut": ["/action/resource", "/context/0/uri"]}));
    }

    #[test]
    fn contents_too_large_stay_by_their_hash() {
        let mut event = with_contents(&[10, MAX_CONTENT_BYTES + 1]);
        fit(&mut event);
        assert_eq!(event["context"][1], json!({"uri": "u", "sha256": "h"}));
        assert_eq!(event["extensions"]["import"], json!({"step": 1, "contents_left_out": ["/context/1/content"]}));

        let mut event = with_contents(&[900_000, 1_000_000, 900_000, 900_000, 900_000, 10]);
        fit(&mut event);
        assert_eq!(event["extensions"]["import"]["contents_left_out"], json!(["/context/1/content"]));
        assert!(event.to_string().len() <= MAX_EVENT_BYTES);
        assert_eq!(content_bytes(&event, 0), 900_000);
    }

    #[test]
    fn of_too_many_documents_the_latest_are_kept() {
        let mut event = with_contents(&(0..MAX_CONTEXT_DOCUMENTS + 3).collect::<Vec<_>>());
        fit(&mut event);
        assert_eq!(event["context"].as_array().unwrap().len(), MAX_CONTEXT_DOCUMENTS);
        assert_eq!(content_bytes(&event, 0), 3);
        assert_eq!(event["extensions"]["import"]["earlier_documents_left_out"], json!(3));
    }
}
