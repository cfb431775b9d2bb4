//! The one pass over entries and payloads, in order: what each says by itself, what it says of the one before it, and the tree
//! that grows over all of them.

use std::collections::{BTreeMap, HashSet};

use crate::domain::key_rotated::KEY_ROTATED;
use crate::service::verifier::checkpoints::{Checkpoints, Expected};
use crate::service::verifier::commitments::Commitments;
use crate::service::verifier::documents::NamedDocuments;
use crate::service::verifier::entry::{Examined, Payload, each_examined};
use crate::service::verifier::report::{Check, CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::service::verifier::tiles::Tiles;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::entry::{EntryHeader, Origin};
use crate::tlog::hash::{LeafHash, RootHash};
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;
use crate::tlog::tree::Frontier;

/// The type of the entry that says which entry's members were erased.
const PAYLOAD_ERASED: &str = "payload.erased";

/// Times never decrease, whatever is missing between two entries.
const EARLIER: &str = "it was recorded earlier than an entry before it";

/// What the pass found.
pub(super) struct Passed {
    /// Entries, links, commitments, payloads, documents, tiles, checkpoints.
    pub(super) checks: Vec<Check>,
    /// The hash of the last entry, if it is there.
    pub(super) last_leaf: Option<LeafHash>,
    /// The entries that rotate the log key, as their headers say.
    pub(super) rotations: Vec<LeafIndex>,
    /// The roots at the sizes asked for, as far as the tree could be grown.
    pub(super) roots: BTreeMap<TreeSize, RootHash>,
}

/// Goes through the entries below `size`, of which `stored` are there, and notes the root at each size asked for.
pub(super) fn pass(rows: Rows<'_>, size: TreeSize, stored: u64, expected: Expected<'_>, sizes: &[TreeSize]) -> Result<Passed, StoreError> {
    let origin = expected.origin;
    let mut pass = Pass {
        origin,
        next: 0,
        before: Before::Nothing,
        recorded_at: None,
        entries: Tally::new(CheckName::Entries, size.get()),
        links: Tally::new(CheckName::Links, size.get()),
        payloads: Tally::new(CheckName::Payloads, size.get()),
        counts: Counts::default(),
        sealed: Vec::new(),
        erased: HashSet::new(),
        rotations: Vec::new(),
        commitments: Commitments::new(size, stored),
        documents: NamedDocuments::default(),
        tree: Frontier::default(),
        stopped: None,
        tiles: Tiles::new(rows, size),
        checkpoints: Checkpoints::new(rows, expected)?,
        sizes: sizes.iter().copied().collect(),
        roots: BTreeMap::new(),
    };
    pass.note_root();
    each_examined(rows, size, |examined| pass.take(&examined))?;
    pass.miss_until(size.get());
    pass.finish(rows, size)
}

/// What is known of the entry before.
enum Before {
    Nothing,
    Hash(LeafHash),
    Missing(LeafIndex),
}

#[derive(Default)]
struct Counts {
    opened: u64,
    erased: u64,
    lost: u64,
}

struct Pass<'r> {
    origin: &'r Origin,
    next: u64,
    before: Before,
    recorded_at: Option<Timestamp>,
    entries: Tally,
    links: Tally,
    payloads: Tally,
    counts: Counts,
    /// Entries whose seed is gone.
    sealed: Vec<LeafIndex>,
    /// Entries that a `payload.erased` names.
    erased: HashSet<LeafIndex>,
    /// Entries that rotate the log key.
    rotations: Vec<LeafIndex>,
    commitments: Commitments,
    documents: NamedDocuments,
    tree: Frontier,
    /// The first entry that is missing: the tree ends before it.
    stopped: Option<LeafIndex>,
    tiles: Tiles<'r>,
    checkpoints: Checkpoints<'r>,
    sizes: HashSet<TreeSize>,
    roots: BTreeMap<TreeSize, RootHash>,
}

