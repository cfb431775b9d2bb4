//! Text that an agent, a document or a source wrote: shown whole, inert and honest (UI.md 2.5).
//!
//! It is escaped and isolated from the direction of its neighbours; characters that one cannot see are named; scripts that are
//! mixed inside one word are pointed out. It never becomes a link by its own wish.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;

/// Longest text shown in a line; what is longer says how much is left out and belongs into a [`Quoted`].
pub const MAX_INLINE_CHARS: usize = 512;
/// Longest text that a [`Quoted`] shows unfolded.
pub const MAX_UNFOLDED_CHARS: usize = 280;
/// Longest text that a [`Quoted`] holds; the rest is said to be left out.
pub const MAX_QUOTED_CHARS: usize = 20_000;
/// Most combining marks on one letter before they are named instead of drawn.
const MAX_MARKS: usize = 3;

/// Somebody else's words.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes the words as they came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As they came, for attributes that no one reads as prose (`data-copy`); the template escapes.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// In one line without markup, hidden characters named, cut at `max` characters: for `<title>` and `aria-label`.
    pub fn plain(&self, max: usize) -> String {
        let mut out = String::new();
        for c in self.0.chars().take(max) {
            if is_hidden(c) {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            } else {
                out.push(c);
            }
        }
        if self.0.chars().nth(max).is_some() {
            out.push('…');
        }
        out
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn char_count(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Display for Untrusted {
    /// One line of HTML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        write_shown(f, &self.0, MAX_INLINE_CHARS, Lines::Named)?;
        f.write_str("</bdi>")?;
        write_left_out(f, self.char_count(), MAX_INLINE_CHARS)?;
        write_script_warning(f, &self.0)
    }
}

impl HtmlSafe for Untrusted {}

/// Somebody else's words as a block, labelled with who wrote them, folded if long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// The words.
    pub text: Untrusted,
    /// Who wrote them, and whose word that is: `Written by agent:refunds. Nobody has checked it.`
    pub author: Untrusted,
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.char_count();
        f.write_str("<figure class=\"quoted\"><figcaption>")?;
        write!(f, "{}</figcaption>", self.author)?;
        if length > MAX_UNFOLDED_CHARS {
            write!(f, "<details><summary>{} characters</summary>", crate::ui::words::number(length as u64))?;
        }
        f.write_str("<blockquote><bdi>")?;
        write_shown(f, &self.text.0, MAX_QUOTED_CHARS, Lines::Kept)?;
        f.write_str("</bdi>")?;
        write_left_out(f, length, MAX_QUOTED_CHARS)?;
        write_script_warning(f, &self.text.0)?;
        f.write_str("</blockquote>")?;
        if length > MAX_UNFOLDED_CHARS {
            f.write_str("</details>")?;
        }
        f.write_str("</figure>")
    }
}

impl HtmlSafe for Quoted {}

/// Somebody else's text as code, in a region that scrolls: entry bytes, JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbatim {
    /// The text.
    pub text: Untrusted,
    /// What it is, for those who hear the page.
    pub label: &'static str,
}

impl fmt::Display for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<pre class=\"verbatim\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><code><bdi>", self.label)?;
        write_shown(f, &self.text.0, MAX_QUOTED_CHARS, Lines::Kept)?;
        f.write_str("</bdi>")?;
        write_left_out(f, self.text.char_count(), MAX_QUOTED_CHARS)?;
        f.write_str("</code></pre>")
    }
}

impl HtmlSafe for Verbatim {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    Kept,
    Named,
}

fn write_shown(f: &mut fmt::Formatter<'_>, text: &str, max: usize, lines: Lines) -> fmt::Result {
    let mut chars = text.chars().take(max).peekable();
    let mut marks = 0;
    let mut is_first = true;
    while let Some(c) = chars.next() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        let is_kept_line = lines == Lines::Kept && matches!(c, '\n' | '\t');
        if (is_hidden(c) && !is_kept_line) || marks > MAX_MARKS {
            let mut times = 1_usize;
            while chars.next_if_eq(&c).is_some() {
                times += 1;
            }
            write!(f, "<span class=\"odd\">⟨U+{:04X}⟩", u32::from(c))?;
            if times > 1 {
                write!(f, "×{times}")?;
            }
            f.write_str("</span>")?;
        } else {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Where a long name may be broken before it has to be broken anywhere.
                '@' | '/' if !is_first => write!(f, "{c}<wbr>")?,
                _ => f.write_char(c)?,
            }
        }
        is_first = false;
    }
    Ok(())
}

