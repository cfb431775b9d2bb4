//! A filter asked of one document in the plainest way. Hits are read again from the ledger and asked again here, so that what a
//! page shows rests on the entry and not on what an index says of it. It never searches.

use std::cell::OnceCell;
use std::ops::{Bound, RangeBounds as _};

use crate::index::document::IndexDocument;
use crate::index::field::{Field, Kind};
use crate::index::filter::{Filter, Range};
use crate::index::schema::words_of;

/// A document made from the ledger, ready to be asked.
pub struct Matcher<'d> {
    document: &'d IndexDocument,
    /// The words of the prose, split at the first question about them.
    words: OnceCell<Vec<String>>,
}

impl<'d> Matcher<'d> {
    /// Of that document.
    pub const fn new(document: &'d IndexDocument) -> Self {
        Self { document, words: OnceCell::new() }
    }

    /// Whether it is what the filter asks for.
    pub fn answers(&self, filter: &Filter) -> bool {
        match filter {
            Filter::All => true,
            Filter::And(parts) => parts.iter().all(|part| self.answers(part)),
            Filter::Or(parts) => parts.iter().any(|part| self.answers(part)),
            Filter::Not(inner) => !self.answers(inner),
            Filter::Term { field, value } => self.any(*field, |word| word == value),
            Filter::AnyOf { field, values } => self.any(*field, |word| values.iter().any(|value| word == value)),
            Filter::Prefix { field, prefix } => self.any_in_case(*field, prefix, |word, prefix| word.starts_with(prefix)),
            Filter::Like { field, pattern } => self.any_in_case(*field, pattern, |word, pattern| is_like(pattern, word)),
            Filter::Has(field) => self.has(*field),
            Filter::Range(range) => self.lies_within(*range),
            Filter::Text(text) => !text.trim().is_empty() && text.split_whitespace().all(|word| self.has_in_a_row(word)),
            Filter::Phrase(text) => self.has_in_a_row(text),
        }
    }

    /// The identifiers that are exactly this word.
    pub fn identifiers_with(&self, word: &str) -> Vec<Field> {
        Field::Id.parts().into_iter().filter(|field| self.document.words(*field).contains(&word)).collect()
    }

    fn words(&self) -> &[String] {
        self.words.get_or_init(|| words_of(self.document.searched_text()))
    }

    fn any(&self, field: Field, ask: impl Fn(&str) -> bool) -> bool {
        field.parts().into_iter().any(|part| match part.kind() {
            Kind::Words => self.words().iter().any(|word| ask(word)),
            _ => self.document.words(part).into_iter().any(&ask),
        })
    }

    /// The words of the prose are in lower case, and what is looked for among them, too.
    fn any_in_case(&self, field: Field, asked: &str, ask: impl Fn(&str, &str) -> bool) -> bool {
        let lower = asked.to_lowercase();
        field.parts().into_iter().any(|part| match part.kind() {
            Kind::Words => self.words().iter().any(|word| ask(word, &lower)),
            _ => self.document.words(part).into_iter().any(|word| ask(word, asked)),
        })
    }

    fn has(&self, field: Field) -> bool {
        match field {
            Field::Index | Field::Time | Field::Recorded => true,
            Field::Depth => self.document.depth.is_some(),
            Field::Amount => self.document.amount.is_some(),
            Field::Duration => self.document.duration_ms.is_some(),
            Field::Text => !self.document.text.is_empty(),
            _ => self.any(field, |_| true),
        }
    }

    fn lies_within(&self, range: Range) -> bool {
        let document = self.document;
        match range {
            Range::Index(from, until) => (from, until).contains(&document.index),
            Range::Time(from, until) => (from, until).contains(&document.occurred_at),
            Range::Recorded(from, until) => (from, until).contains(&document.recorded_at),
            Range::Depth(from, until) => document.depth.is_some_and(|depth| (from, until).contains(&depth)),
            Range::Amount(from, until) => document.amount.is_some_and(|amount| contains(from, until, amount)),
        }
    }

    fn has_in_a_row(&self, text: &str) -> bool {
        let wanted = words_of(text);
        !wanted.is_empty() && self.words().windows(wanted.len()).any(|words| words == wanted)
    }
}

fn contains(from: Bound<f64>, until: Bound<f64>, amount: f64) -> bool {
    (from, until).contains(&amount)
}

/// `*` is any characters. One star is tried at a time, the last one: earlier ones never need to be tried again.
fn is_like(pattern: &str, word: &str) -> bool {
    let (pattern, word) = (pattern.as_bytes(), word.as_bytes());
    let (mut p, mut w) = (0, 0);
    let mut star = None;
    while w < word.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p + 1, w));
                p += 1;
            }
            (Some(c), _) if *c == word[w] => {
                p += 1;
                w += 1;
            }
            (_, Some((after_star, taken))) => {
                star = Some((after_star, taken + 1));
                p = after_star;
                w = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}
