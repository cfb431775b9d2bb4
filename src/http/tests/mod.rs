//! The floor as its callers meet it: a few operations of no meaning behind the whole of it.

mod refusals;
mod sent_again;
mod slow;
mod sockets;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::domain::credential::{Caller, NotAuthenticated, Permission, PermissionSet, PlainToken, PresentedToken};
use crate::domain::delegation::CallerClass;
use crate::domain::ids::{AgentId, PrincipalId, Source};
use crate::domain::person::{HumanSession, Role};
use crate::http::authentication::{Authenticated, Authenticator};
use crate::http::body::{self, BodyLimit, Form};
use crate::http::codes::Code;
use crate::http::cursor::Cursors;
use crate::http::edge::Surroundings;
use crate::http::envelope::{self, ListMeta, NO_META};
use crate::http::idempotent::{MadeFrom, Reply, once};
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route, RouteTable};
use crate::http::server::application;
use crate::service::idempotency::Idempotency;
use crate::service::sessions::Sessions;
use crate::store::service_db::ServiceDb;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// What the operations share.
struct Works {
    /// How often work was done.
    done: AtomicUsize,
    /// Lets work through.
    gate: Semaphore,
    /// Tells that work has begun.
    begun: Semaphore,
}

/// The floor over a fresh `service.db`.
pub(super) struct World {
    _folder: tempfile::TempDir,
    surroundings: Arc<Surroundings>,
    works: Arc<Works>,
}

/// An answer.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The credentials are their own names: `agent`, `service`, `reader` (may only read), `expired`, `revoked`.
struct Names;

impl Authenticator for Names {
    fn authenticate(&self, presented: &PresentedToken, _: Timestamp) -> Result<Caller, NotAuthenticated> {
        let permissions = match presented.id.as_str() {
            "agent" | "service" => PermissionSet::all(),
            "reader" => [Permission::LedgerRead].into_iter().collect(),
            "expired" => return Err(NotAuthenticated::Expired),
            "revoked" => return Err(NotAuthenticated::Revoked),
            _ => return Err(NotAuthenticated::Unknown),
        };
        Ok(Caller {
            credential_id: presented.id.clone(),
            class: presented.class,
            source: Source::parse(presented.id.as_str()).unwrap(),
            agent_id: (presented.class == CallerClass::Agent).then(|| AgentId::parse("agent:desk").unwrap()),
            permissions,
            reports_for: Vec::new(),
            grants_for: Vec::new(),
            human: None,
        })
    }
}

fn bearer(class: &str, id: &str) -> String {
    format!("Bearer onus_{class}_{id}_{}", "s".repeat(43))
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(ServiceDb::open(&folder.path().join("service.db")).unwrap());
        let surroundings = Surroundings {
            now: Arc::new(now),
            base_url: "https://ledger.example".into(),
            is_tls: false,
            authenticator: Arc::new(Names),
            sessions: Sessions::new(Arc::clone(&db), [1; 32]),
            idempotency: Idempotency::new(db),
            fingerprint_key: [2; 32],
            cursors: Cursors::new([3; 32]),
            error_page: Some(|_, problem| {
                HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!("<h1>{}</h1>", problem.code().as_str()))
            }),
        };
        let works = Works { done: AtomicUsize::new(0), gate: Semaphore::new(0), begun: Semaphore::new(0) };
        Self { _folder: folder, surroundings: Arc::new(surroundings), works: Arc::new(works) }
    }

    fn works_done(&self) -> usize {
        self.works.done.load(Ordering::SeqCst)
    }

    /// Lets `count` pieces of work through.
    fn open_gate(&self, count: usize) {
        self.works.gate.add_permits(count);
    }

    fn sign_in(&self, roles: &[Role]) -> (HumanSession, PlainToken) {
        let ana = PrincipalId::parse("user:ana").unwrap();
        let link = self.surroundings.sessions.make_link(&ana, "Ana", roles, now(), 60_000).unwrap();
        self.surroundings.sessions.redeem(link.reveal(), now()).unwrap().unwrap()
    }

    /// Sends one request through everything but the sockets.
    async fn send(&self, request: TestRequest) -> Answer {
        let works = web::Data::from(Arc::clone(&self.works));
        let app = init_service(application(Arc::clone(&self.surroundings), &table()).app_data(works)).await;
        let response = call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: read_body(response).await.to_vec() }
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Every refusal has this form, whatever it is about.
    #[track_caller]
    fn refuses_with(&self, code: Code) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["code"].as_str()), (code.status(), Some(code.as_str())), "{json}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(json["request_id"].as_str(), self.header("x-request-id"));
        assert_eq!(json["type"], format!("https://ledger.example/problems/{}", code.as_str()));
        assert_eq!(json["retryable"].as_bool(), Some(self.header("retry-after").is_some()));
        json
    }
}

