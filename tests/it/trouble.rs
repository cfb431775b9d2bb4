//! What can happen to a server that is nobody's request: a full disk, a second server, an old copy put back, a clock that was set.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use onus::tlog::vkey::Vkey;
use serde_json::Value;

use crate::app::{ORIGIN, TestApp};
use crate::call::{Client, unique};
use crate::program::{Premises, Program, copy_folder, onus, read_log};
use crate::submissions::{action, grant};
use crate::test_ledger::check_folder;

/// A server on a file system of its own, in memory, that can be filled.
struct SmallDisk {
    program: Program,
    disk: PathBuf,
    token: String,
    vkey: Vkey,
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where the kernel lets nobody mount anything.
    fn start() -> Option<Self> {
        const SCRIPT: &str = r#"mount -t tmpfs -o size=24m,mode=700 none "$1" || exit 77
            "$0" init --json --origin "$2" --data "$1/data" >"$1.made" && exec "$0" serve --listen 127.0.0.1:0 --data "$1/data""#;
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).unwrap();
        // In a name space of the process's own, as root or as whoever plays root there: nothing is left behind.
        let unshare = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(onus().get_program()).arg(&disk).arg(ORIGIN);
            command
        };
        let probe = unshare(r#"mount -t tmpfs none "$1""#).output();
        if !probe.is_ok_and(|output| output.status.success()) {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "in CI a file system can be mounted in a user's name space");
            println!("skipped: no file system can be mounted here");
            return None;
        }
        let program = Program::spawn(unshare(SCRIPT), &folder.path().join("log"));
        let made: Value = serde_json::from_str(&fs::read_to_string(disk.with_extension("made")).unwrap()).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        // How it looks from outside.
        let disk = Path::new("/proc").join(program.id().to_string()).join("root").join(disk.strip_prefix("/").unwrap());
        Some(Self { program, disk, token: text("admin_token"), vkey: Vkey::parse(&text("vkey")).unwrap(), folder })
    }

    fn client(&self) -> Client {
        self.program.client(&self.token)
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = fs::File::create(self.disk.join("filler")).unwrap();
        for piece in [1 << 20, 1 << 12, 1] {
            let bytes = vec![0; piece];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.disk.join("filler")).unwrap();
    }
}

#[test]
fn on_a_full_disk_reads_go_on_writes_are_refused_and_nothing_acknowledged_is_lost() {
    let Some(mut small) = SmallDisk::start() else { return };
    let admin = small.client();
    admin.post("/v1/delegations", &grant("dlg-1")).status(201);
    let mut acknowledged: Vec<(Value, Value)> = Vec::new();
    let mut record = |event: Value| {
        let answer = admin.post("/v1/actions", &event);
        if answer.status == 503 {
            answer.problem("ledger_unavailable");
            return Err(event);
        }
        let entry = answer.status(201)["entry"].take();
        acknowledged.push((event, entry));
        Ok(())
    };
    for n in 0..20 {
        record(action(&format!("act-{n}"), "dlg-1")).unwrap();
    }
    small.fill();
    // What was allocated before still takes some events; then it is full, and stays so.
    let refused = (0..10_000).find_map(|_| record(action(&unique("act"), "dlg-1")).err()).expect("the disk is full");
    let mut refused = vec![refused];
    refused.extend((0..20).filter_map(|_| record(action(&unique("act"), "dlg-1")).err()));
    assert!(small.program.is_alive(), "a full disk is no reason to stop: {}", read_log(&small.folder.path().join("log")));
    let big: Vec<Value> = (0..500).map(|n| action(&format!("act-big-{n}"), "dlg-1")).collect();
    admin.post_lines("/v1/events", &big).problem("ledger_unavailable");

    admin.get("/v1/actions/act-0").status(200);
    let (event, entry) = &acknowledged[5];
    assert_eq!(admin.get(&format!("/v1/entries/{}", entry["index"])).status(200)["entry"]["bytes"], entry["bytes"], "{event}");
    assert_eq!(admin.get("/healthz").status, 200);

    small.make_room();
    for event in &refused {
        admin.post("/v1/actions", event).status(201);
    }
    let last = admin.request("POST", "/v1/actions").key(&unique("key-of-a-test")).header("prefer", "receipt=checkpointed");
    let proof = &last.json(&action("act-last", "dlg-1")).send().status(201)["tlog_proof"];
    assert!(proof.is_string(), "what is written is signed again");
    for (event, entry) in &acknowledged {
        assert_eq!(admin.post("/v1/actions", event).status(200)["entry"], *entry, "the receipt of before");
    }
    let size = 3 + acknowledged.len() as u64 + refused.len() as u64 + 1;
    let found = admin.get(&format!("/v1/search?q=dlg-1&min_tree_size={size}")).json();
    assert_eq!(found["meta"]["tree_size"], size, "nothing of what was refused is there: {}", found["meta"]);
    assert_eq!(found["meta"]["indexed_tree_size"], size, "the index has followed");
    // The file system goes with the process: the check is made on a copy.
    let copy = small.folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(small.disk.join("data.high-water"), copy.join("data.high-water")).unwrap();
    copy_folder(&small.disk.join("data"), &copy.join("data"));
    check_folder(&copy.join("data"), &small.vkey, size);
}

