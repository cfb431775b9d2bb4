//! What the operator's files say becomes an entry before anything rests on it: the action catalogue, the thresholds of the
//! assessment, the issuers whose tokens are believed. All files are read first: one mistake, and nothing is adopted.
//!
//! A file that is not there says nothing: what was adopted before stays in force.

use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::domain::catalogue::Catalogue;
use crate::domain::event::Members;
use crate::domain::issuers::{IssuerTerms, parse_issuers};
use crate::domain::jwks::{Jwks, JwksError};
use crate::domain::settings::Settings;
use crate::domain::token::TrustedIssuer;
use crate::domain::toml_file::TomlFaults;
use crate::service::derivation::own_entry;
use crate::service::folder::{Folder, FolderError};
use crate::service::ledger::Ledger;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::pass::Refusal;
use crate::service::queue::{WriteFailure, WriterState};

/// The type of the entry that puts a catalogue in force.
pub const CATALOGUE_ADOPTED: &str = "catalogue.adopted";
/// The type of the entry that puts settings in force.
pub const SETTINGS_ADOPTED: &str = "settings.adopted";
/// The type of the entry that names an issuer and its keys.
pub const ISSUER_TRUSTED: &str = "issuer.trusted";

/// The member that says which version was adopted.
const VERSION: &str = "/sha256";

/// Why the operator's files were not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// A file could not be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file does not say what it should.
    #[error("{} cannot be adopted:\n{faults}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Every mistake in it.
        faults: TomlFaults,
    },
    /// The key set of an issuer is not there.
    #[error("{issuer} cannot be trusted: there is no key set {}", path.display())]
    NoKeySet {
        /// Whose.
        issuer: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// The key set of an issuer is not one.
    #[error("{issuer} cannot be trusted: {}: {source}", path.display())]
    KeySet {
        /// Whose.
        issuer: String,
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        source: JwksError,
    },
    /// What is in force could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The entry could not be written.
    #[error("what the files say could not be recorded")]
    Write(#[from] WriteFailure),
    /// The entry was refused.
    #[error("what the files say could not be recorded")]
    Refused(#[from] Refusal),
}

/// Reads `actions.toml`, `settings.toml` and `issuers.toml` and records what differs from what is in force. Returns the issuers
/// whose tokens are believed from now on.
pub fn adopt(ledger: &Ledger) -> Result<Vec<TrustedIssuer>, AdoptionError> {
    let folder = ledger.folder();
    let catalogue = read_file(folder, &folder.catalogue_file(), Catalogue::parse)?;
    let settings = read_file(folder, &folder.settings_file(), Settings::parse)?;
    let issuers = read_issuers(folder)?;

    let mut news: Vec<(&'static str, Members)> = Vec::new();
    // Before the first adoption the defaults are in force: adopting those would say nothing.
    if let Some(file) = catalogue {
        let in_force = version(newest(ledger, CATALOGUE_ADOPTED)?.as_ref()).unwrap_or_else(|| Catalogue::default().hash().to_hex());
        news.extend((file.hash().to_hex() != in_force).then(|| (CATALOGUE_ADOPTED, file.to_members())));
    }
    if let Some(file) = settings {
        let in_force = version(newest(ledger, SETTINGS_ADOPTED)?.as_ref()).unwrap_or_else(|| Settings::default().hash().to_hex());
        news.extend((file.hash().to_hex() != in_force).then(|| (SETTINGS_ADOPTED, file.to_members())));
    }
    for issuer in &issuers {
        let members = issuer.to_members();
        let in_force = version(newest_of_issuer(ledger, &issuer.issuer)?.as_ref());
        news.extend((members.get(VERSION).and_then(|v| v.as_str()) != in_force.as_deref()).then_some((ISSUER_TRUSTED, members)));
    }
    record(ledger, news)?;
    Ok(issuers)
}

fn record(ledger: &Ledger, news: Vec<(&'static str, Members)>) -> Result<(), AdoptionError> {
    if news.is_empty() {
        return Ok(());
    }
    // A ledger that cannot be written can still be read, under what is in force.
    if let WriterState::ReadOnly(reason) = ledger.state() {
        warn!(reason, "the operator's files differ from what is in force, and are not adopted: the ledger is read-only");
        return Ok(());
    }
    let now = ledger.clock().now().to_string();
    let mut entries = Vec::with_capacity(news.len());
    for (at, (entry_type, mut members)) in (ledger.size().get()..).zip(news) {
        info!(entry.r#type = entry_type, "adopted");
        // Going back to an earlier version is a new event: the place makes its name unique.
        members.insert("/event_id".to_owned(), format!("{entry_type}/{at}").into());
        members.insert("/occurred_at".to_owned(), now.as_str().into());
        entries.push(own_entry(entry_type, members, ledger.keys()));
    }
    for answer in ledger.queue()?.append_blocking(entries, true)? {
        answer.outcome?;
    }
    Ok(())
}

fn read_file<T>(folder: &Folder, path: &Path, parse: impl Fn(&str) -> Result<T, TomlFaults>) -> Result<Option<T>, AdoptionError> {
    let Some(text) = folder.read_text(path)? else { return Ok(None) };
    parse(&text).map(Some).map_err(|faults| AdoptionError::File { path: path.to_owned(), faults })
}

fn read_issuers(folder: &Folder) -> Result<Vec<TrustedIssuer>, AdoptionError> {
    let terms = read_file(folder, &folder.issuers_file(), parse_issuers)?.unwrap_or_default();
    terms.into_iter().map(|terms| read_issuer(folder, terms)).collect()
}

fn read_issuer(folder: &Folder, terms: IssuerTerms) -> Result<TrustedIssuer, AdoptionError> {
    let IssuerTerms { issuer, audience, jwks_path } = terms;
    let path = folder.root().join(jwks_path);
    match folder.read_text(&path)?.as_deref().map(Jwks::parse) {
        None => Err(AdoptionError::NoKeySet { issuer, path }),
        Some(Err(source)) => Err(AdoptionError::KeySet { issuer, path, source }),
        Some(Ok(jwks)) => Ok(TrustedIssuer { issuer, jwks, audience }),
    }
}

fn newest(ledger: &Ledger, entry_type: &str) -> Result<Option<OpenedEntry>, ReadError> {
    let before = ledger.size().next_index();
    ledger.read(|rows| match rows.newest_of(entry_type, before)? {
        None => Ok(None),
        Some(index) => open_entry(rows, index),
    })
}

fn newest_of_issuer(ledger: &Ledger, issuer: &str) -> Result<Option<OpenedEntry>, ReadError> {
    ledger.read(|rows| {
        for index in rows.all_of(ISSUER_TRUSTED)?.into_iter().rev() {
            let opened = open_entry(rows, index)?;
            if opened.as_ref().and_then(|entry| entry.text("/issuer")) == Some(issuer) {
                return Ok(opened);
            }
        }
        Ok(None)
    })
}

fn version(adopted: Option<&OpenedEntry>) -> Option<String> {
    adopted.and_then(|entry| entry.text(VERSION)).map(str::to_owned)
}
