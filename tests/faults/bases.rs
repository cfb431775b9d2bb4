//! The data directories that cases begin with: each is made once, by the real program, and copied.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::call::unique;
use crate::life::Story;
use crate::program::{Premises, copy_folder};
use crate::submissions::{action, grant};

/// What several cases at a time may take, and more.
const ROOM_IN_MEMORY: u64 = 1 << 30;

/// Where a life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// After `onus init`: service file and index are still to be made.
    First,
    /// After a life that ended in order.
    Again,
    /// After one that was killed: entries in the WAL, under no checkpoint, not in the index.
    AfterKill,
    /// A few entries before the first full tile.
    BeforeTile,
}

/// A directory, and what a caller knows of it.
pub(crate) struct Base {
    pub(crate) premises: Premises,
    pub(crate) story: Story,
}

/// All of them.
pub(crate) struct Bases {
    first: Base,
    again: Base,
    after_kill: Base,
    before_tile: Base,
}

impl Start {
    pub(crate) const ALL: [Self; 4] = [Self::First, Self::Again, Self::AfterKill, Self::BeforeTile];

    /// As names of cases call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "first start",
            Self::Again => "second start",
            Self::AfterKill => "start after a kill",
            Self::BeforeTile => "start before a full tile",
        }
    }
}

impl Bases {
    pub(crate) fn make() -> &'static Self {
        let first = Base { premises: Premises::below(home()), story: Story::default() };
        let mut again = first.copy();
        again.live();
        let mut after_kill = again.copy();
        after_kill.live_and_be_killed();
        let mut before_tile = again.copy();
        before_tile.grow_to(253);
        Box::leak(Box::new(Self { first, again, after_kill, before_tile }))
    }

    pub(crate) const fn of(&self, start: Start) -> &Base {
        match start {
            Start::First => &self.first,
            Start::Again => &self.again,
            Start::AfterKill => &self.after_kill,
            Start::BeforeTile => &self.before_tile,
        }
    }
}

impl Base {
    /// The same directory once more, as its files are just now.
    pub(crate) fn copy(&self) -> Self {
        let Premises { vkey, admin_token, .. } = &self.premises;
        let premises = Premises { folder: home(), vkey: vkey.clone(), admin_token: admin_token.clone() };
        // The mark first: one that is older than the ledger is what a crash can leave, one that is newer is not.
        fs::copy(self.premises.mark(), premises.mark()).unwrap();
        copy_folder(&self.premises.data(), &premises.data());
        Self { premises, story: self.story.clone() }
    }

    /// One life without a fault.
    pub(crate) fn live(&mut self) {
        let ended = self.story.live(&self.premises, self.premises.serve());
        assert!(ended.status.success() && !self.story.has_refusals, "without a fault everything is recorded");
    }

    fn live_and_be_killed(&mut self) {
        let program = self.premises.start();
        let client = program.client(&self.premises.admin_token);
        for _ in 0..3 {
            self.story.send_batch(&client, (0..3).map(|_| action(&unique("act"), "dlg-never")).collect());
        }
        program.kill();
        // As it lies there now; opening the file to look at it would already tidy it up.
        assert!(self.premises.data().join("ledger.db-wal").metadata().unwrap().len() > 0, "the WAL was left");
    }

    fn grow_to(&mut self, size: u64) {
        let program = self.premises.start();
        let client = program.client(&self.premises.admin_token);
        let mut ballast = Story::default();
        let missing = size - self.premises.size();
        ballast.send_batch(&client, vec![grant(&unique("dlg"))]);
        ballast.send_batch(&client, (1..missing).map(|_| action(&unique("act"), "dlg-never")).collect());
        // Of so many a few are asked for again.
        self.story.sent.extend(ballast.sent.into_iter().rev().take(4));
        assert!(program.terminate().success());
        assert_eq!(self.premises.size(), size);
    }
}

/// A directory of a case's own.
pub(crate) fn home() -> TempDir {
    tempfile::tempdir_in(root()).unwrap()
}

/// Removes what directories are left: those that all cases begin with live as long as the run.
pub(crate) fn remove_all() {
    fs::remove_dir_all(root()).unwrap();
}

/// In memory where there is room: what a killed process leaves is the same, and nothing waits for the disk.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let free = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail * found.f_frsize);
        let root = if free >= ROOM_IN_MEMORY { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        root.unwrap().keep()
    })
}
