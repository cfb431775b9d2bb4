//! The walk as a page shows it (UI.md 2.4): numbered steps on a rail, from the human to the action, dashed from the first breach.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::finding::Level;
use crate::ui::part::{Badge, Icon, Tone};
use crate::ui::sentence::Sentence;
use crate::ui::untrusted::Quoted;

/// All steps.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "part/walk.html")]
pub struct WalkList {
    /// From the human to the confirmation.
    pub steps: Vec<Step>,
}

impl HtmlSafe for WalkList {}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number; reasons lead to it by `#s6`.
    pub number: u32,
    /// What stands there.
    pub kind: StepKind,
    /// Its name: who, or which delegation, action, document.
    pub name: Sentence,
    /// What was found about it.
    pub findings: Vec<Badge>,
    /// The worst level among them.
    pub worst: Option<Level>,
    /// One to three facts.
    pub facts: Vec<Sentence>,
    /// How well it is proved: `On the word of billing`, `Given in a human session`.
    pub evidence: Option<Sentence>,
    /// Words of others: a purpose, a passage.
    pub quotes: Vec<Quoted>,
    /// The delegation compared with the action; at the action only.
    pub diff: Vec<DiffRow>,
    /// Whether authority is broken here or before: the rail to this step is dashed and red.
    pub is_after_breach: bool,
}

/// What stands at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The human at the root.
    Person,
    /// A service that gave the root.
    Service,
    /// The root delegation.
    Delegation,
    /// A delegation passed on.
    SubDelegation,
    /// An agent.
    Agent,
    /// What was done.
    Action,
    /// Something the model had read.
    Document,
    /// A human's approval or denial, or that there is none.
    Confirmation,
    /// Something that the ledger does not hold.
    Missing,
}

impl StepKind {
    const fn words(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
            Self::Delegation => "delegation",
            Self::SubDelegation => "sub-delegation",
            Self::Agent => "agent",
            Self::Action => "action",
            Self::Document => "document read before the action",
            Self::Confirmation => "confirmation",
            Self::Missing => "missing",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Person => Icon::Human,
            Self::Service => Icon::Service,
            Self::Delegation | Self::SubDelegation => Icon::Key,
            Self::Agent => Icon::Agent,
            Self::Action => Icon::Action,
            Self::Document => Icon::Document,
            Self::Confirmation => Icon::Tick,
            Self::Missing => Icon::Dashed,
        }
    }

    /// Round for somebody, square for paper.
    const fn shape(self) -> &'static str {
        match self {
            Self::Person => "who human",
            Self::Service => "who service",
            Self::Agent => "who agent",
            Self::Delegation | Self::SubDelegation | Self::Action | Self::Document | Self::Confirmation => "paper",
            Self::Missing => "paper unknown",
        }
    }
}

impl Step {
    /// A step without findings, facts or breach.
    pub fn new(number: u32, kind: StepKind, name: impl Into<Sentence>) -> Self {
        Self {
            number,
            kind,
            name: name.into(),
            findings: Vec::new(),
            worst: None,
            facts: Vec::new(),
            evidence: None,
            quotes: Vec::new(),
            diff: Vec::new(),
            is_after_breach: false,
        }
    }

    fn tone_class(&self) -> &'static str {
        match self.worst {
            Some(level @ (Level::Warn | Level::Bad | Level::Unknown)) => Tone::of(level).class(),
            None | Some(Level::Info) => "",
        }
    }

    fn dot(&self) -> Icon {
        match (self.worst, self.kind) {
            (Some(Level::Bad), StepKind::Action | StepKind::Confirmation) => Icon::Cross,
            _ => self.kind.icon(),
        }
    }
}

/// One term of the delegation, and what the action did with it.
#[derive(Clone, Debug)]
pub struct DiffRow {
    /// Scope, resource, a constraint, time, depth.
    pub term: Sentence,
    /// How they compare.
    pub result: Within,
    /// What the chain allows.
    pub allows: Sentence,
    /// What the action did.
    pub did: Sentence,
}

/// How an action compares with one term of its delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Inside.
    Within,
    /// Outside.
    Outside,
    /// Nobody could tell: a fact is missing.
    NotChecked,
}

impl Within {
    const fn class(self) -> &'static str {
        match self {
            Self::Within => "",
            Self::Outside => "outside",
            Self::NotChecked => "unchecked",
        }
    }

    fn badge(self) -> Badge {
        match self {
            Self::Within => Badge::new(Tone::Ok, "WITHIN"),
            Self::Outside => Badge::new(Tone::Bad, "OUTSIDE"),
            Self::NotChecked => Badge::new(Tone::Unknown, "NOT CHECKED"),
        }
    }
}
