//! Requests that are not what they should be: sizes, encodings, connections, keys, paths, methods. A typed problem each, the ledger as
//! it was, and the server alive.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::{Client, Wire, unique};
use crate::submissions::{action, grant};

const MIB: usize = 1 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The ledger is as it was, and takes good events.
#[track_caller]
fn is_alive_and_unchanged(app: &TestApp, size: u64) {
    assert_eq!(app.size(), size, "a refused request leaves the ledger as it was");
    app.admin().post("/v1/actions", &action(&unique("act"), "dlg-1")).status(201);
}

/// An action of about so many bytes: as much of it as may be in one content is.
fn action_of(bytes: usize) -> Value {
    let mut event = action("act-large", "dlg-1");
    event["action"]["arguments"]["text"] = "x".repeat(bytes).into();
    event
}

#[test]
fn bodies_that_are_too_large_are_refused_packed_or_not() {
    let app = TestApp::start();
    let admin = app.admin();
    let size = app.size();
    let post = |path: &'static str| admin.request("POST", path).key(&unique("key-of-a-test"));
    let problem = admin.post("/v1/actions", &action_of(4 * MIB)).problem("payload_too_large");
    assert_eq!(problem["max_bytes"], 4 * MIB);
    post("/v1/events").body("application/x-ndjson", vec![b'\n'; 32 * MIB + 1]).send().problem("payload_too_large");
    // A line of a batch is held to the limit of one event, and the others are not held up by it.
    let lines = [action_of(4 * MIB), action_of(10)];
    let data = post("/v1/events?atomic=false").lines(&lines).send().status(200);
    assert_eq!((&data["refused"], &data["accepted"]), (&json!(1), &json!(1)));
    assert_eq!(data["results"][0]["problem"]["code"], "payload_too_large");

    for (path, kind, bytes) in [("/v1/actions", "application/json", 5 * MIB), ("/v1/events", "application/x-ndjson", 40 * MIB)] {
        let bomb = gzip(&vec![b' '; bytes]);
        assert!(bomb.len() < 64 << 10, "small on the wire");
        post(path).header("content-encoding", "gzip").body(kind, bomb).send().problem("payload_too_large");
    }
    let packed = gzip(action_of(10).to_string().as_bytes());
    post("/v1/actions")
        .header("content-encoding", "gzip")
        .body("application/json", &packed[..packed.len() / 2])
        .send()
        .problem("body_incomplete");
    post("/v1/actions").header("content-encoding", "gzip").body("application/json", "{}").send().problem("body_incomplete");
    post("/v1/actions").header("content-encoding", "br").body("application/json", "{}").send().problem("unsupported_media_type");
    is_alive_and_unchanged(&app, size + 1);
}

#[test]
fn a_batch_has_at_most_ten_thousand_events_and_at_least_one() {
    let app = TestApp::start();
    let (admin, size) = (app.admin(), app.size());
    let post = |kind: &str, body: Vec<u8>| admin.request("POST", "/v1/events").key(&unique("key-of-a-test")).body(kind, body).send();
    post("application/x-ndjson", b"{}\n".repeat(10_001)).problem("batch_too_large");
    post("application/json", format!("{{\"events\":[{}{{}}]}}", "{},".repeat(10_000)).into_bytes()).problem("batch_too_large");
    post("application/x-ndjson", b"\n \n\r\n".to_vec()).problem("validation_failed");
    post("application/x-ndjson", Vec::new()).problem("validation_failed");
    post("application/json", b"{\"events\":{}}".to_vec()).problem("validation_failed");
    post("application/json", b"{\"events\":[{}],\"more\":1}".to_vec()).problem("validation_failed");
    let data = post("application/x-ndjson", b"{\n\n[]\n".repeat(5_000)).status(200);
    assert_eq!((&data["refused"], &data["accepted"]), (&json!(10_000), &json!(0)), "ten thousand bad lines have an answer each");
    assert_eq!(
        (&data["results"][3]["line"], &data["results"][3]["problem"]["code"]),
        (&json!(6), &json!("validation_failed")),
        "lines count as in the body"
    );
    is_alive_and_unchanged(&app, size);
}

#[test]
fn keys_media_types_paths_methods_and_parameters_are_looked_at() {
    let app = TestApp::start();
    let (admin, size) = (app.admin(), app.size());
    let event = action("act-1", "dlg-1");
    let post = |path: &'static str| admin.request("POST", path);
    post("/v1/actions").json(&event).send().problem("idempotency_key_required");
    for key in ["short", "", "with space in it", &"k".repeat(256), "schlüssel-äöü"] {
        let problem = post("/v1/actions").key(key).json(&event).send().problem("idempotency_key_invalid");
        assert!(problem["suggestion"].as_str().unwrap().contains("8 to 255"), "{problem}");
    }
    post("/v1/actions").key("one-key-0001").key("two-keys-002").json(&event).send().problem("idempotency_key_invalid");
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"] {
        post("/v1/actions").key("key-of-media").body(kind, event.to_string()).send().problem("unsupported_media_type");
    }
    post("/v1/actions?validat=true").key("key-of-query").json(&event).send().problem("unknown_parameter");
    post("/v1/events?atomic=perhaps").key("key-of-query").lines(std::slice::from_ref(&event)).send().problem("invalid_parameter");
    for path in ["/v1/action", "/v1/actions/", "/v2/actions", "/v1", "/v1/delegations//revocations", "/..%2f..%2fetc/passwd"] {
        let answer = admin.request("POST", path).key("key-of-paths").json(&event).send();
        answer.problem("not_found");
    }
    for (method, path) in [
        ("PUT", "/v1/actions"),
        ("DELETE", "/v1/actions"),
        ("PATCH", "/v1/delegations"),
        ("GET", "/v1/events"),
        ("DELETE", "/v1/credentials"),
    ] {
        let answer = admin.request(method, path).send();
        answer.problem("method_not_allowed");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{method} {path}");
    }
    admin.get(&format!("/v1/actions?x={}", "y".repeat(9 << 10))).problem("uri_too_long");
    post("/v1/actions").key("key-of-heads").header("x-large", &"h".repeat(40 << 10)).json(&event).send().problem("headers_too_large");
    is_alive_and_unchanged(&app, size);
}

