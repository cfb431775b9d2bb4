//! The same request, more than once.

use std::rc::Rc;

use actix_web::rt;
use actix_web::test::TestRequest;

use super::*;

fn post(key: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri("/things")
        .insert_header(("Authorization", bearer("agent", "agent")))
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Content-Length", body.len()))
        .insert_header(("Idempotency-Key", key.to_owned()))
        .set_payload(body.to_owned())
}

#[actix_web::test]
async fn the_same_request_is_answered_again_byte_for_byte() {
    let world = World::new();
    for (key, body) in [("key-whole", "{}"), ("key-entries", r#"{"entries":true}"#)] {
        let first = world.send(post(key, body)).await;
        let done = world.works_done();
        let again = world.send(post(&format!("\"{key}\""), body)).await;
        assert_eq!((first.status, first.header("x-idempotent-replayed")), (201, None));
        assert_eq!((again.status, again.header("x-idempotent-replayed")), (201, Some("true")));
        assert_eq!((&again.body, again.header("content-type")), (&first.body, Some("application/json")));
        assert_eq!(world.works_done(), done, "nothing was done for the second");
        world.send(post(key, r#"{"other":1}"#)).await.refuses_with(Code::IdempotencyKeyReused);
        world.send(post(key, body).uri("/things?validate=true")).await.refuses_with(Code::IdempotencyKeyReused);
        let service = post(key, body).insert_header(("Authorization", bearer("service", "service")));
        assert_eq!(world.send(service).await.header("x-idempotent-replayed"), None, "another credential, another key");
    }
}

#[actix_web::test]
async fn a_key_is_required_and_well_formed() {
    let world = World::new();
    let without = TestRequest::post()
        .uri("/things")
        .insert_header(("Authorization", bearer("agent", "agent")))
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Content-Length", 2))
        .set_payload("{}");
    world.send(without).await.refuses_with(Code::IdempotencyKeyRequired);
    world.send(post("short", "{}")).await.refuses_with(Code::IdempotencyKeyInvalid);
    world
        .send(post("key-00000001", "{}").append_header(("Idempotency-Key", "key-00000002")))
        .await
        .refuses_with(Code::IdempotencyKeyInvalid);
    assert_eq!(world.works_done(), 0);
}

#[actix_web::test]
async fn a_final_refusal_is_kept_and_one_that_may_pass_is_not() {
    let world = World::new();
    for code in ["validation_failed", "event_id_conflict", "permission_missing"] {
        let (key, body) = (format!("key-{code}"), format!(r#"{{"code":"{code}"}}"#));
        let first = world.send(post(&key, &body)).await;
        let again = world.send(post(&key, &body)).await;
        first.refuses_with(Code::parse(code).unwrap());
        assert_eq!((again.header("x-idempotent-replayed"), &again.body), (Some("true"), &first.body), "{code}");
        assert_eq!(again.header("content-type"), Some("application/problem+json"));
    }
    for code in ["ledger_busy", "internal", "rate_limited_burst", "requires_human_confirmation", "unauthenticated"] {
        let (key, body) = (format!("key-{code}"), format!(r#"{{"code":"{code}"}}"#));
        let before = world.works_done();
        for _ in 0..2 {
            world.send(post(&key, &body)).await.refuses_with(Code::parse(code).unwrap());
        }
        assert_eq!(world.works_done(), before + 2, "{code}");
    }
}

#[actix_web::test]
async fn while_it_is_worked_on_the_others_are_told_to_wait() {
    let world = Rc::new(World::new());
    let body = r#"{"wait":true}"#;
    let first = rt::spawn({
        let world = Rc::clone(&world);
        async move { world.send(post("key-00000001", body)).await }
    });
    world.works.begun.acquire().await.unwrap().forget();
    for _ in 0..19 {
        let answer = world.send(post("key-00000001", body)).await;
        answer.refuses_with(Code::RequestInFlight);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    world.send(post("key-00000001", "{}")).await.refuses_with(Code::IdempotencyKeyReused);
    world.open_gate(1);
    assert_eq!(first.await.unwrap().status, 201);
    assert_eq!(world.send(post("key-00000001", body)).await.header("x-idempotent-replayed"), Some("true"));
    assert_eq!(world.works_done(), 1);
}

#[actix_web::test]
async fn of_twenty_at_once_one_is_worked_on() {
    let world = Rc::new(World::new());
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let world = Rc::clone(&world);
            rt::spawn(async move { world.send(post("key-00000001", "{}")).await })
        })
        .collect();
    let mut first = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        match (answer.status, answer.header("x-idempotent-replayed")) {
            (201, None) => first += 1,
            (201, Some("true")) => {}
            _ => _ = answer.refuses_with(Code::RequestInFlight),
        }
    }
    assert_eq!((first, world.works_done()), (1, 1));
}

#[actix_web::test]
async fn work_goes_on_when_its_caller_hangs_up() {
    let world = Rc::new(World::new());
    let body = r#"{"wait":true}"#;
    let caller = rt::spawn({
        let world = Rc::clone(&world);
        async move { world.send(post("key-00000001", body)).await }
    });
    world.works.begun.acquire().await.unwrap().forget();
    caller.abort();
    assert!(caller.await.is_err_and(|e| e.is_cancelled()));
    world.open_gate(1);
    let answer = loop {
        let answer = world.send(post("key-00000001", body)).await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!((answer.status, answer.header("x-idempotent-replayed")), (201, Some("true")));
    assert_eq!(world.works_done(), 1);
}
