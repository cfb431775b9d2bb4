//! The contrast of the colours that meet on pages (UI.md section 3.1), computed from the stylesheet as WCAG 2.2 defines it.
//! A browser's checker cannot judge text over drawings; this can.

use std::collections::BTreeMap;

/// Foreground, background, and the least contrast: 4.5 for text, 3 for controls and focus rings.
const PAIRS: [(&str, &str, f64); 33] = [
    ("ink", "surface", 4.5),
    ("ink", "bg", 4.5),
    ("ink", "sunken", 4.5),
    ("ink-2", "bg", 4.5),
    ("ink-2", "surface", 4.5),
    ("ink-2", "sunken", 4.5),
    ("ink-2", "warn-soft", 4.5),
    ("ink-2", "del-soft", 4.5),
    ("ink-3", "bg", 4.5),
    ("ink-3", "surface", 4.5),
    ("ink-3", "sunken", 4.5),
    ("accent", "surface", 4.5),
    ("accent", "bg", 4.5),
    ("accent", "sunken", 4.5),
    ("accent", "accent-soft", 4.5),
    ("accent", "del-soft", 4.5),
    ("accent", "warn-soft", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-danger", "danger", 4.5),
    ("ok", "ok-soft", 4.5),
    ("warn", "warn-soft", 4.5),
    ("bad", "bad-soft", 4.5),
    ("unknown", "unknown-soft", 4.5),
    ("human", "human-soft", 4.5),
    ("agent", "agent-soft", 4.5),
    ("service", "service-soft", 4.5),
    ("ink", "ok-soft", 4.5),
    ("ink", "warn-soft", 4.5),
    ("ink", "bad-soft", 4.5),
    ("ink", "unknown-soft", 4.5),
    ("ink", "mark", 4.5),
    ("line-strong", "sunken", 3.0),
    ("focus-outer", "surface", 3.0),
];

#[test]
fn every_pair_of_colours_can_be_read_in_both_themes() {
    for (theme, colours) in [("light", colours(":root {")), ("dark", colours(":root[data-theme=\"dark\"] {"))] {
        for (front, back, least) in PAIRS {
            let contrast = contrast(colours[front], colours[back]);
            assert!(contrast >= least, "{theme}: {front} on {back} has {contrast:.2}, needs {least}");
        }
    }
}

#[test]
fn the_system_s_dark_is_the_chosen_dark() {
    assert_eq!(colours(":root:not([data-theme=\"light\"]) {"), colours(":root[data-theme=\"dark\"] {"));
}

#[test]
fn the_formula_gives_the_known_extremes() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
    assert!((contrast([119, 119, 119], [255, 255, 255]) - 4.478).abs() < 0.001);
}

fn colours(selector: &str) -> BTreeMap<String, [u8; 3]> {
    let css = include_str!("../../../static/onus.css");
    let block = css.split_once(selector).unwrap().1.split_once('}').unwrap().0;
    block
        .split(';')
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
            let channel = |at: usize| u8::from_str_radix(value.get(at..at + 2)?, 16).ok();
            Some((name.to_owned(), [channel(0)?, channel(2)?, channel(4)?]))
        })
        .collect()
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}
