//! Asking the index. A [`Snapshot`] is one commit: hits, counts and facets taken from the same snapshot agree with each other.
//! Commits made later show after [`Searcher::reload`], which the follower of the ledger calls.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tantivy::collector::{Count, HistogramCollector, TopDocs};
use tantivy::query::{BooleanQuery, Query};
use tantivy::schema::{Field as Column, IndexRecordOption};
use tantivy::{DocSet, Index, IndexReader, ReloadPolicy, SegmentReader, TERMINATED};

use crate::index::column::{NumberGatherer, SecondCounter};
use crate::index::error::IndexError;
use crate::index::facet::{FacetCounter, most_frequent};
use crate::index::field::{Field, Kind};
use crate::index::filter::{Filter, Range};
use crate::index::folder;
use crate::index::query::{after_prefix, compile, words_column};
use crate::index::schema::{Layout, register_tokenizers};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// Most hits of one page.
pub const MAX_PAGE_HITS: usize = 10_000;
/// Most bars of one histogram.
pub const MAX_BUCKETS: usize = 1_000;
/// Most values that [`Snapshot::terms`] looks at in one segment.
const MAX_TERMS_SCANNED: usize = 10_000;

/// What searches an index while it grows.
pub struct Searcher {
    dir: PathBuf,
    index: Index,
    layout: Arc<Layout>,
    /// Held while reloading, so that a slow reload cannot put an older snapshot over a newer one.
    reader: Mutex<IndexReader>,
    current: RwLock<Snapshot>,
}

/// The index as one commit left it. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    searcher: tantivy::Searcher,
    layout: Arc<Layout>,
    indexed: TreeSize,
}

/// In which order hits come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the largest index down.
    NewestFirst,
    /// From the smallest index up.
    OldestFirst,
}

/// Some of the hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the entries stand in the ledger. The last one is the `after` of the next page.
    pub hits: Vec<LeafIndex>,
    /// Whether there are hits beyond the last one.
    pub has_more: bool,
}

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The first instant it covers.
    pub from: Timestamp,
    /// The first instant it does not cover any more.
    pub until: Timestamp,
    /// How many hits fall into it.
    pub count: u64,
}

impl Searcher {
    /// Opens a folder for reading only, beside its writer.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        folder::check(dir)?;
        IndexError::catch_damage(dir, || Self::open_checked(dir))
    }

    fn open_checked(dir: &Path) -> Result<Self, IndexError> {
        let layout = Arc::new(Layout::new());
        let index = Index::open_in_dir(dir).map_err(|error| IndexError::on_open(dir, error))?;
        if index.schema() != *layout.schema() {
            return Err(IndexError::Damaged { dir: dir.to_owned(), source: None });
        }
        register_tokenizers(&index);
        Self::over(dir, index, layout)
    }

    pub(super) fn over(dir: &Path, index: Index, layout: Arc<Layout>) -> Result<Self, IndexError> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(|e| IndexError::on_open(dir, e))?;
        let snapshot = load(dir, &index, &reader, &layout)?;
        Ok(Self { dir: dir.to_owned(), index, layout, reader: Mutex::new(reader), current: RwLock::new(snapshot) })
    }

    /// The commit loaded last.
    pub fn snapshot(&self) -> Snapshot {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many entries the commit loaded last holds.
    pub fn indexed_size(&self) -> TreeSize {
        self.snapshot().indexed
    }

    /// Loads the newest commit; says how many entries it holds.
    pub fn reload(&self) -> Result<TreeSize, IndexError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = IndexError::catch_damage(&self.dir, || load(&self.dir, &self.index, &reader, &self.layout))?;
        let indexed = snapshot.indexed;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(indexed)
    }
}

impl Searcher {
    /// Runs what reads files that may be damaged.
    pub(super) fn catch_damage<T>(&self, read: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
        IndexError::catch_damage(&self.dir, read)
    }

    /// Reads every file of the last commit and compares its checksum: seconds for a million entries.
    pub fn check_files(&self) -> Result<(), IndexError> {
        let damaged = self.index.validate_checksum()?;
        if damaged.is_empty() { Ok(()) } else { Err(IndexError::Damaged { dir: self.dir.clone(), source: None }) }
    }
}

