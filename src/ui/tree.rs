//! A delegation and everything passed on below it, as nested lists that open and close without a script.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::ui::part::{Badge, Named, Sentence};

/// One delegation with its sub-delegations.
#[derive(Clone, Debug, Template)]
#[template(path = "part/tree.html")]
pub struct Branch {
    /// The delegation.
    pub delegation: Named,
    /// Who holds it.
    pub agent: Named,
    /// How its terms compare with its parent's, or when it ends.
    pub note: Sentence,
    /// Actions under it alone: `212 actions`.
    pub actions: String,
    /// Its standing where that is not plain "active", and what was found under it.
    pub badges: Vec<Badge>,
    /// Whether the page is about this one.
    pub is_here: bool,
    /// Whether its sub-delegations are shown at first.
    pub is_open: bool,
    /// What was passed on.
    pub branches: Vec<Branch>,
    /// Those that are not drawn, and where they are: `212 more`.
    pub more: Option<(String, String)>,
}

impl HtmlSafe for Branch {}

impl Branch {
    fn has_children(&self) -> bool {
        !self.branches.is_empty() || self.more.is_some()
    }
}
