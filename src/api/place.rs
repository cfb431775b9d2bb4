//! How an entry's place is written in answers: the bytes, so that the caller can keep and hash them, and where they stand.

use serde::Serialize;

use crate::service::opened::OpenedEntry;
use crate::service::pass::Appended;
use crate::service::prover::salts;
use crate::tlog::hash::to_base64url;

/// `entry` of an answer: what a submitter keeps.
#[derive(Clone, Debug, Serialize)]
pub struct EntryPlace {
    /// The entry, byte for byte, as base64url.
    pub bytes: String,
    /// Leaf index.
    pub index: u64,
    /// SHA-256(0x00 ‖ bytes), as base64url.
    pub leaf_hash: String,
    /// When the ledger recorded it, RFC 3339 UTC to the microsecond.
    pub recorded_at: String,
}

impl EntryPlace {
    /// Of an entry that was read.
    pub fn of(entry: &OpenedEntry) -> Self {
        Self {
            bytes: to_base64url(&entry.bytes),
            index: entry.index.get(),
            leaf_hash: entry.leaf_hash.to_string(),
            recorded_at: entry.header.recorded_at.to_string(),
        }
    }

    /// Of an entry that was just written.
    pub fn appended(appended: &Appended) -> Self {
        Self {
            bytes: to_base64url(&appended.bytes),
            index: appended.index.get(),
            leaf_hash: appended.leaf_hash.to_string(),
            recorded_at: appended.recorded_at.to_string(),
        }
    }
}

/// The salts that open an entry, by member name.
pub fn salts_json(entry: &OpenedEntry) -> serde_json::Map<String, serde_json::Value> {
    salts(entry).into_iter().map(|(name, salt)| (name.to_owned(), salt.as_str().into())).collect()
}
