//! The server as callers see it: the real binary, loopback, durable answers.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::events;
use crate::timing::Times;

const BATCH: usize = 1_000;
const BATCHES: usize = 200;

struct Server {
    child: Child,
    url: String,
    token: String,
    vkey: String,
    data: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    post(&agent(), &server, "/v1/events", "application/x-ndjson", &format!("{}\n", events::DELEGATION.replace('\n', "")), "bench-grant");
    println!("\nsingle records over HTTP, durable (ledger of {} and more entries)", 3);
    for (connections, count) in [(1, 2_000), (64, 20_000)] {
        let (rate, times) = singles(&server, connections, count);
        println!("{connections:3} connections  {rate:9.0}/s   p50 {:7.2} ms   p99 {:7.2} ms", times.us(500) / 1e3, times.us(990) / 1e3);
    }
    println!("\nNDJSON batches of {BATCH} over HTTP, durable");
    for connections in [1, 2, 4] {
        let (rate, times) = batches(&server, connections);
        println!(
            "{connections:3} connections  {rate:9.0} events/s   p50 {:7.1} ms   p99 {:7.1} ms",
            times.us(500) / 1e3,
            times.us(990) / 1e3
        );
    }
    let size = wait_until_indexed(&server);
    println!("\nreads on a ledger of {size} entries, one connection");
    for (name, path) in [
        ("walk", "/v1/actions/act-b1-17-3/walk"),
        ("search, rare word", "/v1/search?q=W17003&limit=20"),
        ("search, common word", "/v1/search?q=lamp&limit=20"),
        ("actions of a person", "/v1/actions?human_principal_id=user:ana@example.com&limit=50"),
        ("inclusion proof", "/v1/entries/1000/proof"),
    ] {
        let times = gets(&server, path, 300);
        println!("{name:22} p50 {:7.2} ms   p99 {:7.2} ms", times.us(500) / 1e3, times.us(990) / 1e3);
    }
    verify(&server, size);
    bytes_per_event(&server.data, size);
}

fn start(folder: &Path) -> Server {
    let onus = env!("CARGO_BIN_EXE_onus");
    let data = folder.join("ledger");
    let made = Command::new(onus).args(["init", "--origin", "bench.example/http", "--json", "--data"]).arg(&data).output().unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let mut child = Command::new(onus)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .env("RUST_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let url = line.trim().trim_start_matches("listening on ").to_owned();
    Server { child, url, token: text("admin_token"), vkey: text("vkey"), data }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_mins(2))).build().into()
}

fn post(agent: &ureq::Agent, server: &Server, path: &str, kind: &str, body: &str, key: &str) -> String {
    let mut answer = agent
        .post(format!("{}{path}", server.url))
        .header("authorization", format!("Bearer {}", server.token))
        .header("content-type", kind)
        .header("idempotency-key", key)
        .send(body)
        .unwrap();
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
    assert!(answer.status().is_success(), "{} {text}", answer.status());
    text
}

/// Runs `count` pieces of `work` on so many connections: pieces a second, and the time of each.
fn spread(connections: usize, count: usize, work: impl Fn(&ureq::Agent, usize) + Sync) -> (f64, Times) {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let agent = agent();
                    let mut times = Vec::new();
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= count {
                            return times;
                        }
                        let begun = Instant::now();
                        work(&agent, n);
                        times.push(begun.elapsed());
                    }
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    (count as f64 / started.elapsed().as_secs_f64(), Times::of(times))
}

fn singles(server: &Server, connections: usize, count: usize) -> (f64, Times) {
    spread(connections, count, |agent, n| {
        let run = format!("s{connections}");
        post(agent, server, "/v1/actions", "application/json", &events::action(&run, n), &format!("single-{run}-{n}"));
    })
}

fn batches(server: &Server, connections: usize) -> (f64, Times) {
    let bodies: Vec<String> =
        (0..BATCHES).map(|batch| (0..BATCH).map(|n| events::action(&format!("b{connections}-{batch}"), n) + "\n").collect()).collect();
    let (rate, times) = spread(connections, BATCHES, |agent, n| {
        post(agent, server, "/v1/events", "application/x-ndjson", &bodies[n], &format!("batch-{connections}-{n}"));
    });
    (rate * BATCH as f64, times)
}

fn get(agent: &ureq::Agent, server: &Server, path: &str) -> serde_json::Value {
    let mut answer = agent.get(format!("{}{path}", server.url)).header("authorization", format!("Bearer {}", server.token)).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(answer.status().is_success(), "{path}: {} {text}", answer.status());
    serde_json::from_str(&text).unwrap()
}

fn gets(server: &Server, path: &str, count: usize) -> Times {
    spread(1, count, |agent, _| drop(get(agent, server, path))).1
}

fn wait_until_indexed(server: &Server) -> u64 {
    let agent = agent();
    let size = get(&agent, server, "/v1/actions?limit=1")["meta"]["tree_size"].as_u64().unwrap();
    let started = Instant::now();
    loop {
        let indexed = get(&agent, server, "/v1/actions?limit=1")["meta"]["indexed_tree_size"].as_u64().unwrap();
        if indexed >= size {
            println!("\nindex caught up {:.1} s after the last answer", started.elapsed().as_secs_f64());
            return size;
        }
        assert!(started.elapsed() < Duration::from_mins(5), "the index stands at {indexed} of {size}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn verify(server: &Server, size: u64) {
    println!("\nonus verify beside the server, {size} entries");
    for deep in [false, true] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onus"));
        command.args(["verify", "--vkey", &server.vkey, "--data"]).arg(&server.data).args(deep.then_some("--deep"));
        let started = Instant::now();
        let output = command.output().unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let name = if deep { "with --deep" } else { "without --deep" };
        println!("{name:16} {seconds:7.2} s   {:9.0} entries/s   exit {}", size as f64 / seconds, output.status.code().unwrap_or(-1));
    }
}

fn bytes_per_event(data: &Path, size: u64) {
    let length = |path: &Path| -> u64 { std::fs::metadata(path).map_or(0, |m| m.len()) };
    let index: u64 = std::fs::read_dir(data.join("index")).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    println!("\nbytes an event");
    println!("ledger.db {:7.0}   search index {:7.0}", length(&data.join("ledger.db")) as f64 / size as f64, index as f64 / size as f64);
}
