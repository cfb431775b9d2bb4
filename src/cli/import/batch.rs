//! Events in the portions in which they are posted: NDJSON, compressed, well below the server's bounds. Files are read as portions are taken.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use serde_json::Value;

use crate::cli::error::CliError;
use crate::cli::import::envelope::Envelopes;
use crate::tlog::time::Timestamp;

/// Most events of one batch; the server takes 10 000.
pub const MAX_BATCH_EVENTS: usize = 1000;
/// Most bytes of one batch before compression; the server takes 32 MiB. One event alone may be larger than this, never than 4 MiB and its margin.
pub const MAX_BATCH_BYTES: usize = 8 << 20;
/// The first batch is this small, because a server that refuses the credential answers without reading the body: of a short
/// body nothing is under way any more when it hangs up, so its answer arrives.
pub const FIRST_BATCH_BYTES: usize = 16 << 10;

/// Where an event comes from, for the message if it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: Arc<Path>,
    /// The line of the session, from 1.
    pub line: usize,
    /// The event.
    pub event_id: String,
}

/// What a batch holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Root delegations: one a session.
    pub sessions: u64,
    /// Delegations below a root.
    pub sub_delegations: u64,
    /// Actions.
    pub actions: u64,
}

impl Counts {
    /// Counts one event more.
    pub fn add(&mut self, event: &Value) {
        match event["type"].as_str() {
            Some("delegation.granted") if event["parent_delegation_id"].is_null() => self.sessions += 1,
            Some("delegation.granted") => self.sub_delegations += 1,
            _ => self.actions += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            sub_delegations: self.sub_delegations + other.sub_delegations,
            actions: self.actions + other.actions,
        }
    }
}

/// What is posted at once.
#[derive(Debug)]
pub struct Batch {
    /// NDJSON, compressed with gzip.
    pub body: Vec<u8>,
    /// What each line is.
    pub origins: Vec<Origin>,
    /// How many of which.
    pub counts: Counts,
}

/// Gathers events into batches.
struct Batcher {
    encoder: GzEncoder<Vec<u8>>,
    plain_bytes: usize,
    max_bytes: usize,
    origins: Vec<Origin>,
    counts: Counts,
}

impl Batcher {
    fn new(max_bytes: usize) -> Self {
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        Self { encoder, plain_bytes: 0, max_bytes, origins: Vec::new(), counts: Counts::default() }
    }

    /// Adds an event; gives out what had been gathered if the two do not go together.
    fn add(&mut self, event: &Value, origin: Origin) -> Option<Batch> {
        let mut line = event.to_string();
        line.push('\n');
        let is_full = self.origins.len() == MAX_BATCH_EVENTS || self.plain_bytes + line.len() > self.max_bytes;
        let full = if is_full { self.take() } else { None };
        self.encoder.write_all(line.as_bytes()).expect("a Vec takes everything");
        self.plain_bytes += line.len();
        self.origins.push(origin);
        self.counts.add(event);
        full
    }

    /// What has been gathered, unless that is nothing.
    fn take(&mut self) -> Option<Batch> {
        if self.origins.is_empty() {
            return None;
        }
        let Self { encoder, origins, counts, .. } = std::mem::replace(self, Self::new(MAX_BATCH_BYTES));
        Some(Batch { body: encoder.finish().expect("a Vec takes everything"), origins, counts })
    }
}

/// Reads the files in order and hands their events to `deliver`, batch by batch, until that says `false`.
pub fn deliver_batches(
    files: &[PathBuf],
    base_time: Timestamp,
    bar: &ProgressBar,
    mut deliver: impl FnMut(Batch) -> bool,
) -> Result<(), CliError> {
    let mut batcher = Batcher::new(FIRST_BATCH_BYTES);
    for path in files {
        let shared: Arc<Path> = path.as_path().into();
        let file = File::open(path).map_err(|source| CliError::File { path: path.clone(), source })?;
        for (number, envelope) in (0u32..).zip(Envelopes::read(path, bar.wrap_read(file))?) {
            let (line, envelope) = envelope?;
            let events = super::events_of(&envelope, number, base_time).map_err(|message| CliError::Recording {
                path: path.clone(),
                line,
                message,
            })?;
            for event in events {
                let event_id = event["event_id"].as_str().unwrap_or_default().to_owned();
                let full = batcher.add(&event, Origin { path: Arc::clone(&shared), line, event_id });
                if full.is_some_and(|batch| !deliver(batch)) {
                    return Ok(());
                }
            }
        }
    }
    if let Some(batch) = batcher.take() {
        deliver(batch);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn origin(n: usize) -> Origin {
        Origin { path: Path::new("f").into(), line: n, event_id: n.to_string() }
    }

    #[test]
    fn a_batch_is_full_by_count_or_by_bytes_and_nothing_is_lost_between_two() {
        let mut batcher = Batcher::new(MAX_BATCH_BYTES);
        let mut batches: Vec<Batch> =
            (0..=MAX_BATCH_EVENTS).filter_map(|n| batcher.add(&json!({"type": "action.recorded"}), origin(n))).collect();
        batches.extend(batcher.take());
        assert!(batcher.take().is_none());
        assert_eq!(batches.iter().map(|b| b.origins.len()).collect::<Vec<_>>(), [MAX_BATCH_EVENTS, 1]);
        assert_eq!(batches[1].origins[0], origin(MAX_BATCH_EVENTS));
        assert_eq!(batches[0].counts.actions, MAX_BATCH_EVENTS as u64);

        let mut batcher = Batcher::new(FIRST_BATCH_BYTES);
        let large = json!({"type": "delegation.granted", "purpose": "p".repeat(FIRST_BATCH_BYTES)});
        assert!(batcher.add(&large, origin(0)).is_none(), "an event larger than a batch goes alone");
        assert_eq!(batcher.add(&large, origin(1)).unwrap().origins, [origin(0)]);
        assert!(batcher.add(&large, origin(2)).is_none(), "later batches are large");
        assert_eq!(batcher.take().unwrap().counts, Counts { sessions: 2, sub_delegations: 0, actions: 0 });
    }
}
