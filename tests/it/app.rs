//! `TestApp`: the real server, in this process, on a free port over a fresh ledger, under a clock that the test moves. Where the
//! process itself matters (signals, limits, two at once) see `program`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use onus::cli::serve;
use onus::domain::ids::PrincipalId;
use onus::domain::person::Role;
use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::sessions::Sessions;
use onus::tlog::entry::Origin;
use onus::tlog::time::Timestamp;
use serde_json::json;

use crate::call::{Client, unique};

/// What the clock of every test ledger shows at first.
pub(crate) const NOON: &str = "2026-11-24T12:00:00Z";
/// The name of every test ledger.
pub(crate) const ORIGIN: &str = "ledger.example/test";
/// Checkpoints and index commits follow at once: no test waits for the product's second.
pub(crate) const INTERVAL: Duration = Duration::from_millis(5);

/// A server over a fresh ledger. Dropped, it stops as it does on SIGTERM, and the ledger is gone.
pub(crate) struct TestApp {
    folder: tempfile::TempDir,
    clock: Arc<SetClock>,
    admin_token: String,
    running: Option<Running>,
    names: AtomicU64,
}

struct Running {
    url: String,
    ledger: web::Data<Ledger>,
    sessions: Sessions,
    handle: ServerHandle,
    thread: JoinHandle<ExitCode>,
}

