//! Search: free words and criteria, hits with the reason why they match. What a single word names outright comes before what
//! merely mentions it, so that an id that is pasted finds its record first.

use crate::index::field::Field;
use crate::service::criteria::Criteria;
use crate::service::finder::{Counted, FindError, Finder, Found, Withheld};
use crate::service::highlight::{Reason, reasons};
use crate::service::hit::{Hit, HitKind};
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Bars of the histogram beside a search.
pub const HISTOGRAM_BARS: usize = 40;

/// What is counted beside the hits, by the names of the parameters that narrow a search to a value.
const FACETS: [(&str, Field); 9] = [
    ("type", Field::Type),
    ("human_principal_id", Field::From),
    ("agent_id", Field::By),
    ("action", Field::Action),
    ("outcome", Field::Outcome),
    ("verdict", Field::Verdict),
    ("finding", Field::Finding),
    ("caller_class", Field::Caller),
    ("model_version", Field::Model),
];

/// Up to where a search has been shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchPlace {
    /// Among the entries that the word names.
    Named(LeafIndex),
    /// Among the others.
    Rest(LeafIndex),
}

/// One page of a search.
#[derive(Debug, Default)]
pub struct SearchPage {
    /// What the word names, then the others; each the newest first.
    pub hits: Vec<SearchHit>,
    /// Hits of the index that the ledger does not bear out.
    pub withheld: Vec<Withheld>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchPlace>,
    /// How many hits there are altogether.
    pub total: u64,
}

/// A hit, and why it is one.
#[derive(Debug)]
pub struct SearchHit {
    /// The entry.
    pub hit: Hit,
    /// Whether the word names this very entry.
    pub is_named: bool,
    /// Where the words stand in it, or which of its identifiers they are; empty for a search without words.
    pub reasons: Vec<Reason>,
}

/// What is counted beside the hits.
#[derive(Clone, Debug, Default)]
pub struct Facets {
    /// By the parameter that narrows the search to a value.
    pub fields: Vec<(&'static str, Counted)>,
    /// Hits by when they happened: first instant, first instant not covered any more, how many.
    pub histogram: Vec<(Timestamp, Timestamp, u64)>,
}

/// One page of a search, beyond `after`.
pub fn search(finder: &Finder<'_>, criteria: &Criteria, after: Option<SearchPlace>, limit: usize) -> Result<SearchPage, FindError> {
    let everything = criteria.filter();
    let mut page = SearchPage { total: finder.count_filter(&everything)?, ..SearchPage::default() };
    let Some(named) = criteria.named() else {
        let after = after.map(SearchPlace::index);
        let found = finder.find_filter(&everything, after, limit)?;
        page.next = found.last.filter(|_| found.has_more).map(SearchPlace::Rest);
        page.take(found, criteria);
        return Ok(page);
    };
    let mut left = limit;
    if !matches!(after, Some(SearchPlace::Rest(_))) {
        let found = finder.find_filter(&everything.clone().and(named.clone()), after.map(SearchPlace::index), limit)?;
        left -= found.looked_at;
        page.next = found.last.filter(|_| found.has_more).map(SearchPlace::Named);
        let last = found.last.or(after.map(SearchPlace::index));
        page.take(found, criteria);
        if left == 0 {
            let rest = finder.count_filter(&everything.and(!named))?;
            page.next = page.next.or(last.filter(|_| rest > 0).map(SearchPlace::Named));
            return Ok(page);
        }
    }
    let after = match after {
        Some(SearchPlace::Rest(last)) => Some(last),
        _ => None,
    };
    let found = finder.find_filter(&everything.and(!named), after, left)?;
    page.next = found.last.filter(|_| found.has_more).map(SearchPlace::Rest);
    page.take(found, criteria);
    Ok(page)
}

/// The counts beside a search: how often each value occurs among all hits, and when they happened.
pub fn facets(finder: &Finder<'_>, criteria: &Criteria) -> Result<Facets, FindError> {
    let fields = FACETS.into_iter().map(|(name, field)| Ok((name, finder.counted(criteria, field)?))).collect::<Result<_, FindError>>()?;
    let (snapshot, filter) = finder.snapshot_for(criteria);
    let seconds = snapshot.by_second(&filter)?;
    let second = |at: i64| at.checked_mul(1_000_000).and_then(Timestamp::from_micros);
    let first = seconds.first_key_value().and_then(|(at, _)| second(*at));
    let end = seconds.last_key_value().and_then(|(at, _)| second(at + 1));
    let (Some(from), Some(until)) = (criteria.from.or(first), criteria.to.or(end)) else {
        return Ok(Facets { fields, histogram: Vec::new() });
    };
    let bars = snapshot.histogram(&filter, from, until, HISTOGRAM_BARS)?;
    Ok(Facets { fields, histogram: bars.into_iter().map(|bar| (bar.from, bar.until, bar.count)).collect() })
}

impl SearchPlace {
    /// As a cursor carries it.
    pub fn position(self) -> Vec<u8> {
        let mark = match self {
            Self::Named(_) => b'n',
            Self::Rest(_) => b'r',
        };
        [&[mark][..], &self.index().get().to_be_bytes()].concat()
    }

    /// From what a cursor carries.
    pub fn from_position(position: &[u8]) -> Option<Self> {
        let (mark, index) = position.split_first()?;
        let index = LeafIndex::new(u64::from_be_bytes(index.try_into().ok()?))?;
        match mark {
            b'n' => Some(Self::Named(index)),
            b'r' => Some(Self::Rest(index)),
            _ => None,
        }
    }

    /// The last entry that was shown.
    pub const fn index(self) -> LeafIndex {
        match self {
            Self::Named(index) | Self::Rest(index) => index,
        }
    }
}

impl SearchPage {
    fn take(&mut self, found: Found, criteria: &Criteria) {
        self.withheld.extend(found.withheld);
        let hits = found.hits.into_iter();
        self.hits.extend(hits.map(|hit| SearchHit {
            is_named: matches!(criteria.words.as_slice(), [word] if names(word, &hit)),
            reasons: reasons(&hit, &criteria.words),
            hit,
        }));
    }
}

/// Whether a word is an id of this very entry, and not only of something that it mentions.
fn names(word: &str, hit: &Hit) -> bool {
    let entry = &hit.entry;
    let own_id = match &hit.what {
        HitKind::Action { action, .. } => Some(action.action_id.as_str()),
        HitKind::Delegation { delegation, .. } => Some(delegation.what.delegation_id.as_str()),
        HitKind::Revocation(_) | HitKind::Administrative => None,
    };
    own_id == Some(word)
        || entry.text("/event_id") == Some(word)
        || entry.index.to_string() == word
        || entry.leaf_hash.to_string() == word
        || entry.leaf_hash.to_hex() == word
}
