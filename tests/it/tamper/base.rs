//! Entries, payloads, documents, tiles, checkpoints, head: what is hashed and signed.

use onus::service::verifier::GivenCheckpoint;
use onus::service::verifier::report::CheckName::{
    ChangedAssessments, Checkpoints, Commitments, DerivedTables, Documents, Entries, EventKeys, File, Findings, GivenCheckpoints, Head,
    HighWater, Keys, Links, Payloads, Rows, SearchIndex, Tiles,
};
use onus::service::verifier::report::Verdict;
use onus::tlog::entry::Assessment;
use rusqlite::params;

use super::rewriter::{Reach, Rewriter};
use super::{Expected, Tampering, change, connect, number};
use crate::closed_ledger::ClosedLedger;
use crate::verify::told;

pub(super) const TABLE: [Tampering; 25] = [
    Tampering { name: "an entry in a full tile is edited", spoil: |sample| edit_recorded_at(sample, 77, &[Tiles]) },
    Tampering { name: "an entry past the last full tile is edited", spoil: |sample| edit_recorded_at(sample, 600, &[]) },
    Tampering { name: "the last entry is edited", spoil: edit_last },
    Tampering { name: "an entry is no entry any more", spoil: break_grammar },
    Tampering { name: "a member of a payload is edited", spoil: edit_member },
    Tampering { name: "a seed is replaced", spoil: replace_seed },
    Tampering { name: "a seed is removed without an erasure", spoil: remove_seed },
    Tampering { name: "two entries change places", spoil: swap_entries },
    Tampering { name: "an entry in the middle is removed", spoil: remove_middle },
    Tampering { name: "a payload is removed", spoil: remove_payload },
    Tampering { name: "the last entry is removed", spoil: remove_last },
    Tampering { name: "the tail is removed with its checkpoints and everything derived", spoil: cut_tail },
    Tampering { name: "an entry is added past the head", spoil: add_past_head },
    Tampering { name: "a payload is edited and every link made to fit", spoil: relink },
    Tampering { name: "a finding is hidden and everything signed again", spoil: hide_finding },
    Tampering { name: "the telling of a changed verdict is edited and everything signed again", spoil: edit_told_change },
    Tampering { name: "one event stands for two and everything is signed again", spoil: duplicate },
    Tampering { name: "a tile is edited", spoil: edit_tile },
    Tampering { name: "a tile is removed", spoil: remove_tile },
    Tampering { name: "a checkpoint's root is edited", spoil: edit_checkpoint },
    Tampering { name: "a document is edited", spoil: edit_document },
    Tampering { name: "a document is removed", spoil: remove_document },
    Tampering { name: "the head names another last entry", spoil: edit_head },
    Tampering { name: "the file is no ledger file any more", spoil: overwrite_file },
    Tampering { name: "the file is exchanged for that of another ledger of the same origin", spoil: exchange_file },
];

fn edit_recorded_at(sample: &ClosedLedger, index: u64, also: &[onus::service::verifier::report::CheckName]) -> Vec<Expected> {
    let connection = connect(&sample.folder.ledger_file());
    let bytes: Vec<u8> = connection.query_row("SELECT bytes FROM entries WHERE leaf_index = ?1", [to_sql(index)], |r| r.get(0)).unwrap();
    let edited = String::from_utf8(bytes).unwrap().replace(".000000Z", ".000001Z");
    connection.execute("UPDATE entries SET bytes = ?2 WHERE leaf_index = ?1", params![to_sql(index), edited.into_bytes()]).unwrap();
    let mut expected = vec![(Links, Some(index + 1)), (Checkpoints, Some(index)), (HighWater, None), (SearchIndex, Some(index))];
    expected.extend(also.iter().map(|check| (*check, Some(index))));
    expected
}

/// Nothing links to it; the checkpoint before it bounds what can be said.
fn edit_last(sample: &ClosedLedger) -> Vec<Expected> {
    let last = last(sample);
    let mut expected = edit_recorded_at(sample, last, &[Head]);
    expected.retain(|(check, _)| *check != Links && *check != Checkpoints);
    expected.push((Checkpoints, None));
    expected
}

fn break_grammar(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE leaf_index = 77");
    vec![(Entries, Some(77)), (Links, Some(78)), (Tiles, Some(77)), (Checkpoints, None), (HighWater, None)]
}

fn edit_member(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "UPDATE payloads SET members = replace(members, 'succeeded', 'failed') WHERE leaf_index = 77");
    vec![(Payloads, Some(77))]
}

fn replace_seed(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "UPDATE payloads SET seed = randomblob(32) WHERE leaf_index = 77");
    vec![(Payloads, Some(77))]
}

fn remove_seed(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "UPDATE payloads SET seed = NULL WHERE leaf_index = 77");
    vec![(Payloads, Some(77))]
}

