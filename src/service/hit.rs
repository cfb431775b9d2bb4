//! One entry that was found, as the ledger itself has it: read again, opened against its commitment, and told in the words of
//! lists. The index has said where it stands, and nothing else.

use std::cell::RefCell;
use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::chain::Chain;
use crate::domain::delegation::{CallerClass, Delegation, Revocation};
use crate::domain::event::{Event, EventKind};
use crate::domain::finding::{Code, Verdict};
use crate::domain::ids::Source;
use crate::domain::past::{Past as _, Recorded};
use crate::domain::standing::{Standing, standing};
use crate::domain::told::Authority;
use crate::index::document::IndexDocument;
use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::past::{LedgerPast, PastCache, present_findings};
use crate::service::searchable::searchable_event;
use crate::store::rows::Rows;
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;

/// An entry that was found.
#[derive(Debug)]
pub struct Hit {
    /// The entry.
    pub entry: OpenedEntry,
    /// What it reports.
    pub what: HitKind,
    /// When it happened, as its reporter claims.
    pub occurred_at: Timestamp,
    /// Who reported it.
    pub reporter: Source,
    /// The reporter's class.
    pub reporter_class: CallerClass,
    /// The human at the root, if every link up to her is there.
    pub human_principal_id: Option<String>,
    /// The human it is said to be for, where that cannot be followed to the end.
    pub claimed_human_principal_id: Option<String>,
    /// The findings as of now, the worst first.
    pub findings: Vec<Code>,
    /// The verdict as of now on this entry; `None` for what is not assessed.
    pub verdict: Option<Verdict>,
    /// What search was told of it, made again.
    pub(in crate::service) document: IndexDocument,
}

/// What an entry that was found reports.
#[derive(Debug)]
pub enum HitKind {
    /// A report of an action.
    Action {
        /// What it says.
        action: Box<Action>,
        /// Which report of the action it is, from 1, and how many there are.
        report: (usize, usize),
    },
    /// A delegation.
    Delegation {
        /// What was given.
        delegation: Box<Recorded<Delegation>>,
        /// Whether it holds now.
        standing: Standing,
        /// Reports of actions that name it themselves.
        action_count: u64,
    },
    /// A revocation.
    Revocation(Revocation),
    /// An act of the ledger's own administration.
    Administrative,
}

/// Where and when entries are read.
#[derive(Clone, Copy)]
pub(in crate::service) struct Reading<'r> {
    pub(in crate::service) rows: Rows<'r>,
    pub(in crate::service) cache: &'r RefCell<PastCache>,
    /// Facts count up to here.
    pub(in crate::service) size: TreeSize,
    /// The present moment, for standings.
    pub(in crate::service) now: Timestamp,
}

impl Reading<'_> {
    /// Everything a list tells of an entry.
    pub(in crate::service) fn hit(&self, entry: OpenedEntry) -> Result<Hit, ReadError> {
        let event = entry.to_event()?;
        let report = entry.report()?;
        let document = searchable_event(self.rows, self.cache, &entry, &event, self.size.next_index())?;
        let past = LedgerPast::as_of(self.rows, self.cache, entry.index, self.size.next_index());
        let is_known = is_human_known(&event, &past, report.caller_class)?;
        let mut findings = match &entry.header.assessment {
            Some(_) => present_findings(self.rows, entry.index, entry.first_findings())?,
            None => Vec::new(),
        };
        findings.sort_by_key(|code| (std::cmp::Reverse(code.level()), *code));
        let human = document.human.clone();
        Ok(Hit {
            occurred_at: event.occurred_at,
            verdict: entry.header.assessment.as_ref().map(|_| Verdict::of(findings.iter().copied())),
            findings,
            human_principal_id: human.clone().filter(|_| is_known),
            claimed_human_principal_id: human.filter(|_| !is_known),
            reporter: report.source,
            reporter_class: report.caller_class,
            what: self.what(&entry, event, &past)?,
            document,
            entry,
        })
    }

    fn what(&self, entry: &OpenedEntry, event: Event, past: &LedgerPast<'_>) -> Result<HitKind, ReadError> {
        Ok(match event.kind {
            EventKind::ActionRecorded(action) => {
                let report = self.report_of(entry, &action, past)?;
                HitKind::Action { action, report }
            }
            EventKind::DelegationGranted(delegation) => {
                let id = delegation.delegation_id;
                let recorded = past.delegation(&id)?.filter(|d| d.index == entry.index).ok_or_else(|| ReadError::Damaged {
                    index: entry.index,
                    reason: "the ledger's table of delegations does not know it: run `onus verify --deep`".to_owned(),
                })?;
                let standing = standing(&Chain::resolve(past, &id)?, self.now);
                let action_count = match self.rows.delegation_no(&id)? {
                    Some(no) => self.rows.count_actions_under(no)?,
                    None => 0,
                };
                HitKind::Delegation { delegation: Box::new(Arc::unwrap_or_clone(recorded)), standing, action_count }
            }
            EventKind::DelegationRevoked(revocation) => HitKind::Revocation(revocation),
            EventKind::Administrative(_) => HitKind::Administrative,
        })
    }

    /// Nearly every action has one report, and then no other entry has to be opened to know it.
    fn report_of(&self, entry: &OpenedEntry, action: &Action, past: &LedgerPast<'_>) -> Result<(usize, usize), ReadError> {
        if self.rows.reports(&action.action_id)?.len() <= 1 {
            return Ok((1, 1));
        }
        let reports = past.reports(&action.action_id)?;
        let before = reports.iter().filter(|report| report.index < entry.index).count();
        Ok((before + 1, reports.len().max(before + 1)))
    }
}

/// Whether the human was reached link by link, or stands for herself; else she is only said to be the one.
fn is_human_known(event: &Event, past: &LedgerPast<'_>, reporter_class: CallerClass) -> Result<bool, ReadError> {
    let named = match &event.kind {
        EventKind::ActionRecorded(action) => match Authority::of_one(action, reporter_class) {
            Authority::Delegated => action.actor.delegation_id.as_ref(),
            Authority::HumanHerself | Authority::ServiceItself => return Ok(true),
        },
        EventKind::DelegationGranted(delegation) => Some(&delegation.delegation_id),
        EventKind::DelegationRevoked(revocation) => Some(&revocation.delegation_id),
        EventKind::Administrative(_) => None,
    };
    let Some(id) = named else { return Ok(false) };
    Ok(Chain::resolve(past, id)?.root.human().is_some())
}
