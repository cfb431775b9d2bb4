//! A chat with tool calls while it is being read from the top: what has been said and read so far, and which calls still wait.
//!
//! The calls of one turn all see what stood before the turn, never each other's results.

use crate::cli::import::recording::{Call, Document, Step};
use crate::domain::action::{DocumentOrigin, OutcomeStatus};

/// The state of a chat up to some message.
#[derive(Debug, Default)]
pub struct Conversation {
    read: Vec<Document>,
    latest_words: Option<usize>,
    steps: Vec<Step>,
    waiting: Vec<Waiting>,
}

/// A call whose result has not come yet.
#[derive(Debug)]
struct Waiting {
    step: usize,
    uri: String,
    store: String,
}

impl Conversation {
    /// The human says something: from now on this is what turns answer.
    pub fn human_says(&mut self, words: Document) {
        debug_assert_eq!(words.origin, DocumentOrigin::User);
        self.latest_words = Some(self.read.len());
        self.read.push(words);
    }

    /// The model is shown something that is no tool's result. Nothing is read in an empty text.
    pub fn reads(&mut self, document: Document) {
        if !document.content.is_empty() {
            self.read.push(document);
        }
    }

    /// What the human said last.
    pub fn latest_words(&self) -> Option<String> {
        self.latest_words.map(|i| self.read[i].content.clone())
    }

    /// Everything read so far, in order, without what the human said last: that is the trigger.
    pub fn context(&self) -> Vec<Document> {
        let has_other_place = |(i, _): &(usize, &Document)| Some(*i) != self.latest_words;
        self.read.iter().enumerate().filter(has_other_place).map(|(_, d)| d.clone()).collect()
    }

    /// Something other than a call happens.
    pub fn happens(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// A call is made whose result is recorded elsewhere or not at all.
    pub fn calls(&mut self, call: Call) {
        self.steps.push(Step::Call(Box::new(call)));
    }

    /// A call is made; its result will be known as `uri` in `store`.
    pub fn calls_for(&mut self, call: Call, uri: String, store: &str) {
        self.waiting.push(Waiting { step: self.steps.len(), uri, store: store.to_owned() });
        self.calls(call);
    }

    /// A result arrives, for the waiting call of that id; for one without an id, or with an unknown one, the oldest that waits.
    /// `false`: no call waits.
    pub fn returns(&mut self, call_id: Option<&str>, status: OutcomeStatus, text: String) -> bool {
        let is_named = |w: &Waiting| call_id.is_some() && self.steps[w.step].as_call().is_some_and(|c| c.call_id.as_deref() == call_id);
        let place = self.waiting.iter().position(is_named).unwrap_or(0);
        if self.waiting.is_empty() {
            return false;
        }
        let Waiting { step, uri, store } = self.waiting.remove(place);
        if let Step::Call(call) = &mut self.steps[step] {
            call.status = status;
            call.result = Some(text.clone());
        }
        self.reads(Document { uri, store, origin: DocumentOrigin::ToolOutput, content: text });
        true
    }

    /// What happened, in order.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}
