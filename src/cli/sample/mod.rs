//! The sample ledger of `onus demo`: a fortnight in a small company, made by the program itself on the way that every event
//! goes. Deterministic but for keys, salts and credentials; its clock is set, and it ends at the instant it is told.
//!
//! Nothing in it is real, and one document in it holds an instruction to an agent: it is data.

mod calendar;
mod chance;
mod cast;
mod draft;
mod enrolment;
mod everyday;
mod story;
mod flagged_authority;
mod flagged_terms;
mod flagged_evidence;
mod today;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::cli::sample::calendar::Calendar;
use crate::cli::sample::draft::Planned;
use crate::cli::sample::enrolment::Enrolment;
use crate::domain::credential::PlainToken;
use crate::service::adoption::{AdoptionError, adopt};
use crate::service::clock::{Clock, SetClock};
use crate::service::folder::Folder;
use crate::service::genesis::{Created, GenesisError, NewLedger, create};
use crate::service::intake::{Intake, IntakeRefusal, Submitter};
use crate::service::ledger::{Ledger, LedgerConfig, OpenError};
use crate::service::opened::ReadError;
use crate::service::pass::Refusal;
use crate::service::pending::CannotCommit;
use crate::service::queue::WriteFailure;
use crate::service::sessions::SessionError;
use crate::store::connection::StoreError;
use crate::tlog::entry::Origin;
use crate::tlog::json::{JsonError, Value};
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;
use crate::tlog::vkey::Vkey;

const ACTIONS: &str = include_str!("actions.toml");
const SETTINGS: &str = include_str!("settings.toml");

/// The sample ledger, closed and signed.
#[derive(Debug)]
pub struct SampleSummary {
    /// Pins its key.
    pub vkey: Vkey,
    /// A service credential with every permission.
    pub admin_token: PlainToken,
    /// How many entries it has.
    pub size: TreeSize,
    /// How many events were sent to it.
    pub events: usize,
}

impl fmt::Display for SampleSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "made a sample ledger: {} entries of a fortnight, signed by {}", self.size, self.vkey)
    }
}

/// Why the sample ledger could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// No ledger could be made there.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Catalogue and settings were not adopted.
    #[error(transparent)]
    Adoption(#[from] AdoptionError),
    /// A file could not be written.
    #[error("{} could not be written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// An event is none.
    #[error("the sample event {event_id} was not taken: {source}")]
    Event {
        /// Which.
        event_id: String,
        /// Why.
        source: IntakeRefusal,
    },
    /// An event is no JSON of ours.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A credential cannot be committed to.
    #[error(transparent)]
    CannotCommit(#[from] CannotCommit),
    /// An event was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger could not be written.
    #[error(transparent)]
    Write(#[from] WriteFailure),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The sessions' file could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody could sign in.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Somebody has no credential.
    #[error("{0} could not be enrolled")]
    NotEnrolled(&'static str),
    /// The last checkpoint was not signed.
    #[error("the checkpoint over the sample ledger was not signed")]
    NotSigned,
}

/// Makes the sample ledger in an empty folder. It ends at `ends_at`, which is now for whoever looks at it.
pub fn make_sample(
    folder: &Folder,
    mark_file: &Path,
    origin: &Origin,
    base_url: &str,
    ends_at: Timestamp,
) -> Result<SampleSummary, SampleError> {
    let calendar = Calendar::ending_at(ends_at);
    let clock = Arc::new(SetClock::new(calendar.starts_at()));
    let told = Arc::clone(&clock) as Arc<dyn Clock>;
    let new = NewLedger { origin: origin.clone(), base_url: base_url.to_owned(), mark_file: mark_file.to_owned() };
    let Created { vkey, admin_token } = create(folder, &new, &told)?;
    write_file(&folder.catalogue_file(), ACTIONS)?;
    write_file(&folder.settings_file(), SETTINGS)?;

    let ledger = Ledger::open(LedgerConfig { mark_file: mark_file.to_owned(), ..LedgerConfig::new(folder.clone(), told) })?;
    adopt(&ledger)?;
    let mut enrolment = Enrolment::of_cast(&ledger, &admin_token)?;
    let plan = plan(calendar);
    for planned in &plan {
        clock.advance_to(planned.recorded_at);
        send(&ledger, &mut enrolment, planned)?;
    }
    clock.advance_to(ends_at);
    ledger.close();
    let size = ledger.size();
    let is_signed = ledger.published().is_some_and(|published| published.size == size);
    if is_signed { Ok(SampleSummary { vkey, admin_token, size, events: plan.len() }) } else { Err(SampleError::NotSigned) }
}

/// All that will be sent, in the order in which it is recorded.
fn plan(calendar: Calendar) -> Vec<Planned> {
    let mut plan = everyday::everyday(calendar);
    plan.extend(story::story(calendar));
    plan.extend(flagged_authority::flagged(calendar));
    plan.extend(flagged_terms::flagged(calendar));
    plan.extend(flagged_evidence::flagged(calendar));
    plan.extend(today::today(calendar));
    plan.sort_by_key(|planned| planned.recorded_at);
    plan
}

fn send(ledger: &Ledger, enrolment: &mut Enrolment<'_>, planned: &Planned) -> Result<(), SampleError> {
    let event_id = planned.event["event_id"].as_str().unwrap_or_default();
    let caller = enrolment.caller(planned.by)?;
    let intake = Intake::new(ledger, Submitter { caller, request_id: event_id, agent_id_claim: None });
    let event = Value::parse(planned.event.to_string().as_bytes())?;
    let pending =
        intake.event(event, None).map_err(|source| SampleError::Event { event_id: told_with(&planned.event, event_id), source })?;
    for answer in ledger.queue()?.append_blocking(vec![pending], false)? {
        answer.outcome?;
    }
    Ok(())
}

/// The event's id and its type: enough to find it in these files.
fn told_with(event: &Json, event_id: &str) -> String {
    format!("{event_id} ({})", event["type"].as_str().unwrap_or_default())
}

fn write_file(path: &Path, text: &str) -> Result<(), SampleError> {
    std::fs::write(path, text).map_err(|source| SampleError::File { path: path.to_owned(), source })
}
