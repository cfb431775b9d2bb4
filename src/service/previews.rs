//! What revoking a delegation would reach, told before it is done. The token of a preview carries all that is remembered of it,
//! under a MAC: nothing is stored, and a restart forgets nothing.
//!
//! A preview is a look, not a lock: what is granted between the check and the commit is revoked with the rest.

use std::cell::RefCell;

use crate::domain::chain::Chain;
use crate::domain::credential::Caller;
use crate::domain::delegation::Delegation;
use crate::domain::ids::{AgentId, DelegationId};
use crate::domain::past::{Past as _, Recorded};
use crate::domain::standing::{Standing, standing};
use crate::service::ledger::Ledger;
use crate::service::opened::{ReadError, open_entry};
use crate::service::past::{LedgerPast, PastCache};
use crate::service::walker::head_index;
use crate::store::derived::{DelegationNo, DelegationPlace};
use crate::store::rows::Rows;
use crate::tlog::hash::{from_base64url, keyed_hash, to_base64url};
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// Delegations that may be affected without a preview.
pub const MAX_UNSEEN: u64 = 20;
/// Delegations named in a preview; the count says how many there are.
pub const SAMPLE: usize = 10;
/// How long a preview may be acted on, in milliseconds.
pub const PREVIEW_MS: i64 = 10 * 60 * 1000;

/// The first byte of every token; a new form takes the next number.
const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
/// Children read at a time.
const PAGE: u64 = 500;

/// Whether a revocation reaches what hangs below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It and all below it.
    Cascade,
    /// Only itself, and what was passed on from it when it was dead already.
    Alone,
}

impl Reach {
    /// As the event says; absent means that it cascades.
    pub fn of(event: &Value) -> Self {
        if event.member("cascade") == Some(&Value::Bool(false)) { Self::Alone } else { Self::Cascade }
    }
}

/// A delegation that would end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Which.
    pub delegation_id: DelegationId,
    /// Who would lose it.
    pub agent_id: AgentId,
    /// When it would have ended anyway.
    pub expires_at: Timestamp,
}

/// What somebody looks at before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Names this look when it is acted on.
    pub token: String,
    /// How many delegations that still hold, or may come to hold, would end.
    pub affected_count: u64,
    /// The first of them, at most [`SAMPLE`].
    pub affected_sample: Vec<Affected>,
    /// Until when the token is taken.
    pub expires_at: Timestamp,
}

/// Why what was looked at is not what would be done.
#[derive(Debug, thiserror::Error)]
pub enum PreviewRefusal {
    /// Nobody looked.
    #[error("more than {MAX_UNSEEN} delegations would end: preview first, then send its preview_token")]
    Required,
    /// No preview of this request has such a token.
    #[error("preview_token names no preview of this revocation by this credential")]
    NotFound,
    /// Too long ago.
    #[error("the preview could be acted on until {at}")]
    Expired {
        /// When it ended.
        at: Timestamp,
    },
    /// More is affected now.
    #[error("{added_count} delegations were added since the preview; {affected_count} would end now")]
    Stale {
        /// How many would end now.
        affected_count: u64,
        /// How many of them were not in the preview.
        added_count: u64,
        /// The first of those, at most [`SAMPLE`].
        added_sample: Vec<Affected>,
    },
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Makes previews and checks them.
pub struct Previews<'l> {
    ledger: &'l Ledger,
    key: [u8; 32],
    now: Timestamp,
}

/// What a token says.
struct Seen {
    expires_at: Timestamp,
    /// The ledger's size when somebody looked.
    size: u64,
}

impl<'l> Previews<'l> {
    /// As of `now`.
    pub fn new(ledger: &'l Ledger, now: Timestamp) -> Self {
        Self { ledger, key: keyed_hash(ledger.credentials().key().as_bytes(), &[b"previews"]), now }
    }

    /// Looks at what a revocation would end.
    pub fn preview(&self, caller: &Caller, id: &DelegationId, reach: Reach) -> Result<Preview, PreviewRefusal> {
        let (survey, size) = self.survey(id, reach, None, None)?;
        let expires_at = self.now.plus_ms(PREVIEW_MS).unwrap_or(self.now);
        let token = self.seal(caller, id, reach, &Seen { expires_at, size: size.get() });
        Ok(Preview { token, affected_count: survey.affected.count, affected_sample: survey.affected.sample, expires_at })
    }

    /// Whether that may be done. A token that is given counts, however little is affected; where nothing is left to end (a
    /// revocation sent again), there was nothing to look at.
    pub fn check(&self, caller: &Caller, id: &DelegationId, reach: Reach, token: Option<&str>) -> Result<(), PreviewRefusal> {
        let Some(token) = token else {
            let (survey, _) = self.survey(id, reach, None, Some(MAX_UNSEEN + 1))?;
            return if survey.affected.count > MAX_UNSEEN { Err(PreviewRefusal::Required) } else { Ok(()) };
        };
        let seen = self.open(caller, id, reach, token);
        let (survey, _) = self.survey(id, reach, seen.as_ref().map(|s| s.size), None)?;
        if survey.affected.count == 0 {
            return Ok(());
        }
        let seen = seen.ok_or(PreviewRefusal::NotFound)?;
        if seen.expires_at <= self.now {
            return Err(PreviewRefusal::Expired { at: seen.expires_at });
        }
        if survey.added.count > 0 {
            let (affected_count, added) = (survey.affected.count, survey.added);
            return Err(PreviewRefusal::Stale { affected_count, added_count: added.count, added_sample: added.sample });
        }
        Ok(())
    }

