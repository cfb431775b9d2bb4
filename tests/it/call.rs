//! One HTTP client for all tests: it sends exactly what it is told, and its answers assert what every answer must be.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onus::http::codes::Code;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

/// Longest any single answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A name that no other test of this run has.
pub(crate) fn unique(stem: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{stem}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// One caller of one server.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    identity: Vec<(&'static str, String)>,
}

impl Client {
    /// A caller without a credential.
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(PATIENCE)).build();
        Self { agent: config.into(), url: url.to_owned(), identity: Vec::new() }
    }

    /// The same with a bearer token.
    pub(crate) fn bearing(mut self, token: &str) -> Self {
        self.identity = vec![("authorization", format!("Bearer {token}"))];
        self
    }

    /// The same as a browser with a session.
    pub(crate) fn signed_in(mut self, cookie: &str, csrf: &str) -> Self {
        self.identity = vec![("cookie", format!("onus_session={cookie}")), ("x-csrf-token", csrf.to_owned())];
        self
    }

    /// This server, with the other caller's credential.
    pub(crate) fn like(mut self, other: &Self) -> Self {
        self.identity.clone_from(&other.identity);
        self
    }

    /// The same browser, led here by another site's page.
    pub(crate) fn without_csrf(mut self) -> Self {
        self.identity.retain(|(name, _)| *name != "x-csrf-token");
        self
    }

    /// The value of its `Authorization` header.
    pub(crate) fn authorization(&self) -> &str {
        self.identity.iter().find(|(name, _)| *name == "authorization").map_or("", |(_, value)| value)
    }

    /// A request to be completed and sent.
    pub(crate) fn request(&self, method: &'static str, path: &str) -> Call<'_> {
        let headers = self.identity.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Call { client: self, method, path: path.to_owned(), headers, body: None }
    }

    /// GET.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// POST of a JSON body, under an `Idempotency-Key` of its own.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).key(&unique("key-of-a-test")).json(body).send()
    }

    /// POST of many events, one a line.
    #[track_caller]
    pub(crate) fn post_lines(&self, path: &str, lines: &[Value]) -> Answer {
        self.request("POST", path).key(&unique("key-of-a-test")).lines(lines).send()
    }
}

/// A request on its way.
pub(crate) struct Call<'c> {
    client: &'c Client,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    /// With that header, beside others of its name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With that `Idempotency-Key`.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With that body, as it is.
    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", media_type)
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With events, one a line.
    pub(crate) fn lines(self, lines: &[Value]) -> Self {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.body("application/x-ndjson", text)
    }

    /// Sends it. A connection that breaks fails the test.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        self.try_send().unwrap_or_else(|e| panic!("{what}: {e}"))
    }

    /// Sends it; the server may be gone.
    pub(crate) fn try_send(self) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(self.method).uri(format!("{}{}", self.client.url, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match self.body {
            Some(body) => self.client.agent.run(request.body(body)?),
            None => self.client.agent.run(request.body(())?),
        };
        let mut response = sent?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(128 << 20).read_to_vec()?;
        Ok(Answer { what: format!("{} {}", self.method, self.path), status, headers, body })
    }
}

/// What came back.
pub(crate) struct Answer {
    what: String,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The whole body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{}: {e}: {}", self.what, self.text()))
    }

    /// `data` of a success of that status, after looking at its envelope.
    #[track_caller]
    pub(crate) fn status(&self, expected: u16) -> Value {
        assert_eq!(self.status, expected, "{}: {}", self.what, self.text());
        let mut json = self.json();
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.what);
        assert!(self.header("x-caller-class").is_some(), "every answer says who called");
        let members: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected: &[&str] =
            if json.get("meta").is_some() { &["data", "meta", "request_id", "timestamp"] } else { &["data", "request_id", "timestamp"] };
        assert_eq!(members, expected, "{}: the envelope", self.what);
        json["data"].take()
    }

    /// The problem of that code, after looking at everything that every problem must be.
    #[track_caller]
    pub(crate) fn problem(&self, expected: &str) -> Value {
        let said = format!("{}: {}", self.what, self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{said}");
        let json = self.json();
        assert_eq!(json["code"], expected, "{said}");
        let row = Code::parse(expected).expect("a code of the table").row();
        assert_eq!((json["status"].as_u64(), self.status), (Some(u64::from(row.status)), row.status), "{said}");
        for member in ["type", "title", "detail", "suggestion", "request_id", "documentation"] {
            assert!(json[member].as_str().is_some_and(|text| !text.is_empty()), "{member} is missing: {said}");
        }
        assert!(json["type"].as_str().unwrap().ends_with(&format!("/problems/{expected}")), "{said}");
        assert_eq!((json["title"].as_str(), json["suggestion"].as_str()), (Some(row.title), Some(row.suggestion)), "fixed texts: {said}");
        assert_eq!(json["retryable"], json["retry"], "two names of one thing: {said}");
        assert_eq!(json["retryable"].as_bool(), Some(row.retry_after_seconds.is_some()), "{said}");
        assert_eq!(json["retry_after_seconds"].as_u64().map(|s| s.to_string()).as_deref(), self.header("retry-after"), "{said}");
        assert!(!json["recovery_actions"].as_array().expect("a list").is_empty(), "{said}");
        for error in json["errors"].as_array().expect("a list") {
            let names: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, ["allowed_range", "allowed_values", "code", "message", "path"], "{said}");
        }
        assert_eq!(json["request_id"].as_str(), self.header("x-request-id"), "{said}");
        assert_eq!(self.header("www-authenticate").is_some(), row.status == 401, "{said}");
        json
    }

    /// Whether this is the answer of the first time.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("x-idempotent-replayed") == Some("true")
    }
}

/// The members that `errors` of a problem names: `/path code`.
pub(crate) fn errors_of(problem: &Value) -> Vec<String> {
    let text = |error: &Value, member: &str| error[member].as_str().unwrap_or_default().to_owned();
    problem["errors"].as_array().into_iter().flatten().map(|e| format!("{} {}", text(e, "path"), text(e, "code"))).collect()
}

/// Bytes on a connection, whatever they are, and the answers that came back, one after the other.
pub(crate) struct Wire {
    stream: TcpStream,
    /// What came behind the last answer.
    ahead: Vec<u8>,
}

impl Wire {
    /// Connects to `http://HOST:PORT`.
    pub(crate) fn connect(url: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, ahead: Vec::new() }
    }

    /// Sends bytes. The server may have closed its side already: that shows in the answer.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = self.stream.write_all(bytes);
        self
    }

    /// Sends nothing any more, but still listens.
    pub(crate) fn end_of_sending(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// Reads one answer: its head, and as much of a body as it announces.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut bytes = std::mem::take(&mut self.ahead);
        let mut piece = [0; 8192];
        loop {
            if let Some((answer, length)) = parse_answer(&bytes) {
                self.ahead = bytes.split_off(length);
                return answer;
            }
            match self.stream.read(&mut piece) {
                Ok(0) => panic!("the server closed after {:?}", String::from_utf8_lossy(&bytes)),
                Ok(count) => bytes.extend_from_slice(&piece[..count]),
                Err(e) => panic!("{e} after {:?}", String::from_utf8_lossy(&bytes)),
            }
        }
    }
}

/// The first answer in `bytes`, if it is whole, and its length.
fn parse_answer(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(pair).collect();
    let length: usize = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some((Answer { what: "raw bytes".to_owned(), status, headers, body }, end + 4 + length))
}
