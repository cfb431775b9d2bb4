//! One HTTP/1.1 connection that is kept alive, written out by hand: a load generator must not be what is measured.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::TcpStream;

/// Where, and as whom.
#[derive(clap::Args)]
pub(crate) struct Target {
    /// Address of the server.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// Bearer token.
    #[arg(long)]
    token: String,
}

impl Target {
    /// The bytes of a POST.
    pub(crate) fn post(&self, path: &str, kind: &str, key: &str, body: &str) -> Vec<u8> {
        let (token, length) = (&self.token, body.len());
        let mut request = Vec::with_capacity(512 + length);
        request.extend_from_slice(
            format!(
                "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: {kind}\r\nidempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        request.extend_from_slice(body.as_bytes());
        request
    }

    /// The bytes of a GET.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", self.token).into_bytes()
    }
}

/// Status and body of an answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// Stops the measurement at an answer that is not the expected one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body[..self.body.len().min(2_000)]));
        self
    }

    /// The text after the first occurrence of `before`, up to one of `,"}`.
    #[track_caller]
    pub(crate) fn after(&self, before: &str) -> &str {
        let at = find(self.body, before.as_bytes()).unwrap_or_else(|| panic!("{before} is not in the answer")) + before.len();
        let rest = &self.body[at..];
        let end = rest.iter().position(|b| b",\"}".contains(b)).unwrap();
        std::str::from_utf8(&rest[..end]).unwrap()
    }
}

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, Error> {
        self.send(request).await?;
        self.received.clear();
        let head = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.receive().await?;
        };
        let (status, length) = parse_head(&self.received[..head]);
        self.received.reserve((head + length).saturating_sub(self.received.len()));
        while self.received.len() < head + length {
            self.receive().await?;
        }
        Ok(Answer { status, body: &self.received[head..] })
    }

    async fn send(&self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<(), Error> {
        self.received.reserve(16 * 1024);
        loop {
            self.stream.readable().await?;
            match self.stream.try_read_buf(&mut self.received) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(()),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// Status and length of the body.
fn parse_head(head: &[u8]) -> (u16, usize) {
    let head = std::str::from_utf8(head).unwrap();
    let status = head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("not an HTTP answer: {head}"));
    let length = head.lines().find_map(|l| l.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")));
    let (_, length) = length.unwrap_or_else(|| panic!("an answer without content-length: {head}"));
    (status, length.trim().parse().unwrap())
}

fn find(text: &[u8], sought: &[u8]) -> Option<usize> {
    text.windows(sought.len()).position(|w| w == sought)
}

/// One thread, and the tasks of `work` on it.
pub(crate) fn on_one_thread<T: 'static>(tasks: Vec<impl Future<Output = T> + 'static>) -> Vec<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let running: Vec<_> = tasks.into_iter().map(tokio::task::spawn_local).collect();
        let mut done = Vec::with_capacity(running.len());
        for task in running {
            done.push(task.await.unwrap());
        }
        done
    })
}
