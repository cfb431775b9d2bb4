//! How often each value of a field occurs among the hits, exactly: counted by ordinal in each segment, added up by value.

use std::collections::HashMap;
use std::io;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::StrColumn;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use crate::index::field::Field;

/// Counts per value.
pub(super) type Counts = HashMap<String, u64>;

/// Counts the values of a facet.
pub(super) struct FacetCounter(pub(super) Field);

/// The same within one segment.
pub(super) struct SegmentFacetCounter {
    column: Option<StrColumn>,
    by_ordinal: Vec<u64>,
}

impl Collector for FacetCounter {
    type Fruit = Counts;
    type Child = SegmentFacetCounter;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFacetCounter> {
        let column = segment.fast_fields().str(self.0.as_str())?;
        let values = column.as_ref().map_or(0, |column| column.num_terms());
        Ok(SegmentFacetCounter { column, by_ordinal: vec![0; values] })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<io::Result<Counts>>) -> tantivy::Result<Counts> {
        let mut sums = Counts::new();
        for segment in segments {
            for (value, count) in segment? {
                *sums.entry(value).or_default() += count;
            }
        }
        Ok(sums)
    }
}

impl SegmentCollector for SegmentFacetCounter {
    type Fruit = io::Result<Counts>;

    /// A document has each of its values once ([`IndexDocument::words`](crate::index::document::IndexDocument)).
    fn collect(&mut self, doc: DocId, _: Score) {
        let Some(column) = &self.column else { return };
        for ordinal in column.term_ords(doc) {
            let place = usize::try_from(ordinal).ok().and_then(|ordinal| self.by_ordinal.get_mut(ordinal));
            *place.expect("an ordinal is smaller than the number of terms") += 1;
        }
    }

    fn harvest(self) -> io::Result<Counts> {
        let Some(column) = self.column else { return Ok(Counts::new()) };
        let mut counts = Counts::new();
        for (ordinal, count) in (0..).zip(self.by_ordinal).filter(|(_, count)| *count > 0) {
            let mut value = String::new();
            if !column.ord_to_str(ordinal, &mut value)? {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a column names a value that its dictionary lacks"));
            }
            counts.insert(value, count);
        }
        Ok(counts)
    }
}

/// The most frequent first, equals by value; so many of them.
pub(super) fn most_frequent(counts: impl IntoIterator<Item = (String, u64)>, top: usize) -> Vec<(String, u64)> {
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
    sorted.truncate(top);
    sorted
}
