//! `onus backup` and `onus restore`, by the real program: what was acknowledged before a backup began is in it and answers again
//! elsewhere; nothing half-made has a name; nothing damaged, and no older state, passes for the ledger.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use onus::service::manifest::{FileRecord, MANIFEST_FILE, Manifest};
use serde_json::Value;

use crate::call::{Client, unique};
use crate::program::{Premises, Program, onus};
use crate::submissions::{action, grant};
use crate::test_ledger::check_folder;

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `is_so`.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn backup(premises: &Premises, to: &Path) -> Command {
    let mut command = onus();
    command.args(["backup", "--json", "--data"]).arg(premises.data()).arg("--to").arg(to);
    command
}

fn restore(from: &Path, to: &Path) -> Command {
    let mut command = onus();
    command.args(["restore", "--json", "--from"]).arg(from).arg("--data").arg(to);
    command
}

/// What a command that ended well printed.
#[track_caller]
fn done(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that was refused said.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), stdout.is_empty()), (Some(1), true), "{said}");
    said
}

fn serve(data: &Path) -> Program {
    serve_with(data, &[])
}

fn serve_with(data: &Path, more: &[&Path]) -> Program {
    let mut command = onus();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(more);
    Program::spawn(command, &data.with_extension("log"))
}

/// A ledger of some entries, closed in order, and its backup.
struct BackedUp {
    premises: Premises,
    home: tempfile::TempDir,
    backup: PathBuf,
    event: Value,
    entry: Value,
}

impl BackedUp {
    fn new() -> Self {
        let premises = Premises::new();
        let home = tempfile::tempdir().unwrap();
        let server = premises.start();
        let event = action("act-1", "dlg-1");
        let entry = server.client(&premises.admin_token).post("/v1/actions", &event).status(201)["entry"].take();
        assert!(server.terminate().success());
        let path = home.path().join("backup");
        let made = done(&mut backup(&premises, &path));
        assert_eq!(made["unsigned_entries"], 0, "a ledger closed in order ends at a checkpoint");
        Self { premises, home, backup: path, event, entry }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn mark(&self) -> PathBuf {
        self.premises.data().with_file_name("data.high-water")
    }

    /// One more event, and the checkpoint over it.
    fn go_on(&self) -> String {
        let server = self.premises.start();
        server.client(&self.premises.admin_token).post("/v1/actions", &action("act-2", "dlg-1")).status(201);
        assert!(server.terminate().success());
        self.premises.checkpoints().pop().unwrap().1
    }

    fn answers(&self, server: &Program) {
        let again = server.client(&self.premises.admin_token).post("/v1/actions", &self.event).status(200);
        assert_eq!(again["entry"], self.entry);
    }
}

/// Writes until told to stop, and notes what was acknowledged.
fn write_on(client: &Client, is_over: &AtomicBool, acknowledged: &Mutex<Vec<(Value, Value)>>) {
    while !is_over.load(Ordering::SeqCst) {
        let event = action(&unique("act"), "dlg-1");
        let entry = client.post("/v1/actions", &event).status(201)["entry"].take();
        acknowledged.lock().unwrap().push((event, entry));
    }
}

#[test]
fn a_backup_under_load_holds_all_that_was_acknowledged_when_it_began_and_goes_on_elsewhere() {
    let premises = Premises::new();
    let home = tempfile::tempdir().unwrap();
    let [to, elsewhere] = ["backup", "elsewhere"].map(|name| home.path().join(name));
    let server = premises.start();
    server.client(&premises.admin_token).post("/v1/delegations", &grant("dlg-1")).status(201);
    let (is_over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let (before, made) = std::thread::scope(|scope| {
        for _ in 0..3 {
            let client = server.client(&premises.admin_token);
            let (is_over, acknowledged) = (&is_over, &acknowledged);
            scope.spawn(move || write_on(&client, is_over, acknowledged));
        }
        wait_until("writers are answered", || acknowledged.lock().unwrap().len() > 50);
        let before = acknowledged.lock().unwrap().clone();
        let made = done(&mut backup(&premises, &to));
        is_over.store(true, Ordering::SeqCst);
        (before, made)
    });
    server.kill();
    let size = made["manifest"]["size"].as_u64().unwrap();
    let covered = made["manifest"]["checkpoint_size"].as_u64().unwrap();
    let last = before.iter().map(|(_, entry)| entry["index"].as_u64().unwrap()).max().unwrap();
    assert!(covered > last && size >= covered, "{last} {covered} {size}: all of it is under a signature in the backup");
    assert_eq!(made["unsigned_entries"], size - covered);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(to.clone()), mode(to.join("ledger.db")), mode(to.join("keys/log.pem"))), (0o700, 0o600, 0o600));