impl Pass<'_> {
    fn take(&mut self, examined: &Examined) -> Result<(), StoreError> {
        self.miss_until(examined.index);
        let Some(place) = LeafIndex::new(examined.index) else { return Ok(()) };
        self.next = place.get() + 1;
        let header = self.check_header(place, &examined.header);
        self.check_link(place, header);
        self.check_payload(place, header, &examined.payload);
        if self.stopped.is_none() {
            if let Before::Hash(before) = self.before {
                match header {
                    Some(header) => self.checkpoints.link(header.prev, before),
                    None => self.checkpoints.lose_links(),
                }
            }
            self.tree.append(examined.leaf_hash);
            self.tiles.append(examined.leaf_hash)?;
            self.checkpoints.grow(&self.tree, header.map(|h| h.recorded_at))?;
            self.note_root();
        }
        self.before = Before::Hash(examined.leaf_hash);
        self.recorded_at = self.recorded_at.max(header.map(|h| h.recorded_at));
        Ok(())
    }

    /// Every entry from the next one up to `index` is missing.
    fn miss_until(&mut self, index: u64) {
        if self.next >= index {
            return;
        }
        if let (Some(first), Some(last)) = (LeafIndex::new(self.next), LeafIndex::new(index - 1)) {
            self.entries.blame_all(index - self.next, Place::Entry(first), "it is missing");
            self.links.cannot_tell(format!("entry {first} is missing"));
            self.payloads.cannot_tell(format!("entry {first} is missing"));
            if self.stopped.is_none() {
                self.stopped = Some(first);
                self.tiles.stop(first);
            }
            self.before = Before::Missing(last);
        }
        self.next = index;
    }

    /// FORMAT.md section 6, items 1 and 2.
    fn check_header<'h>(&mut self, place: LeafIndex, header: &'h Result<EntryHeader, String>) -> Option<&'h EntryHeader> {
        match header {
            Err(reason) => {
                self.entries.wrong_at(place, format!("its bytes are not an entry: {reason}"));
                return None;
            }
            Ok(header) if header.index != place => self.entries.wrong_at(place, format!("it says that its index is {}", header.index)),
            Ok(header) if header.log != *self.origin => {
                self.entries.wrong_at(place, format!("it belongs to {}, not to {}", header.log, self.origin));
            }
            Ok(_) => self.entries.right(),
        }
        header.as_ref().ok()
    }

    /// FORMAT.md section 6, item 4.
    fn check_link(&mut self, place: LeafIndex, header: Option<&EntryHeader>) {
        let Some(header) = header else { return self.links.cannot_tell(format!("entry {place} cannot be read")) };
        let is_earlier = self.recorded_at.is_some_and(|earlier| header.recorded_at < earlier);
        let before = match self.before {
            Before::Nothing => LeafHash::GENESIS,
            Before::Hash(hash) => hash,
            Before::Missing(_) if is_earlier => return self.links.wrong_at(place, EARLIER),
            Before::Missing(index) => return self.links.cannot_tell(format!("entry {index} is missing")),
        };
        if header.prev != before {
            self.links.wrong_at(place, "it does not link to the entry before it as that is now");
        } else if is_earlier {
            self.links.wrong_at(place, EARLIER);
        } else {
            self.links.right();
        }
    }

    /// FORMAT.md section 6, item 5.
    fn check_payload(&mut self, place: LeafIndex, header: Option<&EntryHeader>, payload: &Payload) {
        if let Some(header) = header {
            self.commitments.add(&header.payload);
            match header.entry_type.as_str() {
                PAYLOAD_ERASED => self.erased.extend(header.about),
                KEY_ROTATED => self.rotations.push(place),
                _ => {}
            }
        }
        match payload {
            Payload::Opened(contents) => {
                self.counts.opened += 1;
                self.documents.add(place, contents);
                self.payloads.right();
            }
            Payload::Sealed => self.sealed.push(place),
            Payload::Lost => {
                self.counts.lost += 1;
                self.payloads.wrong_at(place, "its payload is lost");
            }
            Payload::Wrong(reason) => self.payloads.wrong_at(place, reason.clone()),
            Payload::Unknown => {
                self.payloads.cannot_tell(format!("entry {place} cannot be read, so nobody knows what its payload should be"));
            }
        }
    }

    fn note_root(&mut self) {
        let size = self.tree.size();
        if self.sizes.contains(&size) {
            self.roots.insert(size, self.tree.root());
        }
    }

    fn finish(mut self, rows: Rows<'_>, size: TreeSize) -> Result<Passed, StoreError> {
        for place in std::mem::take(&mut self.sealed) {
            if self.erased.contains(&place) {
                self.counts.erased += 1;
                self.payloads.cannot_tell(format!("members of entry {place} were erased; this release cannot recompute what is left"));
            } else {
                self.counts.lost += 1;
                self.payloads.wrong_at(place, "its seed is lost and no erasure says why");
            }
        }
        let Counts { opened, erased, lost } = self.counts;
        self.payloads.notes.push(format!("opened {opened}, erased {erased}, withheld 0, lost {lost}"));
        let last_leaf = match self.before {
            Before::Hash(hash) => Some(hash),
            Before::Nothing | Before::Missing(_) => None,
        };
        let documents = self.documents.finish(rows, opened == size.get())?;
        let commitments = self.commitments.finish(rows)?;
        let tiles = self.tiles.finish()?;
        let checkpoints = self.checkpoints.finish(size, last_leaf, self.stopped)?;
        let checks = [self.entries, self.links, commitments, self.payloads, documents, tiles, checkpoints];
        Ok(Passed { checks: checks.map(Tally::finish).into(), last_leaf, rotations: self.rotations, roots: self.roots })
    }
}
