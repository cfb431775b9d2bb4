//! Reading an entry and opening its payload against its commitment: by default, on every read. What does not match is damaged
//! and named by index, never shown as if it were evidence.

use crate::domain::action::Action;
use crate::domain::delegation::{CallerClass, Delegation, Revocation};
use crate::domain::event::{Event, EventKind, Members, Report};
use crate::domain::finding::Code;
use crate::domain::ids::EventId;
use crate::domain::members::{Unreadable, read_action, read_delegation, read_revocation};
use crate::domain::past::Recorded;
use crate::domain::pointer;
use crate::domain::report::{read_report, report_value};
use crate::service::pass::Appended;
use crate::service::pending::{PendingEntry, REPORT};
use crate::store::connection::StoreError;
use crate::store::rows::{Rows, StoredPayload};
use crate::tlog::commitment::commit;
use crate::tlog::disclosure::Seed;
use crate::tlog::entry::{Assessment, EntryHeader};
use crate::tlog::hash::{Commitment, LeafHash};
use crate::tlog::json::{Value, members_in};
use crate::tlog::member::{Member, MemberName};
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// The types that this release writes about itself.
pub const ADMINISTRATIVE_TYPES: [&str; 9] = [
    "ledger.created",
    "key.rotated",
    "credential.issued",
    "catalogue.adopted",
    "settings.adopted",
    "issuer.trusted",
    "clock.confirmed",
    "assessment.changed",
    "export.created",
];

/// Why an entry could not be read as what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// What is stored contradicts itself.
    #[error("entry {index} is damaged: {reason}")]
    Damaged {
        /// Which entry.
        index: LeafIndex,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<StoreError> for ReadError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Damaged { index, reason } => match LeafIndex::new(index) {
                Some(index) => Self::Damaged { index, reason },
                None => Self::Store(StoreError::Damaged { index, reason }),
            },
            other => Self::Store(other),
        }
    }
}

/// An entry with its payload, every member opened against the commitment.
#[derive(Debug)]
pub struct OpenedEntry {
    /// Its place, as the header says and the store agrees.
    pub index: LeafIndex,
    /// The header's bytes.
    pub bytes: Vec<u8>,
    /// The header.
    pub header: EntryHeader,
    /// The hash of the bytes.
    pub leaf_hash: LeafHash,
    /// The members, `/report` included.
    pub members: Members,
    /// What the salts come from.
    pub seed: Seed,
}

/// Reads and opens the entry at `index`; `None` if the ledger has not come so far.
pub fn open_entry(rows: Rows<'_>, index: LeafIndex) -> Result<Option<OpenedEntry>, ReadError> {
    let Some(bytes) = rows.entry(index)? else { return Ok(None) };
    let payload = rows.payload(index)?.ok_or_else(|| damaged(index, "its payload is lost"))?;
    open_stored(index, bytes, &payload).map(Some)
}

