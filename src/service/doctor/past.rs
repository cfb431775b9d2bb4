//! What the ledger says, against the clock, the search index and the high-water mark.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::index::error::IndexError;
use crate::index::reader::Searcher;
use crate::service::clock::{MAX_STEP_AHEAD_MS, MAX_STEP_BACK_MS};
use crate::service::derivation::first_recorded_at;
use crate::service::doctor::{Remark, ServerSaid, Subject, mark_of};
use crate::service::folder::Folder;
use crate::service::genesis::MAX_PUBLICATION_SECONDS;
use crate::service::opened::ReadError;
use crate::service::start::contradiction;
use crate::service::verifier::Mark;
use crate::service::walker::header;
use crate::store::rows::{Head, Rows};
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;

/// How long an entry may wait for its checkpoint, or for being searchable.
const MAX_LAG_MS: i64 = MAX_PUBLICATION_SECONDS as i64 * 1000;
const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How far the search index has come, or why that cannot be told.
pub(super) enum Index {
    Missing,
    At(TreeSize),
    Unusable(IndexError),
}

/// Looks before the ledger is looked at.
pub(super) fn look_at_index(folder: &Folder) -> Index {
    if !folder.index_folder().exists() {
        return Index::Missing;
    }
    Searcher::open(&folder.index_folder()).map_or_else(Index::Unusable, |searcher| Index::At(searcher.indexed_size()))
}

/// One state of the ledger file.
pub(super) struct Looked<'r> {
    pub(super) rows: Rows<'r>,
    pub(super) head: &'r Head,
    pub(super) now: Timestamp,
    pub(super) is_served: bool,
}

impl Looked<'_> {
    /// When the last entry was recorded.
    fn last_recorded_at(&self) -> Result<Option<Timestamp>, ReadError> {
        let last = self.head.size.last_index();
        Ok(last.map(|index| header(self.rows, index)).transpose()?.map(|header| header.recorded_at))
    }

    /// How long the first entry past `done` has waited, in milliseconds.
    fn waited_ms(&self, done: TreeSize) -> Result<i64, ReadError> {
        Ok(if done < self.head.size { self.now.ms_since(header(self.rows, done.next_index())?.recorded_at) } else { 0 })
    }

    pub(super) fn entries_of_last_week(&self) -> Result<u64, ReadError> {
        let Some(from) = self.now.plus_ms(-WEEK_MS) else { return Ok(self.head.size.get()) };
        Ok(self.head.size.get().saturating_sub(first_recorded_at(self.rows, from)?))
    }

    pub(super) fn ledger(&self) -> Result<Remark, ReadError> {
        let last = self.last_recorded_at()?.map_or_else(String::new, |at| format!(", the last recorded at {at}"));
        Ok(Remark::well(Subject::Ledger, format!("{}, {} entries{last}", self.head.origin, self.head.size)))
    }

    pub(super) fn clock(&self, server: &ServerSaid) -> Result<Remark, ReadError> {
        let ahead_ms = match server {
            ServerSaid::Answered { ahead_ms, .. } => *ahead_ms,
            ServerSaid::NotAsked | ServerSaid::Unreachable { .. } => None,
        };
        Ok(judge_clock(self.now, self.last_recorded_at()?, ahead_ms))
    }

    pub(super) fn checkpoint(&self) -> Result<Remark, ReadError> {
        let signed = self.rows.checkpoint(self.head.size)?.map_or(TreeSize::ZERO, |(size, _)| size);
        let waiting = self.head.size.get() - signed.get();
        let waited_ms = self.waited_ms(signed)?;
        let says = format!("{waiting} entries wait for a checkpoint, the first of them for {} s", waited_ms / 1000);
        Ok(match (waiting, self.is_served) {
            (0, _) => Remark::well(Subject::Checkpoint, format!("a signed checkpoint covers all {} entries", self.head.size)),
            _ if waited_ms <= MAX_LAG_MS => Remark::well(Subject::Checkpoint, says),
            (_, true) => Remark::act(
                Subject::Checkpoint,
                format!("{says}: entry 0 promises {MAX_PUBLICATION_SECONDS}"),
                "look into the server's log for `checkpoint`; a read-only ledger signs nothing (see high_water)",
            ),
            (_, false) => Remark::act(Subject::Checkpoint, says, "start the server: it signs at once"),
        })
    }

    pub(super) fn index(&self, index: &Index) -> Result<Remark, ReadError> {
        let about = Subject::Index;
        let indexed = match index {
            Index::At(size) => *size,
            Index::Missing if !self.is_served => {
                return Ok(Remark::note(about, "there is no search index yet: the next start makes it from the entries"));
            }
            Index::Missing => {
                return Ok(Remark::act(
                    about,
                    "there is no search index, though a server runs",
                    "restart the server: it makes the index from the entries",
                ));
            }
            Index::Unusable(e) => {
                return Ok(Remark::act(
                    about,
                    e.to_string(),
                    "stop the server and run `onus reindex --data DIR`: it is made again from the entries",
                ));
            }
        };
        let behind = self.head.size.get().saturating_sub(indexed.get());
        let waited_ms = self.waited_ms(indexed)?;
        let says = format!("{behind} entries cannot be found by search yet, the first of them since {} s", waited_ms / 1000);
        Ok(match (behind, self.is_served) {
            (0, _) => Remark::well(about, "every entry can be found by search"),
            _ if waited_ms <= MAX_LAG_MS => Remark::well(about, says),
            (_, true) => Remark::act(
                about,
                says,
                "it follows at its own pace after a restore or a long import; if the number does not fall, its log says why, and `onus reindex` (server stopped) makes it again",
            ),
            (_, false) => Remark::act(about, says, "start the server: the index follows; or run `onus reindex --data DIR`"),
        })
    }

    pub(super) fn mark(&self, mark: &Mark, path: &Path, folder: &Folder) -> Result<Remark, ReadError> {
        let about = Subject::HighWater;
        let shown = path.display();
        let mark = match mark_of(mark) {
            Ok(Some(mark)) => mark,
            Ok(None) => {
                return Ok(Remark::act(
                    about,
                    format!("there is no high-water mark at {shown}: that an older state was put back would not be noticed"),
                    "name it with --high-water if it lies elsewhere; if it is lost, start the server once: it leaves a new one",
                ));
            }
            Err(reason) => {
                return Ok(Remark::act(
                    about,
                    format!("the high-water mark {shown} cannot be read: {reason}"),
                    "find out what wrote over it; a start with this mark is read-only",
                ));
            }
        };
        if let Some(reason) = contradiction(self.rows, self.head, mark, path)? {
            let remedy = "the ledger is served read-only. Find the newest state of the directory; if it is lost, `onus restore --reason` begins a new epoch";
            return Ok(Remark::act(about, reason, remedy));
        }
        Ok(judge_place(path, folder))
    }
}

