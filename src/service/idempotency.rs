//! The manner of `Idempotency-Key` (API.md): a request sent again is answered again, not done again. It does not know what an
//! HTTP request is: who calls hands over the scope, a fingerprint, and the answer once there is one.
//!
//! What still runs is known to this process alone, so that a process that died leaves nothing locked. Answers outlive it in
//! `service.db`; one thread writes them, all that wait in one transaction, because each would wait for the disk alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use tokio::sync::oneshot;

use crate::store::connection::StoreError;
use crate::store::idempotency_answers::{AnswerKey, MAX_ANSWER_BYTES, NewAnswer, StoredAnswer, StoredBody};
use crate::store::service_db::ServiceDb;
use crate::tlog::hash::keyed_hash;
use crate::tlog::time::Timestamp;

/// How long an answer is kept, in milliseconds: 24 hours.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Shortest key, in characters.
pub const MIN_KEY_CHARACTERS: usize = 8;
/// Longest key, in characters.
pub const MAX_KEY_CHARACTERS: usize = 255;
/// Most answers written in one transaction.
const MAX_BATCH: usize = 1024;

/// A key of 8 to 255 visible ASCII characters, as its sender means it: without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// From a header's value, quoted (a structured field's string) or bare.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim_matches(' ');
        let key = match value.strip_prefix('"') {
            Some(rest) => unquoted(rest.strip_suffix('"')?)?,
            None => value.to_owned(),
        };
        let is_visible = key.bytes().all(|b| b.is_ascii_graphic());
        ((MIN_KEY_CHARACTERS..=MAX_KEY_CHARACTERS).contains(&key.len()) && is_visible).then_some(Self(key))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 9651 section 3.3.3: within quotes only `\"` and `\\` are escaped, and a quote must be.
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    Some(key)
}

/// Which request a key belongs to: keys of different credentials, methods or paths are different keys.
pub fn answer_key(secret: &[u8; 32], credential_id: &str, method: &str, path: &str, key: &IdempotencyKey) -> AnswerKey {
    let parts: [&[u8]; 5] = [b"onus idempotency key v1", credential_id.as_bytes(), method.as_bytes(), path.as_bytes(), key.0.as_bytes()];
    AnswerKey(*keyed_hash(secret, &parts).first_chunk().expect("16 of 32 bytes"))
}

/// The fingerprint of a request: what must be the same for it to count as sent again. Keyed, because bodies can be guessed.
pub fn fingerprint(key: &[u8; 32], query: &str, body: &[u8]) -> [u8; 32] {
    keyed_hash(key, &[b"onus idempotency fingerprint v1", query.as_bytes(), body])
}

/// What to do with a request that carries a key.
pub enum Begin {
    /// Do it, then finish the permit.
    Run(Permit),
    /// It was done: answer the same again.
    Replay(StoredAnswer),
    /// The key was used with another body.
    Conflict,
    /// The same request is being worked on.
    InFlight,
}

/// Requests that carry a key: those at work, and those answered.
#[derive(Clone)]
pub struct Idempotency {
    shared: Arc<Shared>,
}

struct Shared {
    db: Arc<ServiceDb>,
    at_work: Mutex<HashMap<AnswerKey, [u8; 32]>>,
    keeper: mpsc::Sender<Waiting>,
}

/// An answer on its way to the disk.
struct Waiting {
    answer: NewAnswer,
    /// Told once it is kept, or cannot be.
    outcome: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

/// Leave to do the work of one request. Dropped without an answer, the key is free again.
pub struct Permit {
    shared: Arc<Shared>,
    key: AnswerKey,
    fingerprint: [u8; 32],
}

/// An answer that is being kept. The key is given back with it, whether anybody waits or not.
pub struct Keeping {
    outcome: oneshot::Receiver<Result<(), Arc<StoreError>>>,
    /// Until the answer is kept, the same request is one that still runs.
    _permit: Permit,
}

/// Why an answer was not kept. The work is done all the same, and its answer goes out.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The file refused.
    #[error("the answer could not be kept")]
    Store(#[source] Arc<StoreError>),
    /// Only answers that cannot be made again from entries can be too large.
    #[error("the answer has {bytes} bytes, at most {MAX_ANSWER_BYTES} are kept")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The thread that keeps them has ended: only a panic of its own does that.
    #[error("the thread that keeps answers is gone")]
    KeeperGone,
}

impl Idempotency {
    /// Answers are kept in `db`.
    pub fn new(db: Arc<ServiceDb>) -> Self {
        let (keeper, answers) = mpsc::channel();
        let kept_in = Arc::clone(&db);
        std::thread::Builder::new()
            .name("answers".to_owned())
            .spawn(move || keep_answers(&kept_in, &answers))
            .expect("a process that cannot start a thread cannot serve");
        Self { shared: Arc::new(Shared { db, at_work: Mutex::default(), keeper }) }
    }

