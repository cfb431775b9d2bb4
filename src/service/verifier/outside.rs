//! What comes from outside the folder, and is worth more than anything in it: the key, checkpoints kept elsewhere, the mark.

use std::collections::BTreeMap;
use std::path::Path;

use crate::service::high_water::HighWater;
use crate::service::opened::open_stored;
use crate::service::verifier::head::Head;
use crate::service::verifier::report::{Check, CheckName, Equivocation, Outcome, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::inspection::StoredEntry;
use crate::store::rows::Rows;
use crate::tlog::checkpoint::{SignedCheckpoint, UnverifiedCheckpoint};
use crate::tlog::entry::Origin;
use crate::tlog::hash::RootHash;
use crate::tlog::position::TreeSize;
use crate::tlog::vkey::Vkey;

/// How long an entry may wait for its checkpoint if entry 0 does not say so, in milliseconds.
const MAX_PUBLICATION_MS: i64 = 60_000;
/// Times the mark is read until two readings agree: it is overwritten while the ledger grows.
const MAX_READINGS: usize = 20;

/// A checkpoint that somebody kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenCheckpoint {
    /// Where it came from, for the report.
    pub name: String,
    /// The signed note.
    pub note: Vec<u8>,
}

/// What entry 0 says of the ledger.
#[derive(Default)]
pub(super) struct Genesis {
    pub(super) key: Option<Vkey>,
    pub(super) max_publication_ms: i64,
    pub(super) fault: Option<String>,
}

/// Reads entry 0.
pub(super) fn read_genesis(rows: Rows<'_>, origin: &Origin, size: TreeSize) -> Result<Genesis, StoreError> {
    let none = |fault: String| Genesis { key: None, max_publication_ms: MAX_PUBLICATION_MS, fault: Some(fault) };
    let first = TreeSize::ZERO.next_index();
    let opened = match rows.stored_entries(0, size.min(first.size_with()), 1, 1)?.pop() {
        None => return Ok(none("it is missing".to_owned())),
        Some(StoredEntry { payload: Err(reason), .. }) => return Ok(none(reason)),
        Some(StoredEntry { payload: Ok(Some(payload)), .. }) if payload.sealed.is_some() => {
            return Ok(none("its payload is sealed".to_owned()));
        }
        Some(StoredEntry { payload: Ok(None), .. }) => return Ok(none("its payload is lost".to_owned())),
        Some(StoredEntry { bytes, payload: Ok(Some(payload)), .. }) => match open_stored(first, bytes, &payload) {
            Ok(opened) => opened,
            Err(e) => return Ok(none(e.to_string())),
        },
    };
    let seconds = opened.members.get("/max_publication_seconds").and_then(|s| s.to_canonical().parse::<i64>().ok());
    let key = opened.text("/log_key").and_then(|text| Vkey::parse(text).ok());
    let fault = if opened.header.entry_type.as_str() != "ledger.created" {
        Some("it is not the creation of a ledger".to_owned())
    } else if opened.text("/origin") != Some(origin.as_str()) {
        Some(format!("it creates {}, not {origin}", opened.text("/origin").unwrap_or("nothing")))
    } else if key.is_none() {
        Some("it names no key".to_owned())
    } else {
        None
    };
    Ok(Genesis { key, max_publication_ms: seconds.map_or(MAX_PUBLICATION_MS, |s| s.saturating_mul(1000)), fault })
}

/// The checkpoints given, in the order of their sizes, or why they are none of this ledger.
pub(super) struct Given {
    read: Vec<(String, SignedCheckpoint)>,
    refused: Vec<String>,
}

impl Given {
    /// Takes them apart and verifies their signatures: each by any of the keys.
    pub(super) fn read(given: &[GivenCheckpoint], origin: &Origin, keys: &[Vkey]) -> Self {
        let (mut read, mut refused) = (Vec::new(), Vec::new());
        for GivenCheckpoint { name, note } in given {
            match UnverifiedCheckpoint::parse(note).and_then(|unverified| unverified.verify(origin, keys)) {
                Ok(signed) => read.push((name.clone(), signed)),
                Err(e) => refused.push(format!("{name} is no checkpoint of this ledger: {e}")),
            }
        }
        read.sort_by_key(|(_, signed)| signed.checkpoint().size);
        Self { read, refused }
    }

    /// The sizes at which roots are needed.
    pub(super) fn sizes(&self) -> impl Iterator<Item = TreeSize> {
        self.read.iter().map(|(_, signed)| signed.checkpoint().size)
    }

