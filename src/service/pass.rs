//! One transaction of the sequencer: each event is looked up, assessed, put at the next index and written; at the end the batch is
//! read back and recomputed, while it can still be undone. Nothing here commits.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::domain::assessment::{self, RULES, header_codes};
use crate::domain::delegation::Delegation;
use crate::domain::event::EventKind;
use crate::domain::finding::Code;
use crate::domain::members::same_members;
use crate::domain::past::Recorded;
use crate::service::derivation::{Changes, derive, reassess};
use crate::service::opened::{ReadError, open_entry};
use crate::service::past::{LedgerPast, PastCache};
use crate::service::pending::{EventKeys, PendingEntry};
use crate::service::queue::Submission;
use crate::service::tiling::TileEdge;
use crate::store::batch::{Batch, NewEntry};
use crate::store::connection::StoreError;
use crate::store::rows::Head;
use crate::tlog::entry::{Assessment, EntryError, EntryHeader, EntryType, Origin};
use crate::tlog::hash::{LeafHash, sha256};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tree::Frontier;

/// Most reports of one action: each new one is compared with all before it, and they with it.
pub const MAX_REPORTS: usize = 32;

/// An event with its place: durable, in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place.
    pub index: LeafIndex,
    /// The entry, byte for byte.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub leaf_hash: LeafHash,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The codes in its header.
    pub findings: Vec<Code>,
    /// Whether it had been recorded before and this is the first receipt again.
    pub is_replay: bool,
}

/// Why an event was not recorded. The caller can act on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its (source, event_id) stands for another event.
    #[error("this event_id was reported before with other content (entry {index}; differing: {})", names.join(", "))]
    EventIdConflict {
        /// The entry that has it.
        index: LeafIndex,
        /// The members that differ.
        names: Vec<String>,
    },
    /// Its delegation id is taken.
    #[error("the delegation {id} was granted before (entry {index})")]
    DelegationExists {
        /// The id.
        id: String,
        /// The entry that grants it.
        index: LeafIndex,
    },
    /// Its action has been reported so often that nobody could compare all reports any more.
    #[error("the action {id} has {MAX_REPORTS} reports already")]
    TooManyReports {
        /// The action.
        id: String,
    },
    /// What it would have to be compared with, or rests on, is damaged.
    #[error("entry {index}, which this event rests on, does not match what was committed to")]
    RestsOnDamaged {
        /// The damaged entry.
        index: LeafIndex,
    },
    /// Its delegation would hang below itself: late parents can come in any order, but not in a circle.
    #[error("the delegation {id} cannot be passed on from {parent}, which was itself passed on from {id}")]
    DelegationCycle {
        /// The id.
        id: String,
        /// The parent it names.
        parent: String,
    },
}

/// What one transaction starts from and leaves behind.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) head: Head,
    pub(super) recorded_at: Option<Timestamp>,
    pub(super) frontier: Frontier,
    pub(super) tiles: TileEdge,
}

/// What went wrong within a batch that can still be undone.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("an entry cannot be written as FORMAT.md section 1 says")]
    Entry(#[from] EntryError),
    #[error("what was written differs from what was committed to at index {0}")]
    ReadBack(u64),
    #[error("the ledger is full: no index past 2^53 − 1")]
    Full,
}

/// One pass over the queue: an open transaction and the edge it will leave behind.
pub(super) struct Pass<'s> {
    pub(super) batch: Batch<'s>,
    pub(super) edge: Edge,
    pub(super) origin: &'s Origin,
    pub(super) keys: &'s EventKeys,
    pub(super) cache: &'s RefCell<PastCache>,
    pub(super) now: Timestamp,
}

