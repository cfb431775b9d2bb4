//! A small blocking HTTP client for the ledger's own API: one server, one credential, problems as typed errors.
//!
//! It repeats what the server calls retryable and what broke on the wire; both are harmless, because every change carries an
//! `Idempotency-Key`. It follows no redirect and sends the token over plain http to this machine only.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{Response, Uri, header};
use ureq::{Agent, Body};

use crate::cli::problem::Problem;

/// Times one request is sent at most.
pub const MAX_ATTEMPTS: u32 = 10;
/// Longest a request waits for its turn in all, before its last refusal is returned.
pub const MAX_TOTAL_WAIT: Duration = Duration::from_mins(5);
/// Times one request is sent at most when the connection breaks.
const MAX_BROKEN_ATTEMPTS: u32 = 4;
/// Largest answer that is read. The largest the server gives is 10 000 results of an event batch.
const MAX_ANSWER_BYTES: u64 = 128 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CALL_TIMEOUT: Duration = Duration::from_mins(5);
/// Connections kept open for the next request.
const IDLE_CONNECTIONS: usize = 16;

/// A bearer token. It never prints itself.
#[derive(Clone)]
pub struct BearerToken(String);

impl FromStr for BearerToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if is_plain { Ok(Self(text.to_owned())) } else { Err("a token is printable ASCII without spaces, as `onus init` printed it") }
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `--server` names no place to send to.
    #[error("{url} is no server: write https://HOST, or http://127.0.0.1:PORT on this machine")]
    BadServer {
        /// As given.
        url: String,
    },
    /// The token would travel in clear text.
    #[error("a token is not sent over plain http to {host}, where others can read it: use https, or a tunnel that ends on 127.0.0.1")]
    ClearText {
        /// Where to.
        host: String,
    },
    /// Nobody answered.
    #[error("{url} cannot be reached: {source}. Is the server running there?")]
    Unreachable {
        /// The request's address.
        url: String,
        /// What the transport says.
        source: Box<ureq::Error>,
    },
    /// The server refused and said why.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// Something answered that is not the ledger's API.
    #[error("{url} answered {status} with something that is not the ledger's JSON ({excerpt:?}): is --server right?")]
    NotTheApi {
        /// The request's address.
        url: String,
        /// The answer's status.
        status: u16,
        /// How it begins.
        excerpt: String,
    },
}

/// The success envelope of API.md.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// What was asked for.
    pub data: serde_json::Value,
    /// Cursor and counts of a list.
    #[serde(default)]
    pub meta: serde_json::Value,
}

/// A body to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// Its media type.
    pub media_type: &'static str,
    /// Whether `bytes` are compressed with gzip.
    pub is_gzip: bool,
    /// As they travel.
    pub bytes: &'a [u8],
}

/// One server, one credential.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    authorization: String,
    pause: fn(Duration),
}

impl Client {
    /// A client of `server` (`https://…`, or `http://` to a loopback address), speaking with `token`.
    pub fn new(server: &str, token: &BearerToken) -> Result<Self, ClientError> {
        let bad = || ClientError::BadServer { url: server.to_owned() };
        let uri: Uri = server.parse().map_err(|_| bad())?;
        let host = uri.host().ok_or_else(bad)?;
        let is_loopback = is_loopback(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback => {}
            Some("http") => return Err(ClientError::ClearText { host: host.to_owned() }),
            _ => return Err(bad()),
        }
        if uri.query().is_some() {
            return Err(bad());
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("onus/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_call(Some(CALL_TIMEOUT));
        // A proxy that the environment names is for the world outside, not for this machine.
        let config = if is_loopback { config.proxy(None) } else { config };
        Ok(Self {
            agent: config.build().new_agent(),
            base: server.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {}", token.0),
            pause: std::thread::sleep,
        })
    }

    /// The same client, waiting by `pause`: for tests.
    #[cfg(test)]
    pub(crate) fn pausing_by(mut self, pause: fn(Duration)) -> Self {
        self.pause = pause;
        self
    }

    /// Reads `path`, which may carry a query.
    pub fn get(&self, path: &str) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.base);
        self.repeated(&url, || {
            self.agent.get(&url).header(header::AUTHORIZATION, &self.authorization).header(header::ACCEPT, ACCEPTED).call()
        })
    }

