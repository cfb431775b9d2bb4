//! Making a ledger: its folder, its keys, entry 0, and the one credential from which all others come.

use std::sync::Arc;

use crate::domain::credential::{PermissionSet, PlainToken};
use crate::domain::credential_terms::CredentialTerms;
use crate::domain::delegation::CallerClass;
use crate::domain::event::Members;
use crate::service::clock::Clock;
use crate::service::credentials::{SecretKey, issue_event};
use crate::service::derivation::{own_entry, own_report};
use crate::service::folder::{Folder, FolderError, random_32};
use crate::service::high_water::MarkFile;
use crate::service::log_keys::LogKeys;
use crate::service::opened::ReadError;
use crate::service::pending::{EventKeys, PendingEntry};
use crate::service::publisher::{Publisher, PublisherParts, VerifiedEdge};
use crate::service::queue::{Queue, WriteFailure, WriterState};
use crate::service::sequencer::{Sequencer, SequencerParts};
use crate::store::batch::LedgerWriter;
use crate::store::connection::StoreError;
use crate::store::reader::ReadPool;
use crate::tlog::entry::Origin;
use crate::tlog::hash::RootHash;
use crate::tlog::json::Value;
use crate::tlog::jwk::jwk;
use crate::tlog::key::SigningKey;
use crate::tlog::position::TreeSize;
use crate::tlog::vkey::{KeyName, NoteSigner, Vkey};

/// How long an entry may wait for its checkpoint, in seconds: what entry 0 promises (FORMAT.md section 6, item 7).
pub const MAX_PUBLICATION_SECONDS: u32 = 60;

/// The member of entry 0 that holds the public export key, as a JWK.
pub const EXPORT_KEY: &str = "/export_key";
/// The member of entry 0 that says where the ledger is reached.
pub const BASE_URL: &str = "/base_url";

/// What `onus init` is told.
#[derive(Clone, Debug)]
pub struct NewLedger {
    /// The unique name of the ledger.
    pub origin: Origin,
    /// Where people and agents will reach it.
    pub base_url: String,
    /// Where the high-water mark lies.
    pub mark_file: std::path::PathBuf,
}

/// What entry 0 of a new epoch says of the ledger it goes on after (FORMAT.md section 10): the last head that anyone can prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Its name.
    pub origin: Origin,
    /// How many entries the checkpoint covers.
    pub size: TreeSize,
    /// The root over them.
    pub root: RootHash,
    /// The signed note, verbatim.
    pub checkpoint: String,
    /// Why it is not written any more.
    pub reason: String,
}

/// What `onus init` answers. The token is shown this once.
#[derive(Debug)]
pub struct Created {
    /// Pins the ledger's key, for whoever verifies.
    pub vkey: Vkey,
    /// A service credential with every permission.
    pub admin_token: PlainToken,
}

