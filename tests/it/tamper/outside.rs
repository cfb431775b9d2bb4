//! Files beside the ledger file that verification does look at: the high-water mark, the key of the deduplication.

use onus::service::verifier::report::CheckName::{EventKeys, HighWater};

use super::{Expected, Group, Tampering};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "The high-water mark and the key of the deduplication",
    about: "The mark lies beside the folder and says how far the ledger had come; `keys/event.key` keys the deduplication.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 9] = [
    Tampering {
        name: "the mark names another origin",
        spoil: |s| mark(s, |text| text.replace("ledger.example/acme", "ledger.example/acne"), &[(HighWater, None)]),
    },
    Tampering {
        name: "the mark says a larger size",
        spoil: |s| mark(s, |text| line(text, 2, "0000000000005000"), &[(HighWater, Some(super::last(s) + 1))]),
    },
    Tampering { name: "the mark says a smaller size", spoil: |s| mark(s, |text| line(text, 2, "0000000000000077"), &[(HighWater, None)]) },
    Tampering { name: "the root in the mark is edited", spoil: |s| mark(s, |text| line(text, 3, &"A".repeat(43)), &[(HighWater, None)]) },
    Tampering {
        name: "the mark is that of another ledger of the same origin",
        spoil: |s| {
            std::fs::copy(ClosedLedger::empty().folder.default_mark_file(), s.folder.default_mark_file()).unwrap();
            vec![(HighWater, None)]
        },
    },
    Tampering { name: "the mark is no mark any more", spoil: |s| mark(s, |text| text[..30].to_owned(), &[]) },
    Tampering {
        name: "the mark is not UTF-8",
        spoil: |s| {
            std::fs::write(s.folder.default_mark_file(), [0xff; 40]).unwrap();
            Vec::new()
        },
    },
    Tampering {
        name: "`keys/event.key` is exchanged",
        spoil: |s| {
            std::fs::copy(ClosedLedger::empty().folder.event_key_file(), s.folder.event_key_file()).unwrap();
            vec![(EventKeys, None)]
        },
    },
    Tampering {
        name: "`keys/event.key` is removed",
        spoil: |s| {
            std::fs::remove_file(s.folder.event_key_file()).unwrap();
            Vec::new()
        },
    },
];

fn mark(sample: &ClosedLedger, edit: impl Fn(&str) -> String, expected: &[Expected]) -> Vec<Expected> {
    let file = sample.folder.default_mark_file();
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = edit(&text);
    assert_ne!(edited, text, "nothing was changed");
    std::fs::write(&file, edited).unwrap();
    expected.to_vec()
}

fn line(text: &str, at: usize, with: &str) -> String {
    text.replace(text.lines().nth(at).unwrap(), with)
}
