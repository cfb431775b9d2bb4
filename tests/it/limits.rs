//! Every named limit: taken at exactly the limit, refused one past it, by its own code.

use onus::api::events::MAX_BATCH_EVENTS;
use onus::domain::action::{MAX_ACTION_NAME_BYTES, MAX_CONTENT_BYTES, MAX_CONTEXT_DOCUMENTS, MAX_RESOURCE_BYTES};
use onus::domain::delegation::{
    MAX_AUTHORIZATION_DETAILS, MAX_CONSENT_TOOLS, MAX_CONSTRAINTS, MAX_RESOURCES, MAX_SCOPE_TOKEN_BYTES, MAX_SCOPE_TOKENS,
};
use onus::domain::event::{MAX_EVENT_BYTES, MAX_PROSE_BYTES};
use onus::domain::ids::MAX_ID_BYTES;
use onus::http::body::MAX_BATCH_BYTES;
use onus::http::criteria::MAX_TEXT_CHARACTERS;
use onus::http::edge::{MAX_HEADER_BYTES, MAX_URI_BYTES};
use onus::http::query::MAX_LIMIT;
use onus::service::criteria::MAX_WORDS;
use onus::service::idempotency::{MAX_KEY_CHARACTERS, MIN_KEY_CHARACTERS};
use onus::service::opened::open_entry;
use onus::tlog::json::{MAX_DEPTH, MAX_SAFE_INTEGER};
use onus::tlog::position::LeafIndex;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::{Wire, errors_of, unique};
use crate::submissions::{action, grant, with};

/// A good event.
type Good = fn() -> Value;
/// A value of that length, or that many, or that much.
type Make = fn(usize) -> Value;

/// A text of exactly so many bytes that no other test has.
fn text(bytes: usize) -> Value {
    let stem = unique("t");
    format!("{stem}{}", "x".repeat(bytes - stem.len())).into()
}

fn list(count: usize, one: &Value) -> Value {
    vec![one.clone(); count].into()
}

/// Arrays within each other.
fn nested(levels: usize) -> Value {
    serde_json::from_str(&format!("{}{}", "[".repeat(levels), "]".repeat(levels))).unwrap()
}

#[test]
fn members_are_taken_at_their_limit_and_refused_one_past_it() {
    let app = TestApp::start();
    let (act, dlg): (Good, Good) = (|| action(&unique("act"), "dlg-1"), || grant(&unique("dlg")));
    let cases: [(Good, &str, usize, Make, &str); 17] = [
        (act, "/event_id", MAX_ID_BYTES, text, "/event_id id_too_long"),
        (act, "/action_id", MAX_ID_BYTES, text, "/action_id id_too_long"),
        (act, "/actor/model_version", MAX_ID_BYTES, text, "/actor/model_version id_too_long"),
        (act, "/action/name", MAX_ACTION_NAME_BYTES, text, "/action/name action_name_too_long"),
        (act, "/action/resource", MAX_RESOURCE_BYTES, text, "/action/resource resource_too_long"),
        (act, "/action/required_scope/0", MAX_SCOPE_TOKEN_BYTES, text, "/action/required_scope/0 scope_token_too_long"),
        (act, "/action/required_scope", MAX_SCOPE_TOKENS, |n| list(n, &json!("s")), "/action/required_scope scope_too_many"),
        (act, "/context", MAX_CONTEXT_DOCUMENTS, |n| list(n, &json!({ "uri": "u" })), "/context context_too_many"),
        (act, "/context/0/content", MAX_CONTENT_BYTES, text, "/context/0/content content_too_long"),
        (act, "/trigger/reference", MAX_RESOURCE_BYTES, text, "/trigger/reference resource_too_long"),
        (dlg, "/purpose", MAX_PROSE_BYTES, text, "/purpose prose_too_long"),
        (dlg, "/scope", MAX_SCOPE_TOKENS, |n| list(n, &json!("s")), "/scope scope_too_many"),
        (dlg, "/resources", MAX_RESOURCES, |n| list(n, &json!("r")), "/resources resources_too_many"),
        (
            dlg,
            "/constraints",
            MAX_CONSTRAINTS,
            |n| list(n, &json!({ "argument": "/a", "op": "==", "value": 1 })),
            "/constraints constraints_too_many",
        ),
        (
            dlg,
            "/authorization_details",
            MAX_AUTHORIZATION_DETAILS,
            |n| list(n, &json!({ "type": "t" })),
            "/authorization_details authorization_details_too_many",
        ),
        (dlg, "/consent", MAX_CONSENT_TOOLS, |n| json!({ "tools": list(n, &json!("t")) }), "/consent/tools tools_too_many"),
        (dlg, "/max_depth", u32::MAX as usize, |n| json!(n), "/max_depth out_of_range"),
    ];
    for (event, pointer, limit, make, refused) in cases {
        let path = if event()["type"] == "action.recorded" { "/v1/actions" } else { "/v1/delegations" };
        let set = |value: Value| {
            let mut event = event();
            match event.pointer_mut(pointer) {
                Some(member) => *member = value,
                None => event = with(event, &[(pointer, value)]),
            }
            event
        };
        app.admin().post(path, &set(make(limit))).status(201);
        let size = app.size();
        let problem = app.admin().post(path, &set(make(limit + 1))).problem("validation_failed");
        assert_eq!(errors_of(&problem), [refused], "one past {limit}");
        assert_eq!(app.size(), size);
    }
}

