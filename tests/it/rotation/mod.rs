//! One log key follows another (FORMAT.md section 10, docs/KEY_ROTATION.md): who has the old key, or the new one, accepts the ledger, and
//! nobody else's key gets in.

mod forged;
mod program;
mod stops;

use std::time::Duration;

use onus::domain::key_rotated::{KeyRotated, Reason};
use onus::domain::person::Role;
use onus::service::clock::Clock as _;
use onus::service::folder::Folder;
use onus::service::ledger::LedgerConfig;
use onus::service::opened::open_entry;
use onus::service::queue::{WriteFailure, WriterState};
use onus::service::rotation::{Rotated, RotationError, rotate};
use onus::service::verifier::GivenCheckpoint;
use onus::service::verifier::report::{CheckName, Outcome, Report, Verdict};
use onus::store::reader::LedgerReader;
use onus::tlog::note::SignatureLine;
use onus::tlog::vkey::Vkey;

use crate::app::TestApp;
use crate::closed_ledger::{ClosedLedger, action, delegation};
use crate::verify::told;

const DAY_MS: i64 = 86_400_000;

/// A small ledger, with one checkpoint of its first entries and one of its first events.
fn ledger() -> ClosedLedger {
    let sample = ClosedLedger::empty();
    sample.report(&[delegation("dlg-1", None, "agent:refunds"), action(1, "dlg-1")]);
    sample
}

fn config(sample: &ClosedLedger) -> LedgerConfig {
    LedgerConfig { interval: Duration::from_hours(1), ..LedgerConfig::new(sample.folder.clone(), sample.clock.clone()) }
}

fn try_rotate(sample: &ClosedLedger, overlap_days: u16) -> Result<Rotated, RotationError> {
    rotate(config(sample), Reason::parse("the yearly rotation").unwrap(), overlap_days)
}

#[track_caller]
fn rotated(sample: &ClosedLedger, overlap_days: u16) -> Rotated {
    try_rotate(sample, overlap_days).unwrap()
}

/// Everything, for somebody who has kept that key.
fn verified(sample: &ClosedLedger, vkey: &Vkey) -> Report {
    let mut verification = sample.verification();
    verification.vkey = Some(vkey.clone());
    verification.run()
}

#[track_caller]
fn accepts(sample: &ClosedLedger, vkey: &Vkey) -> Report {
    let report = verified(sample, vkey);
    assert_eq!(report.verdict(), Verdict::Passed, "with {vkey}: {}", told(&report));
    report
}

/// The stored checkpoints: their sizes, and the keys whose lines they carry, in order.
fn checkpoints(folder: &Folder) -> Vec<(i64, String)> {
    LedgerReader::open(&folder.ledger_file()).unwrap().rows().checkpoints().unwrap()
}

/// Which of those keys have a line on a note, by their place in the list.
#[track_caller]
fn signers(note: &str, keys: &[&Vkey]) -> Vec<usize> {
    let (_, lines) = note.rsplit_once("\n\n").unwrap();
    let place = |line: &str| {
        let line = SignatureLine::parse(line).unwrap();
        keys.iter().position(|key| key.id() == line.id).expect("a key of this ledger")
    };
    lines.lines().map(place).collect()
}