/// tantivy reads the segments without their payload. The payload is read before and after: if it is the same, it is theirs.
fn load(dir: &Path, index: &Index, reader: &IndexReader, layout: &Arc<Layout>) -> Result<Snapshot, IndexError> {
    let mut before = committed_size(dir, index)?;
    loop {
        reader.reload().map_err(|error| IndexError::on_open(dir, error))?;
        let indexed = committed_size(dir, index)?;
        if indexed == before {
            return Ok(Snapshot { searcher: reader.searcher(), layout: Arc::clone(layout), indexed });
        }
        before = indexed;
    }
}

fn committed_size(dir: &Path, index: &Index) -> Result<TreeSize, IndexError> {
    let meta = index.load_metas().map_err(|error| IndexError::on_open(dir, error))?;
    match meta.payload {
        Some(payload) => payload.parse().ok().and_then(TreeSize::new),
        None => meta.segments.is_empty().then_some(TreeSize::ZERO),
    }
    .ok_or_else(|| IndexError::Damaged { dir: dir.to_owned(), source: None })
}

impl Snapshot {
    pub(super) fn segments(&self) -> &[SegmentReader] {
        self.searcher.segment_readers()
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many entries this commit holds: the first so many of the ledger.
    pub const fn indexed_size(&self) -> TreeSize {
        self.indexed
    }

    /// Hits in the ledger's order: those beyond `after`, among the entries that a tree of size `at` holds.
    pub fn find(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<LeafIndex>,
        at: Option<TreeSize>,
        limit: usize,
    ) -> Result<Page, IndexError> {
        within_limit("hits", limit, MAX_PAGE_HITS)?;
        let query = self.beyond(filter, order, after, at)?;
        let direction = match order {
            Order::NewestFirst => tantivy::Order::Desc,
            Order::OldestFirst => tantivy::Order::Asc,
        };
        // One more than asked for tells whether there are more.
        let top = TopDocs::with_limit(limit + 1).order_by_fast_field::<u64>(Field::Index.as_str(), direction);
        let found = self.searcher.search(&query, &top)?;
        let mut hits: Vec<LeafIndex> = found.into_iter().filter_map(|(index, _)| LeafIndex::new(index?)).collect();
        let has_more = hits.len() > limit;
        hits.truncate(limit);
        Ok(Page { hits, has_more })
    }

    fn beyond(&self, filter: &Filter, order: Order, after: Option<LeafIndex>, at: Option<TreeSize>) -> Result<Box<dyn Query>, IndexError> {
        let mut clauses = vec![compile(&self.layout, filter)?];
        let mut among = |from, until| -> Result<(), IndexError> {
            clauses.push(compile(&self.layout, &Filter::Range(Range::Index(from, until)))?);
            Ok(())
        };
        match (order, after) {
            (_, None) => {}
            (Order::NewestFirst, Some(last)) => among(Bound::Unbounded, Bound::Excluded(last))?,
            (Order::OldestFirst, Some(last)) => among(Bound::Excluded(last), Bound::Unbounded)?,
        }
        if let Some(size) = at {
            among(Bound::Unbounded, Bound::Excluded(size.next_index()))?;
        }
        Ok(Box::new(BooleanQuery::intersection(clauses)))
    }

    /// How many hits there are.
    pub fn count(&self, filter: &Filter) -> Result<u64, IndexError> {
        let hits = self.searcher.search(&compile(&self.layout, filter)?, &Count)?;
        Ok(hits as u64)
    }

    /// The `top` most frequent values of a field among the hits, and how many hits have each. Exact.
    pub fn facet(&self, filter: &Filter, field: Field, top: usize) -> Result<Vec<(String, u64)>, IndexError> {
        if !field.is_facet() {
            return Err(IndexError::WrongField { field, problem: "has too many values to be counted" });
        }
        let counts = self.searcher.search(&compile(&self.layout, filter)?, &FacetCounter(field))?;
        Ok(most_frequent(counts, top))
    }

    /// The hits by when they happened: `from` included, `until` excluded, in at most `buckets` bars of one width.
    pub fn histogram(&self, filter: &Filter, from: Timestamp, until: Timestamp, buckets: usize) -> Result<Vec<Bucket>, IndexError> {
        within_limit("buckets", buckets, MAX_BUCKETS)?;
        let span = u64::try_from(until.micros().saturating_sub(from.micros())).unwrap_or(0);
        if span == 0 {
            return Ok(Vec::new());
        }
        let width = span.div_ceil(buckets as u64);
        // Rounding the width up may leave bars at the end without anything to cover.
        let bars = usize::try_from(span.div_ceil(width)).expect("at most as many as asked for");
        let within = Filter::Range(Range::Time(Bound::Included(from), Bound::Excluded(until)));
        let query = BooleanQuery::intersection(vec![compile(&self.layout, filter)?, compile(&self.layout, &within)?]);
        let collector = HistogramCollector::new::<i64>(Field::Time.as_str().to_owned(), from.micros(), width, bars);
        let counts = self.searcher.search(&query, &collector)?;
        let mut start = from;
        Ok(counts
            .into_iter()
            .map(|count| {
                let next = i64::try_from(width).ok().and_then(|width| start.micros().checked_add(width));
                let end = next.and_then(Timestamp::from_micros).map_or(until, |end| end.min(until));
                Bucket { from: std::mem::replace(&mut start, end), until: end, count }
            })
            .collect())
    }

    /// Every value of a whole number among the hits, ascending.
    pub fn numbers(&self, filter: &Filter, field: Field) -> Result<Vec<u64>, IndexError> {
        if field.kind() != Kind::Number {
            return Err(IndexError::WrongField { field, problem: "holds no whole numbers" });
        }
        Ok(self.searcher.search(&compile(&self.layout, filter)?, &NumberGatherer(field))?)
    }

    /// How many hits happened in each second in which any did, by seconds since 1970.
    pub fn by_second(&self, filter: &Filter) -> Result<BTreeMap<i64, u64>, IndexError> {
        Ok(self.searcher.search(&compile(&self.layout, filter)?, &SecondCounter)?)
    }

    /// Values of a field that begin so, the most frequent first, and how many entries have each: for completion. Where very many
    /// begin so, only the first in alphabetical order are looked at. For a field that stands for several, the count is that of
    /// the one in which the value is most frequent.
    pub fn terms(&self, field: Field, prefix: &str, limit: usize) -> Result<Vec<(String, u64)>, IndexError> {
        let mut best: BTreeMap<String, u64> = BTreeMap::new();
        for part in field.parts() {
            for (value, count) in self.terms_of(words_column(&self.layout, part)?, prefix)? {
                let most = best.entry(value).or_default();
                *most = count.max(*most);
            }
        }
        Ok(most_frequent(best, limit))
    }

    fn terms_of(&self, column: Column, prefix: &str) -> Result<BTreeMap<String, u64>, IndexError> {
        let mut counts = BTreeMap::new();
        // Beyond the last value looked at in any segment, counts would be incomplete.
        let mut horizon: Option<String> = None;
        for segment in self.searcher.segment_readers() {
            if let Some(last) = add_terms(segment, column, prefix, &mut counts).map_err(tantivy::TantivyError::from)? {
                horizon = Some(horizon.map_or(last.clone(), |other| other.min(last)));
            }
        }
        counts.retain(|value, count| *count > 0 && horizon.as_ref().is_none_or(|last| value <= last));
        Ok(counts)
    }
}

/// Adds the counts of one segment. Says at which value it stopped, if it did.
fn add_terms(segment: &SegmentReader, column: Column, prefix: &str, counts: &mut BTreeMap<String, u64>) -> std::io::Result<Option<String>> {
    let inverted = segment.inverted_index(column).map_err(std::io::Error::other)?;
    let mut range = inverted.terms().range().ge(prefix);
    if let Some(end) = after_prefix(prefix) {
        range = range.lt(end);
    }
    let mut stream = range.into_stream()?;
    for scanned in 1.. {
        let Some((key, info)) = stream.next() else { break };
        let value = String::from_utf8_lossy(key).into_owned();
        let mut count = u64::from(info.doc_freq);
        if let Some(alive) = segment.alive_bitset() {
            let mut postings = inverted.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            count = 0;
            while postings.doc() != TERMINATED {
                count += u64::from(alive.is_alive(postings.doc()));
                postings.advance();
            }
        }
        *counts.entry(value.clone()).or_default() += count;
        if scanned == MAX_TERMS_SCANNED {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn within_limit(what: &'static str, asked: usize, limit: usize) -> Result<(), IndexError> {
    if (1..=limit).contains(&asked) { Ok(()) } else { Err(IndexError::Limit { what, asked, limit }) }
}
