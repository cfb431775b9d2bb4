//! A connection and its deadlines, made short: what a slow or silent client sees of them, and what it cannot hold.

use std::future::poll_fn;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream as Client};
use std::pin::Pin;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::*;
use crate::http::connection::{Connection, Patience};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_hours(1);
const LASTING: Patience = Patience { head: LONG, silence: LONG, unread: LONG };

/// Both ends of a connection under `patience`.
fn connected(patience: Patience) -> (Client, Connection<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    (client, Connection::new(TcpStream::from_std(server).unwrap(), patience, World::new().surroundings))
}

/// The next bytes; none at the end.
async fn read(connection: &mut Connection<TcpStream>) -> Vec<u8> {
    let mut room = [0; 64];
    let mut into = ReadBuf::new(&mut room);
    poll_fn(|context| Pin::new(&mut *connection).poll_read(context, &mut into)).await.unwrap();
    into.filled().to_vec()
}

fn heard(client: &mut Client) -> String {
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    said
}

#[actix_web::test]
async fn a_head_that_never_ends_is_told_so_and_ended() {
    let (mut client, mut connection) = connected(Patience { head: SHORT, ..LASTING });
    client.write_all(b"GET /open HT").unwrap();
    assert_eq!(read(&mut connection).await, b"GET /open HT");
    assert_eq!(read(&mut connection).await, b"", "ended");
    drop(connection);
    let said = heard(&mut client);
    assert!(said.starts_with("HTTP/1.1 408 Request Timeout\r\n") && said.contains("\"code\":\"request_timeout\""), "{said}");
    assert!(said.contains("\r\nretry-after: 1\r\n") && said.contains("\r\nx-request-id: req_"), "{said}");
}

#[actix_web::test]
async fn a_second_head_is_timed_like_the_first() {
    let (mut client, mut connection) = connected(Patience { head: SHORT, ..LASTING });
    let pace = connection.pace();
    drop(pace.begin());
    assert!(timeout(SHORT * 5, read(&mut connection)).await.is_err(), "between two requests a client may be silent for longer");
    client.write_all(b"G").unwrap();
    assert_eq!(read(&mut connection).await, b"G");
    assert_eq!(read(&mut connection).await, b"", "ended");
    drop(connection);
    assert!(heard(&mut client).starts_with("HTTP/1.1 408 "));
}

#[actix_web::test]
async fn a_silent_client_is_let_go_without_a_word() {
    let (mut client, mut connection) = connected(Patience { silence: SHORT, ..LASTING });
    drop(connection.pace().begin());
    assert_eq!(read(&mut connection).await, b"", "ended");
    drop(connection);
    assert_eq!(heard(&mut client), "");
}

#[actix_web::test]
async fn while_a_request_is_at_work_only_its_own_deadlines_count() {
    let (_client, mut connection) = connected(Patience { head: SHORT, silence: SHORT, unread: SHORT });
    let at_work = connection.pace().begin();
    assert!(timeout(SHORT * 5, read(&mut connection)).await.is_err());
    drop(at_work);
    assert_eq!(read(&mut connection).await, b"", "ended");
}

#[actix_web::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let (_client, mut connection) = connected(Patience { unread: SHORT, ..LASTING });
    drop(connection.pace().begin());
    let answer = vec![b'x'; 1 << 20];
    let given_up = loop {
        match poll_fn(|context| Pin::new(&mut connection).poll_write(context, &answer)).await {
            Ok(_) => {}
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(given_up, ErrorKind::TimedOut);
}

#[actix_web::test]
async fn an_empty_refusal_gets_words_where_no_request_was_understood() {
    const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    for (requests, expected) in [(0, "\"code\":\"malformed_request\""), (1, "content-length: 0")] {
        let (mut client, mut connection) = connected(LASTING);
        (0..requests).for_each(|_| drop(connection.pace().begin()));
        let sent = poll_fn(|context| Pin::new(&mut connection).poll_write(context, BARE)).await.unwrap();
        assert_eq!(sent, BARE.len());
        poll_fn(|context| Pin::new(&mut connection).poll_flush(context)).await.unwrap();
        drop(connection);
        let said = heard(&mut client);
        assert!(said.starts_with("HTTP/1.1 400 ") && said.contains(expected), "{said}");
    }
}