    /// Posts JSON; `key` is the Idempotency-Key, one for each intended change.
    pub fn post_json(&self, path: &str, body: &serde_json::Value, key: &str) -> Result<Answer, ClientError> {
        let text = body.to_string();
        self.post(path, Posted { media_type: "application/json", is_gzip: false, bytes: text.as_bytes() }, key)
    }

    /// Posts a body as it is; `key` is the Idempotency-Key, one for each intended change.
    pub fn post(&self, path: &str, body: Posted<'_>, key: &str) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.base);
        self.repeated(&url, || {
            let mut request = self
                .agent
                .post(&url)
                .header(header::AUTHORIZATION, &self.authorization)
                .header(header::ACCEPT, ACCEPTED)
                .header(header::CONTENT_TYPE, body.media_type)
                .header("Idempotency-Key", key);
            if body.is_gzip {
                request = request.header(header::CONTENT_ENCODING, "gzip");
            }
            request.send(body.bytes)
        })
    }

    fn repeated(&self, url: &str, send: impl Fn() -> Result<Response<Body>, ureq::Error>) -> Result<Answer, ClientError> {
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        loop {
            let failure = match send().map_err(|source| unreachable_at(url, source)).and_then(|response| read(url, response)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match failure.repeat_after(attempt) {
                Some(wait) if waited + wait <= MAX_TOTAL_WAIT => {
                    (self.pause)(wait);
                    waited += wait;
                    attempt += 1;
                }
                _ => return Err(failure.error),
            }
        }
    }
}

const ACCEPTED: &str = "application/json, application/problem+json";

/// A request that did not succeed, with what the answer's header says of a next time.
struct Failure {
    error: ClientError,
    retry_after: Option<Duration>,
}

impl Failure {
    /// How long to wait before the attempt after this one, if there should be one.
    fn repeat_after(&self, attempt: u32) -> Option<Duration> {
        let growing = Duration::from_millis(100 << attempt.min(7));
        match &self.error {
            ClientError::Refused(problem) if problem.retryable && attempt < MAX_ATTEMPTS => {
                let stated = problem.retry_after_seconds.map(Duration::from_secs);
                Some(self.retry_after.max(stated).unwrap_or(growing))
            }
            ClientError::Unreachable { source, .. } if attempt < MAX_BROKEN_ATTEMPTS && is_broken_connection(source) => Some(growing),
            _ => None,
        }
    }
}

fn unreachable_at(url: &str, source: ureq::Error) -> Failure {
    Failure { error: ClientError::Unreachable { url: url.to_owned(), source: Box::new(source) }, retry_after: None }
}

/// A connection that broke may hold next time; one that was refused says that nobody is there.
fn is_broken_connection(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(io) if io.kind() != io::ErrorKind::ConnectionRefused)
}

fn read(url: &str, mut response: Response<Body>) -> Result<Answer, Failure> {
    let status = response.status();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec().map_err(|source| unreachable_at(url, source))?;
    let not_the_api = || {
        let excerpt = String::from_utf8_lossy(&body).chars().take(80).collect();
        Failure { error: ClientError::NotTheApi { url: url.to_owned(), status: status.as_u16(), excerpt }, retry_after: None }
    };
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| not_the_api());
    }
    let mut problem: Problem = serde_json::from_slice(&body).map_err(|_| not_the_api())?;
    if problem.code.is_empty() {
        return Err(not_the_api());
    }
    problem.status = status.as_u16();
    Err(Failure { error: ClientError::Refused(Box::new(problem)), retry_after })
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `text` as one segment of a path or one value of a query (RFC 3986): everything but the unreserved characters is escaped.
pub fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes everything");
        }
    }
    out
}

#[cfg(test)]
#[path = "client_tests.rs"]
pub(crate) mod tests;