#[test]
fn whoever_has_pinned_either_key_accepts_the_ledger_before_during_and_after_the_overlap() {
    let sample = ledger();
    let old = sample.vkey.clone();
    let before = checkpoints(&sample.folder).pop().unwrap().1;
    let Rotated { new, index, overlap_until, checkpoint, .. } = rotated(&sample, 30);
    assert_eq!(overlap_until.ms_since(sample.clock.now()), 30 * DAY_MS);
    let keys = [&old, &new];
    assert_eq!(signers(&checkpoint, &keys), [1, 0], "the first checkpoint over it: the new key, and the old one");
    accepts(&sample, &old);
    accepts(&sample, &new);

    sample.clock.tick_ms(29 * DAY_MS);
    sample.report(&[action(2, "dlg-1")]);
    sample.clock.tick_ms(2 * DAY_MS);
    sample.report(&[action(3, "dlg-1"), action(4, "dlg-1")]);
    let notes = checkpoints(&sample.folder);
    let found: Vec<Vec<usize>> = notes.iter().map(|(_, note)| signers(note, &keys)).collect();
    let (past, since) = found.split_at(notes.iter().position(|(size, _)| u64::try_from(*size).unwrap() > index.get()).unwrap());
    assert!(past.iter().all(|keys| *keys == [0]), "{past:?}");
    assert_eq!(since, [vec![1, 0], vec![1, 0], vec![1]], "in the overlap both, after it the new key alone");

    for pinned in keys {
        let mut verification = sample.verification();
        verification.vkey = Some(pinned.clone());
        // Of every age: each was signed by a key that leads here, and the ledger extends it.
        let kept = |(name, note): (usize, &String)| GivenCheckpoint { name: format!("kept-{name}"), note: note.clone().into_bytes() };
        verification.checkpoints = [&before].into_iter().chain(notes.iter().map(|(_, note)| note)).enumerate().map(kept).collect();
        let report = verification.run();
        assert_eq!(report.verdict(), Verdict::Passed, "{}", told(&report));
        let given = report.check(CheckName::GivenCheckpoints).unwrap();
        assert_eq!(given.covered, 1 + notes.len() as u64);
        assert_eq!(report.vkey, Some(new.to_string()), "the key that signs now");
        let named = report.check(CheckName::Keys).unwrap();
        assert_eq!((named.covered, named.of), (2, 2));
        assert!(named.notes[0].starts_with(&format!("entry {index}: {new} follows {old}; both sign until ")), "{:?}", named.notes);
    }

    let mut verification = sample.verification();
    verification.vkey = None;
    let Outcome::Partly(reason) = verification.run().check(CheckName::Keys).unwrap().outcome.clone() else { panic!("nobody gave a key") };
    assert!(reason.contains("taken from the folder itself"), "{reason}");
}

#[test]
fn the_entry_holds_both_keys_the_reason_and_what_each_key_says_of_the_other() {
    let sample = ledger();
    let Rotated { old, new, index, overlap_until, .. } = rotated(&sample, 7);
    let reader = LedgerReader::open(&sample.folder.ledger_file()).unwrap();
    let entry = open_entry(reader.rows(), index).unwrap().unwrap();
    assert_eq!((entry.header.entry_type.as_str(), entry.header.about, &entry.header.assessment), ("key.rotated", None, &None));
    for (name, value) in [
        ("/old_log_key", old.to_string()),
        ("/log_key", new.to_string()),
        ("/reason", "the yearly rotation".to_owned()),
        ("/overlap_until", overlap_until.to_string()),
    ] {
        assert_eq!(entry.text(name), Some(value.as_str()), "{name}");
    }
    assert_eq!(entry.members.keys().filter(|name| name.starts_with("/signed_by_")).count(), 2);
    KeyRotated::from_members(&entry.members).expect("both signatures hold");
}

#[test]
fn the_old_key_s_file_is_kept_as_long_as_both_sign_and_removed_at_the_first_start_after_that() {
    let sample = ledger();
    let Rotated { old, .. } = rotated(&sample, 30);
    let kept = sample.folder.old_log_key_file(old.id());
    assert!(kept.exists() && !sample.folder.next_log_key_file().exists());
    sample.clock.tick_ms(31 * DAY_MS);
    sample.report(&[action(2, "dlg-1")]);
    assert!(kept.exists(), "until an entry is recorded past the overlap, a checkpoint may still ask for it");
    sample.open().close();
    assert!(!kept.exists());
    sample.report(&[action(3, "dlg-1")]);
    accepts(&sample, &old);
}

#[test]
fn without_an_overlap_only_the_first_checkpoint_carries_both_signatures() {
    let sample = ledger();
    let Rotated { old, new, .. } = rotated(&sample, 0);
    for n in 2..4 {
        sample.report(&[action(n, "dlg-1")]);
        assert!(!sample.folder.old_log_key_file(old.id()).exists(), "its last signature was made");
    }
    let found: Vec<Vec<usize>> = checkpoints(&sample.folder).iter().rev().take(3).map(|(_, note)| signers(note, &[&old, &new])).collect();
    assert_eq!(found, [vec![1], vec![1], vec![1, 0]]);
    accepts(&sample, &old);
    accepts(&sample, &new);
}

