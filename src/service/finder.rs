//! Finding: the index says where, the ledger says what. Every hit is read again, opened against its commitment and asked whether
//! it is what was looked for; what does not stand that test is told of and never shown. One [`Finder`] is one state of the
//! index, so hits, totals and counts of one answer agree.

use std::cell::RefCell;

use tracing::error;

use crate::domain::credential::Sight;
use crate::index::error::IndexError;
use crate::index::field::Field;
use crate::index::filter::Filter;
use crate::index::matching::Matcher;
use crate::index::reader::{Order, Snapshot};
use crate::service::criteria::{Criteria, within};
use crate::service::hit::{Hit, Reading};
use crate::service::ledger::Ledger;
use crate::service::opened::{ReadError, open_entry};
use crate::service::past::PastCache;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::hash::DocumentHash;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// Most values of one field that an answer counts one by one; how many there are altogether is always said.
pub const MAX_COUNTED: usize = 100;

/// Why nothing could be found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for FindError {
    fn from(e: StoreError) -> Self {
        Self::Read(e.into())
    }
}

/// Finds, for one caller, in one state of the index.
pub struct Finder<'l> {
    ledger: &'l Ledger,
    snapshot: Snapshot,
    sight: Filter,
    at: TreeSize,
}

/// Some of what was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries, the newest first.
    pub hits: Vec<Hit>,
    /// Hits of the index that the ledger does not bear out.
    pub withheld: Vec<Withheld>,
    /// How many hits of the index were looked at.
    pub looked_at: usize,
    /// The last hit that was looked at: the next page begins beyond it.
    pub last: Option<LeafIndex>,
    /// Whether the index has more beyond it.
    pub has_more: bool,
}

/// A hit that is not shown, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Which entry.
    pub index: LeafIndex,
    /// What is wrong.
    pub reason: WithheldReason,
}

/// Why a hit is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithheldReason {
    /// The entry cannot be opened against its commitment, or is not there.
    Damaged,
    /// The entry is sound, and it is not what the index says.
    NotAsIndexed,
}

impl WithheldReason {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::NotAsIndexed => "not_as_indexed",
        }
    }
}

/// Values of a field, the most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// At most [`MAX_COUNTED`] of them, and how many entries have each.
    pub values: Vec<(String, u64)>,
    /// How many different values there are.
    pub distinct: usize,
}

impl<'l> Finder<'l> {
    /// In the first `at` entries, or in all that are indexed.
    pub fn new(ledger: &'l Ledger, sight: &Sight, at: Option<TreeSize>) -> Self {
        let snapshot = ledger.searcher().snapshot();
        let at = at.unwrap_or(snapshot.indexed_size());
        Self { ledger, snapshot, sight: within(sight), at }
    }

    /// Among how many entries is looked.
    pub const fn at(&self) -> TreeSize {
        self.at
    }

    /// How many entries the index holds.
    pub const fn indexed(&self) -> TreeSize {
        self.snapshot.indexed_size()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.ledger.clock().now()
    }

    /// Whether the caller sees every entry.
    pub(in crate::service) fn sees_everything(&self) -> bool {
        self.sight == Filter::All
    }

    /// The length of a document's content, if the ledger holds it.
    pub(in crate::service) fn content_bytes(&self, document: &DocumentHash) -> Result<Option<u64>, FindError> {
        self.ledger.read(|rows| Ok(rows.document_bytes(document)?))
    }

    /// One page, the newest first, beyond `after`.
    pub fn find(&self, criteria: &Criteria, after: Option<LeafIndex>, limit: usize) -> Result<Found, FindError> {
        self.find_filter(&criteria.filter(), after, limit)
    }

    /// How many entries there are, as the index counts.
    pub fn count(&self, criteria: &Criteria) -> Result<u64, FindError> {
        self.count_filter(&criteria.filter())
    }

    pub(in crate::service) fn count_filter(&self, filter: &Filter) -> Result<u64, FindError> {
        Ok(self.snapshot.count(&self.seen(filter))?)
    }

