//! What went wrong, in words, with ways out: the page beside `application/problem+json`.

use askama::Template;

use crate::http::codes::Code;
use crate::ui::frame::Frame;
use crate::ui::part::Tone;
use crate::ui::sentence::Sentence;
use crate::ui::untrusted::Untrusted;

/// The error page. Its frame's title begins with `Problem: `.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Around it.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code: `not_found`.
    pub code: &'static str,
    /// The problem's title.
    pub title: &'static str,
    /// What was expected, what came, what to do.
    pub detail: Untrusted,
    /// The fields that are wrong.
    pub fields: Vec<FieldProblem>,
    /// Where to go from here.
    pub ways_out: Vec<Sentence>,
}

/// One wrong field.
#[derive(Clone, Debug)]
pub struct FieldProblem {
    /// Which.
    pub path: Untrusted,
    /// What is wrong with it.
    pub message: Untrusted,
}

impl ErrorPage {
    fn tone(&self) -> Tone {
        if self.status >= 500 { Tone::Bad } else { Tone::Warn }
    }
}

/// Where to go from a problem.
pub fn ways_out(code: Code) -> Vec<Sentence> {
    let mut ways = vec![Sentence::new("Go to the ").link("overview", "/").words(", or ").link("search", "/search").words(".")];
    if code == Code::NotFound {
        ways.insert(
            0,
            Sentence::new("Entries are never deleted, so an ID that does not open was never recorded here, or you may not see it."),
        );
    }
    ways.push(Sentence::new("What the code means: ").link(code.as_str(), format!("/problems/{}", code.as_str())).words("."));
    ways
}
