//! Every way of being turned away before a handler does anything.

use std::io::Write as _;

use actix_web::test::TestRequest;

use super::*;
use crate::http::door::CSRF_HEADER;

fn as_agent(request: TestRequest) -> TestRequest {
    request.insert_header(("Authorization", bearer("agent", "agent")))
}

fn json_post(body: &'static str) -> TestRequest {
    as_agent(TestRequest::post().uri("/things"))
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Content-Length", body.len()))
        .insert_header(("Idempotency-Key", "key-00000001"))
        .set_payload(body)
}

#[actix_web::test]
async fn what_is_in_no_row_does_not_exist() {
    let world = World::new();
    for path in ["/", "/nothing", "/things/1/more", "/things/", "//things", "/%ff"] {
        world.send(as_agent(TestRequest::get().uri(path))).await.refuses_with(Code::NotFound);
    }
}

#[actix_web::test]
async fn another_method_is_told_which_there_are() {
    let world = World::new();
    let answer = world.send(TestRequest::delete().uri("/things")).await;
    answer.refuses_with(Code::MethodNotAllowed);
    let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "OPTIONS", "POST"]);

    let options = world.send(TestRequest::default().method(actix_web::http::Method::OPTIONS).uri("/open")).await;
    assert_eq!((options.status, options.header("allow")), (200, Some("GET, HEAD, OPTIONS")));
    assert_eq!(options.json()["data"]["methods"], json!(["GET", "HEAD", "OPTIONS"]));
    let head = world.send(TestRequest::default().method(actix_web::http::Method::HEAD).uri("/open")).await;
    assert_eq!(head.status, 200);
}

#[actix_web::test]
async fn a_credential_is_asked_for_and_looked_at() {
    let world = World::new();
    let send =
        async |class: &str, id: &str| world.send(TestRequest::get().uri("/me").insert_header(("Authorization", bearer(class, id)))).await;
    let nobody = world.send(TestRequest::get().uri("/me")).await;
    nobody.refuses_with(Code::Unauthenticated);
    assert_eq!((nobody.header("www-authenticate"), nobody.header("x-caller-class")), (Some("Bearer realm=\"onus\""), Some("anonymous")));
    send("agent", "nobody").await.refuses_with(Code::Unauthenticated);
    send("robot", "agent").await.refuses_with(Code::Unauthenticated);
    send("agent", "expired").await.refuses_with(Code::CredentialExpired);
    send("agent", "revoked").await.refuses_with(Code::CredentialRevoked);
    let known = send("service", "reader").await;
    assert_eq!((known.status, known.header("x-caller-class")), (200, Some("service")));
    for value in ["Basic YTpi", "Bearer", "Bearer x", ""] {
        let answer = world.send(TestRequest::get().uri("/me").insert_header(("Authorization", value))).await;
        answer.refuses_with(Code::Unauthenticated);
    }
    let claimed = world.send(TestRequest::get().uri("/me").insert_header(("X-Caller-Class", "human"))).await;
    claimed.refuses_with(Code::Unauthenticated);
}

#[actix_web::test]
async fn permissions_and_classes_are_looked_at_before_the_body() {
    let world = World::new();
    let reader = |uri: &str| TestRequest::post().uri(uri).insert_header(("Authorization", bearer("agent", "reader"))).set_payload("{");
    let answer = world.send(reader("/things")).await;
    assert_eq!(answer.refuses_with(Code::PermissionMissing)["detail"], "this needs events:write");
    world.send(reader("/names")).await.refuses_with(Code::HumanSessionRequired);
}

#[actix_web::test]
async fn a_body_is_of_a_kind_that_is_read_and_of_a_size() {
    let world = World::new();
    let kind = |kind: &'static str| json_post("{}").insert_header(("Content-Type", kind));
    world.send(kind("text/plain")).await.refuses_with(Code::UnsupportedMediaType);
    world.send(kind("application/x-ndjson")).await.refuses_with(Code::UnsupportedMediaType);
    world.send(json_post("{}").insert_header(("Content-Encoding", "br"))).await.refuses_with(Code::UnsupportedMediaType);
    let announced = json_post("{}").insert_header(("Content-Length", "4194305"));
    assert_eq!(world.send(announced).await.refuses_with(Code::PayloadTooLarge)["max_bytes"], 4 << 20);
    let place = world.send(json_post("{\n \"a\": }")).await.refuses_with(Code::MalformedJson);
    assert_eq!((&place["line"], &place["column"]), (&json!(2), &json!(7)));
    world.send(json_post("{\"a\":1,\"a\":2}")).await.refuses_with(Code::DuplicateMember);
    world.send(json_post("")).await.refuses_with(Code::MalformedJson);
    let not_utf8 = json_post("").insert_header(("Content-Length", 3)).set_payload(&b"\"\xff\""[..]);
    world.send(not_utf8).await.refuses_with(Code::MalformedJson);
    assert_eq!(world.works_done(), 0);
}

#[actix_web::test]
async fn a_packed_body_is_read_and_a_bomb_refused() {
    let world = World::new();
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        let body = encoder.finish().unwrap();
        json_post("").insert_header(("Content-Encoding", "gzip")).insert_header(("Content-Length", body.len())).set_payload(body)
    };
    assert_eq!(world.send(packed(b"{}")).await.status, 201);
    let unpacked = json_post("{}");
    assert_eq!(world.send(unpacked).await.header("x-idempotent-replayed"), Some("true"), "the same body, packed or not");
    world.send(packed(&vec![b' '; (4 << 20) + 1])).await.refuses_with(Code::PayloadTooLarge);
    assert_eq!(world.works_done(), 1);
}