#[test]
fn whoever_cannot_say_who_she_is_is_turned_away_before_her_body_is_read() {
    let app = TestApp::start();
    let size = app.size();
    let admin = app.admin();
    let wrong_secret = format!("{}x", admin.authorization());
    let head = |authorization: &str| {
        format!(
            "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 33000000\r\n{authorization}\r\n"
        )
    };
    for authorization in [
        String::new(),
        "Authorization: Bearer garbage\r\n".to_owned(),
        "Authorization: Basic YWRtaW46YWRtaW4=\r\n".to_owned(),
        "Authorization: Bearer onus_service_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n".to_owned(),
        format!("Authorization: {wrong_secret}\r\n"),
        format!("Authorization: {}\r\nAuthorization: {}\r\n", admin.authorization(), admin.authorization()),
        "Cookie: onus_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n".to_owned(),
    ] {
        let mut wire = Wire::connect(app.url());
        // Nothing of the body is sent: an answer shows that nobody waits for it.
        wire.send(head(&authorization).as_bytes()).answer().problem("unauthenticated");
    }
    // Who may not write is told so as early.
    let reader = app.credential(&json!({ "name": "reader", "class": "service", "permissions": ["ledger:read"] }));
    let mut wire = Wire::connect(app.url());
    wire.send(head(&format!("Authorization: {}\r\n", reader.authorization())).as_bytes()).answer().problem("permission_missing");
    is_alive_and_unchanged(&app, size + 1);
}

#[test]
fn half_requests_and_garbage_leave_the_server_as_it_was() {
    let app = TestApp::start();
    let (admin, size) = (app.admin(), app.size());
    let body = action("act-cut", "dlg-1").to_string();
    let head = format!(
        "POST /v1/actions HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nIdempotency-Key: key-of-the-cut\r\nContent-Type: application/json\r\n",
        admin.authorization()
    );
    let whole = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    for cut in (20..whole.len()).step_by(whole.len() / 24) {
        drop({
            let mut wire = Wire::connect(app.url());
            wire.send(&whole.as_bytes()[..cut]);
            wire
        });
    }
    let announced_short = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() - 7);
    Wire::connect(app.url()).send(announced_short.as_bytes()).answer().problem("malformed_json");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\nnot a size\r\n{body}");
    Wire::connect(app.url()).send(chunked.as_bytes()).answer().problem("body_incomplete");
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"POST /v1/actions HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        &vec![b'A'; 70_000],
    ] {
        drop({
            let mut wire = Wire::connect(app.url());
            wire.send(garbage);
            wire
        });
    }
    // The key of requests that never arrived is still free, and so is the event.
    let answer = admin.request("POST", "/v1/actions").key("key-of-the-cut").body("application/json", body).send();
    assert!(!answer.is_replayed());
    assert_eq!(answer.status(201)["entry"]["index"], size);
    is_alive_and_unchanged(&app, size + 1);
}

#[test]
fn a_caller_that_hangs_up_gets_its_receipt_when_it_asks_again() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = action("act-1", "dlg-1").to_string();
    let request = format!(
        "POST /v1/actions HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nIdempotency-Key: key-of-a-test\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        admin.authorization(),
        body.len()
    );
    let size = app.size();
    Wire::connect(app.url()).send(request.as_bytes());
    let ask = || admin.request("POST", "/v1/actions").key("key-of-a-test").body("application/json", body.clone()).send();
    // While the first is at work the answer is 409; it is asked again until there is one, as a client would.
    let answer = std::iter::repeat_with(ask).find(|answer| answer.status != 409).unwrap();
    assert_eq!(answer.status(201)["entry"]["index"], size);
    assert_eq!(app.size(), size + 1, "recorded once, whether or not anybody listened");
}

/// Everything that changes the ledger asks who calls; what is open only reads.
#[test]
fn no_entry_without_authentication() {
    let app = TestApp::start();
    let size = app.size();
    let stranger: Client = app.stranger();
    for row in [onus::api::routes(), onus::ui::routes()].concat().iter().map(|row| &row.route) {
        if row.method.is_safe() {
            continue;
        }
        let path = row.path.replace("{id}", "dlg-1");
        let media = row.accepts.first().map_or("application/json", |media| media.as_str());
        let method = if row.method == "POST" { "POST" } else { panic!("{} {}: say here how it is asked for", row.method, row.path) };
        let answer = stranger.request(method, &path).key("key-of-a-test").body(media, grant("dlg-1").to_string()).send();
        assert!((400..500).contains(&answer.status), "{method} {path} answers a stranger with {}", answer.status);
    }
    assert_eq!(app.size(), size);
}