/// [`open_entry`] or [`entry_as_it_stands`].
pub type EntryReading = fn(Rows<'_>, LeafIndex) -> Result<Option<OpenedEntry>, ReadError>;

/// Reads an entry as it stands, its payload not compared with its commitment. For the search index, which is no evidence: the
/// publisher compares every entry once before anything is signed over it, each hit is opened before it is shown, and
/// `verify --deep` compares the whole. And for verification itself, once it has compared this state of the file.
pub fn entry_as_it_stands(rows: Rows<'_>, index: LeafIndex) -> Result<Option<OpenedEntry>, ReadError> {
    let Some(bytes) = rows.entry(index)? else { return Ok(None) };
    let payload = rows.payload(index)?.ok_or_else(|| damaged(index, "its payload is lost"))?;
    let header = EntryHeader::parse(&bytes).map_err(|e| damaged(index, e.to_string()))?;
    let Ok(Value::Object(members)) = Value::parse(payload.members.as_bytes()) else {
        return Err(damaged(index, "its payload is not an object"));
    };
    let members = members.into_iter().collect();
    let seed = payload.seed.map(Seed::from_bytes).ok_or_else(|| damaged(index, LOST_SEED))?;
    Ok(Some(OpenedEntry { index, leaf_hash: LeafHash::of(&bytes), bytes, header, members, seed }))
}

/// Opens an entry and its payload as they are stored.
pub fn open_stored(index: LeafIndex, bytes: Vec<u8>, payload: &StoredPayload) -> Result<OpenedEntry, ReadError> {
    let header = EntryHeader::parse(&bytes).map_err(|e| damaged(index, e.to_string()))?;
    if header.index != index {
        return Err(damaged(index, format!("its header says index {}", header.index)));
    }
    let (members, seed) = open_payload(header.payload, payload).map_err(|reason| damaged(index, reason))?;
    let leaf_hash = LeafHash::of(&bytes);
    Ok(OpenedEntry { index, bytes, header, leaf_hash, members, seed })
}

/// An entry that was written a moment ago, from what its caller still holds: the sequencer has read it back and compared.
pub fn just_written(pending: PendingEntry, appended: Appended) -> Result<OpenedEntry, ReadError> {
    let Appended { index, bytes, leaf_hash, .. } = appended;
    let header = EntryHeader::parse(&bytes).map_err(|e| damaged(index, e.to_string()))?;
    let mut members = pending.event.members;
    members.insert(REPORT.to_owned(), report_value(&pending.report));
    Ok(OpenedEntry { index, bytes, header, leaf_hash, members, seed: pending.seed })
}

/// Opens a payload against the commitment in its entry's header.
pub fn open_payload(committed: Commitment, payload: &StoredPayload) -> Result<(Members, Seed), String> {
    if matches_commitment(committed, payload)
        && let Ok(value) = Value::parse(payload.members.as_bytes())
        // A writer may have committed to a text that is not canonical: FORMAT.md section 6, item 5, has it refused.
        && value.to_canonical() == payload.members
        && let Value::Object(members) = value
        && let Some(seed) = payload.seed
    {
        return Ok((members.into_iter().collect(), Seed::from_bytes(seed)));
    }
    open_slowly(committed, payload)
}

/// Whether a payload, exactly as it is stored, is what was committed to. The values are hashed as they stand there, canonical or
/// not: enough for what this process wrote itself.
pub fn matches_commitment(committed: Commitment, payload: &StoredPayload) -> bool {
    let list = |members: Vec<(&str, &str)>| {
        let member = |(name, value): (&str, &str)| Some(Member { name: MemberName::parse(name)?, value: value.to_owned() });
        members.into_iter().map(member).collect::<Option<Vec<_>>>()
    };
    let (Some(seed), Some(list)) = (payload.seed, members_in(&payload.members).and_then(list)) else { return false };
    commit(&Seed::from_bytes(seed), &list).is_ok_and(|commitment| commitment == committed)
}

const LOST_SEED: &str = "its seed is lost and no erasure says why";

/// The long way, which says what is wrong.
fn open_slowly(committed: Commitment, payload: &StoredPayload) -> Result<(Members, Seed), String> {
    let members = parse_members(&payload.members)?;
    let seed = payload.seed.map(Seed::from_bytes).ok_or(LOST_SEED)?;
    let list: Vec<Member> = members
        .iter()
        .map(|(name, value)| MemberName::parse(name).map(|name| Member { name, value: value.to_canonical() }))
        .collect::<Option<_>>()
        .ok_or("a member's name is not one")?;
    let commitment = commit(&seed, &list).map_err(|e| e.to_string())?;
    if commitment == committed { Ok((members, seed)) } else { Err("its payload does not match the commitment in its header".to_owned()) }
}

/// The members as stored: one canonical object.
fn parse_members(text: &str) -> Result<Members, String> {
    let value = Value::parse(text.as_bytes()).map_err(|e| format!("its payload is not JSON: {e}"))?;
    if value.to_canonical() != text {
        return Err("its payload is not in canonical form".to_owned());
    }
    match value {
        Value::Object(members) => Ok(members.into_iter().collect()),
        _ => Err("its payload is not an object".to_owned()),
    }
}

fn damaged(index: LeafIndex, reason: impl Into<String>) -> ReadError {
    ReadError::Damaged { index, reason: reason.into() }
}

impl OpenedEntry {
    /// Who reported it.
    pub fn report(&self) -> Result<Report, ReadError> {
        self.members.get(REPORT).and_then(read_report).ok_or_else(|| damaged(self.index, "it says nothing about its reporter"))
    }

    /// The codes in its header; an unknown one belongs to a later release and is left out.
    pub fn first_findings(&self) -> Vec<Code> {
        self.header.assessment.iter().flat_map(Assessment::findings).filter_map(|code| Code::parse(code)).collect()
    }

    /// A text member.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// The event's id at its source.
    pub fn event_id(&self) -> Result<EventId, ReadError> {
        self.text("/event_id").and_then(EventId::parse).ok_or_else(|| damaged(self.index, "it has no event_id"))
    }

    /// Whether its times were made up by an importer, because the recording holds none.
    pub fn is_time_synthetic(&self) -> bool {
        let import_time = self.members.get("/extensions").and_then(|extensions| pointer::resolve(extensions, "/import/time"));
        import_time.and_then(Value::as_str) == Some("synthetic")
    }

    /// When it happened, as its reporter claims.
    pub fn occurred_at(&self) -> Result<Timestamp, ReadError> {
        self.text("/occurred_at").and_then(Timestamp::parse_rfc3339).ok_or_else(|| damaged(self.index, "it has no occurred_at"))
    }

    /// As a delegation, if it is one.
    pub fn as_delegation(&self) -> Result<Option<Recorded<Delegation>>, ReadError> {
        self.recorded("delegation.granted", read_delegation)
    }

    /// As a revocation, if it is one.
    pub fn as_revocation(&self) -> Result<Option<Recorded<Revocation>>, ReadError> {
        self.recorded("delegation.revoked", read_revocation)
    }

    /// As a report of an action, if it is one.
    pub fn as_action(&self) -> Result<Option<Recorded<Action>>, ReadError> {
        self.recorded("action.recorded", read_action)
    }

    /// As the event that was reported, typed; its contents stay in the store.
    pub fn to_event(&self) -> Result<Event, ReadError> {
        let kind = if let Some(granted) = self.as_delegation()? {
            EventKind::DelegationGranted(Box::new(granted.what))
        } else if let Some(revoked) = self.as_revocation()? {
            EventKind::DelegationRevoked(revoked.what)
        } else if let Some(action) = self.as_action()? {
            EventKind::ActionRecorded(Box::new(action.what))
        } else {
            let known = ADMINISTRATIVE_TYPES.into_iter().find(|t| *t == self.header.entry_type.as_str());
            EventKind::Administrative(known.ok_or_else(|| damaged(self.index, "its type is of a later release"))?)
        };
        let mut members = self.members.clone();
        members.remove(REPORT);
        Ok(Event { event_id: self.event_id()?, occurred_at: self.occurred_at()?, kind, members, contents: Vec::new(), filled: Vec::new() })
    }

    fn recorded<T>(&self, entry_type: &str, read: impl Fn(&Members) -> Result<T, Unreadable>) -> Result<Option<Recorded<T>>, ReadError> {
        if self.header.entry_type.as_str() != entry_type {
            return Ok(None);
        }
        let what = read(&self.members).map_err(|e| damaged(self.index, e.to_string()))?;
        let report = self.report()?;
        let first_findings = self.first_findings();
        Ok(Some(Recorded {
            index: self.index,
            leaf_hash: self.leaf_hash,
            recorded_at: self.header.recorded_at,
            occurred_at: self.occurred_at()?,
            event_id: self.event_id()?,
            source: report.source,
            reporter_class: report.caller_class,
            evidence: report.evidence,
            present_findings: first_findings.clone(),
            first_findings,
            what,
        }))
    }

    /// The class of whoever reported it.
    pub fn reporter_class(&self) -> Result<CallerClass, ReadError> {
        Ok(self.report()?.caller_class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_canonical_does_not_open_though_it_was_committed_to() {
        let seed = Seed::from_bytes([7; 32]);
        for (value, opens) in [("1", true), ("1.0", false), ("-0", false), (r#""\u0041""#, false), (r#"{"b":1,"a":2}"#, false)] {
            let member = Member { name: MemberName::parse("/x").unwrap(), value: value.to_owned() };
            let committed = commit(&seed, &[member]).unwrap();
            let payload = StoredPayload { seed: Some([7; 32]), members: format!(r#"{{"/x":{value}}}"#), sealed: None };
            assert_eq!(open_payload(committed, &payload).is_ok(), opens, "{value}");
        }
    }
}
