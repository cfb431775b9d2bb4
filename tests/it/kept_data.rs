//! Data directories of earlier releases, kept as those left them (`tests/fixtures`): this one opens, serves and verifies them, answers
//! for every receipt they gave, and writes on.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::call::unique;
use crate::program::{Program, onus};
use crate::submissions::action;

/// Members of a receipt that say how things stand now, or are made anew for each answer.
const OF_THE_MOMENT: [&str; 2] = ["tlog_proof", "status"];

fn kept() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// A copy that may be written, with keys as they must lie on a disk.
fn unpack(kept: &Path, home: &Path) -> PathBuf {
    copy(&kept.join("data"), &home.join("data"));
    fs::copy(kept.join("data.high-water"), home.join("data.high-water")).unwrap();
    home.join("data")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            fs::write(target.with_extension(""), inflate(&path)).unwrap();
        } else {
            fs::copy(&path, &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

fn inflate(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The receipt of one event, without what is of the moment.
fn lasting(mut receipt: Value) -> Value {
    if let Some(only) = receipt["results"].get_mut(0) {
        receipt = only.take();
    }
    for member in OF_THE_MOMENT {
        receipt.as_object_mut().unwrap().remove(member);
    }
    receipt
}

#[test]
fn what_earlier_releases_left_is_served_verified_answered_for_and_written_on() {
    let all = kept();
    assert!(!all.is_empty(), "a release is kept");
    for kept in all {
        let name = kept.display();
        let home = tempfile::tempdir().unwrap();
        let data = unpack(&kept, home.path());
        let made: Value = serde_json::from_slice(&fs::read(kept.join("made.json")).unwrap()).unwrap();
        let text = |member: &str| made[member].as_str().unwrap();
        let checkpoint = home.path().join("kept-checkpoint");
        fs::write(&checkpoint, text("checkpoint")).unwrap();
        let verify = |deep: &[&str]| {
            let mut command = onus();
            command.args(["verify", "--vkey", text("vkey"), "--data"]).arg(&data).arg("--checkpoint").arg(&checkpoint).args(deep);
            let output = command.output().unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, report) = verify(&[]);
        assert_eq!(code, 2, "{name}: nothing is false, and not everything was looked at: {report}");

        let mut serve = onus();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        let server = Program::spawn(serve, &home.path().join("log"));
        let admin = server.client(text("admin_token"));
        let receipts = String::from_utf8(inflate(&kept.join("receipts.ndjson.gz"))).unwrap();
        let mut answered = 0;
        for line in receipts.lines() {
            let old: Value = serde_json::from_str(line).unwrap();
            let (path, event) = (old["path"].as_str().unwrap(), &old["event"]);
            let body = if path == "/v1/events" { serde_json::json!({ "events": [event] }) } else { event.clone() };
            let again = server.client(text("admin_token"));
            let again = again.request(
                "POST",
                match path {
                    "/v1/events" => "/v1/events",
                    "/v1/actions" => "/v1/actions",
                    _ => "/v1/delegations",
                },
            );
            let answer = again.key(&unique("key-of-a-test")).header("prefer", "receipt=opening").json(&body).send().status(200);
            assert_eq!(lasting(answer), lasting(old["receipt"].clone()), "{name}: {event}");
            answered += 1;
        }
        assert!(answered > 30, "{name}: {answered}");
        let recorded = admin.post("/v1/actions", &action("act-of-a-later-release", "dlg-refunds")).status(201);
        let size = recorded["entry"]["index"].as_u64().unwrap() + 1;
        let found = admin.get(&format!("/v1/search?q=W5918405&min_tree_size={size}")).json();
        assert_eq!(found["data"]["hits"].as_array().map(Vec::is_empty), Some(false), "{name}: the index is made again: {found}");
        assert!(server.terminate().success());
        let (code, report) = verify(&["--deep"]);
        assert_eq!(code, 0, "{name}: {report}");
    }
}
