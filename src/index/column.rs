//! Numbers of the hits, read from their columns: all values of one, or how many hits fall into each second.

use std::collections::BTreeMap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use crate::index::field::Field;

/// Microseconds of a second.
const SECOND_MICROS: i64 = 1_000_000;

/// Gathers every value of a whole number.
pub(super) struct NumberGatherer(pub(super) Field);

/// The same within one segment.
pub(super) struct SegmentNumbers {
    column: Option<Column<u64>>,
    values: Vec<u64>,
}

impl Collector for NumberGatherer {
    type Fruit = Vec<u64>;
    type Child = SegmentNumbers;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentNumbers> {
        Ok(SegmentNumbers { column: segment.fast_fields().column_opt::<u64>(self.0.as_str())?, values: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Vec<u64>>) -> tantivy::Result<Vec<u64>> {
        let mut all = segments.concat();
        all.sort_unstable();
        Ok(all)
    }
}

impl SegmentCollector for SegmentNumbers {
    type Fruit = Vec<u64>;

    fn collect(&mut self, doc: DocId, _: Score) {
        if let Some(column) = &self.column {
            self.values.extend(column.values_for_doc(doc));
        }
    }

    fn harvest(self) -> Vec<u64> {
        self.values
    }
}

/// Counts hits by the second in which they happened.
pub(super) struct SecondCounter;

/// The same within one segment.
pub(super) struct SegmentSeconds {
    column: Option<Column<i64>>,
    counts: BTreeMap<i64, u64>,
}

impl Collector for SecondCounter {
    type Fruit = BTreeMap<i64, u64>;
    type Child = SegmentSeconds;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentSeconds> {
        Ok(SegmentSeconds { column: segment.fast_fields().column_opt::<i64>(Field::Time.as_str())?, counts: BTreeMap::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<BTreeMap<i64, u64>>) -> tantivy::Result<BTreeMap<i64, u64>> {
        let mut sums = BTreeMap::new();
        for (second, count) in segments.into_iter().flatten() {
            *sums.entry(second).or_default() += count;
        }
        Ok(sums)
    }
}

impl SegmentCollector for SegmentSeconds {
    type Fruit = BTreeMap<i64, u64>;

    fn collect(&mut self, doc: DocId, _: Score) {
        for micros in self.column.iter().flat_map(|column| column.values_for_doc(doc)) {
            *self.counts.entry(micros.div_euclid(SECOND_MICROS)).or_default() += 1;
        }
    }

    fn harvest(self) -> BTreeMap<i64, u64> {
        self.counts
    }
}
