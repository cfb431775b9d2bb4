//! What would a revocation reach? Told before, held to afterwards.

use serde_json::{Value, json};

use super::Story;
use crate::call::errors_of;
use crate::submissions::{pass_on, revocation, with};

const PATH: &str = "/v1/delegations/dlg-root/revocations";

/// `dlg-root` with `dlg-part` and as many more below it.
fn story_of(more: usize) -> Story {
    let story = Story::told();
    let lines: Vec<Value> = (0..more).map(|n| pass_on(&format!("dlg-{n}"), "dlg-root", "agent:desk", "agent:helper")).collect();
    story.billing.post_lines("/v1/events", &lines).status(200);
    story
}

fn preview(story: &Story, body: &Value) -> Value {
    story.billing.request("POST", &format!("{PATH}?preview=true")).json(body).send().status(200)
}

fn with_token(body: &Value, token: &Value) -> Value {
    with(body.clone(), &[("/preview_token", token.clone())])
}

#[test]
fn a_preview_writes_nothing_and_is_acted_on() {
    let story = story_of(30);
    let (size, body) = (story.app.size(), revocation("dlg-root"));
    let refused = story.billing.post(PATH, &body).problem("preview_required");
    assert_eq!(errors_of(&refused), ["/preview_token required"]);
    let as_a_line = story.billing.post_lines("/v1/events", std::slice::from_ref(&body)).status(200);
    assert_eq!(as_a_line["results"][0]["problem"]["code"], "preview_required", "a batch is no way around it");
    let seen = preview(&story, &body);
    assert_eq!(story.app.size(), size);
    assert_eq!((&seen["affected_count"], seen["affected_sample"].as_array().unwrap().len()), (&json!(32), 10));
    assert_eq!(seen["expires_at"], "2026-11-24T12:10:00.000000Z");
    let acted = with_token(&body, &seen["preview_token"]);
    story.billing.post(PATH, &acted).status(201);
    // Sent again under another key it is the same event: nothing is left to end, so the token's age is no matter.
    story.app.tick(3600);
    assert!(story.billing.post(PATH, &acted).is_replayed());
    assert_eq!(preview(&story, &body)["affected_count"], 0);
    insta::assert_snapshot!(seen["warning"].as_str().unwrap(), @"Revoking dlg-root ends 32 delegations. What is done under any of them afterwards is not authorised. This cannot be undone.");
}

#[test]
fn few_need_no_preview_but_a_token_that_is_given_counts() {
    let story = story_of(3);
    let body = revocation("dlg-root");
    story.billing.post(PATH, &with_token(&body, &json!("nonsense"))).problem("preview_not_found");
    story.billing.post(PATH, &with_token(&body, &json!(7))).problem("validation_failed");
    story.billing.post(PATH, &body).status(201);
}

#[test]
fn a_token_is_of_one_request_for_a_while() {
    let story = story_of(30);
    let body = revocation("dlg-root");
    let token = preview(&story, &body)["preview_token"].take();
    let alone = with(body.clone(), &[("/cascade", json!(false))]);
    story.billing.post(PATH, &with_token(&alone, &token)).problem("preview_not_found");
    let other = story.app.service("other");
    other.post(PATH, &with_token(&body, &token)).problem("preview_not_found");
    let garbled: String = token.as_str().unwrap().chars().rev().collect();
    story.billing.post(PATH, &with_token(&body, &garbled.into())).problem("preview_not_found");
    story.app.tick(600);
    story.billing.post(PATH, &with_token(&body, &token)).problem("preview_expired");
}

#[test]
fn what_was_added_since_is_named() {
    let story = story_of(30);
    let body = revocation("dlg-root");
    let token = preview(&story, &body)["preview_token"].take();
    story.billing.post("/v1/delegations", &pass_on("dlg-late", "dlg-3", "agent:helper", "agent:late")).status(201);
    let stale = story.billing.post(PATH, &with_token(&body, &token)).problem("preview_stale");
    assert_eq!((&stale["added_count"], &stale["added_sample"], &stale["affected_count"]), (&json!(1), &json!(["dlg-late"]), &json!(33)));
    story.billing.post(PATH, &with_token(&body, &preview(&story, &body)["preview_token"])).status(201);
    assert_eq!(story.billing.get("/v1/delegations/dlg-late").status(200)["standing"]["by"], "dlg-root");
}

#[test]
fn a_late_link_brings_old_delegations_under_it() {
    let story = story_of(30);
    let body = revocation("dlg-root");
    story.billing.post("/v1/delegations", &pass_on("dlg-orphan", "dlg-link", "agent:helper", "agent:late")).status(201);
    let seen = preview(&story, &body);
    assert_eq!(seen["affected_count"], 32);
    story.billing.post("/v1/delegations", &pass_on("dlg-link", "dlg-root", "agent:desk", "agent:helper")).status(201);
    let stale = story.billing.post(PATH, &with_token(&body, &seen["preview_token"])).problem("preview_stale");
    assert_eq!(stale["added_sample"], json!(["dlg-link", "dlg-orphan"]));
}

#[test]
fn a_preview_is_for_whoever_may_revoke() {
    let story = story_of(1);
    let body = revocation("dlg-root");
    let preview = |client: &crate::call::Client| client.request("POST", &format!("{PATH}?preview=true")).json(&body).send();
    preview(&story.app.agent("agent:stranger")).problem("not_found");
    preview(&story.app.person("user:bob@example.com", &[])).problem("not_your_own_name");
    assert_eq!(preview(&story.app.person("user:ana@example.com", &[])).status(200)["affected_count"], 3);
    story.billing.request("POST", &format!("{PATH}?preview=maybe")).json(&body).send().problem("invalid_parameter");
}
