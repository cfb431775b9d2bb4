//! The small parts that pages are set from: icons, badges, names that link, sentences. Each prints itself as HTML.

use std::borrow::Cow;
use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code, Level, Verdict};
use crate::ui::link;
use crate::ui::untrusted::Untrusted;

/// A drawing of `templates/icons.html`, beside the words it repeats; never alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after what it draws")]
pub enum Icon {
    Human,
    Agent,
    Service,
    Tick,
    Cross,
    Triangle,
    Dashed,
    Document,
    Key,
    Action,
    Copy,
    Print,
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Service => "service",
            Self::Tick => "tick",
            Self::Cross => "cross",
            Self::Triangle => "triangle",
            Self::Dashed => "dashed",
            Self::Document => "document",
            Self::Key => "key",
            Self::Action => "action",
            Self::Copy => "copy",
            Self::Print => "print",
        };
        write!(f, r##"<svg class="icon" aria-hidden="true"><use href="#i-{name}"/></svg>"##)
    }
}

impl HtmlSafe for Icon {}

impl Icon {
    /// The shape of a caller class.
    pub const fn of(class: CallerClass) -> Self {
        match class {
            CallerClass::Human => Self::Human,
            CallerClass::Agent => Self::Agent,
            CallerClass::Service => Self::Service,
        }
    }
}

/// What a colour means. Colour never stands alone: a word and a shape say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Look at it.
    Warn,
    /// Wrong.
    Bad,
    /// Not known, not checked.
    Unknown,
}

impl Tone {
    /// The class of the stylesheet.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    /// The shape that says the same as the colour.
    pub const fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Tick,
            Self::Warn => Icon::Triangle,
            Self::Bad => Icon::Cross,
            Self::Unknown => Icon::Dashed,
        }
    }

    /// The tone of a finding's level.
    pub const fn of(level: Level) -> Self {
        match level {
            Level::Info | Level::Unknown => Self::Unknown,
            Level::Warn => Self::Warn,
            Level::Bad => Self::Bad,
        }
    }

    /// The tone of a verdict.
    pub const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Authorised => Self::Ok,
            Verdict::AuthorisedWithWarnings => Self::Warn,
            Verdict::NotAuthorised => Self::Bad,
            Verdict::Undetermined => Self::Unknown,
        }
    }
}

/// A word in capitals with a shape: `PASSED`, `OUT OF SCOPE`.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "part/badge.html")]
pub struct Badge {
    tone: Tone,
    words: Cow<'static, str>,
    href: Option<String>,
}

impl HtmlSafe for Badge {}

impl Badge {
    /// A state.
    pub fn new(tone: Tone, words: impl Into<Cow<'static, str>>) -> Self {
        Self { tone, words: words.into(), href: None }
    }

    /// A finding, linked to its explanation.
    pub fn finding(code: Code) -> Self {
        Self { tone: Tone::of(code.level()), words: code.label().into(), href: Some(link::finding(code.as_str())) }
    }

    /// A finding that occurs several times: `OUT OF SCOPE 3`.
    pub fn finding_times(code: Code, times: u64) -> Self {
        let words = format!("{}\u{a0}{}", code.label(), crate::ui::words::number(times));
        Self { words: words.into(), ..Self::finding(code) }
    }
}

/// Whether someone is a person, an agent or a service: shape, word and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(source = r#"<span class="badge {{ self.0.as_str() }}">{{ Icon::of(*self.0) }}{{ self.word() }}</span>"#, ext = "html")]
pub struct Caller(pub CallerClass);

impl HtmlSafe for Caller {}

impl Caller {
    const fn word(self) -> &'static str {
        match self.0 {
            CallerClass::Human => "Human",
            CallerClass::Agent => "Agent",
            CallerClass::Service => "Service",
        }
    }
}

/// A name that somebody else gave, leading to the page of what it names.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "part/named.html")]
pub struct Named {
    name: Untrusted,
    href: Option<String>,
    class: Option<CallerClass>,
}

impl HtmlSafe for Named {}

impl Named {
    /// A person.
    pub fn person(id: &str) -> Self {
        Self { name: Untrusted::new(id), href: Some(link::person(id)), class: Some(CallerClass::Human) }
    }

    /// An agent.
    pub fn agent(id: &str) -> Self {
        Self { name: Untrusted::new(id), href: Some(link::agent(id)), class: Some(CallerClass::Agent) }
    }

    /// A service; it has no page of its own.
    pub fn service(id: &str) -> Self {
        Self { name: Untrusted::new(id), href: None, class: Some(CallerClass::Service) }
    }

    /// Whoever it is, by class.
    pub fn of(class: CallerClass, id: &str) -> Self {
        match class {
            CallerClass::Human => Self::person(id),
            CallerClass::Agent => Self::agent(id),
            CallerClass::Service => Self::service(id),
        }
    }

    /// An action, by its name or its id.
    pub fn action(id: &str, name: &str) -> Self {
        Self { name: Untrusted::new(name), href: Some(link::action(id)), class: None }
    }

    /// A delegation.
    pub fn delegation(id: &str) -> Self {
        Self { name: Untrusted::new(id), href: Some(link::delegation(id)), class: None }
    }

    /// A document, by the name it goes by.
    pub fn document(sha256: &str, name: &str) -> Self {
        Self { name: Untrusted::new(name), href: Some(link::document(sha256)), class: None }
    }

    /// The name alone, where a link must not stand.
    pub fn name(&self) -> &Untrusted {
        &self.name
    }

    /// Something with a name but no page.
    pub fn plain(name: &str) -> Self {
        Self { name: Untrusted::new(name), href: None, class: None }
    }

    /// The same, leading somewhere else: the actions behind a model's name.
    pub fn to(name: &str, href: String) -> Self {
        Self { name: Untrusted::new(name), href: Some(href), class: None }
    }

    /// The same name without its caller class, where the column already says it.
    #[must_use]
    pub fn without_class(self) -> Self {
        Self { class: None, ..self }
    }
}

/// An id or a hash in full, with a button that copies it (where scripts run).
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "part/copy.html")]
pub struct Copyable {
    text: Untrusted,
    shown: Option<String>,
}

impl HtmlSafe for Copyable {}

impl Copyable {
    /// What is shown and copied.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Untrusted::new(text), shown: None }
    }

    /// A number: shown in groups of three, copied as digits.
    pub fn number(n: u64) -> Self {
        Self { text: Untrusted::new(n.to_string()), shown: Some(crate::ui::words::number(n)) }
    }
}

/// Links to the neighbouring pages of a list.
#[derive(Clone, Debug, PartialEq, Eq, Default, Template)]
#[template(path = "part/pages.html")]
pub struct Pages {
    /// The first page; absent on it.
    pub first: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
}

impl HtmlSafe for Pages {}