impl TestApp {
    /// A ledger with its two first entries, served.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same; `prepare` may put files (`actions.toml`, `settings.toml`) into the data directory before the server starts.
    pub(crate) fn start_with(prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(Timestamp::parse_rfc3339(NOON).unwrap()));
        let data = Folder::new(&folder.path().join("data"));
        let new = NewLedger {
            origin: Origin::parse(ORIGIN).unwrap(),
            base_url: "https://ledger.example".to_owned(),
            mark_file: data.default_mark_file(),
        };
        let as_clock: Arc<dyn Clock> = clock.clone();
        let created = create(&data, &new, &as_clock).unwrap();
        prepare(data.root());
        let admin_token = created.admin_token.reveal().to_owned();
        let mut app = Self { folder, clock, admin_token, running: None, names: AtomicU64::new(1) };
        app.serve(false);
        app
    }

    fn config(&self) -> LedgerConfig {
        let clock: Arc<dyn Clock> = self.clock.clone();
        LedgerConfig { interval: INTERVAL, ..LedgerConfig::new(Folder::new(&self.data()), clock) }
    }

    fn serve(&mut self, confirm_clock: bool) {
        let opened = serve::open_as(self.config(), confirm_clock).unwrap();
        let (ledger, sessions) = (opened.ledger.clone(), opened.sessions.clone());
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).unwrap();
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            serve::serve_until(&opened, listener, None, |url, handle| {
                ready.send((url.to_owned(), handle)).unwrap();
                Ok(())
            })
            .unwrap()
        });
        let (url, handle) = started.recv().expect("the server says that it listens");
        self.running = Some(Running { url, ledger, sessions, handle, thread });
    }

    /// Stops the server as SIGTERM does and starts it again over the same directory.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.serve(false);
    }

    /// The same; an operator does something with the ledger while nobody serves it.
    pub(crate) fn restart_after(&mut self, work: impl FnOnce(LedgerConfig)) {
        self.stop();
        work(self.config());
        self.serve(false);
    }

    /// The same, by an operator who has looked at the clock: `onus serve --confirm-clock`.
    pub(crate) fn restart_with_confirmed_clock(&mut self) {
        self.stop();
        self.serve(true);
    }

    fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        actix_web::rt::System::new().block_on(running.handle.stop(true));
        let outcome = running.thread.join().expect("the server's thread does not panic");
        assert_eq!(outcome, ExitCode::SUCCESS, "the server ended in order");
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.running().url
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The ledger behind the server.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.running().ledger
    }

    /// How many entries there are.
    pub(crate) fn size(&self) -> u64 {
        self.ledger().size().get()
    }

    /// Lets time pass.
    pub(crate) fn tick(&self, seconds: i64) {
        self.clock.tick_ms(seconds * 1000);
    }

    /// Sets the wall clock, as an operator or a bad time server would.
    pub(crate) fn set_clock(&self, time: &str) {
        self.clock.set(Timestamp::parse_rfc3339(time).unwrap());
    }

    /// Waits until everything recorded so far can be searched.
    #[track_caller]
    pub(crate) fn wait_indexed(&self) {
        let size = self.ledger().size();
        assert!(block_on(self.ledger().wait_indexed(size)), "the indexer has stopped before {size}");
    }

    /// Waits until a checkpoint covers everything recorded so far.
    #[track_caller]
    pub(crate) fn wait_published(&self) {
        let size = self.ledger().size();
        assert!(block_on(self.ledger().wait_published(size)), "the publisher has stopped before {size}");
    }

    /// Whoever sends no credential.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.url())
    }

    /// The credential of `onus init`: a service with every permission.
    pub(crate) fn admin(&self) -> Client {
        self.stranger().bearing(&self.admin_token)
    }

    /// An agent with a credential of its own: it reports, passes on and reads.
    #[track_caller]
    pub(crate) fn agent(&self, agent_id: &str) -> Client {
        let permissions = ["events:write", "delegations:write", "ledger:read"];
        self.credential(&json!({ "name": self.name(agent_id), "class": "agent", "permissions": permissions, "agent_id": agent_id }))
    }

    /// A service that reports for every agent and grants for every person, under its own name.
    #[track_caller]
    pub(crate) fn service(&self, name: &str) -> Client {
        let permissions = ["events:write", "delegations:write", "ledger:read", "payload:read"];
        self.credential(&json!({ "name": self.name(name), "class": "service", "permissions": permissions, "owner": name,
            "reports_for": ["*"], "grants_for": ["*"] }))
    }

    /// Whoever is issued this credential.
    #[track_caller]
    pub(crate) fn credential(&self, terms: &serde_json::Value) -> Client {
        let issued = self.admin().post("/v1/credentials", terms).status(201);
        self.stranger().bearing(issued["token"].as_str().expect("the token, this once"))
    }

    fn name(&self, of: &str) -> String {
        format!("{of} {}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// A signed-in person's browser.
    #[track_caller]
    pub(crate) fn person(&self, principal_id: &str, roles: &[Role]) -> Client {
        let (sessions, now) = (&self.running().sessions, self.clock.now());
        let person = PrincipalId::parse(principal_id).unwrap();
        let link = sessions.make_link(&person, principal_id, roles, now, 60_000).unwrap();
        let (session, cookie) = sessions.redeem(link.reveal(), now).unwrap().expect("a fresh link");
        self.stranger().signed_in(cookie.reveal(), session.csrf.reveal())
    }

    #[track_caller]
    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The claim that failed is what the test should say, not what stopping says of it.
            if let Some(running) = self.running.take() {
                actix_web::rt::System::new().block_on(running.handle.stop(false));
                let _ = running.thread.join();
            }
            return;
        }
        self.stop();
    }
}

/// Runs a future that only waits for other threads.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn the_server_is_real_and_stops_in_order() {
    let mut app = TestApp::start();
    assert_eq!(app.size(), 2, "ledger.created and the admin's credential");
    let refunds = app.agent("agent:refunds");
    let action = json!({ "event_id": unique("evt"), "occurred_at": NOON, "action_id": "act-1", "action": { "name": "orders.read" },
        "actor": { "caller_class": "agent", "agent_id": "agent:refunds" }, "outcome": { "status": "succeeded" } });
    let recorded = refunds.post("/v1/actions", &action).status(201);
    assert_eq!(recorded["entry"]["index"], 3);
    app.wait_indexed();
    app.wait_published();
    app.restart();
    let again = app.stranger().like(&refunds).post("/v1/actions", &action).status(200);
    assert_eq!(again["entry"], recorded["entry"], "credential and entry outlive the server");
    app.stranger().post("/v1/actions", &action).problem("unauthenticated");
}
