//! The high-water mark: a small file outside the data directory that remembers how far the ledger had come, so that a restored,
//! cloned or rolled-back database is noticed before it signs a second history. It says nothing about whole-machine snapshots,
//! which take the mark back with them: against those only witnesses and kept receipts help.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::tlog::hash::RootHash;
use crate::tlog::position::TreeSize;

const MAGIC: &str = "onus-high-water/v1";

/// How far a ledger had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighWater {
    /// Which ledger.
    pub origin: String,
    /// How many entries it had.
    pub size: TreeSize,
    /// The root over them.
    pub root: RootHash,
}

impl HighWater {
    /// The file's text.
    pub fn to_text(&self) -> String {
        // Padded to one length, so that a later mark overwrites an earlier one completely.
        format!("{MAGIC}\n{}\n{:016}\n{}\n", self.origin, self.size.get(), self.root)
    }

    /// Strict inverse of what is written; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(MAGIC)?.strip_prefix('\n')?.split('\n');
        let origin = lines.next()?.to_owned();
        let size = TreeSize::new(lines.next()?.parse().ok()?)?;
        let root = RootHash::parse(lines.next()?)?;
        let mark = Self { origin, size, root };
        (mark.to_text() == text).then_some(mark)
    }

    /// Reads the mark; `None` if there is none yet.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        if text.is_empty() {
            return Ok(None); // made, and the machine stopped before anything was written
        }
        Self::parse(&text).map(Some).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "not a high-water mark"))
    }
}

/// The mark, open for writing.
pub struct MarkFile {
    file: File,
    path: PathBuf,
}

impl MarkFile {
    /// Opens or creates it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Writes the mark, at every commit; not yet synced.
    pub fn write(&mut self, mark: &HighWater) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(mark.to_text().as_bytes())
    }

    /// Another handle that can sync.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, path: self.path.clone() })
    }

    /// Makes what was written durable: before a checkpoint is released.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_mark_replaces_an_earlier_one_and_garbage_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.high-water");
        assert_eq!(HighWater::read(&path).unwrap(), None);
        let mut file = MarkFile::open(&path).unwrap();
        for size in [7, 1_000_000, 1_000_001] {
            let mark = HighWater { origin: "ledger.example/a".to_owned(), size: TreeSize::new(size).unwrap(), root: RootHash::empty() };
            file.write(&mark).unwrap();
            file.sync().unwrap();
            assert_eq!(HighWater::read(&path).unwrap(), Some(mark));
        }
        fs::write(&path, "onus-high-water/v1\nx\n7\n").unwrap();
        assert_eq!(HighWater::read(&path).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
