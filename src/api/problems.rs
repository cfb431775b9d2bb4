//! Refusals and failures of the floors below, as the problems of the wire.

use crate::domain::field_error::{FieldCode, FieldError};
use crate::domain::parse::EventRefusal;
use crate::http::codes::Code;
use crate::http::problem::{FieldProblem, Problem};
use crate::service::exporter::ExportFailure;
use crate::service::intake::IntakeRefusal;
use crate::service::opened::ReadError;
use crate::service::pass::Refusal;
use crate::service::previews::PreviewRefusal;
use crate::service::prover::ProverError;
use crate::service::queue::WriteFailure;

impl From<ReadError> for Problem {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Store(e) => e.into(),
            damaged @ ReadError::Damaged { .. } => Self::failed(Code::EntryDamaged, &damaged),
        }
    }
}

impl From<ProverError> for Problem {
    fn from(e: ProverError) -> Self {
        match e {
            ProverError::Outside(what) => Self::new(Code::InvalidParameter, what),
            ProverError::Read(e) => e.into(),
            other => Self::failed(Code::Internal, &other),
        }
    }
}

impl From<ExportFailure> for Problem {
    fn from(failure: ExportFailure) -> Self {
        match failure {
            ExportFailure::Read(e) => e.into(),
            other => Self::failed(Code::Internal, &other),
        }
    }
}

impl From<WriteFailure> for Problem {
    fn from(failure: WriteFailure) -> Self {
        match failure {
            WriteFailure::Busy => Self::of(Code::LedgerBusy),
            WriteFailure::Unavailable => {
                Self::new(Code::LedgerUnavailable, "the ledger cannot be written now; nothing of this request was recorded")
            }
            WriteFailure::OutcomeUnknown => Self::of(Code::CommitOutcomeUnknown),
            WriteFailure::ClockJumped { step_ms } => Self::new(
                Code::ClockJump,
                format!("the server's clock was set by {step_ms} ms: an operator has to confirm it before anything is recorded"),
            ),
            WriteFailure::ReadOnly(_) => Self::of(Code::LedgerReadOnly),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::EventIdConflict { index, names } => {
                let errors = names
                    .iter()
                    .map(|name| FieldProblem::new(name.as_str(), "differs", format!("entry {index} has another value here")))
                    .collect();
                Self::new(Code::EventIdConflict, refusal.to_string()).with_errors(errors)
            }
            Refusal::TooManyReports { .. } => Self::new(Code::TooManyReports, refusal.to_string()),
            Refusal::RestsOnDamaged { .. } => Self::new(Code::EntryDamaged, refusal.to_string()),
            Refusal::DelegationExists { .. } => Self::new(Code::DelegationIdConflict, refusal.to_string()),
            Refusal::DelegationCycle { .. } => Self::new(Code::ValidationFailed, refusal.to_string()).with_errors(vec![FieldProblem::new(
                "/parent_delegation_id",
                FieldCode::Cycle.as_str(),
                refusal.to_string(),
            )]),
        }
    }
}

impl From<IntakeRefusal> for Problem {
    fn from(refusal: IntakeRefusal) -> Self {
        match refusal {
            IntakeRefusal::Event(EventRefusal::TooLarge { bytes }) => {
                Self::new(Code::PayloadTooLarge, EventRefusal::TooLarge { bytes }.to_string())
            }
            IntakeRefusal::Event(EventRefusal::Json(e)) => e.into(),
            IntakeRefusal::Event(EventRefusal::Fields(errors)) => invalid_members(&errors),
            IntakeRefusal::NotEntitled(why) => Self::of(why.into()),
            IntakeRefusal::Token(e) => {
                Self::new(Code::parse(e.code()).expect("every code of a token stands in the table, as a test shows"), e.to_string())
            }
            IntakeRefusal::NoSuchDelegation => Self::new(Code::NotFound, "there is no such delegation, or it is not yours to see"),
            IntakeRefusal::Preview(refusal) => refusal.into(),
            IntakeRefusal::CannotCommit(e) => Self::failed(Code::Internal, &e),
            IntakeRefusal::Read(e) => e.into(),
        }
    }
}

impl From<PreviewRefusal> for Problem {
    fn from(refusal: PreviewRefusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            PreviewRefusal::Required => Self::new(Code::PreviewRequired, detail).with_errors(vec![FieldProblem::new(
                "/preview_token",
                "required",
                "the token that ?preview=true answered",
            )]),
            PreviewRefusal::NotFound => Self::new(Code::PreviewNotFound, detail),
            PreviewRefusal::Expired { .. } => Self::new(Code::PreviewExpired, detail),
            PreviewRefusal::Stale { affected_count, added_count, added_sample } => Self::new(Code::PreviewStale, detail)
                .with_member("affected_count", affected_count.into())
                .with_member("added_count", added_count.into())
                .with_member("added_sample", added_sample.iter().map(|a| a.delegation_id.as_str()).collect()),
            PreviewRefusal::Read(e) => e.into(),
        }
    }
}

/// Every member that is wrong, at once.
pub fn invalid_members(errors: &[FieldError]) -> Problem {
    let count = errors.len();
    let first =
        errors.first().map(|e| format!("{}: {}", if e.path.is_empty() { "the event" } else { &e.path }, e.message)).unwrap_or_default();
    let detail = if count == 1 { first } else { format!("{count} members are wrong, the first: {first}") };
    let errors = errors
        .iter()
        .map(|e| FieldProblem {
            path: e.path.clone(),
            code: e.code.as_str(),
            message: e.message.clone(),
            allowed_values: e.allowed_values.clone(),
            allowed_range: e.allowed_range.clone(),
        })
        .collect();
    Problem::new(Code::ValidationFailed, detail).with_errors(errors)
}
