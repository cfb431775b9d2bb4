//! `TestLedger`: the language of the ledger's tests. A real ledger in a folder of its own, under a clock that the test moves; it can
//! crash, be opened again, and re-verify everything it holds. No HTTP.

mod check;
mod story;

use std::cell::{Cell, RefCell};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onus::domain::credential::{Caller, NamePattern, PermissionSet};
use onus::domain::delegation::CallerClass;
use onus::domain::ids::{AgentId, CredentialId, PrincipalId, Source};
use onus::domain::person::Role;
use onus::service::adoption::adopt;
use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::intake::{Intake, IntakeRefusal, Submitter};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::pass::{Appended, Refusal};
use onus::service::pending::PendingEntry;
use onus::service::queue::WriteFailure;
use onus::service::sessions::Sessions;
use onus::store::service_db::ServiceDb;
use onus::tlog::entry::Origin;
use onus::tlog::json::Value;
use onus::tlog::time::Timestamp;
use onus::tlog::vkey::Vkey;

use crate::app::{INTERVAL, NOON, ORIGIN, block_on};
use crate::program::copy_folder;
pub(crate) use crate::test_ledger::check::check_folder;

/// A ledger with its two first entries.
pub(crate) struct TestLedger {
    folder: tempfile::TempDir,
    /// How often it crashed: each life has a directory of its own.
    life: Cell<u32>,
    clock: Arc<SetClock>,
    vkey: Vkey,
    open: RefCell<Option<Ledger>>,
}

/// Why an event was not recorded.
#[derive(Debug)]
pub(crate) enum NotRecorded {
    /// Before the queue.
    Intake(IntakeRefusal),
    /// By the sequencer.
    Refused(Refusal),
    /// By nobody: it could not be written.
    Failed(WriteFailure),
}

impl TestLedger {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(Timestamp::parse_rfc3339(NOON).unwrap()));
        let data = Folder::new(&life_folder(folder.path(), 0).join("data"));
        let new = NewLedger {
            origin: Origin::parse(ORIGIN).unwrap(),
            base_url: "https://ledger.example".to_owned(),
            mark_file: data.default_mark_file(),
        };
        let as_clock: Arc<dyn Clock> = clock.clone();
        let created = create(&data, &new, &as_clock).unwrap();
        let ledger = Self { folder, life: Cell::new(0), clock, vkey: created.vkey, open: RefCell::new(None) };
        ledger.reopen();
        ledger
    }

    /// Where it lies now.
    pub(crate) fn data(&self) -> PathBuf {
        life_folder(self.folder.path(), self.life.get()).join("data")
    }

    /// Opens it again, as a start of the server does: after a crash, or after closing it in order.
    #[track_caller]
    pub(crate) fn reopen(&self) {
        self.close();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let ledger = Ledger::open(LedgerConfig { interval: INTERVAL, ..LedgerConfig::new(Folder::new(&self.data()), clock) }).unwrap();
        ledger.trust(adopt(&ledger).unwrap());
        self.open.replace(Some(ledger));
    }

    /// Closes it in order, if it is open.
    pub(crate) fn close(&self) {
        drop(self.open.take());
    }

    /// The process dies: what its files hold at this moment, with a torn write at the end of the write-ahead log, is all that
    /// the next life finds. What the old one goes on doing reaches nobody.
    pub(crate) fn crash(&self) {
        self.die();
    }

    /// The same while somebody reports these events: the process dies so many turns of a loop after they were queued, before they
    /// are recorded, after it, or in the midst of it.
    pub(crate) fn crash_while(&self, reporter: &Reporter<'_>, events: &[serde_json::Value], spins: u64) {
        let pending = reporter.pending(events).unwrap();
        let queue = self.with(|ledger| ledger.queue().unwrap());
        std::thread::scope(|scope| {
            // Its answer reaches nobody.
            scope.spawn(move || drop(queue.append_blocking(pending, false)));
            (0..spins).for_each(|_| std::hint::spin_loop());
            self.die();
        });
    }

    fn die(&self) {
        let next = life_folder(self.folder.path(), self.life.get() + 1);
        let (before, after) = (self.data(), next.join("data"));
        fs::create_dir(&next).unwrap();
        // The mark first: a mark that is older than the ledger is what a crash can leave, one that is newer is not.
        fs::copy(Folder::new(&before).default_mark_file(), Folder::new(&after).default_mark_file()).unwrap();
        copy_folder(&before, &after);
        // What was moved from the log into the file while the two were copied is in neither copy: no crash leaves that.
        let (file, copy) = (Folder::new(&before).ledger_file(), Folder::new(&after).ledger_file());
        while fs::read(&file).unwrap() != fs::read(&copy).unwrap() {
            for ending in ["", "-wal"] {
                let named = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
                fs::copy(named(&file), named(&copy)).unwrap();
            }
        }
        let mut wal = OpenOptions::new().append(true).open(after.join("ledger.db-wal")).expect("an open ledger has a WAL");
        wal.write_all(&[0x5a; 9000]).unwrap();
        self.close();
        self.life.set(self.life.get() + 1);
    }

    /// Lets time pass.
    pub(crate) fn tick(&self, seconds: i64) {
        self.clock.tick_ms(seconds * 1000);
    }

    /// Lets very little time pass.
    pub(crate) fn tick_ms(&self, ms: i64) {
        self.clock.tick_ms(ms);
    }

    /// Sets the wall clock, as an operator or a bad time server would.
    pub(crate) fn set_clock_by(&self, ms: i64) {
        self.clock.set(self.clock.now().plus_ms(ms).unwrap());
    }

    /// Runs `look` on the open ledger.
    #[track_caller]
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(self.open.borrow().as_ref().expect("the ledger is open"))
    }

    /// A service that reports for every agent and grants for every person.
    pub(crate) fn source(&self, name: &str) -> Reporter<'_> {
        let all = || vec![NamePattern::parse("*").unwrap()];
        self.reporter(Caller { reports_for: all(), grants_for: all(), ..caller(CallerClass::Service, name) })
    }

    /// An agent that speaks for itself.
    pub(crate) fn agent(&self, agent_id: &str) -> Reporter<'_> {
        self.reporter(Caller { agent_id: AgentId::parse(agent_id), ..caller(CallerClass::Agent, agent_id) })
    }

    /// A person who has signed in: `user:<name>@example.com`.
    pub(crate) fn person(&self, name: &str) -> Reporter<'_> {
        let folder = Folder::new(&self.data());
        let db = Arc::new(ServiceDb::open(&folder.service_file()).unwrap());
        let sessions = Sessions::new(db, folder.read_secret(&folder.secret_key_file()).unwrap());
        let id = PrincipalId::parse(&format!("user:{name}@example.com")).unwrap();
        let link = sessions.make_link(&id, name, &[Role::Auditor], self.clock.now(), 60_000).unwrap();
        let (session, _) = sessions.redeem(link.reveal(), self.clock.now()).unwrap().expect("a fresh link");
        self.reporter(Caller::of_session(session))
    }

    fn reporter(&self, caller: Caller) -> Reporter<'_> {
        Reporter { ledger: self, caller }
    }

    /// Verifies everything again, from the bytes: chain, tree, proofs, payloads, contents, checkpoints, findings, derived tables
    /// and index. `size` is how many entries there should be.
    #[track_caller]
    pub(crate) fn check(&self, size: u64) {
        self.with(|ledger| {
            assert_eq!(ledger.size().get(), size, "how many entries the ledger says it has");
            assert!(block_on(ledger.wait_published(ledger.size())), "the publisher has stopped");
            assert!(block_on(ledger.wait_indexed(ledger.size())), "the indexer has stopped");
            check::check_index(ledger);
            let published = ledger.published().expect("a checkpoint");
            assert_eq!(published.size.get(), size, "how many entries the newest checkpoint covers");
        });
        check_folder(&self.data(), &self.vkey, size);
    }
}

