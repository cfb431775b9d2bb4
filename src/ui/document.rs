//! One document, by the hash of its content: who had read it, and what they did afterwards.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::{Copyable, Named, Pages};
use crate::ui::rows::ActionRows;
use crate::ui::sentence::Fact;
use crate::ui::untrusted::Quoted;

/// Who, and how often.
pub type Readers = Vec<(Named, String)>;

/// The page of a document.
#[derive(Clone, Debug, Template)]
#[template(path = "document.html")]
pub struct DocumentPage {
    /// Around it.
    pub frame: Frame,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: Copyable,
    /// Names, stores, origins it was reported with, size.
    pub facts: Vec<Fact>,
    /// Its content, if the ledger holds it and the reader may see it.
    pub content: Option<Quoted>,
    /// Whether the ledger holds its content.
    pub is_kept: bool,
    /// Agents that had read it, and before how many actions.
    pub agents: Readers,
    /// People in whose name that was.
    pub people: Readers,
    /// `17 actions`.
    pub action_count: String,
    /// The actions that came after it.
    pub actions: ActionRows,
    /// The neighbouring pages of that list.
    pub pages: Pages,
}

impl DocumentPage {
    /// Anchor, heading, who.
    const fn readers(&self) -> [(&'static str, &'static str, &Readers); 2] {
        [("agents", "Read by", &self.agents), ("people", "In the name of", &self.people)]
    }
}
