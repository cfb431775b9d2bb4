//! Crowds at the door of the real program: ten thousand connections that say nothing, a thousand that all talk nonsense at once, and
//! a process that may hold few files. Others are answered as before, and the program's memory stays what it was.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use onus::service::allowance::raise_open_files;
use serde_json::Value;

use crate::call::Client;
use crate::program::{Premises, Program, onus};
use crate::submissions::action;

/// Connections that say nothing.
const IDLE: u64 = 10_000;
/// Most that one idle connection may cost, in bytes of the program's memory.
const MAX_BYTES_PER_CONNECTION: u64 = 40 << 10;
/// Connections that talk nonsense at once.
const NONSENSE: usize = 1_000;
/// Requests whose time is taken.
const ASKED: usize = 200;

fn connect(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(program.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// Of the program, in bytes.
fn resident_bytes(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("every process has one");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

fn open_files(program: &Program) -> usize {
    fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap().count()
}

/// How long 99 of 100 requests took at most, one after the other.
fn p99(client: &Client) -> Duration {
    let mut took: Vec<Duration> = (0..ASKED)
        .map(|_| {
            let asked = Instant::now();
            client.get("/v1/caller").status(200);
            asked.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[ASKED * 99 / 100]
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_hold_nobody_up() {
    let premises = Premises::new();
    let program = premises.start();
    let client = program.client(&premises.admin_token);
    let idle = IDLE.min(raise_open_files().saturating_sub(1_000));
    if idle < IDLE {
        assert!(std::env::var_os("CI").is_none(), "the limit of open files allows {idle} connections, {IDLE} are asked for");
        eprintln!("the limit of open files allows {idle} idle connections, not {IDLE}");
    }
    let (before, files) = (p99(&client), open_files(&program));
    let resident = resident_bytes(&program);
    let crowd: Vec<TcpStream> = (0..idle).map(|_| connect(&program)).collect();
    let held = open_files(&program);
    let during = p99(&client);
    let grown = resident_bytes(&program).saturating_sub(resident);
    assert!(held > files + usize::try_from(idle).unwrap() / 2, "they are all held at once: {held} files");
    assert!(grown < idle * MAX_BYTES_PER_CONNECTION, "{grown} bytes for {idle} connections");
    assert!(during < before * 10 + Duration::from_millis(250), "p99 {before:?} before, {during:?} during");
    // Those who say nothing are sent away after the ten seconds of a head, and leave nothing behind.
    let mut last = crowd.into_iter().next_back().unwrap();
    let mut said = String::new();
    last.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("request_timeout"), "{said}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while open_files(&program) > files + 50 {
        assert!(Instant::now() < deadline, "{} files are still open", open_files(&program));
        thread::yield_now();
    }
    eprintln!("{idle} idle: p99 {before:?} before, {during:?} during; {} bytes each; {held} files", grown / idle);
}

#[test]
fn a_thousand_at_once_that_talk_nonsense_are_all_answered() {
    let premises = Premises::new();
    let program = premises.start();
    let client = program.client(&premises.admin_token);
    client.post("/v1/actions", &action("act-before", "dlg-1")).status(201);
    let size = premises.size();
    let nonsense: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /v1/actions HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":1e",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET /%ff%00..%2f HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let round = || {
        let mut crowd: Vec<TcpStream> = (0..NONSENSE).map(|_| connect(&program)).collect();
        crowd.iter_mut().zip(nonsense.iter().cycle()).for_each(|(one, bytes)| one.write_all(bytes).unwrap());
        let answered = |one: &mut TcpStream| {
            let mut start = [0; 12];
            one.read_exact(&mut start).unwrap();
            assert!(start.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&start));
        };
        crowd.iter_mut().for_each(answered);
    };
    round();
    let resident = resident_bytes(&program);
    round();
    round();
    let grown = resident_bytes(&program).saturating_sub(resident);
    assert!(grown < 16 << 20, "two more rounds took {grown} bytes");
    assert_eq!(premises.size(), size);
    client.post("/v1/actions", &action("act-after", "dlg-1")).status(201);
}

#[test]
fn a_process_that_may_hold_few_files_still_records() {
    let premises = Premises::new();
    let served = onus();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 256; exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\""])
        .arg(served.get_program())
        .arg(premises.data());
    let program = premises.start_as(command);
    let crowd: Vec<TcpStream> = (0..200).map(|_| connect(&program)).collect();
    // The crowd has the places until it is sent away; then whoever waits gets one.
    let client = program.client(&premises.admin_token);
    let recorded: Value = client.post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    let receipt = client.get(recorded["receipt_url"].as_str().unwrap());
    assert_eq!(receipt.status(200)["entry"]["index"], recorded["entry"]["index"]);
    assert!(open_files(&program) <= 256);
    drop(crowd);
}
