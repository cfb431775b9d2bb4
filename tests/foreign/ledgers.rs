//! Real ledgers of random size and content, each closed and opened several times: so each has several checkpoints.

use std::sync::Arc;
use std::time::Duration;

use onus::domain::credential::{Caller, NamePattern, PermissionSet};
use onus::domain::delegation::CallerClass;
use onus::domain::ids::{CredentialId, Source};
use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::intake::{Intake, Submitter};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::opened::{OpenedEntry, open_entry};
use onus::store::connection::StoreError;
use onus::store::rows::Rows;
use onus::tlog::entry::Origin;
use onus::tlog::json::Value;
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::time::Timestamp;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::chance::Chance;

const ORIGIN: &str = "ledger.example/foreign";
/// Sizes of ledgers at and around the edges of subtrees.
pub(crate) const SMALL: &[u64] = &[2, 3, 9, 64];
/// The same, and past the first and the second full tile: for those who look at trees.
pub(crate) const SMALL_AND_LARGE: &[u64] = &[2, 3, 9, 64, 300, 600];

/// An open ledger in a folder of its own.
pub(crate) struct RandomLedger {
    pub(crate) ledger: Ledger,
    pub(crate) folder: Folder,
    _home: TempDir,
}

impl RandomLedger {
    /// A ledger of each size, one after the other.
    pub(crate) fn each(sizes: &[u64], mut look: impl FnMut(&Self, &mut Chance)) {
        for (seed, size) in (1..).zip(sizes) {
            let mut chance = Chance::new(seed);
            look(&Self::of_size(*size, &mut chance), &mut chance);
        }
    }

    fn of_size(size: u64, chance: &mut Chance) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(&home.path().join("data"));
        let clock: Arc<dyn Clock> = Arc::new(SetClock::new(Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").unwrap()));
        let new = NewLedger {
            origin: Origin::parse(ORIGIN).unwrap(),
            base_url: "https://ledger.example".to_owned(),
            mark_file: folder.default_mark_file(),
        };
        create(&folder, &new, &clock).unwrap();
        // A checkpoint is signed when a ledger is opened or closed, and none in between: the sizes are chance, not speed.
        let open = || {
            Ledger::open(LedgerConfig { interval: Duration::from_hours(1), ..LedgerConfig::new(folder.clone(), clock.clone()) }).unwrap()
        };
        let mut ledger = open();
        let mut number = 0;
        while ledger.size().get() < size {
            let count = (1 + chance.below(size / 4 + 1)).min(size - ledger.size().get());
            let events: Vec<Json> = (0..count).map(|n| event(number + n, chance)).collect();
            number += count;
            append(&ledger, &events);
            ledger.close();
            drop(ledger);
            ledger = open();
        }
        assert_eq!(ledger.size().get(), size);
        Self { ledger, folder, _home: home }
    }

    /// How many entries there are.
    pub(crate) fn size(&self) -> TreeSize {
        self.ledger.size()
    }

    /// Every entry's bytes.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let read = |rows: Rows<'_>| -> Result<_, StoreError> {
            (0..self.size().get()).map(|index| Ok(rows.entry(LeafIndex::new(index).unwrap())?.unwrap())).collect()
        };
        self.ledger.read(read).unwrap()
    }

    /// One entry, opened.
    pub(crate) fn opened(&self, index: u64) -> OpenedEntry {
        self.ledger.read(|rows| open_entry(rows, LeafIndex::new(index).unwrap())).unwrap().unwrap()
    }

    /// Every checkpoint that was signed, as its note.
    pub(crate) fn checkpoints(&self) -> Vec<String> {
        let read =
            |rows: Rows<'_>| -> Result<Vec<String>, StoreError> { Ok(rows.checkpoints()?.into_iter().map(|(_, note)| note).collect()) };
        self.ledger.read(read).unwrap()
    }
}

fn append(ledger: &Ledger, events: &[Json]) {
    let all = || vec![NamePattern::parse("*").unwrap()];
    let caller = Caller {
        credential_id: CredentialId::parse("crd-1").unwrap(),
        class: CallerClass::Service,
        source: Source::parse("gateway").unwrap(),
        agent_id: None,
        permissions: PermissionSet::all(),
        reports_for: all(),
        grants_for: all(),
        human: None,
    };
    let intake = Intake::new(ledger, Submitter { caller: &caller, request_id: "req-1", agent_id_claim: None });
    let pending = |event: &Json| intake.event(Value::parse(event.to_string().as_bytes()).unwrap(), None).unwrap();
    for answer in ledger.queue().unwrap().append_blocking(events.iter().map(pending).collect(), false).unwrap() {
        answer.outcome.unwrap();
    }
}

/// An action with anything in the members that are the reporter's own.
fn event(number: u64, chance: &mut Chance) -> Json {
    let mut action = json!({ "type": "action.recorded", "event_id": format!("evt-{number}"), "occurred_at": "2026-11-24T08:00:00Z",
        "action_id": format!("act-{number}"), "actor": { "caller_class": "agent", "agent_id": "agent:refunds" },
        "action": { "name": "orders.refund", "arguments": object(chance, 3) }, "outcome": { "status": "succeeded" } });
    if chance.is_one_in(2) {
        action["context"] = json!([]);
    }
    if chance.is_one_in(3) {
        action["extensions"] = object(chance, 4);
    }
    action
}

fn object(chance: &mut Chance, depth: u32) -> Json {
    (0..=chance.below(4)).map(|n| (format!("{}{n}", text(chance)), value(chance, depth))).collect::<serde_json::Map<_, _>>().into()
}

fn value(chance: &mut Chance, depth: u32) -> Json {
    match chance.below(if depth == 0 { 5 } else { 8 }) {
        0 => Json::Null,
        1 => chance.is_one_in(2).into(),
        2 => (chance.below(1 << 53)).into(),
        3 => json!(-0.5 * f64::from(u32::try_from(chance.below(1 << 20)).unwrap())),
        4 => text(chance).into(),
        5 => (0..chance.below(4)).map(|_| value(chance, depth - 1)).collect(),
        6 => json!({}),
        _ => object(chance, depth - 1),
    }
}

/// Quotes, controls, umlauts, a right-to-left letter, one beyond the first plane, what looks like ours.
fn text(chance: &mut Chance) -> String {
    const PIECES: [&str; 12] = ["a", "\"", "\\", "\n", "\u{7f}", "é", "e\u{301}", "א", "𝄞", "/", "~", " "];
    (0..chance.below(6)).map(|_| *chance.pick(&PIECES)).collect()
}
