//! `onus doctor`, by the real program: each condition is told by its name, with what to do, and all else stays well.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::tlog::entry::Origin;
use onus::tlog::time::Timestamp;
use serde_json::Value;

use crate::app::ORIGIN;
use crate::closed_ledger::ClosedLedger;
use crate::program::{Premises, onus};
use crate::submissions::action;

/// What doctor says, and how it ended.
#[track_caller]
fn examine(data: &Path, more: &[&str]) -> (i32, Vec<Value>) {
    let output = onus().args(["doctor", "--json", "--data"]).arg(data).args(more).output().unwrap();
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let code = output.status.code().unwrap();
    assert_eq!(report["is_well"], code == 0);
    (code, report["remarks"].as_array().unwrap().clone())
}

/// The remarks of that state: `about`, in order.
fn of_state(remarks: &[Value], state: &str) -> Vec<String> {
    remarks.iter().filter(|remark| remark["state"] == state).map(|remark| remark["about"].as_str().unwrap().to_owned()).collect()
}

fn says(remarks: &[Value], about: &str) -> String {
    let remark = remarks.iter().find(|remark| remark["about"] == about).unwrap();
    format!("{} {}", remark["says"].as_str().unwrap(), remark["remedy"].as_str().unwrap_or_default())
}

fn served_once() -> Premises {
    let premises = Premises::new();
    let server = premises.start();
    server.client(&premises.admin_token).post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    assert!(server.terminate().success());
    premises
}

fn mark(data: &Path) -> PathBuf {
    data.with_extension("high-water")
}

#[test]
fn beside_a_running_server_and_without_one_all_is_well() {
    let premises = Premises::new();
    let server = premises.start();
    let (code, remarks) = examine(&premises.data(), &["--server", server.url()]);
    assert_eq!(code, 0, "{remarks:#?}");
    assert_eq!(remarks.len(), 11, "each subject once: {remarks:#?}");
    assert_eq!(of_state(&remarks, "note"), ["high_water"], "{remarks:#?}");
    assert!(says(&remarks, "server").contains("is ready") && says(&remarks, "clock").contains("of the server's"));
    assert!(says(&remarks, "high_water").contains("same file system"));
    assert!(says(&remarks, "ledger").contains(ORIGIN));
    assert!(server.terminate().success());
    let (code, remarks) = examine(&premises.data(), &[]);
    assert_eq!((code, of_state(&remarks, "note")), (0, vec!["server".to_owned(), "high_water".to_owned()]), "{remarks:#?}");
    let words = onus().args(["doctor", "--data"]).arg(premises.data()).output().unwrap();
    let words = String::from_utf8(words.stdout).unwrap();
    assert!(words.contains("ok    keys") && words.ends_with("All is well.\n"), "{words}");
}

