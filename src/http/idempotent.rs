//! Does the work of a mutating request once, however often it is sent: joins the `Idempotency-Key` of a request to
//! `service::idempotency`.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, rt};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::domain::credential::Caller;
use crate::domain::delegation::CallerClass;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::edge::{RequestContext, Surroundings, add_problem_headers};
use crate::http::problem::Problem;
use crate::http::route::{KeyRule, Route};
use crate::service::idempotency::{Begin, IdempotencyKey, Permit, answer_key, fingerprint};
use crate::store::idempotency_answers::{StoredAnswer, StoredBody};
use crate::tlog::position::LeafIndex;

/// The request's header.
const KEY_HEADER: &str = "Idempotency-Key";
/// The answer's header.
pub const REPLAYED_HEADER: HeaderName = HeaderName::from_static("x-idempotent-replayed");

/// A success, as bytes: what is sent now and again later.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers that belong to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
    /// For ingest: how the body is made again. `None`: it is kept whole.
    pub made_from: Option<MadeFrom>,
}

/// How the body of an ingest answer is made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFrom {
    /// Entries, in the order of the answer.
    pub indexes: Vec<LeafIndex>,
    /// What the ledger does not hold: request id, time of the answer, refused lines.
    pub recipe: Vec<u8>,
}

impl Reply {
    /// A JSON answer that is kept whole.
    pub fn json(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body, made_from: None }
    }

    /// A JSON answer that is made again from entries.
    pub fn from_entries(status: StatusCode, body: Vec<u8>, made_from: MadeFrom) -> Self {
        Self { made_from: Some(made_from), ..Self::json(status, body) }
    }

    fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status).set_body(self.body).map_into_boxed_body();
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }

    fn to_stored(&self) -> StoredAnswer {
        let header = |(name, value): &(HeaderName, HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
        let body = match &self.made_from {
            Some(made) => StoredBody::FromEntries { indexes: made.indexes.clone(), recipe: packed(&made.recipe) },
            None => StoredBody::Whole(self.body.clone()),
        };
        StoredAnswer { status: self.status.as_u16(), headers: self.headers.iter().filter_map(header).collect(), body }
    }
}

