//! `onus verify` over honest ledgers: what it says, and that it never says more than it looked at.

use std::process::Command;

use onus::cli::sample::make_sample;
use onus::service::folder::Folder;
use onus::service::reindex::reindex;
use onus::service::verifier::report::{CheckName, Outcome, Report, Verdict};
use onus::service::verifier::{GivenCheckpoint, Verification};
use onus::tlog::entry::Origin;
use onus::tlog::time::Timestamp;

use crate::closed_ledger::{ClosedLedger, action, submit};

#[track_caller]
pub(crate) fn told(report: &Report) -> String {
    onus::cli::verify::lines(report).join("\n")
}

#[test]
fn an_honest_ledger_passes_every_check_over_all_of_it() {
    let sample = ClosedLedger::full();
    let report = sample.verification().run();
    assert_eq!(report.verdict(), Verdict::Passed, "{}", told(&report));
    assert!(report.size.get() > 600, "{}", report.size);
    let run: Vec<CheckName> = report.checks.iter().map(|check| check.name).collect();
    assert_eq!(run, CheckName::ALL, "each check is reported, once, in order");
    for check in report.checks.iter().filter(|check| check.name != CheckName::GivenCheckpoints) {
        assert_eq!((check.covered, &check.outcome), (check.of, &Outcome::Passed), "{:?}", check.name);
        assert!(check.of > 0, "{:?} looked at nothing", check.name);
    }
    let checkpoints = report.check(CheckName::Checkpoints).unwrap();
    assert!(checkpoints.of >= 3, "one of genesis, one of each half: {checkpoints:?}");
    assert_eq!(report.check(CheckName::ChangedAssessments).unwrap().of, 2, "a revocation, a second leg");
    assert!(report.limits.iter().any(|limit| limit.contains("before this moment")));
}

#[test]
fn the_sample_ledger_of_the_demo_passes() {
    let home = tempfile::tempdir().unwrap();
    let (folder, mark_file) = (Folder::new(&home.path().join("ledger")), home.path().join("high-water"));
    let now = Timestamp::parse_rfc3339("2026-11-24T15:04:05Z").unwrap();
    make_sample(&folder, &mark_file, &Origin::parse("sample.onus.example/demo").unwrap(), "http://127.0.0.1", now).unwrap();
    let verification = Verification { folder, mark_file, vkey: None, checkpoints: Vec::new(), is_deep: true, now };
    let report = verification.run();
    assert_eq!(report.verdict(), Verdict::Partly, "the key was taken from the folder: {}", told(&report));
    let whole = report.checks.iter().filter(|check| matches!(check.outcome, Outcome::Passed)).count();
    assert_eq!(whole, CheckName::ALL.len() - 2, "all but the key and what was kept elsewhere: {}", told(&report));
}

#[test]
fn without_the_key_from_outside_or_without_deep_not_everything_is_checked() {
    let sample = ClosedLedger::full();
    let mut verification = sample.verification();
    verification.vkey = None;
    let report = verification.run();
    assert_eq!(report.verdict(), Verdict::Partly);
    let Outcome::Partly(reason) = &report.check(CheckName::Keys).unwrap().outcome else { panic!("{}", told(&report)) };
    assert!(reason.contains("the key was taken from the folder itself"), "{reason}");

    let mut verification = sample.verification();
    verification.is_deep = false;
    let report = verification.run();
    assert_eq!(report.verdict(), Verdict::Partly);
    let not_run = report.checks.iter().filter(|check| matches!(check.outcome, Outcome::NotRun(_)) && !check.is_optional).count();
    assert_eq!(not_run, 6, "{}", told(&report));
}

#[test]
fn a_checkpoint_that_was_kept_is_borne_out_and_a_mark_may_be_missing() {
    let sample = ClosedLedger::full();
    let kept = sample.open().published().unwrap();
    sample.report(&[action(700, "dlg-refunds")]);
    std::fs::remove_file(sample.folder.default_mark_file()).unwrap();
    let mut verification = sample.verification();
    verification.checkpoints = vec![GivenCheckpoint { name: "kept.txt".to_owned(), note: kept.note.into_bytes() }];
    let report = verification.run();
    assert_eq!(report.verdict(), Verdict::Passed, "{}", told(&report));
    assert_eq!(report.check(CheckName::GivenCheckpoints).unwrap().covered, 1);
    assert!(matches!(report.check(CheckName::HighWater).unwrap().outcome, Outcome::NotRun(_)));
}

#[test]
fn where_no_ledger_is_there_is_nothing_to_verify() {
    let home = tempfile::tempdir().unwrap();
    let mut verification = ClosedLedger::empty().verification();
    verification.folder = Folder::new(&home.path().join("nowhere"));
    assert_eq!(verification.run().verdict(), Verdict::Nothing);
}

