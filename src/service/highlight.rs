//! Why an entry was found: the members in which the words of a search stand, with what is around them, and the identifiers that
//! they are. It reads the opened entry, so what it quotes is what was committed to.

use std::collections::BTreeSet;

use crate::index::matching::Matcher;
use crate::service::hit::Hit;
use crate::service::pending::REPORT;
use crate::tlog::json::Value;

/// Most reasons of one hit.
pub const MAX_REASONS: usize = 8;
/// Characters of a snippet before the first word, and after it.
const BEFORE: usize = 40;
const AFTER: usize = 120;
/// Most bytes of one text that are looked through.
const MAX_LOOKED_THROUGH: usize = 64 << 10;

/// Why an entry was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Words stand in a text of it.
    Text {
        /// The member: `/action/arguments`.
        member: String,
        /// The text around the first of them; `…` stands for what was cut off.
        snippet: String,
        /// Where in the snippet the words stand: first character and the first behind, counted in Unicode characters.
        matches: Vec<(usize, usize)>,
    },
    /// A word is one of its identifiers.
    Identifier {
        /// The field that holds it: `trace`.
        field: &'static str,
        /// The word.
        value: String,
    },
    /// A word is its place in the ledger.
    Place,
}

/// Why `hit` is one, for these words.
pub fn reasons(hit: &Hit, words: &[String]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let matcher = Matcher::new(&hit.document);
    for word in words {
        if *word == hit.entry.index.to_string() {
            reasons.push(Reason::Place);
        }
        let fields = matcher.identifiers_with(word).into_iter();
        reasons.extend(fields.map(|field| Reason::Identifier { field: field.as_str(), value: word.clone() }));
    }
    let wanted: Vec<Vec<String>> = words.iter().map(|word| pieces(word).map(|piece| piece.lower).collect()).collect();
    for (name, value) in hit.entry.members.iter().filter(|(name, _)| name.as_str() != REPORT) {
        if reasons.len() >= MAX_REASONS {
            break;
        }
        let mut texts = Vec::new();
        add_texts(value, &mut texts);
        let quoted = texts.into_iter().find_map(|text| quote(text, &wanted));
        reasons.extend(quoted.map(|(snippet, matches)| Reason::Text { member: name.clone(), snippet, matches }));
    }
    reasons.truncate(MAX_REASONS);
    reasons
}

fn add_texts<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| add_texts(item, out)),
        Value::Object(members) => members.iter().for_each(|(_, item)| add_texts(item, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A run of letters and digits, as the index splits texts.
struct Piece {
    lower: String,
    /// In characters.
    from: usize,
    until: usize,
}

fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    let mut chars = text.chars().enumerate().peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|(_, c)| !c.is_alphanumeric()).is_some() {}
        let (from, first) = chars.next()?;
        let mut piece = Piece { lower: first.to_lowercase().collect(), from, until: from + 1 };
        while let Some((at, c)) = chars.next_if(|(_, c)| c.is_alphanumeric()) {
            piece.lower.extend(c.to_lowercase());
            piece.until = at + 1;
        }
        Some(piece)
    })
}

/// What stands around the first of the words, and where each of them stands in that.
fn quote(text: &str, wanted: &[Vec<String>]) -> Option<(String, Vec<(usize, usize)>)> {
    let text = &text[..text.floor_char_boundary(MAX_LOOKED_THROUGH)];
    let there: Vec<Piece> = pieces(text).collect();
    let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
    for words in wanted.iter().filter(|words| !words.is_empty()) {
        let runs = there.windows(words.len()).filter(|run| run.iter().map(|piece| &piece.lower).eq(words));
        found.extend(runs.filter_map(|run| Some((run.first()?.from, run.last()?.until))));
    }
    let (first, first_until) = *found.first()?;
    let start = first.saturating_sub(BEFORE);
    let end = first_until.max(first + AFTER);
    let mut snippet: String = text.chars().skip(start).take(end - start).collect();
    let is_cut = text.chars().nth(end).is_some();
    let shift = usize::from(start > 0);
    if start > 0 {
        snippet.insert(0, '…');
    }
    let within = found.into_iter().filter(|(_, until)| *until <= end).map(|(from, until)| (from - start + shift, until - start + shift));
    let matches = within.collect();
    if is_cut {
        snippet.push('…');
    }
    Some((snippet, matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[&str], expected: Option<&str>) {
        let wanted: Vec<Vec<String>> = words.iter().map(|word| pieces(word).map(|piece| piece.lower).collect()).collect();
        let marked = quote(text, &wanted).map(|(snippet, matches)| {
            let mut out = String::new();
            for (at, c) in snippet.chars().enumerate() {
                if matches.iter().any(|(from, _)| *from == at) {
                    out.push('[');
                }
                out.push(c);
                if matches.iter().any(|(_, until)| *until == at + 1) {
                    out.push(']');
                }
            }
            out
        });
        assert_eq!(marked.as_deref(), expected, "{words:?} in {text:?}");
    }

    #[test]
    fn words_are_marked_as_the_index_splits_them() {
        check("Refund the LAMP, order W5918442", &["lamp", "w5918442"], Some("Refund the [LAMP], order [W5918442]"));
        check("agt-1 and agt-10", &["agt-1"], Some("[agt-1] and agt-10"));
        check("straße Žižkov", &["žižkov"], Some("straße [Žižkov]"));
        check("lampshade", &["lamp"], None);
        check("anything", &["-"], None);
    }

    #[test]
    fn a_snippet_is_cut_on_both_sides_and_says_so() {
        let long = format!("{}needle{}", "ä ".repeat(100), " b".repeat(100));
        let wanted = vec![vec!["needle".to_owned()]];
        let (snippet, matches) = quote(&long, &wanted).expect("it stands there");
        assert!(snippet.starts_with('…') && snippet.ends_with('…'));
        assert_eq!(matches, [(BEFORE + 1, BEFORE + 7)]);
        assert_eq!(snippet.chars().count(), BEFORE + AFTER + 2);
        assert_eq!(snippet.chars().skip(matches[0].0).take(6).collect::<String>(), "needle");
    }
}