/// Why no ledger was made.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store, reading back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first entries could not be written.
    #[error("the first entries could not be written")]
    Write(#[from] WriteFailure),
    /// The high-water mark could not be made.
    #[error("the high-water mark {path} could not be made")]
    Mark {
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The origin cannot name a key.
    #[error("the origin cannot be the name of a key: no '+' and no white space")]
    Origin,
    /// The first checkpoint could not be signed.
    #[error("the first checkpoint could not be signed")]
    Checkpoint,
}

/// Makes the folder, the keys, entry 0, the admin credential and the first checkpoint.
pub fn create(folder: &Folder, new: &NewLedger, clock: &Arc<dyn Clock>) -> Result<Created, GenesisError> {
    create_after(folder, new, None, clock)
}

/// The same for a new epoch: a ledger that goes on where another one cannot.
pub fn create_after(
    folder: &Folder,
    new: &NewLedger,
    predecessor: Option<&Predecessor>,
    clock: &Arc<dyn Clock>,
) -> Result<Created, GenesisError> {
    let name = KeyName::parse(new.origin.as_str()).ok_or(GenesisError::Origin)?;
    folder.create()?;
    let log_key = SigningKey::from_seed(&random_32());
    let export_key = SigningKey::from_seed(&random_32());
    let (event_key, secret_key) = (random_32(), random_32());
    folder.write_secret(&folder.log_key_file(), log_key.to_pem().as_bytes())?;
    folder.write_secret(&folder.export_key_file(), export_key.to_pem().as_bytes())?;
    folder.write_secret(&folder.event_key_file(), &event_key)?;
    folder.write_secret(&folder.secret_key_file(), &secret_key)?;
    let signer = NoteSigner::new(name, log_key);
    let vkey = signer.vkey().clone();
    let keys = EventKeys::new(event_key);

    let now = clock.now();
    let mut members = created_members(new, &vkey, &export_key, now.to_string());
    members.extend(predecessor.map(|before| ("/predecessor".to_owned(), predecessor_member(before))));
    let first = own_entry("ledger.created", members, &keys);
    let terms = CredentialTerms {
        name: "admin".to_owned(),
        class: CallerClass::Service,
        permissions: PermissionSet::all(),
        agent_id: None,
        reports_for: vec!["*".to_owned()],
        grants_for: vec!["*".to_owned()],
        owner: None,
        expires_at: None,
    };
    let issued = issue_event(&terms, &SecretKey::new(secret_key), now);
    let second =
        PendingEntry::new(issued.event, own_report(), Vec::new(), &keys).expect("the ledger's own members are cut as FORMAT.md says");
    write_first(folder, new, clock, signer, keys, vec![first, second])?;
    Ok(Created { vkey, admin_token: issued.token })
}

fn created_members(new: &NewLedger, vkey: &Vkey, export_key: &SigningKey, now: String) -> Members {
    [
        (BASE_URL, new.base_url.as_str().into()),
        ("/event_id", "ledger.created".into()),
        (EXPORT_KEY, jwk(&export_key.public_key())),
        ("/format", Value::from(1)),
        ("/log_key", vkey.to_string().into()),
        ("/max_publication_seconds", Value::from(MAX_PUBLICATION_SECONDS)),
        ("/occurred_at", now.into()),
        ("/origin", new.origin.as_str().into()),
        ("/rp_id", relying_party(&new.base_url).into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn predecessor_member(before: &Predecessor) -> Value {
    let size = Value::parse(before.size.to_string().as_bytes()).expect("a size is a number that JSON holds exactly");
    Value::object([
        ("checkpoint", before.checkpoint.as_str().into()),
        ("origin", before.origin.as_str().into()),
        ("reason", before.reason.as_str().into()),
        ("root", before.root.to_base64().into()),
        ("size", size),
    ])
}

/// The host of the base URL: what passkeys will be bound to.
fn relying_party(base_url: &str) -> &str {
    let authority = base_url.split_once("://").map_or(base_url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// The first entries go the way of all others: through the sequencer and under a checkpoint.
fn write_first(
    folder: &Folder,
    new: &NewLedger,
    clock: &Arc<dyn Clock>,
    signer: NoteSigner,
    keys: EventKeys,
    entries: Vec<PendingEntry>,
) -> Result<(), GenesisError> {
    let mark = MarkFile::open(&new.mark_file).map_err(|source| GenesisError::Mark { path: new.mark_file.display().to_string(), source })?;
    let sync = mark.try_clone().map_err(|source| GenesisError::Mark { path: new.mark_file.display().to_string(), source })?;
    let _lock = folder.lock()?;
    let mut writer = LedgerWriter::open(&folder.ledger_file())?;
    let mut batch = writer.begin()?;
    batch.create_head(new.origin.as_str())?;
    batch.commit()?;
    let head = writer.rows().head()?.ok_or_else(|| StoreError::Unusable("the head was not kept".to_owned()))?;
    let (heads, head_seen) = tokio::sync::watch::channel(head);
    let (state, _) = tokio::sync::watch::channel(WriterState::Writing);
    let (queue, commands) = Queue::new();
    let (tile_edges, _) = tokio::sync::watch::channel(Arc::default());
    let parts = SequencerParts { writer, keys, clock: Arc::clone(clock), mark, heads, tile_edges, bells: Vec::new(), state: state.clone() };
    let sequencer = Sequencer::new(parts)?;
    let thread = std::thread::spawn(move || sequencer.run(commands));
    let written = queue.append_blocking(entries, true);
    let (released, release) = tokio::sync::watch::channel(None);
    let is_signed = written.is_ok() && {
        let pool = Arc::new(ReadPool::new(&folder.ledger_file()));
        let parts = PublisherParts {
            pool,
            queue: queue.clone(),
            keys: Arc::new(LogKeys::of_new(signer)),
            mark: sync,
            origin: new.origin.clone(),
            verified: VerifiedEdge::default(),
            released,
            state,
        };
        let size = head_seen.borrow().size;
        Publisher::new(parts).publish(size)
    };
    drop(queue);
    // It ends when the queue is dropped; a panic in it shows as the missing checkpoint.
    let _ = thread.join();
    written?;
    if is_signed && release.borrow().is_some() { Ok(()) } else { Err(GenesisError::Checkpoint) }
}
