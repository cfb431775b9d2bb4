//! No two entries may share a payload commitment (FORMAT.md section 6, item 4): else one event could stand for two. Eight bytes
//! of each commitment are kept and sorted; what agrees in those is read again and compared whole. Past a bound, the ledger is gone
//! through once more for each further part, so memory stays bounded whatever its size.

use std::collections::{HashMap, HashSet};

use crate::service::verifier::report::{CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::entry::EntryHeader;
use crate::tlog::hash::Commitment;
use crate::tlog::position::{LeafIndex, TreeSize};

/// Most beginnings of commitments held at once: 512 MiB of them.
const MAX_HELD: u64 = 64 << 20;

/// The beginnings of the commitments of one part.
pub(super) struct Commitments {
    size: TreeSize,
    parts: u64,
    part: u64,
    read: u64,
    beginnings: Vec<u64>,
}

impl Commitments {
    /// Of a ledger of that size, of which so many entries are there; the first part is gathered while its entries are gone through anyway.
    pub(super) const fn new(size: TreeSize, stored: u64) -> Self {
        Self { size, parts: stored / MAX_HELD + 1, part: 0, read: 0, beginnings: Vec::new() }
    }

    /// One entry's.
    pub(super) fn add(&mut self, commitment: &Commitment) {
        self.read += 1;
        let beginning = beginning_of(commitment);
        if beginning % self.parts == self.part {
            self.beginnings.push(beginning);
        }
    }

    /// Looks for two that are the same, in this part and in every other.
    pub(super) fn finish(mut self, rows: Rows<'_>) -> Result<Tally, StoreError> {
        let mut tally = Tally::new(CheckName::Commitments, self.size.get());
        tally.all_right(self.read);
        if self.read < self.size.get() {
            tally.cannot_tell("not every entry can be read");
        }
        loop {
            self.beginnings.sort_unstable();
            let twice: HashSet<u64> = self.beginnings.array_windows().filter(|[a, b]| a == b).map(|[a, _]| *a).collect();
            if !twice.is_empty() {
                self.compare_whole(rows, &twice, &mut tally)?;
            }
            self.part += 1;
            if self.part == self.parts {
                return Ok(tally);
            }
            self.beginnings.clear();
            self.gather_again(rows)?;
        }
    }

    fn gather_again(&mut self, rows: Rows<'_>) -> Result<(), StoreError> {
        let read = self.read;
        rows.each_entry(0, self.size.get(), |_, bytes| {
            if let Ok(header) = EntryHeader::parse(bytes) {
                self.add(&header.payload);
            }
            Ok::<_, StoreError>(())
        })?;
        self.read = read;
        Ok(())
    }

    fn compare_whole(&self, rows: Rows<'_>, twice: &HashSet<u64>, tally: &mut Tally) -> Result<(), StoreError> {
        let mut first: HashMap<Commitment, u64> = HashMap::new();
        rows.each_entry(0, self.size.get(), |index, bytes| {
            let Ok(header) = EntryHeader::parse(bytes) else { return Ok(()) };
            if !twice.contains(&beginning_of(&header.payload)) {
                return Ok(());
            }
            let known = *first.entry(header.payload).or_insert(index);
            if let Some(place) = LeafIndex::new(index).filter(|_| known != index) {
                tally.blame(Place::Entry(place), format!("it has the payload commitment of entry {known}"));
            }
            Ok::<_, StoreError>(())
        })
    }
}

fn beginning_of(commitment: &Commitment) -> u64 {
    u64::from_be_bytes(*commitment.as_bytes().first_chunk().expect("8 are fewer than 32"))
}
