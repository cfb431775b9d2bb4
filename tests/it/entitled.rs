//! For whom a credential may speak: an agent for itself, a service for those it was issued for, a person in her own name.

use onus::domain::person::Role;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::unique;
use crate::submissions::{action, grant, pass_on, revocation, with};

/// What `agent_id` did.
fn act_of(agent_id: &str) -> Value {
    with(action(&unique("act"), "dlg-1"), &[("/actor/agent_id", json!(agent_id))])
}

#[test]
fn an_agent_reports_what_it_did_itself_and_passes_on_what_was_given_to_it() {
    let app = TestApp::start();
    let refunds = app.agent("agent:refunds");
    app.admin().post("/v1/delegations", &grant("dlg-1")).status(201);
    refunds.post("/v1/actions", &act_of("agent:refunds")).status(201);
    refunds.post("/v1/delegations", &pass_on("dlg-2", "dlg-1", "agent:refunds", "agent:helper")).status(201);
    let size = app.size();
    refunds.post("/v1/actions", &act_of("agent:helper")).problem("agent_id_not_yours");
    let human =
        with(action("act-1", "dlg-1"), &[("/actor", json!({ "caller_class": "human", "human_principal_id": "user:ana@example.com" }))]);
    refunds.post("/v1/actions", &human).problem("agent_id_not_yours");
    refunds.post("/v1/delegations", &grant("dlg-3")).problem("root_delegation_by_agent");
    let own_root = with(grant("dlg-3"), &[("/delegator", json!({ "kind": "agent", "id": "agent:refunds" }))]);
    refunds.post("/v1/delegations", &own_root).problem("root_delegation_by_agent");
    // What it passed on to another is the other's to pass on.
    refunds.post("/v1/delegations", &pass_on("dlg-3", "dlg-2", "agent:refunds", "agent:third")).problem("not_the_delegate");
    // Nor does naming another delegator help while the parent is not known yet.
    refunds.post("/v1/delegations", &pass_on("dlg-3", "dlg-late", "agent:helper", "agent:third")).problem("not_the_delegate");
    assert_eq!(app.size(), size);
    app.agent("agent:helper").post("/v1/delegations", &pass_on("dlg-3", "dlg-2", "agent:helper", "agent:third")).status(201);
}

#[test]
fn an_agent_takes_back_what_it_gave_and_sees_no_other() {
    let app = TestApp::start();
    let (refunds, helper) = (app.agent("agent:refunds"), app.agent("agent:helper"));
    app.admin().post("/v1/delegations", &grant("dlg-1")).status(201);
    refunds.post("/v1/delegations", &pass_on("dlg-2", "dlg-1", "agent:refunds", "agent:helper")).status(201);
    let size = app.size();
    for (agent, id) in [(&refunds, "dlg-1"), (&helper, "dlg-2"), (&helper, "dlg-1"), (&refunds, "dlg-never")] {
        agent.post(&format!("/v1/delegations/{id}/revocations"), &revocation(id)).problem("not_found");
    }
    assert_eq!(app.size(), size, "what is not hers and what is not there look the same");
    refunds.post("/v1/delegations/dlg-2/revocations", &revocation("dlg-2")).status(201);
    let after = helper.post("/v1/actions", &with(act_of("agent:helper"), &[("/actor/delegation_id", json!("dlg-2"))])).status(201);
    assert!(after["findings"].as_array().unwrap().contains(&json!("delegation_revoked")), "{after}");
}

#[test]
fn a_service_speaks_for_those_it_was_issued_for() {
    let app = TestApp::start();
    let billing = app.credential(&json!({ "name": "billing", "class": "service", "permissions": ["events:write", "delegations:write"],
        "reports_for": ["agent:refunds", "agent:billing-*"], "grants_for": ["user:ana@*"] }));
    billing.post("/v1/actions", &act_of("agent:refunds")).status(201);
    billing.post("/v1/actions", &act_of("agent:billing-7")).status(201);
    billing.post("/v1/delegations", &grant("dlg-1")).status(201);
    let size = app.size();
    for other in ["agent:refunds2", "agent:billing", "agent:desk"] {
        billing.post("/v1/actions", &act_of(other)).problem("reports_for_exceeded");
    }
    let bob =
        with(grant("dlg-2"), &[("/delegator/id", json!("user:bob@example.com")), ("/human_principal_id", json!("user:bob@example.com"))]);
    billing.post("/v1/delegations", &bob).problem("reports_for_exceeded");
    billing.post_lines("/v1/events", &[act_of("agent:desk"), bob]).status(200)["results"].as_array().unwrap().iter().for_each(|result| {
        assert_eq!(
            (&result["status"], &result["problem"]["code"]),
            (&json!(403), &json!("reports_for_exceeded")),
            "a batch is no way around"
        );
    });
    assert_eq!(app.size(), size);
    // Without patterns it speaks for nobody.
    let mute = app.credential(&json!({ "name": "mute", "class": "service", "permissions": ["events:write", "delegations:write"] }));
    mute.post("/v1/actions", &act_of("agent:refunds")).problem("reports_for_exceeded");
    mute.post("/v1/delegations", &grant("dlg-3")).problem("reports_for_exceeded");
}

