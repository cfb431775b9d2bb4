//! What only a real server shows: bodies that never come, requests that are none, connections that are cut, and its end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;

use super::*;
use crate::http::server::serve;

struct Running {
    world: World,
    address: SocketAddr,
    handle: ServerHandle,
    thread: thread::JoinHandle<()>,
}

impl Running {
    fn start() -> Self {
        let world = World::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (surroundings, works) = (Arc::clone(&world.surroundings), Arc::clone(&world.works));
        let (started, handle) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let configure = move |config: &mut web::ServiceConfig| {
                    config.app_data(web::Data::from(Arc::clone(&works)));
                };
                let server = serve(listener, surroundings, table(), configure).unwrap();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { world, address, handle: handle.recv().unwrap(), thread }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Stops the server as SIGTERM does.
    fn stop(self) {
        System::new().block_on(self.handle.stop(true));
        self.thread.join().unwrap();
    }
}

/// Sends `text` and reads one answer's head and whatever of its body came along.
fn exchange(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !answer.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut piece).unwrap() {
            0 => break,
            bytes => answer.extend_from_slice(&piece[..bytes]),
        }
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn strangers_are_turned_away_before_their_body_comes() {
    let server = Running::start();
    let head = "POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n";
    let answer = exchange(&mut server.connect(), &format!("{head}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let known = format!("{head}Authorization: {}\r\nIdempotency-Key: key-00000001\r\n", bearer("agent", "reader"));
    let answer = exchange(&mut server.connect(), &format!("{known}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    server.stop();
}

#[test]
fn the_server_outlives_its_guests() {
    let server = Running::start();
    let answer = exchange(&mut server.connect(), "this is no HTTP\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let authorization = format!("Authorization: {}\r\n", bearer("agent", "agent"));
    let half = format!(
        "POST /things HTTP/1.1\r\nHost: x\r\n{authorization}Idempotency-Key: key-00000001\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{{\"a\":"
    );
    let mut cut = server.connect();
    cut.write_all(half.as_bytes()).unwrap();
    drop(cut);
    let mut stream = server.connect();
    let answer = exchange(&mut stream, &format!("GET /panic HTTP/1.1\r\nHost: x\r\n{authorization}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("application/problem+json"), "{answer}");
    let answer = exchange(&mut server.connect(), "HEAD /open HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "no body: {answer}");
    assert_eq!(server.world.works_done(), 0);
    server.stop();
}

#[test]
fn when_told_to_stop_it_answers_what_is_at_work() {
    let server = Running::start();
    let body = r#"{"wait":true}"#;
    let request = format!(
        "POST /things HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nIdempotency-Key: key-00000001\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        bearer("agent", "agent"),
        body.len()
    );
    let works = Arc::clone(&server.world.works);
    let mut stream = server.connect();
    let client = thread::spawn(move || exchange(&mut stream, &request));
    let begun = Arc::clone(&works);
    System::new().block_on(async move { begun.begun.acquire().await.unwrap().forget() });
    let stopping = thread::spawn(move || server.stop());
    works.gate.add_permits(1);
    let answer = client.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.join().unwrap();
    assert_eq!(works.done.load(Ordering::SeqCst), 1);
}
