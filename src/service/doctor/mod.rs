//! How a ledger's directory does, in sentences, beside whoever serves it: what is well, what to know, what must be done and how. It
//! reads, and changes nothing. Whether the evidence is true is `onus verify`'s business; this is about the machine around it.

mod files;
mod keys;
mod past;
mod server;

use std::path::PathBuf;

pub use server::ServerSaid;

use crate::service::folder::{Folder, FolderError};
use crate::service::high_water::HighWater;
use crate::service::opened::ReadError;
use crate::service::verifier::{Mark, read_mark};
use crate::store::connection::StoreError;
use crate::store::reader::LedgerReader;
use crate::tlog::time::Timestamp;

/// Where to look, and what is known from elsewhere.
pub struct Examination {
    /// The ledger's directory.
    pub folder: Folder,
    /// Where its high-water mark should lie.
    pub mark_file: PathBuf,
    /// What the server said of itself, if it was asked.
    pub server: ServerSaid,
    /// Tells the time.
    pub now: Timestamp,
}

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Which ledger, and how far it has come.
    Ledger,
    /// The process that serves it.
    Server,
    /// `ledger.db` as a file.
    File,
    /// `service.db` as a file.
    ServiceFile,
    /// Room to grow.
    Disk,
    /// What waits to be moved into the ledger file.
    WriteAheadLog,
    /// The machine's clock.
    Clock,
    /// What is not signed yet.
    Checkpoint,
    /// What cannot be searched yet.
    Index,
    /// The keys, and who can read them.
    Keys,
    /// What shows a rollback.
    HighWater,
}

/// How pressing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing to do.
    Well,
    /// Nothing to do, but good to know.
    Note,
    /// Something must be done.
    Act,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is about.
    pub about: Subject,
    /// How pressing it is.
    pub state: State,
    /// What was found.
    pub says: String,
    /// What to do, where something must be done.
    pub remedy: Option<String>,
}

impl Subject {
    /// The name by which scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Server => "server",
            Self::File => "file",
            Self::ServiceFile => "service_file",
            Self::Disk => "disk",
            Self::WriteAheadLog => "write_ahead_log",
            Self::Clock => "clock",
            Self::Checkpoint => "checkpoint",
            Self::Index => "index",
            Self::Keys => "keys",
            Self::HighWater => "high_water",
        }
    }
}

impl State {
    /// The word for scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Note => "note",
            Self::Act => "act",
        }
    }
}

impl Remark {
    fn well(about: Subject, says: impl Into<String>) -> Self {
        Self { about, state: State::Well, says: says.into(), remedy: None }
    }

    fn note(about: Subject, says: impl Into<String>) -> Self {
        Self { about, state: State::Note, says: says.into(), remedy: None }
    }

    fn act(about: Subject, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, state: State::Act, says: says.into(), remedy: Some(remedy.into()) }
    }
}

impl Examination {
    /// Looks at everything. Fails only where there is no ledger, or nobody may look.
    pub fn run(&self) -> Result<Vec<Remark>, FolderError> {
        let folder = &self.folder;
        folder.require_ledger()?;
        let is_served = folder.is_written()?;
        // Before the ledger: so neither mark nor index can be ahead of what is read of it.
        let mark = read_mark(&self.mark_file);
        let index = past::look_at_index(folder);
        let own = LedgerReader::open(&folder.ledger_file()).and_then(|reader| reader.rows().head()).ok().flatten().map(|head| head.origin);
        let mut remarks =
            vec![server::judge(&self.server, is_served, folder, own.as_deref()), files::ledger_file(folder), files::service_file(folder)];
        match self.look_into_ledger(&mark, &index, is_served) {
            Ok(told) => remarks.extend(told),
            Err(e) => remarks.push(Remark::act(
                Subject::Ledger,
                format!("ledger.db cannot be read, so neither clock, checkpoint, index nor mark was compared with it: {e}"),
                "look at `file` above; `onus verify --data DIR --deep` names what is damaged, and `onus restore` puts a backup elsewhere",
            )),
        }
        remarks.push(files::write_ahead_log(folder, is_served));
        remarks.push(keys::judge(folder));
        remarks.sort_by_key(|remark| ORDER.iter().position(|about| *about == remark.about));
        Ok(remarks)
    }

    fn look_into_ledger(&self, mark: &Mark, index: &past::Index, is_served: bool) -> Result<Vec<Remark>, ReadError> {
        let reader = LedgerReader::open(&self.folder.ledger_file())?;
        reader.rows().in_one_snapshot(|rows| {
            let head = rows.head()?.ok_or_else(|| StoreError::Unusable("there is no head in it".to_owned()))?;
            let looked = past::Looked { rows, head: &head, now: self.now, is_served };
            Ok(vec![
                looked.ledger()?,
                looked.clock(&self.server)?,
                looked.checkpoint()?,
                looked.index(index)?,
                looked.mark(mark, &self.mark_file, &self.folder)?,
                files::disk(&self.folder, head.size, looked.entries_of_last_week()?),
            ])
        })
    }
}

/// In which remarks are read.
const ORDER: [Subject; 11] = [
    Subject::Ledger,
    Subject::Server,
    Subject::File,
    Subject::ServiceFile,
    Subject::Disk,
    Subject::WriteAheadLog,
    Subject::Clock,
    Subject::Checkpoint,
    Subject::Index,
    Subject::Keys,
    Subject::HighWater,
];

/// The mark, as far as it was read.
fn mark_of(mark: &Mark) -> Result<Option<&HighWater>, &str> {
    match mark {
        Mark::Read(mark) => Ok(Some(mark)),
        Mark::None => Ok(None),
        Mark::Unreadable(reason) => Err(reason),
    }
}
