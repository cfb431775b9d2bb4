//! A rotation that stops half-way, at each of its steps: the next start finds one state and goes on from it.

use std::fs;

use onus::service::folder::Folder;
use onus::service::log_keys::log_signer;
use onus::service::rotation::Rotated;
use onus::tlog::entry::Origin;
use onus::tlog::key::SigningKey;
use onus::tlog::vkey::{KeyName, NoteSigner, Vkey};

use super::{accepts, checkpoints, ledger, rotated, signers};
use crate::closed_ledger::{ClosedLedger, action};

/// Where a rotation stopped after its entry was durable.
struct Stop {
    name: &'static str,
    /// Makes of a finished rotation what was there at that moment.
    undo: fn(&ClosedLedger, &Rotated),
}

const AFTER_THE_ENTRY: [Stop; 5] = [
    Stop {
        name: "the entry is durable, and nothing after it was done",
        undo: |sample, done| {
            uncover(sample, done);
            unmove(sample, done);
        },
    },
    Stop {
        name: "the old key has its second name",
        undo: |sample, done| {
            uncover(sample, done);
            unmove(sample, done);
            second_name(sample, done);
        },
    },
    Stop { name: "the new key has its place, and no checkpoint is signed", undo: uncover },
    Stop { name: "the checkpoint is signed, and no file has moved", undo: unmove },
    Stop { name: "everything was done", undo: |_, _| () },
];

/// The checkpoint over the rotation was never made.
fn uncover(sample: &ClosedLedger, done: &Rotated) {
    let connection = crate::tamper::connect(&sample.folder.ledger_file());
    assert_eq!(connection.execute("DELETE FROM checkpoints WHERE tree_size > ?1", [i64::try_from(done.index.get()).unwrap()]), Ok(1));
}

/// The files have not changed places.
fn unmove(sample: &ClosedLedger, done: &Rotated) {
    let folder = &sample.folder;
    fs::rename(folder.log_key_file(), folder.next_log_key_file()).unwrap();
    fs::rename(folder.old_log_key_file(done.old.id()), folder.log_key_file()).unwrap();
}

fn second_name(sample: &ClosedLedger, done: &Rotated) {
    fs::hard_link(sample.folder.log_key_file(), sample.folder.old_log_key_file(done.old.id())).unwrap();
}

fn origin(sample: &ClosedLedger) -> Origin {
    Origin::parse(sample.vkey.name().as_str()).unwrap()
}

fn present(folder: &Folder, sample: &ClosedLedger) -> Vkey {
    log_signer(folder, &origin(sample)).unwrap().vkey().clone()
}

#[test]
fn wherever_it_stops_after_the_entry_the_next_start_ends_it() {
    for Stop { name, undo } in AFTER_THE_ENTRY {
        let sample = ledger();
        let done = rotated(&sample, 30);
        undo(&sample, &done);
        sample.report(&[action(2, "dlg-1")]);
        let folder = &sample.folder;
        assert_eq!(present(folder, &sample), done.new, "{name}");
        assert!(folder.old_log_key_file(done.old.id()).exists() && !folder.next_log_key_file().exists(), "{name}");
        let (size, note) = checkpoints(folder).into_iter().find(|(size, _)| u64::try_from(*size).unwrap() > done.index.get()).unwrap();
        assert_eq!(signers(&note, &[&done.old, &done.new]), [1, 0], "{name}: the checkpoint of size {size}");
        accepts(&sample, &done.old);
        accepts(&sample, &done.new);
        // And nothing stands in the way of the next one.
        let next = rotated(&sample, 30);
        assert_eq!(next.old, done.new, "{name}");
        accepts(&sample, &done.old);
    }
}

#[test]
fn a_key_that_no_entry_came_to_name_changes_nothing_and_is_taken_by_the_next_rotation() {
    let sample = ledger();
    let key = SigningKey::from_seed(&[9; 32]);
    let signer = NoteSigner::new(KeyName::parse(sample.vkey.name().as_str()).unwrap(), key.clone());
    sample.folder.write_secret(&sample.folder.next_log_key_file(), key.to_pem().as_bytes()).unwrap();
    sample.report(&[action(2, "dlg-1")]);
    assert_eq!(present(&sample.folder, &sample), sample.vkey);
    accepts(&sample, &sample.vkey);
    assert_eq!(rotated(&sample, 30).new, *signer.vkey());
    accepts(&sample, &sample.vkey);
}

#[test]
fn half_a_key_file_changes_nothing_and_is_made_again() {
    for half in ["", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ"] {
        let sample = ledger();
        fs::write(sample.folder.next_log_key_file(), half).unwrap();
        sample.report(&[action(2, "dlg-1")]);
        accepts(&sample, &sample.vkey);
        let done = rotated(&sample, 30);
        assert_eq!(present(&sample.folder, &sample), done.new);
        accepts(&sample, &sample.vkey);
    }
}
