//! One delegation: does it hold, what does it allow, how well is it proved, what was passed on, what was done under it.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::{Badge, Copyable, Named, Pages, Tone};
use crate::ui::rows::ActionRows;
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::tree::Branch;
use crate::ui::untrusted::Quoted;

/// The page of a delegation.
#[derive(Clone, Debug, Template)]
#[template(path = "delegation.html")]
pub struct DelegationPage {
    /// Around it.
    pub frame: Frame,
    /// Its id.
    pub id: Copyable,
    /// Who gave it.
    pub delegator: Named,
    /// Who holds it.
    pub agent: Named,
    /// Whether it holds.
    pub standing: Standing,
    /// What for, in its giver's words.
    pub purpose: Option<Quoted>,
    /// Scope, resources, limits, time, depth.
    pub terms: Vec<Fact>,
    /// How it is proved, who reported it, at which entry.
    pub evidence: Vec<Fact>,
    /// From the root to this one: what each hop took away or added. Empty for a root.
    pub hops: Vec<Hop>,
    /// Everything from the root down.
    pub tree: Branch,
    /// Actions under it and everything below it.
    pub actions: ActionRows,
    /// `224 actions`.
    pub action_count: String,
    /// The neighbouring pages of that list.
    pub pages: Pages,
    /// All of them in the search.
    pub search: String,
}

/// Whether a delegation holds.
#[derive(Clone, Debug)]
pub struct Standing {
    /// As it should be, or not.
    pub tone: Tone,
    /// `Active`, `Expired`, `Revoked`, `Dead since its ancestor was revoked`.
    pub headline: &'static str,
    /// When it ends or ended, who took it back, what was found.
    pub lines: Vec<Sentence>,
}

/// One hop of authority passed on.
#[derive(Clone, Debug)]
pub struct Hop {
    /// From whom to whom.
    pub who: Sentence,
    /// Terms that the parent had and the child has not.
    pub removed: Vec<Sentence>,
    /// Terms that became tighter.
    pub lowered: Vec<Sentence>,
    /// Terms that the child has and the parent had not: never allowed.
    pub widened: Vec<Sentence>,
}

impl Hop {
    const fn columns(&self) -> [&Vec<Sentence>; 3] {
        [&self.removed, &self.lowered, &self.widened]
    }

    fn is_unchanged(&self) -> bool {
        self.removed.is_empty() && self.lowered.is_empty() && self.widened.is_empty()
    }
}
