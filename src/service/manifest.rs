//! What a backup says of itself: `backup.json`, written last and read first. Each file is named with its length and SHA-256, so the
//! hash of the manifest alone, kept elsewhere, shows any change to the backup.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::tlog::hash::{Sha256Pieces, sha256, to_hex};

/// The manifest's name in a backup.
pub const MANIFEST_FILE: &str = "backup.json";
/// What the manifests of this release call themselves.
pub const FORMAT: &str = "onus-backup/v1";
/// Largest manifest that is read.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// Bytes read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// A backup, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `onus-backup/v1`.
    pub format: String,
    /// When the backup was made.
    pub made_at: String,
    /// By which program.
    pub made_by: String,
    /// Whose ledger it is.
    pub origin: String,
    /// The key that its checkpoints verify under, as the ledger itself says: a reader compares it with the one that was kept.
    pub vkey: String,
    /// How many entries.
    pub size: u64,
    /// The root over them, in base64 as in checkpoints.
    pub root_hash: String,
    /// How many of them the newest checkpoint covers.
    pub checkpoint_size: u64,
    /// That checkpoint, verbatim.
    pub checkpoint: String,
    /// Whether the key that signs checkpoints is among the files.
    pub log_key_included: bool,
    /// Every file but this one.
    pub files: Vec<FileRecord>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its path within the backup.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Why something is no backup, or no longer the one that was made.
#[derive(Debug, thiserror::Error)]
pub enum BadManifest {
    /// There is none.
    #[error("{} is no backup: there is no {MANIFEST_FILE} in it, which `onus backup` writes last", .0.display())]
    Missing(PathBuf),
    /// It is not one.
    #[error("{} is not a manifest of {FORMAT}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not what the manifest says.
    #[error("{} is not as it was backed up: {reason}. The backup was damaged or changed: take another one", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Manifest {
    /// Writes it into a backup, synced; returns its own SHA-256.
    pub fn write(&self, backup: &Path) -> Result<String, BadManifest> {
        let path = backup.join(MANIFEST_FILE);
        let mut text = serde_json::to_vec_pretty(self).expect("texts and numbers always become JSON");
        text.push(b'\n');
        let write = || {
            let mut file = File::options().create_new(true).write(true).mode(0o600).open(&path)?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(|source| BadManifest::Io { path: path.clone(), source })?;
        Ok(to_hex(&sha256(&text)))
    }

    /// Reads the one of a backup.
    pub fn read(backup: &Path) -> Result<Self, BadManifest> {
        let path = backup.join(MANIFEST_FILE);
        let mut text = Vec::new();
        match File::open(&path).and_then(|file| file.take(MAX_MANIFEST_BYTES).read_to_end(&mut text)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(BadManifest::Missing(backup.to_owned())),
            Err(source) => return Err(BadManifest::Io { path, source }),
            Ok(_) => {}
        }
        let unreadable = |reason: String| BadManifest::Unreadable { path: path.clone(), reason };
        let manifest: Self = serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
        if manifest.format != FORMAT {
            return Err(unreadable(format!("it says {:?}", manifest.format)));
        }
        let leads_out = |file: &&FileRecord| !Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
        match manifest.files.iter().find(leads_out) {
            Some(file) => Err(unreadable(format!("{:?} lies outside the backup", file.path))),
            None => Ok(manifest),
        }
    }

    /// The record of a file.
    pub fn file(&self, path: &Path) -> Option<&FileRecord> {
        self.files.iter().find(|file| Path::new(&file.path) == path)
    }

    /// Whether every file is still as it was.
    pub fn check_files(&self, backup: &Path) -> Result<(), BadManifest> {
        for file in &self.files {
            file.compare(&FileRecord::of(backup, Path::new(&file.path))?, backup)?;
        }
        Ok(())
    }
}

impl FileRecord {
    /// What lies at `path` below `root`.
    pub fn of(root: &Path, path: &Path) -> Result<Self, BadManifest> {
        let whole = root.join(path);
        let read = || -> io::Result<(u64, String)> {
            let mut file = File::open(&whole)?;
            let (mut piece, mut hash, mut bytes) = (vec![0; PIECE_BYTES], Sha256Pieces::default(), 0);
            loop {
                let count = file.read(&mut piece)?;
                if count == 0 {
                    return Ok((bytes, to_hex(&hash.finish())));
                }
                hash.add(&piece[..count]);
                bytes += count as u64;
            }
        };
        match read() {
            Ok((bytes, sha256)) => Ok(Self { path: path.display().to_string(), bytes, sha256 }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(BadManifest::Changed { path: whole, reason: "it is missing".to_owned() }),
            Err(source) => Err(BadManifest::Io { path: whole, source }),
        }
    }

    /// Whether `found` below `root` is this file.
    pub fn compare(&self, found: &Self, root: &Path) -> Result<(), BadManifest> {
        let changed = |reason| Err(BadManifest::Changed { path: root.join(&self.path), reason });
        if found.bytes != self.bytes {
            return changed(format!("it has {} bytes, and {MANIFEST_FILE} says {}", found.bytes, self.bytes));
        }
        if found.sha256 != self.sha256 {
            return changed(format!("its SHA-256 is {}, and {MANIFEST_FILE} says {}", found.sha256, self.sha256));
        }
        Ok(())
    }
}
