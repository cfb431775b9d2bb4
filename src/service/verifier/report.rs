//! What a verification found: each check by name, how much of how much it looked at, and the first wrong place. Nothing is valid
//! by default: a check passes only when it has looked at everything it is about.

use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::vkey::Vkey;

macro_rules! checks {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $asks:literal;)+) => {
        /// One thing that is checked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CheckName {
            $($(#[$doc])+ $variant,)+
        }

        impl CheckName {
            /// All of them, in the order of the report.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name by which scripts know it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it asks, for people.
            pub const fn asks(self) -> &'static str {
                match self { $(Self::$variant => $asks,)+ }
            }
        }
    };
}

checks! {
    /// FORMAT.md section 6, items 1 and 2.
    Entries = "entries", "entries have the one form, their own place, this ledger's origin";
    /// FORMAT.md section 6, item 4.
    Links = "links", "each entry links to the one before it and is not earlier";
    /// FORMAT.md section 6, item 4, its end.
    Commitments = "commitments", "no two entries share a payload commitment";
    /// FORMAT.md section 6, item 5.
    Payloads = "payloads", "payloads open against their commitments";
    /// Contents, stored by hash.
    Documents = "documents", "documents are what entries name, all of it and nothing else";
    /// Stored tiles.
    Tiles = "tiles", "full hash tiles are those of the entries";
    /// Stored checkpoints.
    Checkpoints = "checkpoints", "stored checkpoints are signed, over the roots of these entries";
    /// The row that says how far the ledger has come.
    Head = "head", "the head names the last entry";
    /// Rows that no entry accounts for.
    Rows = "rows", "as many entries and payloads as the head says";
    /// Checkpoints that somebody kept elsewhere.
    GivenCheckpoints = "given_checkpoints", "the ledger extends the checkpoints given from outside";
    /// The rollback guard's own file.
    HighWater = "high_water", "the ledger extends its high-water mark";
    /// Whose ledger it is.
    Keys = "keys", "the key given from outside is the one entry 0 names, or one that rotations lead to";
    /// The file as a file.
    File = "file", "the file is whole and declares what this release declares";
    /// DESIGN.md section 6.
    Findings = "findings", "findings in entries are those their own rules give";
    /// DESIGN.md section 6, the later facts.
    ChangedAssessments = "changed_assessments", "later facts that changed verdicts are told, and rightly";
    /// Places of delegations, actions, revocations.
    DerivedTables = "derived_tables", "derived tables hold what the entries give, row by row";
    /// The deduplication.
    EventKeys = "event_keys", "deduplication keys are those of the entries";
    /// The search index.
    SearchIndex = "search_index", "the search index holds each entry as it is";
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It looked at everything, and everything is right.
    Passed,
    /// Something is false.
    Failed(Fault),
    /// Nothing is false, but it could not look at everything: why.
    Partly(String),
    /// It looked at nothing: why.
    NotRun(String),
}

/// The first thing that is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is false about it.
    pub reason: String,
    /// How many things this check found false.
    pub count: u64,
}

/// Where something is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this entry, and none before it.
    Entry(LeafIndex),
    /// Somewhere in the entries from `from` up to `until`: more cannot be told.
    Among {
        /// The first that may be wrong.
        from: LeafIndex,
        /// The first that is not among them.
        until: TreeSize,
    },
    /// At the stored checkpoint of that size; the entries may be right.
    Checkpoint(i64),
    /// At no entry.
    Ledger,
}

/// A check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// How much it looked at.
    pub covered: u64,
    /// Of how much.
    pub of: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// More to know, whatever came of it.
    pub notes: Vec<String>,
    /// Whether everything can be called checked without it: what it needs lies outside the folder, and may not be to be had.
    pub is_optional: bool,
}

/// Two notes of one key of which at most one can be true: evidence against the log that anybody can check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivocation {
    /// The checkpoint that was given from outside.
    pub given: String,
    /// The one that lies in the ledger.
    pub stored: String,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was checked, and everything is right.
    Passed,
    /// Something is false.
    Failed,
    /// Nothing is false, but not everything was checked.
    Partly,
    /// There is nothing to verify.
    Nothing,
}

/// Everything that a verification found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The origin that the folder claims.
    pub origin: String,
    /// How many entries it holds.
    pub size: TreeSize,
    /// The key that the newest checkpoints were verified under.
    pub vkey: Option<String>,
    /// Every key that checkpoints were verified under, the oldest first.
    pub followed_keys: Vec<Vkey>,
    /// In the order of [`CheckName::ALL`].
    pub checks: Vec<Check>,
    /// Evidence against the log.
    pub equivocations: Vec<Equivocation>,
    /// What cannot be told from what was given, whatever the verdict.
    pub limits: Vec<String>,
}

impl Verdict {
    /// The word for scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Partly => "partly",
            Self::Nothing => "nothing_to_verify",
        }
    }
}

impl Outcome {
    /// The word for scripts.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Partly(_) => "partly",
            Self::NotRun(_) => "not_run",
        }
    }
}

impl Place {
    /// The entry that is wrong, where it is one.
    pub const fn entry(self) -> Option<LeafIndex> {
        match self {
            Self::Entry(index) => Some(index),
            Self::Among { .. } | Self::Checkpoint(_) | Self::Ledger => None,
        }
    }

    /// These entries, or the one if there is but one.
    pub fn among(from: LeafIndex, until: TreeSize) -> Self {
        if from.size_with() == until { Self::Entry(from) } else { Self::Among { from, until } }
    }
}

impl Check {
    /// A check that looked at nothing.
    pub fn not_run(name: CheckName, of: u64, reason: impl Into<String>) -> Self {
        Self { name, covered: 0, of, outcome: Outcome::NotRun(reason.into()), notes: Vec::new(), is_optional: false }
    }

    /// Marks it as one that everything can be called checked without.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// What it found false.
    pub const fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed(fault) => Some(fault),
            Outcome::Passed | Outcome::Partly(_) | Outcome::NotRun(_) => None,
        }
    }
}

impl Report {
    /// The answer.
    pub fn verdict(&self) -> Verdict {
        if self.checks.is_empty() {
            return Verdict::Nothing;
        }
        if self.checks.iter().any(|check| check.fault().is_some()) {
            return Verdict::Failed;
        }
        let is_open = |check: &Check| match check.outcome {
            Outcome::Passed => false,
            Outcome::NotRun(_) => !check.is_optional,
            Outcome::Failed(_) | Outcome::Partly(_) => true,
        };
        if self.checks.iter().any(is_open) { Verdict::Partly } else { Verdict::Passed }
    }

    /// The first wrong entry of all checks, where any check can name one.
    pub fn first_wrong(&self) -> Option<LeafIndex> {
        self.checks.iter().filter_map(|check| check.fault()?.place.entry()).min()
    }

    /// The check of that name.
    pub fn check(&self, name: CheckName) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}