#[actix_web::test]
async fn addresses_and_headers_have_a_size() {
    let world = World::new();
    world.send(TestRequest::get().uri(&format!("/open?q={}", "x".repeat(9000)))).await.refuses_with(Code::UriTooLong);
    let many = (0..40).fold(TestRequest::get().uri("/open"), |r, i| r.insert_header((format!("x-{i}"), "x".repeat(1000))));
    world.send(many).await.refuses_with(Code::HeadersTooLarge);
}

#[actix_web::test]
async fn a_list_refuses_what_it_does_not_know_and_cursors_of_other_lists() {
    let world = World::new();
    let list = async |query: &str| world.send(as_agent(TestRequest::get().uri(&format!("/things?{query}")))).await;
    let errors = list("color=red").await.refuses_with(Code::UnknownParameter)["errors"].clone();
    assert_eq!(
        (&errors[0]["path"], &errors[0]["message"]),
        (&json!("?color"), &json!("there is no parameter \"color\" here; did you mean colour?"))
    );
    list("limit=501").await.refuses_with(Code::InvalidParameter);
    let first = list("colour=red&limit=20").await.json();
    let cursor = first["meta"]["cursor"].as_str().unwrap();
    assert_eq!(list(&format!("colour=red&limit=5&cursor={cursor}")).await.json()["data"]["after"], 20);
    list(&format!("colour=blue&cursor={cursor}")).await.refuses_with(Code::InvalidCursor);
    list("cursor=x").await.refuses_with(Code::InvalidCursor);
}

#[actix_web::test]
async fn a_panic_is_answered() {
    let world = World::new();
    let answer = world.send(as_agent(TestRequest::get().uri("/panic"))).await;
    assert!(!answer.refuses_with(Code::Internal).to_string().contains("a test wants"));
    assert_eq!(world.send(TestRequest::get().uri("/open")).await.status, 200);
}

#[actix_web::test]
async fn a_browser_is_given_a_page_and_everyone_the_same_headers() {
    let world = World::new();
    let page = world.send(TestRequest::get().uri("/nothing").insert_header(("Accept", "text/html,*/*;q=0.8"))).await;
    assert_eq!((page.status, page.body.as_slice()), (404, &b"<h1>not_found</h1>"[..]));
    assert_eq!(page.header("content-security-policy"), None, "a page brings its own");
    let json = world.send(TestRequest::get().uri("/open")).await;
    assert_eq!(json.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(json.json()["request_id"].as_str(), json.header("x-request-id"));
    for answer in [page, json] {
        assert_eq!((answer.header("x-content-type-options"), answer.header("referrer-policy")), (Some("nosniff"), Some("no-referrer")));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[actix_web::test]
async fn a_form_counts_only_from_the_persons_own_page() {
    let world = World::new();
    let (session, cookie) = world.sign_in(&[Role::Operator]);
    let (other, _) = world.sign_in(&[]);
    let form = |body: String| {
        TestRequest::post()
            .uri("/names")
            .insert_header(("Cookie", format!("onus_session={}", cookie.reveal())))
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
            .insert_header(("Content-Length", body.len()))
            .set_payload(body)
    };
    let good = format!("name=Ana+M&csrf_token={}", session.csrf.reveal());
    let answer = world.send(form(good.clone())).await;
    assert_eq!(answer.json()["data"], json!({ "name": "Ana M", "of": "user:ana" }));
    assert_eq!(answer.header("x-caller-class"), Some("human"));
    world.send(form(good.clone()).insert_header(("Sec-Fetch-Site", "same-origin"))).await.json()["data"]["name"].as_str().unwrap();
    world.send(form(good.clone()).insert_header(("Sec-Fetch-Site", "cross-site"))).await.refuses_with(Code::CsrfFailed);
    world.send(form("name=Ana".into())).await.refuses_with(Code::CsrfFailed);
    world.send(form(format!("name=Ana&csrf_token={}", other.csrf.reveal()))).await.refuses_with(Code::CsrfFailed);

    let json = |csrf: &str| {
        TestRequest::post()
            .uri("/things")
            .insert_header(("Cookie", format!("onus_session={}", cookie.reveal())))
            .insert_header(("Content-Type", "application/json"))
            .insert_header(("Content-Length", 2))
            .insert_header((CSRF_HEADER, csrf))
            .set_payload("{}")
    };
    world.send(json("x")).await.refuses_with(Code::CsrfFailed);
    assert_eq!(world.send(json(session.csrf.reveal())).await.status, 201, "a person needs no Idempotency-Key");
    world.surroundings.sessions.sign_out(cookie.reveal()).unwrap();
    world.send(form(good)).await.refuses_with(Code::Unauthenticated);
}

#[test]
fn the_table_refuses_a_row_twice_and_names_what_each_may_answer() {
    let rows: Vec<Registered> = table().rows().map(|route| Registered { route: route.clone(), handler: || web::to(read_open) }).collect();
    assert!(RouteTable::new(rows.iter().chain(&rows[..1]).cloned()).is_err());
    let add = rows.iter().find(|row| row.route.operation_id == "addThing").unwrap().route.all_problems();
    for code in [Code::Unauthenticated, Code::PermissionMissing, Code::MalformedJson, Code::IdempotencyKeyReused, Code::PayloadTooLarge] {
        assert!(add.contains(&code), "{code:?}");
    }
    let open = rows.iter().find(|row| row.route.operation_id == "readOpen").unwrap().route.all_problems();
    assert!(!open.contains(&Code::Unauthenticated) && open.contains(&Code::Internal));
}
