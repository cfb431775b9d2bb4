//! What has been checked of the ledger, when, by whom and how much of it; what has not; and how to check without this server.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::{Badge, Copyable, Tone};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::when::When;

/// The integrity page.
#[derive(Clone, Debug, Template)]
#[template(path = "integrity.html")]
pub struct Integrity {
    /// Around it.
    pub frame: Frame,
    /// Every check, those that did not run included.
    pub checks: Vec<Check>,
    /// The newest checkpoints.
    pub checkpoints: Vec<CheckpointRow>,
    /// The newest checkpoint, as signed: a C2SP note.
    pub newest: Option<String>,
    /// Origin, verifier key and the like.
    pub key: Vec<Fact>,
    /// The command that verifies a copy of the data directory.
    pub command: Copyable,
    /// Past failures, which never roll off.
    pub failures: Vec<Sentence>,
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Name, result and coverage.
    pub line: CheckLine,
    /// What it looks at, or what it found, in a sentence.
    pub meaning: Sentence,
    /// When it last ran.
    pub when: Option<When>,
    /// Who ran it.
    pub by: &'static str,
}

/// One check in a line.
#[derive(Clone, Debug)]
pub struct CheckLine {
    /// `Every entry hashes to its link`.
    pub name: &'static str,
    /// How it went.
    pub state: CheckState,
    /// `48 112 of 48 112`: never green without it.
    pub covered: Sentence,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// True of everything there is.
    Passed,
    /// True of what it covered.
    Partly,
    /// It passed too long ago.
    Old,
    /// Nobody looked.
    NotRun,
    /// False.
    Failed,
}

impl CheckState {
    /// The state as pages show it.
    pub fn badge(self) -> Badge {
        match self {
            Self::Passed => Badge::new(Tone::Ok, "PASSED"),
            Self::Partly => Badge::new(Tone::Warn, "PARTLY"),
            Self::Old => Badge::new(Tone::Unknown, "OLD"),
            Self::NotRun => Badge::new(Tone::Unknown, "NOT RUN"),
            Self::Failed => Badge::new(Tone::Bad, "FAILED"),
        }
    }
}

/// One checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointRow {
    /// How many entries it covers, with thin spaces.
    pub size: String,
    /// The root hash.
    pub root: Copyable,
    /// When the last entry under it was recorded; it was signed within moments.
    pub recorded: When,
}
