//! An event on its way: committed to, but without a place. It has no index and no time of recording; only the sequencer gives those.

use std::ops::Bound::{Excluded, Unbounded};

use crate::domain::event::{Event, EventKind, Members, Report};
use crate::domain::finding::Finding;
use crate::domain::ids::{EventId, Source};
use crate::domain::report::report_value;
use crate::service::folder::random_32;
use crate::tlog::commitment::{CommitmentError, commit};
use crate::tlog::disclosure::Seed;
use crate::tlog::hash::{Commitment, keyed_hash, sha256};
use crate::tlog::json::{Value, write_canonical, write_canonical_str};
use crate::tlog::member::{Member, MemberName};

/// The name of the member that the ledger writes about the reporter.
pub const REPORT: &str = "/report";

/// The key under which a (source, event_id) is remembered.
pub type EventKey = [u8; 16];

/// An event, committed to, waiting for its place.
pub struct PendingEntry {
    /// The event, typed. Its members are what was reported, without `/report`.
    pub event: Event,
    /// Who reported it.
    pub report: Report,
    /// Canonical JSON of all members, `/report` included: what is stored.
    pub members: String,
    /// SHA-256 of `members`, to compare what was stored with what was committed to.
    pub members_sha256: [u8; 32],
    /// What the salts come from.
    pub seed: Seed,
    /// The commitment over all members.
    pub commitment: Commitment,
    /// HMAC of (source, event_id).
    pub event_key: EventKey,
    /// What the contents alone show (DESIGN.md section 7).
    pub content_findings: Vec<Finding>,
}

/// An event cannot be committed to: its members cannot be those of one payload.
#[derive(Debug, thiserror::Error)]
#[error("the event cannot be cut into members")]
pub struct CannotCommit(#[from] CommitmentError);

/// Remembers pairs of source and event_id without keeping either.
#[derive(Clone)]
pub struct EventKeys {
    key: [u8; 32],
}

impl EventKeys {
    /// From the secret in the data directory.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The key of one pair.
    pub fn of(&self, source: &Source, event_id: &EventId) -> EventKey {
        let full = keyed_hash(&self.key, &[source.as_str().as_bytes(), event_id.as_str().as_bytes()]);
        let mut key = [0; 16];
        key.copy_from_slice(&full[..16]);
        key
    }
}

impl PendingEntry {
    /// Draws a seed and commits.
    pub fn new(event: Event, report: Report, content_findings: Vec<Finding>, keys: &EventKeys) -> Result<Self, CannotCommit> {
        let seed = Seed::from_bytes(random_32());
        let report_member = report_value(&report);
        let mut members = String::new();
        let mut list = Vec::with_capacity(event.members.len() + 1);
        for (name, value) in with_report(&event.members, &report_member) {
            let mut text = Vec::with_capacity(64);
            write_canonical(value, &mut text);
            let value = String::from_utf8(text).expect("canonical JSON is UTF-8");
            push_member(&mut members, name, &value);
            list.push(Member { name: MemberName::parse(name).expect("the cut names members from the vocabulary"), value });
        }
        members.push('}');
        let commitment = commit(&seed, &list)?;
        let event_key = keys.of(&report.source, &event.event_id);
        Ok(Self { members_sha256: sha256(members.as_bytes()), event, report, members, seed, commitment, event_key, content_findings })
    }

    /// Bytes it holds on to while it waits.
    pub fn weight(&self) -> usize {
        2 * self.members.len() + self.event.contents.iter().map(|c| c.bytes.len()).sum::<usize>() + 512
    }

    /// The entry's type.
    pub const fn kind(&self) -> &EventKind {
        &self.event.kind
    }
}

/// All members in ascending order, `/report` in its place.
fn with_report<'a>(members: &'a Members, report: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let before = members.range::<str, _>((Unbounded, Excluded(REPORT))).map(|(n, v)| (n.as_str(), v));
    let after = members.range::<str, _>((Excluded(REPORT), Unbounded)).map(|(n, v)| (n.as_str(), v));
    before.chain(std::iter::once((REPORT, report))).chain(after)
}

fn push_member(out: &mut String, name: &str, value: &str) {
    out.push(if out.is_empty() { '{' } else { ',' });
    let mut quoted = Vec::with_capacity(name.len() + 2);
    write_canonical_str(name, &mut quoted);
    out.push_str(&String::from_utf8(quoted).expect("canonical JSON is UTF-8"));
    out.push(':');
    out.push_str(value);
}
