//! Rotations that nobody may follow: made without the old key, with one that is not in force any more, or under a checkpoint that one key
//! alone has signed. A row makes one in a copy of its own, with whatever its thief holds, and says what must be found.

use onus::domain::event::Members;
use onus::domain::key_rotated::{KEY_ROTATED, KeyRotated, Reason};
use onus::service::clock::Clock as _;
use onus::service::derivation::own_entry;
use onus::service::log_keys::log_signer;
use onus::service::publisher::sign_rotation;
use onus::service::rotation::Rotated;
use onus::service::tiling::TileEdge;
use onus::service::verifier::GivenCheckpoint;
use onus::service::verifier::report::CheckName::{Checkpoints, DerivedTables, GivenCheckpoints, Keys, Payloads};
use onus::service::verifier::report::{CheckName, Report, Verdict};
use onus::store::reader::LedgerReader;
use onus::tlog::checkpoint::Checkpoint;
use onus::tlog::entry::Origin;
use onus::tlog::hash::LeafHash;
use onus::tlog::json::Value;
use onus::tlog::key::SigningKey;
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::vkey::{KeyName, NoteSigner, Vkey};
use rusqlite::params;

use super::{DAY_MS, accepts, ledger, rotated, verified};
use crate::closed_ledger::{ClosedLedger, action};
use crate::tamper::{change, connect};
use crate::verify::told;

/// A check that must fail, and the entry it must name (`None`: it can name none).
type Expected = (CheckName, Option<u64>);

struct Forgery {
    name: &'static str,
    /// Makes it; says what whoever has pinned the first key must find, and the new key where that is another's.
    forge: fn(&ClosedLedger) -> (Vec<Expected>, Option<Vkey>),
    /// What the first fault says.
    says: &'static str,
}

const TABLE: [Forgery; 11] = [
    Forgery { name: "the new key signs for both", forge: by_the_new_key_alone, says: "the old key has not signed it" },
    Forgery {
        name: "the old key's signature is missing",
        forge: |sample| without(sample, "/signed_by_old"),
        says: "/signed_by_old is missing",
    },
    Forgery {
        name: "the new key's signature is missing",
        forge: |sample| without(sample, "/signed_by_new"),
        says: "/signed_by_new is missing",
    },
    Forgery {
        name: "a thief of the file copies another ledger's signatures",
        forge: with_copied_signatures,
        says: "the old key has not signed it",
    },
    Forgery { name: "a key that is not in force any more names a successor", forge: by_a_retired_key, says: "is in force" },
    Forgery { name: "an earlier key comes back", forge: back_to_the_first, says: "was in force before" },
    Forgery {
        name: "the first checkpoint over it is signed by the new key alone",
        forge: first_by_new,
        says: "it is the first that covers the rotation",
    },
    Forgery { name: "the first checkpoint over it is signed by the old key alone", forge: first_by_old, says: "no known key has signed" },
    Forgery {
        name: "a later checkpoint in the overlap is signed by the new key alone",
        forge: later_by_new,
        says: "the overlap of the rotation at entry",
    },
    Forgery { name: "the end of the overlap is edited", forge: edit_overlap, says: "its payload" },
    Forgery { name: "the rotation is taken out of the derived table", forge: hide_row, says: "" },
];

