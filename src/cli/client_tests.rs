//! The client against a server that says what the test tells it to say.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use super::*;

/// A server on this machine that answers each request with the next of `answers` and then is gone.
pub(crate) struct ScriptedServer {
    pub(crate) url: String,
    requests: Receiver<String>,
    thread: JoinHandle<()>,
}

impl ScriptedServer {
    /// `answers`: what follows `HTTP/1.1 ` up to the blank line, and the body.
    pub(crate) fn answering(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let thread = std::thread::spawn(move || {
            for (head, body) in answers {
                let (stream, _) = listener.accept().unwrap();
                sender.send(read_request(&mut BufReader::new(&stream))).unwrap();
                let answer = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, requests, thread }
    }

    /// The requests it got: head in lower case, a blank line, and the body where it is text.
    pub(crate) fn requests(self) -> Vec<String> {
        self.thread.join().unwrap();
        self.requests.iter().collect()
    }
}

fn read_request(reader: &mut impl std::io::BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "the request breaks off: {head}");
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if head.contains("content-encoding: gzip") {
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut plain).unwrap();
        return head + &plain;
    }
    head + &String::from_utf8(body).unwrap()
}

/// A client that does not wait.
pub(crate) fn client_of(server: &ScriptedServer) -> Client {
    Client::new(&server.url, &"onus_service_1_x".parse().unwrap()).unwrap().pausing_by(|_| {})
}

fn busy() -> (&'static str, String) {
    ("503 Busy\r\nRetry-After: 1", r#"{"code":"ledger_busy","status":503,"detail":"the queue is full","retryable":true}"#.to_owned())
}

fn good() -> (&'static str, String) {
    ("200 OK", r#"{"data":{"n":1},"meta":{"total":3},"request_id":"req_1","timestamp":"2026-01-01T00:00:00Z"}"#.to_owned())
}

#[test]
fn what_is_retryable_is_sent_again_with_the_same_key() {
    let server = ScriptedServer::answering(vec![busy(), busy(), good()]);
    let answer = client_of(&server).post_json("/v1/actions", &serde_json::json!({"a": 1}), "key-00001").unwrap();
    assert_eq!((answer.data["n"].as_u64(), answer.meta["total"].as_u64()), (Some(1), Some(3)));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(request.starts_with("post /v1/actions http/1.1\r\n"), "{request}");
        for line in ["idempotency-key: key-00001", "authorization: bearer onus_service_1_x", "content-type: application/json"] {
            assert!(request.contains(&format!("{line}\r\n")), "{request}");
        }
        assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    }
}

#[test]
fn waiting_follows_the_server_and_has_an_end() {
    let failure = |seconds: Option<u64>, header: Option<u64>| Failure {
        error: ClientError::Refused(Box::new(Problem { retryable: true, retry_after_seconds: seconds, ..Problem::default() })),
        retry_after: header.map(Duration::from_secs),
    };
    assert_eq!(failure(Some(7), Some(9)).repeat_after(1), Some(Duration::from_secs(9)));
    assert_eq!(failure(Some(7), None).repeat_after(1), Some(Duration::from_secs(7)));
    assert_eq!(failure(None, None).repeat_after(2), Some(Duration::from_millis(400)));
    assert_eq!(failure(None, Some(1)).repeat_after(MAX_ATTEMPTS), None);

    let server = ScriptedServer::answering(vec![(
        "429 Slow\r\nRetry-After: 301",
        r#"{"code":"rate_limited_sustained","retryable":true}"#.to_owned(),
    )]);
    let refused = client_of(&server).get("/v1/actions");
    assert!(matches!(&refused, Err(ClientError::Refused(p)) if p.code == "rate_limited_sustained" && p.status == 429), "{refused:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_refusal_that_stays_one_is_told_at_once_and_so_is_a_stranger() {
    let refusal = r#"{"code":"unauthenticated","status":401,"detail":"no such token","suggestion":"Get one.","retryable":false}"#;
    let server = ScriptedServer::answering(vec![
        ("401 Unauthorized", refusal.to_owned()),
        ("200 OK", "<html>hello".to_owned()),
        ("502 Bad Gateway", "{}".to_owned()),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", String::new()),
    ]);
    let client = client_of(&server);
    assert_eq!(client.get("/v1/actions").unwrap_err().to_string(), "401 unauthenticated: no such token. Get one.");
    for expected in [200, 502, 302] {
        let stranger = client.get("/v1/actions").unwrap_err();
        assert!(matches!(stranger, ClientError::NotTheApi { status, .. } if status == expected), "{stranger:?}");
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn the_token_goes_in_clear_text_to_this_machine_only_and_is_never_printed() {
    let token: BearerToken = "onus_service_1_secret".parse().unwrap();
    for good in ["http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9", "https://ledger.example.com/onus"] {
        assert!(Client::new(good, &token).is_ok(), "{good}");
    }
    assert!(matches!(Client::new("http://ledger.example.com", &token), Err(ClientError::ClearText { .. })));
    for bad in ["", "ledger.example.com", "ftp://127.0.0.1", "http://127.0.0.1/?a=b"] {
        assert!(matches!(Client::new(bad, &token), Err(ClientError::BadServer { .. })), "{bad}");
    }
    assert_eq!(format!("{token:?}"), "BearerToken");
    assert!("two words".parse::<BearerToken>().is_err());
}

#[test]
fn nobody_there_is_said_with_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(&format!("http://{free}"), &"t".parse().unwrap()).unwrap().pausing_by(|_| {});
    let error = client.get("/v1/actions").unwrap_err().to_string();
    assert!(error.starts_with(&format!("http://{free}/v1/actions cannot be reached")), "{error}");
}

#[test]
fn ids_of_any_characters_stand_in_a_path() {
    assert_eq!(percent_encoded("act/1 ä?"), "act%2F1%20%C3%A4%3F");
    assert_eq!(percent_encoded("A-z_0.9~"), "A-z_0.9~");
}
