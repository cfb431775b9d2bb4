//! What only `--deep` looks at: everything that the ledger derived from its entries, derived again by the sequencer's own code into
//! empty tables, and compared with what is stored.

use crate::domain::assessment::{RULES, Submission, assess, header_codes};
use crate::domain::attribution::content_findings;
use crate::domain::event::{Event, EventKind};
use crate::domain::finding::Code;
use crate::service::opened::{EntryReading, OpenedEntry, ReadError};
use crate::service::past::LedgerPast;
use crate::service::pending::EventKeys;
use crate::service::replay::{Replay, Told};
use crate::service::verifier::report::{Check, CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::batch::Batch;
use crate::store::comparison::{DERIVED_TABLES, DerivedTable, EVENT_KEYS};
use crate::store::connection::StoreError;
use crate::store::scratch::Schema;
use crate::tlog::position::{LeafIndex, TreeSize};

/// The file, looked at as a file.
pub(super) fn check_file(batch: &Batch<'_>, schema: &Schema) -> Result<Check, StoreError> {
    let mut tally = Tally::new(CheckName::File, 1);
    let faults = batch.rows().file_faults(schema)?;
    tally.right();
    for fault in faults {
        tally.blame(Place::Ledger, fault);
    }
    for guard in batch.rows().missing_guards(schema)? {
        tally.notes.push(format!("the trigger {guard} is missing: it guards against mistakes, not against who can write the file"));
    }
    Ok(tally.finish())
}

/// What came of deriving everything again.
pub(super) struct Derived {
    /// Findings, changed assessments, derived tables, deduplication keys.
    pub(super) checks: Vec<Check>,
    /// Whether it came to the end: only then do the tables made again hold what the file's should.
    pub(super) is_complete: bool,
}

/// Derives everything again, in order, and compares. Without the key of the deduplication its table cannot be made again.
pub(super) fn check_derived(
    batch: &mut Batch<'_>,
    size: TreeSize,
    keys: Option<&EventKeys>,
    reading: EntryReading,
) -> Result<Derived, StoreError> {
    let mut walk = Walk {
        replay: Replay::default(),
        findings: Tally::new(CheckName::Findings, 0),
        changes: Tally::new(CheckName::ChangedAssessments, 0),
        tables: Tally::new(CheckName::DerivedTables, 0),
        keys,
        reading,
    };
    let mut stopped = None;
    for index in (0..size.get()).filter_map(LeafIndex::new) {
        if let Some(reason) = walk.take(batch, index)? {
            stopped = Some(format!("stopped at entry {index}: {reason}"));
            break;
        }
    }
    let Walk { replay, mut findings, mut changes, mut tables, keys, .. } = walk;
    if let Some(cause) = replay.end().filter(|_| stopped.is_none()) {
        changes.expect_one();
        changes.wrong_at(cause, "it changed earlier verdicts, and no entry after it tells so");
    }
    let event_keys = match (&stopped, keys) {
        (Some(reason), _) => {
            for tally in [&mut findings, &mut changes, &mut tables] {
                tally.cannot_tell(reason.clone());
            }
            Check::not_run(CheckName::EventKeys, size.get(), reason.clone())
        }
        (None, None) => Check::not_run(CheckName::EventKeys, size.get(), "the key of the deduplication is not in the folder"),
        (None, Some(_)) => {
            let mut tally = Tally::new(CheckName::EventKeys, 0);
            compare(batch, &EVENT_KEYS, &mut tally)?;
            tally.finish()
        }
    };
    if stopped.is_none() {
        for table in &DERIVED_TABLES {
            compare(batch, table, &mut tables)?;
        }
    }
    let checks = vec![findings.finish(), changes.finish(), tables.finish(), event_keys];
    Ok(Derived { checks, is_complete: stopped.is_none() })
}

fn compare(batch: &Batch<'_>, table: &DerivedTable, tally: &mut Tally) -> Result<(), StoreError> {
    let compared = batch.rows().compare_derived(table)?;
    tally.looked_at(compared.rows);
    if compared.wrong == compared.rows && table.name == EVENT_KEYS.name {
        let reason = "not one of them fits the key in the folder: either that key was exchanged or all of them were";
        tally.blame_all(compared.wrong, Place::Ledger, reason);
    } else if let Some(first) = compared.first {
        tally.blame_all(compared.wrong, first.index.map_or(Place::Ledger, Place::Entry), first.reason);
    }
    Ok(())
}

struct Walk<'k> {
    replay: Replay,
    findings: Tally,
    changes: Tally,
    tables: Tally,
    keys: Option<&'k EventKeys>,
    reading: EntryReading,
}