impl Pass<'_> {
    pub(super) fn take_submission(&mut self, submission: &Submission) -> Result<Vec<Result<Appended, Refusal>>, BatchError> {
        if !submission.is_atomic {
            return submission.entries.iter().map(|entry| self.take(entry)).collect();
        }
        let before = self.edge.clone();
        self.batch.mark()?;
        let mut answers = Vec::with_capacity(submission.entries.len());
        for entry in &submission.entries {
            answers.push(self.take(entry)?);
        }
        if answers.iter().all(Result::is_ok) {
            self.batch.keep_mark()?;
        } else {
            self.batch.undo_to_mark()?;
            self.edge = before;
            self.cache.take();
        }
        Ok(answers)
    }

    fn take(&mut self, pending: &PendingEntry) -> Result<Result<Appended, Refusal>, BatchError> {
        if let Some(index) = self.batch.rows().event(&pending.event_key)? {
            return match self.answer_again(pending, index) {
                Err(BatchError::Read(ReadError::Damaged { index, .. })) => Ok(Err(Refusal::RestsOnDamaged { index })),
                other => other,
            };
        }
        if let EventKind::DelegationGranted(delegation) = pending.kind()
            && let Some(refusal) = self.refusal_of(delegation)?
        {
            return Ok(Err(refusal));
        }
        if let EventKind::ActionRecorded(action) = pending.kind()
            && self.batch.rows().reports(&action.action_id)?.len() >= MAX_REPORTS
        {
            return Ok(Err(Refusal::TooManyReports { id: action.action_id.to_string() }));
        }
        let recorded_at = self.recorded_at();
        let findings = match self.assess(pending, recorded_at) {
            // Only what rests on the damaged entry is refused: others' events are not undone with it.
            Err(BatchError::Read(ReadError::Damaged { index, .. })) => return Ok(Err(Refusal::RestsOnDamaged { index })),
            other => other?,
        };
        let appended = self.place(pending, recorded_at, findings, None)?;
        let cause = derive(&mut self.batch, self.cache, appended.index, &pending.event, &pending.event_key)?;
        if let EventKind::DelegationGranted(delegation) = pending.kind() {
            self.cache.borrow_mut().remember(recorded(pending, &appended, Delegation::clone(delegation)));
        }
        if let Some(cause) = cause {
            let changes = reassess(self.batch.rows(), self.cache, &cause, appended.index)?;
            if !changes.is_empty() {
                self.append_changes(appended.index, &changes)?;
            }
        }
        Ok(Ok(appended))
    }

    /// Why a delegation cannot stand beside those before it. Most have an id that nobody has named yet, and pass at once.
    fn refusal_of(&self, delegation: &Delegation) -> Result<Option<Refusal>, BatchError> {
        let rows = self.batch.rows();
        let id = &delegation.delegation_id;
        let Some(no) = rows.delegation_no(id)? else { return Ok(None) };
        if let Some(place) = rows.delegation(no)? {
            return Ok(Some(Refusal::DelegationExists { id: id.to_string(), index: place.index }));
        }
        let Some(parent) = &delegation.parent_delegation_id else { return Ok(None) };
        let mut seen = HashSet::new();
        let mut next = rows.delegation_no(parent)?;
        while let Some(above) = next.filter(|above| seen.insert(*above)) {
            if above == no {
                return Ok(Some(Refusal::DelegationCycle { id: id.to_string(), parent: parent.to_string() }));
            }
            next = rows.delegation(above)?.and_then(|place| place.parent);
        }
        Ok(None)
    }

    /// The receipt of the first time, if it is the same event.
    fn answer_again(&self, pending: &PendingEntry, index: LeafIndex) -> Result<Result<Appended, Refusal>, BatchError> {
        let first = open_entry(self.batch.rows(), index)?.ok_or(ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
        let mut filled = first.report()?.filled;
        filled.extend_from_slice(&pending.report.filled);
        let same = same_members(&first.members, &pending.event.members, &filled);
        let is_same_type = first.header.entry_type.as_str() == pending.kind().entry_type();
        Ok(match same {
            Ok(()) if is_same_type => Ok(Appended {
                index,
                leaf_hash: first.leaf_hash,
                recorded_at: first.header.recorded_at,
                findings: first.first_findings(),
                bytes: first.bytes,
                is_replay: true,
            }),
            Ok(()) => Err(Refusal::EventIdConflict { index, names: vec!["type".to_owned()] }),
            Err(names) => Err(Refusal::EventIdConflict { index, names }),
        })
    }

    fn recorded_at(&self) -> Timestamp {
        self.edge.recorded_at.map_or(self.now, |last| last.max(self.now))
    }

    /// The codes for the header; `None` for what is not assessed.
    fn assess(&self, pending: &PendingEntry, recorded_at: Timestamp) -> Result<Option<Vec<Code>>, BatchError> {
        if matches!(pending.kind(), EventKind::Administrative(_)) {
            return Ok(None);
        }
        let past = LedgerPast::of_entry(self.batch.rows(), self.cache, self.edge.head.size.next_index());
        let mut findings = assessment::assess(&assessment::Submission::of(&pending.event, &pending.report, recorded_at), &past)?;
        findings.extend_from_slice(&pending.content_findings);
        Ok(Some(header_codes(&findings)))
    }

    /// Writes the entry at the next index.
    fn place(
        &mut self,
        pending: &PendingEntry,
        recorded_at: Timestamp,
        findings: Option<Vec<Code>>,
        about: Option<LeafIndex>,
    ) -> Result<Appended, BatchError> {
        let index = self.edge.head.size.next_index();
        let assessment = match &findings {
            Some(codes) => Some(Assessment::new(codes.iter().map(|c| c.as_str().to_owned()).collect(), RULES)?),
            None => None,
        };
        let header = EntryHeader {
            about,
            assessment,
            index,
            log: self.origin.clone(),
            payload: pending.commitment,
            prev: self.edge.head.leaf_hash,
            recorded_at,
            entry_type: EntryType::literal(pending.kind().entry_type()),
        };
        header.check()?;
        let bytes = header.to_bytes();
        let entry = NewEntry { index, bytes: &bytes, seed: pending.seed.as_bytes(), members: &pending.members };
        self.batch.append(&entry)?;
        for content in &pending.event.contents {
            self.batch.add_document(&content.hash, &content.bytes)?;
        }
        let leaf_hash = LeafHash::of(&bytes);
        for tile in self.edge.tiles.append(leaf_hash) {
            self.batch.add_tile(tile.level, tile.index, &tile.hashes)?;
        }
        self.edge.frontier.append(leaf_hash);
        self.edge.head.size = TreeSize::new(index.get() + 1).ok_or(BatchError::Full)?;
        self.edge.head.leaf_hash = leaf_hash;
        self.edge.recorded_at = Some(recorded_at);
        Ok(Appended { index, bytes, leaf_hash, recorded_at, findings: findings.unwrap_or_default(), is_replay: false })
    }

    /// A later fact changed earlier verdicts: one entry says so, in the cause's own transaction.
    fn append_changes(&mut self, cause: LeafIndex, changes: &Changes) -> Result<(), BatchError> {
        let recorded_at = self.recorded_at();
        let pending = changes.to_pending(cause, recorded_at, self.keys);
        let appended = self.place(&pending, recorded_at, None, Some(cause))?;
        derive(&mut self.batch, self.cache, appended.index, &pending.event, &pending.event_key)?;
        changes.store(&mut self.batch, appended.index)?;
        Ok(())
    }
}

