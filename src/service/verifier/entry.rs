//! One entry and its payload, looked at by themselves: what can be said without any other. Many are looked at at once, on two
//! threads, while a third reads on; nobody holds more than a few thousand.

use std::panic::resume_unwind;
use std::thread;

use crate::domain::event::Members;
use crate::service::opened::open_payload;
use crate::store::connection::StoreError;
use crate::store::inspection::StoredEntry;
use crate::store::rows::Rows;
use crate::tlog::entry::EntryHeader;
use crate::tlog::hash::{DocumentHash, LeafHash};
use crate::tlog::json::Value;
use crate::tlog::position::TreeSize;

/// Threads that open payloads; reading and hashing the tree takes a third.
const WORKERS: usize = 2;
/// Entries looked at at once.
const STEP_ENTRIES: u64 = 4_000;
/// Bytes of entries and payloads after which fewer are looked at at once.
const STEP_BYTES: usize = 16 << 20;

/// What one entry's rows say by themselves.
pub(super) struct Examined {
    /// The index it is stored under.
    pub(super) index: u64,
    /// The hash of its bytes, whatever they are.
    pub(super) leaf_hash: LeafHash,
    /// The header, or why the bytes are none.
    pub(super) header: Result<EntryHeader, String>,
    /// The payload.
    pub(super) payload: Payload,
}

/// What became of a payload.
pub(super) enum Payload {
    /// Every member opens. The contents that it names, in the order of its members.
    Opened(Vec<NamedContent>),
    /// Its seed is gone: an erasure must say why.
    Sealed,
    /// There is none.
    Lost,
    /// It is not what the entry commits to, or nothing at all.
    Wrong(String),
    /// Nobody knows what it should be: the header cannot be read.
    Unknown,
}

/// A content that an entry names.
pub(super) struct NamedContent {
    pub(super) hash: DocumentHash,
    pub(super) bytes: Option<u64>,
}

/// Hands over what is stored below `size`, in order.
pub(super) fn each_examined(
    rows: Rows<'_>,
    size: TreeSize,
    mut each: impl FnMut(Examined) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let read_from = |from: u64| rows.stored_entries(from, size, STEP_ENTRIES, STEP_BYTES);
    let mut step = read_from(0)?;
    while let Some(last) = step.last() {
        let after = last.index + 1;
        let (examined, following) = thread::scope(|scope| {
            let share = step.len().div_ceil(WORKERS);
            let workers: Vec<_> = step.chunks(share).map(|part| scope.spawn(|| part.iter().map(examine).collect::<Vec<_>>())).collect();
            let following = read_from(after);
            let examined: Vec<_> = workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|panic| resume_unwind(panic))).collect();
            (examined, following)
        });
        for one in examined {
            each(one)?;
        }
        step = following?;
    }
    Ok(())
}

fn examine(stored: &StoredEntry) -> Examined {
    let header = EntryHeader::parse(&stored.bytes).map_err(|e| e.to_string());
    let payload = match (&stored.payload, &header) {
        (Err(reason), _) => Payload::Wrong(reason.clone()),
        (Ok(None), _) => Payload::Lost,
        (Ok(Some(_)), Err(_)) => Payload::Unknown,
        (Ok(Some(payload)), Ok(_)) if payload.seed.is_none() => Payload::Sealed,
        (Ok(Some(payload)), Ok(_)) if payload.sealed.is_some() => Payload::Wrong("it has a seed and is sealed".to_owned()),
        (Ok(Some(payload)), Ok(header)) => match open_payload(header.payload, payload) {
            Ok((members, _)) => Payload::Opened(contents_of(&members)),
            Err(reason) => Payload::Wrong(reason),
        },
    };
    Examined { index: stored.index, leaf_hash: LeafHash::of(&stored.bytes), header, payload }
}

/// `content_sha256` and `content_bytes` of the trigger and of each document read, wherever the payload was cut (FORMAT.md section 3:
/// any cut will do).
fn contents_of(members: &Members) -> Vec<NamedContent> {
    let mut named = Vec::new();
    let mut add = |hash: Option<&Value>, bytes: Option<&Value>| {
        let hash = hash.and_then(Value::as_str).and_then(DocumentHash::parse_hex);
        let bytes = bytes.and_then(|bytes| bytes.to_canonical().parse().ok());
        named.extend(hash.map(|hash| NamedContent { hash, bytes }));
    };
    for (name, value) in members.iter().filter(|(name, _)| name.starts_with("/trigger") || name.starts_with("/context")) {
        match *name.split('/').skip(1).collect::<Vec<_>>() {
            ["trigger", "content_sha256"] | ["context", _, "content_sha256"] => {
                add(Some(value), members.get(&name.replace("content_sha256", "content_bytes")));
            }
            ["trigger"] | ["context", _] => add(value.member("content_sha256"), value.member("content_bytes")),
            ["context"] => {
                let Value::Array(documents) = value else { continue };
                for document in documents {
                    add(document.member("content_sha256"), document.member("content_bytes"));
                }
            }
            _ => {}
        }
    }
    named
}
