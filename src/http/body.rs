//! Reads the body of a request whose sender is known by now: never more than its limit, packed or unpacked, and never for longer
//! than its sender deserves.

use std::future::poll_fn;
use std::io::Read as _;
use std::pin::Pin;
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use actix_web::web;
use flate2::read::MultiGzDecoder;
use tokio::time::{Instant, timeout_at};

use crate::domain::event::MAX_EVENT_BYTES;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::query::read_pairs;
use crate::tlog::json::Value;

/// Largest batch, in bytes, unpacked.
pub const MAX_BATCH_BYTES: usize = 32 << 20;
/// Largest form of a page, in bytes.
pub const MAX_FORM_BYTES: usize = 64 << 10;

/// How long a body may take.
#[derive(Clone, Copy)]
struct Patience {
    /// Until the next piece.
    between_pieces: Duration,
    /// Until the last.
    in_all: Duration,
}

/// A slow phone passes, a sender that drips bytes to hold a connection does not.
const PATIENCE: Patience = Patience { between_pieces: Duration::from_secs(10), in_all: Duration::from_mins(1) };
/// Fewest bytes that buy a second beyond the first [`Patience::between_pieces`].
const LEAST_BYTES_PER_SECOND: u64 = 1024;

impl Patience {
    /// How long after its beginning a body may have brought no more than so many bytes.
    fn with(self, bytes: usize) -> Duration {
        let earned = Duration::from_secs(bytes as u64 / LEAST_BYTES_PER_SECOND);
        self.between_pieces.saturating_add(earned).min(self.in_all)
    }
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLimit {
    /// One event: 4 MiB.
    Event,
    /// Many events: 32 MiB.
    Batch,
    /// A page's form: 64 KiB.
    Form,
}

impl BodyLimit {
    /// In bytes, unpacked.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Event => MAX_EVENT_BYTES,
            Self::Batch => MAX_BATCH_BYTES,
            Self::Form => MAX_FORM_BYTES,
        }
    }
}

/// The whole body, unpacked if it came as gzip.
pub async fn read(headers: &HeaderMap, payload: Payload, limit: BodyLimit) -> Result<Vec<u8>, Problem> {
    let packing = Packing::of(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit.bytes() as u64) {
        return Err(too_large(limit));
    }
    let body = collect(BodyStream::new(payload), limit, PATIENCE).await?;
    match packing {
        Packing::None => Ok(body),
        // Unpacking 32 MiB takes long enough to keep other connections of this worker waiting.
        Packing::Gzip => match web::block(move || unpack(&body, limit)).await {
            Ok(unpacked) => unpacked,
            Err(gone) => Err(Problem::failed(Code::Internal, &gone)),
        },
    }
}

/// The body as one JSON value.
pub async fn read_json(headers: &HeaderMap, payload: Payload, limit: BodyLimit) -> Result<Value, Problem> {
    Ok(Value::parse(&read(headers, payload, limit).await?)?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
}

impl Packing {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut encodings = headers.get_all(CONTENT_ENCODING);
        let first = encodings.next().map(|v| v.to_str().unwrap_or_default().trim().to_ascii_lowercase());
        match (first.as_deref(), encodings.next()) {
            (None | Some("identity"), None) => Ok(Self::None),
            (Some("gzip" | "x-gzip"), None) => Ok(Self::Gzip),
            _ => Err(Problem::new(Code::UnsupportedMediaType, "Content-Encoding may be gzip or identity, once")
                .with_header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, identity"))),
        }
    }
}

async fn collect(stream: impl MessageBody, limit: BodyLimit, patience: Patience) -> Result<Vec<u8>, Problem> {
    let mut stream = Box::pin(stream);
    let mut body = Vec::new();
    let started = Instant::now();
    loop {
        let due = (started + patience.with(body.len())).min(Instant::now() + patience.between_pieces);
        let piece = timeout_at(due, poll_fn(|context| Pin::as_mut(&mut stream).poll_next(context)));
        match piece.await.map_err(|_| too_slow())? {
            None => return Ok(body),
            Some(Ok(piece)) if body.len() + piece.len() > limit.bytes() => return Err(too_large(limit)),
            Some(Ok(piece)) => body.extend_from_slice(&piece),
            Some(Err(error)) => return Err(cut_off(error.into().as_ref(), limit)),
        }
    }
}

/// Stops one byte past the limit, however much more a few packed bytes would become.
fn unpack(packed: &[u8], limit: BodyLimit) -> Result<Vec<u8>, Problem> {
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(packed).take(limit.bytes() as u64 + 1).read_to_end(&mut unpacked);
    match read {
        Ok(bytes) if bytes > limit.bytes() => Err(too_large(limit)),
        Ok(_) => Ok(unpacked),
        Err(error) => Err(Problem::new(Code::BodyIncomplete, format!("the gzip body cannot be unpacked: {error}"))),
    }
}

fn too_large(limit: BodyLimit) -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("the body has more than {} bytes, counted unpacked", limit.bytes()))
        .with_member("max_bytes", serde_json::Value::from(limit.bytes()))
}

