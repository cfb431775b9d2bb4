//! What stands around every page: title, navigation, where the ledger stands, preferences, the request's id.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::tlog::position::{LeafIndex, TreeSize};
use crate::ui::part::{Copyable, Named, Tone};
use crate::ui::when::{When, Zone};
use crate::ui::{link, words};

/// What a page stands in; the template `base.html` prints it around each.
#[derive(Clone, Debug)]
pub struct Frame {
    /// `<thing> – <page>`; `– Onus` is added. Somebody else's words come through `Untrusted::plain`.
    pub title: String,
    /// The place in the navigation.
    pub current: Option<Section>,
    /// What stands in the search box of the header.
    pub query: String,
    /// How many entries the ledger holds.
    pub tree_size: TreeSize,
    /// When the newest checkpoint was signed; absent before the first.
    pub checkpoint: Option<When>,
    /// What is known of the ledger's integrity, in one line.
    pub integrity: IntegrityLine,
    /// The reader's time zone.
    pub zone: Zone,
    /// The reader's colours.
    pub theme: Theme,
    /// This request.
    pub request_id: String,
    /// The same page for machines.
    pub json_url: Option<String>,
    /// Whether this is the ledger of `onus demo`.
    pub is_sample: bool,
    /// Who is signed in. To anybody else the ledger's state is not shown.
    pub reader: Option<Reader>,
    /// This page's own path and query, where the preferences form comes back to.
    pub here: String,
}

/// The person reading.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Her name, leading to her page.
    pub name: Named,
    /// The token that proves that a form came from her page.
    pub csrf: String,
}

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its page")]
pub enum Section {
    Overview,
    Search,
    Delegations,
    People,
    Integrity,
    Help,
}

impl Section {
    /// All, in the order of the navigation.
    pub const ALL: [Self; 6] = [Self::Overview, Self::Search, Self::Delegations, Self::People, Self::Integrity, Self::Help];

    const fn words(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Search => "Search",
            Self::Delegations => "Delegations",
            Self::People => "People and agents",
            Self::Integrity => "Integrity",
            Self::Help => "Help",
        }
    }

    const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Search => "/search",
            Self::Delegations => "/delegations",
            Self::People => "/people",
            Self::Integrity => "/integrity",
            Self::Help => "/help",
        }
    }
}

/// The ledger's integrity in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntegrityLine {
    /// Nothing false was found; how many checks passed, how many covered a part only, how many did not run.
    Counted {
        /// Checks that passed over everything.
        passed: u64,
        /// Checks that covered a part.
        partly: u64,
        /// Checks that did not run.
        not_run: u64,
    },
    /// Something is false; the first wrong index, if one can be named. A banner stands on every page.
    Failed {
        /// Where it begins.
        first_wrong: Option<LeafIndex>,
    },
}

impl IntegrityLine {
    fn words(&self) -> String {
        match self {
            Self::Counted { passed, partly, not_run } => {
                let mut text = format!("Integrity: {} passed", words::number(*passed));
                for (count, word) in [(partly, "partly"), (not_run, "not run")] {
                    if *count > 0 {
                        text = format!("{text}, {} {word}", words::number(*count));
                    }
                }
                text
            }
            Self::Failed { .. } => "Integrity: FAILED".to_owned(),
        }
    }
}

/// The reader's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Theme {
    /// As her system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All, in the order of the form.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word of the form and of the cookie.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// From the word of the form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// What stands above every page.
#[derive(Template)]
#[template(path = "part/head.html")]
pub(super) struct Head<'a> {
    frame: &'a Frame,
}

impl HtmlSafe for Head<'_> {}

/// The line and the form at the foot of every page.
#[derive(Template)]
#[template(path = "part/foot.html")]
pub(super) struct Foot<'a> {
    frame: &'a Frame,
}

impl HtmlSafe for Foot<'_> {}

impl Frame {
    pub(super) fn head(&self) -> Head<'_> {
        Head { frame: self }
    }

    pub(super) fn foot(&self) -> Foot<'_> {
        Foot { frame: self }
    }

    fn position(&self) -> Copyable {
        Copyable::number(self.tree_size.get())
    }

    /// Whether that place in the navigation is this one.
    fn is_at(&self, section: Section) -> bool {
        self.current == Some(section)
    }
}
