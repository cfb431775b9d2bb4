//! From entries to derived tables, and from a late fact to what it changes. The sequencer runs it as it writes, `onus reindex`
//! and `onus verify --deep` run it again over the whole ledger: one function, so that the three cannot differ.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::assessment::{self, header_codes};
use crate::domain::credential_terms::LEDGER_SOURCE;
use crate::domain::delegation::CallerClass;
use crate::domain::event::{Auth, Event, EventKind, Members, Report};
use crate::domain::finding::Code;
use crate::domain::ids::{ActionId, CredentialId, EventId, Source};
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::past::{LedgerPast, PastCache, present_findings, subtree};
use crate::service::pending::{EventKey, EventKeys, PendingEntry};
use crate::store::batch::Batch;
use crate::store::connection::StoreError;
use crate::store::derived::{DelegationNo, Since};
use crate::store::rows::Rows;
use crate::tlog::entry::EntryHeader;
use crate::tlog::hash::{sha256, to_hex};
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// The type of the entry that tells a changed verdict.
pub const ASSESSMENT_CHANGED: &str = "assessment.changed";

/// Codes that rest on contents alone: no later fact changes them.
const CONTENT_CODES: [Code; 1] = [Code::InfluencedByDocument];

/// A fact that may change earlier verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A delegation that others named before it arrived.
    LateDelegation(DelegationNo),
    /// A delegation was revoked.
    Revocation {
        /// Which.
        no: DelegationNo,
        /// From when on.
        revoked_at: Timestamp,
    },
    /// Another report of an action.
    AnotherReport(ActionId),
}

/// What a cause changed: the codes of each entry as of now, and what came and went altogether.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    entries: BTreeMap<LeafIndex, Vec<Code>>,
    added: BTreeSet<&'static str>,
    removed: BTreeSet<&'static str>,
}

/// Writes the derived rows of an entry and returns the fact in it that may change earlier verdicts.
pub fn derive(
    batch: &mut Batch<'_>,
    cache: &RefCell<PastCache>,
    index: LeafIndex,
    event: &Event,
    key: &EventKey,
) -> Result<Option<Cause>, StoreError> {
    batch.add_event_key(index, key)?;
    match &event.kind {
        EventKind::DelegationGranted(delegation) => {
            let (no, was_mentioned) = batch.add_delegation(index, &delegation.delegation_id, delegation.parent_delegation_id.as_ref())?;
            cache.borrow_mut().note(&delegation.delegation_id);
            Ok(was_mentioned.then_some(Cause::LateDelegation(no)))
        }
        EventKind::DelegationRevoked(revocation) => {
            let no = batch.add_revocation(index, &revocation.delegation_id)?;
            cache.borrow_mut().note(&revocation.delegation_id);
            Ok(Some(Cause::Revocation { no, revoked_at: revocation.revoked_at }))
        }
        EventKind::ActionRecorded(action) => {
            let is_another = !batch.rows().reports(&action.action_id)?.is_empty();
            batch.add_action(index, &action.action_id, action.actor.delegation_id.as_ref(), event.occurred_at)?;
            Ok(is_another.then(|| Cause::AnotherReport(action.action_id.clone())))
        }
        EventKind::Administrative(entry_type) => {
            batch.add_administration(index, entry_type)?;
            cache.borrow_mut().note_adoption();
            Ok(None)
        }
    }
}

/// Assesses again whatever the cause at `index` may touch, as of now.
pub fn reassess(rows: Rows<'_>, cache: &RefCell<PastCache>, cause: &Cause, index: LeafIndex) -> Result<Changes, ReadError> {
    let now = index.size_with().next_index();
    let mut changes = Changes::default();
    for candidate in candidates(rows, cause)? {
        if candidate >= index {
            continue;
        }
        let opened =
            open_entry(rows, candidate)?.ok_or_else(|| ReadError::Damaged { index: candidate, reason: "it is missing".to_owned() })?;
        let Some(assessed) = assess_again(rows, cache, &opened, now)? else { continue };
        let present = present_findings(rows, candidate, opened.first_findings())?;
        if assessed != present {
            changes.added.extend(assessed.iter().filter(|c| !present.contains(c)).map(|c| c.as_str()));
            changes.removed.extend(present.iter().filter(|c| !assessed.contains(c)).map(|c| c.as_str()));
            changes.entries.insert(candidate, assessed);
        }
    }
    Ok(changes)
}

/// The codes that an entry has once the ledger has come to `now`; `None` for what is not assessed.
fn assess_again(rows: Rows<'_>, cache: &RefCell<PastCache>, opened: &OpenedEntry, now: LeafIndex) -> Result<Option<Vec<Code>>, ReadError> {
    if opened.header.assessment.is_none() {
        return Ok(None);
    }
    let event = opened.to_event()?;
    let past = LedgerPast::as_of(rows, cache, opened.index, now);
    let report = opened.report()?;
    let findings = assessment::assess(&assessment::Submission::of(&event, &report, opened.header.recorded_at), &past)?;
    let mut codes = header_codes(&findings);
    codes.extend(opened.first_findings().into_iter().filter(|code| CONTENT_CODES.contains(code)));
    codes.sort_unstable_by_key(|c| c.as_str());
    Ok(Some(codes))
}

