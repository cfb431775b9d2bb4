//! Compares one commit with what it should hold, in both directions: what each document is found by is summed up over the lists of
//! the index and over the document as it should be, and where the sums differ every value is looked up, to say which. Nothing is
//! sampled. One thread makes the documents as they should be, another compares them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use tantivy::columnar::{Column as Numbers, StrColumn};
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::schema::{Field as Column, IndexRecordOption};
use tantivy::{DocId, DocSet as _, SegmentReader};

use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::field::{Field, Kind};
use crate::index::fingerprint::{Fingerprint, Fingerprints};
use crate::index::reader::Searcher;
use crate::index::schema::{Layout, needs_presence, plain_zero, positions_of};
use crate::tlog::position::LeafIndex;

/// Lists of occurrences kept open in one segment; past it they are opened again.
const MAX_OPEN_LISTS: usize = 20_000;
/// Documents handed to the other thread at once.
const CHUNK_DOCUMENTS: usize = 256;
/// Chunks made ahead of it.
const CHUNKS_AHEAD: usize = 4;

/// Something that the index has otherwise than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The entry.
    pub index: Option<LeafIndex>,
    /// What is wrong.
    pub reason: String,
}

impl Searcher {
    /// Compares the commit loaded last with `expected`, which is asked once for each entry that the index holds; `None` means that
    /// it cannot be told. Hands over each difference, in no order, and says how many entries were compared.
    pub fn audit(
        &self,
        mut expected: impl FnMut(LeafIndex) -> Option<IndexDocument>,
        mut differs: impl FnMut(Difference),
    ) -> Result<u64, IndexError> {
        self.catch_damage(|| {
            self.check_files()?;
            let snapshot = self.snapshot();
            let indexed = snapshot.indexed_size();
            let mut seen = Seen::default();
            let mut compared = 0;
            for segment in snapshot.segments() {
                let indexes = segment.fast_fields().u64(Field::Index.as_str())?;
                let documents = segment.doc_ids_alive().filter_map(|doc| {
                    let index = only(&indexes, doc).and_then(LeafIndex::new);
                    let Some(place) = index.filter(|index| indexed.contains(*index)) else {
                        differs(Difference { index, reason: "it stands in the index and should not".to_owned() });
                        return None;
                    };
                    if !seen.insert(place) {
                        differs(Difference { index, reason: "it stands in the index twice".to_owned() });
                        return None;
                    }
                    let document = expected(place)?;
                    compared += 1;
                    Some((doc, document))
                });
                for difference in compare_segment(segment, snapshot.layout(), documents)? {
                    differs(difference);
                }
            }
            for index in (0..indexed.get()).filter_map(LeafIndex::new).filter(|index| !seen.contains(*index)) {
                compared += 1;
                differs(Difference { index: Some(index), reason: "it is missing from the index".to_owned() });
            }
            Ok(compared)
        })
    }
}

/// Takes the documents of one segment as they come and compares them on another thread.
fn compare_segment(
    segment: &SegmentReader,
    layout: &Layout,
    documents: impl Iterator<Item = (DocId, IndexDocument)>,
) -> Result<Vec<Difference>, IndexError> {
    let mut documents = documents.peekable();
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<(DocId, IndexDocument)>>(CHUNKS_AHEAD);
        let comparing = scope.spawn(move || {
            let mut audit = SegmentAudit::new(segment, layout)?;
            let mut differences = Vec::new();
            for (doc, document) in receiver.into_iter().flatten() {
                if let Some(reason) = audit.compare(doc, &document)? {
                    differences.push(Difference { index: Some(document.index), reason });
                }
            }
            Ok(differences)
        });
        while documents.peek().is_some() {
            if sender.send(documents.by_ref().take(CHUNK_DOCUMENTS).collect()).is_err() {
                break; // the other thread has ended with an error, which it returns
            }
        }
        drop(sender);
        comparing.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))
    })
}

/// Which entries were met: one bit each.
#[derive(Default)]
struct Seen(Vec<u64>);