/// Somebody who reports to a [`TestLedger`].
pub(crate) struct Reporter<'t> {
    ledger: &'t TestLedger,
    caller: Caller,
}

impl Reporter<'_> {
    /// Reports an event, which is recorded or was before.
    #[track_caller]
    pub(crate) fn reports(&self, event: &serde_json::Value) -> Appended {
        self.tries(event).unwrap_or_else(|refusal| panic!("{event} was not recorded: {refusal:?}"))
    }

    /// Reports an event, and is told why not.
    pub(crate) fn tries(&self, event: &serde_json::Value) -> Result<Appended, NotRecorded> {
        let mut answers = self.tries_all(std::slice::from_ref(event), false)?;
        answers.remove(0).map_err(NotRecorded::Refused)
    }

    /// Reports many events at once.
    pub(crate) fn tries_all(&self, events: &[serde_json::Value], is_atomic: bool) -> Result<Vec<Result<Appended, Refusal>>, NotRecorded> {
        let pending = self.pending(events).map_err(NotRecorded::Intake)?;
        let answers = self.ledger.with(|ledger| ledger.queue().and_then(|queue| queue.append_blocking(pending, is_atomic)));
        Ok(answers.map_err(NotRecorded::Failed)?.into_iter().map(|answered| answered.outcome).collect())
    }

    /// Events on their way to the queue.
    fn pending(&self, events: &[serde_json::Value]) -> Result<Vec<PendingEntry>, IntakeRefusal> {
        self.ledger.with(|ledger| {
            let submitter = Submitter { caller: &self.caller, request_id: "req_test", agent_id_claim: None };
            let intake = Intake::new(ledger, submitter);
            let read = |event: &serde_json::Value| Value::parse(event.to_string().as_bytes()).unwrap();
            events.iter().map(|event| intake.event(read(event), None)).collect()
        })
    }
}

fn caller(class: CallerClass, source: &str) -> Caller {
    Caller {
        credential_id: CredentialId::parse("0123456789abcdef").unwrap(),
        class,
        source: Source::parse(source).unwrap(),
        agent_id: None,
        permissions: PermissionSet::all(),
        reports_for: Vec::new(),
        grants_for: Vec::new(),
        human: None,
    }
}

fn life_folder(root: &Path, life: u32) -> PathBuf {
    root.join(format!("life-{life}"))
}