fn write_left_out(f: &mut fmt::Formatter<'_>, length: usize, max: usize) -> fmt::Result {
    match length.checked_sub(max) {
        None | Some(0) => Ok(()),
        Some(rest) => write!(f, "<span class=\"odd\">… and {} more characters</span>", crate::ui::words::number(rest as u64)),
    }
}

fn write_script_warning(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    match mixed_scripts(text) {
        None => Ok(()),
        Some((one, other)) => write!(f, " <span class=\"badge warn\">MIXED SCRIPTS: {} and {}</span>", one.name(), other.name()),
    }
}

/// Scripts whose letters look alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
}

impl Script {
    const fn name(self) -> &'static str {
        match self {
            Self::Latin => "Latin",
            Self::Cyrillic => "Cyrillic",
            Self::Greek => "Greek",
        }
    }

    fn of(c: char) -> Option<Self> {
        match c {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}' if c.is_alphabetic() => {
                Some(Self::Latin)
            }
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' if c.is_alphabetic() => Some(Self::Greek),
            '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' if c.is_alphabetic() => {
                Some(Self::Cyrillic)
            }
            _ => None,
        }
    }
}

/// The first two look-alike scripts that meet in one run without a space.
fn mixed_scripts(text: &str) -> Option<(Script, Script)> {
    text.split_whitespace().find_map(|run| {
        let mut scripts = run.chars().filter_map(Script::of);
        let first = scripts.next()?;
        scripts.find(|s| *s != first).map(|other| (first, other))
    })
}

/// Characters that do something without being seen: controls, formats, bidi, zero width, fillers, tags, variation selectors.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}' | '\u{feff}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
            | '\u{600}'..='\u{605}' | '\u{890}'..='\u{891}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_combining_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Untrusted::new(text).to_string()
    }

    #[test]
    fn markup_is_shown_and_does_nothing() {
        assert_eq!(shown("<script>&\"'"), "<bdi>&lt;script&gt;&amp;&quot;&#39;</bdi>");
        assert_eq!(shown("/a/b@c"), "<bdi>/a/<wbr>b@<wbr>c</bdi>", "long names break at their joints");
    }

    #[test]
    fn what_one_cannot_see_is_named() {
        for (hidden, name) in [
            ('\u{202e}', "U+202E"),
            ('\u{200b}', "U+200B"),
            ('\u{e0041}', "U+E0041"),
            ('\u{0}', "U+0000"),
            ('\u{1b}', "U+001B"),
            ('\n', "U+000A"),
            ('\u{2066}', "U+2066"),
            ('\u{fe0f}', "U+FE0F"),
            ('\u{feff}', "U+FEFF"),
        ] {
            let html = shown(&format!("a{hidden}b"));
            assert_eq!(html, format!("<bdi>a<span class=\"odd\">⟨{name}⟩</span>b</bdi>"));
            assert_eq!(Untrusted::new(format!("a{hidden}b")).plain(9), format!("a⟨{name}⟩b"));
        }
        assert_eq!(shown(&"\u{200b}".repeat(40)), "<bdi><span class=\"odd\">⟨U+200B⟩×40</span></bdi>");
    }

    #[test]
    fn towers_of_combining_marks_are_named_not_drawn() {
        assert_eq!(shown("e\u{301}"), "<bdi>e\u{301}</bdi>");
        assert!(shown(&format!("e{}", "\u{301}".repeat(30))).contains("⟨U+0301⟩×27"));
    }

    #[test]
    fn look_alike_scripts_in_one_word_are_pointed_out() {
        for mixed in ["p\u{430}ypal", "agent:\u{440}\u{430}y", "\u{3bf}nus", "Ελλάs"] {
            assert!(shown(mixed).contains("MIXED SCRIPTS"), "{mixed}");
        }
        for honest in ["paypal", "Мария Keller", "Ελλάδα", "Zoë Müller", "10 µs", "日本 agent"] {
            assert!(!shown(honest).contains("MIXED SCRIPTS"), "{honest}");
        }
    }

    #[test]
    fn long_text_is_folded_and_says_its_length() {
        let long = Quoted { text: Untrusted::new("x".repeat(10_000)), author: Untrusted::new("Written by an agent") }.to_string();
        assert!(long.contains("<details><summary>10\u{202f}000 characters</summary>"), "{long}");
        let short = Quoted { text: Untrusted::new("one\ntwo"), author: Untrusted::new("a") }.to_string();
        assert!(short.contains("one\ntwo") && !short.contains("<details>"), "{short}");
        assert!(shown(&"y".repeat(600)).contains("… and 88 more characters"));
    }
}
