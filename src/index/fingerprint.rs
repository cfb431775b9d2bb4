//! A fingerprint of the values that a document is found by: a keyed sum over them, so that a whole segment is compared in one pass
//! over its lists of occurrences, each read once from its beginning to its end. Two documents that differ share a fingerprint once
//! in 2^64 times, and whoever wrote the index cannot have aimed at it: every process draws its own key.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::postings::Postings as _;
use tantivy::schema::{Field as Column, IndexRecordOption};
use tantivy::{DocSet as _, SegmentReader, TERMINATED};

use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::field::{Field, Kind};
use crate::index::schema::{Layout, needs_presence, positions_of};

/// What a document is found by: how many values, and the sum over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// How many.
    pub(super) values: u32,
    sum: u64,
}

impl Fingerprint {
    const fn add(&mut self, value: u64) {
        self.values += 1;
        self.sum = self.sum.wrapping_add(value);
    }
}

/// Takes fingerprints under one key.
#[derive(Default)]
pub(super) struct Fingerprints {
    key: RandomState,
}

impl Fingerprints {
    fn of_word(&self, column: Column, word: &[u8]) -> u64 {
        self.key.hash_one((column.field_id(), word))
    }

    fn of_places(&self, word: u64, places: &[u32]) -> u64 {
        self.key.hash_one((word, places))
    }

    /// What a document should be found by.
    pub(super) fn expected(&self, layout: &Layout, document: &IndexDocument) -> Fingerprint {
        let mut print = Fingerprint::default();
        for &field in Field::ALL {
            let Some(column) = layout.column(field) else { continue };
            let has_value = match field.kind() {
                Kind::Words => {
                    for (word, places) in positions_of(document.searched_text()) {
                        print.add(self.of_places(self.of_word(column, word.as_bytes()), &places));
                    }
                    !document.text.is_empty()
                }
                Kind::Keyword | Kind::Facet => {
                    let words = document.words(field);
                    for word in &words {
                        print.add(self.of_word(column, word.as_bytes()));
                    }
                    !words.is_empty()
                }
                _ => false,
            };
            if has_value && needs_presence(field) {
                print.add(self.of_word(layout.present(), field.as_str().as_bytes()));
            }
        }
        print
    }

    /// What every document of a segment is found by.
    pub(super) fn found(
        &self,
        segment: &SegmentReader,
        layout: &Layout,
        inverted: &HashMap<Column, Arc<InvertedIndexReader>>,
    ) -> Result<Vec<Fingerprint>, IndexError> {
        let failed = tantivy::TantivyError::from;
        let mut prints = vec![Fingerprint::default(); usize::try_from(segment.max_doc()).unwrap_or(0)];
        let with_places = layout.column(Field::Text);
        let mut places = Vec::new();
        for (column, inverted) in inverted {
            let has_places = with_places == Some(*column);
            let option = if has_places { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::Basic };
            let mut terms = inverted.terms().stream().map_err(failed)?;
            while let Some((word, found)) = terms.next() {
                let word = self.of_word(*column, word);
                let mut list = inverted.read_postings_from_terminfo(found, option).map_err(failed)?;
                while list.doc() != TERMINATED {
                    let value = if has_places {
                        list.positions(&mut places);
                        self.of_places(word, &places)
                    } else {
                        word
                    };
                    if let Some(print) = usize::try_from(list.doc()).ok().and_then(|doc| prints.get_mut(doc)) {
                        print.add(value);
                    }
                    list.advance();
                }
            }
        }
        Ok(prints)
    }
}
