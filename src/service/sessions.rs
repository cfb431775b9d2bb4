//! How a person signs in without a password: a one-time link, exchanged for a cookie exactly once. Only keyed hashes of either
//! are kept; the token against forged forms is derived from the cookie and kept nowhere.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::domain::credential::PlainToken;
use crate::domain::ids::{CredentialId, PrincipalId};
use crate::domain::person::{HumanSession, Role};
use crate::store::connection::StoreError;
use crate::store::human_sessions::PersonRow;
use crate::store::service_db::ServiceDb;
use crate::tlog::hash::{from_base64url, keyed_hash, to_base64url};
use crate::tlog::time::Timestamp;

/// How long a session lasts, in milliseconds: a working day.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
/// Longest time a link may wait to be used, in milliseconds: 7 days.
pub const MAX_LINK_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Longest display name, in bytes.
pub const MAX_DISPLAY_NAME_BYTES: usize = 256;

/// Why there is no session or link.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file refused.
    #[error("sessions cannot be read or written")]
    Store(#[from] StoreError),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    Chance(getrandom::Error),
    /// A name or a time outside its bounds.
    #[error("{0}")]
    OutOfBounds(&'static str),
    /// What is stored is no person.
    #[error("the stored session of {0:?} cannot be read")]
    Damaged(String),
}

/// Links and sessions of people.
#[derive(Clone)]
pub struct Sessions {
    db: Arc<ServiceDb>,
    key: [u8; 32],
}

impl Sessions {
    /// Over `db`, hashing with `key`, which must not lie in the same file.
    pub fn new(db: Arc<ServiceDb>, key: [u8; 32]) -> Self {
        Self { db, key }
    }

    /// A token that signs `principal_id` in once, within `valid_ms`.
    pub fn make_link(
        &self,
        principal_id: &PrincipalId,
        display_name: &str,
        roles: &[Role],
        now: Timestamp,
        valid_ms: i64,
    ) -> Result<PlainToken, SessionError> {
        if display_name.is_empty() || display_name.len() > MAX_DISPLAY_NAME_BYTES {
            return Err(SessionError::OutOfBounds("a display name has 1 to 256 bytes"));
        }
        if !(1..=MAX_LINK_MS).contains(&valid_ms) {
            return Err(SessionError::OutOfBounds("a link is valid for at most 7 days"));
        }
        let expires_at = now.plus_ms(valid_ms).ok_or(SessionError::OutOfBounds("a link ends before the year 10000"))?;
        let (token, hash) = self.new_secret(b"onus link v1")?;
        let words: Vec<&str> = roles.iter().map(|r| r.as_str()).collect();
        let person =
            PersonRow { principal_id: principal_id.as_str().to_owned(), display_name: display_name.to_owned(), roles: words.join(" ") };
        self.db.add_link(&hash, &person, now, expires_at)?;
        Ok(token)
    }

    /// Exchanges a link's token for a session and the cookie that carries it. `None`: unknown, used before, or ended; which of
    /// them is nobody's business.
    pub fn redeem(&self, token: &str, now: Timestamp) -> Result<Option<(HumanSession, PlainToken)>, SessionError> {
        let Some(link_hash) = self.hash_of(b"onus link v1", token) else { return Ok(None) };
        let (cookie, cookie_hash) = self.new_secret(b"onus session v1")?;
        let expires_at = now.plus_ms(SESSION_MS).unwrap_or(now);
        let Some(person) = self.db.redeem_link(&link_hash, &cookie_hash, now, expires_at)? else { return Ok(None) };
        let session = self.session_of(person, cookie.reveal(), &cookie_hash, expires_at)?;
        Ok(Some((session, cookie)))
    }

    /// The session that a cookie carries.
    pub fn session(&self, cookie: &str, now: Timestamp) -> Result<Option<HumanSession>, SessionError> {
        let Some(hash) = self.hash_of(b"onus session v1", cookie) else { return Ok(None) };
        let Some((person, expires_at)) = self.db.session(&hash, now)? else { return Ok(None) };
        self.session_of(person, cookie, &hash, expires_at).map(Some)
    }

    /// Ends the session that a cookie carries.
    pub fn sign_out(&self, cookie: &str) -> Result<(), SessionError> {
        match self.hash_of(b"onus session v1", cookie) {
            Some(hash) => Ok(self.db.end_session(&hash)?),
            None => Ok(()),
        }
    }

    /// 256 random bits as a token, and the hash that is kept of it.
    fn new_secret(&self, purpose: &[u8]) -> Result<(PlainToken, [u8; 32]), SessionError> {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(SessionError::Chance)?;
        Ok((PlainToken::new(to_base64url(&secret)), keyed_hash(&self.key, &[purpose, &secret])))
    }

    fn hash_of(&self, purpose: &[u8], token: &str) -> Option<[u8; 32]> {
        let secret = from_base64url(token).filter(|s| s.len() == 32)?;
        Some(keyed_hash(&self.key, &[purpose, &secret]))
    }

    fn session_of(&self, person: PersonRow, cookie: &str, hash: &[u8; 32], expires_at: Timestamp) -> Result<HumanSession, SessionError> {
        let roles = person.roles.split_whitespace().map(Role::parse).collect::<Option<Vec<Role>>>();
        let (Some(principal_id), Some(roles)) = (PrincipalId::parse(&person.principal_id), roles) else {
            return Err(SessionError::Damaged(person.principal_id));
        };
        Ok(HumanSession {
            session_id: CredentialId::parse(&format!("session-{}", to_base64url(&hash[..12]))).expect("a few characters"),
            principal_id,
            name: person.display_name,
            roles,
            csrf: PlainToken::new(to_base64url(&keyed_hash(&self.key, &[b"onus csrf v1", cookie.as_bytes()]))),
            expires_at,
        })
    }
}

/// Whether a form came from the person's own page. Takes the same time for every wrong token.
pub fn is_csrf_of(session: &HumanSession, presented: &str) -> bool {
    session.csrf.reveal().as_bytes().ct_eq(presented.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap()
    }

    fn ana() -> PrincipalId {
        PrincipalId::parse("user:ana@example.com").unwrap()
    }

    fn sessions_in(folder: &tempfile::TempDir) -> Sessions {
        Sessions::new(Arc::new(ServiceDb::open(&folder.path().join("service.db")).unwrap()), [7; 32])
    }

    #[test]
    fn a_link_made_by_another_process_signs_in_once() {
        let folder = tempfile::tempdir().unwrap();
        let (server, command) = (sessions_in(&folder), sessions_in(&folder));
        let link = command.make_link(&ana(), "Ana", &[Role::Auditor, Role::Operator], now(), 60_000).unwrap();
        let (session, cookie) = server.redeem(link.reveal(), now()).unwrap().unwrap();
        assert_eq!((session.principal_id.clone(), session.name.as_str()), (ana(), "Ana"));
        assert_eq!(session.roles, [Role::Auditor, Role::Operator]);
        assert!(server.redeem(link.reveal(), now()).unwrap().is_none());

        let again = server.session(cookie.reveal(), now()).unwrap().unwrap();
        assert_eq!((again.session_id, again.csrf), (session.session_id.clone(), session.csrf.clone()));
        assert!(server.session(cookie.reveal(), now().plus_ms(SESSION_MS).unwrap()).unwrap().is_none());
        assert!(server.session(link.reveal(), now()).unwrap().is_none(), "a link's token is no cookie");
        server.sign_out(cookie.reveal()).unwrap();
        assert!(server.session(cookie.reveal(), now()).unwrap().is_none());
    }

    #[test]
    fn a_link_that_ran_out_or_is_made_up_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = sessions_in(&folder);
        let link = sessions.make_link(&ana(), "Ana", &[], now(), 60_000).unwrap();
        for token in ["", "x", &"A".repeat(43), "ÄÖÜ"] {
            assert!(sessions.redeem(token, now()).unwrap().is_none(), "{token}");
        }
        assert!(sessions.redeem(link.reveal(), now().plus_ms(60_000).unwrap()).unwrap().is_none());
        assert!(sessions.make_link(&ana(), "", &[], now(), 60_000).is_err());
        assert!(sessions.make_link(&ana(), "Ana", &[], now(), MAX_LINK_MS + 1).is_err());
    }

    #[test]
    fn of_twenty_who_try_one_link_at_once_one_gets_in() {
        let folder = tempfile::tempdir().unwrap();
        let processes = [sessions_in(&folder), sessions_in(&folder)];
        let link = processes[0].make_link(&ana(), "Ana", &[], now(), 60_000).unwrap();
        let start = std::sync::Barrier::new(20);
        let signed_in: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|i| {
                    let (sessions, link, start) = (&processes[i % 2], &link, &start);
                    scope.spawn(move || {
                        start.wait();
                        usize::from(sessions.redeem(link.reveal(), now()).unwrap().is_some())
                    })
                })
                .collect();
            tries.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(signed_in, 1);
    }

    #[test]
    fn a_csrf_token_belongs_to_one_session_and_no_secret_is_printed() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = sessions_in(&folder);
        let sign_in = || {
            let link = sessions.make_link(&ana(), "Ana", &[], now(), 60_000).unwrap();
            sessions.redeem(link.reveal(), now()).unwrap().unwrap()
        };
        let ((one, cookie), (other, _)) = (sign_in(), sign_in());
        assert!(is_csrf_of(&one, one.csrf.reveal()));
        assert!(!is_csrf_of(&one, other.csrf.reveal()));
        assert!(!is_csrf_of(&one, ""));
        let printed = format!("{one:?} {cookie:?}");
        assert!(!printed.contains(one.csrf.reveal()) && !printed.contains(cookie.reveal()), "{printed}");
    }

    #[test]
    fn all_sessions_and_links_of_a_person_can_be_ended() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = sessions_in(&folder);
        let link = || sessions.make_link(&ana(), "Ana", &[], now(), 60_000).unwrap();
        let (used, unused) = (link(), link());
        let (_, cookie) = sessions.redeem(used.reveal(), now()).unwrap().unwrap();
        assert_eq!(sessions.db.end_sessions_of(ana().as_str()).unwrap(), 1);
        assert!(sessions.session(cookie.reveal(), now()).unwrap().is_none());
        assert!(sessions.redeem(unused.reveal(), now()).unwrap().is_none());
    }
}