#[test]
fn a_directory_without_a_ledger_is_not_served_and_the_way_to_one_is_named() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = onus().args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(nowhere.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("there is no ledger") && said.contains("onus init"), "{said}");
}

#[test]
fn one_directory_has_one_server() {
    let premises = Premises::new();
    let program = premises.start();
    let second = premises.start_in_vain();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another process is serving"), "{said}");
    assert!(second.stdout.is_empty(), "it never said that it listens");
    program.client(&premises.admin_token).post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    // The lock is the process's: when it is killed, nobody has to remove a file.
    program.kill();
    for _ in 0..5 {
        assert!(premises.start().terminate().success(), "told to stop as soon as it says that it listens, it stops in order");
    }
    check_folder(&premises.data(), &premises.vkey, 3);
}

#[test]
fn a_ledger_that_was_rolled_back_is_read_only_and_signs_nothing() {
    let premises = Premises::new();
    let file = premises.data().join("ledger.db");
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    assert!(program.terminate().success());
    let old = fs::read(&file).unwrap();
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/actions", &action("act-2", "dlg-1")).status(201);
    assert!(program.terminate().success());
    let new = fs::read(&file).unwrap();

    fs::write(&file, &old).unwrap();
    let checkpoints = premises.checkpoints();
    let program = premises.start();
    let admin = program.client(&premises.admin_token);
    let problem = admin.post("/v1/actions", &action("act-3", "dlg-1")).problem("ledger_read_only");
    assert_eq!(problem["retryable"], true, "when an operator has looked at it");
    admin.post("/v1/credentials", &serde_json::json!({ "name": "x", "class": "service", "permissions": [] })).problem("ledger_read_only");
    admin.get("/v1/actions/act-1").status(200);
    assert_eq!(admin.get("/healthz").status, 200);
    assert_eq!(admin.get("/readyz").status, 503, "and loud");
    assert!(program.terminate().success());
    assert_eq!(premises.checkpoints(), checkpoints, "nothing was signed over the older history");
    assert_eq!(premises.size(), 3);
    assert!(read_log(&premises.log()).contains("rolled back"), "the log says why");

    // A confirmed clock confirms the clock, and nothing else.
    let mut confirmed = premises.serve();
    confirmed.arg("--confirm-clock");
    let program = premises.start_as(confirmed);
    program.client(&premises.admin_token).post("/v1/actions", &action("act-3", "dlg-1")).problem("ledger_read_only");
    assert!(program.terminate().success());
    assert_eq!(premises.size(), 3);

    // The mark lost: a start that writes nothing leaves one, by which the next rollback shows.
    fs::write(&file, &new).unwrap();
    fs::remove_file(premises.mark()).unwrap();
    assert!(premises.start().terminate().success());
    fs::write(&file, &old).unwrap();
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/actions", &action("act-3", "dlg-1")).problem("ledger_read_only");
    assert!(program.terminate().success());

    // Put right, it goes on as if nothing had been.
    fs::write(&file, &new).unwrap();
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/actions", &action("act-3", "dlg-1")).status(201);
    assert!(program.terminate().success());
    check_folder(&premises.data(), &premises.vkey, 5);
}

