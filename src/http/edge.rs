//! The outermost layer, around everything: gives each request its id, writes every problem in the one form its sender accepts,
//! sets the headers every answer has, and logs one line. It decides nothing about a request but its size.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};

use crate::http::authentication::{Authenticated, Authenticator};
use crate::http::codes::Code;
use crate::http::connection::Pace;
use crate::http::cursor::Cursors;
use crate::http::media::prefers_html;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;
use crate::http::route::Route;
use crate::service::idempotency::Idempotency;
use crate::service::meters;
use crate::service::sessions::Sessions;
use crate::tlog::time::Timestamp;

/// Longest address, in bytes.
pub const MAX_URI_BYTES: usize = 8 << 10;
/// Most bytes of all headers together; far below what the parser would hold.
pub const MAX_HEADER_BYTES: usize = 32 << 10;

/// Content of HTML is the pages' business; what is no page may do nothing at all in a browser.
const NO_PAGE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// On every answer, unless the answer says otherwise.
const COMMON_HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// What `X-Caller-Class` says when nobody was authenticated.
const NO_CALLER: &str = "anonymous";

/// Tells the time; from `service::clock`, or still in tests.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Writes the page of a problem for a browser; set by `ui`. Status and common headers are added to what it returns.
pub type ErrorPage = fn(&HttpRequest, &Problem) -> HttpResponse;

/// What this floor needs of its surroundings; one for the whole server.
pub struct Surroundings {
    /// Tells the time.
    pub now: Now,
    /// The public address, without a slash at its end; empty: addresses in answers are relative.
    pub base_url: String,
    /// Whether browsers reach us over TLS: then cookies are `Secure` and `__Host-`.
    pub is_tls: bool,
    /// Knows bearer tokens.
    pub authenticator: Arc<dyn Authenticator>,
    /// Knows people.
    pub sessions: Sessions,
    /// Knows what was answered before.
    pub idempotency: Idempotency,
    /// Keys the fingerprints of requests.
    pub fingerprint_key: [u8; 32],
    /// Makes and opens cursors.
    pub cursors: Cursors,
    /// Writes the page of a problem.
    pub error_page: Option<ErrorPage>,
}

impl Surroundings {
    /// Those of the server that `request` reached.
    pub fn of(request: &HttpRequest) -> &Self {
        request.app_data::<web::Data<Self>>().expect("server::application sets them")
    }
}

/// What is known of a request from its first moment on.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext {
    /// Its name.
    pub request_id: RequestId,
    /// When it came: the time of the answer's envelope.
    pub received_at: Timestamp,
}

impl RequestContext {
    /// That of `request`.
    pub fn of(request: &HttpRequest) -> Self {
        *request.extensions().get::<Self>().expect("edge wraps every route and sets it first")
    }
}

/// The layer.
pub async fn edge(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let _at_work = request.request().conn_data::<Rc<Pace>>().map(Pace::begin);
    let received_at = (Surroundings::of(request.request()).now)();
    let context = RequestContext { request_id: RequestId::new(received_at), received_at };
    request.extensions_mut().insert(context);
    let response = match oversized(&request) {
        Some(problem) => request.error_response(problem),
        None => next.call(request).await?,
    };
    let mut response = written(response, context);
    set_common_headers(&mut response, context);
    meters::answered(operation_of(&response), response.status().as_u16(), started.elapsed());
    log(&response, context, started);
    Ok(response)
}

fn oversized(request: &ServiceRequest) -> Option<Problem> {
    let uri_bytes = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if uri_bytes > MAX_URI_BYTES {
        return Some(Problem::new(Code::UriTooLong, format!("the address has {uri_bytes} bytes, at most {MAX_URI_BYTES} are read")));
    }
    let header_bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (header_bytes > MAX_HEADER_BYTES)
        .then(|| Problem::new(Code::HeadersTooLarge, format!("the headers have {header_bytes} bytes, at most {MAX_HEADER_BYTES} are read")))
}

