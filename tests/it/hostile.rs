//! Clients that mean no good: requests that are nearly HTTP, bytes that drip, connections that are cut, many requests at once. Each
//! gets a typed answer wherever HTTP leaves room for one, nothing is recorded by half, and others do not notice.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::app::TestApp;
use crate::call::{Client, Wire, unique};
use crate::submissions::action;

/// A byte a second holds a connection no longer than this: ten seconds, and what a busy machine adds.
const BOUND: Duration = Duration::from_secs(25);

fn head_of(client: &Client, key: &str) -> String {
    format!(
        "POST /v1/actions HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\n",
        client.authorization()
    )
}

#[test]
fn requests_that_are_nearly_http_are_refused_with_a_problem() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let body = action("act-near", "dlg-1").to_string();
    let length = body.len();
    let head = |more: &str| format!("{}{more}\r\n{body}", head_of(&admin, &unique("key-of-a-test"))).into_bytes();
    let many = (0..120).map(|i| format!("X-{i}: y\r\n")).collect::<String>();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n".to_vec(), "malformed_request"),
        (b"this is no HTTP\r\n\r\n".to_vec(), "malformed_request"),
        (b"GET\r\n\r\n".to_vec(), "malformed_request"),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n".to_vec(), "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Nul: a\0b\r\n\r\n".to_vec(), "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n".to_vec(), "malformed_request"),
        (head(&format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length + 1)), "malformed_request"),
        (head("Content-Length: -5\r\n"), "malformed_request"),
        (head("Content-Length: 99999999999999999999\r\n"), "malformed_request"),
        (head(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n")), "malformed_request"),
        (head("Transfer-Encoding: gzip\r\n"), "malformed_request"),
        (format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n").into_bytes(), "headers_too_large"),
        (format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Flood: {}", "f".repeat(200 << 10)).into_bytes(), "headers_too_large"),
        (head("Content-Length: 4294967296\r\n"), "payload_too_large"),
        (head("Transfer-Encoding: chunked\r\n"), "body_incomplete"),
    ];
    for (bytes, code) in cases {
        Wire::connect(app.url()).send(&bytes).answer().problem(code);
    }
    for chunks in ["fffffffffffffffff\r\n", "-1\r\nx", "5;ext=\"\r\nab", "2\r\nabXX0\r\n\r\n", "0x2\r\nab\r\n0\r\n\r\n"] {
        let head = head_of(&admin, &unique("key-of-a-test"));
        Wire::connect(app.url())
            .send(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes())
            .end_of_sending()
            .answer()
            .problem("body_incomplete");
    }
    assert_eq!(app.size(), size);
    admin.post("/v1/actions", &action("act-after", "dlg-1")).status(201);
}

/// Sends `bytes` at once, then `drops` one a second, until the server has had enough; what it said, and how long it took.
fn drip(url: &str, bytes: &[u8], drops: &[u8]) -> (String, Duration) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    // The second between two drops is the wait for an answer.
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let (started, mut said, mut piece) = (Instant::now(), Vec::new(), [0; 4096]);
    let _ = stream.write_all(bytes);
    for drop in drops.iter().cycle() {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&piece[..count]),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => drop_one(&mut stream, *drop),
            Err(_) => break,
        }
        assert!(started.elapsed() < BOUND * 2, "still held after {:?}", started.elapsed());
    }
    (String::from_utf8_lossy(&said).into_owned(), started.elapsed())
}

fn drop_one(stream: &mut TcpStream, byte: u8) {
    let _ = stream.write_all(&[byte]);
}

#[test]
fn a_byte_a_second_holds_nothing_for_long_and_nobody_else_up() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let slow_body = format!("{}Content-Length: 100000\r\n\r\n{{", head_of(&admin, "key-of-the-slow"));
    let second_head = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ";
    let cases: [(&str, &[u8], &str); 4] = [
        ("", b"", "HTTP/1.1 408"),
        ("GET /healthz HTTP/1.1\r\nX-Slow: ", b"z", "HTTP/1.1 408"),
        (second_head, b"z", "HTTP/1.1 408"),
        (&slow_body, b" ", "HTTP/1.1 408"),
    ];
    thread::scope(|scope| {
        let slow: Vec<_> = cases
            .into_iter()
            .map(|(start, drops, expected)| {
                let url = app.url();
                scope.spawn(move || (start, expected, if drops.is_empty() { silent(url) } else { drip(url, start.as_bytes(), drops) }))
            })
            .collect();
        while slow.iter().any(|one| !one.is_finished()) {
            let asked = Instant::now();
            admin.get("/v1/caller").status(200);
            assert!(asked.elapsed() < Duration::from_secs(5), "somebody else waited {:?}", asked.elapsed());
        }
        for one in slow {
            let (start, expected, (said, took)) = one.join().unwrap();
            assert!(said.contains(expected) && said.contains("\"code\":\"request_timeout\""), "{start:?} was told {said:?}");
            assert!(took < BOUND, "{start:?} was held for {took:?}");
        }
    });
    assert_eq!(app.size(), size);
    admin.request("POST", "/v1/actions").key("key-of-the-slow").json(&action("act-1", "dlg-1")).send().status(201);
}

/// Says nothing at all.
fn silent(url: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let (started, mut said) = (Instant::now(), Vec::new());
    let _ = stream.read_to_end(&mut said);
    (String::from_utf8_lossy(&said).into_owned(), started.elapsed())
}

#[test]
fn many_requests_in_one_breath_are_answered_in_order() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let mut wire = Wire::connect(app.url());
    let events: Vec<Value> = (0..50).map(|i| action(&format!("act-{i}"), "dlg-1")).collect();
    let requests: String = events
        .iter()
        .map(|event| {
            let body = event.to_string();
            format!("{}Content-Length: {}\r\n\r\n{body}", head_of(&admin, &unique("key-of-a-test")), body.len())
        })
        .collect();
    wire.send(format!("{requests}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n").as_bytes());
    for number in 0..50 {
        assert_eq!(wire.answer().status(201)["entry"]["index"], size + number);
    }
    wire.answer().status(200);
    assert_eq!(wire.answer().status, 400, "behind a good request actix says it itself, without a body");
    assert_eq!(app.size(), size + 50);
}

#[test]
fn an_answer_that_is_cut_anywhere_is_given_again() {
    let app = TestApp::start();
    let admin = app.admin();
    for cut in (0..900).step_by(60) {
        let (size, key) = (app.size(), unique("key-of-a-cut"));
        let body = action(&unique("act"), "dlg-1").to_string();
        let request = format!("{}Content-Length: {}\r\n\r\n{body}", head_of(&admin, &key), body.len());
        let mut stream = TcpStream::connect(app.url().trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut heard = vec![0; cut];
        stream.read_exact(&mut heard).unwrap();
        drop(stream);
        let ask = || admin.request("POST", "/v1/actions").key(&key).body("application/json", body.clone()).send();
        let answer = std::iter::repeat_with(ask).find(|answer| answer.status != 409).unwrap();
        assert_eq!(answer.status(201)["entry"]["index"], size, "cut after {cut} bytes");
        assert_eq!(app.size(), size + 1, "recorded once");
    }
}