fn swap_entries(sample: &ClosedLedger) -> Vec<Expected> {
    for (from, to) in [(77, -1), (90, 77), (-1, 90)] {
        change(sample, &format!("UPDATE entries SET leaf_index = {to} WHERE leaf_index = {from}"));
    }
    vec![(Entries, Some(77)), (Links, Some(77)), (Payloads, Some(77)), (Tiles, Some(77)), (Checkpoints, None), (HighWater, None)]
}

fn remove_middle(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "DELETE FROM entries WHERE leaf_index = 77");
    vec![(Entries, Some(77)), (Rows, None)]
}

fn remove_payload(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "DELETE FROM payloads WHERE leaf_index = 77");
    vec![(Payloads, Some(77)), (Rows, None)]
}

fn remove_last(sample: &ClosedLedger) -> Vec<Expected> {
    let last = last(sample);
    change(sample, &format!("DELETE FROM entries WHERE leaf_index = {last}"));
    vec![(Entries, Some(last)), (Rows, None)]
}

/// Only what lies outside the folder still knows of the tail.
fn cut_tail(sample: &ClosedLedger) -> Vec<Expected> {
    let size = number(sample, "SELECT max(tree_size) FROM checkpoints WHERE tree_size < (SELECT max(tree_size) FROM checkpoints)");
    for table in ["entries", "payloads"] {
        change(sample, &format!("DELETE FROM {table} WHERE leaf_index >= {size}"));
    }
    change(sample, &format!("DELETE FROM checkpoints WHERE tree_size > {size}"));
    change(sample, &format!("DELETE FROM tiles WHERE (tile_index + 1) << (8 * (level + 1)) > {size}"));
    let rows = Rewriter::new(sample);
    let named: Vec<String> = rows.entries.iter().map(|row| row.members.clone()).collect();
    let connection = connect(&sample.folder.ledger_file());
    let mut statement = connection.prepare("SELECT document_no, lower(hex(sha256)) FROM documents").unwrap();
    let documents: Vec<(i64, String)> = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (number, _) in documents.iter().filter(|(_, hash)| !named.iter().any(|members| members.contains(hash))) {
        connection.execute("DELETE FROM documents WHERE document_no = ?1", [number]).unwrap();
    }
    change(sample, &format!("UPDATE ledgers SET tree_size = {size}"));
    rows.write(Reach::Links);
    onus::service::reindex::reindex(&sample.folder).unwrap();
    vec![(HighWater, Some(size))]
}

fn add_past_head(sample: &ClosedLedger) -> Vec<Expected> {
    let size = last(sample) + 1;
    change(sample, &format!("INSERT INTO entries SELECT ledger, {size}, bytes FROM entries WHERE leaf_index = 77"));
    vec![(Rows, Some(size))]
}

/// What the key signed is all that shows it; between which checkpoints it lies is all that can be said.
fn relink(sample: &ClosedLedger) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    let row = &mut rewriter.entries[600];
    row.members = row.members.replace("order:", "item:");
    rewriter.write(Reach::Links);
    vec![(Checkpoints, None), (HighWater, None), (SearchIndex, Some(600))]
}

fn hide_finding(sample: &ClosedLedger) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    let index = rewriter.entries.iter().position(|row| findings(row).iter().any(|code| code == "influenced_by_document")).unwrap();
    let row = &mut rewriter.entries[index];
    let left = findings(row).iter().filter(|code| *code != "influenced_by_document").cloned().collect();
    row.header.assessment = Some(Assessment::new(left, 1).unwrap());
    rewriter.write(Reach::Mark);
    vec![(Findings, Some(index as u64)), (SearchIndex, Some(index as u64))]
}

fn findings(row: &super::rewriter::Row) -> &[String] {
    row.header.assessment.as_ref().map(Assessment::findings).unwrap_or_default()
}

fn edit_told_change(sample: &ClosedLedger) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    let index = rewriter.entries.iter().position(|row| row.header.entry_type.as_str() == "assessment.changed").unwrap();
    let row = &mut rewriter.entries[index];
    let (before, after) = row.members.split_once("\"/added\":[").unwrap();
    let (_, after) = after.split_once(']').unwrap();
    row.members = format!("{before}\"/added\":[]{after}");
    rewriter.write(Reach::Mark);
    vec![(ChangedAssessments, Some(index as u64)), (SearchIndex, Some(index as u64))]
}

/// Two entries with one seed and one payload: the second copy hides what stood there.
fn duplicate(sample: &ClosedLedger) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    let (seed, members) = (rewriter.entries[77].seed.clone(), rewriter.entries[77].members.clone());
    (rewriter.entries[90].seed, rewriter.entries[90].members) = (seed, members);
    rewriter.write(Reach::Mark);
    vec![(Commitments, Some(90)), (Documents, None), (Findings, Some(90)), (DerivedTables, Some(90))]
}