    fn survey(&self, id: &DelegationId, reach: Reach, seen: Option<u64>, enough: Option<u64>) -> Result<(Survey, LeafIndex), ReadError> {
        self.ledger.read(|rows| {
            let end = head_index(rows)?;
            let mut survey = Survey { seen: seen.unwrap_or(u64::MAX), enough: enough.unwrap_or(u64::MAX), ..Survey::default() };
            if let Some(place) = rows.delegation_no(id)?.map(|no| rows.delegation(no)).transpose()?.flatten() {
                survey.run(rows, end, place, reach, self.now)?;
            }
            Ok((survey, end))
        })
    }

    fn seal(&self, caller: &Caller, id: &DelegationId, reach: Reach, seen: &Seen) -> String {
        let said = [seen.expires_at.micros().to_be_bytes(), seen.size.to_be_bytes()].concat();
        to_base64url(&[&[VERSION], &self.mac(caller, id, reach, &said)[..], &said].concat())
    }

    fn open(&self, caller: &Caller, id: &DelegationId, reach: Reach, token: &str) -> Option<Seen> {
        let bytes = from_base64url(token).filter(|bytes| bytes.len() == 1 + MAC_BYTES + 16)?;
        let (mac, said) = bytes.strip_prefix(&[VERSION])?.split_at_checked(MAC_BYTES)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&self.mac(caller, id, reach, said)[..], mac)) {
            return None;
        }
        let (expires_at, size) = said.split_at_checked(8)?;
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(expires_at.try_into().ok()?))?;
        Some(Seen { expires_at, size: u64::from_be_bytes(size.try_into().ok()?) })
    }

    fn mac(&self, caller: &Caller, id: &DelegationId, reach: Reach, said: &[u8]) -> [u8; MAC_BYTES] {
        let cascade = [u8::from(reach == Reach::Cascade)];
        let parts = [
            b"onus preview v1",
            &b"delegation.revoked"[..],
            caller.credential_id.as_str().as_bytes(),
            id.as_str().as_bytes(),
            &cascade,
            said,
        ];
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&keyed_hash(&self.key, &parts)[..MAC_BYTES]);
        mac
    }
}

/// Delegations, counted, the first few named.
#[derive(Default)]
struct Tally {
    count: u64,
    sample: Vec<Affected>,
}

impl Tally {
    fn add(&mut self, delegation: &Delegation) {
        self.count += 1;
        if self.sample.len() < SAMPLE {
            let Delegation { delegation_id, agent_id, expires_at, .. } = delegation;
            self.sample.push(Affected { delegation_id: delegation_id.clone(), agent_id: agent_id.clone(), expires_at: *expires_at });
        }
    }
}

/// One look over a delegation and what hangs below it.
#[derive(Default)]
struct Survey {
    /// Entries from here on were not there at the earlier look.
    seen: u64,
    /// Where counting may stop.
    enough: u64,
    affected: Tally,
    added: Tally,
}

impl Survey {
    fn run(&mut self, rows: Rows<'_>, end: LeafIndex, top: DelegationPlace, reach: Reach, now: Timestamp) -> Result<(), ReadError> {
        let cache = RefCell::new(PastCache::default());
        let past = LedgerPast::as_of(rows, &cache, end, end);
        // A late link brings old delegations into the set: what hangs below an entry that is new is new.
        let mut waiting = vec![(top, top.index.get() >= self.seen)];
        while let Some((place, is_added)) = waiting.pop() {
            if self.affected.count >= self.enough {
                break;
            }
            let delegation = granted(rows, &past, place)?;
            let chain = Chain::resolve(&past, &delegation.what.delegation_id)?;
            if !matches!(standing(&chain, now), Standing::Expired { .. } | Standing::Revoked { .. }) {
                self.affected.add(&delegation.what);
                if is_added {
                    self.added.add(&delegation.what);
                }
            }
            if reach == Reach::Cascade {
                let seen = self.seen;
                each_child(rows, place.no, |child| {
                    if child.no != top.no {
                        waiting.push((child, is_added || child.index.get() >= seen));
                    }
                })?;
            }
        }
        Ok(())
    }
}

fn granted(rows: Rows<'_>, past: &LedgerPast<'_>, place: DelegationPlace) -> Result<std::sync::Arc<Recorded<Delegation>>, ReadError> {
    let id = open_entry(rows, place.index)?.and_then(|entry| entry.text("/delegation_id").and_then(DelegationId::parse));
    let delegation = id.map(|id| past.delegation(&id)).transpose()?.flatten();
    delegation
        .ok_or_else(|| ReadError::Damaged { index: place.index, reason: "it should grant a delegation: run `onus reindex`".to_owned() })
}

fn each_child(rows: Rows<'_>, of: DelegationNo, mut each: impl FnMut(DelegationPlace)) -> Result<(), ReadError> {
    let mut after = None;
    loop {
        let children = rows.children(of, after, PAGE)?;
        let Some(last) = children.last() else { return Ok(()) };
        after = Some(last.no);
        children.into_iter().for_each(&mut each);
    }
}