#[test]
fn a_clock_set_back_between_two_starts_stops_writing_until_an_operator_confirms_it() {
    let mut app = TestApp::start();
    let admin = app.admin();
    admin.post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    app.set_clock("2026-11-24T11:00:00Z");
    app.restart();
    let admin = app.stranger().like(&admin);
    let size = app.size();
    let problem = admin.post("/v1/actions", &action("act-2", "dlg-1")).problem("clock_jump");
    assert!(problem["detail"].as_str().unwrap().contains("-3600000 ms"), "{problem}");
    admin.get("/v1/actions/act-1").status(200);
    // Set forward again it has still been set: nobody has looked at it.
    app.set_clock("2026-11-24T12:00:00Z");
    admin.post("/v1/actions", &action("act-2", "dlg-1")).problem("clock_jump");
    app.set_clock("2026-11-24T11:00:00Z");
    assert_eq!(app.size(), size);
    app.restart_with_confirmed_clock();
    let admin = app.stranger().like(&admin);
    let recorded = admin.post("/v1/actions", &action("act-2", "dlg-1")).status(201);
    assert_eq!(recorded["entry"]["recorded_at"], "2026-11-24T12:00:00.000000Z", "not earlier than the entry before it");
    let confirmed = admin.get(&format!("/v1/entries/{size}")).status(200);
    assert_eq!(confirmed["header"]["type"], "clock.confirmed", "{confirmed}");
}

#[test]
fn no_secret_and_no_payload_stands_in_a_program_log() {
    let premises = Premises::new();
    let mut command = premises.serve();
    command.env("RUST_LOG", "debug");
    let program = premises.start_as(command);
    let admin = program.client(&premises.admin_token);
    let terms = serde_json::json!({ "name": "desk", "class": "agent", "agent_id": "agent:refunds", "permissions": ["events:write"] });
    let issued = admin.post("/v1/credentials", &terms).status(201);
    let agent_token = issued["token"].as_str().unwrap().to_owned();
    program.client(&agent_token).post("/v1/actions", &action("act-secret", "dlg-1")).status(201);
    admin.post("/v1/actions", &serde_json::json!({ "event_id": "please refund", "unknown": "W5918442" })).problem("validation_failed");
    let wrong = format!("{}wrong", premises.admin_token);
    program.client(&wrong).get("/v1/actions/act-secret").problem("unauthenticated");
    let link = onus()
        .args(["link", "--person", "user:ana@example.com", "--base-url", program.url(), "--data"])
        .arg(premises.data())
        .output()
        .unwrap();
    let link = String::from_utf8(link.stdout).unwrap();
    let (_, link_token) = link.trim().split_once("token=").expect("a link");
    Client::new(program.url()).request("GET", &format!("/sign-in?token={link_token}")).send();
    assert!(program.terminate().success());

    let log = read_log(&premises.log());
    assert!(log.contains("/v1/actions") && log.contains("answered"), "the log says what was done");
    let secret = |token: &str| token.rsplit_once('_').map_or(token, |(_, secret)| secret).to_owned();
    for forbidden in [
        secret(&premises.admin_token),
        secret(&agent_token),
        wrong,
        link_token.to_owned(),
        "please refund".to_owned(),
        "W5918442".to_owned(),
    ] {
        assert!(!log.contains(&forbidden), "the log holds {forbidden:?}");
    }
}
