//! The ledger once more, from entry 0: what the sequencer derived as it wrote, derived again by the very code that it ran, and
//! what it should have appended by itself compared with what is there. `onus reindex` and `onus verify --deep` read along.

use std::cell::RefCell;

use crate::domain::event::Event;
use crate::domain::report::report_value;
use crate::service::derivation::{ASSESSMENT_CHANGED, Changes, derive, own_report, reassess};
use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::past::PastCache;
use crate::service::pending::{EventKey, REPORT};
use crate::store::batch::Batch;
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;

/// Derives entry after entry into one batch.
#[derive(Default)]
pub struct Replay {
    cache: RefCell<PastCache>,
    /// A cause that changed earlier verdicts: the next entry must tell it.
    awaited: Option<(LeafIndex, Changes)>,
}

/// Whether an entry tells what an earlier fact changed, and must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It tells nothing, and nothing was to be told.
    Nothing,
    /// It tells what was derived again.
    Rightly,
    /// Something was to be told here, and is not.
    Not {
        /// The entry that changed earlier verdicts.
        cause: LeafIndex,
    },
    /// It tells what was not derived.
    Wrongly {
        /// How it differs.
        reason: String,
    },
}

impl Replay {
    /// What was read of the past so far; assessment shares it, as it does in the sequencer.
    pub const fn cache(&self) -> &RefCell<PastCache> {
        &self.cache
    }

    /// Derives the rows of the next entry.
    pub fn take(&mut self, batch: &mut Batch<'_>, opened: &OpenedEntry, event: &Event, key: &EventKey) -> Result<Told, ReadError> {
        let awaited = self.awaited.take();
        let cause = derive(batch, &self.cache, opened.index, event, key)?;
        let told = match awaited {
            None if opened.header.entry_type.as_str() == ASSESSMENT_CHANGED => {
                Told::Wrongly { reason: "it tells of changed verdicts, and the entry before it changes none".to_owned() }
            }
            None => Told::Nothing,
            Some((cause, changes)) => tell(batch, opened, cause, &changes)?,
        };
        if let Some(cause) = cause {
            let changes = reassess(batch.rows(), &self.cache, &cause, opened.index)?;
            self.awaited = (!changes.is_empty()).then_some((opened.index, changes));
        }
        Ok(told)
    }

    /// The last entry, if it changed earlier verdicts and nothing tells so.
    pub fn end(self) -> Option<LeafIndex> {
        self.awaited.map(|(cause, _)| cause)
    }
}

/// Compares with what is awaited, and keeps the codes as of now if the entry tells of any.
fn tell(batch: &mut Batch<'_>, opened: &OpenedEntry, cause: LeafIndex, changes: &Changes) -> Result<Told, ReadError> {
    if opened.header.entry_type.as_str() != ASSESSMENT_CHANGED {
        return Ok(Told::Not { cause });
    }
    changes.store(batch, opened.index)?;
    if opened.header.about != Some(cause) {
        return Ok(Told::Wrongly { reason: format!("`about` does not name entry {cause}, which changed the verdicts") });
    }
    let mut members = changes.members(cause, opened.header.recorded_at);
    members.insert(REPORT.to_owned(), report_value(&own_report()));
    // As canonical text: what was read has its members in order, what was made may not.
    let is_other = |name: &String, value: &Value| opened.members.get(name).is_none_or(|read| read.to_canonical() != value.to_canonical());
    let differs = members.iter().find(|(name, value)| is_other(name, value)).map(|(name, _)| name);
    let differs = differs.or_else(|| opened.members.keys().find(|name| !members.contains_key(*name)));
    Ok(match differs {
        None => Told::Rightly,
        Some(name) => Told::Wrongly { reason: format!("{name} is not what entry {cause} changed, derived again") },
    })
}
