//! One entry as the ledger holds it: header, members, what verifies, and its neighbours in the chain.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::integrity::CheckLine;
use crate::ui::part::{Badge, Tone};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::untrusted::{Untrusted, Verbatim};

/// The page of an entry.
#[derive(Clone, Debug, Template)]
#[template(path = "entry.html")]
pub struct EntryPage {
    /// Around it.
    pub frame: Frame,
    /// Its leaf index, with thin spaces.
    pub index: String,
    /// What kind of event it holds.
    pub entry_type: String,
    /// What it is about: the action, delegation or person.
    pub about: Option<Sentence>,
    /// The entry before it.
    pub earlier: Option<String>,
    /// The entry after it.
    pub later: Option<String>,
    /// Leaf hash, link to the entry before, time, commitment.
    pub facts: Vec<Fact>,
    /// What was found.
    pub findings: Vec<Badge>,
    /// What was recomputed for this page.
    pub checks: Vec<CheckLine>,
    /// The members of its payload.
    pub members: Vec<Member>,
    /// The entry, byte for byte.
    pub bytes: Verbatim,
    /// The `.tlog-proof`, once a checkpoint covers it.
    pub proof: Option<String>,
}

/// One member of a payload.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name, a JSON Pointer.
    pub pointer: Untrusted,
    /// What is there.
    pub value: MemberValue,
}

/// What is there of a member.
#[derive(Clone, Debug)]
pub enum MemberValue {
    /// Its value, as JSON.
    Shown(Untrusted),
    /// It was erased; the manifest still names it.
    Erased,
    /// The reader may not see it.
    Withheld,
}