/// What it is called, what happens to the directory, what else doctor is given, what the remark is about and says.
type Case<'c> = (&'c str, fn(&Path), &'c [&'c str], &'c str, &'c [&'c str]);

#[test]
fn each_condition_is_told_with_what_to_do() {
    let cases: [Case<'_>; 10] = [
        ("a key that others can read", |d| open_to(&d.join("keys/event.key"), 0o644), &[], "keys", &["event.key", "644", "chmod 600"]),
        ("a key folder that others can look into", |d| open_to(&d.join("keys"), 0o755), &[], "keys", &["chmod 700"]),
        ("a key that is gone", |d| fs::remove_file(d.join("keys/secret.key")).unwrap(), &[], "keys", &["secret.key", "from a backup"]),
        ("a key that is none", |d| fs::write(d.join("keys/log.pem"), "x").unwrap(), &[], "keys", &["log.pem", "does not read as a key"]),
        (
            "a mark that is gone",
            |d| fs::remove_file(mark(d)).unwrap(),
            &[],
            "high_water",
            &["there is no high-water mark", "start the server once"],
        ),
        ("a mark ahead of the ledger", ahead, &[], "high_water", &["rolled back", "read-only"]),
        ("a mark that was written over", |d| fs::write(mark(d), "x").unwrap(), &[], "high_water", &["cannot be read"]),
        ("a damaged service.db", damage_bookkeeping, &[], "service_file", &["service.db cannot be read", "move service.db away"]),
        (
            "an index of another version",
            |d| fs::write(d.join("index/onus-index-version"), "999\n").unwrap(),
            &[],
            "index",
            &["999", "onus reindex"],
        ),
        ("nobody answers", |_| {}, &["--server", "http://127.0.0.1:1"], "server", &["nobody answers at http://127.0.0.1:1", "onus serve"]),
    ];
    for (name, change, more, about, words) in cases {
        let premises = served_once();
        let data = premises.data();
        change(&data);
        let (code, remarks) = examine(&data, more);
        assert_eq!((code, of_state(&remarks, "act")), (1, vec![about.to_owned()]), "{name}: {remarks:#?}");
        for word in words {
            assert!(says(&remarks, about).contains(word), "{name}: {remarks:#?}");
        }
    }
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn damage_bookkeeping(data: &Path) {
    fs::write(data.join("service.db"), [7; 8192]).unwrap();
    // Its newest pages lie beside it.
    fs::remove_file(data.join("service.db-wal")).unwrap();
}

fn ahead(data: &Path) {
    let text = fs::read_to_string(mark(data)).unwrap();
    fs::write(mark(data), text.replace("0000000000000003", "0000000000000009")).unwrap();
}

#[test]
fn entries_that_have_waited_for_a_signature_since_the_morning_are_told() {
    let ledger = ClosedLedger::empty();
    let connection = crate::tamper::connect(&ledger.folder.ledger_file());
    assert_eq!(connection.execute("DELETE FROM checkpoints", []), Ok(1));
    let (code, remarks) = examine(ledger.folder.root(), &[]);
    assert_eq!((code, of_state(&remarks, "act")), (1, vec!["checkpoint".to_owned()]), "{remarks:#?}");
    assert!(says(&remarks, "checkpoint").contains("2 entries wait") && says(&remarks, "checkpoint").contains("start the server"));
}

#[test]
fn a_damaged_file_is_told_and_nothing_else_is_claimed() {
    let premises = served_once();
    let file = premises.data().join("ledger.db");
    let mut bytes = fs::read(&file).unwrap();
    let (from, until) = (bytes.len() / 4, bytes.len() - 100);
    bytes[from..until].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let (code, remarks) = examine(&premises.data(), &[]);
    assert_eq!(code, 1);
    assert!(of_state(&remarks, "act").contains(&"file".to_owned()), "{remarks:#?}");
    assert!(says(&remarks, "file").contains("restore the newest backup"), "{remarks:#?}");
}

#[test]
fn a_mark_inside_the_directory_and_a_clock_behind_the_ledger_are_told() {
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::new(&home.path().join("data"));
    let clock: Arc<dyn Clock> = Arc::new(SetClock::new(Timestamp::parse_rfc3339("2099-01-01T00:00:00Z").unwrap()));
    let new = NewLedger {
        origin: Origin::parse(ORIGIN).unwrap(),
        base_url: "http://127.0.0.1".to_owned(),
        mark_file: folder.default_mark_file(),
    };
    create(&folder, &new, &clock).unwrap();
    let inside = folder.root().join("mark");
    fs::copy(folder.default_mark_file(), &inside).unwrap();
    let (code, remarks) = examine(folder.root(), &["--high-water", inside.to_str().unwrap()]);
    assert_eq!((code, of_state(&remarks, "act")), (1, vec!["clock".to_owned(), "high_water".to_owned()]), "{remarks:#?}");
    assert!(says(&remarks, "clock").contains("2099") && says(&remarks, "clock").contains("--confirm-clock"));
    assert!(says(&remarks, "high_water").contains("inside the data directory"));
}

#[test]
fn a_server_over_another_directory_is_not_taken_for_this_ones() {
    let (premises, other) = (Premises::new(), Premises::new());
    let server = other.start();
    let (code, remarks) = examine(&premises.data(), &["--server", server.url()]);
    assert_eq!((code, of_state(&remarks, "act")), (1, vec!["server".to_owned()]), "{remarks:#?}");
    assert!(says(&remarks, "server").contains("serves another directory"));
}

#[test]
fn what_a_killed_server_left_is_told_and_not_touched() {
    let premises = Premises::new();
    let server = premises.start();
    server.client(&premises.admin_token).post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    server.kill();
    let (_, remarks) = examine(&premises.data(), &[]);
    assert!(of_state(&remarks, "note").contains(&"write_ahead_log".to_owned()), "{remarks:#?}");
    assert!(says(&remarks, "write_ahead_log").contains("Do not delete it"));
    let log = premises.data().join("ledger.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0, "the log is where it was");
    assert_eq!(premises.size(), 3);
}
