//! Why a command stopped. Every message says what to do where that is known; none holds a token.

use std::io;
use std::path::PathBuf;

use crate::cli::client::ClientError;
use crate::cli::sample::SampleError;
use crate::service::adoption::AdoptionError;
use crate::service::backup::BackupError;
use crate::service::folder::FolderError;
use crate::service::genesis::GenesisError;
use crate::service::ledger::OpenError;
use crate::service::queue::WriteFailure;
use crate::service::reindex::ReindexError;
use crate::service::restore::RestoreError;
use crate::service::rotation::RotationError;
use crate::service::sessions::SessionError;
use crate::store::connection::StoreError;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The server could not be asked, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A recording is not what its format says. What came before it has been sent; after a repair the same command goes on.
    #[error("{}, line {line}: {message}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What was expected, what came.
        message: String,
    },
    /// The server answered, but what it answered contradicts itself or the API.
    #[error("the server's answer is not what the API promises: {0}. Is --server an Onus server of this version?")]
    Answer(String),
    /// Not all actions were written, or more than there are.
    #[error(
        "the server counts {total} actions and {written} were written; nothing was put at {}. Run the command again while nothing is being recorded",
        path.display()
    )]
    Incomplete {
        /// How many lines were written.
        written: u64,
        /// How many actions the server counts.
        total: u64,
        /// Where they would have been put.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The data directory.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// No ledger was made.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What the directory's files say could not be adopted.
    #[error(transparent)]
    Adoption(#[from] AdoptionError),
    /// No sample ledger was made.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The ledger could not be written.
    #[error(transparent)]
    Write(#[from] WriteFailure),
    /// A file of the ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is derived could not be made again.
    #[error(transparent)]
    Reindex(#[from] ReindexError),
    /// There is no backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Nothing was restored, unless it says otherwise.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The log key was not rotated, or not to the end.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// A link could not be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The operating system gave no randomness.
    #[error("no randomness to be had from the operating system: {0}")]
    Chance(getrandom::Error),
}
