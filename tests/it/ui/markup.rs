//! A reader for the HTML that our own templates write, strict enough to notice what a browser would quietly repair.

use std::collections::BTreeSet;

const VOID: [&str; 6] = ["meta", "link", "input", "br", "wbr", "use"];
const INTERACTIVE: [&str; 5] = ["a", "button", "input", "select", "summary"];
const NOT_IN_A_PARAGRAPH: [&str; 18] = [
    "p",
    "div",
    "ul",
    "ol",
    "dl",
    "table",
    "details",
    "figure",
    "section",
    "pre",
    "h1",
    "h2",
    "h3",
    "form",
    "nav",
    "blockquote",
    "header",
    "footer",
];

pub(super) struct Page<'a> {
    name: &'a str,
    html: &'a str,
    tags: Vec<Tag<'a>>,
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    is_end: bool,
    is_void: bool,
    /// What follows, up to the next tag.
    text: &'a str,
}

impl Tag<'_> {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

impl<'a> Page<'a> {
    pub(super) fn read(name: &'a str, html: &'a str) -> Self {
        let tags = html.split('<').skip(1).filter(|part| !part.starts_with('!')).map(|part| tag(name, part)).collect();
        Self { name, html, tags }
    }

    fn starts(&self) -> impl Iterator<Item = &Tag<'a>> {
        self.tags.iter().filter(|tag| !tag.is_end)
    }

    fn count(&self, name: &str) -> usize {
        self.starts().filter(|tag| tag.name == name).count()
    }

    #[track_caller]
    pub(super) fn has_one_heading_and_landmarks(&self) {
        for (tag, times) in [("h1", 1), ("main", 1), ("header", 1), ("footer", 1), ("title", 1)] {
            assert_eq!(self.count(tag), times, "{}: <{tag}>", self.name);
        }
        assert!(self.html.starts_with("<!doctype html>\n<html lang=\"en\""), "{}: no language", self.name);
        assert!(self.html.contains("<a class=\"skip\" href=\"#main\">"), "{}: no skip link", self.name);
        let mut last = 1;
        for level in self.starts().filter_map(|tag| tag.name.strip_prefix('h')?.parse::<u8>().ok()) {
            assert!(level <= last + 1, "{}: a heading of level {level} after one of level {last}", self.name);
            last = level;
        }
    }

    #[track_caller]
    pub(super) fn has_no_inline_style_or_script(&self) {
        assert_eq!(self.count("style"), 0, "{}: <style>", self.name);
        for tag in self.starts() {
            for (attribute, _) in &tag.attributes {
                assert!(*attribute != "style" && !attribute.starts_with("on"), "{}: <{} {attribute}>", self.name, tag.name);
            }
            if tag.name == "script" {
                assert!(tag.attribute("src").is_some() && tag.text.trim().is_empty(), "{}: inline script", self.name);
            }
            for link in ["href", "src", "action"].into_iter().filter_map(|name| tag.attribute(name)) {
                assert!(link.starts_with('/') || link.starts_with('#'), "{}: {link} leads away", self.name);
                assert!(!link.contains([' ', '"', '<']), "{}: {link} is not encoded", self.name);
            }
        }
    }

    #[track_caller]
    pub(super) fn has_unique_ids_and_no_dangling_references(&self) {
        let mut ids = BTreeSet::new();
        for id in self.starts().filter_map(|tag| tag.attribute("id")) {
            assert!(ids.insert(id), "{}: id {id} twice", self.name);
        }
        for tag in self.starts() {
            let local = tag.attribute("href").and_then(|href| href.strip_prefix('#'));
            let named = ["for", "aria-labelledby", "aria-describedby"].into_iter().filter_map(|name| tag.attribute(name));
            for reference in named.chain(local) {
                assert!(ids.contains(reference), "{}: <{}> refers to {reference}", self.name, tag.name);
            }
            if tag.name == "input" && tag.attribute("type") != Some("hidden") {
                assert!(tag.attribute("id").is_some(), "{}: an input without a label", self.name);
            }
        }
    }

    #[track_caller]
    pub(super) fn has_times_that_machines_read(&self) {
        for tag in self.starts().filter(|tag| tag.name == "time") {
            let machine = tag.attribute("datetime").unwrap_or_default();
            assert!(onus::tlog::time::Timestamp::parse_rfc3339(machine).is_some(), "{}: {machine:?}", self.name);
            assert!(tag.text.contains("UTC"), "{}: no zone in {:?}", self.name, tag.text);
        }
    }

    #[track_caller]
    pub(super) fn nests_as_html_allows(&self) {
        let mut open: Vec<&str> = Vec::new();
        for tag in &self.tags {
            if tag.is_end {
                assert_eq!(open.pop(), Some(tag.name), "{}: </{}> closes something else", self.name, tag.name);
                continue;
            }
            let is_inside = |outer: &[&str]| open.iter().any(|name| outer.contains(name));
            if INTERACTIVE.contains(&tag.name) {
                assert!(!is_inside(&["a", "button", "summary"]), "{}: <{}> inside {open:?}", self.name, tag.name);
            }
            if NOT_IN_A_PARAGRAPH.contains(&tag.name) {
                assert!(!is_inside(&["p", "a", "span", "h1", "h2", "h3", "dt"]), "{}: <{}> inside {open:?}", self.name, tag.name);
            }
            if !tag.is_void {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{}: never closed: {open:?}", self.name);
    }
}

fn tag<'a>(page: &str, part: &'a str) -> Tag<'a> {
    let (inside, text) = part.split_once('>').unwrap_or_else(|| panic!("{page}: <{part} is not closed"));
    let (inside, is_end) = inside.strip_prefix('/').map_or((inside, false), |rest| (rest, true));
    let (inside, closes_itself) = inside.strip_suffix('/').map_or((inside, false), |rest| (rest, true));
    let (name, mut rest) = inside.split_once(|c: char| c.is_whitespace()).unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let attribute = &rest[..end];
        rest = &rest[end..];
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').unwrap_or_else(|| panic!("{page}: <{inside}: no closing quote"));
            attributes.push((attribute, value));
            rest = after;
        } else {
            assert!(!rest.starts_with('='), "{page}: <{inside}: a value without quotes");
            attributes.push((attribute, ""));
        }
    }
    Tag { name, attributes, is_end, is_void: closes_itself || VOID.contains(&name), text }
}

