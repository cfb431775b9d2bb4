//! The ledger's past as a map: for tests, and for deriving a whole ledger's findings again in memory.
//!
//! It answers exactly what the store answers from its tables, the slow and obvious way: a sum looks at every action.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::assess_action::is_spending;
use crate::domain::assess_constraints::is_same_period;
use crate::domain::assessment::{Submission, assess, header_codes};
use crate::domain::catalogue::Catalogue;
use crate::domain::chain::MAX_HOPS;
use crate::domain::delegation::{Delegation, Evidence, Period, Revocation};
use crate::domain::event::EventKind;
use crate::domain::finding::{Code, Finding};
use crate::domain::ids::{ActionId, DelegationId};
use crate::domain::past::{Past, Recorded};
use crate::domain::pointer;
use crate::domain::settings::Settings;
use crate::tlog::hash::LeafHash;
use crate::tlog::json::Value;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// Every delegation, revocation and report so far.
#[derive(Clone, Debug, Default)]
pub struct MemoryPast {
    delegations: BTreeMap<DelegationId, Arc<Recorded<Delegation>>>,
    revocations: BTreeMap<DelegationId, Vec<Arc<Recorded<Revocation>>>>,
    reports: BTreeMap<ActionId, Vec<Arc<Recorded<Action>>>>,
    catalogue: Arc<Catalogue>,
    settings: Arc<Settings>,
    size: TreeSize,
}

impl MemoryPast {
    /// A ledger with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events were put in.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Puts this catalogue in force.
    pub fn adopt_catalogue(&mut self, catalogue: Catalogue) {
        self.catalogue = Arc::new(catalogue);
    }

    /// Puts these settings in force.
    pub fn adopt_settings(&mut self, settings: Settings) {
        self.settings = Arc::new(settings);
    }

    /// Assesses an event against what is there and then puts it in, at the next index: one step of a ledger's life. Its leaf
    /// hash is a stand-in made of its index; who has the entries' bytes pushes what was recorded instead.
    pub fn record(&mut self, submission: &Submission<'_>, evidence: Option<Evidence>) -> Vec<Finding> {
        let Ok(findings) = assess(submission, self);
        let codes = header_codes(&findings);
        match submission.kind {
            EventKind::DelegationGranted(delegation) => {
                let recorded = self.recorded(submission, codes, (**delegation).clone());
                self.push_delegation(Recorded { evidence, ..recorded });
            }
            EventKind::DelegationRevoked(revocation) => {
                let recorded = self.recorded(submission, codes, revocation.clone());
                self.push_revocation(recorded);
            }
            EventKind::ActionRecorded(action) => {
                let recorded = self.recorded(submission, codes, (**action).clone());
                self.push_action(recorded);
            }
            EventKind::Administrative(_) => self.grow_past(self.size.next_index()),
        }
        findings
    }

    /// Puts in a delegation; an earlier one of the same id stays.
    pub fn push_delegation(&mut self, recorded: Recorded<Delegation>) {
        self.grow_past(recorded.index);
        self.delegations.entry(recorded.what.delegation_id.clone()).or_insert_with(|| Arc::new(recorded));
    }

    /// Puts in a revocation.
    pub fn push_revocation(&mut self, recorded: Recorded<Revocation>) {
        self.grow_past(recorded.index);
        self.revocations.entry(recorded.what.delegation_id.clone()).or_default().push(Arc::new(recorded));
    }

    /// Puts in a report of an action.
    pub fn push_action(&mut self, recorded: Recorded<Action>) {
        self.grow_past(recorded.index);
        self.reports.entry(recorded.what.action_id.clone()).or_default().push(Arc::new(recorded));
    }

    fn grow_past(&mut self, index: LeafIndex) {
        self.size = self.size.max(index.size_with());
    }

    fn recorded<T>(&self, submission: &Submission<'_>, codes: Vec<Code>, what: T) -> Recorded<T> {
        let index = self.size.next_index();
        Recorded {
            index,
            leaf_hash: LeafHash::of(&index.get().to_be_bytes()),
            recorded_at: submission.recorded_at,
            occurred_at: submission.occurred_at,
            event_id: submission.event_id.clone(),
            source: submission.source.clone(),
            reporter_class: submission.reporter_class,
            evidence: None,
            first_findings: codes.clone(),
            present_findings: codes,
            what,
        }
    }

    /// Whether `id` is `under` or was passed on from it.
    fn is_under(&self, id: &DelegationId, under: &DelegationId) -> bool {
        let parent = |id: &DelegationId| self.delegations.get(id)?.what.parent_delegation_id.clone();
        std::iter::successors(Some(id.clone()), parent).take(MAX_HOPS).any(|hop| hop == *under)
    }
}

impl Past for MemoryPast {
    type Error = Infallible;

    fn delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, Infallible> {
        Ok(self.delegations.get(id).cloned())
    }

    fn revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, Infallible> {
        Ok(self.revocations.get(id).cloned().unwrap_or_default())
    }

    fn reports(&self, id: &ActionId) -> Result<Vec<Arc<Recorded<Action>>>, Infallible> {
        Ok(self.reports.get(id).cloned().unwrap_or_default())
    }

    fn spent(&self, under: &DelegationId, argument: &str, period: Period, at: Timestamp, but: &ActionId) -> Result<f64, Infallible> {
        let counted = self.reports.values().filter_map(|reports| reports.iter().find(|r| is_spending(&r.what)));
        let within = counted.filter(|r| {
            let is_under = r.what.actor.delegation_id.as_ref().is_some_and(|id| self.is_under(id, under));
            is_under && r.what.action_id != *but && is_same_period(period, r.occurred_at, at)
        });
        let amounts = within.filter_map(|r| match pointer::resolve(r.what.arguments.as_ref()?, argument)? {
            Value::Number(number) => Some(*number),
            _ => None,
        });
        Ok(amounts.fold(0.0, |sum, amount| sum + amount))
    }

    fn catalogue(&self) -> Result<Arc<Catalogue>, Infallible> {
        Ok(Arc::clone(&self.catalogue))
    }

    fn settings(&self) -> Result<Arc<Settings>, Infallible> {
        Ok(Arc::clone(&self.settings))
    }
}
