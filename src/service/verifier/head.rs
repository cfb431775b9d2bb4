//! The head: the one row that says how far the ledger has come. Against the last entry, and against how many rows there are.

use crate::service::verifier::report::{Check, CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::inspection::RowCount;
use crate::store::rows::Rows;
use crate::tlog::entry::Origin;
use crate::tlog::hash::LeafHash;
use crate::tlog::position::{LeafIndex, TreeSize};

/// What the head says.
pub(super) struct Head {
    pub(super) origin: String,
    pub(super) size: TreeSize,
    leaf_hash: Vec<u8>,
}

/// Why nothing can be measured against the head.
pub(super) struct Unread {
    pub(super) origin: String,
    pub(super) reason: String,
}

impl Head {
    /// Reads it; without a size there is nothing to go by.
    pub(super) fn read(rows: Rows<'_>) -> Result<Result<Self, Unread>, StoreError> {
        let Some(stored) = rows.stored_head()? else {
            let reason = "there is none: nothing says how many entries there should be".to_owned();
            return Ok(Err(Unread { origin: String::new(), reason }));
        };
        Ok(match u64::try_from(stored.tree_size).ok().and_then(TreeSize::new) {
            Some(size) => Ok(Self { origin: stored.origin, size, leaf_hash: stored.leaf_hash }),
            None => Err(Unread { reason: format!("it says that there are {} entries", stored.tree_size), origin: stored.origin }),
        })
    }
}

/// The head against the last entry.
pub(super) fn check_head(rows: Rows<'_>, head: &Head, origin: &Origin, last: Option<LeafHash>) -> Result<Check, StoreError> {
    let mut tally = Tally::new(CheckName::Head, 1);
    if head.origin != origin.as_str() {
        tally.wrong(Place::Ledger, format!("it belongs to {}, not to {origin}", head.origin));
    } else if rows.count_all_heads()? != 1 {
        tally.wrong(Place::Ledger, "there are heads of other ledgers");
    } else {
        match (last, head.size.last_index()) {
            (Some(last), _) if last.as_bytes().as_slice() == head.leaf_hash => tally.right(),
            (Some(_), Some(index)) => tally.wrong_at(index, "the head names another last entry than the one that is there"),
            _ => tally.cannot_tell("the last entry is missing"),
        }
    }
    Ok(tally.finish())
}

/// As many rows as the head says, and none past it.
pub(super) fn check_rows(head: &Head, counts: (RowCount, RowCount)) -> Check {
    let size = head.size.get();
    let mut tally = Tally::new(CheckName::Rows, 2);
    for (what, count) in [("entries", counts.0), ("payloads", counts.1)] {
        match count.past_head {
            Some(index) => {
                let place = LeafIndex::new(index).map_or(Place::Ledger, Place::Entry);
                tally.wrong(place, format!("there are {what} past the head, which says {size}"));
            }
            None if count.foreign > 0 => tally.wrong(Place::Ledger, format!("there are {what} of another ledger")),
            None if count.rows == size => tally.right(),
            None => tally.wrong(Place::Ledger, format!("there are {} {what}, and the head says {size}", count.rows)),
        }
    }
    tally.finish()
}