fn candidates(rows: Rows<'_>, cause: &Cause) -> Result<BTreeSet<LeafIndex>, ReadError> {
    let mut found = BTreeSet::new();
    let (no, revoked_at) = match cause {
        Cause::AnotherReport(id) => {
            found.extend(rows.reports(id)?);
            return Ok(found);
        }
        Cause::LateDelegation(no) => (*no, None),
        Cause::Revocation { no, revoked_at } => (*no, Some(*revoked_at)),
    };
    // Of acts before a revocation only those recorded after it can have lost their proof of having been in time.
    let since = match revoked_at {
        Some(at) => Some(Since { occurred_at: at, recorded: first_recorded_at(rows, at)? }),
        None => None,
    };
    for no in subtree(rows, no)? {
        found.extend(rows.actions_since(no, since)?);
        found.extend(rows.delegation(no)?.map(|place| place.index));
        found.extend(rows.revocations(no)?);
    }
    Ok(found)
}

/// The first index that was recorded at that time or later. Times never decrease, so it is found by halving.
pub fn first_recorded_at(rows: Rows<'_>, at: Timestamp) -> Result<u64, ReadError> {
    let (mut low, mut high) = (0, rows.count_to_head()?);
    while low < high {
        let middle = low + (high - low) / 2;
        let index = LeafIndex::new(middle).ok_or_else(|| StoreError::Unusable("an index past 2^53".to_owned()))?;
        let bytes = rows.entry(index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
        let header = EntryHeader::parse(&bytes).map_err(|e| ReadError::Damaged { index, reason: e.to_string() })?;
        if header.recorded_at < at { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

impl Changes {
    /// Whether every verdict stands.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The members of the entry that tells it.
    pub fn members(&self, cause: LeafIndex, recorded_at: Timestamp) -> Members {
        let texts = |codes: &BTreeSet<&'static str>| Value::Array(codes.iter().map(|c| Value::from(*c)).collect());
        let indexes: Vec<String> = self.entries.keys().map(|i| i.get().to_string()).collect();
        let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let rules = u32::try_from(assessment::RULES).unwrap_or(u32::MAX);
        [
            ("/added", texts(&self.added)),
            ("/count", Value::from(count)),
            // Over the canonical JSON of the sorted indexes: `[3,17]`.
            ("/entries_sha256", Value::from(to_hex(&sha256(format!("[{}]", indexes.join(",")).as_bytes())))),
            ("/event_id", Value::from(format!("{ASSESSMENT_CHANGED}/{cause}"))),
            ("/occurred_at", Value::from(recorded_at.to_string())),
            ("/removed", texts(&self.removed)),
            ("/rules", Value::from(rules)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// The entry that tells it, ready for its place.
    pub fn to_pending(&self, cause: LeafIndex, recorded_at: Timestamp, keys: &EventKeys) -> PendingEntry {
        own_entry(ASSESSMENT_CHANGED, self.members(cause, recorded_at), keys)
    }

    /// Keeps the codes as of now, under the entry that tells them.
    pub fn store(&self, batch: &mut Batch<'_>, changed_by: LeafIndex) -> Result<(), StoreError> {
        for (index, codes) in &self.entries {
            let codes: Vec<&str> = codes.iter().map(|c| c.as_str()).collect();
            batch.set_present_findings(*index, &codes.join(" "), changed_by)?;
        }
        Ok(())
    }
}

/// The report of the ledger about itself.
pub fn own_report() -> Report {
    Report {
        source: Source::parse(LEDGER_SOURCE).expect("a short text"),
        credential_id: CredentialId::parse("ledger").expect("a short text"),
        caller_class: CallerClass::Service,
        auth: Auth::Ledger,
        evidence: None,
        agent_id_claim: None,
        request_id: "ledger".to_owned(),
        filled: Vec::new(),
    }
}

/// An entry that the ledger writes about itself; `members` hold `/event_id` and `/occurred_at`.
pub fn own_entry(entry_type: &'static str, members: Members, keys: &EventKeys) -> PendingEntry {
    let event = own_event(entry_type, members);
    PendingEntry::new(event, own_report(), Vec::new(), keys).expect("the ledger's own members are cut as FORMAT.md says")
}

/// An administrative event; `members` hold `/event_id` and `/occurred_at`.
pub fn own_event(entry_type: &'static str, members: Members) -> Event {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    Event {
        event_id: text("/event_id").and_then(EventId::parse).expect("the ledger names its own events"),
        occurred_at: text("/occurred_at").and_then(Timestamp::parse_rfc3339).expect("the ledger dates its own events"),
        kind: EventKind::Administrative(entry_type),
        members,
        contents: Vec::new(),
        filled: Vec::new(),
    }
}
