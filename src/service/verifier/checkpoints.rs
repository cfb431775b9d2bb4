//! Stored checkpoints against the tree of the entries: each signed by the keys that must sign it, over the root that the entries have
//! at its size. All of them are roots of one growing tree, so each is consistent with the one before it.

use crate::domain::log_keys::{Because, KeyHistory, MustSign};
use crate::service::log_keys::verify_signed;
use crate::service::verifier::report::{CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::checkpoint::{CheckpointError, UnverifiedCheckpoint};
use crate::tlog::entry::Origin;
use crate::tlog::hash::{LeafHash, RootHash};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tree::Frontier;

/// Whose checkpoints they have to be, and how soon they had to come.
#[derive(Clone, Copy)]
pub(super) struct Expected<'k> {
    pub(super) origin: &'k Origin,
    pub(super) keys: Option<&'k KeyHistory>,
    /// How long an entry may wait for its checkpoint, in milliseconds: what entry 0 promises.
    pub(super) max_publication_ms: i64,
    /// When it is.
    pub(super) now: Timestamp,
}

/// Goes through the checkpoints beside the entries.
pub(super) struct Checkpoints<'r> {
    rows: Rows<'r>,
    expected: Expected<'r>,
    next: Option<(i64, Vec<u8>)>,
    /// Rows gone through.
    read: u64,
    tally: Tally,
    /// The size under which the one before was stored.
    before: TreeSize,
    /// The size of the last one that the entries bear out.
    borne_out: TreeSize,
    /// When the first entry past it was recorded.
    unsigned_since: Option<Timestamp>,
    /// The tree of the hashes that entries link to: what the entries before them hashed to when those links were made.
    linked: Option<Frontier>,
    /// The first entry that no longer hashes to what the next one links to.
    seam: Option<LeafIndex>,
    suspect: Option<Suspect>,
}

/// The first checkpoint whose root the entries do not have.
struct Suspect {
    size: TreeSize,
    root: RootHash,
    from: TreeSize,
}

impl<'r> Checkpoints<'r> {
    /// Before the first entry.
    pub(super) fn new(rows: Rows<'r>, expected: Expected<'r>) -> Result<Self, StoreError> {
        let mut walk = Self {
            rows,
            expected,
            next: rows.checkpoint_past(i64::MIN)?,
            read: 0,
            tally: Tally::new(CheckName::Checkpoints, rows.count_all_checkpoints()?),
            before: TreeSize::ZERO,
            borne_out: TreeSize::ZERO,
            unsigned_since: None,
            linked: Some(Frontier::default()),
            seam: None,
            suspect: None,
        };
        walk.compare(&Frontier::default(), None)?;
        Ok(walk)
    }

    /// An entry was read: it says what the one before it hashes to.
    pub(super) fn link(&mut self, to: LeafHash, computed: LeafHash) {
        let Some(linked) = &mut self.linked else { return };
        if to != computed {
            self.seam = self.seam.or(Some(linked.size().next_index()));
        }
        linked.append(to);
        self.resolve_suspect();
    }

    /// An entry does not say what the one before it hashes to.
    pub(super) fn lose_links(&mut self) {
        self.linked = None;
    }

    /// The tree has grown by an entry recorded then.
    pub(super) fn grow(&mut self, tree: &Frontier, recorded_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.unsigned_since = self.unsigned_since.or(recorded_at);
        self.compare(tree, recorded_at)
    }

    fn compare(&mut self, tree: &Frontier, recorded_at: Option<Timestamp>) -> Result<(), StoreError> {
        while let Some((size, note)) = self.next.take_if(|(size, _)| u64::try_from(*size).map_or(true, |size| size <= tree.size().get())) {
            match self.signed_root(size, &note, recorded_at) {
                Ok(Some(root)) if root == tree.root() => {
                    self.tally.right();
                    (self.borne_out, self.unsigned_since) = (tree.size(), None);
                }
                Ok(Some(root)) => self.contradict(tree.size(), root),
                Ok(None) => self.tally.cannot_tell("there is no key to verify checkpoints with"),
                Err((place, reason)) => self.tally.wrong(place, format!("the checkpoint of size {size}: {reason}")),
            }
            self.step(size)?;
        }
        Ok(())
    }

    /// To the checkpoint after that of `size`.
    fn step(&mut self, size: i64) -> Result<(), StoreError> {
        self.read += 1;
        self.before = stored_size(size);
        self.next = self.rows.checkpoint_past(size)?;
        Ok(())
    }

    fn contradict(&mut self, size: TreeSize, root: RootHash) {
        let from = self.borne_out.next_index();
        let reason = format!("the entries from {from} on no longer have the root that the checkpoint of size {size} was signed over");
        self.tally.wrong(Place::among(from, size), reason);
        if self.suspect.is_none() {
            self.suspect = Some(Suspect { size, root, from: self.borne_out });
        }
    }