#[test]
fn nesting_and_sizes_are_taken_at_their_limit_and_refused_one_past_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let act = |pointer: &str, value: Value| with(action(&unique("act"), "dlg-1"), &[(pointer, value)]);
    // Root, group and member are three of the levels.
    admin.post("/v1/actions", &act("/action/arguments", nested(MAX_DEPTH - 2))).status(201);
    admin.post("/v1/actions", &act("/action/arguments", nested(MAX_DEPTH - 1))).problem("too_deep");

    let post =
        |path: &'static str, body: Vec<u8>| admin.request("POST", path).key(&unique("key-of-a-test")).body("application/json", body).send();
    let event = act("/extensions", json!({ "blob": "" })).to_string();
    let filled = |bytes: usize| event.replace("\"blob\":\"\"", &format!("\"blob\":\"{}\"", "x".repeat(bytes - event.len()))).into_bytes();
    assert_eq!(filled(MAX_EVENT_BYTES).len(), MAX_EVENT_BYTES);
    post("/v1/actions", filled(MAX_EVENT_BYTES + 1)).problem("payload_too_large");
    post("/v1/actions", filled(MAX_EVENT_BYTES)).status(201);

    let batch = |bytes: usize| {
        let mut body = action(&unique("act"), "dlg-1").to_string().into_bytes();
        body.resize(bytes, b'\n');
        admin.request("POST", "/v1/events").key(&unique("key-of-a-test")).body("application/x-ndjson", body).send()
    };
    batch(MAX_BATCH_BYTES + 1).problem("payload_too_large");
    assert_eq!(batch(MAX_BATCH_BYTES).status(200)["accepted"], 1);
    let lines = |count: usize| {
        let body = "{}\n".repeat(count);
        admin.request("POST", "/v1/events").key(&unique("key-of-a-test")).body("application/x-ndjson", body).send()
    };
    assert_eq!(lines(MAX_BATCH_EVENTS).status(200)["refused"], MAX_BATCH_EVENTS);
    lines(MAX_BATCH_EVENTS + 1).problem("batch_too_large");
}

