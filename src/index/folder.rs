//! The index's folder: whose it is, of which version, and how it is emptied. It deletes nothing that is not marked as ours.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tantivy::TantivyError;
use tantivy::directory::{Directory, INDEX_WRITER_LOCK, MmapDirectory};

use crate::index::error::IndexError;
use crate::index::schema::SCHEMA_VERSION;

/// The file that says the folder is ours, and of which version. Written first, deleted last.
const MARKER: &str = "onus-index-version";
/// tantivy's list of segments: without it, there is no index. Deleted first, so that a half-emptied folder is never opened.
const META: &str = "meta.json";

/// What a folder is.
enum State {
    Empty,
    Ours(u32),
    OursUnreadable,
    Foreign,
}

/// Makes the folder ready for writing: ours, of this version, emptied if it was of another.
pub(super) fn prepare(dir: &Path) -> Result<(), IndexError> {
    fs::create_dir_all(dir).map_err(|source| io_error(dir, source))?;
    match state(dir)? {
        State::Ours(SCHEMA_VERSION) => Ok(()),
        State::Ours(_) => {
            wipe(dir)?;
            mark(dir)
        }
        State::Empty => mark(dir),
        State::OursUnreadable => Err(IndexError::Damaged { dir: dir.to_owned(), source: None }),
        State::Foreign => Err(IndexError::Foreign { dir: dir.to_owned() }),
    }
}

/// Looks whether the folder can be read, and changes nothing.
pub(super) fn check(dir: &Path) -> Result<(), IndexError> {
    let owned = dir.to_owned();
    match state(dir)? {
        State::Ours(SCHEMA_VERSION) => Ok(()),
        State::Ours(found) => Err(IndexError::OtherVersion { dir: owned, found, expected: SCHEMA_VERSION }),
        State::Empty | State::OursUnreadable => Err(IndexError::Damaged { dir: owned, source: None }),
        State::Foreign => Err(IndexError::Foreign { dir: owned }),
    }
}

/// Empties a folder of ours that nobody writes to. A folder that is not there is empty.
pub(super) fn wipe(dir: &Path) -> Result<(), IndexError> {
    if !dir.try_exists().map_err(|source| io_error(dir, source))? {
        return Ok(());
    }
    match state(dir)? {
        State::Empty => return Ok(()),
        State::Foreign => return Err(IndexError::Foreign { dir: dir.to_owned() }),
        State::Ours(_) | State::OursUnreadable => {}
    }
    let directory = MmapDirectory::open(dir).map_err(|error| IndexError::on_open(dir, error.into()))?;
    let _lock =
        directory.acquire_lock(&INDEX_WRITER_LOCK).map_err(|error| IndexError::on_open(dir, TantivyError::LockFailure(error, None)))?;
    empty(dir).map_err(|source| io_error(dir, source))
}

fn empty(dir: &Path) -> io::Result<()> {
    remove_if_there(&dir.join(META))?;
    for file in fs::read_dir(dir)? {
        let file = file?;
        if file.file_name() != MARKER {
            remove_if_there(&file.path())?;
        }
    }
    remove_if_there(&dir.join(MARKER))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn state(dir: &Path) -> Result<State, IndexError> {
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(text) => Ok(text.trim_end().parse().map_or(State::OursUnreadable, State::Ours)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(State::OursUnreadable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_empty = fs::read_dir(dir).map_err(|source| io_error(dir, source))?.next().is_none();
            Ok(if is_empty { State::Empty } else { State::Foreign })
        }
        Err(source) => Err(io_error(dir, source)),
    }
}

/// On disk before anything else is: else a crash would leave files that nobody owns.
fn mark(dir: &Path) -> Result<(), IndexError> {
    let write = || {
        let mut marker = File::create(dir.join(MARKER))?;
        writeln!(marker, "{SCHEMA_VERSION}")?;
        marker.sync_all()?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|source| io_error(dir, source))
}

fn io_error(dir: &Path, source: io::Error) -> IndexError {
    IndexError::Io { dir: dir.to_owned(), source }
}
