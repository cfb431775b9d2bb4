//! Stored hash tiles. They can be grown again from the entries, so whatever differs is named by leaf.

use onus::service::verifier::report::CheckName::{Checkpoints, HighWater, Links, SearchIndex, Tiles};

use super::{Expected, Group, MIDDLE, Tampering, change, edit_entry};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Hash tiles",
    about: "Full tiles of 256 hashes, from which proofs are made. This sample has two on level 0.",
    sample: ClosedLedger::full,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 8] = [
    Tampering {
        name: "an entry in a full tile is edited",
        spoil: |s| {
            edit_entry(s, MIDDLE, |text| text.replace(".000000Z", ".000001Z"));
            let at = Some(MIDDLE);
            vec![(Links, Some(MIDDLE + 1)), (Tiles, at), (Checkpoints, at), (HighWater, None), (SearchIndex, at)]
        },
    },
    Tampering {
        name: "one bit of a tile is turned over",
        spoil: |s| {
            // Bit 0 of the last byte of the hash of leaf 300; SQLite has no bytes to calculate with, so it is done in two statements.
            let odd = super::number(s, "SELECT instr('13579BDF', substr(hex(hashes), 64 * 45, 1)) > 0 FROM tiles WHERE tile_index = 1");
            let sign = if odd == 1 { "-" } else { "+" };
            let digit = format!("substr('0123456789ABCDEF', instr('0123456789ABCDEF', substr(hex(hashes), 64 * 45, 1)) {sign} 1, 1)");
            let edited = format!("substr(hex(hashes), 1, 64 * 45 - 1) || {digit} || substr(hex(hashes), 64 * 45 + 1)");
            change(s, &format!("UPDATE tiles SET hashes = unhex({edited}) WHERE level = 0 AND tile_index = 1"));
            vec![(Tiles, Some(256 + 44))]
        },
    },
    Tampering {
        name: "two hashes in a tile change places",
        spoil: |s| {
            change(
                s,
                "UPDATE tiles SET hashes = CAST(substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65) AS BLOB) WHERE tile_index = 1",
            );
            vec![(Tiles, Some(256))]
        },
    },
    Tampering {
        name: "two tiles change places",
        spoil: |s| {
            for (from, to) in [(0, 9), (1, 0), (9, 1)] {
                change(s, &format!("UPDATE tiles SET tile_index = {to} WHERE tile_index = {from}"));
            }
            vec![(Tiles, Some(0))]
        },
    },
    Tampering {
        name: "a tile is removed",
        spoil: |s| {
            change(s, "DELETE FROM tiles WHERE tile_index = 1");
            vec![(Tiles, Some(256))]
        },
    },
    Tampering {
        name: "a tile is cut short",
        spoil: |s| {
            change(s, "UPDATE tiles SET hashes = substr(hashes, 1, 8160) WHERE tile_index = 1");
            vec![(Tiles, Some(256))]
        },
    },
    Tampering { name: "a tile is put in that is not full yet", spoil: |s| extra(s, 0, 2) },
    Tampering { name: "a tile is put in on a level that the ledger has not reached", spoil: |s| extra(s, 1, 0) },
];

fn extra(sample: &ClosedLedger, level: u8, index: u8) -> Vec<Expected> {
    change(sample, &format!("INSERT INTO tiles SELECT ledger, {level}, {index}, hashes FROM tiles WHERE tile_index = 1"));
    vec![(Tiles, None)]
}
