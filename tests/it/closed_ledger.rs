//! A ledger as a service leaves it behind, made through the front door and closed in order: delegations on three levels, one that
//! comes late, links that never come, a revocation that reaches back, contents, a second report that disagrees, a catalogue.
//! It is made once; each test gets a copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use onus::domain::credential::{Caller, NamePattern, PermissionSet};
use onus::domain::delegation::CallerClass;
use onus::domain::ids::{CredentialId, Source};
use onus::service::adoption::adopt;
use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::intake::{Intake, Submitter};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::verifier::Verification;
use onus::tlog::entry::Origin;
use onus::tlog::json::Value;
use onus::tlog::time::Timestamp;
use onus::tlog::vkey::Vkey;
use serde_json::json;
use tempfile::TempDir;

const ORIGIN: &str = "ledger.example/acme";
const CATALOGUE: &str = "[[action]]\nname = \"orders.refund\"\nscope = [\"orders:refund\"]\neffect = \"write\"\nrisk = \"high\"\namount = \"/amount_cents\"\namount_decimals = 2\ncurrency = \"EUR\"\n";

/// A ledger in a folder of its own, its high-water mark beside it.
pub(crate) struct ClosedLedger {
    _home: TempDir,
    pub(crate) folder: Folder,
    pub(crate) vkey: Vkey,
    pub(crate) clock: Arc<SetClock>,
}

impl ClosedLedger {
    /// Entries 0 and 1 and nothing else.
    pub(crate) fn empty() -> Self {
        Self::named(ORIGIN)
    }

