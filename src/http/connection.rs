//! One connection, held no longer than its client deserves: a head that drips in, a silence, an answer nobody reads end it. actix
//! times the first head of a connection only, never a write, and answers what is no HTTP with an empty body; this layer under it
//! does the rest. It knows nothing of what is asked or answered.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::codes::Code;
use crate::http::edge::{Surroundings, problem_without_request};
use crate::http::problem::Problem;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a request's head, from its first byte; for the first head, from the connection's beginning.
    pub(super) head: Duration,
    /// Between an answer and the next request.
    pub(super) silence: Duration,
    /// Without taking a single byte of an answer.
    pub(super) unread: Duration,
}

/// Where a connection stands, shared with the requests that come over it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    at_work: Cell<usize>,
    requests: Cell<u64>,
    has_ended_one: Cell<bool>,
}

/// A request at work: while one is, its body and its handler have their own deadlines.
pub(super) struct AtWork(Rc<Pace>);

impl Pace {
    /// A request's head is whole.
    pub(super) fn begin(self: &Rc<Self>) -> AtWork {
        self.at_work.set(self.at_work.get() + 1);
        self.requests.set(self.requests.get() + 1);
        AtWork(Rc::clone(self))
    }

    fn is_at_work(&self) -> bool {
        self.at_work.get() > 0
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.set(self.0.at_work.get() - 1);
        self.0.has_ended_one.set(true);
    }
}

/// A stream of bytes under these rules.
pub(super) struct Connection<S> {
    stream: S,
    pace: Rc<Pace>,
    patience: Patience,
    surroundings: Arc<Surroundings>,
    /// Until when the next head must be whole; not looked at while a request is at work.
    deadline: Pin<Box<Sleep>>,
    has_begun_head: bool,
    is_over: bool,
    /// Runs while the client takes nothing.
    unread: Option<Pin<Box<Sleep>>>,
    /// Our own words in place of an empty refusal, as far as they are not sent.
    own_words: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(stream: S, patience: Patience, surroundings: Arc<Surroundings>) -> Self {
        Self {
            stream,
            pace: Rc::default(),
            patience,
            surroundings,
            deadline: Box::pin(sleep(patience.head)),
            has_begun_head: false,
            is_over: false,
            unread: None,
            own_words: Vec::new(),
        }
    }

    /// What its requests tell when they begin and end.
    pub(super) fn pace(&self) -> Rc<Pace> {
        Rc::clone(&self.pace)
    }

    /// After an answer the client may be silent for a while; from the first byte on it must come to the point.
    fn note_bytes(&mut self) {
        if self.pace.has_ended_one.take() {
            self.has_begun_head = false;
        }
        if !self.pace.is_at_work() && !self.has_begun_head {
            self.has_begun_head = true;
            if self.pace.requests.get() > 0 {
                self.deadline.as_mut().reset(Instant::now() + self.patience.head);
            }
        }
    }

    /// Nothing came. Ready when it has been waited for long enough; then the connection ends as if the client had closed it.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.pace.is_at_work() {
            return Poll::Pending;
        }
        if self.unread.is_some() {
            // An answer is on its way, and has its own deadline. The silence begins behind it.
            self.pace.has_ended_one.set(true);
            return Poll::Pending;
        }
        if self.pace.has_ended_one.take() {
            self.has_begun_head = false;
            self.deadline.as_mut().reset(Instant::now() + self.patience.silence);
        }
        ready!(self.deadline.as_mut().poll(context));
        self.is_over = true;
        // A silent client between two requests has asked nothing and is told nothing.
        if self.has_begun_head || self.pace.requests.get() == 0 {
            let late = Problem::new(Code::RequestTimeout, "the request's head did not arrive in time");
            let words = problem_without_request(&self.surroundings, &late);
            // One attempt: whoever drips its bytes is not waited for once more.
            let _ = Pin::new(&mut self.stream).poll_write(context, &words);
        }
        Poll::Ready(())
    }

    fn poll_own_words(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own_words.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.own_words))?;
            self.own_words.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_unread(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let patience = self.patience.unread;
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(unread.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing of its answer")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_over {
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Pending => self.poll_patience(context).map(Ok),
            read @ Poll::Ready(_) => {
                if into.filled().len() > before {
                    self.note_bytes();
                }
                read
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_over {
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_own_words(context))?;
        // Only where no request was ever understood: then these bytes can be nothing but actix's own empty refusal.
        if self.pace.requests.get() == 0
            && let Some(problem) = refusal_in(bytes)
        {
            self.own_words = problem_without_request(&self.surroundings, &problem);
            let _ = self.poll_own_words(context)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.poll_unread(context),
            written @ Poll::Ready(_) => {
                self.unread = None;
                written
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own_words(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own_words(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What actix's HTTP/1 says without a body, before there is a request: 400 to what is no HTTP, 431 to a head beyond its buffer.
fn refusal_in(bytes: &[u8]) -> Option<Problem> {
    let status = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    match status {
        b"400" => Some(Problem::new(Code::MalformedRequest, "these bytes are no HTTP/1.1 request")),
        b"431" => Some(Problem::new(Code::HeadersTooLarge, "the request's head is larger than is read, or has too many headers")),
        _ => None,
    }
}
