//! What had been read before an action, and on whose word.

use std::sync::Arc;

use crate::domain::action::{Action, DocumentOrigin};
use crate::domain::delegation::CallerClass;
use crate::domain::past::Recorded;
use crate::tlog::hash::DocumentHash;
use crate::tlog::time::Timestamp;

/// Something the model had read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadDocument {
    /// The hash it goes by.
    pub sha256: Option<DocumentHash>,
    /// Where it came from.
    pub uri: Option<String>,
    /// Out of which store.
    pub store: Option<String>,
    /// When it was fetched.
    pub retrieved_at: Option<Timestamp>,
    /// Who wrote it, as far as is known.
    pub origin: Option<DocumentOrigin>,
    /// On whose word: `agent` where an agent reported, else the source.
    pub said_by: String,
    /// How long before the action it was fetched, in milliseconds; negative if afterwards.
    pub before_ms: Option<i64>,
}

impl ReadDocument {
    /// What a sentence calls it.
    pub fn name(&self) -> String {
        match (&self.uri, self.sha256) {
            (Some(uri), _) => uri.clone(),
            (None, Some(hash)) => format!("document {}", hash.to_hex()),
            (None, None) => "a document that is not named".to_owned(),
        }
    }
}

/// What had been read, by the first report that says so, and on whose word.
pub(crate) fn documents(reports: &[Arc<Recorded<Action>>]) -> Vec<ReadDocument> {
    let Some((report, context)) = reports.iter().find_map(|r| Some((r, r.what.context.as_ref()?))) else {
        return Vec::new();
    };
    let said_by = match report.reporter_class {
        CallerClass::Agent => "agent",
        CallerClass::Human | CallerClass::Service => report.source.as_str(),
    };
    let read = context.iter().map(|document| ReadDocument {
        sha256: document.hash(),
        uri: document.uri.clone(),
        store: document.store.clone(),
        retrieved_at: document.retrieved_at,
        origin: document.origin,
        said_by: said_by.to_owned(),
        before_ms: document.retrieved_at.map(|retrieved_at| report.occurred_at.ms_since(retrieved_at)),
    });
    read.collect()
}
