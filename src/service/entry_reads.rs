//! One entry with all that can be checked of it on the spot, and the newest entries a caller may see.

use crate::domain::credential::Sight;
use crate::domain::finding::Code;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::past::present_findings;
use crate::service::prover::{Prover, ProverError};
use crate::service::walker::{head_index, header, sees_entry};
use crate::store::rows::Rows;
use crate::tlog::checkpoint::{Checkpoint, UnverifiedCheckpoint};
use crate::tlog::entry::{EntryHeader, EntryType, Origin};
use crate::tlog::hash::LeafHash;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tlog_proof::Trust;
use crate::tlog::vkey::Vkey;

/// Headers looked at for one page of a caller who sees everything.
const MAX_SCANNED: u64 = 20_000;
/// Entries looked at for one page of a caller who sees a part: each has to be opened, some walked back.
const MAX_SCANNED_OPENED: u64 = 1_000;

/// Checks an opened entry's place: that it names the entry before it, and that it is under a checkpoint that verifies. The
/// checkpoint; `None` while none covers it. What does not check is damaged.
pub fn check_place(rows: Rows<'_>, entry: &OpenedEntry, origin: &Origin, keys: &[Vkey]) -> Result<Option<Checkpoint>, ProverError> {
    let damaged = |reason: String| ReadError::Damaged { index: entry.index, reason };
    let before = match entry.index.before() {
        None => LeafHash::GENESIS,
        Some(index) => LeafHash::of(&rows.entry(index)?.ok_or_else(|| damaged("the entry before it is missing".to_owned()))?),
    };
    if before != entry.header.prev {
        return Err(damaged("it does not name the entry before it".to_owned()).into());
    }
    let Some(proof) = Prover::new(rows)?.tlog_proof(entry.index, None)? else { return Ok(None) };
    let trust = Trust { origin, log_keys: keys, witnesses: &[], quorum: 0 };
    let proven = proof.verify(entry.leaf_hash, trust).map_err(|e| damaged(format!("it is not under its checkpoint: {e}")))?;
    Ok(Some(proven.checkpoint))
}

/// An entry of a list: its header, and its findings as of now.
#[derive(Clone, Debug)]
pub struct ListedEntry {
    /// The header.
    pub header: EntryHeader,
    /// The hash of its bytes.
    pub leaf_hash: LeafHash,
    /// Its findings as of now.
    pub findings: Vec<Code>,
}

/// One page, newest first.
#[derive(Debug)]
pub struct EntryPage {
    /// At most as many as were asked for; fewer where many had to be passed over.
    pub entries: Vec<ListedEntry>,
    /// Where the next page begins: the index behind its first entry.
    pub next_before: Option<LeafIndex>,
}

/// The entries before `before` (from the newest on, if absent) that the caller may see and that have that type.
pub fn newest_entries(
    rows: Rows<'_>,
    sight: &Sight,
    before: Option<LeafIndex>,
    entry_type: Option<&EntryType>,
    limit: usize,
) -> Result<EntryPage, ReadError> {
    let end = head_index(rows)?;
    let mut next = before.map_or(end, |before| before.min(end));
    let mut budget = if *sight == Sight::Everything { MAX_SCANNED } else { MAX_SCANNED_OPENED };
    let mut entries = Vec::new();
    while let Some(index) = next.before() {
        if entries.len() == limit || budget == 0 {
            return Ok(EntryPage { entries, next_before: Some(next) });
        }
        budget -= 1;
        next = index;
        entries.extend(listed(rows, sight, index, entry_type)?);
    }
    Ok(EntryPage { entries, next_before: None })
}

fn listed(rows: Rows<'_>, sight: &Sight, index: LeafIndex, entry_type: Option<&EntryType>) -> Result<Option<ListedEntry>, ReadError> {
    let header = header(rows, index)?;
    if entry_type.is_some_and(|wished| *wished != header.entry_type) {
        return Ok(None);
    }
    if *sight != Sight::Everything {
        let Some(entry) = open_entry(rows, index)? else { return Ok(None) };
        if !sees_entry(rows, sight, &entry)? {
            return Ok(None);
        }
    }
    let codes = header.assessment.iter().flat_map(super::super::tlog::entry::Assessment::findings);
    let first = codes.filter_map(|code| Code::parse(code)).collect();
    let findings = present_findings(rows, index, first)?;
    Ok(Some(ListedEntry { leaf_hash: LeafHash::of(&header.to_bytes()), header, findings }))
}

/// The newest checkpoints that verify, newest first, each with the time at which the last entry under it was recorded.
pub fn newest_checkpoints(rows: Rows<'_>, origin: &Origin, keys: &[Vkey], limit: usize) -> Result<Vec<(Checkpoint, Timestamp)>, ReadError> {
    let mut found = Vec::new();
    let mut at_most = rows.head()?.map(|head| head.size);
    while let Some((size, note)) = at_most.map(|size| rows.checkpoint(size)).transpose()?.flatten().filter(|_| found.len() < limit) {
        let verified = UnverifiedCheckpoint::parse(note.as_bytes()).and_then(|note| note.verify(origin, keys));
        if let (Ok(signed), Some(last)) = (verified, size.last_index()) {
            found.push((signed.checkpoint().clone(), header(rows, last)?.recorded_at));
        }
        at_most = size.get().checked_sub(1).and_then(TreeSize::new);
    }
    Ok(found)
}
