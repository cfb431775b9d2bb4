//! Actions and delegations as rows: a table where there is room, cards on a phone. Every list of them looks the same.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::ui::part::{Badge, Copyable, Named};
use crate::ui::untrusted::Untrusted;
use crate::ui::when::When;

/// A list of actions.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "part/rows.html")]
pub struct ActionRows {
    /// What the list is, for those who hear the page.
    pub caption: &'static str,
    /// The actions, newest first.
    pub rows: Vec<ActionRow>,
}

impl HtmlSafe for ActionRows {}

impl ActionRows {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn shows_ids(&self) -> bool {
        self.rows.iter().any(|row| row.id.is_some())
    }
}

/// One action.
#[derive(Clone, Debug)]
pub struct ActionRow {
    /// When it happened; absent if the recording holds no time.
    pub occurred: Option<When>,
    /// What, leading to its page.
    pub action: Named,
    /// To what, or how much.
    pub detail: Option<Untrusted>,
    /// In whose name.
    pub human: Option<Named>,
    /// Who acted.
    pub actor: Named,
    /// What was found.
    pub findings: Vec<Badge>,
    /// Its id, where the list shows them.
    pub id: Option<Copyable>,
}

/// A list of delegations.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "part/delegation_rows.html")]
pub struct DelegationRows {
    /// What the list is, for those who hear the page.
    pub caption: &'static str,
    /// The delegations, newest first.
    pub rows: Vec<DelegationRow>,
}

impl HtmlSafe for DelegationRows {}

impl DelegationRows {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// One delegation.
#[derive(Clone, Debug)]
pub struct DelegationRow {
    /// Its id.
    pub delegation: Named,
    /// Whether it holds, and what was found about it.
    pub badges: Vec<Badge>,
    /// Who gave it.
    pub delegator: Named,
    /// Who holds it.
    pub agent: Named,
    /// When it ends; absent if the recording holds no time.
    pub ends: Option<When>,
    /// Actions under it alone, with thin spaces.
    pub actions: String,
}
