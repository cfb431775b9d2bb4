//! Payloads: values, names, seeds. The entry commits to all of it, so whatever differs is damaged by name.

use onus::service::verifier::report::CheckName::{Payloads, Rows};

use super::{Expected, Group, MIDDLE, Tampering, change, connect};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Payloads",
    about: "An entry commits to each member of its payload, by name and value, with a salt that comes from the payload's seed.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 19] = [
    Tampering { name: "a value is edited", spoil: |s| edit(s, "members = replace(members, '\"order:', '\"item:')") },
    Tampering {
        name: "a number in the arguments is edited",
        spoil: |s| edit(s, "members = replace(members, '\"amount_cents\":', '\"amount_cents\":1')"),
    },
    Tampering { name: "a member is renamed", spoil: |s| edit(s, "members = replace(members, '\"/occurred_at\"', '\"/occurred_on\"')") },
    Tampering {
        name: "a member gets a name that is none",
        spoil: |s| edit(s, "members = replace(members, '\"/occurred_at\"', '\"/Occurred_at\"')"),
    },
    Tampering { name: "a member is removed", spoil: |s| edit(s, "members = json_remove(members, '$.\"/outcome/status\"')") },
    Tampering { name: "a member is added", spoil: |s| edit(s, "members = replace(members, '{\"/act', '{\"/a\":1,\"/act')") },
    Tampering { name: "a member stands twice", spoil: |s| edit(s, "members = replace(members, '{\"/act', '{\"/action/name\":1,\"/act')") },
    Tampering { name: "the members of two entries are exchanged", spoil: |s| exchange(s, &["members"]) },
    Tampering { name: "the payloads of two entries are exchanged", spoil: |s| exchange(s, &["members", "seed"]) },
    Tampering { name: "a space is put between two members", spoil: |s| edit(s, "members = replace(members, ',\"/', ', \"/')") },
    Tampering {
        name: "a letter is written as an escape",
        spoil: |s| edit(s, "members = replace(members, 'succeeded', '\\u0073ucceeded')"),
    },
    Tampering { name: "the members are cut short", spoil: |s| edit(s, "members = substr(members, 1, 100)") },
    Tampering { name: "the members are an empty object", spoil: |s| edit(s, "members = '{}'") },
    Tampering { name: "the members are not UTF-8", spoil: |s| edit(s, "members = CAST(x'7BFF7D' AS TEXT)") },
    Tampering { name: "a seed is cut by a byte", spoil: |s| edit(s, "seed = substr(seed, 1, 31)") },
    Tampering { name: "a seed is removed, and no erasure says so", spoil: |s| edit(s, "seed = NULL") },
    Tampering {
        name: "a seed is removed and salts put in its place, and no erasure says so",
        spoil: |s| edit(s, "seed = NULL, sealed = '{}'"),
    },
    Tampering {
        name: "a payload is removed",
        spoil: |s| {
            change(s, "DELETE FROM payloads WHERE leaf_index = 77");
            vec![(Payloads, Some(MIDDLE)), (Rows, None)]
        },
    },
    Tampering {
        name: "a payload is added past the head",
        spoil: |s| {
            change(s, "INSERT INTO payloads SELECT 1, 5000, seed, members, NULL FROM payloads WHERE leaf_index = 77");
            vec![(Rows, Some(5000))]
        },
    },
];

fn edit(sample: &ClosedLedger, set: &str) -> Vec<Expected> {
    change(sample, &format!("UPDATE payloads SET {set} WHERE leaf_index = 77"));
    vec![(Payloads, Some(MIDDLE))]
}

/// Of entries 77 and 78.
fn exchange(sample: &ClosedLedger, columns: &[&str]) -> Vec<Expected> {
    let other = |column: &&str| format!("{column} = (SELECT {column} FROM before WHERE before.leaf_index = 77 + 78 - payloads.leaf_index)");
    let set: Vec<String> = columns.iter().map(other).collect();
    let sql = format!(
        "CREATE TEMP TABLE before AS SELECT * FROM payloads WHERE leaf_index IN (77, 78);
         UPDATE payloads SET {} WHERE leaf_index IN (77, 78)",
        set.join(", ")
    );
    connect(&sample.folder.ledger_file()).execute_batch(&sql).unwrap();
    vec![(Payloads, Some(MIDDLE))]
}