    /// The index, and a condition that holds the caller to what she may see: for figures.
    pub(in crate::service) fn snapshot_for(&self, criteria: &Criteria) -> (&Snapshot, Filter) {
        (&self.snapshot, self.seen(&criteria.filter()))
    }

    /// The values of a field, and how often each occurs; all are counted, the most frequent are told.
    pub(in crate::service) fn counted(&self, criteria: &Criteria, field: Field) -> Result<Counted, FindError> {
        let mut values = self.every_value(criteria, field)?;
        let distinct = values.len();
        values.truncate(MAX_COUNTED);
        Ok(Counted { values, distinct })
    }

    /// Every value of a field, the most frequent first, however many there are.
    pub(in crate::service) fn every_value(&self, criteria: &Criteria, field: Field) -> Result<Vec<(String, u64)>, FindError> {
        Ok(self.snapshot.facet(&self.seen(&criteria.filter()), field, usize::MAX)?)
    }

    pub(in crate::service) fn find_filter(&self, filter: &Filter, after: Option<LeafIndex>, limit: usize) -> Result<Found, FindError> {
        let asked = self.seen(filter);
        let page = self.snapshot.find(&asked, Order::NewestFirst, after, None, limit)?;
        let mut found = Found { looked_at: page.hits.len(), last: page.hits.last().copied(), has_more: page.has_more, ..Found::default() };
        let cache = RefCell::new(PastCache::default());
        self.ledger.read(|rows| {
            let size = rows.head()?.map_or(self.indexed(), |head| head.size);
            let reading = Reading { rows, cache: &cache, size, now: self.now() };
            for index in page.hits {
                match self.read_again(&reading, index, &asked) {
                    Ok(Again::Hit(hit)) => found.hits.push(*hit),
                    Ok(Again::Overtaken) => {}
                    Ok(Again::NotAsIndexed) => found.withheld.push(Withheld { index, reason: WithheldReason::NotAsIndexed }),
                    Err(ReadError::Damaged { index: damaged, reason }) => {
                        error!(entry.index = index.get(), damaged.index = damaged.get(), reason, "a hit is withheld: it is damaged");
                        found.withheld.push(Withheld { index, reason: WithheldReason::Damaged });
                    }
                    Err(e @ ReadError::Store(_)) => return Err(FindError::Read(e)),
                }
            }
            Ok(found)
        })
    }

    fn read_again(&self, reading: &Reading<'_>, index: LeafIndex, asked: &Filter) -> Result<Again, ReadError> {
        let open = || open_entry(reading.rows, index)?.ok_or_else(|| damaged(index, "the ledger has no such entry"));
        let hit = reading.hit(open()?)?;
        if Matcher::new(&hit.document).answers(asked) {
            return Ok(Again::Hit(Box::new(hit)));
        }
        // What came after the index was told of the entry may have changed what it is; that is nobody's fault.
        let as_indexed = Reading { size: self.indexed(), ..*reading }.hit(open()?)?;
        let was_so = Matcher::new(&as_indexed.document).answers(asked) || was_changed_since(reading.rows, index, self.indexed())?;
        if was_so {
            return Ok(Again::Overtaken);
        }
        error!(entry.index = index.get(), "a hit is withheld: its entry is not what the index says; `onus reindex` makes the index again");
        Ok(Again::NotAsIndexed)
    }

    /// Only what the caller may see, among the entries that are looked at.
    fn seen(&self, filter: &Filter) -> Filter {
        Filter::And(vec![filter.clone(), self.sight.clone()]).at(self.at)
    }
}

/// What became of a hit that was read again.
enum Again {
    /// It is what was asked for.
    Hit(Box<Hit>),
    /// It was, until an entry came that the index does not know yet.
    Overtaken,
    /// It is not.
    NotAsIndexed,
}

fn damaged(index: LeafIndex, reason: &str) -> ReadError {
    ReadError::Damaged { index, reason: reason.to_owned() }
}

/// Whether an `assessment.changed` that the index does not know yet gave the entry other findings.
fn was_changed_since(rows: Rows<'_>, index: LeafIndex, indexed: TreeSize) -> Result<bool, ReadError> {
    Ok(rows.present_findings(index)?.is_some_and(|(_, changed_by)| !indexed.contains(changed_by)))
}