impl Seen {
    fn place(index: LeafIndex) -> (usize, u64) {
        (usize::try_from(index.get() / 64).unwrap_or(usize::MAX), 1 << (index.get() % 64))
    }

    /// Whether it is met for the first time.
    fn insert(&mut self, index: LeafIndex) -> bool {
        let (word, bit) = Self::place(index);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    fn contains(&self, index: LeafIndex) -> bool {
        let (word, bit) = Self::place(index);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

/// One segment, gone through by document: lists of occurrences only ever move forward.
struct SegmentAudit<'s> {
    layout: &'s Layout,
    inverted: HashMap<Column, Arc<InvertedIndexReader>>,
    lists: HashMap<Column, HashMap<String, SegmentPostings>>,
    open_lists: usize,
    fingerprints: Fingerprints,
    /// What each document is found by.
    found: Vec<Fingerprint>,
    words: HashMap<Field, Words>,
    times: HashMap<Field, Numbers<i64>>,
    depths: Option<Numbers<u64>>,
    amounts: Option<Numbers<f64>>,
}

/// The words of a facet's column, read once each.
struct Words {
    column: StrColumn,
    known: HashMap<u64, String>,
}

impl<'s> SegmentAudit<'s> {
    fn new(segment: &SegmentReader, layout: &'s Layout) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        let (mut inverted, mut words, mut times) = (HashMap::new(), HashMap::new(), HashMap::new());
        for &field in Field::ALL {
            let Some(column) = layout.column(field) else { continue };
            if needs_presence(field) || field.is_facet() {
                inverted.insert(column, segment.inverted_index(column)?);
            }
            if field.is_facet()
                && let Some(column) = fast.str(field.as_str())?
            {
                words.insert(field, Words { column, known: HashMap::new() });
            }
            if field.kind() == Kind::Time {
                times.insert(field, fast.i64(field.as_str())?);
            }
        }
        inverted.insert(layout.present(), segment.inverted_index(layout.present())?);
        let fingerprints = Fingerprints::default();
        let found = fingerprints.found(segment, layout, &inverted)?;
        Ok(Self {
            layout,
            inverted,
            lists: HashMap::new(),
            open_lists: 0,
            fingerprints,
            found,
            words,
            times,
            depths: fast.column_opt(Field::Depth.as_str())?,
            amounts: fast.column_opt(Field::Amount.as_str())?,
        })
    }

    /// The first way in which a document is not what it should be.
    fn compare(&mut self, doc: DocId, expected: &IndexDocument) -> Result<Option<String>, IndexError> {
        let found = usize::try_from(doc).ok().and_then(|doc| self.found.get(doc)).copied().unwrap_or_default();
        let wanted = self.fingerprints.expected(self.layout, expected);
        if found == wanted {
            return self.first_other_column(doc, expected);
        }
        let named = match self.first_missing_value(doc, expected)? {
            Some(reason) => Some(reason),
            None => self.first_other_column(doc, expected)?,
        };
        Ok(Some(named.unwrap_or_else(|| format!("it is found by {} values, and has {}", found.values, wanted.values))))
    }

    /// The first column that has another number, or counts other words.
    fn first_other_column(&mut self, doc: DocId, expected: &IndexDocument) -> Result<Option<String>, IndexError> {
        for &field in Field::ALL {
            if self.layout.column(field).is_none() {
                continue;
            }
            if field.is_facet() {
                if !self.has_words(field, doc, &expected.words(field))? {
                    return Ok(Some(format!("its {} is counted otherwise", field.as_str())));
                }
            } else if !self.has_number(field, doc, expected) {
                return Ok(Some(format!("it has another value of `{}` for it than the ledger", field.as_str())));
            }
        }
        Ok(None)
    }

    /// The first value that it should be found by, and is not.
    fn first_missing_value(&mut self, doc: DocId, expected: &IndexDocument) -> Result<Option<String>, IndexError> {
        for &field in Field::ALL {
            let Some(column) = self.layout.column(field) else { continue };
            let has_value = match field.kind() {
                Kind::Words => {
                    for (word, places) in positions_of(expected.searched_text()) {
                        if !self.has(column, &word, doc, Some(&places))? {
                            return Ok(Some(format!("its text lacks {word:?} where it stands")));
                        }
                    }
                    !expected.text.is_empty()
                }
                Kind::Keyword | Kind::Facet => {
                    let words = expected.words(field);
                    for word in &words {
                        if !self.has(column, word, doc, None)? {
                            return Ok(Some(format!("it does not find it by `{}` {word:?}", field.as_str())));
                        }
                    }
                    !words.is_empty()
                }
                _ => false,
            };
            if has_value && needs_presence(field) && !self.has(self.layout.present(), field.as_str(), doc, None)? {
                return Ok(Some(format!("it seems to have no {}", field.as_str())));
            }
        }
        Ok(None)
    }

    /// Whether a document has that value, at those places if they are given.
    fn has(&mut self, column: Column, word: &str, doc: DocId, places: Option<&[u32]>) -> Result<bool, IndexError> {
        if self.open_lists > MAX_OPEN_LISTS {
            self.lists.clear();
            self.open_lists = 0;
        }
        let lists = self.lists.entry(column).or_default();
        if !lists.contains_key(word) {
            let inverted = self.inverted.get(&column).expect("every column looked up was opened");
            let found = inverted.terms().get(word.as_bytes()).map_err(tantivy::TantivyError::from)?;
            let Some(found) = found else { return Ok(false) };
            let option = if places.is_some() { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::Basic };
            let list = inverted.read_postings_from_terminfo(&found, option).map_err(tantivy::TantivyError::from)?;
            lists.insert(word.to_owned(), list);
            self.open_lists += 1;
        }
        let list = lists.get_mut(word).expect("it was opened just now, if it was not before");
        if list.doc() < doc {
            list.seek(doc);
        }
        if list.doc() != doc {
            return Ok(false);
        }
        let Some(places) = places else { return Ok(true) };
        let mut found = Vec::with_capacity(places.len());
        list.positions(&mut found);
        Ok(found == places)
    }

    /// Whether a facet's column has exactly those words for a document.
    fn has_words(&mut self, field: Field, doc: DocId, expected: &[&str]) -> Result<bool, IndexError> {
        let Some(words) = self.words.get_mut(&field) else { return Ok(expected.is_empty()) };
        let ordinals: Vec<u64> = words.column.term_ords(doc).collect();
        let mut found = Vec::with_capacity(ordinals.len());
        for ordinal in ordinals {
            if !words.known.contains_key(&ordinal) {
                let mut word = String::new();
                words.column.ord_to_str(ordinal, &mut word).map_err(tantivy::TantivyError::from)?;
                words.known.insert(ordinal, word);
            }
            found.extend(words.known.get(&ordinal).cloned());
        }
        found.sort_unstable();
        Ok(found == expected)
    }

    fn has_number(&self, field: Field, doc: DocId, expected: &IndexDocument) -> bool {
        match field {
            Field::Time => self.times.get(&field).and_then(|times| only(times, doc)) == Some(expected.occurred_at.micros()),
            Field::Recorded => self.times.get(&field).and_then(|times| only(times, doc)) == Some(expected.recorded_at.micros()),
            Field::Depth => self.depths.as_ref().and_then(|depths| only(depths, doc)) == expected.depth.map(u64::from),
            Field::Amount => {
                let found = self.amounts.as_ref().and_then(|amounts| only(amounts, doc));
                found.map(f64::to_bits) == expected.amount.map(|amount| plain_zero(amount).to_bits())
            }
            // The index is what the document was found by.
            _ => true,
        }
    }
}

/// The value of a document that has just one.
fn only<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(column: &Numbers<T>, doc: DocId) -> Option<T> {
    let mut values = column.values_for_doc(doc);
    let first = values.next();
    if values.next().is_none() { first } else { None }
}