#[test]
fn entries_past_the_last_checkpoint_are_told_and_may_not_wait_for_ever() {
    let sample = ClosedLedger::full();
    let connection = crate::tamper::connect(&sample.folder.ledger_file());
    connection.execute("DELETE FROM checkpoints WHERE tree_size > 300", []).unwrap();
    let mut verification = sample.verification();
    let report = verification.run();
    let checkpoints = report.check(CheckName::Checkpoints).unwrap();
    let Outcome::Partly(reason) = &checkpoints.outcome else { panic!("{}", told(&report)) };
    assert!(reason.contains("are under no signed checkpoint"), "{reason}");
    // Within the minute that entry 0 promises they may still be waiting.
    verification.now = Timestamp::parse_rfc3339("2026-11-24T08:00:00Z").unwrap();
    let report = verification.run();
    let checkpoints = report.check(CheckName::Checkpoints).unwrap();
    assert_eq!(checkpoints.outcome, Outcome::Passed);
    assert!(checkpoints.notes[0].ends_with("yet"), "{:?}", checkpoints.notes);
}

#[test]
fn it_runs_beside_a_live_server_and_finds_nothing_false() {
    let sample = ClosedLedger::full();
    let ledger = sample.open();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (700..760).for_each(|n| submit(&ledger, &action(n, "dlg-refunds"))));
        let mut rounds = 0;
        while rounds < 2 || !writer.is_finished() {
            let report = sample.verification().run();
            assert_ne!(report.verdict(), Verdict::Failed, "{}", told(&report));
            rounds += 1;
        }
    });
    ledger.close();
    let report = sample.verification().run();
    assert_eq!(report.verdict(), Verdict::Passed, "{}", told(&report));
}

#[test]
fn a_file_that_cannot_be_opened_is_not_called_false() {
    let sample = ClosedLedger::empty();
    std::fs::remove_file(sample.folder.ledger_file()).unwrap();
    std::fs::create_dir(sample.folder.ledger_file()).unwrap();
    assert_eq!(sample.verification().run().verdict(), Verdict::Partly);
}

#[test]
fn it_writes_nothing() {
    let sample = ClosedLedger::full();
    let read = || std::fs::read(sample.folder.ledger_file()).unwrap();
    let before = read();
    assert_eq!(sample.verification().run().verdict(), Verdict::Passed);
    assert!(read() == before, "the ledger file was written");
}

#[test]
fn reindex_makes_again_what_was_derived_and_only_that() {
    let sample = ClosedLedger::full();
    let connection = crate::tamper::connect(&sample.folder.ledger_file());
    for table in ["event_keys", "delegations", "delegation_names", "revocations", "actions", "present_findings", "administration"] {
        connection.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    drop(connection);
    std::fs::remove_dir_all(sample.folder.index_folder()).unwrap();
    assert_eq!(sample.verification().run().verdict(), Verdict::Failed);
    let rebuilt = reindex(&sample.folder).unwrap();
    assert_eq!(rebuilt.first_untold, None);
    assert_eq!(rebuilt.changes_told, 2);
    let report = sample.verification().run();
    assert_eq!(report.verdict(), Verdict::Passed, "{}", told(&report));
}

#[test]
fn reindex_is_refused_while_somebody_serves_the_ledger() {
    let sample = ClosedLedger::empty();
    let _ledger = sample.open();
    let error = reindex(&sample.folder).unwrap_err();
    assert!(error.to_string().contains("another process is serving"), "{error}");
}

fn onus(args: &[&str]) -> (i32, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_onus")).args(args).env_remove("ONUS_DATA").env_remove("ONUS_HIGH_WATER").output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_command_says_by_its_exit_code_what_it_found() {
    let sample = ClosedLedger::full();
    let data = sample.folder.root().display().to_string();
    let vkey = sample.vkey.to_string();
    let (code, text) = onus(&["verify", "--data", &data, "--vkey", &vkey, "--deep"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("PASSED   entries") && text.contains("before this moment"), "{text}");
    let (code, text) = onus(&["verify", "--data", &data, "--json"]);
    assert_eq!(code, 2, "{text}");
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&report["verdict"], &report["first_wrong_index"]), (&"partly".into(), &serde_json::Value::Null));
    assert_eq!(report["checks"][0]["name"], "entries");
    assert_eq!(report["checks"][0]["of"], report["size"]);

    let connection = crate::tamper::connect(&sample.folder.ledger_file());
    let edited = connection.execute("UPDATE payloads SET members = replace(members, 'succeeded', 'failed') WHERE leaf_index = 9", []);
    assert_eq!(edited, Ok(1));
    drop(connection);
    let (code, text) = onus(&["verify", "--data", &data, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["verdict"], &report["first_wrong_index"]), (1, &"failed".into(), &9.into()), "{text}");
    let (code, text) = onus(&["verify", "--data", &format!("{data}-nowhere"), "--vkey", &vkey]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Nothing to verify"), "{text}");
    let (code, text) = onus(&["reindex", "--data", &data]);
    assert_eq!(code, 1, "a damaged entry is named, and nothing changed: {text}");
    assert!(text.contains("entry 9 is damaged"), "{text}");
}
