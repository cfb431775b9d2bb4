//! `onus rotate-key` as an operator runs it: beside a server, after it, killed on the way, and what receipts and `onus verify` make of it.

use std::process::{Child, Command, Stdio};

use onus::service::folder::Folder;
use onus::service::log_keys::log_signer;
use onus::service::verifier::Verification;
use onus::service::verifier::report::Verdict;
use onus::store::reader::LedgerReader;
use onus::tlog::entry::Origin;
use onus::tlog::hash::LeafHash;
use onus::tlog::time::Timestamp;
use onus::tlog::tlog_proof::{TlogProof, Trust};
use onus::tlog::vkey::Vkey;
use serde_json::Value;

use super::signers;
use crate::app::ORIGIN;
use crate::call::unique;
use crate::program::{Premises, Program, onus};
use crate::submissions::{action, grant};
use crate::test_ledger::check_folder;
use crate::verify::told;

fn rotate_key(premises: &Premises) -> Command {
    let mut command = onus();
    command.args(["rotate-key", "--json", "--reason", "a drill", "--data"]).arg(premises.data());
    command
}

fn verify(premises: &Premises, vkey: &str) -> (Option<i32>, String) {
    let output = onus().args(["verify", "--deep", "--vkey", vkey, "--data"]).arg(premises.data()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn it_is_refused_beside_a_server_and_then_receipts_carry_both_signatures() {
    let premises = Premises::new();
    let program = premises.start();
    program.client(&premises.admin_token).post("/v1/delegations", &grant("dlg-1")).status(201);
    let refused = rotate_key(&premises).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    assert!(said.contains("stop the server first"), "{said}");
    assert!(!folder(&premises).next_log_key_file().exists(), "no key was made");
    assert!(program.terminate().success());

    let output = rotate_key(&premises).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rotated: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (old, new) = (premises.vkey.clone(), Vkey::parse(rotated["vkey"].as_str().unwrap()).unwrap());
    assert_eq!((&rotated["old_vkey"], &rotated["index"]), (&old.to_string().into(), &3.into()));
    assert!(Timestamp::parse_entry_time(rotated["overlap_until"].as_str().unwrap()).is_some(), "{rotated}");

    let program = premises.start();
    let call = program.client(&premises.admin_token);
    let call = call.request("POST", "/v1/actions").key(&unique("key-of-a-test")).header("prefer", "receipt=checkpointed");
    let receipt = call.json(&action("act-1", "dlg-1")).send().status(201);
    let leaf_hash = LeafHash::parse(receipt["entry"]["leaf_hash"].as_str().unwrap()).unwrap();
    let proof = TlogProof::parse(receipt["tlog_proof"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(signers(proof.checkpoint.verbatim(), &[&old, &new]), [1, 0]);
    let origin = Origin::parse(ORIGIN).unwrap();
    for key in [&old, &new] {
        let trust = Trust { origin: &origin, log_keys: std::slice::from_ref(key), witnesses: &[], quorum: 0 };
        proof.clone().verify(leaf_hash, trust).unwrap_or_else(|e| panic!("under {key}: {e}"));
    }
    assert!(program.terminate().success());
    for key in [&old, &new] {
        let (code, text) = verify(&premises, &key.to_string());
        assert_eq!(code, Some(0), "{text}");
    }
    // In the overlap the old key alone still opens everything.
    check_folder(&premises.data(), &old, premises.size());
}

/// The other half of the overlap is in the backup as well: what is restored goes on signing with both keys.
#[test]
fn a_backup_made_in_the_overlap_goes_on_with_both_keys() {
    let premises = Premises::new();
    assert!(rotate_key(&premises).output().unwrap().status.success());
    let home = tempfile::tempdir().unwrap();
    let (backup, data) = (home.path().join("backup"), home.path().join("data"));
    for (command, from, to) in [("backup", premises.data(), &backup), ("restore", backup.clone(), &data)] {
        let [from_flag, to_flag] = if command == "backup" { ["--data", "--to"] } else { ["--from", "--data"] };
        let output = onus().arg(command).arg(from_flag).arg(from).arg(to_flag).arg(to).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let new = log_signer(&Folder::new(&data), &Origin::parse(ORIGIN).unwrap()).unwrap().vkey().clone();
    let mut serve = onus();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let program = Program::spawn(serve, &home.path().join("log"));
    program.client(&premises.admin_token).post("/v1/actions", &action("act-1", "dlg-1")).status(201);
    assert!(program.terminate().success());
    let reader = LedgerReader::open(&Folder::new(&data).ledger_file()).unwrap();
    let (size, note) = reader.rows().checkpoints().unwrap().pop().unwrap();
    assert_eq!((size, signers(&note, &[&premises.vkey, &new])), (4, vec![1, 0]));
    check_folder(&data, &premises.vkey, 4);
}

#[test]
fn it_prints_both_keys_the_entry_and_until_when_both_sign() {
    let premises = Premises::new();
    let mut command = onus();
    command.args(["rotate-key", "--reason", "yearly", "--overlap-days", "7", "--data"]).arg(premises.data());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with(&format!("old vkey   {}\nvkey       {ORIGIN}+", premises.vkey)), "{text}");
    assert!(text.contains("\nentry      2\nboth sign  until 20"), "{text}");
    for refused in [&["--reason", " "][..], &[], &["--reason", "x", "--overlap-days", "3651"]] {
        let output = onus().arg("rotate-key").args(refused).arg("--data").arg(premises.data()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{refused:?}");
    }
    assert_eq!(premises.size(), 3);
}

/// What the program has just done when it is killed.
struct Moment {
    name: &'static str,
    has_come: fn(&Premises, &Before) -> bool,
}

/// How things stood before the program was started.
struct Before {
    old: Vkey,
    pem: String,
    size: u64,
}

const MOMENTS: [Moment; 7] = [
    Moment { name: "it was started", has_come: |_, _| true },
    Moment { name: "the ledger is opened for writing", has_come: |premises, _| premises.data().join("ledger.db-wal").exists() },
    Moment { name: "the new key's file is there", has_come: |premises, _| folder(premises).next_log_key_file().exists() },
    Moment {
        name: "the entry is durable",
        has_come: |premises, before| folder(premises).next_log_key_file().exists() && premises.size() > before.size,
    },
    Moment {
        name: "the old key has its second name",
        has_come: |premises, before| folder(premises).old_log_key_file(before.old.id()).exists(),
    },
    Moment { name: "the new key has its place", has_come: |premises, before| log_pem(premises) != before.pem },
    Moment {
        name: "the checkpoint is kept",
        has_come: |premises, before| log_pem(premises) != before.pem && last_checkpoint(premises) > before.size,
    },
];

#[test]
fn killed_at_any_of_its_steps_it_leaves_a_ledger_that_verifies_and_a_command_that_can_be_repeated() {
    let premises = Premises::new();
    let mut killed = 0;
    for Moment { name, has_come } in MOMENTS {
        let old = log_signer(&folder(&premises), &Origin::parse(ORIGIN).unwrap()).unwrap().vkey().clone();
        let before = Before { old, pem: log_pem(&premises), size: premises.size() };
        let child = rotate_key(&premises).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        killed += u32::from(kill_when(child, || has_come(&premises, &before)));
        // Not what is derived: the index of a process that was killed follows only when there is another.
        let report = Verification { is_deep: false, ..verification(&premises) }.run();
        assert_ne!(report.verdict(), Verdict::Failed, "{name}: {}", told(&report));
        assert!(premises.size() <= before.size + 1, "{name}: one rotation at most");
        let output = rotate_key(&premises).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let report = verification(&premises).run();
        assert_eq!(report.verdict(), Verdict::Passed, "{name}: {}", told(&report));
    }
    // The last moments may be over before anybody sees them.
    assert!(killed >= 3, "only {killed} were killed on their way");
}

/// Kills it as soon as that moment has come; whether it was still running.
fn kill_when(mut child: Child, has_come: impl Fn() -> bool) -> bool {
    while child.try_wait().unwrap().is_none() {
        if has_come() {
            child.kill().unwrap();
            return child.wait().unwrap().code().is_none();
        }
        std::thread::yield_now();
    }
    false
}

fn folder(premises: &Premises) -> Folder {
    Folder::new(&premises.data())
}

fn log_pem(premises: &Premises) -> String {
    std::fs::read_to_string(folder(premises).log_key_file()).unwrap()
}

fn last_checkpoint(premises: &Premises) -> u64 {
    premises.checkpoints().last().map_or(0, |(size, _)| u64::try_from(*size).unwrap())
}

/// Under the key of the first day.
fn verification(premises: &Premises) -> Verification {
    let folder = folder(premises);
    Verification {
        mark_file: folder.default_mark_file(),
        folder,
        vkey: Some(premises.vkey.clone()),
        checkpoints: Vec::new(),
        is_deep: true,
        now: Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
    }
}
