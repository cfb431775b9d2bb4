//! One person: what she gave, who acts for her now, what was done in her name.

use askama::Template;

use crate::domain::delegation::CallerClass;
use crate::ui::frame::Frame;
use crate::ui::part::{Caller, Copyable, Named, Pages};
use crate::ui::rows::{ActionRows, DelegationRows};
use crate::ui::sentence::Fact;
use crate::ui::untrusted::Untrusted;

/// The page of a person.
#[derive(Clone, Debug, Template)]
#[template(path = "person.html")]
pub struct PersonPage {
    /// Around it.
    pub frame: Frame,
    /// Her name, or the principal as its source gave it.
    pub name: Untrusted,
    /// Her id.
    pub id: Copyable,
    /// Verdicts and findings, with counts.
    pub facts: Vec<Fact>,
    /// In her name, by caller class: how many, and where.
    pub by_class: Vec<(CallerClass, String, String)>,
    /// Agents with a delegation that holds now, and how many each.
    pub acting_now: Vec<(Named, String)>,
    /// Delegations she gave, newest first.
    pub given: DelegationRows,
    /// The newest actions in her name.
    pub actions: ActionRows,
    /// The neighbouring pages of that list.
    pub pages: Pages,
    /// Everything in her name, in the search.
    pub search: String,
}
