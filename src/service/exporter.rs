//! Entries as SD-JWTs under the export key (FORMAT.md section 9), and the entry that says what was handed to whom. The log key is
//! never used here: an export says *the ledger exported this*, a checkpoint that it happened in this order.

use std::collections::BTreeSet;

use crate::domain::event::Event;
use crate::service::derivation::own_event;
use crate::service::folder::{Folder, FolderError, random_32};
use crate::service::genesis::{BASE_URL, EXPORT_KEY};
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::commitment::{CommitmentError, Manifest, Sealed, SealedMember};
use crate::tlog::disclosure::{Disclosure, disclosure, salt};
use crate::tlog::hash::to_hex;
use crate::tlog::json::Value;
use crate::tlog::jwk::parse_jwk;
use crate::tlog::key::{PublicKey, SigningKey};
use crate::tlog::member::MemberName;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::sd_jwt::{ExportTerms, UnsignedExport};
use crate::tlog::time::Timestamp;

/// The type of the entry that tells an export.
pub const EXPORT_CREATED: &str = "export.created";
/// Entry 0, which names the export key.
const GENESIS: LeafIndex = TreeSize::ZERO.next_index();

/// Whoever signs exports.
pub struct Exporter {
    key: SigningKey,
}

/// Why an entry could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportFailure {
    /// The store, or entry 0.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The key file is not the one that entry 0 names: what it signed nobody could attribute.
    #[error("keys/export.pem is not the export key that entry 0 names")]
    OtherKey,
    /// The stored members make no manifest.
    #[error("the members of the entry make no manifest")]
    Members(#[from] CommitmentError),
}

impl From<StoreError> for ExportFailure {
    fn from(e: StoreError) -> Self {
        Self::Read(e.into())
    }
}

impl Exporter {
    /// With the key of the data directory.
    pub fn load(folder: &Folder) -> Result<Self, FolderError> {
        Ok(Self { key: folder.read_signing_key(&folder.export_key_file())? })
    }

    /// What its exports verify under.
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// In whose name exports are made: the ledger's, if the key is the one that its entry 0 names.
    pub fn terms(&self, rows: Rows<'_>, now: Timestamp) -> Result<ExportTerms, ExportFailure> {
        let damaged = |reason: &str| ReadError::Damaged { index: GENESIS, reason: reason.to_owned() };
        let first = open_entry(rows, GENESIS)?.ok_or_else(|| damaged("it is missing"))?;
        if first.members.get(EXPORT_KEY).and_then(parse_jwk) != Some(self.public_key()) {
            return Err(ExportFailure::OtherKey);
        }
        let issuer = first.text(BASE_URL).ok_or_else(|| damaged("it has no base_url"))?.to_owned();
        let issued_at_s = u64::try_from(now.micros().div_euclid(1_000_000)).unwrap_or(0);
        Ok(ExportTerms { issuer, issued_at_s, audience: None })
    }

    /// The export of an entry, with the members of those names shown and all others named.
    pub fn export(&self, entry: &OpenedEntry, shown: &BTreeSet<String>, terms: &ExportTerms) -> Result<String, ExportFailure> {
        let mut sealed = Vec::with_capacity(entry.members.len());
        let mut granted: Vec<Disclosure> = Vec::with_capacity(shown.len());
        for (text, value) in &entry.members {
            let name = MemberName::parse(text).expect("an opened entry's members were committed to under their names");
            let (salt, value) = (salt(&entry.seed, &name), value.to_canonical());
            if shown.contains(text) {
                granted.push(disclosure(&salt, &name, &value));
            }
            sealed.push(SealedMember { name, sealed: Sealed::Opened { salt, value } });
        }
        let manifest = Manifest::of_sealed(&sealed)?;
        Ok(UnsignedExport { entry: &entry.bytes, manifest: &manifest, granted: &granted, terms }.sign(&self.key))
    }
}

/// That members of an entry are handed out. Who asked stands in its report.
pub fn export_event(entry: &OpenedEntry, shown: &BTreeSet<String>, now: Timestamp) -> Event {
    let names: Vec<Value> = shown.iter().map(|name| name.as_str().into()).collect();
    let index = Value::parse(entry.index.to_string().as_bytes()).expect("an index is a whole number within 2^53");
    let members = [
        ("/event_id", format!("{EXPORT_CREATED}/{}", to_hex(&random_32()[..16])).into()),
        ("/index", index),
        ("/leaf_hash", entry.leaf_hash.to_string().into()),
        ("/names", names.into()),
        ("/occurred_at", now.to_string().into()),
    ];
    own_event(EXPORT_CREATED, members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
