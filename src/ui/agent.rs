//! One agent: what it holds, for whom it acted, as which models and prompts, what it did.

use askama::Template;

use crate::domain::delegation::CallerClass;
use crate::ui::frame::Frame;
use crate::ui::part::{Badge, Caller, Copyable, Named, Pages};
use crate::ui::rows::{ActionRows, DelegationRows};
use crate::ui::sentence::Fact;
use crate::ui::untrusted::Untrusted;

/// The page of an agent.
#[derive(Clone, Debug, Template)]
#[template(path = "agent.html")]
pub struct AgentPage {
    /// Around it.
    pub frame: Frame,
    /// Its id, as heading.
    pub name: Untrusted,
    /// Its id.
    pub id: Copyable,
    /// Actions, with findings, denied, first and last seen.
    pub facts: Vec<Fact>,
    /// For whom it acted, and how often.
    pub acted_for: Vec<(Named, String)>,
    /// Which models and prompts it ran as.
    pub versions: Vec<VersionRow>,
    /// Delegations it holds or held.
    pub held: DelegationRows,
    /// Its newest actions.
    pub actions: ActionRows,
    /// The neighbouring pages of that list.
    pub pages: Pages,
    /// Everything it did, in the search.
    pub search: String,
}

/// A model or prompt that an agent ran as.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// `Model`, `Prompt`, `Policy`.
    pub kind: &'static str,
    /// Which, leading to its actions.
    pub version: Named,
    /// Whether it can still change.
    pub badges: Vec<Badge>,
    /// How often, with thin spaces.
    pub actions: String,
}
