//! The bytes of one entry in the middle: forms that are not the one form (FORMAT.md section 1), and other values in it.

use onus::service::verifier::report::CheckName::{self, Checkpoints, Entries, Findings, Head, HighWater, Links, SearchIndex};

use super::{Expected, Group, Tampering, edit_entry, last};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "The bytes of an entry",
    about: "Entries are hashed as they are stored. What means the same to a JSON reader is still another entry.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

/// An action in the middle.
const AT: u64 = 120;

const TABLE: [Tampering; 27] = [
    Tampering {
        name: "two members change places",
        spoil: |s| form(s, |text| text.replace("\"type\":\"action.recorded\",\"v\":1", "\"v\":1,\"type\":\"action.recorded\"")),
    },
    Tampering { name: "a space is put after a colon", spoil: |s| form(s, |text| text.replace("\"v\":1", "\"v\": 1")) },
    Tampering { name: "a line end is put after the entry", spoil: |s| form(s, |text| format!("{text}\n")) },
    Tampering { name: "a number gets a leading zero", spoil: |s| form(s, |text| text.replace("\"index\":120", "\"index\":0120")) },
    Tampering { name: "a number gets decimals", spoil: |s| form(s, |text| text.replace("\"index\":120", "\"index\":120.0")) },
    Tampering { name: "a number gets an exponent", spoil: |s| form(s, |text| text.replace("\"index\":120", "\"index\":12e1")) },
    Tampering { name: "a number becomes a string", spoil: |s| form(s, |text| text.replace("\"index\":120", "\"index\":\"120\"")) },
    Tampering { name: "a letter is written as an escape", spoil: |s| form(s, |text| text.replace("\"action.rec", "\"\\u0061ction.rec")) },
    Tampering { name: "a member stands twice", spoil: |s| form(s, |text| text.replace("\"v\":1", "\"v\":1,\"v\":1")) },
    Tampering {
        name: "a member is added that the format does not know",
        spoil: |s| form(s, |text| text.replace("\"v\":1}", "\"v\":1,\"w\":1}")),
    },
    Tampering { name: "a member is removed", spoil: |s| form(s, |text| text.replace(",\"v\":1", "")) },
    Tampering { name: "the version is edited", spoil: |s| form(s, |text| text.replace("\"v\":1", "\"v\":2")) },
    Tampering { name: "findings stand without their rules", spoil: |s| form(s, |text| text.replace("\"rules\":1,", "")) },
    Tampering {
        name: "findings stand in another order",
        spoil: |s| {
            form(s, |text| {
                let (before, after) = text.split_once("],\"index\"").unwrap();
                let (start, _) = before.split_once('[').unwrap();
                format!("{start}[\"b\",\"a\"],\"index\"{after}")
            })
        },
    },
    Tampering { name: "the time loses its decimals", spoil: |s| form(s, |text| text.replace(".000000Z", "Z")) },
    Tampering { name: "the time is no time", spoil: |s| form(s, |text| text.replace("2026-11-24", "2026-02-30")) },
    Tampering {
        name: "a hash ends in bits that no hash has",
        spoil: |s| {
            form(s, |text| {
                let (before, after) = text.split_once("\",\"prev\"").unwrap();
                format!("{}B\",\"prev\"{after}", &before[..before.len() - 1])
            })
        },
    },
    Tampering { name: "the entry is cut short", spoil: |s| form(s, |text| text[..text.len() / 2].to_owned()) },
    Tampering { name: "`about` is put in", spoil: |s| form(s, |text| text.replacen('{', "{\"about\":5,", 1)) },
    Tampering {
        name: "`findings` is cleared",
        spoil: |s| {
            edit_entry(s, AT, |text| {
                let (before, after) = text.split_once("],\"index\"").unwrap();
                let (start, _) = before.split_once('[').unwrap();
                format!("{start}[],\"index\"{after}")
            });
            value(&[Findings, SearchIndex])
        },
    },
    Tampering {
        name: "`index` is edited",
        spoil: |s| {
            edit_entry(s, AT, |text| text.replace("\"index\":120", "\"index\":121"));
            value(&[Entries])
        },
    },
    Tampering {
        name: "`log` is edited",
        spoil: |s| {
            edit_entry(s, AT, |text| text.replace("ledger.example/acme", "ledger.example/acne"));
            value(&[Entries, SearchIndex])
        },
    },
    Tampering {
        name: "`prev` is edited",
        spoil: |s| {
            edit_entry(s, AT, |text| {
                let (before, after) = text.split_once("\"prev\":\"").unwrap();
                format!("{before}\"prev\":\"{}{}", "A".repeat(43), &after[43..])
            });
            // Its own link is broken first, so that no checkpoint can be compared with what the links say.
            vec![(Links, Some(AT)), (Checkpoints, None), (HighWater, None), (SearchIndex, Some(AT))]
        },
    },
    Tampering {
        name: "`recorded_at` is set back before the entry before it",
        spoil: |s| {
            edit_entry(s, AT, |text| text.replace("T08:", "T07:"));
            let at = Some(AT);
            vec![(Links, at), (Checkpoints, at), (HighWater, None), (SearchIndex, at)]
        },
    },
    Tampering {
        name: "`rules` is edited",
        spoil: |s| {
            edit_entry(s, AT, |text| text.replace("\"rules\":1", "\"rules\":2"));
            value(&[SearchIndex])
        },
    },
    Tampering {
        name: "`type` is edited",
        spoil: |s| {
            edit_entry(s, AT, |text| text.replace("action.recorded", "action.retracted"));
            value(&[])
        },
    },
    Tampering {
        name: "the last entry is edited",
        spoil: |s| {
            let last = last(s);
            edit_entry(s, last, |text| text.replace(".000000Z", ".000001Z"));
            // Nothing links to it; the checkpoint before it bounds what can be said.
            vec![(Checkpoints, None), (Head, Some(last)), (HighWater, None), (SearchIndex, Some(last))]
        },
    },
];

/// It is no entry any more.
fn form(sample: &ClosedLedger, edit: fn(&str) -> String) -> Vec<Expected> {
    edit_entry(sample, AT, edit);
    vec![(Entries, Some(AT)), (Links, Some(AT + 1)), (Checkpoints, None), (HighWater, None)]
}

/// It is an entry, and another one.
fn value(also: &[CheckName]) -> Vec<Expected> {
    let mut expected = vec![(Links, Some(AT + 1)), (Checkpoints, Some(AT)), (HighWater, None)];
    expected.extend(also.iter().map(|check| (*check, Some(AT))));
    expected
}
