//! Credentials: issued as entries, read back from entries, checked against a keyed hash of their secret. The secret itself exists
//! in one answer and nowhere else.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use subtle::ConstantTimeEq as _;

use crate::domain::credential::{Caller, NamePattern, NotAuthenticated, Permission, PermissionSet, PlainToken, PresentedToken};
use crate::domain::credential_terms::CredentialTerms;
use crate::domain::delegation::CallerClass;
use crate::domain::event::{Event, Members};
use crate::domain::ids::{AgentId, CredentialId, Source};
use crate::service::derivation::own_event;
use crate::service::folder::random_32;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::store::rows::Rows;
use crate::tlog::hash::{from_base64url, keyed_hash, to_base64url, to_hex};
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// The type of the entry that issues a credential.
pub const CREDENTIAL_ISSUED: &str = "credential.issued";

/// Keys the hashes of secrets; lies outside the database.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// From the file in the data directory.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key itself, for the other keyed hashes of `service.db`.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Binds the credential's id, so that a hash cannot be moved to another credential.
    fn hash(&self, id: &CredentialId, secret: &PlainToken) -> [u8; 32] {
        keyed_hash(&self.0, &[b"credential", id.as_str().as_bytes(), secret.reveal().as_bytes()])
    }
}

/// A credential about to be issued: the event that says so, and the token that is shown this once.
pub struct Issued {
    /// Its id.
    pub credential_id: CredentialId,
    /// `credential.issued`.
    pub event: Event,
    /// `onus_<class>_<id>_<secret>`.
    pub token: PlainToken,
}

/// Draws id and secret. Nothing is valid before the event is an entry.
pub fn issue_event(terms: &CredentialTerms, key: &SecretKey, now: Timestamp) -> Issued {
    let id = to_hex(&random_32()[..8]);
    let credential_id = CredentialId::parse(&id).expect("16 characters");
    let secret = PlainToken::new(to_base64url(&random_32()));
    let hash = key.hash(&credential_id, &secret);
    let texts = |list: &[String]| Value::Array(list.iter().map(|t| Value::from(t.as_str())).collect());
    let mut members: Members = [
        ("/class", Value::from(terms.class.as_str())),
        ("/credential_id", id.as_str().into()),
        ("/event_id", format!("{CREDENTIAL_ISSUED}/{id}").into()),
        ("/grants_for", texts(&terms.grants_for)),
        ("/name", terms.name.as_str().into()),
        ("/occurred_at", now.to_string().into()),
        ("/owner", terms.source().as_str().into()),
        ("/permissions", Value::Array(terms.permissions.iter().map(|p| p.as_str().into()).collect())),
        ("/reports_for", texts(&terms.reports_for)),
        ("/secret_hash", to_base64url(&hash).into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(agent_id) = &terms.agent_id {
        members.insert("/agent_id".to_owned(), agent_id.as_str().into());
    }
    if let Some(expires_at) = terms.expires_at {
        members.insert("/expires_at".to_owned(), expires_at.to_string().into());
    }
    let token = PlainToken::new(format!("onus_{}_{id}_{}", terms.class.as_str(), secret.reveal()));
    Issued { credential_id, event: own_event(CREDENTIAL_ISSUED, members), token }
}

struct Credential {
    caller: Caller,
    expires_at: Option<Timestamp>,
    secret_hash: [u8; 32],
}

/// All credentials, in memory: authentication reads no file.
pub struct Credentials {
    key: SecretKey,
    known: RwLock<HashMap<CredentialId, Credential>>,
}

impl Credentials {
    /// Reads every `credential.issued` of the ledger.
    pub fn load(rows: Rows<'_>, key: SecretKey) -> Result<Self, ReadError> {
        let mut known = HashMap::new();
        for index in rows.all_of(CREDENTIAL_ISSUED)? {
            let opened = open_entry(rows, index)?.ok_or_else(|| not_one(index))?;
            let credential = Credential::from_entry(&opened).ok_or_else(|| not_one(index))?;
            known.insert(credential.caller.credential_id.clone(), credential);
        }
        Ok(Self { key, known: RwLock::new(known) })
    }

    /// The key of secrets.
    pub const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Takes a credential up, once its entry is durable.
    pub fn add(&self, opened: &OpenedEntry) -> Result<(), ReadError> {
        let credential = Credential::from_entry(opened).ok_or_else(|| not_one(opened.index))?;
        let id = credential.caller.credential_id.clone();
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, credential);
        Ok(())
    }

    /// Who presents that token. An unknown id and a wrong secret are not told apart, and take the same time.
    pub fn authenticate(&self, presented: &PresentedToken, now: Timestamp) -> Result<Caller, NotAuthenticated> {
        let hash = self.key.hash(&presented.id, &presented.secret);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let credential = known.get(&presented.id);
        let expected = credential.map_or(&[0; 32], |c| &c.secret_hash);
        let is_right = bool::from(hash.ct_eq(expected));
        let Some(credential) = credential.filter(|c| is_right && c.caller.class == presented.class) else {
            return Err(NotAuthenticated::Unknown);
        };
        if credential.expires_at.is_some_and(|end| end <= now) {
            return Err(NotAuthenticated::Expired);
        }
        Ok(credential.caller.clone())
    }
}

impl Credential {
    fn from_entry(opened: &OpenedEntry) -> Option<Self> {
        let class = CallerClass::parse(opened.text("/class")?)?;
        let permissions =
            texts(opened.members.get("/permissions"))?.iter().map(|p| Permission::parse(p)).collect::<Option<PermissionSet>>()?;
        let patterns = |name| texts(opened.members.get(name))?.iter().map(|p| NamePattern::parse(p)).collect::<Option<Vec<_>>>();
        Some(Self {
            caller: Caller {
                credential_id: CredentialId::parse(opened.text("/credential_id")?)?,
                class,
                source: Source::parse(opened.text("/owner")?)?,
                agent_id: opened.text("/agent_id").and_then(AgentId::parse),
                permissions,
                reports_for: patterns("/reports_for")?,
                grants_for: patterns("/grants_for")?,
                human: None,
            },
            expires_at: opened.text("/expires_at").map(|t| Timestamp::parse_rfc3339(t).ok_or(())).transpose().ok()?,
            secret_hash: from_base64url(opened.text("/secret_hash")?)?.try_into().ok()?,
        })
    }
}

fn texts(value: Option<&Value>) -> Option<Vec<&str>> {
    match value? {
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn not_one(index: LeafIndex) -> ReadError {
    ReadError::Damaged { index, reason: "it does not read as a credential".to_owned() }
}
