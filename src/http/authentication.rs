//! Who calls: a bearer token of a program or the cookie of a signed-in person. Decided before a byte of the body is read, from
//! what was issued, never from what a request says of itself.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use crate::domain::credential::{Caller, NotAuthenticated, PlainToken, PresentedToken};
use crate::domain::ids::AgentId;
use crate::domain::person::HumanSession;
use crate::http::codes::Code;
use crate::http::edge::{RequestContext, Surroundings};
use crate::http::problem::Problem;
use crate::service::credentials::Credentials;
use crate::service::sessions::SESSION_MS;
use crate::tlog::time::Timestamp;

/// Knows the credentials. Called on the worker's own thread: it must not wait.
pub trait Authenticator: Send + Sync {
    /// Who presents this, if it is valid at `now`.
    fn authenticate(&self, presented: &PresentedToken, now: Timestamp) -> Result<Caller, NotAuthenticated>;
}

impl Authenticator for Credentials {
    fn authenticate(&self, presented: &PresentedToken, now: Timestamp) -> Result<Caller, NotAuthenticated> {
        Credentials::authenticate(self, presented, now)
    }
}

/// The caller, as the door found it. A handler that takes one is reached by authenticated callers only.
#[derive(Clone, Debug)]
pub struct Authenticated(pub(super) Arc<Caller>);

impl Authenticated {
    /// For work on another thread.
    pub fn shared(&self) -> Arc<Caller> {
        Arc::clone(&self.0)
    }
}

impl Deref for Authenticated {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(nobody))
    }
}

impl FromRequest for HumanSession {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.extensions().get::<Authenticated>().and_then(|caller| caller.human.clone());
        ready(session.ok_or_else(|| Problem::of(Code::HumanSessionRequired)))
    }
}

/// Finds the caller. A bearer token counts before a cookie.
pub(super) async fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let surroundings = Surroundings::of(request);
    let now = RequestContext::of(request).received_at;
    if request.headers().contains_key(AUTHORIZATION) {
        let presented = presented_in(request.headers())
            .ok_or_else(|| Problem::new(Code::Unauthenticated, "expected one header `Authorization: Bearer onus_<class>_<id>_<secret>`"))?;
        return surroundings.authenticator.authenticate(&presented, now).map_err(Problem::from);
    }
    let Some(cookie) = request.cookie(cookie_name(surroundings.is_tls)) else { return Err(nobody()) };
    let sessions = surroundings.sessions.clone();
    let looked_up = web::block(move || sessions.session(cookie.value(), now)).await;
    match looked_up {
        Ok(Ok(Some(session))) => Ok(Caller::of_session(session)),
        Ok(Ok(None)) => Err(Problem::new(Code::Unauthenticated, "the session has ended: sign in again")),
        Ok(Err(error)) => Err(Problem::failed(Code::LedgerUnavailable, &error)),
        Err(gone) => Err(Problem::failed(Code::Internal, &gone)),
    }
}

fn presented_in(headers: &HeaderMap) -> Option<PresentedToken> {
    let mut values = headers.get_all(AUTHORIZATION);
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| PresentedToken::parse(token.trim_matches(' ')))?
}

fn nobody() -> Problem {
    Problem::new(Code::Unauthenticated, "this needs a bearer token or a signed-in person, and the request brings neither")
}

/// What `X-Agent-Id` says: a claim that is kept as one, never believed.
pub fn agent_id_claim(headers: &HeaderMap) -> Option<AgentId> {
    AgentId::parse(headers.get("x-agent-id")?.to_str().ok()?)
}

const fn cookie_name(is_tls: bool) -> &'static str {
    if is_tls { "__Host-onus_session" } else { "onus_session" }
}

/// The cookie that signs a browser in. `Lax`, because people come from a link in a message.
pub fn session_cookie(surroundings: &Surroundings, secret: &PlainToken) -> Cookie<'static> {
    Cookie::build(cookie_name(surroundings.is_tls), secret.reveal().to_owned())
        .path("/")
        .http_only(true)
        .secure(surroundings.is_tls)
        .same_site(SameSite::Lax)
        .max_age(CookieDuration::milliseconds(SESSION_MS))
        .finish()
}

/// The cookie that signs a browser out.
pub fn ended_cookie(surroundings: &Surroundings) -> Cookie<'static> {
    let mut cookie = session_cookie(surroundings, &PlainToken::new(String::new()));
    cookie.make_removal();
    cookie
}

/// The cookie a request brings, for signing out.
pub fn presented_cookie(request: &HttpRequest) -> Option<PlainToken> {
    let cookie = request.cookie(cookie_name(Surroundings::of(request).is_tls))?;
    Some(PlainToken::new(cookie.value().to_owned()))
}
