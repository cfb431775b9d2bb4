//! Who sees what on the pages: a role opens everything, without one a person sees what is in her own name, and programs are sent
//! to the API. How pages look is the browser's business (`tests/browser`).

use onus::domain::person::Role;
use serde_json::json;

use crate::app::TestApp;
use crate::call::Client;
use crate::submissions::{action, grant, with};

const ANA: &str = "user:ana@example.com";
const BEA: &str = "user:bea@example.com";

/// Ana's delegation and one action under it, and the same of Bea's.
fn told() -> TestApp {
    let app = TestApp::start();
    let billing = app.service("billing");
    billing.post("/v1/delegations", &grant("dlg-ana")).status(201);
    let of_bea =
        with(grant("dlg-bea"), &[("/human_principal_id", json!(BEA)), ("/delegator/id", json!(BEA)), ("/event_id", json!("evt-bea"))]);
    billing.post("/v1/delegations", &of_bea).status(201);
    billing.post("/v1/actions", &action("act-ana", "dlg-ana")).status(201);
    let of_bea = with(action("act-bea", "dlg-bea"), &[("/actor/human_principal_id", json!(BEA))]);
    billing.post("/v1/actions", &of_bea).status(201);
    app.wait_indexed();
    app.wait_published();
    app
}

#[track_caller]
fn open(who: &Client, path: &str) -> (u16, String) {
    let answer = who.request("GET", path).header("accept", "text/html").send();
    let text = answer.text();
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{path}: {text}");
    (answer.status, text)
}

#[test]
fn a_role_opens_everything_and_without_one_a_person_sees_her_own() {
    let app = told();
    let auditor = app.person("user:carol@example.com", &[Role::Auditor]);
    let ana = app.person(ANA, &[]);
    for (path, hers) in [
        ("/actions/act-ana", 200),
        ("/actions/act-bea", 404),
        ("/delegations/dlg-ana", 200),
        ("/delegations/dlg-bea", 404),
        ("/people/user%3Aana%40example.com", 200),
        ("/people/user%3Abea%40example.com", 404),
        ("/entries/0", 404),
    ] {
        assert_eq!(open(&auditor, path).0, 200, "{path}");
        assert_eq!(open(&ana, path).0, hers, "{path}");
    }
    for path in ["/", "/delegations", "/people", "/search?caller_class=agent", "/search?type=delegation.granted"] {
        let (all, own) = (open(&auditor, path).1, open(&ana, path).1);
        assert!(all.contains("ana@") && all.contains("bea@") || path == "/", "{path}");
        assert!(!own.contains("bea"), "{path} shows her what is not hers");
    }
}

#[test]
fn somebody_of_whom_nothing_is_recorded_has_a_page_of_her_own() {
    let app = told();
    let new = app.person("user:new@example.com", &[]);
    let (status, page) = open(&new, "/people/user%3Anew%40example.com");
    assert_eq!(status, 200);
    assert!(page.contains("Nothing has been done in this person"), "{page}");
    assert_eq!(open(&new, "/people/user%3Aother%40example.com").0, 404);
}

#[test]
fn programs_are_sent_to_the_api_and_strangers_to_the_door() {
    let app = told();
    app.admin().get("/actions/act-ana").problem("human_session_required");
    app.stranger().get("/actions/act-ana").problem("unauthenticated");
    assert_eq!(open(&app.stranger(), "/").0, 401);
    let twin = app.admin().get("/v1/actions/act-ana/walk").status(200);
    assert_eq!(app.admin().get("/actions/act-ana.json").status(200), twin);
}

#[test]
fn a_problems_page_answers_browsers_and_programs_at_one_address() {
    let app = TestApp::start();
    let json = app.stranger().get("/problems/ledger_busy").status(200);
    assert_eq!((&json["status"], &json["retryable"]), (&json!(503), &json!(true)));
    let (status, page) = open(&app.stranger(), "/problems/ledger_busy");
    assert_eq!(status, 200);
    assert!(page.contains("ledger_busy"));
    app.stranger().get("/problems/never_heard_of").problem("not_found");
}

#[test]
fn what_is_wrong_with_an_entry_is_said_and_never_shown_as_evidence() {
    let app = told();
    let auditor = app.person("user:carol@example.com", &[Role::Auditor]);
    for path in ["/entries/00", "/entries/x", "/entries/99", "/documents/xyz", "/actions/%00", "/agents/never"] {
        assert_eq!(open(&auditor, path).0, 404, "{path}");
    }
    assert_eq!(open(&auditor, "/delegations?standing=dead").0, 400);
    assert_eq!(open(&auditor, "/people?cursor=made-up").0, 400);
    let proof = auditor.get("/entries/1/tlog-proof");
    assert!(proof.text().starts_with("c2sp.org/tlog-proof@v1\n"), "{}", proof.text());
}
