//! The first page: what needs a person, how each caller class behaves, what was found last, what is known of integrity.

use askama::Template;

use crate::domain::delegation::CallerClass;
use crate::ui::chart::Chart;
use crate::ui::frame::Frame;
use crate::ui::integrity::CheckLine;
use crate::ui::part::{Caller, Tone};
use crate::ui::rows::ActionRows;
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::when::When;

/// The overview.
#[derive(Clone, Debug, Template)]
#[template(path = "overview.html")]
pub struct Overview {
    /// Around it.
    pub frame: Frame,
    /// The period, or that nothing was recorded yet.
    pub period: Option<Period>,
    /// What a person should look at, most urgent first.
    pub needs_a_person: Vec<Sentence>,
    /// How many things those lines count.
    pub needs_count: u64,
    /// The three classes; never a figure over them.
    pub classes: Vec<ClassCard>,
    /// The newest actions with findings.
    pub findings: ActionRows,
    /// More of the worst of them: words, and where.
    pub findings_href: Option<(&'static str, String)>,
    /// What is known of the ledger's integrity.
    pub checks: Vec<CheckLine>,
}

/// What the figures cover.
#[derive(Clone, Debug)]
pub struct Period {
    /// `Last 24 hours`.
    pub words: String,
    /// Its start.
    pub from: When,
    /// Its end.
    pub to: When,
    /// A link that always means exactly this period.
    pub href: String,
    /// What else may be chosen: words, address, whether it is this one.
    pub choices: Vec<(String, String, bool)>,
}

/// One caller class.
#[derive(Clone, Debug)]
pub struct ClassCard {
    /// Which.
    pub class: CallerClass,
    /// `42 880 actions`.
    pub actions: String,
    /// Their search.
    pub href: String,
    /// They, period by period.
    pub chart: Chart,
    /// Denied, times, burst, replays.
    pub facts: Vec<Fact>,
}
