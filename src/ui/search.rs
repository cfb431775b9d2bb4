//! The search box, how it was read, and what it found; or why it found nothing, or where it went wrong.

use askama::Template;

use crate::ui::frame::Frame;
use crate::ui::part::{Pages, Tone};
use crate::ui::rows::ActionRows;
use crate::ui::sentence::Sentence;
use crate::ui::untrusted::Untrusted;

/// The search page.
#[derive(Clone, Debug, Template)]
#[template(path = "search.html")]
pub struct Search {
    /// Around it.
    pub frame: Frame,
    /// What was typed.
    pub query: String,
    /// The filters beside the free text, for "build the search with a form".
    pub filters: Vec<Filter>,
    /// What the query was taken to mean, part by part.
    pub read_as: Vec<ReadAs>,
    /// What came of it.
    pub outcome: Outcome,
    /// Among how many entries was looked, with thin spaces.
    pub at: String,
    /// How far the index lags: the position it reaches, and how many newer entries it still misses.
    pub behind: Option<(String, String)>,
}

impl Search {
    fn has_filter(&self) -> bool {
        self.filters.iter().any(|filter| !filter.value.is_empty())
    }
}

/// One filter of the form.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The parameter: `agent_id`.
    pub name: &'static str,
    /// In words: `Agent`.
    pub label: &'static str,
    /// What is in it.
    pub value: String,
    /// The values to choose from; empty for free text.
    pub choices: Vec<&'static str>,
}

/// One part of the query, as understood.
#[derive(Clone, Debug)]
pub struct ReadAs {
    /// `caller is agent`, with somebody's words isolated.
    pub words: Sentence,
    /// The same search without it.
    pub without: String,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing was asked yet.
    Start,
    /// Rows.
    Found {
        /// `3 results`, `More than 10 000 results`.
        count: String,
        /// One page of them.
        rows: ActionRows,
        /// The pages around it.
        pages: Pages,
        /// A link that gives these rows for ever.
        pinned: Option<String>,
    },
    /// No rows: what each part finds alone.
    Nothing {
        /// Lines such as `caller:agent alone finds 42 880`.
        alone: Vec<Sentence>,
    },
    /// The query cannot be read.
    Wrong {
        /// What is wrong: `There is no field "agnet"`.
        message: Untrusted,
        /// The query up to the wrong part, the part, the rest.
        place: Option<(Untrusted, Untrusted, Untrusted)>,
        /// A query that would work, and its address.
        suggestion: Option<(Untrusted, String)>,
    },
}