fn table() -> RouteTable {
    let read = Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::LedgerRead) };
    let write = Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::EventsWrite) };
    let person = Access::Callers { classes: &[CallerClass::Human], permission: None };
    let get = |path, operation_id, access, handler| Registered {
        route: Route {
            method: actix_web::http::Method::GET,
            path,
            operation_id,
            access,
            cost: Cost::Read,
            accepts: &[],
            key_rule: KeyRule::None,
            problems: &[],
        },
        handler,
    };
    let mut post = get("/things", "addThing", write, || web::to(add_thing));
    post.route.method = actix_web::http::Method::POST;
    post.route.accepts = &[MediaType::Json];
    post.route.key_rule = KeyRule::Required;
    let mut form = get("/names", "setName", person, || web::to(set_name));
    form.route.method = actix_web::http::Method::POST;
    form.route.accepts = &[MediaType::Form];
    let rows = [
        post,
        form,
        get("/open", "readOpen", Access::Open, || web::to(read_open)),
        get("/things", "listThings", read, || web::to(list_things)),
        get("/things/{id}", "readThing", read, || web::to(read_thing)),
        get("/panic", "panicNow", read, || web::to(panic_now)),
        get("/me", "readCaller", read, || web::to(read_caller)),
    ];
    RouteTable::new(rows).unwrap()
}

async fn read_open(request: HttpRequest) -> HttpResponse {
    envelope::ok(&request, &json!({ "open": true }))
}

async fn read_thing(request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    envelope::ok(&request, &json!({ "id": *id }))
}

async fn read_caller(request: HttpRequest, caller: Authenticated) -> HttpResponse {
    envelope::ok(&request, &json!({ "class": caller.class.as_str() }))
}

async fn panic_now() -> HttpResponse {
    panic!("a test wants to see this")
}

async fn set_name(request: HttpRequest, session: HumanSession, form: Form) -> HttpResponse {
    envelope::ok(&request, &json!({ "name": form.field("name"), "of": session.principal_id.as_str() }))
}

async fn list_things(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string(), &["colour", "limit", "cursor"])?;
    let cursors = &Surroundings::of(&request).cursors;
    let after = cursors.open("listThings", &query)?.map_or(0, |position| usize::from(position[0]));
    let last = after + usize::from(query.limit()?);
    let cursor = cursors.seal("listThings", &query, &[u8::try_from(last).unwrap()]);
    let meta = ListMeta { cursor: Some(cursor), has_more: true, ..ListMeta::default() };
    Ok(envelope::list(&request, &json!({ "after": after }), &meta))
}

/// `{"entries": true}` is answered as ingest is; `{"code": …}` is refused with that code; `{"wait": true}` waits for the gate.
async fn add_thing(
    request: HttpRequest,
    payload: web::Payload,
    caller: Authenticated,
    works: web::Data<Works>,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(request.headers(), payload.into_inner(), BodyLimit::Event).await?;
    crate::tlog::json::Value::parse(&bytes)?;
    let wish: Value = serde_json::from_slice(&bytes).unwrap();
    let work = move |()| async move {
        works.begun.add_permits(1);
        if wish["wait"] == true {
            works.gate.acquire().await.unwrap().forget();
        }
        let number = works.done.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(code) = wish["code"].as_str() {
            return Err(Problem::of(Code::parse(code).unwrap()));
        }
        let body = envelope::to_bytes(&json!({ "number": number }), NO_META, "req_of_the_first", now());
        let made_from = (wish["entries"] == true).then(|| made_from(number));
        Ok(Reply { made_from, ..Reply::json(StatusCode::CREATED, body) })
    };
    once(
        &request,
        &caller,
        &bytes,
        || Ok(()),
        work,
        |made| {
            let number = made.indexes[0].get();
            assert_eq!(made.recipe, b"recipe");
            Ok(envelope::to_bytes(&json!({ "number": number }), NO_META, "req_of_the_first", now()))
        },
    )
    .await
}

fn made_from(number: usize) -> MadeFrom {
    MadeFrom { indexes: vec![LeafIndex::new(number as u64).unwrap()], recipe: b"recipe".to_vec() }
}