    /// Begins the request, unless it has been begun before. Reads the file: not for a thread that must not wait.
    pub fn begin(&self, key: AnswerKey, fingerprint: [u8; 32], now: Timestamp) -> Result<Begin, StoreError> {
        match held(&self.shared.at_work).entry(key) {
            MapEntry::Occupied(running) if *running.get() == fingerprint => return Ok(Begin::InFlight),
            MapEntry::Occupied(_) => return Ok(Begin::Conflict),
            MapEntry::Vacant(place) => place.insert(fingerprint),
        };
        // From here on the key is ours, and the permit gives it back. The file is read only now: whoever finished before had
        // written its answer before it gave the key back.
        let permit = Permit { shared: Arc::clone(&self.shared), key, fingerprint };
        Ok(match self.shared.db.answer(&permit.key, now)? {
            None => Begin::Run(permit),
            Some((before, answer)) if before == fingerprint => Begin::Replay(answer),
            Some(_) => Begin::Conflict,
        })
    }
}

impl Permit {
    /// Keeps a final answer for the next 24 hours, then gives the key back; `None` if the answer is not final, and not kept.
    pub fn finish(self, answer: StoredAnswer, now: Timestamp) -> Result<Option<Keeping>, NotKept> {
        if !is_final(answer.status) {
            return Ok(None);
        }
        let bytes = match &answer.body {
            StoredBody::Whole(bytes) | StoredBody::FromEntries { recipe: bytes, .. } => bytes.len(),
        };
        if bytes > MAX_ANSWER_BYTES {
            return Err(NotKept::TooLarge { bytes });
        }
        let expires_at = now.plus_ms(KEPT_MS).unwrap_or(now);
        let answer = NewAnswer { key: self.key, fingerprint: self.fingerprint, answer, created_at: now, expires_at };
        let (told, outcome) = oneshot::channel();
        self.shared.keeper.send(Waiting { answer, outcome: told }).map_err(|_| NotKept::KeeperGone)?;
        Ok(Some(Keeping { outcome, _permit: self }))
    }
}

impl Keeping {
    /// Waits until it is kept.
    pub async fn kept(self) -> Result<(), NotKept> {
        self.outcome.await.map_err(|_| NotKept::KeeperGone)?.map_err(NotKept::Store)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        held(&self.shared.at_work).remove(&self.key);
    }
}

/// Whether asking again could not change the answer. A 403 that waits for a human is told apart by whoever calls: it drops the
/// permit.
pub const fn is_final(status: u16) -> bool {
    !matches!(status, 401 | 429 | 500..)
}

/// Writes all that wait in one transaction, until nobody can finish a request any more.
fn keep_answers(db: &ServiceDb, answers: &mpsc::Receiver<Waiting>) {
    while let Ok(first) = answers.recv() {
        let (new, told): (Vec<_>, Vec<_>) =
            std::iter::once(first).chain(answers.try_iter().take(MAX_BATCH - 1)).map(|waiting| (waiting.answer, waiting.outcome)).unzip();
        let outcome = db.keep_answers(&new).map_err(Arc::new);
        for waiting in told {
            // Whoever has hung up does not need to know.
            let _ = waiting.send(outcome.clone());
        }
    }
}

/// Nothing behind this lock is left half done by a panic: it is changed in one step.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::position::LeafIndex;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap()
    }

    fn key(text: &str) -> AnswerKey {
        key_at("/v1/actions", text)
    }

    fn key_at(path: &str, text: &str) -> AnswerKey {
        answer_key(&[7; 32], "c1", "POST", path, &IdempotencyKey(text.to_owned()))
    }

    fn keep(permit: Permit, answer: StoredAnswer, at: Timestamp) -> Result<(), NotKept> {
        let Some(keeping) = permit.finish(answer, at)? else { return Ok(()) };
        keeping.outcome.blocking_recv().unwrap().map_err(NotKept::Store)
    }

    fn answer(status: u16) -> StoredAnswer {
        StoredAnswer {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: StoredBody::Whole(b"{\"data\":1}".to_vec()),
        }
    }

    fn permit(begin: Begin) -> Permit {
        match begin {
            Begin::Run(permit) => permit,
            Begin::Replay(_) | Begin::Conflict | Begin::InFlight => panic!("expected to run"),
        }
    }

    #[test]
    fn keys_are_read_quoted_or_bare() {
        for (value, expected) in [
            ("refund-W59", Some("refund-W59")),
            ("\"refund-W59\"", Some("refund-W59")),
            (r#""refund\"W59""#, Some("refund\"W59")),
            ("\"refund\"W59\"", None),
            ("\"refund-W59", None),
            ("1234567", None),
            ("12345 678", None),
            ("žžžžžžžž", None),
        ] {
            assert_eq!(IdempotencyKey::parse(value).as_ref().map(IdempotencyKey::as_str), expected, "{value}");
        }
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_some());
        assert!(IdempotencyKey::parse(&"k".repeat(256)).is_none());
    }

    #[test]
    fn an_answer_is_replayed_for_24_hours_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.db");
        let open = || Idempotency::new(Arc::new(ServiceDb::open(&path).unwrap()));
        let idempotency = open();
        let running = permit(idempotency.begin(key("k1"), [1; 32], now()).unwrap());
        assert!(matches!(idempotency.begin(key("k1"), [1; 32], now()).unwrap(), Begin::InFlight));
        assert!(matches!(idempotency.begin(key("k1"), [2; 32], now()).unwrap(), Begin::Conflict));
        assert!(matches!(idempotency.begin(key_at("/v1/other", "k1"), [2; 32], now()).unwrap(), Begin::Run(_)));
        keep(running, answer(201), now()).unwrap();
        drop(idempotency);

        let idempotency = open();
        let last = now().plus_ms(KEPT_MS - 1).unwrap();
        assert!(matches!(idempotency.begin(key("k1"), [1; 32], last).unwrap(), Begin::Replay(kept) if kept == answer(201)));
        assert!(matches!(idempotency.begin(key("k1"), [2; 32], last).unwrap(), Begin::Conflict));
        let over = now().plus_ms(KEPT_MS).unwrap();
        keep(permit(idempotency.begin(key("k1"), [2; 32], over).unwrap()), answer(422), over).unwrap();
        assert!(matches!(idempotency.begin(key("k1"), [2; 32], over).unwrap(), Begin::Replay(kept) if kept == answer(422)));
    }

    #[test]
    fn what_may_succeed_later_frees_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let idempotency = Idempotency::new(Arc::new(ServiceDb::open(&folder.path().join("service.db")).unwrap()));
        for status in [401, 429, 500, 503] {
            keep(permit(idempotency.begin(key("k"), [1; 32], now()).unwrap()), answer(status), now()).unwrap();
        }
        drop(permit(idempotency.begin(key("k"), [1; 32], now()).unwrap()));
        let large = StoredAnswer { body: StoredBody::Whole(vec![b'x'; MAX_ANSWER_BYTES + 1]), ..answer(200) };
        let refused = keep(permit(idempotency.begin(key("k"), [1; 32], now()).unwrap()), large, now());
        assert!(matches!(refused, Err(NotKept::TooLarge { bytes: 65_537 })));
        keep(permit(idempotency.begin(key("k"), [3; 32], now()).unwrap()), answer(409), now()).unwrap();
        assert!(matches!(idempotency.begin(key("k"), [3; 32], now()).unwrap(), Begin::Replay(_)));
    }

    #[test]
    fn of_twenty_at_once_one_runs_and_all_who_finish_together_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let idempotency = Idempotency::new(Arc::new(ServiceDb::open(&folder.path().join("service.db")).unwrap()));
        let (started, ready) = (std::sync::Barrier::new(20), std::sync::Barrier::new(20));
        let runs: usize = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..20)
                .map(|i: u8| {
                    let (idempotency, started, ready) = (&idempotency, &started, &ready);
                    scope.spawn(move || {
                        started.wait();
                        let shared = idempotency.begin(key("shared"), [1; 32], now()).unwrap();
                        ready.wait();
                        let ran = match shared {
                            Begin::Run(permit) => keep(permit, answer(201), now()).map(|()| 1).unwrap(),
                            Begin::InFlight => 0,
                            Begin::Replay(_) | Begin::Conflict => panic!("nothing had finished"),
                        };
                        keep(permit(idempotency.begin(key(&format!("own-{i}")), [i; 32], now()).unwrap()), answer(201), now()).unwrap();
                        ran
                    })
                })
                .collect();
            tasks.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(runs, 1);
        for i in 0..20 {
            let begun = idempotency.begin(key(&format!("own-{i}")), [i; 32], now()).unwrap();
            assert!(matches!(begun, Begin::Replay(_)), "own-{i}");
        }
    }

    #[test]
    fn answers_made_from_an_entry_go_when_one_of_its_members_is_erased() {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(ServiceDb::open(&folder.path().join("service.db")).unwrap());
        let idempotency = Idempotency::new(Arc::clone(&db));
        let index = |i| LeafIndex::new(i).unwrap();
        let from_entries =
            StoredAnswer { body: StoredBody::FromEntries { indexes: vec![index(9), index(5)], recipe: b"req_1".to_vec() }, ..answer(200) };
        keep(permit(idempotency.begin(key("batch"), [1; 32], now()).unwrap()), from_entries.clone(), now()).unwrap();
        assert_eq!(db.forget_answers_of(index(7)).unwrap(), 0, "7 lies between, but is not among them");
        assert!(matches!(idempotency.begin(key("batch"), [1; 32], now()).unwrap(), Begin::Replay(kept) if kept == from_entries));
        assert_eq!(db.forget_answers_of(index(5)).unwrap(), 1);
        assert!(matches!(idempotency.begin(key("batch"), [2; 32], now()).unwrap(), Begin::Run(_)));
    }
}