#[test]
fn whatever_is_no_rotation_is_named_at_its_index_and_its_key_does_not_get_in() {
    let wrong: Vec<String> = TABLE.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn complaint(Forgery { name, forge, says }: &Forgery) -> Option<String> {
    let sample = ledger();
    let (mut expected, intruder) = forge(&sample);
    expected.sort_unstable();
    let report = verified(&sample, &sample.vkey);
    let mut wrong = Vec::new();
    if failed(&report) != expected || report.verdict() != Verdict::Failed {
        wrong.push(format!("expected {expected:?}"));
    }
    if !report.checks.iter().filter_map(|check| check.fault()).any(|fault| fault.reason.contains(says)) {
        wrong.push(format!("nothing says {says:?}"));
    }
    // Whoever was talked into pinning the intruder's key is told so as well.
    if let Some(key) = intruder.filter(|key| verified(&sample, key).verdict() != Verdict::Failed) {
        wrong.push(format!("{key} was pinned, and nothing is found"));
    }
    (!wrong.is_empty()).then(|| format!("{name}: {}\n{}", wrong.join("; "), told(&report)))
}

fn failed(report: &Report) -> Vec<Expected> {
    report.checks.iter().filter_map(|check| Some((check.name, check.fault()?.place.entry().map(LeafIndex::get)))).collect()
}

fn origin(sample: &ClosedLedger) -> Origin {
    Origin::parse(sample.vkey.name().as_str()).unwrap()
}

fn in_force(sample: &ClosedLedger) -> NoteSigner {
    log_signer(&sample.folder, &origin(sample)).unwrap()
}

fn intruder(sample: &ClosedLedger) -> NoteSigner {
    NoteSigner::new(KeyName::parse(sample.vkey.name().as_str()).unwrap(), SigningKey::from_seed(&[66; 32]))
}

/// The members of a rotation between two keys, both of which have signed.
fn members(sample: &ClosedLedger, old: &NoteSigner, new: &NoteSigner) -> Members {
    let (rotation, signatures) = sign_rotation(old, new).unwrap();
    let until = sample.clock.now().plus_ms(30 * DAY_MS).unwrap();
    KeyRotated::new(rotation, signatures, Reason::parse("forged").unwrap(), until).unwrap().to_members()
}

/// Writes an entry with those members past everything that is there, and a checkpoint over it by those keys. What its writer can do
/// who holds the file and the program.
fn append(sample: &ClosedLedger, mut members: Members, signers: &[&NoteSigner]) -> u64 {
    let ledger = sample.open();
    let now = ledger.clock().now().to_string();
    members.insert("/event_id".to_owned(), format!("{KEY_ROTATED}/{}", ledger.size()).into());
    members.insert("/occurred_at".to_owned(), now.into());
    let index = ledger.size().get();
    for answer in ledger.queue().unwrap().append_blocking(vec![own_entry(KEY_ROTATED, members, ledger.keys())], true).unwrap() {
        answer.outcome.unwrap();
    }
    ledger.close();
    sign(sample, signers);
    index
}

/// Signs the ledger as it is, in place of whatever checkpoint of that size there is.
fn sign(sample: &ClosedLedger, signers: &[&NoteSigner]) {
    let reader = LedgerReader::open(&sample.folder.ledger_file()).unwrap();
    let size = reader.rows().head().unwrap().unwrap().size;
    let root = TileEdge::load(reader.rows(), size).unwrap().frontier().root();
    let note = Checkpoint { origin: origin(sample), size, root }.sign(signers).unwrap().verbatim().to_owned();
    let connection = connect(&sample.folder.ledger_file());
    let size = i64::try_from(size.get()).unwrap();
    connection.execute("INSERT OR REPLACE INTO checkpoints (ledger, tree_size, note) VALUES (1, ?1, ?2)", params![size, note]).unwrap();
}

fn by_the_new_key_alone(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let new = intruder(sample);
    let mut members = members(sample, &in_force(sample), &new);
    members.insert("/signed_by_old".to_owned(), members["/signed_by_new"].clone());
    let index = append(sample, members, &[&new]);
    (vec![(Checkpoints, None), (Keys, Some(index))], Some(new.vkey().clone()))
}

fn without(sample: &ClosedLedger, name: &str) -> (Vec<Expected>, Option<Vkey>) {
    let new = intruder(sample);
    let mut members = members(sample, &in_force(sample), &new);
    members.remove(name);
    let index = append(sample, members, &[&new]);
    (vec![(Checkpoints, None), (Keys, Some(index))], Some(new.vkey().clone()))
}

fn with_copied_signatures(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let (other, new) = (ClosedLedger::empty(), intruder(sample));
    let mut members = members(&other, &in_force(&other), &new);
    members.insert("/old_log_key".to_owned(), Value::from(sample.vkey.to_string()));
    let index = append(sample, members, &[&new]);
    (vec![(Checkpoints, None), (Keys, Some(index))], Some(new.vkey().clone()))
}

fn by_a_retired_key(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let (retired, new) = (in_force(sample), intruder(sample));
    rotated(sample, 30);
    let index = append(sample, members(sample, &retired, &new), &[&new]);
    (vec![(Checkpoints, None), (Keys, Some(index))], Some(new.vkey().clone()))
}

fn back_to_the_first(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let first = in_force(sample);
    rotated(sample, 0);
    let index = append(sample, members(sample, &in_force(sample), &first), &[&first]);
    (vec![(Checkpoints, None), (Keys, Some(index))], None)
}

fn first_by_new(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let Rotated { new, index, .. } = rotated(sample, 30);
    sign(sample, &[&in_force(sample)]);
    (vec![(Checkpoints, Some(index.get()))], Some(new))
}

fn first_by_old(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let old = in_force(sample);
    let Rotated { new, .. } = rotated(sample, 30);
    sign(sample, &[&old]);
    (vec![(Checkpoints, None)], Some(new))
}

fn later_by_new(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let Rotated { new, .. } = rotated(sample, 30);
    sample.report(&[action(2, "dlg-1")]);
    sign(sample, &[&in_force(sample)]);
    (vec![(Checkpoints, None)], Some(new))
}

/// What a member says is committed to: the entry does not open any more, and nobody knows which key it named.
fn edit_overlap(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let Rotated { index, overlap_until, .. } = rotated(sample, 30);
    let longer = overlap_until.plus_ms(DAY_MS).unwrap();
    change(sample, &format!("UPDATE payloads SET members = replace(members, '{overlap_until}', '{longer}') WHERE leaf_index = {index}"));
    let index = index.get();
    (vec![(Payloads, Some(index)), (Keys, Some(index))], None)
}

/// A row that nobody has signed is no more than a hint: the table is found false, and the keys are followed all the same.
fn hide_row(sample: &ClosedLedger) -> (Vec<Expected>, Option<Vkey>) {
    let Rotated { index, .. } = rotated(sample, 30);
    change(sample, "DELETE FROM administration WHERE entry_type = 'key.rotated'");
    (vec![(DerivedTables, Some(index.get()))], None)
}

#[test]
fn a_key_of_no_entry_is_false_at_entry_0_and_one_that_no_checkpoint_shows_is_not_confirmed() {
    let sample = ledger();
    let foreign = intruder(&sample).vkey().clone();
    let Rotated { new, index, .. } = rotated(&sample, 30);
    let report = verified(&sample, &foreign);
    let fault = report.check(CheckName::Keys).unwrap().fault().unwrap();
    assert_eq!(fault.place.entry().map(LeafIndex::get), Some(0));
    assert!(fault.reason.contains("no rotation after it leads to"), "{}", fault.reason);

    change(&sample, &format!("DELETE FROM checkpoints WHERE tree_size > {index}"));
    let report = verified(&sample, &new);
    assert_eq!(report.verdict(), Verdict::Partly, "{}", told(&report));
    let told = told(&report);
    assert!(told.contains(&format!("no checkpoint covers entry {index}, which names the key that was given")), "{told}");
}

/// Whoever keeps the old key, or steals it, can sign another history; a checkpoint of it that somebody kept shows that.
#[test]
fn a_checkpoint_that_a_retired_key_signed_over_another_history_is_evidence() {
    let sample = ledger();
    let retired = in_force(&sample);
    rotated(&sample, 0);
    sample.report(&[action(2, "dlg-1")]);
    accepts(&sample, retired.vkey());
    let (size, root) = (TreeSize::new(4).unwrap(), LeafHash::of(b"another history").as_node().as_root());
    let note = Checkpoint { origin: origin(&sample), size, root }.sign(&[&retired]).unwrap().verbatim().to_owned();
    let mut verification = sample.verification();
    verification.checkpoints = vec![GivenCheckpoint { name: "kept.txt".to_owned(), note: note.into_bytes() }];
    let report = verification.run();
    assert_eq!(failed(&report), [(GivenCheckpoints, None)], "{}", told(&report));
    assert_eq!(report.equivocations.len(), 1);
}