    let restored = done(&mut restore(&to, &elsewhere));
    assert_eq!((&restored["past"], &restored["size"]), (&"unknown".into(), &size.into()));
    assert!(restored["said"].as_str().unwrap().contains("cannot be excluded"), "{restored}");
    let verified = onus().args(["verify", "--deep", "--vkey", &premises.vkey.to_string(), "--data"]).arg(&elsewhere).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
    let server = serve(&elsewhere);
    let admin = server.client(&premises.admin_token);
    for (event, entry) in &before {
        assert_eq!(admin.post("/v1/actions", event).status(200)["entry"], *entry, "the receipt of before");
    }
    admin.post("/v1/actions", &action("act-after", "dlg-1")).status(201);
    assert!(server.terminate().success());
    check_folder(&elsewhere, &premises.vkey, size + 1);
}

#[test]
fn with_its_mark_the_newest_backup_is_borne_out() {
    let kept = BackedUp::new();
    let data = kept.place("again");
    let restored = done(restore(&kept.backup, &data).arg("--high-water").arg(kept.mark()).args(["--reason", "to be sure"]));
    assert_eq!((&restored["past"], &restored["is_read_only"], &restored["successor"]), (&"borne_out".into(), &false.into(), &Value::Null));
    let server = serve_with(&data, &[Path::new("--high-water"), &kept.mark()]);
    kept.answers(&server);
    server.client(&kept.premises.admin_token).post("/v1/actions", &action("act-2", "dlg-1")).status(201);
    assert!(server.terminate().success());
}

#[test]
fn an_older_backup_is_refused_and_with_a_reason_a_new_epoch_says_so() {
    let kept = BackedUp::new();
    let checkpoint = kept.place("kept.txt");
    fs::write(&checkpoint, kept.go_on()).unwrap();
    // Whoever kept the mark, or a checkpoint, can tell.
    for (name, proof) in [("--high-water", kept.mark()), ("--checkpoint", checkpoint.clone())] {
        let data = kept.place("older");
        let said = refused(restore(&kept.backup, &data).arg(name).arg(&proof));
        assert!(said.contains("nothing was restored") && said.contains("ends at 3") && said.contains("--reason"), "{said}");
        assert!(!data.exists(), "{name}");

        let data = kept.place(name.trim_start_matches('-'));
        let restored = done(restore(&kept.backup, &data).arg(name).arg(&proof).args(["--reason", "the disk died on Tuesday"]));
        assert_eq!((&restored["past"], &restored["is_read_only"]), (&"contradicted".into(), &true.into()), "{restored}");
        let mark = if name == "--high-water" { proof } else { data.with_extension("high-water") };
        let old = serve_with(&data, &[Path::new("--high-water"), &mark]);
        let shown = old.client(&kept.premises.admin_token).get("/v1/entries/2").status(200);
        assert_eq!(shown["entry"]["bytes"], kept.entry["bytes"], "it is there to be read");
        old.client(&kept.premises.admin_token).post("/v1/actions", &action("act-3", "dlg-1")).problem("ledger_read_only");
        assert!(old.terminate().success());

        let successor = &restored["successor"];
        assert_eq!(successor["origin"], "ledger.example/test/2");
        let new = PathBuf::from(successor["data"].as_str().unwrap());
        assert_eq!(new, data.with_added_extension("successor"));
        let server = serve(&new);
        let admin = server.client(successor["admin_token"].as_str().unwrap());
        let first = admin.get("/v1/entries/0").text();
        let expected = if name == "--high-water" { 3 } else { 4 };
        assert!(first.contains("the disk died on Tuesday") && first.contains("/predecessor"), "{first}");
        assert_eq!(successor["predecessor_size"], expected, "the last head that anyone can prove");
        admin.post("/v1/actions", &action("act-3", "dlg-1")).status(201);
        assert!(server.terminate().success());
        let vkey = successor["vkey"].as_str().unwrap();
        let verified = onus().args(["verify", "--deep", "--vkey", vkey, "--data"]).arg(&new).output().unwrap();
        assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
    }
}

#[test]
fn killed_in_the_middle_it_leaves_nothing_of_the_name_and_the_next_one_clears_up() {
    let kept = BackedUp::new();
    let (to, partial) = (kept.place("second"), kept.place("second.partial"));
    // A file that nobody writes to the end: the backup stops at it, with the ledger and the keys copied.
    let fifo = kept.premises.data().join("actions.toml");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut half = backup(&kept.premises, &to).spawn().unwrap();
    wait_until("the keys are copied", || partial.join("keys/secret.key").exists());
    assert!(!to.exists());
    let said = refused(&mut backup(&kept.premises, &to));
    assert!(said.contains("another process is filling"), "{said}");
    half.kill().unwrap();
    half.wait().unwrap();
    assert!(!to.exists() && partial.join("ledger.db").exists());
    fs::remove_file(&fifo).unwrap();
    done(&mut backup(&kept.premises, &to));
    assert!(to.join(MANIFEST_FILE).exists() && !partial.exists());
    let said = refused(&mut backup(&kept.premises, &to));
    assert!(said.contains("is there already"), "{said}");
}