/// Does `work` on what `prepare` makes and answers what it gives, unless the same request was answered before: then that answer is
/// given again, its body made by `remake` if it is one of ingest. `prepare` may wait for a disk and changes nothing; `work` goes on
/// to its end even if its caller hangs up. `body` is what the caller sent, unpacked.
pub async fn once<P, W>(
    request: &HttpRequest,
    caller: &Caller,
    body: &[u8],
    prepare: impl FnOnce() -> Result<P, Problem> + Send + 'static,
    work: impl FnOnce(P) -> W + 'static,
    remake: impl FnOnce(MadeFrom) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem>
where
    P: Send + 'static,
    W: Future<Output = Result<Reply, Problem>> + 'static,
{
    let begin = key_of(request, caller)?.map(|key| beginning(request, caller, &key, body));
    // One way to another thread for both: each costs as much as parsing an event.
    let begun = blocking(move || {
        Ok(match begin.map_or(Ok(None), |begin| begin().map(Some))? {
            None => Begun::Run(None, prepare()),
            Some(Begin::Run(permit)) => Begun::Run(Some(permit), prepare()),
            Some(Begin::Replay(answer)) => Begun::Replay(answer),
            Some(Begin::Conflict) => Begun::Conflict,
            Some(Begin::InFlight) => Begun::InFlight,
        })
    });
    let (permit, prepared) = match begun.await? {
        Begun::Run(permit, prepared) => (permit, prepared),
        Begun::Replay(answer) => return replay(answer, remake).await,
        Begun::Conflict => {
            return Err(Problem::new(Code::IdempotencyKeyReused, "this Idempotency-Key came with another body or query before"));
        }
        Begun::InFlight => return Err(Problem::of(Code::RequestInFlight)),
    };
    let work = async move {
        match prepared {
            Ok(prepared) => work(prepared).await,
            Err(refused) => Err(refused),
        }
    };
    match rt::spawn(run(request.clone(), permit, work)).await {
        Ok(result) => result,
        Err(panicked) => Err(Problem::failed(Code::Internal, &panicked)),
    }
}

/// A request with or without a key, begun.
enum Begun<P> {
    Run(Option<Permit>, Result<P, Problem>),
    Replay(StoredAnswer),
    Conflict,
    InFlight,
}

fn key_of(request: &HttpRequest, caller: &Caller) -> Result<Option<IdempotencyKey>, Problem> {
    let rule = request.extensions().get::<Arc<Route>>().map_or(KeyRule::None, |row| row.key_rule);
    let mut values = request.headers().get_all(KEY_HEADER);
    match (rule, values.next(), values.next()) {
        (KeyRule::Exempt | KeyRule::None, ..) => Ok(None),
        (KeyRule::Required, None, _) if caller.class == CallerClass::Human => Ok(None),
        (KeyRule::Required, None, _) => Err(Problem::of(Code::IdempotencyKeyRequired)),
        (KeyRule::Required, Some(value), None) => match value.to_str().ok().and_then(IdempotencyKey::parse) {
            Some(key) => Ok(Some(key)),
            None => Err(Problem::of(Code::IdempotencyKeyInvalid)),
        },
        (KeyRule::Required, Some(_), Some(_)) => Err(Problem::of(Code::IdempotencyKeyInvalid)),
    }
}

/// What begins a request with a key, on a thread that may wait.
fn beginning(
    request: &HttpRequest,
    caller: &Caller,
    key: &IdempotencyKey,
    body: &[u8],
) -> impl FnOnce() -> Result<Begin, Problem> + Send + use<> {
    let surroundings = Surroundings::of(request);
    let secret = &surroundings.fingerprint_key;
    let fingerprint = fingerprint(secret, request.query_string(), body);
    let key = answer_key(secret, caller.credential_id.as_str(), request.method().as_str(), request.path(), key);
    let (idempotency, now) = (surroundings.idempotency.clone(), RequestContext::of(request).received_at);
    move || idempotency.begin(key, fingerprint, now).map_err(|error| Problem::failed(Code::LedgerUnavailable, &error))
}

async fn run(
    request: HttpRequest,
    permit: Option<Permit>,
    work: impl Future<Output = Result<Reply, Problem>>,
) -> Result<HttpResponse, Problem> {
    let result = work.await;
    let Some(permit) = permit else { return result.map(Reply::into_response) };
    let reply = match result {
        Ok(reply) => reply,
        Err(problem) if may_change(&problem) => return Err(problem),
        Err(problem) => reply_of(&request, &problem),
    };
    keep(permit, reply.to_stored(), RequestContext::of(&request)).await;
    Ok(reply.into_response())
}

/// Problems that are not final: the same request may be answered otherwise, so its key is free again.
fn may_change(problem: &Problem) -> bool {
    let code = problem.code();
    matches!(code, Code::RequiresHumanConfirmation | Code::RequestInFlight) || !crate::service::idempotency::is_final(code.status())
}

/// A refusal that will be the same every time, in the bytes it is kept in.
fn reply_of(request: &HttpRequest, problem: &Problem) -> Reply {
    let json = problem.to_json(&Surroundings::of(request).base_url, &RequestContext::of(request).request_id.to_string());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    add_problem_headers(&mut headers, problem);
    Reply {
        status: StatusCode::from_u16(problem.code().status()).expect("the table holds valid statuses"),
        headers: headers.into_iter().collect(),
        body: serde_json::to_vec(&json).expect("a map of JSON values"),
        made_from: None,
    }
}

/// Recipes longer than this are packed: refused lines repeat each other nearly word for word, so many more of them are kept.
const PACKED_FROM_BYTES: usize = 256;
/// Before a recipe that lies there as it is. Packed ones begin with zlib's own first byte, which is another.
const PLAIN: u8 = 0;

fn packed(recipe: &[u8]) -> Vec<u8> {
    if recipe.len() < PACKED_FROM_BYTES {
        return [&[PLAIN], recipe].concat();
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(recipe).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

fn unpacked(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    if let [PLAIN, recipe @ ..] = packed {
        return Ok(recipe.to_vec());
    }
    let mut recipe = Vec::new();
    ZlibDecoder::new(packed).read_to_end(&mut recipe)?;
    Ok(recipe)
}

/// The work is done: an answer that cannot be kept goes out all the same.
async fn keep(permit: Permit, answer: StoredAnswer, context: RequestContext) {
    let kept = match permit.finish(answer, context.received_at) {
        Ok(Some(keeping)) => keeping.kept().await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        tracing::warn!(request.id = %context.request_id, error = %error, "an answer was given and not kept: sent again, it is worked on again");
    }
}

async fn replay(
    answer: StoredAnswer,
    remake: impl FnOnce(MadeFrom) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let body = match answer.body {
        StoredBody::Whole(body) => body,
        StoredBody::FromEntries { indexes, recipe } => {
            let made = move || remake(MadeFrom { indexes, recipe: unpacked(&recipe).map_err(|e| Problem::failed(Code::Internal, &e))? });
            blocking(made).await?
        }
    };
    let header = |(name, value): (String, String)| Some((name.parse().ok()?, HeaderValue::from_str(&value).ok()?));
    let headers = answer.headers.into_iter().filter_map(header).collect();
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = Reply { status, headers, body, made_from: None }.into_response();
    response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    Ok(response)
}
