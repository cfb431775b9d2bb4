//! From our [`Filter`] to tantivy's queries, one to one. No scoring: the order is the ledger's.

use std::borrow::Cow;
use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, InvertedIndexRangeQuery, Occur, PhraseQuery, Query, RangeQuery, RegexQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field as Column, IndexRecordOption};

use crate::index::error::IndexError;
use crate::index::excluded::Excluded;
use crate::index::field::{Field, Kind};
use crate::index::filter::{Filter, Range};
use crate::index::schema::{Layout, needs_presence, plain_zero, words_of};

type AnyQuery = Box<dyn Query>;

/// The query for a filter.
pub(super) fn compile(layout: &Layout, filter: &Filter) -> Result<AnyQuery, IndexError> {
    Ok(match filter {
        Filter::All => Box::new(AllQuery),
        Filter::And(parts) => all_of(layout, parts)?,
        Filter::Or(parts) => union(parts.iter().map(|part| compile(layout, part)).collect::<Result<_, _>>()?),
        Filter::Not(_) => all_of(layout, std::slice::from_ref(filter))?,
        Filter::Term { field, value } => each_part(layout, *field, |_, column| Ok(term(column, value)))?,
        Filter::AnyOf { field, values } => each_part(layout, *field, |_, column| Ok(one_of(column, values)))?,
        Filter::Prefix { field, prefix } => each_part(layout, *field, |part, column| Ok(begins(layout, part, column, prefix)))?,
        Filter::Like { field, pattern } => each_part(layout, *field, |part, column| like(part, column, pattern))?,
        Filter::Has(field) => union(field.parts().into_iter().map(|part| has(layout, part)).collect()),
        Filter::Range(range) => between(layout, *range),
        Filter::Text(text) => contains_words(layout, text),
        Filter::Phrase(text) => in_a_row(layout, &words_of(text)),
    })
}

/// Negated parts become exclusions; something must remain from which they can be excluded.
fn all_of(layout: &Layout, parts: &[Filter]) -> Result<AnyQuery, IndexError> {
    let mut clauses = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        clauses.push(match part {
            Filter::Not(inner) => (Occur::MustNot, Box::new(Excluded(compile(layout, inner)?)) as AnyQuery),
            other => (Occur::Must, compile(layout, other)?),
        });
    }
    if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    Ok(Box::new(BooleanQuery::new(clauses)))
}

/// The same question to each field behind a name.
fn each_part(layout: &Layout, field: Field, ask: impl Fn(Field, Column) -> Result<AnyQuery, IndexError>) -> Result<AnyQuery, IndexError> {
    let mut queries = Vec::new();
    for part in field.parts() {
        queries.push(ask(part, words_column(layout, part)?)?);
    }
    Ok(union(queries))
}

/// Where the words of a field lie, if it has words.
pub(super) fn words_column(layout: &Layout, field: Field) -> Result<Column, IndexError> {
    match (field.kind(), layout.column(field)) {
        (Kind::Keyword | Kind::Facet | Kind::Words, Some(column)) => Ok(column),
        _ => Err(IndexError::WrongField { field, problem: "has no words, only ranges" }),
    }
}

fn union(mut queries: Vec<AnyQuery>) -> AnyQuery {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn term(column: Column, value: &str) -> AnyQuery {
    Box::new(TermQuery::new(Term::from_field_text(column, value), IndexRecordOption::Basic))
}

fn one_of(column: Column, values: &[String]) -> AnyQuery {
    match values {
        [] => Box::new(EmptyQuery),
        [value] => term(column, value),
        _ => Box::new(TermSetQuery::new(values.iter().map(|value| Term::from_field_text(column, value)))),
    }
}

/// The words of the text are indexed in lower case; a piece of one must be looked for in lower case, too.
fn in_letter_case_of(field: Field, text: &str) -> Cow<'_, str> {
    if field.kind() == Kind::Words { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

fn begins(layout: &Layout, field: Field, column: Column, prefix: &str) -> AnyQuery {
    let prefix = in_letter_case_of(field, prefix);
    match after_prefix(&prefix) {
        None => has(layout, field),
        Some(end) => Box::new(InvertedIndexRangeQuery::new(
            Bound::Included(Term::from_field_text(column, &prefix)),
            Bound::Excluded(Term::from_field_bytes(column, &end)),
        )),
    }
}

/// The smallest bytes above all that begin so; `None` if there is no beginning. No byte of UTF-8 is 0xFF.
pub(super) fn after_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

fn like(field: Field, column: Column, pattern: &str) -> Result<AnyQuery, IndexError> {
    let query = RegexQuery::from_pattern(&regex_of(&in_letter_case_of(field, pattern)), column);
    Ok(Box::new(query.map_err(|_| IndexError::PatternTooLarge { pattern: pattern.to_owned() })?))
}

/// `*` is any characters, line feeds included; everything else stands for itself.
fn regex_of(pattern: &str) -> String {
    let mut regex = String::from("(?s)");
    for c in pattern.chars() {
        match c {
            '*' => regex.push_str(".*"),
            c if c.is_ascii_punctuation() => regex.extend(['\\', c]),
            c => regex.push(c),
        }
    }
    regex
}

fn has(layout: &Layout, field: Field) -> AnyQuery {
    if needs_presence(field) {
        term(layout.present(), field.as_str())
    } else {
        Box::new(ExistsQuery::new(field.as_str().to_owned(), false))
    }
}

fn between(layout: &Layout, range: Range) -> AnyQuery {
    let column = layout.column(range.field()).expect("a range is about a field of its own");
    let (from, until) = match range {
        Range::Index(from, until) => both(from, until, |index| Term::from_field_u64(column, index.get())),
        Range::Time(from, until) | Range::Recorded(from, until) => both(from, until, |t| Term::from_field_i64(column, t.micros())),
        Range::Depth(from, until) => both(from, until, |depth| Term::from_field_u64(column, depth.into())),
        Range::Amount(from, until) => both(from, until, |amount| Term::from_field_f64(column, plain_zero(amount))),
    };
    match (&from, &until) {
        (Bound::Unbounded, Bound::Unbounded) => has(layout, range.field()),
        _ => Box::new(RangeQuery::new(from, until)),
    }
}

fn both<T>(from: Bound<T>, until: Bound<T>, term: impl Fn(T) -> Term) -> (Bound<Term>, Bound<Term>) {
    (from.map(&term), until.map(&term))
}

/// A word with punctuation inside (`agt-1`) is split when it is indexed: its pieces must stand in a row.
fn contains_words(layout: &Layout, text: &str) -> AnyQuery {
    let words: Vec<AnyQuery> = text.split_whitespace().map(|word| in_a_row(layout, &words_of(word))).collect();
    if words.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::intersection(words)) }
}

fn in_a_row(layout: &Layout, words: &[String]) -> AnyQuery {
    let column = layout.column(Field::Text).expect("the text is a field of its own");
    match words {
        [] => Box::new(EmptyQuery),
        [word] => term(column, word),
        _ => Box::new(PhraseQuery::new(words.iter().map(|word| Term::from_field_text(column, word)).collect())),
    }
}