/// Each check refuses what it is there to refuse.
#[test]
fn broken_pages_are_noticed() {
    const SOUND: &str = "<!doctype html>\n<html lang=\"en\"><title>t</title><a class=\"skip\" href=\"#main\">s</a><header></header>\
        <main id=\"main\"><h1>t</h1>@</main><footer></footer></html>";
    let sound = |body: &str| {
        let html = SOUND.replace('@', body);
        std::panic::catch_unwind(|| {
            let page = Page::read("broken", &html);
            page.has_one_heading_and_landmarks();
            page.has_no_inline_style_or_script();
            page.has_unique_ids_and_no_dangling_references();
            page.has_times_that_machines_read();
            page.nests_as_html_allows();
        })
        .is_ok()
    };
    assert!(sound("<p>words <a href=\"/x\">link</a></p>"));
    for broken in [
        "<h1>second</h1>",
        "<h3>skips a level</h3>",
        "<p style=\"color:red\">x</p>",
        "<style>p{}</style>",
        "<p onclick=\"x()\">x</p>",
        "<script>x()</script>",
        "<a href=\"https://example.com/\">x</a>",
        "<a href=\"javascript:x()\">x</a>",
        "<p id=\"main\">x</p>",
        "<a href=\"#nowhere\">x</a>",
        "<time datetime=\"yesterday\">2026-11-21 UTC</time>",
        "<time datetime=\"2026-11-21T20:11:50Z\">2026-11-21</time>",
        "<a href=\"/x\"><button>x</button></a>",
        "<p><div>x</div></p>",
        "<p><b>x</p></b>",
        "<p>x",
    ] {
        assert!(!sound(broken), "nobody noticed {broken}");
    }
}
