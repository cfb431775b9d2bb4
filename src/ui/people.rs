//! The people in whose name something was done, and the agents that did it, with counts.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::{Badge, Named, Pages};
use crate::ui::when::When;

/// The list of people and agents.
#[derive(Clone, Debug, Template)]
#[template(path = "people.html")]
pub struct People {
    /// Around it.
    pub frame: Frame,
    /// Humans at the root of something, or acting themselves.
    pub people: Party,
    /// Agents.
    pub agents: Party,
}

impl People {
    /// Anchor, heading, first column, second column, rows.
    const fn parties(&self) -> [(&'static str, &'static str, &'static str, &'static str, &Party); 2] {
        [("people", "People", "Person", "Delegations given", &self.people), ("agents", "Agents", "Agent", "Delegations held", &self.agents)]
    }
}

/// One of the two lists.
#[derive(Clone, Debug, Default)]
pub struct Party {
    /// `3 people`.
    pub count: String,
    /// One page of them.
    pub rows: Vec<PartyRow>,
    /// The neighbouring pages.
    pub pages: Pages,
}

/// Somebody.
#[derive(Clone, Debug)]
pub struct PartyRow {
    /// Who.
    pub who: Named,
    /// Delegations given (people) or held (agents).
    pub delegations: String,
    /// Actions in the person's name, or by the agent.
    pub actions: String,
    /// Those with a finding.
    pub with_findings: String,
    /// What was found most often, or that a principal is not a known person.
    pub badges: Vec<Badge>,
    /// When the newest action happened.
    pub latest: Option<When>,
}