    /// If what the entries link to has the root that was signed, then what differs from its link is what was changed.
    fn resolve_suspect(&mut self) {
        let (Some(linked), Some(suspect), Some(seam)) = (&self.linked, &self.suspect, self.seam) else { return };
        if linked.size() == suspect.size && linked.root() == suspect.root && seam >= suspect.from.next_index() {
            let size = suspect.size;
            let reason = format!(
                "entry {seam} is not what it was when the checkpoint of size {size} was signed over the hash that the next one links to"
            );
            self.tally.refine(Place::Entry(seam), reason);
        }
    }

    /// The root that a note of the ledger's keys vouches for; `None` without a key.
    fn signed_root(&mut self, size: i64, note: &[u8], recorded_at: Option<Timestamp>) -> Result<Option<RootHash>, (Place, String)> {
        let at_size = |reason: String| (Place::Checkpoint(size), reason);
        let unverified = UnverifiedCheckpoint::parse(note).map_err(|e| at_size(e.to_string()))?;
        let Some(keys) = self.expected.keys else { return Ok(None) };
        let needed = keys.must_sign(stored_size(size), recorded_at, self.before);
        let signed = verify_signed(&unverified, self.expected.origin, &needed).map_err(|(missing, e)| unsigned(size, missing, &e))?;
        if u64::try_from(size) != Ok(signed.checkpoint().size.get()) {
            return Err(at_size(format!("the note says size {}", signed.checkpoint().size)));
        }
        // The text ends at the last blank line; what follows are signatures.
        let signatures = signed.verbatim().rsplit_once("\n\n").map_or(0, |(_, lines)| lines.lines().count());
        if signatures > needed.len() {
            let reason = "further signatures, of keys that are not known here: nothing is said of them";
            self.tally.cannot_tell(format!("the checkpoint of size {size} has {reason}"));
        }
        Ok(Some(signed.checkpoint().root))
    }

    /// The entries end with the one of hash `last`, or a missing one ended the tree at `stopped`.
    pub(super) fn finish(mut self, head: TreeSize, last: Option<LeafHash>, stopped: Option<LeafIndex>) -> Result<Tally, StoreError> {
        if let Some(last) = last.filter(|_| stopped.is_none()) {
            self.link(last, last);
        }
        while let Some((size, note)) = self.next.take() {
            let is_past = u64::try_from(size).is_ok_and(|size| size > head.get());
            match (self.signed_root(size, &note, None), stopped) {
                (Err((place, reason)), _) => self.tally.wrong(place, format!("the checkpoint of size {size}: {reason}")),
                (Ok(_), _) if is_past => {
                    let reason = format!("the checkpoint of size {size} was signed, but the ledger ends at size {head}: the tail was cut");
                    self.tally.wrong_at(head.next_index(), reason);
                }
                (Ok(_), Some(index)) => self.tally.cannot_tell(format!("without entry {index} no later root can be computed")),
                (Ok(_), None) => self.tally.cannot_tell(format!("the checkpoint of size {size} was not reached")),
            }
            self.step(size)?;
        }
        if self.rows.count_all_checkpoints()? != self.read {
            self.tally.blame(Place::Ledger, "there are checkpoints of another ledger");
        }
        if self.tally.fault().is_none() {
            self.judge_unsigned(head);
        }
        Ok(self.tally)
    }

    /// What no signature covers may be younger than the promise of entry 0, never older.
    fn judge_unsigned(&mut self, head: TreeSize) {
        let unsigned = head.get() - self.borne_out.get().min(head.get());
        if unsigned == 0 {
            return;
        }
        let waited_ms = self.unsigned_since.map_or(i64::MAX, |since| self.expected.now.ms_since(since));
        let reason = format!("the last {unsigned} entries, from {} on, are under no signed checkpoint", self.borne_out);
        if waited_ms > self.expected.max_publication_ms {
            self.tally.cannot_tell(reason);
        } else {
            self.tally.notes.push(format!("{reason} yet"));
        }
    }
}

/// The size under which a checkpoint is stored; 0 for a number that is none.
fn stored_size(size: i64) -> TreeSize {
    u64::try_from(size).ok().and_then(TreeSize::new).unwrap_or_default()
}

/// Which signature a checkpoint lacks, and where that is wrong.
fn unsigned(size: i64, missing: Option<MustSign<'_>>, e: &CheckpointError) -> (Place, String) {
    match missing.map(|one| (one.because, one.vkey)) {
        Some((Because::FirstToCover(index), old)) => {
            let reason = format!(
                "it is the first that covers the rotation at entry {index}, and {old}, which that leads away from, has not signed it: {e}"
            );
            (Place::Entry(index), reason)
        }
        Some((Because::InOverlap(index), old)) => (
            Place::Checkpoint(size),
            format!("the overlap of the rotation at entry {index} has not ended, and {old} has not signed it: {e}"),
        ),
        Some((Because::InForce, _)) | None => (Place::Checkpoint(size), e.to_string()),
    }
}