#[test]
fn on_a_full_disk_it_says_so_and_leaves_nothing() {
    const SCRIPT: &str = r#"mount -t tmpfs -o size=256k,mode=700 none "$2" || exit 77
        "$0" backup --data "$1" --to "$2/backup"; code=$?; ls -A "$2"; exit $code"#;
    let kept = BackedUp::new();
    let disk = kept.place("disk");
    fs::create_dir(&disk).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT])
        .arg(onus().get_program())
        .arg(kept.premises.data())
        .arg(&disk);
    let output = command.output();
    let Ok(output) =
        output.map_err(drop).and_then(|o| if o.status.code() == Some(1) && o.stderr.starts_with(b"onus") { Ok(o) } else { Err(()) })
    else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "in CI a file system can be mounted in a user's name space");
        println!("skipped: no file system can be mounted here");
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is full") && said.contains("nothing was put there") && said.contains("another disk"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing is left on the disk");
}

#[test]
fn a_restore_needs_an_empty_directory() {
    let kept = BackedUp::new();
    let said = refused(&mut restore(&kept.backup, &kept.premises.data()));
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(kept.premises.size(), 3, "and what is there is untouched");
    let empty = kept.place("empty");
    fs::create_dir(&empty).unwrap();
    done(&mut restore(&kept.backup, &empty));
    let said = refused(restore(&kept.backup, &kept.place("x")).arg("--successor").arg(&empty).args(["--reason", "r"]));
    assert!(said.contains("is not empty"), "{said}");
}

#[test]
fn a_backup_that_was_damaged_or_changed_is_refused_by_the_name_of_what_is_wrong() {
    type Change = fn(&Path);
    let cases: [(&str, Change, &[&str]); 8] = [
        ("a byte of the ledger", |b| flip(&b.join("ledger.db")), &["ledger.db is not as it was backed up", "SHA-256"]),
        ("a key is missing", |b| fs::remove_file(b.join("keys/event.key")).unwrap(), &["keys/event.key", "it is missing"]),
        ("a key is longer", |b| fs::write(b.join("keys/event.key"), [7; 33]).unwrap(), &["keys/event.key", "33 bytes"]),
        ("no manifest", |b| fs::remove_file(b.join(MANIFEST_FILE)).unwrap(), &["is no backup"]),
        ("another format", |b| edit(b, |m| m.format = "onus-backup/v9".to_owned()), &["not a manifest of onus-backup/v1"]),
        ("a way out", |b| edit(b, |m| m.files[0].path = "../x".to_owned()), &["lies outside the backup"]),
        ("another size", |b| edit(b, |m| m.size += 1), &["backup.json", "another ledger, size or root"]),
        ("a payload, and the manifest with it", edit_payload, &["does not verify", "payloads"]),
    ];
    let kept = BackedUp::new();
    for (name, change, words) in cases {
        let (copy, data) = (kept.place("copy"), kept.place("data"));
        crate::program::copy_folder(&kept.backup, &copy);
        change(&copy);
        let said = refused(&mut restore(&copy, &data));
        for word in words {
            assert!(said.contains(word), "{name}: {said}");
        }
        assert!(!data.exists(), "{name}");
        fs::remove_dir_all(&copy).unwrap();
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn edit(backup: &Path, change: impl FnOnce(&mut Manifest)) {
    let path = backup.join(MANIFEST_FILE);
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

fn edit_payload(backup: &Path) {
    let connection = crate::tamper::connect(&backup.join("ledger.db"));
    let edited = connection.execute("UPDATE payloads SET members = replace(members, 'W5918442', 'W5918443') WHERE leaf_index = 2", []);
    assert_eq!(edited, Ok(1));
    drop(connection);
    edit(backup, |manifest| {
        let at = manifest.files.iter().position(|file| file.path == "ledger.db").unwrap();
        manifest.files[at] = FileRecord::of(backup, Path::new("ledger.db")).unwrap();
    });
}

#[test]
fn without_the_log_key_a_restore_asks_for_it() {
    let kept = BackedUp::new();
    let (bare, data) = (kept.place("bare"), kept.place("data"));
    let made = done(backup(&kept.premises, &bare).arg("--without-log-key"));
    assert_eq!(made["manifest"]["log_key_included"], false);
    assert!(!bare.join("keys/log.pem").exists() && bare.join("keys/event.key").exists());
    let said = refused(&mut restore(&bare, &data));
    assert!(said.contains("--log-key"), "{said}");
    let other = Premises::new();
    let said = refused(restore(&bare, &data).arg("--log-key").arg(other.data().join("keys/log.pem")));
    assert!(said.contains("not the one that signed"), "{said}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "what was written was removed again");
    done(restore(&bare, &data).arg("--log-key").arg(kept.premises.data().join("keys/log.pem")));
    let server = serve(&data);
    kept.answers(&server);
    assert!(server.terminate().success());
}

#[test]
fn a_backup_does_not_lie_in_what_it_is_a_backup_of() {
    let premises = Premises::new();
    let said = refused(&mut backup(&premises, &premises.data().join("backup")));
    assert!(said.contains("inside the ledger's own directory"), "{said}");
}