fn edit_tile(sample: &ClosedLedger) -> Vec<Expected> {
    change(
        sample,
        "UPDATE tiles SET hashes = CAST(substr(hashes, 1, 32 * 44) || zeroblob(32) || substr(hashes, 32 * 45 + 1) AS BLOB) WHERE level = 0 AND tile_index = 1",
    );
    vec![(Tiles, Some(256 + 44))]
}

fn remove_tile(sample: &ClosedLedger) -> Vec<Expected> {
    change(sample, "DELETE FROM tiles WHERE level = 0 AND tile_index = 1");
    vec![(Tiles, Some(256))]
}

fn edit_checkpoint(sample: &ClosedLedger) -> Vec<Expected> {
    let connection = connect(&sample.folder.ledger_file());
    let note: String = connection.query_row("SELECT max(note) FROM checkpoints WHERE tree_size > 300", [], |r| r.get(0)).unwrap();
    let root = note.lines().nth(2).unwrap();
    let edited = note.replace(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!(connection.execute("UPDATE checkpoints SET note = ?2 WHERE note = ?1", params![note, edited]).unwrap(), 1);
    vec![(Checkpoints, None)]
}

/// Documents are erasable on their own, so nothing else shows it.
fn edit_document(sample: &ClosedLedger) -> Vec<Expected> {
    let index = naming(sample, "page 3");
    change(sample, "UPDATE documents SET bytes = CAST('page X' AS BLOB) WHERE CAST(bytes AS TEXT) = 'page 3'");
    vec![(Documents, Some(index))]
}

fn remove_document(sample: &ClosedLedger) -> Vec<Expected> {
    let index = naming(sample, "page 3");
    change(sample, "DELETE FROM documents WHERE CAST(bytes AS TEXT) = 'page 3'");
    // Every document after it stands one number too high.
    vec![(Documents, Some(index))]
}

/// The first entry that names the document of that text.
fn naming(sample: &ClosedLedger, text: &str) -> u64 {
    let hash = onus::tlog::hash::DocumentHash::of(text.as_bytes()).to_hex();
    Rewriter::new(sample).find(&hash) as u64
}

fn edit_head(sample: &ClosedLedger) -> Vec<Expected> {
    let last = last(sample);
    change(sample, "UPDATE ledgers SET head_leaf_hash = zeroblob(32)");
    vec![(Head, Some(last))]
}

fn overwrite_file(sample: &ClosedLedger) -> Vec<Expected> {
    std::fs::write(sample.folder.ledger_file(), vec![7; 65_536]).unwrap();
    vec![(File, None)]
}

fn exchange_file(sample: &ClosedLedger) -> Vec<Expected> {
    let other = ClosedLedger::empty();
    std::fs::copy(other.folder.ledger_file(), sample.folder.ledger_file()).unwrap();
    vec![(Checkpoints, None), (HighWater, Some(2)), (Keys, Some(0)), (EventKeys, Some(0)), (SearchIndex, Some(0))]
}

fn last(sample: &ClosedLedger) -> u64 {
    number(sample, "SELECT max(leaf_index) FROM entries")
}

fn to_sql(index: u64) -> i64 {
    i64::try_from(index).unwrap()
}

/// The one thing that no folder can show by itself.
#[test]
fn a_ledger_rewritten_and_signed_again_is_found_by_a_checkpoint_that_was_kept() {
    let sample = ClosedLedger::full();
    let connection = connect(&sample.folder.ledger_file());
    let note: String = connection.query_row("SELECT note FROM checkpoints ORDER BY tree_size DESC LIMIT 1", [], |r| r.get(0)).unwrap();
    drop(connection);
    let mut rewriter = Rewriter::new(&sample);
    let row = &mut rewriter.entries[600];
    row.members = row.members.replace("order:", "item:");
    rewriter.write(Reach::Mark);
    onus::service::reindex::reindex(&sample.folder).unwrap();

    let mut verification = sample.verification();
    let report = verification.run();
    assert_eq!(report.verdict(), Verdict::Passed, "with the key and the mark in hand, it is perfect: {}", told(&report));
    assert!(report.limits.iter().any(|limit| limit.contains("before this moment")), "and the report says so");

    verification.checkpoints = vec![GivenCheckpoint { name: "kept.txt".to_owned(), note: note.clone().into_bytes() }];
    let report = verification.run();
    assert_eq!(super::failed(&report), [(GivenCheckpoints, None)], "{}", told(&report));
    assert_eq!(report.equivocations.len(), 1);
    assert_eq!(report.equivocations[0].given, note);
    assert_ne!(report.equivocations[0].stored, note);
    assert!(told(&report).contains(&format!("{note}--- stored in the ledger\n")), "both notes are printed whole");
}
