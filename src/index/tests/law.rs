//! The law: whatever is indexed and whatever is asked, the index answers as reading every document one by one would.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;
use proptest::sample::select;

use super::{DAY, HOUR, at_micros, entry, size};
use crate::index::document::IndexDocument;
use crate::index::field::{Field, Kind};
use crate::index::filter::{Filter, Range};
use crate::index::matching::Matcher;
use crate::index::reader::{Order, Snapshot};
use crate::index::writer::Indexer;
use crate::tlog::position::LeafIndex;

const WORDS: [&str; 6] = ["a", "ab", "abc", "b.c", "B\nc", "é"];
const FIELDS: [Field; 9] =
    [Field::From, Field::Via, Field::Under, Field::Action, Field::Finding, Field::Verdict, Field::Is, Field::Trace, Field::ParentTrace];

fn word() -> impl Strategy<Value = String> {
    select(&WORDS[..]).prop_map(str::to_owned)
}

fn some_words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 0..3)
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(word())
}

/// Everything but the index, which is where it stands in the list.
fn document() -> impl Strategy<Value = IndexDocument> {
    let keywords = (maybe(), some_words(), some_words(), maybe(), some_words(), maybe(), maybe(), maybe());
    let rest = (prop::option::of(0..4u32), prop::option::of(-2..3i8), 0..5i64, some_words());
    (keywords, rest).prop_map(|((human, via, under, action, findings, verdict, trace, parent_trace), (depth, amount, hours, text))| {
        let time = at_micros(DAY + hours * HOUR);
        let amount = amount.map(|amount| f64::from(amount) / 2.0);
        let text = text.join(" ");
        let occurred = IndexDocument { occurred_at: time, depth, amount, text, ..entry(0) };
        IndexDocument { human, via, under, action, trace, parent_trace, verdict, findings, ..occurred }
    })
}

fn bound<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = Bound<T>> {
    prop_oneof![Just(Bound::Unbounded), value.clone().prop_map(Bound::Included), value.prop_map(Bound::Excluded)]
}

fn bounds<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = (Bound<T>, Bound<T>)> {
    (bound(value.clone()), bound(value))
}

fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        bounds((0..40u64).prop_map(|n| LeafIndex::new(n).unwrap())).prop_map(|(from, to)| Range::Index(from, to)),
        bounds((-1..6i64).prop_map(|h| at_micros(DAY + h * HOUR))).prop_map(|(from, to)| Range::Time(from, to)),
        bounds(0..5u32).prop_map(|(from, to)| Range::Depth(from, to)),
        bounds((-5..5i8).prop_map(|n| f64::from(n) / 4.0)).prop_map(|(from, to)| Range::Amount(from, to)),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let field = || select(&FIELDS[..]);
    let patterns = select(&["*", "a*", "*c", "b.c", "*b*", "**a", "B*c", "", "?"][..]);
    let leaf = prop_oneof![
        Just(Filter::All),
        (field(), word()).prop_map(|(field, value)| Filter::Term { field, value }),
        (field(), some_words()).prop_map(|(field, values)| Filter::AnyOf { field, values }),
        (field(), select(&["", "a", "ab", "B", "é"][..])).prop_map(|(field, prefix)| Filter::Prefix { field, prefix: prefix.to_owned() }),
        (field(), patterns).prop_map(|(field, pattern)| Filter::Like { field, pattern: pattern.to_owned() }),
        field().prop_map(Filter::Has),
        range().prop_map(Filter::Range),
        some_words().prop_map(|words| Filter::Text(words.join(" "))),
        some_words().prop_map(|words| Filter::Phrase(words.join(" "))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|inner| !inner),
        ]
    })
}

