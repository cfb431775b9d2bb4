//! A delegation and everything passed on below it, as nested lists that open and close without a script.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::ui::part::{Badge, Named};
use crate::ui::sentence::Sentence;
use crate::ui::words;

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
    fn passed_on(&self) -> String {
        let drawn = u64::try_from(self.branches.len()).expect("the branches of one page are few");
        let more = if self.more.is_some() { " and more" } else { "" };
        format!("{}{more}", words::counted(drawn, "sub-delegation", "sub-delegations"))
    }

    fn has_children(&self) -> bool {
        !self.branches.is_empty() || self.more.is_some()
    }
}
