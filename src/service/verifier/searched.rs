//! The search index against what it should hold: each entry put together again as the follower does it, and compared with every
//! value that the index has for it. An index that lags is compared as far as it has come.

use std::cell::RefCell;
use std::error::Error as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::index::audit::Difference;
use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::reader::Searcher;
use crate::service::folder::Folder;
use crate::service::opened::{EntryReading, ReadError, open_entry};
use crate::service::past::PastCache;
use crate::service::searchable::searchable;
use crate::service::verifier::report::{Check, CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::reader::LedgerReader;
use crate::store::rows::Rows;
use crate::tlog::position::{LeafIndex, TreeSize};

/// How long an index that follows a live server is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is asked how far it has come.
const POLL: Duration = Duration::from_millis(100);

/// Opens the index once it has come to where the ledger stands now, or when it is clear that it does not follow.
pub(super) fn open_settled(folder: &Folder) -> Result<Searcher, IndexError> {
    let wanted = LedgerReader::open(&folder.ledger_file()).and_then(|ledger| ledger.rows().head()).ok().flatten().map(|head| head.size);
    let started = Instant::now();
    loop {
        let searcher = Searcher::open(&folder.index_folder())?;
        if wanted <= Some(searcher.indexed_size()) || started.elapsed() > PATIENCE {
            return Ok(searcher);
        }
        std::thread::sleep(POLL);
    }
}

/// Compares the index, opened before the ledger's state was fixed at `size`.
pub(super) fn check(rows: Rows<'_>, size: TreeSize, searcher: Result<Searcher, IndexError>, folder: &Path, reading: EntryReading) -> Check {
    if !folder.exists() {
        return Check::not_run(CheckName::SearchIndex, size.get(), "there is no search index in the folder");
    }
    let searcher = match searcher {
        Ok(searcher) => searcher,
        Err(e) => return broken(size, &e),
    };
    let indexed = searcher.indexed_size();
    let (mut tally, cache) = (Tally::new(CheckName::SearchIndex, size.get()), RefCell::default());
    if indexed > size {
        tally.blame(Place::Ledger, format!("it says that it holds {indexed} entries, and the ledger has {size}"));
    } else if indexed < size {
        tally.cannot_tell(format!("it has come to entry {indexed}, the ledger to {size}"));
    }
    let expected = |index| if size.contains(index) { document(rows, &cache, index, size, reading).ok() } else { None };
    let audited = searcher.audit(expected, |difference| {
        let Difference { index, reason } = difference;
        match index {
            // Made before the newest facts were known: nobody but the follower can say which of them it had seen.
            Some(index) if indexed < size && is_touched(rows, index, indexed, size).unwrap_or(true) => {
                tally.cannot_tell(format!("entry {index} changed after the index was committed"));
            }
            Some(index) => tally.blame(Place::Entry(index), reason),
            None => tally.blame(Place::Ledger, reason),
        }
    });
    match audited {
        Ok(compared) => {
            tally.all_right(compared);
            tally.finish()
        }
        Err(e) => broken(size, &e),
    }
}

/// An index that cannot be read is as false as one that says something else, unless it is merely of another release or in use.
fn broken(size: TreeSize, e: &IndexError) -> Check {
    let mut reason = e.to_string();
    // Of what lies below, the last says it all, and the others quote it.
    if let Some(cause) = std::iter::successors(e.source(), |cause| (**cause).source()).last() {
        reason = format!("{reason}: {cause}");
    }
    match e {
        IndexError::Locked { .. } | IndexError::OtherVersion { .. } | IndexError::Io { .. } => {
            Check::not_run(CheckName::SearchIndex, size.get(), reason)
        }
        _ => {
            let mut tally = Tally::new(CheckName::SearchIndex, size.get());
            tally.blame(Place::Ledger, reason);
            tally.finish()
        }
    }
}

fn document(
    rows: Rows<'_>,
    cache: &RefCell<PastCache>,
    index: LeafIndex,
    now: TreeSize,
    reading: EntryReading,
) -> Result<IndexDocument, ReadError> {
    let entry = reading(rows, index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
    searchable(rows, cache, &entry, now.next_index())
}

/// Whether anything recorded after the index was committed changed what search should say of an entry.
fn is_touched(rows: Rows<'_>, index: LeafIndex, indexed: TreeSize, size: TreeSize) -> Result<bool, ReadError> {
    if rows.present_findings(index)?.is_some_and(|(_, by)| by >= indexed.next_index()) {
        return Ok(true);
    }
    // Separate memories: one that knows of later delegations would answer for both.
    let as_of = |size| document(rows, &RefCell::default(), index, size, open_entry);
    Ok(as_of(indexed)? != as_of(size)?)
}
