//! A directory that gets its name when it is whole: filled beside its place under another name, synced, renamed. Whoever fails or is
//! killed before leaves nothing at the place; what he leaves beside it is removed by the next one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::service::manifest::{BadManifest, FileRecord};

/// Stands in the directory while it is filled: without it, what lies there under its name is somebody else's.
const MARKER: &str = "being-filled";

/// Where a directory could not be put.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// Something is there.
    #[error("{} is there already: name a directory that is not there yet, and it is made", .0.display())]
    Exists(PathBuf),
    /// Somebody else is at it.
    #[error("another process is filling {}: wait for it, or name another directory", .0.display())]
    InUse(PathBuf),
    /// The disk is full.
    #[error("the disk of {} is full ({free_bytes} bytes are free): nothing was put there. Make room, or name a directory on another disk", to.display())]
    Full {
        /// Where it was to be.
        to: PathBuf,
        /// What was free when it was refused.
        free_bytes: u64,
    },
    /// The file system refused.
    #[error("{} cannot be made, nothing was put there: {}: {source}", to.display(), path.display())]
    Io {
        /// Where the directory was to be.
        to: PathBuf,
        /// Which path was refused.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// What was written reads as something else.
    #[error("nothing was put at {}: {source}", to.display())]
    Readback {
        /// Where the directory was to be.
        to: PathBuf,
        /// What differs.
        source: BadManifest,
    },
}

/// A directory on its way. Dropped before [`Staging::finish`], it is removed.
pub struct Staging {
    to: PathBuf,
    path: PathBuf,
    /// The directory itself: the lock on it tells the living from what a killed process left.
    lock: File,
    is_finished: bool,
}

impl Staging {
    /// Begins what will be `to`, which must not exist.
    pub fn begin(to: &Path) -> Result<Self, StagingError> {
        if fs::symlink_metadata(to).is_ok() {
            return Err(StagingError::Exists(to.to_owned()));
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let path = to.with_file_name(name);
        remove_what_was_left(&path, to)?;
        let open = || {
            fs::DirBuilder::new().mode(0o700).create(&path)?;
            let lock = File::open(&path)?;
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            File::create(path.join(MARKER))?;
            Ok(lock)
        };
        let lock = open().map_err(|e| io_error(to, &path, e))?;
        Ok(Self { to: to.to_owned(), path, lock, is_finished: false })
    }

    /// Where it is filled.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it will be.
    pub fn to(&self) -> &Path {
        &self.to
    }

    /// Copies `path` below `root` to the same path in here, readable by this user alone, synced and read back.
    pub fn copy(&self, root: &Path, path: &Path) -> Result<(), StagingError> {
        let (source, target) = (root.join(path), self.path.join(path));
        let copy = || -> io::Result<()> {
            let folder = target.parent().unwrap_or(&self.path);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut file = File::options().create_new(true).write(true).mode(0o600).open(&target)?;
            io::copy(&mut File::open(&source)?, &mut file)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()
        };
        copy().map_err(|e| io_error(&self.to, &source, e))?;
        let read_back = || FileRecord::of(root, path)?.compare(&FileRecord::of(&self.path, path)?, &self.path);
        read_back().map_err(|source| StagingError::Readback { to: self.to.clone(), source })
    }

    /// Every file in it, by path.
    pub fn records(&self) -> Result<Vec<FileRecord>, StagingError> {
        let mut paths = Vec::new();
        list(&self.path, &mut paths).map_err(|e| io_error(&self.to, &self.path, e))?;
        let within = paths.iter().map(|path| path.strip_prefix(&self.path).unwrap_or(path)).filter(|path| *path != Path::new(MARKER));
        let mut records = within
            .map(|path| FileRecord::of(&self.path, path))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| StagingError::Readback { to: self.to.clone(), source })?;
        records.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(records)
    }

    /// Syncs it and gives it its name.
    pub fn finish(mut self) -> Result<(), StagingError> {
        let finish = || -> io::Result<()> {
            let mut paths = Vec::new();
            list(&self.path, &mut paths)?;
            for path in paths {
                File::open(path)?.sync_all()?;
            }
            self.lock.sync_all()?;
            // ---- point of no return ----
            fs::rename(&self.path, &self.to)?;
            File::open(self.to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
        };
        finish().map_err(|e| io_error(&self.to, &self.path, e))?;
        self.is_finished = true;
        // Whole with it, too: a reader looks only at what the manifest names.
        let _ = fs::remove_file(self.to.join(MARKER));
        Ok(())
    }

    /// What to say when the disk is full.
    pub fn full(&self) -> StagingError {
        full(&self.to)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed does not stand under the name that counts, and the next attempt tries again.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn remove_what_was_left(path: &Path, to: &Path) -> Result<(), StagingError> {
    let Ok(left) = File::open(path) else { return Ok(()) };
    if rustix::fs::flock(&left, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(StagingError::InUse(to.to_owned()));
    }
    if !path.join(MARKER).exists() {
        return Err(StagingError::Exists(path.to_owned()));
    }
    fs::remove_dir_all(path).map_err(|e| io_error(to, path, e))
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

fn full(to: &Path) -> StagingError {
    let parent = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free_bytes = rustix::fs::statvfs(parent).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    StagingError::Full { to: to.to_owned(), free_bytes }
}

fn io_error(to: &Path, path: &Path, source: io::Error) -> StagingError {
    if source.kind() == io::ErrorKind::StorageFull {
        full(to)
    } else {
        StagingError::Io { to: to.to_owned(), path: path.to_owned(), source }
    }
}
