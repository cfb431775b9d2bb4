//! What assessment and the walk may look at: the entries with a smaller index, through one narrow door.
//!
//! The store answers it from its tables, tests from a map. Nothing else reaches the pure functions, so the same entries
//! always give the same findings.

use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::catalogue::Catalogue;
use crate::domain::delegation::{CallerClass, Delegation, Evidence, Period, Revocation};
use crate::domain::finding::Code;
use crate::domain::ids::{ActionId, DelegationId, EventId, Source};
use crate::domain::settings::Settings;
use crate::tlog::hash::LeafHash;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Something the ledger holds: what was reported, by whom, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<T> {
    /// Its place.
    pub index: LeafIndex,
    /// The hash of its entry.
    pub leaf_hash: LeafHash,
    /// When the ledger recorded it.
    pub recorded_at: Timestamp,
    /// When it happened, as its reporter claims.
    pub occurred_at: Timestamp,
    /// The reporter's name for the event.
    pub event_id: EventId,
    /// Who reported.
    pub source: Source,
    /// The reporter's class.
    pub reporter_class: CallerClass,
    /// For delegations: how well it is proved.
    pub evidence: Option<Evidence>,
    /// The findings in its header: the first assessment.
    pub first_findings: Vec<Code>,
    /// The findings as of now, after every `assessment.changed`.
    pub present_findings: Vec<Code>,
    /// What was reported.
    pub what: T,
}

/// The entries with a smaller index.
pub trait Past {
    /// Why a look-up failed (an unreadable store, a broken entry).
    type Error;

    /// The delegation of that id.
    fn delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, Self::Error>;

    /// The revocations that name this delegation itself, ascending by index.
    fn revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, Self::Error>;

    /// Earlier reports of that action, ascending by index.
    fn reports(&self, id: &ActionId) -> Result<Vec<Arc<Recorded<Action>>>, Self::Error>;

    /// The sum of a numeric argument over earlier actions under that delegation or one below it, within the day, month (UTC, of
    /// `occurred_at`) or life that `at` falls into. Each action counts once, by its first report that is neither `denied` nor `failed`;
    /// `but` not at all. Which delegations lie below is as it was known when the event itself was recorded.
    fn spent(&self, under: &DelegationId, argument: &str, period: Period, at: Timestamp, but: &ActionId) -> Result<f64, Self::Error>;

    /// The action catalogue in force; empty if none was adopted.
    fn catalogue(&self) -> Result<Arc<Catalogue>, Self::Error>;

    /// The settings in force.
    fn settings(&self) -> Result<Arc<Settings>, Self::Error>;
}
