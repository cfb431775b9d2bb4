//! One action: was it authorised, who stood behind it, what made the agent do it, and how we know.

use askama::Template;

use crate::domain::finding::{Level, Verdict};
use crate::ui::frame::Frame;
use crate::ui::part::{Badge, Copyable, Icon, Named, Tone};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::untrusted::{Untrusted, Verbatim};
use crate::ui::walk::WalkList;
use crate::ui::when::When;
use crate::ui::words;

/// The page of an action.
#[derive(Clone, Debug, Template)]
#[template(path = "action.html")]
pub struct ActionPage {
    /// Around it.
    pub frame: Frame,
    /// The search it was reached from.
    pub back: Option<String>,
    /// Its name: `payments.create`.
    pub name: Untrusted,
    /// Who did it.
    pub actor: Named,
    /// Its id.
    pub id: Copyable,
    /// When it happened; absent if its time is synthetic: "time not recorded".
    pub occurred: Option<When>,
    /// This page for ever.
    pub permalink: String,
    /// Whether it was authorised.
    pub verdict: VerdictBox,
    /// The whole story in one sentence.
    pub statement: Sentence,
    /// First assessment, present one and cause, where they differ.
    pub reassessment: Option<Reassessment>,
    /// From the human to the action.
    pub walk: WalkList,
    /// What the walk lacks.
    pub missing: Vec<Sentence>,
    /// What the model had read before, in order.
    pub documents: Documents,
    /// The click or the document.
    pub attribution: Attribution,
    /// What the entry holds.
    pub entry: Vec<Fact>,
    /// How far its place in the ledger is proved.
    pub proof: Proof,
    /// All reports of this action, this one included; empty if there is one only.
    pub reports: Vec<ReportRow>,
    /// The entry, byte for byte, as it was hashed.
    pub entry_bytes: Verbatim,
    /// The event as it was reported, opened against the commitment.
    pub event: Option<Verbatim>,
}

/// The answer to "was it authorised?".
#[derive(Clone, Debug)]
pub struct VerdictBox {
    /// The answer.
    pub verdict: Verdict,
    /// Why, worst first.
    pub reasons: Vec<Reason>,
    /// Whose word the root stands on, if on a word only.
    pub on_the_word_of: Option<Named>,
}

/// One reason.
#[derive(Clone, Debug)]
pub struct Reason {
    /// How much it weighs.
    pub level: Level,
    /// In a sentence.
    pub words: Sentence,
    /// The step it rests on.
    pub step: Option<u32>,
}

impl VerdictBox {
    fn tone(&self) -> Tone {
        Tone::of_verdict(self.verdict)
    }

    /// `Not authorised: 2 reasons, 1 warning`.
    fn headline(&self) -> String {
        let count = |level| u64::try_from(self.reasons.iter().filter(|reason| reason.level == level).count()).expect("reasons are few");
        let warnings = words::counted(count(Level::Warn), "warning", "warnings");
        let mut text = match self.verdict {
            Verdict::Authorised => "Authorised".to_owned(),
            Verdict::AuthorisedWithWarnings => format!("Authorised, with {warnings}"),
            Verdict::NotAuthorised => format!("Not authorised: {}", words::counted(count(Level::Bad), "reason", "reasons")),
            Verdict::Undetermined => format!("Cannot be determined: {} missing", words::counted(count(Level::Unknown), "fact", "facts")),
        };
        if matches!(self.verdict, Verdict::NotAuthorised | Verdict::Undetermined) && count(Level::Warn) > 0 {
            text = format!("{text}, {warnings}");
        }
        text
    }
}

/// A later fact that changed the assessment.
#[derive(Clone, Debug)]
pub struct Reassessment {
    /// What was found when it was recorded.
    pub first: Vec<Badge>,
    /// What is found now.
    pub present: Vec<Badge>,
    /// What changed it, when, at which entry.
    pub cause: Sentence,
}

/// What had been read before the action.
#[derive(Clone, Debug)]
pub enum Documents {
    /// Nobody said: not the same as "nothing".
    NotStated,
    /// The reporter states that nothing was read.
    Nothing,
    /// These, in order; and how many more the entry names.
    Read(Vec<DocumentRow>, u64),
}

/// One document.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// `2.1 s before`; absent if no time is known.
    pub before: Option<String>,
    /// Its name, leading to its page.
    pub document: Named,
    /// Out of which store.
    pub store: Option<Untrusted>,
    /// Who wrote it: `from outside`, `tool output`.
    pub origin: Badge,
    /// Whose word that is: `said by agent:refunds`, `recorded by tool-gateway`.
    pub said_by: Sentence,
    /// What was found about it.
    pub findings: Vec<Badge>,
}

/// Did the human ask, or did something the agent read decide?
#[derive(Clone, Debug)]
pub struct Attribution {
    /// The answer's tone.
    pub tone: Tone,
    /// `The person asked for it`.
    pub headline: &'static str,
    /// Why: the rule that matched, and what it looked at.
    pub because: Vec<Sentence>,
    /// Where each value of the action was first seen.
    pub arguments: Vec<ArgumentRow>,
}

/// One value of the action.
#[derive(Clone, Debug)]
pub struct ArgumentRow {
    /// Where it stands: `/arguments/iban`.
    pub pointer: Untrusted,
    /// What it is.
    pub value: Untrusted,
    /// Where it was first seen: `in the person's words`, `in kb://returns/7 at 118`, `nowhere`.
    pub first_seen: Sentence,
    /// Whether that is a document that others may write.
    pub is_untrusted: bool,
}

/// How far the entry's place is proved.
#[derive(Clone, Debug)]
pub struct Proof {
    /// `RECOMPUTED`, `NOT YET UNDER A CHECKPOINT`.
    pub state: Badge,
    /// What the server recomputed for this page.
    pub words: Sentence,
    /// Leaf hash, checkpoint, root.
    pub facts: Vec<Fact>,
    /// The `.tlog-proof`, once a checkpoint covers the entry.
    pub download: Option<String>,
    /// The command that checks it elsewhere.
    pub command: Copyable,
}

/// One report of the action.
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// Its entry.
    pub entry: Named,
    /// Who reported.
    pub source: Named,
    /// What it says of the outcome.
    pub outcome: &'static str,
    /// When it was recorded.
    pub recorded: When,
    /// How it compares: `agrees`, or the members that differ.
    pub compared: Sentence,
    /// Whether it is the one this page shows.
    pub is_this: bool,
}
