//! The files as files: whether SQLite can read them, and whether there is room for them to grow.

use std::fs;
use std::path::Path;

use crate::service::doctor::{Remark, Subject};
use crate::service::folder::Folder;
use crate::store::condition::page_faults;
use crate::store::connection::StoreError;
use crate::tlog::position::TreeSize;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Less room than this is none: the write-ahead log alone may take 160 MiB before it is moved.
const MIN_FREE_BYTES: u64 = 512 * MIB;
/// So many days an operator has to make room.
const MIN_DAYS_LEFT: u64 = 14;
/// The writer moves the log into the file at 160 MiB: four times that, and something keeps it from doing so.
const MAX_LOG_BYTES: u64 = 640 * MIB;
/// Days that growth is measured over.
const WEEK_DAYS: u64 = 7;

/// Whether every page of `ledger.db` can be read.
pub(super) fn ledger_file(folder: &Folder) -> Remark {
    let path = folder.ledger_file();
    let remedy = "stop the server, leave the directory as it is, and restore the newest backup into another one (`onus restore`); \
        `onus verify --data DIR --deep` names the entries that are damaged";
    match page_faults(&path) {
        Ok(faults) if faults.is_empty() => {
            Remark::well(Subject::File, format!("ledger.db is whole: SQLite reads every page of its {}", size_words(length(&path))))
        }
        Ok(faults) => Remark::act(Subject::File, format!("ledger.db is damaged: {}", faults.join("; ")), remedy),
        Err(e) => Remark::act(Subject::File, format!("ledger.db cannot be read: {}", cause(&e)), remedy),
    }
}

/// Whether every page of `service.db` can be read, if it is there.
pub(super) fn service_file(folder: &Folder) -> Remark {
    let path = folder.service_file();
    let lost = "people sign in again, and answers kept for an Idempotency-Key are gone; no evidence is in it";
    if !path.exists() {
        return Remark::note(
            Subject::ServiceFile,
            format!("there is no service.db: the next start makes it. Until then nobody is signed in ({lost})"),
        );
    }
    let remedy = format!("stop the server, move service.db away, start it again: {lost}");
    match page_faults(&path) {
        Ok(faults) if faults.is_empty() => Remark::well(Subject::ServiceFile, "service.db (sessions, answers kept for a day) is whole"),
        Ok(faults) => Remark::act(Subject::ServiceFile, format!("service.db is damaged: {}", faults.join("; ")), remedy),
        Err(e) => Remark::act(Subject::ServiceFile, format!("service.db cannot be read: {}", cause(&e)), remedy),
    }
}

/// What waits to be moved into the ledger file.
pub(super) fn write_ahead_log(folder: &Folder, is_served: bool) -> Remark {
    let mut path = folder.ledger_file().into_os_string();
    path.push("-wal");
    judge_log(length(Path::new(&path)), is_served)
}

fn judge_log(bytes: u64, is_served: bool) -> Remark {
    let about = Subject::WriteAheadLog;
    match (bytes, is_served) {
        (0, _) => Remark::well(about, "the write-ahead log is empty"),
        (bytes, _) if bytes > MAX_LOG_BYTES => Remark::act(
            about,
            format!("the write-ahead log has {}, and is moved into ledger.db at 160 MiB: a reader holds an old state", size_words(bytes)),
            "wait for a running backup or verification to end, or end it; restarting the server moves the log, too",
        ),
        (bytes, true) => Remark::well(about, format!("the write-ahead log has {}: the server moves it into ledger.db", size_words(bytes))),
        (bytes, false) => Remark::note(
            about,
            format!(
                "the write-ahead log has {}, left by a process that was killed: what was committed is in it, and the next start moves it into ledger.db. Do not delete it",
                size_words(bytes)
            ),
        ),
    }
}

/// Room on the disk against growth.
pub(super) fn disk(folder: &Folder, size: TreeSize, last_week: u64) -> Remark {
    match rustix::fs::statvfs(folder.root()) {
        Ok(disk) => judge_disk(&Room {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            taken_bytes: length_below(folder.root()),
            entries: size.get(),
            last_week,
        }),
        Err(e) => Remark::note(Subject::Disk, format!("how much room is left cannot be told: {e}")),
    }
}

/// What there is, and what was needed.
struct Room {
    free_bytes: u64,
    taken_bytes: u64,
    entries: u64,
    last_week: u64,
}

fn judge_disk(room: &Room) -> Remark {
    let about = Subject::Disk;
    let free = size_words(room.free_bytes);
    let remedy = "make room, or move the directory to a larger disk while the server is stopped; on a full disk writes are refused (503) and nothing is lost";
    if room.free_bytes < MIN_FREE_BYTES {
        return Remark::act(
            about,
            format!("{free} are free: less than the {} that a ledger needs to work in", size_words(MIN_FREE_BYTES)),
            remedy,
        );
    }
    let per_entry = room.taken_bytes / room.entries.max(1);
    let per_day = per_entry.saturating_mul(room.last_week) / WEEK_DAYS;
    if per_day == 0 {
        return Remark::well(about, format!("{free} are free, and nothing was recorded in the last week"));
    }
    let days = room.free_bytes / per_day;
    let says = format!(
        "{free} are free; the last week brought {} entries, {} a day: at that rate it is full in {days} days",
        room.last_week,
        size_words(per_day)
    );
    if days < MIN_DAYS_LEFT { Remark::act(about, says, remedy) } else { Remark::well(about, says) }
}

/// Bytes for people: whole GiB from ten on, whole MiB from two on, else bytes.
fn size_words(bytes: u64) -> String {
    match bytes {
        b if b >= 10 * GIB => format!("{} GiB", b / GIB),
        b if b >= 2 * MIB => format!("{} MiB", b / MIB),
        b => format!("{b} bytes"),
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// What files below `folder` take; one that goes away meanwhile takes nothing.
fn length_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| if entry.file_type().is_ok_and(|kind| kind.is_dir()) { length_below(&entry.path()) } else { length(&entry.path()) })
        .sum()
}

/// The innermost of what the store says: the outer ones name the file again.
fn cause(e: &StoreError) -> String {
    let mut below: &dyn std::error::Error = e;
    while let Some(cause) = below.source() {
        below = cause;
    }
    below.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::doctor::State;

    #[test]
    fn room_is_judged_by_what_is_free_and_how_long_it_lasts() {
        let cases = [
            (100 * MIB, MIB, 10, 0, State::Act, "100 MiB are free"),
            (600 * MIB, MIB, 10, 0, State::Well, "nothing was recorded in the last week"),
            // A KiB an entry, a week of 7 Mi entries: a GiB a day.
            (20 * GIB, GIB, 1 << 20, 7 << 20, State::Well, "full in 20 days"),
            (13 * GIB, GIB, 1 << 20, 7 << 20, State::Act, "full in 13 days"),
        ];
        for (free_bytes, taken_bytes, entries, last_week, state, said) in cases {
            let remark = judge_disk(&Room { free_bytes, taken_bytes, entries, last_week });
            assert!(remark.state == state && remark.says.contains(said), "{remark:?}");
        }
    }

    #[test]
    fn a_log_that_is_not_moved_is_told() {
        for (bytes, is_served, state) in [
            (0, true, State::Well),
            (0, false, State::Well),
            (100 * MIB, true, State::Well),
            (100 * MIB, false, State::Note),
            (641 * MIB, true, State::Act),
            (641 * MIB, false, State::Act),
        ] {
            assert_eq!(judge_log(bytes, is_served).state, state, "{bytes} {is_served}");
        }
    }
}
