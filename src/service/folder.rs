//! The data directory: which file lies where, and the keys in it. What an attacker could do who holds one key stands beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::tlog::key::SigningKey;
use crate::tlog::vkey::KeyId;

/// Times the writer's lock is asked for: whoever only looks whether somebody writes holds it for a moment.
const LOCK_ATTEMPTS: u32 = 5;
/// Between two of them.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The data directory of one ledger.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Held while a process writes the ledger; the operating system lets go of it when the process dies.
pub struct WriterLock(#[expect(dead_code, reason = "held, never read")] File);

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no ledger here.
    #[error("there is no ledger in {0}: make one with `onus init --data {0} --origin NAME`")]
    NoLedger(String),
    /// There is one already.
    #[error("there is a ledger in {0} already: an origin is used once; choose an empty directory")]
    LedgerExists(String),
    /// Another process writes it.
    #[error("another process is serving {0}: one ledger has one writer")]
    InUse(String),
    /// A key file is not what it should be.
    #[error("the key file {path} cannot be read: {reason}")]
    BadKey {
        /// Which file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot use {path}")]
    Io {
        /// Which path.
        path: String,
        /// What it says.
        #[source]
        source: io::Error,
    },
}

impl Folder {
    /// The directory at `root`, whether it exists or not.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Entries, payloads, tiles, checkpoints, documents, derived tables.
    pub fn ledger_file(&self) -> PathBuf {
        self.root.join("ledger.db")
    }

    /// Sessions and idempotency answers: may be lost without losing evidence.
    pub fn service_file(&self) -> PathBuf {
        self.root.join("service.db")
    }

    /// The search index: may be wiped and rebuilt at any time.
    pub fn index_folder(&self) -> PathBuf {
        self.root.join("index")
    }

    /// What actions need; adopted as an entry when it has changed.
    pub fn catalogue_file(&self) -> PathBuf {
        self.root.join("actions.toml")
    }

    /// Thresholds of the assessment; adopted as an entry when they have changed.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings.toml")
    }

    /// Trusted token issuers: `[[issuer]]` with issuer, audience and the path of a JWKS file; adopted as entries.
    pub fn issuers_file(&self) -> PathBuf {
        self.root.join("issuers.toml")
    }

    /// The default place of the high-water mark: beside the directory, so that restoring the directory does not restore it.
    pub fn default_mark_file(&self) -> PathBuf {
        let mut name = self.root.file_name().unwrap_or_default().to_owned();
        name.push(".high-water");
        self.root.with_file_name(name)
    }

    /// The four keys of the ledger.
    pub fn key_files(&self) -> [PathBuf; 4] {
        [self.log_key_file(), self.export_key_file(), self.event_key_file(), self.secret_key_file()]
    }

    /// Signs checkpoints and nothing else. Who holds it can sign another history; witnesses and kept checkpoints show it.
    pub fn log_key_file(&self) -> PathBuf {
        self.root.join("keys/log.pem")
    }

    /// The key that is to follow the log key, from the moment it is made until the entry that names it is durable and the files are put
    /// in order. Worth as much as the log key, once it is named.
    pub fn next_log_key_file(&self) -> PathBuf {
        self.root.join("keys/log.next.pem")
    }

    /// A log key that was followed by another, kept as long as both sign. Who holds it then can sign another history for everybody who
    /// has pinned it.
    pub fn old_log_key_file(&self, id: KeyId) -> PathBuf {
        self.root.join(format!("keys/log.{id}.pem"))
    }

    /// The log keys there are beside the one in force: earlier ones that still sign, and the one that is to follow.
    pub fn other_log_key_files(&self) -> Result<Vec<PathBuf>, FolderError> {
        let keys = self.root.join("keys");
        let mut found = Vec::new();
        for entry in fs::read_dir(&keys).map_err(|e| io_error(&keys, e))? {
            let path = entry.map_err(|e| io_error(&keys, e))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_log_key = name.starts_with("log.") && path.extension().is_some_and(|extension| extension == "pem");
            if is_log_key && path != self.log_key_file() {
                found.push(path);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Signs exports. Who holds it can make exports look like ours; the checkpoint in them still has to verify.
    pub fn export_key_file(&self) -> PathBuf {
        self.root.join("keys/export.pem")
    }

    /// Keys the deduplication HMAC. Who holds it and the file can test whether a guessed (source, event_id) was recorded.
    pub fn event_key_file(&self) -> PathBuf {
        self.root.join("keys/event.key")
    }

    /// Keys the hashes of credentials, sessions and links, and the request fingerprints. Who holds it and the files still has to
    /// guess 256 bits.
    pub fn secret_key_file(&self) -> PathBuf {
        self.root.join("keys/secret.key")
    }

    /// Whether a ledger was made here.
    pub fn has_ledger(&self) -> bool {
        self.ledger_file().exists()
    }

    /// Makes the directory and its key folder, readable by this user alone.
    pub fn create(&self) -> Result<(), FolderError> {
        if self.has_ledger() || self.root.join("keys").exists() {
            return Err(FolderError::LedgerExists(self.root.display().to_string()));
        }
        let keys = self.root.join("keys");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&keys).map_err(|e| io_error(&keys, e))
    }

    /// Fails unless a ledger was made here.
    pub fn require_ledger(&self) -> Result<(), FolderError> {
        if self.has_ledger() { Ok(()) } else { Err(FolderError::NoLedger(self.root.display().to_string())) }
    }

    /// Takes the writer's lock, or says who has it.
    pub fn lock(&self) -> Result<WriterLock, FolderError> {
        let path = self.root.join("writer.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(|e| io_error(&path, e))?;
        for _ in 0..LOCK_ATTEMPTS {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(WriterLock(file)),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
                Err(e) => return Err(io_error(&path, e.into())),
            }
        }
        Err(FolderError::InUse(self.root.display().to_string()))
    }

    /// Whether a process writes the ledger just now. Nothing is changed, not even a file made.
    pub fn is_written(&self) -> Result<bool, FolderError> {
        let path = self.root.join("writer.lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(io_error(&path, e)),
        };
        // Shared, so that two who look do not take each other for a writer.
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
            Err(e) => Err(io_error(&path, e.into())),
        }
    }

    /// Writes a new secret file, readable by this user alone, and syncs it and its folder.
    pub fn write_secret(&self, path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            File::open(path.parent().unwrap_or(&self.root))?.sync_all()
        };
        write().map_err(|e| io_error(path, e))
    }

    /// Gives a secret file a second name; one that is there already stays.
    pub fn keep_secret_as(&self, path: &Path, also: &Path) -> Result<(), FolderError> {
        match fs::hard_link(path, also) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(io_error(also, e)),
            _ => self.sync_folder_of(also),
        }
    }

    /// Puts a secret file in the place of another, at once: whoever looks finds one or the other.
    pub fn replace_secret(&self, path: &Path, by: &Path) -> Result<(), FolderError> {
        fs::rename(by, path).map_err(|e| io_error(by, e))?;
        self.sync_folder_of(path)
    }

    /// Removes a secret file, if it is there.
    pub fn remove_secret(&self, path: &Path) -> Result<(), FolderError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path, e)),
            _ => self.sync_folder_of(path),
        }
    }

    fn sync_folder_of(&self, path: &Path) -> Result<(), FolderError> {
        let folder = path.parent().unwrap_or(&self.root);
        File::open(folder).and_then(|opened| opened.sync_all()).map_err(|e| io_error(folder, e))
    }

    /// Reads a file of exactly 32 secret bytes.
    pub fn read_secret(&self, path: &Path) -> Result<[u8; 32], FolderError> {
        let bytes = fs::read(path).map_err(|e| io_error(path, e))?;
        <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| FolderError::BadKey {
            path: path.display().to_string(),
            reason: format!("expected 32 bytes, found {}", bytes.len()),
        })
    }

    /// Reads a private key in PEM.
    pub fn read_signing_key(&self, path: &Path) -> Result<SigningKey, FolderError> {
        let bad = |reason: &str| FolderError::BadKey { path: path.display().to_string(), reason: reason.to_owned() };
        let pem = self.read_text(path)?.ok_or_else(|| bad("it is missing"))?;
        SigningKey::from_pem(&pem).map_err(|e| bad(&e.to_string()))
    }

    /// Reads a text file; `None` if it is not there.
    pub fn read_text(&self, path: &Path) -> Result<Option<String>, FolderError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io_error(path, e)),
        }
    }
}

/// 32 bytes from the operating system.
pub fn random_32() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes, or nothing here is safe to go on");
    bytes
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io { path: path.display().to_string(), source }
}