    /// Whether the ledger extends each of them.
    pub(super) fn check(
        self,
        rows: Rows<'_>,
        head: &Head,
        roots: &BTreeMap<TreeSize, RootHash>,
        evidence: &mut Vec<Equivocation>,
    ) -> Result<Check, StoreError> {
        let count = (self.read.len() + self.refused.len()) as u64;
        if count == 0 {
            let reason = "none was given: that the whole ledger was rewritten before this moment cannot be excluded";
            return Ok(Check::not_run(CheckName::GivenCheckpoints, 0, reason).optional());
        }
        let mut tally = Tally::new(CheckName::GivenCheckpoints, count);
        let mut borne_out = TreeSize::ZERO;
        for (name, signed) in &self.read {
            let (size, root) = (signed.checkpoint().size, signed.checkpoint().root);
            match roots.get(&size) {
                Some(found) if *found == root => {
                    tally.right();
                    borne_out = size;
                }
                Some(_) => {
                    let reason = format!("the ledger holds another history than {name}: its root at size {size} is not the one signed");
                    tally.wrong(Place::among(borne_out.next_index(), size), reason);
                    evidence.extend(contradiction(rows, signed)?);
                }
                None if size > head.size => {
                    tally.wrong_at(
                        head.size.next_index(),
                        format!("{name} was signed at size {size}, and the ledger ends at {}", head.size),
                    );
                }
                None => tally.cannot_tell(format!("the root at size {size} cannot be computed")),
            }
        }
        for reason in self.refused {
            tally.wrong(Place::Ledger, reason);
        }
        Ok(tally.finish())
    }
}

/// The stored checkpoint that cannot be true together with the one given: of the same size or the next larger one.
fn contradiction(rows: Rows<'_>, given: &SignedCheckpoint) -> Result<Option<Equivocation>, StoreError> {
    let before = i64::try_from(given.checkpoint().size.get()).unwrap_or(i64::MAX) - 1;
    let stored = rows.checkpoint_past(before)?;
    let verbatim = |note: Vec<u8>| String::from_utf8_lossy(&note).into_owned();
    Ok(stored.map(|(_, stored)| Equivocation { given: given.verbatim().to_owned(), stored: verbatim(stored) }))
}

/// What was found of the high-water mark, before the ledger was read: so the mark cannot be ahead of it.
pub(in crate::service) enum Mark {
    /// It was read.
    Read(HighWater),
    /// There is none.
    None,
    /// It is there and cannot be read.
    Unreadable(String),
}

/// Reads the mark.
pub(in crate::service) fn read_mark(path: &Path) -> Mark {
    let mut before = None;
    let mut reason = String::from("it changes all the time");
    for _ in 0..MAX_READINGS {
        match HighWater::read(path) {
            Ok(None) => return Mark::None,
            Ok(Some(mark)) if before.as_ref() == Some(&mark) => return Mark::Read(mark),
            Ok(read) => before = read,
            Err(e) => reason = e.to_string(),
        }
    }
    Mark::Unreadable(reason)
}

/// Whether the ledger extends the mark.
pub(super) fn check_mark(mark: &Mark, path: &Path, head: &Head, roots: &BTreeMap<TreeSize, RootHash>) -> Check {
    let path = path.display();
    let mut tally = Tally::new(CheckName::HighWater, 1);
    match mark {
        Mark::None => {
            let reason = format!("there is none at {path}: that the ledger was put back to an earlier state cannot be excluded");
            return Check::not_run(CheckName::HighWater, 1, reason).optional();
        }
        Mark::Unreadable(reason) => {
            let mut check = Check::not_run(CheckName::HighWater, 1, "");
            check.outcome = Outcome::Partly(format!("{path} cannot be read: {reason}"));
            return check;
        }
        Mark::Read(mark) if mark.origin != head.origin => {
            tally.wrong(Place::Ledger, format!("{path} belongs to {}, not to {}", mark.origin, head.origin));
        }
        Mark::Read(mark) if mark.size > head.size => {
            let reason = format!("the ledger had reached size {} and ends at {}: it was put back ({path})", mark.size, head.size);
            tally.wrong_at(head.size.next_index(), reason);
        }
        Mark::Read(mark) => match roots.get(&mark.size) {
            Some(root) if *root == mark.root => tally.right(),
            Some(_) => {
                let reason = format!("the ledger holds another history: its root at size {} is not that of {path}", mark.size);
                tally.wrong(Place::among(TreeSize::ZERO.next_index(), mark.size), reason);
            }
            None => tally.cannot_tell(format!("the root at size {} cannot be computed", mark.size)),
        },
    }
    tally.finish()
}
