//! Every page, rendered full and empty, held against UI.md section 4 as far as text can show it.
//! With `ONUS_GALLERY=<folder>` the pages are written there, to be looked at in a browser.

mod contrast;
mod empty;
mod markup;
mod rich;
mod rich_ledger;
mod rich_pages;

use std::collections::BTreeMap;
use std::path::Path;

use askama::Template;
use onus::domain::delegation::CallerClass;
use onus::tlog::position::TreeSize;
use onus::tlog::time::Timestamp;
use onus::ui::assets::{self, Asset};
use onus::ui::frame::{Frame, IntegrityLine, Reader, Section, Theme};
use onus::ui::part::Named;
use onus::ui::when::{When, Zone};

const MAX_HTML_BYTES: usize = 120_000;
const MAX_CSS_BYTES: usize = 30_000;
const MAX_JS_BYTES: usize = 30_000;

/// A page's file name and its HTML.
type Rendered = (&'static str, String);

fn rendered(name: &'static str, page: &impl Template) -> Rendered {
    (name, page.render().unwrap())
}

fn frame(title: &str, current: Option<Section>) -> Frame {
    Frame {
        title: title.to_owned(),
        current,
        query: String::new(),
        tree_size: TreeSize::new(48_112).unwrap(),
        checkpoint: Some(at("2026-11-21T20:10:00Z")),
        integrity: IntegrityLine::Counted { passed: 3, partly: 0, not_run: 1 },
        zone: Zone::UTC,
        theme: Theme::System,
        request_id: "req_01J9ZK1T5W".to_owned(),
        json_url: Some("/x.json".to_owned()),
        is_sample: false,
        reader: Some(Reader { name: Named::person("user:ana@example.com"), csrf: "c5rf".to_owned() }),
        here: "/search?q=a&b".to_owned(),
    }
}

fn at(text: &str) -> When {
    When::of(Timestamp::parse_rfc3339(text).unwrap(), Zone::UTC)
}

fn agent(id: &str) -> Named {
    Named::of(CallerClass::Agent, id)
}

#[test]
fn every_page_is_sound_full_and_empty() {
    let pages: Vec<Rendered> = rich::pages().into_iter().chain(empty::pages()).collect();
    write_gallery(&pages);
    for (name, html) in &pages {
        let page = markup::Page::read(name, html);
        page.has_one_heading_and_landmarks();
        page.has_no_inline_style_or_script();
        page.has_unique_ids_and_no_dangling_references();
        page.has_times_that_machines_read();
        page.nests_as_html_allows();
        assert!(html.len() <= MAX_HTML_BYTES, "{name}: {} bytes of HTML", html.len());
    }
}

#[test]
fn no_two_pages_share_a_title() {
    let mut seen = BTreeMap::new();
    for (name, html) in rich::pages() {
        let title = html.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0.to_owned();
        assert!(title.ends_with(" – Onus"), "{name}: {title}");
        if let Some(other) = seen.insert(title, name) {
            panic!("{name} and {other} have the same title");
        }
    }
}

#[test]
fn hostile_words_stay_words() {
    for (name, html) in rich::pages() {
        for forbidden in ["<script>alert", "<b>Approve", "\u{202e}", "\u{e0041}"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden:?} got through");
        }
    }
    let (_, action) = rich::pages().into_iter().find(|(name, _)| *name == "action").unwrap();
    for shown in ["&lt;script&gt;alert(1)", "⟨U+202E⟩", "⟨U+E0041⟩", "MIXED SCRIPTS: Latin and Cyrillic"] {
        assert!(action.contains(shown), "{shown} is not shown");
    }
}

#[test]
fn stylesheet_and_script_are_small() {
    let css = Asset::at(assets::path_of("onus.css")).unwrap().body();
    let js = Asset::at(assets::path_of("onus.js")).unwrap().body();
    assert!(css.len() <= MAX_CSS_BYTES, "{} bytes of CSS", css.len());
    assert!(js.len() <= MAX_JS_BYTES, "{} bytes of JavaScript", js.len());
    let script = std::str::from_utf8(js).unwrap();
    for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style"] {
        assert!(!script.contains(sink), "{sink} would break the page's policy");
    }
}

/// Pages as files that a browser opens from disk, in each theme.
fn write_gallery(pages: &[Rendered]) {
    let Some(folder) = std::env::var_os("ONUS_GALLERY") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    for name in ["onus.css", "onus.js", "favicon.svg"] {
        std::fs::write(folder.join(name), Asset::at(assets::path_of(name)).unwrap().body()).unwrap();
    }
    for (name, html) in pages {
        let mut html = html.clone();
        for asset in ["onus.css", "onus.js", "favicon.svg"] {
            html = html.replace(assets::path_of(asset), asset);
        }
        for theme in ["light", "dark"] {
            let themed = html.replacen(" dir=\"ltr\"", &format!(" dir=\"ltr\" data-theme=\"{theme}\""), 1);
            std::fs::write(folder.join(format!("{name}-{theme}.html")), themed).unwrap();
        }
    }
}