#[test]
fn what_stands_beside_a_body_is_taken_at_its_limit_and_refused_one_past_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let event = action("act-1", "dlg-1");
    let keyed = |length: usize| admin.request("POST", "/v1/actions").key(&"k".repeat(length)).json(&event).send();
    for (within, past) in [(MIN_KEY_CHARACTERS, MIN_KEY_CHARACTERS - 1), (MAX_KEY_CHARACTERS, MAX_KEY_CHARACTERS + 1)] {
        assert!(matches!(keyed(within).status, 200 | 201), "a key of {within}");
        keyed(past).problem("idempotency_key_invalid");
    }
    for (within, past, code) in [
        (format!("/v1/actions?limit={MAX_LIMIT}"), format!("/v1/actions?limit={}", MAX_LIMIT + 1), "invalid_parameter"),
        (
            format!("/v1/search?q={}", "x".repeat(MAX_TEXT_CHARACTERS)),
            format!("/v1/search?q={}", "x".repeat(MAX_TEXT_CHARACTERS + 1)),
            "invalid_parameter",
        ),
        (format!("/v1/search?q={}", "x+".repeat(MAX_WORDS)), format!("/v1/search?q={}", "x+".repeat(MAX_WORDS + 1)), "invalid_parameter"),
        (
            format!("/v1/actions?agent_id={}", "a".repeat(MAX_ID_BYTES)),
            format!("/v1/actions?agent_id={}", "a".repeat(MAX_ID_BYTES + 1)),
            "invalid_parameter",
        ),
    ] {
        admin.get(&within).status(200);
        admin.get(&past).problem(code);
    }
    // At the limit the address is read, and the parameter in it is then unknown.
    let address = |bytes: usize| format!("/v1/actions?x={}", "y".repeat(bytes - "/v1/actions?x=".len()));
    admin.get(&address(MAX_URI_BYTES)).problem("unknown_parameter");
    admin.get(&address(MAX_URI_BYTES + 1)).problem("uri_too_long");
    let parameters = |count: usize| format!("/v1/actions?{}", "zzz=1&".repeat(count));
    assert_eq!(errors_of(&admin.get(&parameters(64)).problem("unknown_parameter")).len(), 64);
    assert_eq!(errors_of(&admin.get(&parameters(65)).problem("invalid_parameter")), ["? escape"]);
    let headed = |bytes: usize| {
        let stated = "host".len() + 1 + "x-pad".len();
        let pad = "p".repeat(bytes - stated);
        Wire::connect(app.url()).send(format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Pad: {pad}\r\n\r\n").as_bytes()).answer()
    };
    headed(MAX_HEADER_BYTES).status(200);
    headed(MAX_HEADER_BYTES + 1).problem("headers_too_large");
}

#[test]
fn numbers_are_kept_as_they_were_meant_or_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    let post = |number: &str| {
        let event = action(&unique("act"), "dlg-1").to_string().replace("12999", number);
        admin.request("POST", "/v1/actions").key(&unique("key-of-a-test")).body("application/json", event).send()
    };
    for (given, kept) in [
        ("1.10", "1.1"),
        ("-0", "0"),
        ("1e2", "100"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("5e-324", "5e-324"),
        ("0.9825037480443175", "0.9825037480443175"),
        ("9007199254740991", "9007199254740991"),
        ("0.1", "0.1"),
    ] {
        let index = post(given).status(201)["entry"]["index"].as_u64().unwrap();
        let entry = app.ledger().read(|rows| open_entry(rows, LeafIndex::new(index).unwrap())).unwrap().unwrap();
        assert_eq!(entry.members["/action/arguments"].to_canonical(), format!("{{\"amount_cents\":{kept},\"order\":\"W5918442\"}}"));
    }
    let size = app.size();
    let past = (MAX_SAFE_INTEGER + 1).to_string();
    for given in ["1e400", "-1e400", "0.1000000000000000000001", "1.5e-9223372036854775808", "123456789012345678901234567890", &past] {
        post(given).problem("number_not_exact");
    }
    for given in ["01", "1.", ".5", "+1", "0x10", "1e", "--1", "Infinity"] {
        post(given).problem("malformed_json");
    }
    assert_eq!(app.size(), size);
}