/// The same question, asked of one document in the plainest way.
fn matches(filter: &Filter, document: &IndexDocument) -> bool {
    let any = |field: Field, ask: &dyn Fn(&str) -> bool| field.parts().into_iter().any(|part| document.words(part).into_iter().any(ask));
    match filter {
        Filter::All => true,
        Filter::And(parts) => parts.iter().all(|part| matches(part, document)),
        Filter::Or(parts) => parts.iter().any(|part| matches(part, document)),
        Filter::Not(inner) => !matches(inner, document),
        Filter::Term { field, value } => any(*field, &|word| word == value),
        Filter::AnyOf { field, values } => any(*field, &|word| values.iter().any(|value| word == value)),
        Filter::Prefix { field, prefix } => any(*field, &|word| word.starts_with(prefix)),
        Filter::Like { field, pattern } => any(*field, &|word| is_like(pattern.as_bytes(), word.as_bytes())),
        Filter::Has(field) => any(*field, &|_| true),
        Filter::Range(Range::Index(from, to)) => (*from, *to).contains(&document.index),
        Filter::Range(Range::Time(from, to)) => (*from, *to).contains(&document.occurred_at),
        Filter::Range(Range::Recorded(from, to)) => (*from, *to).contains(&document.recorded_at),
        Filter::Range(Range::Depth(from, to)) => document.depth.is_some_and(|depth| (*from, *to).contains(&depth)),
        Filter::Range(Range::Amount(from, to)) => document.amount.is_some_and(|amount| (*from, *to).contains(&amount)),
        Filter::Text(words) => !words.is_empty() && words.split_whitespace().all(|word| occurs(word, &document.text)),
        Filter::Phrase(phrase) => occurs(phrase, &document.text),
    }
}

fn is_like(pattern: &[u8], word: &[u8]) -> bool {
    match pattern.split_first() {
        None => word.is_empty(),
        Some((b'*', rest)) => (0..=word.len()).any(|skipped| is_like(rest, &word[skipped..])),
        Some((c, rest)) => word.first() == Some(c) && is_like(rest, &word[1..]),
    }
}

fn occurs(phrase: &str, text: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let (phrase, text) = (split(phrase), split(text));
    !phrase.is_empty() && text.windows(phrase.len()).any(|words| words == phrase)
}

/// All hits, three at a time, each page after the last hit of the one before.
fn by_pages(snapshot: &Snapshot, filter: &Filter, order: Order) -> Vec<u64> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = snapshot.find(filter, order, after, None, 3).unwrap();
        all.extend(page.hits.iter().map(|hit| hit.get()));
        after = page.hits.last().copied();
        if !page.has_more {
            return all;
        }
    }
}

#[track_caller]
fn check(snapshot: &Snapshot, documents: &[IndexDocument], filter: &Filter) {
    for document in documents {
        assert_eq!(Matcher::new(document).answers(filter), matches(filter, document), "{filter:?} of {document:?}");
    }
    let found: Vec<&IndexDocument> = documents.iter().filter(|document| matches(filter, document)).collect();
    let mut expected: Vec<u64> = found.iter().map(|document| document.index.get()).collect();
    assert_eq!(by_pages(snapshot, filter, Order::OldestFirst), expected, "{filter:?}");
    assert_eq!(snapshot.count(filter).unwrap(), expected.len() as u64, "{filter:?}");
    expected.reverse();
    assert_eq!(by_pages(snapshot, filter, Order::NewestFirst), expected, "{filter:?}");
    for field in FIELDS.into_iter().filter(|field| field.kind() == Kind::Facet) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for word in found.iter().flat_map(|document| document.words(field)) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        let facet = snapshot.facet(filter, field, 100).unwrap();
        assert!(facet.is_sorted_by_key(|(_, count)| std::cmp::Reverse(*count)));
        for (value, count) in &facet {
            assert_eq!(snapshot.count(&filter.clone().and(Filter::term(field, value))).unwrap(), *count, "{field:?} {value}");
        }
        assert_eq!(facet.into_iter().collect::<BTreeMap<_, _>>(), counts, "{field:?} of {filter:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_reading_every_document_would(
        mut documents in prop::collection::vec(document(), 1..40),
        replacements in prop::collection::vec((any::<prop::sample::Index>(), document()), 0..5),
        filters in prop::collection::vec(filter(), 30),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut indexer, _) = Indexer::open(dir.path()).unwrap();
        for (index, document) in (0..).zip(&mut documents) {
            document.index = LeafIndex::new(index).unwrap();
            indexer.add(document).unwrap();
            // Several segments, so that adding up is tested, too.
            if index % 16 == 15 {
                indexer.commit(size(index + 1)).unwrap();
            }
        }
        for (place, mut document) in replacements {
            let place = place.index(documents.len());
            document.index = documents[place].index;
            indexer.replace(&document).unwrap();
            documents[place] = document;
        }
        indexer.commit(size(documents.len() as u64)).unwrap();
        indexer.searcher().reload().unwrap();
        let snapshot = indexer.searcher().snapshot();
        for filter in &filters {
            check(&snapshot, &documents, filter);
        }
    }
}
