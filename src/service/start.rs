//! What is checked before anything is answered or signed: that the ledger file extends the high-water mark and its own last
//! checkpoint, and that the entries past that checkpoint are whole. What fails makes the ledger read-only, and loud.

use std::path::Path;

use tracing::{error, warn};

use crate::service::high_water::HighWater;
use crate::service::log_keys::{LogKeyError, LogKeys, must_sign, verify_signed};
use crate::service::opened::ReadError;
use crate::service::publisher::{Published, VerifiedEdge};
use crate::service::tiling::{TileEdge, root_at};
use crate::store::connection::StoreError;
use crate::store::rows::{Head, Rows};
use crate::tlog::checkpoint::UnverifiedCheckpoint;
use crate::tlog::entry::Origin;
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;

/// Entries verified in one step at start.
const STEP: u64 = 10_000;

/// How the ledger was found.
pub struct Found {
    /// How far it is verified: all of it, unless `fault` says otherwise.
    pub verified: VerifiedEdge,
    /// The last checkpoint.
    pub published: Option<Published>,
    /// Why it must not be written, if it must not.
    pub fault: Option<String>,
    /// Whether there is no high-water mark yet, and nothing else is wrong.
    pub is_unmarked: bool,
}

/// Looks at the ledger as it lies there.
pub fn inspect(rows: Rows<'_>, head: &Head, origin: &Origin, keys: &LogKeys, mark_file: &Path) -> Found {
    let mut found = Found { verified: VerifiedEdge::default(), published: None, fault: None, is_unmarked: false };
    let result = check_mark(rows, head, mark_file).and_then(|()| check_checkpoint(rows, head, origin, keys, &mut found));
    if let Err(Fault(reason)) = result {
        error!(
            reason,
            "the ledger is read-only: it cannot extend its own past. Writing goes on only in a new epoch (docs: FORMAT.md section 10)"
        );
        found.fault = Some(reason);
    } else if let Err(e) = check_keys(rows, head, keys, found.verified.recorded_at) {
        error!(reason = %e, "the ledger is read-only: no checkpoint can be signed as its entries call for");
        found.fault = Some(e.to_string());
    }
    found.is_unmarked = found.fault.is_none() && !matches!(HighWater::read(mark_file), Ok(Some(_)));
    found
}

struct Fault(String);

impl From<ReadError> for Fault {
    fn from(e: ReadError) -> Self {
        Self(e.to_string())
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self(e.to_string())
    }
}

/// The rollback guard: size and root, recomputed, against the high-water mark.
fn check_mark(rows: Rows<'_>, head: &Head, path: &Path) -> Result<(), Fault> {
    let mark = match HighWater::read(path) {
        Ok(Some(mark)) => mark,
        Ok(None) => {
            warn!(path = %path.display(), "there is no high-water mark: whether the ledger was rolled back before now cannot be told");
            return Ok(());
        }
        Err(e) => return Err(Fault(format!("the high-water mark {} cannot be read: {e}", path.display()))),
    };
    contradiction(rows, head, &mark, path)?.map_or(Ok(()), |reason| Err(Fault(reason)))
}

/// Why the ledger does not extend its high-water mark; nothing, if it does.
pub fn contradiction(rows: Rows<'_>, head: &Head, mark: &HighWater, path: &Path) -> Result<Option<String>, StoreError> {
    if mark.origin != head.origin {
        return Ok(Some(format!("the high-water mark {} belongs to {}, not to {}", path.display(), mark.origin, head.origin)));
    }
    if head.size < mark.size {
        return Ok(Some(format!(
            "rolled back: the ledger file ends at size {}, but it had reached size {} (high-water mark {})",
            head.size,
            mark.size,
            path.display()
        )));
    }
    let is_another = root_at(rows, mark.size)? != mark.root;
    Ok(is_another
        .then(|| format!("the ledger file holds another history: its root at size {} is not that of the high-water mark", mark.size)))
}

/// Whoever must sign the next checkpoint can.
fn check_keys(rows: Rows<'_>, head: &Head, keys: &LogKeys, recorded_at: Option<Timestamp>) -> Result<(), LogKeyError> {
    let Some(recorded_at) = recorded_at else { return Ok(()) };
    keys.signers(rows, head.size.next_index().size_with(), recorded_at).map(drop)
}

/// The last checkpoint is ours and says the root that the entries have; the tail after it is whole.
fn check_checkpoint(rows: Rows<'_>, head: &Head, origin: &Origin, keys: &LogKeys, found: &mut Found) -> Result<(), Fault> {
    let newest = rows.checkpoint(TreeSize::new(crate::tlog::position::MAX_POSITION).unwrap_or_default())?;
    if let Some((size, note)) = newest {
        if size > head.size {
            return Err(Fault(format!(
                "a checkpoint of size {size} was signed, but the ledger file ends at size {}: the tail was cut",
                head.size
            )));
        }
        let history = keys.history(rows)?;
        let unsigned = |e| Fault(format!("the checkpoint of size {size} is not signed by this ledger's key: {e}"));
        let unverified = UnverifiedCheckpoint::parse(note.as_bytes()).map_err(unsigned)?;
        // Which others must have signed depends on the last entry, which the root has to vouch for first.
        let signed = verify_signed(&unverified, origin, &history.must_sign(size, None, size)).map_err(|(_, e)| unsigned(e))?;
        let frontier = TileEdge::load(rows, size)?.frontier();
        if frontier.root() != signed.checkpoint().root || signed.checkpoint().size != size {
            return Err(Fault(format!("the entries no longer have the root that the checkpoint of size {size} was signed over")));
        }
        found.verified = VerifiedEdge::resume(rows, frontier)?;
        if let Some(recorded_at) = found.verified.recorded_at {
            let needed = must_sign(rows, &history, size, recorded_at)?;
            verify_signed(&unverified, origin, &needed).map_err(|(_, e)| unsigned(e))?;
        }
        found.published = found.verified.recorded_at.map(|recorded_at| Published { size, note, recorded_at });
    }
    while found.verified.frontier.size() < head.size {
        found.verified = found.verified.clone().extend(rows, origin, head.size, STEP)?;
    }
    if found.verified.leaf_hash.is_some_and(|last| last != head.leaf_hash) {
        return Err(Fault("the head names another last entry than the one that is there".to_owned()));
    }
    Ok(())
}
