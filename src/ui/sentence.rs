//! Sentences of ours with the names, times and tokens of others set into them, each isolated; and facts made of them.

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::ui::part::{Badge, Copyable, Named};
use crate::ui::untrusted::Untrusted;
use crate::ui::when::When;

/// A line of a table of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What is known.
    pub value: Sentence,
}

impl Fact {
    /// A fact.
    pub fn new(label: &'static str, value: impl Into<Sentence>) -> Self {
        Self { label, value: value.into() }
    }
}

/// Words of ours with names, times and code of others between them.
#[derive(Clone, Debug, PartialEq, Eq, Default, Template)]
#[template(path = "part/sentence.html")]
pub struct Sentence {
    pieces: Vec<Piece>,
}

impl HtmlSafe for Sentence {}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(Cow<'static, str>),
    Link(Cow<'static, str>, String),
    Name(Named),
    Code(Untrusted),
    Removed(Untrusted),
    Time(When),
    Badge(Badge),
    Copy(Copyable),
}

impl From<&'static str> for Sentence {
    fn from(words: &'static str) -> Self {
        Self::new(words)
    }
}

impl From<String> for Sentence {
    fn from(words: String) -> Self {
        Self::new(words)
    }
}

impl From<When> for Sentence {
    fn from(when: When) -> Self {
        Self::default().time(when)
    }
}

impl From<Named> for Sentence {
    fn from(name: Named) -> Self {
        Self::default().name(name)
    }
}

impl From<Copyable> for Sentence {
    fn from(text: Copyable) -> Self {
        Self::default().with(Piece::Copy(text))
    }
}

impl Sentence {
    /// Begins with words of ours.
    pub fn new(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().words(words)
    }

    /// Goes on with words of ours; spaces are part of them.
    #[must_use]
    pub fn words(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.with(Piece::Words(words.into()))
    }

    /// Goes on with words of ours that lead somewhere.
    #[must_use]
    pub fn link(self, words: impl Into<Cow<'static, str>>, href: impl Into<String>) -> Self {
        self.with(Piece::Link(words.into(), href.into()))
    }

    /// Goes on with a name.
    #[must_use]
    pub fn name(self, name: Named) -> Self {
        self.with(Piece::Name(name))
    }

    /// Goes on with somebody else's token, id or value.
    #[must_use]
    pub fn code(self, text: impl Into<String>) -> Self {
        self.with(Piece::Code(Untrusted::new(text)))
    }

    /// Goes on with something that was taken away: struck through.
    #[must_use]
    pub fn removed(self, text: impl Into<String>) -> Self {
        self.with(Piece::Removed(Untrusted::new(text)))
    }

    /// Goes on with another sentence.
    #[must_use]
    pub fn sentence(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Goes on with an instant.
    #[must_use]
    pub fn time(self, when: When) -> Self {
        self.with(Piece::Time(when))
    }

    /// Goes on with a badge.
    #[must_use]
    pub fn badge(self, badge: Badge) -> Self {
        self.with(Piece::Badge(badge))
    }

    fn with(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }
}