/// What was written, as it would be read.
fn recorded<T>(pending: &PendingEntry, appended: &Appended, what: T) -> Recorded<T> {
    Recorded {
        index: appended.index,
        leaf_hash: appended.leaf_hash,
        recorded_at: appended.recorded_at,
        occurred_at: pending.event.occurred_at,
        event_id: pending.event.event_id.clone(),
        source: pending.report.source.clone(),
        reporter_class: pending.report.caller_class,
        evidence: pending.report.evidence,
        present_findings: appended.findings.clone(),
        first_findings: appended.findings.clone(),
        what,
    }
}

/// Reads the batch back inside its transaction and recomputes it, while a flipped bit in our memory can still be undone.
pub(super) fn read_back(batch: &Batch<'_>, from: &Head, to: &Head, submissions: &[Submission]) -> Result<(), BatchError> {
    let mut prev = from.leaf_hash;
    let mut next = from.size.get();
    let mut commitments = HashMap::new();
    for pending in submissions.iter().flat_map(|s| &s.entries) {
        commitments.insert(pending.commitment, pending.members_sha256);
    }
    batch.rows().each_entry(next, u64::MAX >> 11, |index, bytes| {
        let header = EntryHeader::parse(bytes)?;
        if index != next || header.index.get() != index || header.prev != prev {
            return Err(BatchError::ReadBack(index));
        }
        let stored = batch.rows().payload(header.index)?.ok_or(BatchError::ReadBack(index))?;
        // What the ledger adds itself (assessment.changed) was not queued and is opened by the publisher before it signs.
        if commitments.get(&header.payload).is_some_and(|expected| *expected != sha256(stored.members.as_bytes())) {
            return Err(BatchError::ReadBack(index));
        }
        prev = LeafHash::of(bytes);
        next += 1;
        Ok(())
    })?;
    if next == to.size.get() && prev == to.leaf_hash { Ok(()) } else { Err(BatchError::ReadBack(next)) }
}