/// Turns an error, ours or the framework's, into its bytes; any other answer passes.
fn written(response: ServiceResponse<BoxBody>, context: RequestContext) -> ServiceResponse<BoxBody> {
    let Some(problem) = problem_of(response.response()) else { return response };
    let (request, bare) = response.into_parts();
    let surroundings = Surroundings::of(&request);
    let mut answer = match surroundings.error_page {
        Some(page) if prefers_html(request.headers()) => page(&request, &problem),
        _ => {
            let json = problem.to_json(&surroundings.base_url, &context.request_id.to_string());
            let body = serde_json::to_vec(&json).expect("a map of JSON values");
            HttpResponse::Ok().content_type("application/problem+json").body(body)
        }
    };
    *answer.status_mut() = bare.status();
    add_problem_headers(answer.headers_mut(), &problem);
    ServiceResponse::new(request, answer)
}

/// The bytes of a refusal where there is no request to answer: what came is no HTTP, or its head never ended.
pub(super) fn problem_without_request(surroundings: &Surroundings, problem: &Problem) -> Vec<u8> {
    let received_at = (surroundings.now)();
    let id = RequestId::new(received_at).to_string();
    let body = serde_json::to_vec(&problem.to_json(&surroundings.base_url, &id)).expect("a map of JSON values");
    let status = StatusCode::from_u16(problem.code().status()).expect("the table holds valid statuses");
    let date = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(received_at.micros()).unwrap_or(0));
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\ndate: {}\r\n\
         x-request-id: {id}\r\nx-caller-class: {NO_CALLER}\r\n{}: {NO_PAGE_POLICY}\r\n",
        body.len(),
        header::HttpDate::from(date),
        header::CONTENT_SECURITY_POLICY,
    );
    let retry_after = problem.retry_after_seconds().map(|seconds| (header::RETRY_AFTER, seconds.to_string()));
    let common = COMMON_HEADERS.into_iter().map(|(name, value)| (name, value.to_owned()));
    for (name, value) in common.chain(retry_after) {
        write!(answer, "{name}: {value}\r\n").expect("writing to a String cannot fail");
    }
    answer.push_str("\r\n");
    meters::answered("none", status.as_u16(), Duration::ZERO);
    tracing::info!(http.status = status.as_u16(), request.id = id, code = problem.code().as_str(), "refused what is no request");
    [answer.as_bytes(), &body].concat()
}

/// Headers a problem brings along, whatever form its body has.
pub(super) fn add_problem_headers(headers: &mut HeaderMap, problem: &Problem) {
    for (name, value) in problem.headers() {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code().status() == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onus\""));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn problem_of(response: &HttpResponse) -> Option<Problem> {
    let status = response.status().as_u16();
    let is_bare = response.error().is_some() || response.body().size().is_eof();
    match response.error().and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => Some(problem.clone()),
        None if status >= 400 && is_bare => Some(Problem::of(Code::of_status(status))),
        None => None,
    }
}

fn set_common_headers(response: &mut ServiceResponse<BoxBody>, context: RequestContext) {
    let class = response.request().extensions().get::<Authenticated>().map_or(NO_CALLER, |caller| caller.class.as_str());
    let headers = response.headers_mut();
    for (name, value) in COMMON_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let is_html = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if !is_html && !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE_POLICY));
    }
    headers.insert(HeaderName::from_static("x-caller-class"), HeaderValue::from_static(class));
    let id = HeaderValue::from_str(&context.request_id.to_string()).expect("hexadecimal digits");
    headers.insert(HeaderName::from_static("x-request-id"), id);
}

/// Of the row that the path and method belong to; a name that callers invent would be a label without end.
fn operation_of(response: &ServiceResponse<BoxBody>) -> &'static str {
    response.request().extensions().get::<Arc<Route>>().map_or("none", |row| row.operation_id)
}

/// The path's template, never the path: ids of people stand in paths, and links that sign in.
fn log(response: &ServiceResponse<BoxBody>, context: RequestContext, started: Instant) {
    let request = response.request();
    let template = request.match_pattern();
    tracing::info!(
        http.method = request.method().as_str(),
        http.path = template.as_deref().unwrap_or("unmatched"),
        http.status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request.id = %context.request_id,
        "answered"
    );
}