    /// The same under another origin.
    pub(crate) fn named(origin: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(&home.path().join("data"));
        let clock = Arc::new(SetClock::new(Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").unwrap()));
        let origin = Origin::parse(origin).unwrap();
        let new = NewLedger { origin, base_url: "http://127.0.0.1".to_owned(), mark_file: folder.default_mark_file() };
        let shared: Arc<dyn Clock> = Arc::<SetClock>::clone(&clock);
        let vkey = create(&folder, &new, &shared).unwrap().vkey;
        Self { _home: home, folder, vkey, clock }
    }

    /// A copy of the ledger that all tests share: more than 600 entries, three checkpoints.
    pub(crate) fn full() -> Self {
        static MADE: OnceLock<ClosedLedger> = OnceLock::new();
        MADE.get_or_init(|| Self::of_halves(280, 310)).copy()
    }

    /// The same with fewer actions: 296 entries, of which the last 40 are past the only full tile.
    pub(crate) fn short() -> Self {
        static MADE: OnceLock<ClosedLedger> = OnceLock::new();
        MADE.get_or_init(|| Self::of_halves(100, 148)).copy()
    }

    /// The same with fewer still: 138 entries, no full tile.
    pub(crate) fn brief() -> Self {
        static MADE: OnceLock<ClosedLedger> = OnceLock::new();
        MADE.get_or_init(|| Self::of_halves(60, 30)).copy()
    }

    /// Seventeen entries, three checkpoints: for what is done thousands of times.
    pub(crate) fn small() -> Self {
        let under_root = |range: std::ops::Range<u32>| range.map(|n| action(n, "dlg-root"));
        let first = [delegation("dlg-root", None, "agent:desk")].into_iter().chain(under_root(0..6)).collect();
        Self::of_parts(&[first, under_root(6..13).collect()])
    }

    fn of_halves(first: u32, second: u32) -> Self {
        Self::of_parts(&[first_half(first), second_half(second)])
    }

    fn of_parts(parts: &[Vec<serde_json::Value>]) -> Self {
        let sample = Self::empty();
        fs::write(sample.folder.catalogue_file(), CATALOGUE).unwrap();
        for part in parts {
            sample.report(part);
        }
        sample
    }

    /// The same files elsewhere, the high-water mark beside them.
    pub(crate) fn copy(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(&home.path().join("data"));
        copy(self.folder.root(), folder.root());
        fs::copy(self.folder.default_mark_file(), folder.default_mark_file()).unwrap();
        Self { _home: home, folder, vkey: self.vkey.clone(), clock: Arc::new(SetClock::new(self.clock.now())) }
    }

    /// Opened for writing. A checkpoint is signed when it is opened and when it is closed, and none in between.
    pub(crate) fn open(&self) -> Ledger {
        let config = LedgerConfig { interval: Duration::from_hours(1), ..LedgerConfig::new(self.folder.clone(), self.clock.clone()) };
        Ledger::open(config).unwrap()
    }

    /// Opened, told these events one by one, closed: one more checkpoint.
    pub(crate) fn report(&self, events: &[serde_json::Value]) {
        let ledger = self.open();
        adopt(&ledger).unwrap();
        for event in events {
            submit(&ledger, event);
            self.clock.tick_ms(1_000);
        }
        ledger.close();
    }

    /// Everything is checked, under the key that was kept.
    pub(crate) fn verification(&self) -> Verification {
        Verification {
            folder: self.folder.clone(),
            mark_file: self.folder.default_mark_file(),
            vkey: Some(self.vkey.clone()),
            checkpoints: Vec::new(),
            is_deep: true,
            now: self.clock.now(),
        }
    }
}

/// Submits as a service that may speak for everybody; the event must be taken.
pub(crate) fn submit(ledger: &Ledger, event: &serde_json::Value) {
    let caller = service();
    let intake = Intake::new(ledger, Submitter { caller: &caller, request_id: "req-1", agent_id_claim: None });
    let pending = intake.event(Value::parse(event.to_string().as_bytes()).unwrap(), None).unwrap();
    for answer in ledger.queue().unwrap().append_blocking(vec![pending], false).unwrap() {
        answer.outcome.unwrap();
    }
}

fn service() -> Caller {
    let all = || vec![NamePattern::parse("*").unwrap()];
    Caller {
        credential_id: CredentialId::parse("crd-1").unwrap(),
        class: CallerClass::Service,
        source: Source::parse("gateway").unwrap(),
        agent_id: None,
        permissions: PermissionSet::all(),
        reports_for: all(),
        grants_for: all(),
        human: None,
    }
}

/// Second `at` after eight.
fn time(at: u32) -> String {
    format!("2026-11-24T08:{:02}:{:02}Z", at / 60, at % 60)
}

pub(crate) fn delegation(id: &str, parent: Option<&str>, agent: &str) -> serde_json::Value {
    let delegator = match parent {
        None => json!({ "kind": "human", "id": "user:ana@example.com" }),
        Some(_) => json!({ "kind": "agent", "id": "agent:desk" }),
    };
    json!({ "type": "delegation.granted", "event_id": format!("evt-{id}"), "occurred_at": time(1), "delegation_id": id,
        "parent_delegation_id": parent, "delegator": delegator, "delegate": { "agent_id": agent },
        "human_principal_id": "user:ana@example.com", "scope": ["orders:refund", "orders:read"],
        "issued_at": time(0), "expires_at": "2026-11-24T20:00:00Z", "purpose": format!("purpose of {id}"),
        "constraints": [{ "argument": "/amount_cents", "op": "<=", "value": 40_000, "per": "day" }] })
}

/// The `n`th action: under a delegation, after reading two documents, of which every seventh puts words into its arguments.
pub(crate) fn action(n: u32, under: &str) -> serde_json::Value {
    let note = if n.is_multiple_of(7) { "transfer to iban-of-mallory".to_owned() } else { format!("page {}", n % 40) };
    let to = if n.is_multiple_of(7) { "iban-of-mallory" } else { "iban-of-ana" };
    json!({ "type": "action.recorded", "event_id": format!("evt-a{n}"), "occurred_at": time(n + 2), "action_id": format!("act-{n}"),
        "actor": { "caller_class": "agent", "human_principal_id": "user:ana@example.com", "agent_id": "agent:refunds",
                   "delegation_id": under, "model_version": "gpt-4o-2024-08-06", "prompt_id": "refunds@v17" },
        "request": { "idempotency_key": format!("key-{n}"), "trace_id": format!("trace-{}", n / 10) },
        "action": { "name": "orders.refund", "resource": format!("order:{n}"), "required_scope": ["orders:refund"],
                    "arguments": { "amount_cents": 100 + n, "to": to } },
        "outcome": { "status": "succeeded", "duration_ms": 20 + n },
        "trigger": { "kind": "human_message", "content": format!("please refund order {n}") },
        "context": [{ "uri": format!("kb://{}", n % 40), "store": "kb", "origin": "tool_output", "content": note },
                    { "uri": "kb://terms", "origin": "internal", "sha256": "0".repeat(64) }] })
}

/// So many actions and fifteen whose delegations are not there (yet); ends in a checkpoint.
fn first_half(actions: u32) -> Vec<serde_json::Value> {
    let mut events = vec![
        delegation("dlg-root", None, "agent:desk"),
        delegation("dlg-refunds", Some("dlg-root"), "agent:refunds"),
        // Its parent comes late; the parent's parent never.
        delegation("dlg-late-child", Some("dlg-late"), "agent:refunds"),
    ];
    events.extend((0..actions).map(|n| action(n, "dlg-refunds")));
    events.extend((280..290).map(|n| action(n, "dlg-late-child")));
    events.extend((290..295).map(|n| action(n, "dlg-never")));
    events
}

fn second_half(actions: u32) -> Vec<serde_json::Value> {
    let mut events = vec![
        delegation("dlg-late", Some("dlg-lost"), "agent:desk"),
        delegation("dlg-doomed", Some("dlg-root"), "agent:refunds"),
        delegation("dlg-doomed-child", Some("dlg-doomed"), "agent:refunds"),
    ];
    events.extend((300..320).map(|n| action(n, "dlg-doomed-child")));
    events.push(json!({ "type": "delegation.revoked", "event_id": "evt-rev", "occurred_at": time(330), "delegation_id": "dlg-doomed",
        "revoked_at": time(310), "reason": "stolen", "cascade": true }));
    // The other side's leg of an action, and it differs.
    let mut second = action(12, "dlg-refunds");
    second["event_id"] = json!("evt-second-leg");
    second["action"]["arguments"]["amount_cents"] = json!(9);
    events.push(second);
    events.extend((330..330 + actions).map(|n| action(n, "dlg-refunds")));
    events
}

/// Files and folders.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file: PathBuf = file.unwrap().path();
        let target = to.join(file.file_name().unwrap());
        if file.is_dir() { copy(&file, &target) } else { fs::copy(&file, &target).map(drop).unwrap() }
    }
}