impl Walk<'_> {
    /// The next entry; says why it cannot go on, if it cannot.
    fn take(&mut self, batch: &mut Batch<'_>, index: LeafIndex) -> Result<Option<String>, StoreError> {
        match self.try_take(batch, index) {
            Ok(()) => Ok(None),
            Err(ReadError::Damaged { reason, .. }) => Ok(Some(reason)),
            Err(ReadError::Store(e)) if e.is_duplicate() => {
                let reason = "its event_id, or the delegation it grants, was recorded before: no sequencer takes it twice";
                self.tables.blame(Place::Entry(index), reason);
                Ok(Some(reason.to_owned()))
            }
            Err(ReadError::Store(e)) => Err(e),
        }
    }

    fn try_take(&mut self, batch: &mut Batch<'_>, index: LeafIndex) -> Result<(), ReadError> {
        let opened =
            (self.reading)(batch.rows(), index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
        let event = opened.to_event()?;
        self.check_findings(batch, &opened, &event)?;
        let key = match self.keys {
            Some(keys) => keys.of(&opened.report()?.source, &event.event_id),
            // Any key will do as long as no two are the same: the table is not compared.
            None => u128::from(index.get()).to_be_bytes(),
        };
        match self.replay.take(batch, &opened, &event, &key)? {
            Told::Nothing => {}
            Told::Rightly => {
                self.changes.expect_one();
                self.changes.right();
            }
            Told::Not { cause } => {
                self.changes.expect_one();
                self.changes.wrong_at(cause, "it changed earlier verdicts, and the entry after it does not tell so");
            }
            Told::Wrongly { reason } => {
                self.changes.expect_one();
                self.changes.wrong_at(index, reason);
            }
        }
        Ok(())
    }

    /// The codes in the header against those that this event gives, with everything before it.
    fn check_findings(&mut self, batch: &Batch<'_>, opened: &OpenedEntry, event: &Event) -> Result<(), ReadError> {
        self.findings.expect_one();
        let is_own = matches!(event.kind, EventKind::Administrative(_));
        let assessment = match &opened.header.assessment {
            None if is_own => {
                self.findings.right();
                return Ok(());
            }
            None => {
                self.findings.wrong_at(opened.index, "it should have been assessed, and was not");
                return Ok(());
            }
            Some(_) if is_own => {
                self.findings.wrong_at(opened.index, "it is assessed, and entries of its type are not");
                return Ok(());
            }
            Some(assessment) => assessment,
        };
        if assessment.rules() != RULES {
            self.findings.cannot_tell(format!(
                "entry {} was assessed by rules {}, which this release does not have",
                opened.index,
                assessment.rules()
            ));
            return Ok(());
        }
        let derived: Vec<&str> = self.derive_codes(batch, opened, event)?.into_iter().map(Code::as_str).collect();
        if derived == assessment.findings() {
            self.findings.right();
        } else {
            let (found, derived) = (assessment.findings().join(", "), derived.join(", "));
            self.findings.wrong_at(opened.index, format!("it says [{found}], derived again it is [{derived}]"));
        }
        Ok(())
    }

    fn derive_codes(&self, batch: &Batch<'_>, opened: &OpenedEntry, event: &Event) -> Result<Vec<Code>, ReadError> {
        let rows = batch.rows();
        let past = LedgerPast::of_entry(rows, self.replay.cache(), opened.index);
        let mut findings = assess(&Submission::of(event, &opened.report()?, opened.header.recorded_at), &past)?;
        if let EventKind::ActionRecorded(action) = &event.kind {
            findings.extend(content_findings(action, &|hash| rows.document(hash).ok().flatten().map(Into::into)));
        }
        Ok(header_codes(&findings))
    }
}
