//! The real program in a process of its own: for what only a process shows. Killed, limited, started twice.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use onus::service::folder::Folder;
use onus::store::reader::LedgerReader;
use onus::tlog::vkey::Vkey;

use crate::app::ORIGIN;
use crate::call::Client;

/// Longest a server may take to listen, or to end: past it, it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A data directory that `onus init` made.
pub(crate) struct Premises {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) vkey: Vkey,
    pub(crate) admin_token: String,
}

/// `onus serve`, answering. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    url: String,
}

/// The program, to be given arguments.
pub(crate) fn onus() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onus"));
    command
        .env_remove("ONUS_DATA")
        .env_remove("ONUS_LISTEN")
        .env_remove("ONUS_BASE_URL")
        .env_remove("ONUS_HIGH_WATER")
        .env_remove("RUST_LOG");
    command
}

impl Premises {
    pub(crate) fn new() -> Self {
        Self::below(tempfile::tempdir().unwrap())
    }

    /// On the file system of `folder`.
    pub(crate) fn below(folder: tempfile::TempDir) -> Self {
        let output = onus().args(["init", "--json", "--origin", ORIGIN, "--data"]).arg(folder.path().join("data")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { folder, vkey: Vkey::parse(&text("vkey")).unwrap(), admin_token: text("admin_token") }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its high-water mark.
    pub(crate) fn mark(&self) -> PathBuf {
        Folder::new(&self.data()).default_mark_file()
    }

    /// Where the program's log goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// `onus serve`, not started yet.
    pub(crate) fn serve(&self) -> Command {
        let mut command = onus();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(self.data());
        command
    }

    /// Starts the server and waits until it listens.
    #[track_caller]
    pub(crate) fn start(&self) -> Program {
        self.start_as(self.serve())
    }

    /// The same with a command made from [`Premises::serve`].
    #[track_caller]
    pub(crate) fn start_as(&self, command: Command) -> Program {
        Program::spawn(command, &self.log())
    }

    /// Starts a server that must not start.
    pub(crate) fn start_in_vain(&self) -> Output {
        self.serve().output().unwrap()
    }

    /// How many entries the file holds.
    pub(crate) fn size(&self) -> u64 {
        let reader = LedgerReader::open(&Folder::new(&self.data()).ledger_file()).unwrap();
        reader.rows().head().unwrap().unwrap().size.get()
    }

    /// The signed checkpoints that the file holds.
    pub(crate) fn checkpoints(&self) -> Vec<(i64, String)> {
        LedgerReader::open(&Folder::new(&self.data()).ledger_file()).unwrap().rows().checkpoints().unwrap()
    }
}

impl Program {
    /// Starts a command that becomes a server, and waits until it listens; its log is added to the file `log`.
    #[track_caller]
    pub(crate) fn spawn(command: Command, log: &Path) -> Self {
        Self::try_spawn(command, log).unwrap_or_else(|status| panic!("the server did not start ({status}): {}", read_log(log)))
    }

    /// The same with one that may end before it listens.
    #[track_caller]
    pub(crate) fn try_spawn(mut command: Command, log: &Path) -> Result<Self, ExitStatus> {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        within_patience(child.id(), || stdout.read_line(&mut line).unwrap());
        let Some(url) = line.trim_end().strip_prefix("listening on ") else { return Err(child.wait().unwrap()) };
        Ok(Self { child, url: url.to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whoever bears that token.
    pub(crate) fn client(&self, token: &str) -> Client {
        Client::new(&self.url).bearing(token)
    }

    /// SIGKILL: no handler runs, nothing is written any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
    }

    /// SIGTERM, if it still runs, and how it ended.
    #[track_caller]
    pub(crate) fn terminate(mut self) -> ExitStatus {
        signal(serving(self.child.id()), "-TERM");
        within_patience(self.child.id(), || self.child.wait().unwrap())
    }

    /// The process id, for tools that change a running process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have been killed and waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a server; one that lets wait too long hangs, which no test forgives.
#[track_caller]
fn within_patience<T>(id: u32, wait: impl FnOnce() -> T) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) && signal(serving(id), "-KILL"));
    let came = wait();
    drop(done);
    assert!(!watch.join().unwrap(), "the server hung");
    came
}

/// The process that serves: this one, or what it traces.
fn serving(id: u32) -> u32 {
    let is_tracer = fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "strace");
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok().filter(|_| is_tracer);
    children.and_then(|ids| ids.split(' ').next()?.parse().ok()).unwrap_or(id)
}

fn signal(id: u32, signal: &str) -> bool {
    Command::new("kill").arg(signal).arg(id.to_string()).stderr(Stdio::null()).status().unwrap().success()
}

/// Files as they are just now; the database before its WAL, so that the copy is a state that a crash can leave.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    let mut entries: Vec<_> = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if path.extension().is_none_or(|e| e != "db-shm" && e != "lock") {
            match fs::copy(&path, &target) {
                // The index merges and removes files while it is copied; one that is not whole is made again.
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => panic!("{}: {e}", path.display()),
                _ => {}
            }
        }
    }
}

/// A program's log, as text that can be searched.
pub(crate) fn read_log(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}
