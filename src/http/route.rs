//! The one table of routes. The server, the 405s with their `Allow`, the identity matrix and the OpenAPI document are made from
//! its rows; a path that is in no row does not exist. The rows themselves belong to `api` and `ui`.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::guard;
use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::http::codes::Code;
use crate::http::door::door;
use crate::http::envelope::{self, NO_META};
use crate::http::media::MediaType;
use crate::http::problem::Problem;

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; nobody is asked who she is.
    Open,
    /// Authenticated callers of these classes, with this permission if one is named.
    Callers {
        /// Which classes.
        classes: &'static [CallerClass],
        /// Which permission.
        permission: Option<Permission>,
    },
}

/// What a request costs against its credential's budget (API.md, Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// 0
    Free,
    /// 1
    Read,
    /// 5
    Write,
    /// 5
    Search,
    /// 10
    Facets,
    /// 50
    Export,
    /// 1, and 1 for each event
    Batch,
}

/// Whether a request carries an Idempotency-Key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// Agents and services must, people may.
    Required,
    /// It changes something, and its protocol has its own manner.
    Exempt,
    /// It changes nothing.
    None,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Route {
    /// HTTP method; GET answers HEAD as well.
    pub method: Method,
    /// Template: `/v1/actions/{id}`; `{tail:.*}` takes slashes.
    pub path: &'static str,
    /// Verb and resource: `recordAction`.
    pub operation_id: &'static str,
    /// Who may come in.
    pub access: Access,
    /// What it costs.
    pub cost: Cost,
    /// Kinds of bodies it reads; empty: it reads none.
    pub accepts: &'static [MediaType],
    /// Whether it carries an Idempotency-Key.
    pub key_rule: KeyRule,
    /// Problems of its own, beside those that follow from the other columns.
    pub problems: &'static [Code],
}

impl Route {
    /// Every problem it may answer: its own and those that follow from the other columns.
    pub fn all_problems(&self) -> Vec<Code> {
        let mut all = vec![Code::UriTooLong, Code::HeadersTooLarge, Code::Internal];
        if let Access::Callers { classes, permission } = self.access {
            all.extend([Code::Unauthenticated, Code::CredentialExpired, Code::CredentialRevoked, Code::LedgerUnavailable]);
            all.extend((classes.len() < CallerClass::ALL.len()).then_some(Code::CallerClassNotAllowed));
            all.extend(permission.map(|_| Code::PermissionMissing));
            all.extend((!self.method.is_safe() && classes.contains(&CallerClass::Human)).then_some(Code::CsrfFailed));
        }
        if !self.accepts.is_empty() {
            all.extend([Code::UnsupportedMediaType, Code::PayloadTooLarge, Code::RequestTimeout, Code::BodyIncomplete]);
        }
        if self.accepts.contains(&MediaType::Json) {
            all.extend([Code::MalformedJson, Code::DuplicateMember, Code::NumberNotExact, Code::ReservedName, Code::TooDeep]);
        }
        if self.key_rule == KeyRule::Required {
            all.extend([Code::IdempotencyKeyRequired, Code::IdempotencyKeyInvalid, Code::IdempotencyKeyReused, Code::RequestInFlight]);
        }
        all.extend(self.problems);
        let mut seen = HashSet::new();
        all.retain(|code| seen.insert(*code));
        all
    }

    /// Whether a request of that method is for this row.
    pub(super) fn answers(&self, method: &Method) -> bool {
        self.method == method || (self.method == Method::GET && method == Method::HEAD)
    }
}

/// A row and its handler: `|| web::to(record_action)`.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The row.
    pub route: Route,
    /// Makes the handler, once for each worker.
    pub handler: fn() -> actix_web::Route,
}

/// Two rows are for the same method and path, or have one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route table names {0} twice")]
pub struct DuplicateRoute(String);

/// All rows.
#[derive(Clone, Debug)]
pub struct RouteTable {
    resources: Arc<[Resource]>,
}

/// The rows of one path.
#[derive(Clone, Debug)]
struct Resource {
    path: &'static str,
    rows: Arc<[Registered]>,
}

impl RouteTable {
    /// Of these rows; those of one path need not stand together. An exact path is tried before a template.
    pub fn new(rows: impl IntoIterator<Item = Registered>) -> Result<Self, DuplicateRoute> {
        let mut seen = HashSet::new();
        let mut paths: Vec<(&'static str, Vec<Registered>)> = Vec::new();
        for row in rows {
            for name in [format!("{} {}", row.route.method, row.route.path), row.route.operation_id.to_owned()] {
                if !seen.insert(name.clone()) {
                    return Err(DuplicateRoute(name));
                }
            }
            match paths.iter_mut().find(|(path, _)| *path == row.route.path) {
                Some((_, rows)) => rows.push(row),
                None => paths.push((row.route.path, vec![row])),
            }
        }
        paths.sort_by_key(|(path, _)| (path.contains(":.*}"), path.matches('{').count()));
        Ok(Self { resources: paths.into_iter().map(|(path, rows)| Resource { path, rows: rows.into() }).collect() })
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &Route> {
        self.resources.iter().flat_map(|resource| resource.rows.iter().map(|row| &row.route))
    }

    /// Makes the router. Everything that is in no row is 404.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        for resource in self.resources.iter() {
            config.service(resource.built());
        }
        config.default_service(web::to(async || -> Result<HttpResponse, Problem> {
            Err(Problem::new(Code::NotFound, "no operation of this ledger has this path: see /openapi.json"))
        }));
    }
}

impl Resource {
    fn built(&self) -> impl actix_web::dev::HttpServiceFactory + 'static {
        let allow = allow_of(&self.rows);
        let rows: Arc<[Arc<Route>]> = self.rows.iter().map(|row| Arc::new(row.route.clone())).collect();
        let bare = self.rows.iter().fold(web::resource(self.path), |resource, row| {
            let route = Arc::new(row.route.clone());
            resource.route((row.handler)().guard(guard::fn_guard(move |context| route.answers(&context.head().method))))
        });
        bare.default_service(web::to(move |request: HttpRequest| {
            let answer = other_method(&request, &allow);
            async move { answer }
        }))
        .wrap(from_fn(move |request: ServiceRequest, next| {
            let row = rows.iter().find(|row| row.answers(request.method())).cloned();
            door(row, request, next)
        }))
    }
}

fn allow_of(rows: &[Registered]) -> String {
    let mut methods: Vec<&str> = rows.iter().map(|row| row.route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn other_method(request: &HttpRequest, allow: &str) -> HttpResponse {
    let allowed = HeaderValue::from_str(allow).expect("names of methods");
    if request.method() == Method::OPTIONS {
        let methods: Vec<&str> = allow.split(", ").collect();
        let mut answer = envelope::answer(request, StatusCode::OK, &serde_json::json!({ "methods": methods }), NO_META);
        answer.headers_mut().insert(ALLOW, allowed);
        return answer;
    }
    let problem = Problem::new(Code::MethodNotAllowed, format!("{} is not one of {allow}", request.method()));
    HttpResponse::from_error(problem.with_header(ALLOW, allowed))
}