fn too_slow() -> Problem {
    Problem::new(Code::RequestTimeout, "the body did not arrive in time")
}

fn cut_off(error: &(dyn std::error::Error + 'static), limit: BodyLimit) -> Problem {
    match error.downcast_ref::<PayloadError>() {
        Some(PayloadError::Overflow) => too_large(limit),
        _ => Problem::new(Code::BodyIncomplete, format!("the body could not be read to its end: {error}")),
    }
}

/// Fields of a page's form, each given once. The door reads it and checks that it came from our own page.
#[derive(Clone, Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// From the body of a form.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body).map_err(|_| Problem::new(Code::BodyIncomplete, "the form is no UTF-8"))?;
        let fields = read_pairs(text).map_err(|message| Problem::new(Code::ValidationFailed, message))?;
        let is_repeated = |i: usize| fields[..i].iter().any(|(name, _)| *name == fields[i].0);
        match (0..fields.len()).find(|i| is_repeated(*i)) {
            Some(i) => Err(Problem::new(Code::ValidationFailed, format!("the field {:?} is given more than once", fields[i].0))),
            None => Ok(Self(fields)),
        }
    }

    /// The value of a field; empty is a value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write as _;
    use std::task::{Context, Poll};

    use actix_web::body::BodySize;
    use actix_web::web::Bytes;

    use super::*;

    /// A sender that never sends.
    struct Silence;

    impl MessageBody for Silence {
        type Error = Infallible;

        fn size(&self) -> BodySize {
            BodySize::Stream
        }

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
            Poll::Pending
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[actix_web::test]
    async fn a_sender_that_falls_silent_is_not_waited_for() {
        let short = Duration::from_millis(5);
        for patience in [
            Patience { between_pieces: short, in_all: Duration::from_hours(1) },
            Patience { between_pieces: Duration::from_hours(1), in_all: short },
        ] {
            assert_eq!(collect(Silence, BodyLimit::Event, patience).await.unwrap_err().code(), Code::RequestTimeout);
        }
    }

    #[test]
    fn each_second_is_paid_for_in_bytes() {
        for (bytes, seconds) in [(0, 10), (1023, 10), (10 * 1024, 20), (MAX_FORM_BYTES, 60), (MAX_BATCH_BYTES, 60)] {
            assert_eq!(PATIENCE.with(bytes).as_secs(), seconds, "after {bytes} bytes");
        }
    }

    #[actix_web::test]
    async fn the_limit_counts_whatever_was_announced() {
        let body = Bytes::from(vec![b'x'; MAX_FORM_BYTES + 1]);
        assert_eq!(collect(body.clone(), BodyLimit::Form, PATIENCE).await.unwrap_err().code(), Code::PayloadTooLarge);
        assert_eq!(collect(body.slice(1..), BodyLimit::Form, PATIENCE).await.unwrap().len(), MAX_FORM_BYTES);
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzip(&vec![0; 40 << 20]);
        assert!(bomb.len() < MAX_EVENT_BYTES);
        assert_eq!(unpack(&bomb, BodyLimit::Event).unwrap_err().code(), Code::PayloadTooLarge);
        assert_eq!(unpack(&gzip(b"{}"), BodyLimit::Event).unwrap(), b"{}");
        assert_eq!(unpack(&gzip(b"{}")[..12], BodyLimit::Event).unwrap_err().code(), Code::BodyIncomplete);
        assert_eq!(unpack(b"no gzip", BodyLimit::Event).unwrap_err().code(), Code::BodyIncomplete);
    }
}