/// Where the mark lies: what takes the directory back must not take the mark back with it.
fn judge_place(path: &Path, folder: &Folder) -> Remark {
    let (about, shown) = (Subject::HighWater, path.display());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real(path).starts_with(real(folder.root())) {
        return Remark::act(
            about,
            format!(
                "the high-water mark {shown} lies inside the data directory: whoever puts back the directory puts back the mark, and no rollback shows"
            ),
            "stop the server, move the file out, best to another disk, and give --high-water FILE from then on",
        );
    }
    let device = |path: &Path| fs::metadata(path).map(|file| file.dev()).ok();
    if device(path) == device(folder.root()) {
        let says = format!(
            "the high-water mark {shown} is borne out; it lies on the same file system as the data: a snapshot of that takes both back, and only kept checkpoints show it"
        );
        return Remark::note(about, says);
    }
    Remark::well(about, format!("the high-water mark {shown} is borne out, and lies on another file system than the data"))
}

fn judge_clock(now: Timestamp, last: Option<Timestamp>, server_ahead_ms: Option<i64>) -> Remark {
    let about = Subject::Clock;
    if let Some(last) = last.filter(|last| last.ms_since(now) > MAX_STEP_BACK_MS) {
        return Remark::act(
            about,
            format!(
                "the clock shows {now}, and the last entry was recorded at {last}: it was set back, or was wrong then. A server started now does not write"
            ),
            "set the clock right (NTP); if it is right, start the server with --confirm-clock, which is recorded as an entry",
        );
    }
    match server_ahead_ms {
        Some(ms) if !(-MAX_STEP_BACK_MS..=MAX_STEP_AHEAD_MS).contains(&ms) => Remark::act(
            about,
            format!("the server's clock is {} s ahead of this machine's", ms / 1000),
            "set both by the same source (NTP): times in the ledger are the server's",
        ),
        Some(ms) => {
            Remark::well(about, format!("the clock is not behind the last entry, and within {} s of the server's", ms.abs() / 1000 + 1))
        }
        None => Remark::well(about, "the clock is not behind the last entry"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::doctor::State;

    #[test]
    fn a_clock_behind_the_last_entry_or_far_from_the_servers_is_told() {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let noon = at("2026-11-24T12:00:00Z");
        for (last, ahead_ms, state, said) in [
            ("2026-11-24T12:00:04Z", None, State::Well, "not behind"),
            ("2026-11-24T12:00:06Z", None, State::Act, "set back"),
            ("2026-11-24T11:00:00Z", Some(1_400), State::Well, "within 2 s"),
            ("2026-11-24T11:00:00Z", Some(-6_000), State::Act, "-6 s ahead"),
            ("2026-11-24T11:00:00Z", Some(61_000), State::Act, "61 s ahead"),
        ] {
            let remark = judge_clock(noon, Some(at(last)), ahead_ms);
            assert!(remark.state == state && remark.says.contains(said), "{last} {ahead_ms:?}: {remark:?}");
        }
        assert_eq!(judge_clock(noon, None, None).state, State::Well);
    }
}
