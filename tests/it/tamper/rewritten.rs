//! The past rewritten by somebody who knows the format, and may hold the log key: everything that depends on the edit is made to fit
//! again, as far as told.

use onus::service::reindex::reindex;
use onus::service::verifier::report::CheckName::{
    ChangedAssessments, Checkpoints, Commitments, DerivedTables, Entries, EventKeys, Findings, Head, HighWater, Keys, SearchIndex,
};
use onus::tlog::entry::Assessment;

use super::rewriter::{Reach, Rewriter, Row};
use super::{Expected, Group, Tampering, change, connect, number};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Everything made to fit again",
    about: "Links, tiles, head and derived tables are recomputed after the edit; then, with the log key, the checkpoints are signed again; then the high-water mark outside the folder is overwritten as well. What is left then is a checkpoint that somebody kept elsewhere.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 15] = [
    Tampering {
        name: "a value is edited and every link made to fit, without the key",
        spoil: |s| edit(s, Reach::Links, &[(Checkpoints, None), (HighWater, None)]),
    },
    Tampering {
        name: "a value is edited and the checkpoints signed again, with the key",
        spoil: |s| edit(s, Reach::Checkpoints, &[(HighWater, None)]),
    },
    Tampering { name: "a value is edited, the checkpoints signed again and the mark overwritten", spoil: |s| edit(s, Reach::Mark, &[]) },
    Tampering {
        name: "an entry is taken out and every link made to fit, without the key",
        spoil: |s| {
            let last = super::last(s);
            take_out(s, Reach::Links, &[(Checkpoints, Some(last)), (HighWater, Some(last))])
        },
    },
    Tampering {
        name: "an entry is taken out and the checkpoints signed again, with the key",
        spoil: |s| {
            let last = super::last(s);
            take_out(s, Reach::Checkpoints, &[(HighWater, Some(last))])
        },
    },
    Tampering {
        name: "an entry is taken out, the checkpoints signed again and the mark overwritten",
        spoil: |s| take_out(s, Reach::Mark, &[]),
    },
    Tampering {
        name: "the tail is cut with its checkpoints and everything derived",
        spoil: |s| {
            let size = cut_tail(s, Reach::Links);
            vec![(HighWater, Some(size))]
        },
    },
    Tampering {
        name: "the tail is cut with its checkpoints, and the mark set back",
        spoil: |s| {
            cut_tail(s, Reach::Mark);
            Vec::new()
        },
    },
    Tampering {
        name: "the whole ledger is written anew: every payload edited, every checkpoint signed again, the mark overwritten",
        spoil: |s| {
            let mut rewriter = Rewriter::new(s);
            for row in &mut rewriter.entries {
                row.members = row.members.replace("\"order:", "\"item:");
            }
            rewriter.write(Reach::Mark);
            reindex(&s.folder).unwrap();
            Vec::new()
        },
    },
    Tampering { name: "a finding is hidden and everything signed again", spoil: hide_finding },
    Tampering { name: "the telling of a changed verdict is edited and everything signed again", spoil: edit_told_change },
    Tampering { name: "one event stands for two and everything is signed again", spoil: duplicate },
    Tampering {
        name: "the file is exchanged for that of another ledger of the same origin",
        spoil: |s| {
            std::fs::copy(ClosedLedger::empty().folder.ledger_file(), s.folder.ledger_file()).unwrap();
            vec![(Checkpoints, None), (HighWater, Some(2)), (Keys, Some(0)), (EventKeys, None), (SearchIndex, Some(0))]
        },
    },
    Tampering {
        name: "the file is exchanged for that of a ledger of another origin",
        spoil: |s| {
            std::fs::copy(ClosedLedger::named("ledger.example/other").folder.ledger_file(), s.folder.ledger_file()).unwrap();
            vec![
                (Entries, Some(0)),
                (Checkpoints, None),
                (Head, None),
                (HighWater, None),
                (Keys, Some(0)),
                (EventKeys, None),
                (SearchIndex, Some(0)),
            ]
        },
    },
    Tampering {
        name: "the whole folder is exchanged for another ledger of the same origin, with its keys and its mark",
        spoil: |s| {
            let other = ClosedLedger::empty();
            std::fs::remove_dir_all(s.folder.root()).unwrap();
            crate::closed_ledger::copy(other.folder.root(), s.folder.root());
            std::fs::copy(other.folder.default_mark_file(), s.folder.default_mark_file()).unwrap();
            vec![(Checkpoints, None), (Keys, Some(0))]
        },
    },
];

/// The value is in no finding and in no derived table.
fn edit(sample: &ClosedLedger, reach: Reach, expected: &[Expected]) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    let row = &mut rewriter.entries[120];
    row.members = row.members.replace("\"order:", "\"item:");
    rewriter.write(reach);
    reindex(&sample.folder).unwrap();
    expected.to_vec()
}

fn take_out(sample: &ClosedLedger, reach: Reach, expected: &[Expected]) -> Vec<Expected> {
    let mut rewriter = Rewriter::new(sample);
    rewriter.remove(120..121);
    rewriter.write(reach);
    reindex(&sample.folder).unwrap();
    expected.to_vec()
}

/// Down to the checkpoint before the last. Only what lies outside the folder still knows of the tail.
fn cut_tail(sample: &ClosedLedger, reach: Reach) -> u64 {
    let size = number(sample, "SELECT max(tree_size) FROM checkpoints WHERE tree_size < (SELECT max(tree_size) FROM checkpoints)");
    change(sample, &format!("DELETE FROM checkpoints WHERE tree_size > {size}"));
    let mut rewriter = Rewriter::new(sample);
    rewriter.entries.truncate(size.try_into().unwrap());
    rewriter.write(reach);
    reindex(&sample.folder).unwrap();
    size
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

fn findings(row: &Row) -> &[String] {
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
    vec![(Commitments, Some(90)), (Findings, Some(90)), (DerivedTables, Some(90))]
}

#[test]
fn both_notes_of_a_rewritten_ledger_are_printed_whole() {
    let sample = ClosedLedger::brief();
    let connection = connect(&sample.folder.ledger_file());
    let note: String = connection.query_row("SELECT note FROM checkpoints ORDER BY tree_size DESC LIMIT 1", [], |r| r.get(0)).unwrap();
    drop(connection);
    edit(&sample, Reach::Mark, &[]);
    let mut verification = sample.verification();
    verification.is_deep = false;
    let given = onus::service::verifier::GivenCheckpoint { name: "kept.txt".to_owned(), note: note.clone().into_bytes() };
    verification.checkpoints = vec![given];
    let report = verification.run();
    assert_eq!(report.equivocations.len(), 1);
    assert_eq!(report.equivocations[0].given, note);
    assert_ne!(report.equivocations[0].stored, note);
    let told = crate::verify::told(&report);
    assert!(told.contains(&format!("{note}--- stored in the ledger\n")), "{told}");
}
