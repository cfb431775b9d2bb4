//! Stands before every handler: who calls, may she, what kind of body does she bring, did her form come from our own page. Only
//! then is the handler reached, and if the handler panics, its caller still gets an answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse};

use crate::domain::credential::Caller;
use crate::domain::delegation::CallerClass;
use crate::http::authentication::{Authenticated, authenticate};
use crate::http::body::{self, BodyLimit, Form};
use crate::http::codes::Code;
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::route::{Access, Route};
use crate::service::sessions::is_csrf_of;

/// The field of a form, and the header of a script's request, that carry the session's token against forged requests.
pub const CSRF_FIELD: &str = "csrf_token";
/// See [`CSRF_FIELD`].
pub const CSRF_HEADER: &str = "X-CSRF-Token";

/// The layer around one path. Without a row the method is not one of the path's, and nobody is asked who she is.
pub(super) async fn door(
    row: Option<Arc<Route>>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(row) = row else { return next.call(request).await };
    request.extensions_mut().insert(Arc::clone(&row));
    match admit(&row, &mut request).await {
        Ok(()) => call_and_catch(request, next).await,
        Err(problem) => Ok(request.error_response(problem)),
    }
}

async fn admit(row: &Route, request: &mut ServiceRequest) -> Result<(), Problem> {
    let caller = match row.access {
        Access::Open => None,
        Access::Callers { classes, permission } => {
            let caller = authenticate(request.request()).await?;
            request.extensions_mut().insert(Authenticated(Arc::new(caller.clone())));
            if !classes.contains(&caller.class) {
                return Err(wrong_class(classes, &caller));
            }
            if let Some(permission) = permission.filter(|p| !caller.permissions.contains(*p)) {
                return Err(Problem::new(Code::PermissionMissing, format!("this needs {}", permission.as_str())));
            }
            Some(caller)
        }
    };
    let kind = check_kind_of_body(row, request.headers())?;
    if !request.method().is_safe() {
        check_same_site(request.headers())?;
    }
    if kind == Some(MediaType::Form) {
        let form = read_form(request).await?;
        check_csrf(caller.as_ref(), form.field(CSRF_FIELD))?;
        request.extensions_mut().insert(form);
    } else if !request.method().is_safe() {
        check_csrf(caller.as_ref(), request.headers().get(CSRF_HEADER).and_then(|v| v.to_str().ok()))?;
    }
    Ok(())
}

fn wrong_class(classes: &[CallerClass], caller: &Caller) -> Problem {
    if classes == [CallerClass::Human] {
        return Problem::of(Code::HumanSessionRequired);
    }
    let words: Vec<&str> = classes.iter().map(|c| c.as_str()).collect();
    Problem::new(
        Code::CallerClassNotAllowed,
        format!("this is for {}, the credential is of class {}", words.join(", "), caller.class.as_str()),
    )
}

/// The kind of body the request brings, if it brings one and this operation reads it.
fn check_kind_of_body(row: &Route, headers: &HeaderMap) -> Result<Option<MediaType>, Problem> {
    let kind = MediaType::of(headers).filter(|kind| row.accepts.contains(kind));
    let is_empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0") && !headers.contains_key(TRANSFER_ENCODING);
    if kind.is_some() || is_empty {
        return Ok(kind);
    }
    let readable: Vec<&str> = row.accepts.iter().map(|m| m.as_str()).collect();
    let expected = if readable.is_empty() { "no body".to_owned() } else { readable.join(" or ") };
    Err(Problem::new(Code::UnsupportedMediaType, format!("this operation reads {expected}")))
}

/// Browsers say where a request comes from; other programs say nothing and have no cookie to abuse.
fn check_same_site(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Problem::of(Code::CsrfFailed)),
    }
}

/// Only cookies are sent by browsers on their own: bearer tokens need no second proof.
fn check_csrf(caller: Option<&Caller>, presented: Option<&str>) -> Result<(), Problem> {
    match caller.and_then(|c| c.human.as_ref()) {
        Some(session) if !presented.is_some_and(|token| is_csrf_of(session, token)) => Err(Problem::of(Code::CsrfFailed)),
        _ => Ok(()),
    }
}

async fn read_form(request: &mut ServiceRequest) -> Result<Form, Problem> {
    let payload = request.take_payload();
    Form::parse(&body::read(request.headers(), payload, BodyLimit::Form).await?)
}

/// The form that the door has read and checked.
impl FromRequest for Form {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let form = request.extensions().get::<Self>().cloned();
        std::future::ready(form.ok_or_else(|| Problem::new(Code::ValidationFailed, "expected a form")))
    }
}

/// Without this a panic would close the connection, and its caller would not know what became of the request.
async fn call_and_catch(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let kept = request.request().clone();
    let mut call = pin!(next.call(request));
    let outcome = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::as_mut(&mut call).poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(response)) => Poll::Ready(Some(response)),
            Err(_panic) => Poll::Ready(None),
        }
    });
    if let Some(response) = outcome.await {
        return response;
    }
    tracing::error!(operation = operation_of(&kept), "a handler panicked");
    Ok(ServiceResponse::new(kept, HttpResponse::from_error(Problem::of(Code::Internal))))
}

fn operation_of(request: &HttpRequest) -> Option<&'static str> {
    request.extensions().get::<Arc<Route>>().map(|row| row.operation_id)
}