#[test]
fn a_person_speaks_in_her_own_name() {
    let app = TestApp::start();
    let (ana, bob) = (app.person("user:ana@example.com", &[]), app.person("user:bob@example.com", &[Role::Auditor]));
    let click = |who: &str| {
        let actor = json!({ "caller_class": "human", "human_principal_id": who });
        with(action(&unique("act"), "dlg-1"), &[("/actor", actor)])
    };
    ana.post("/v1/delegations", &grant("dlg-1")).status(201);
    ana.post("/v1/actions", &click("user:ana@example.com")).status(201);
    let size = app.size();
    bob.post("/v1/actions", &click("user:ana@example.com")).problem("not_your_own_name");
    bob.post("/v1/delegations", &grant("dlg-2")).problem("not_your_own_name");
    bob.post("/v1/delegations/dlg-1/revocations", &revocation("dlg-1")).problem("not_your_own_name");
    ana.post("/v1/actions", &act_of("agent:refunds")).problem("not_your_own_name");
    ana.post_lines("/v1/events", &[click("user:ana@example.com")]).problem("caller_class_not_allowed");
    ana.post("/v1/credentials", &json!({ "name": "x", "class": "service", "permissions": [] })).problem("permission_missing");
    assert_eq!(app.size(), size);
    app.person("user:eve@example.com", &[Role::Operator]).post("/v1/delegations/dlg-1/revocations", &revocation("dlg-1")).status(201);
}

#[test]
fn a_session_without_its_own_pages_token_changes_nothing() {
    let app = TestApp::start();
    let ana = app.person("user:ana@example.com", &[]);
    let size = app.size();
    let forged = app.stranger().like(&ana).without_csrf();
    forged.post("/v1/delegations", &grant("dlg-1")).problem("csrf_failed");
    let call = ana.request("POST", "/v1/delegations").header("sec-fetch-site", "cross-site").json(&grant("dlg-1"));
    call.send().problem("csrf_failed");
    assert_eq!(app.size(), size);
}

#[test]
fn a_credential_ends_when_it_says() {
    let app = TestApp::start();
    let brief = app.credential(&json!({ "name": "brief", "class": "agent", "agent_id": "agent:refunds", "permissions": ["events:write"],
        "expires_at": "2026-11-24T13:00:00Z" }));
    brief.post("/v1/actions", &act_of("agent:refunds")).status(201);
    app.tick(3_599);
    let answer = brief.post("/v1/actions", &act_of("agent:refunds"));
    assert_eq!(answer.header("x-caller-class"), Some("agent"));
    answer.status(201);
    let size = app.size();
    app.tick(1);
    brief.post("/v1/actions", &act_of("agent:refunds")).problem("credential_expired");
    assert_eq!(app.size(), size);
}

#[test]
fn what_a_request_says_of_its_sender_is_kept_as_a_claim() {
    let app = TestApp::start();
    let refunds = app.agent("agent:refunds");
    let call = |prefer: &str| refunds.request("POST", "/v1/actions").key(&unique("key-of-a-test")).header("prefer", prefer);
    let claiming = call("receipt=opening").header("x-agent-id", "agent:admin").header("x-caller-class", "human");
    let answer = claiming.json(&act_of("agent:refunds")).send();
    assert_eq!(answer.header("x-caller-class"), Some("agent"), "the credential says it");
    let report = &answer.status(201)["report"];
    assert_eq!(
        (&report["agent_id_claim"], &report["source"], &report["caller_class"]),
        (&json!("agent:admin"), &json!("agent:refunds"), &json!("agent"))
    );
}

#[test]
fn an_agent_does_not_read_an_action_by_reporting_it_too() {
    let app = TestApp::start();
    app.admin().post("/v1/delegations", &grant("dlg-1")).status(201);
    let refunds = app.agent("agent:refunds");
    let own = refunds.post("/v1/actions", &with(action("act-91", "dlg-1"), &[("/actor/agent_id", json!("agent:refunds"))])).status(201);
    let nosy = app.agent("agent:nosy");
    nosy.post("/v1/actions", &with(action("act-91", "dlg-1"), &[("/event_id", json!("joined")), ("/actor/agent_id", json!("agent:nosy"))]))
        .status(201);
    for path in ["/v1/actions/act-91", "/v1/actions/act-91/walk", &format!("/v1/entries/{}", own["entry"]["index"])] {
        nosy.get(path).problem("not_found");
        refunds.get(path).status(200);
    }
}

#[test]
fn a_chain_without_a_person_is_taken_back_by_whoever_gave_it() {
    let app = TestApp::start();
    let nightly = app.credential(&json!({ "name": "svc:nightly", "class": "service", "permissions": ["delegations:write"] }));
    let giver = json!({ "kind": "service", "id": "svc:nightly" });
    let given = with(grant("dlg-night"), &[("/delegator", giver), ("/human_principal_id", json!(null))]);
    nightly.post("/v1/delegations", &given).status(201);
    let stranger = app.credential(&json!({ "name": "svc:other", "class": "service", "permissions": ["delegations:write"] }));
    stranger.post("/v1/delegations/dlg-night/revocations", &revocation("dlg-night")).problem("reports_for_exceeded");
    app.person("user:ana@example.com", &[])
        .post("/v1/delegations/dlg-night/revocations", &revocation("dlg-night"))
        .problem("not_your_own_name");
    nightly.post("/v1/delegations/dlg-night/revocations", &revocation("dlg-night")).status(201);
}

#[test]
fn an_action_has_so_many_reports_and_no_more() {
    let app = TestApp::start();
    app.admin().post("/v1/delegations", &grant("dlg-1")).status(201);
    let report = |n: usize| with(action("act-1", "dlg-1"), &[("/event_id", json!(format!("report-{n}")))]);
    let answer = app.admin().post_lines("/v1/events", &(0..33).map(report).collect::<Vec<_>>()).status(200);
    assert_eq!((&answer["accepted"], &answer["refused"]), (&json!(32), &json!(1)));
    assert_eq!(answer["results"][32]["problem"]["code"], "too_many_reports");
}