#[test]
fn a_second_rotation_within_the_overlap_of_the_first_is_signed_for_by_three_keys() {
    let sample = ledger();
    let first = rotated(&sample, 30);
    sample.clock.tick_ms(DAY_MS);
    let second = rotated(&sample, 3);
    assert_eq!(second.old, first.new);
    let keys = [&first.old, &first.new, &second.new];
    assert_eq!(signers(&second.checkpoint, &keys), [2, 0, 1]);
    // The shorter overlap ends first, though it began later.
    sample.clock.tick_ms(4 * DAY_MS);
    sample.report(&[action(2, "dlg-1")]);
    sample.clock.tick_ms(30 * DAY_MS);
    sample.report(&[action(3, "dlg-1")]);
    let found: Vec<Vec<usize>> = checkpoints(&sample.folder).iter().rev().take(2).map(|(_, note)| signers(note, &keys)).collect();
    assert_eq!(found, [vec![2], vec![2, 0]]);
    for key in keys {
        let report = accepts(&sample, key);
        assert_eq!(report.check(CheckName::Keys).unwrap().of, 3);
    }
}

#[test]
fn a_ledger_that_contradicts_its_past_keeps_its_key() {
    let sample = ledger();
    let old_file = std::fs::read(sample.folder.ledger_file()).unwrap();
    sample.report(&[action(2, "dlg-1")]);
    std::fs::write(sample.folder.ledger_file(), old_file).unwrap();
    let error = try_rotate(&sample, 30).unwrap_err();
    assert!(matches!(&error, RotationError::ReadOnly(reason) if reason.contains("rolled back")), "{error}");
    assert!(!sample.folder.next_log_key_file().exists(), "no key was made");
}

#[test]
fn a_server_that_lacks_a_key_that_must_sign_signs_nothing_until_it_is_back() {
    let sample = ledger();
    let Rotated { old, .. } = rotated(&sample, 30);
    for file in [sample.folder.old_log_key_file(old.id()), sample.folder.log_key_file()] {
        let taken = std::fs::read(&file).unwrap();
        // Another key in its place is as little use as none.
        let other = ClosedLedger::empty();
        std::fs::copy(other.folder.log_key_file(), &file).unwrap();
        let before = checkpoints(&sample.folder);
        let ledger = sample.open();
        let WriterState::ReadOnly(reason) = ledger.state() else { panic!("{:?}", ledger.state()) };
        assert!(reason.contains("must sign") && reason.contains("no file in keys/ holds it"), "{reason}");
        let refused = ledger.confirm_clock().unwrap_err();
        assert!(matches!(refused, WriteFailure::ReadOnly(_)), "{refused}");
        ledger.close();
        assert_eq!(checkpoints(&sample.folder), before);
        std::fs::write(&file, taken).unwrap();
    }
    sample.report(&[action(2, "dlg-1")]);
    accepts(&sample, &old);
}

#[test]
fn the_integrity_page_shows_the_present_key_and_the_earlier_one() {
    let mut app = TestApp::start();
    let mut done = None;
    app.restart_after(|config| done = Some(rotate(config, Reason::parse("yearly").unwrap(), 30).unwrap()));
    let Rotated { old, new, index, .. } = done.unwrap();
    assert_eq!(app.ledger().vkey(), &new);
    let page = app.person("user:ana@example.com", &[Role::Auditor]).get("/integrity").text();
    let (now, earlier) = page.split_once("Earlier verifier key").expect("two keys");
    let shown = |key: &Vkey| key.to_string().replace('+', "&#43;");
    let holds = |part: &str, key: &Vkey| part.contains(&key.to_string()) || part.contains(&shown(key));
    assert!(holds(now, &new) && !holds(now, &old) && holds(earlier, &old), "{page}");
    assert!(earlier.contains(&format!("/entries/{index}")), "{page}");
    // What lies under the checkpoints of both is read, proved and searched like anything else.
    let admin = app.admin();
    for entry in 0..app.size() {
        admin.get(&format!("/v1/entries/{entry}")).status(200);
    }
    app.wait_indexed();
    let found = admin.get("/v1/entries?type=key.rotated").status(200);
    assert!(found.to_string().contains("key.rotated"), "{found}");
}
