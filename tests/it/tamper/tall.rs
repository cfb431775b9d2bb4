//! Tiles of level 1, which a ledger has from its 65 536th entry on: entries that say next to nothing, written past the sequencer.

use std::sync::OnceLock;

use onus::service::high_water::{HighWater, MarkFile};
use onus::service::log_keys::log_signer;
use onus::service::tiling::TileEdge;
use onus::service::verifier::report::CheckName::Tiles;
use onus::store::batch::{LedgerWriter, NewEntry};
use onus::tlog::checkpoint::Checkpoint;
use onus::tlog::commitment::commit;
use onus::tlog::disclosure::Seed;
use onus::tlog::entry::{EntryHeader, EntryType};
use onus::tlog::hash::LeafHash;
use onus::tlog::member::{Member, MemberName};
use onus::tlog::position::{LeafIndex, TreeSize};

use super::{Group, Tampering, change};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Hash tiles of level 1",
    about: "In a ledger of 65 540 entries, the first to have such a tile. The sentences are those of `onus verify` without `--deep`: tiles are always looked at.",
    sample: tall,
    is_evidence: true,
    is_deep: false,
    rows: &TABLE,
};

const TABLE: [Tampering; 3] = [
    Tampering {
        name: "a hash in the tile of level 1 is edited",
        spoil: |s| {
            let edited = "hashes = CAST(substr(hashes, 1, 32 * 200) || zeroblob(32) || substr(hashes, 32 * 201 + 1) AS BLOB)";
            change(s, &format!("UPDATE tiles SET {edited} WHERE level = 1"));
            vec![(Tiles, Some(200 * 256))]
        },
    },
    Tampering {
        name: "the tile of level 1 is removed",
        spoil: |s| {
            change(s, "DELETE FROM tiles WHERE level = 1");
            vec![(Tiles, Some(0))]
        },
    },
    Tampering {
        name: "the tile of level 1 and the first of level 0 change places",
        spoil: |s| {
            for (from, to) in [(0, 7), (1, 0), (7, 1)] {
                change(s, &format!("UPDATE tiles SET level = {to} WHERE level = {from} AND tile_index = 0"));
            }
            vec![(Tiles, Some(0))]
        },
    },
];

const SIZE: u64 = 65_540;

fn tall() -> ClosedLedger {
    static MADE: OnceLock<ClosedLedger> = OnceLock::new();
    MADE.get_or_init(|| {
        let ledger = ClosedLedger::empty();
        grow(&ledger);
        ledger
    })
    .copy()
}

fn grow(ledger: &ClosedLedger) {
    let mut writer = LedgerWriter::open(&ledger.folder.ledger_file()).unwrap();
    let head = writer.rows().head().unwrap().unwrap();
    let mut edge = TileEdge::load(writer.rows(), head.size).unwrap();
    let newest = EntryHeader::parse(&writer.rows().entry(head.size.last_index().unwrap()).unwrap().unwrap()).unwrap();
    let entry_type = EntryType::parse("clock.confirmed").unwrap();
    let mut batch = writer.begin().unwrap();
    let mut prev = head.leaf_hash;
    for number in head.size.get()..SIZE {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let value = format!("\"evt-{number}\"");
        let members = format!("{{\"/event_id\":{value}}}");
        let member = Member { name: MemberName::literal("/event_id"), value };
        let payload = commit(&Seed::from_bytes(seed), &[member]).unwrap();
        let index = LeafIndex::new(number).unwrap();
        let header = EntryHeader { about: None, assessment: None, index, payload, prev, entry_type: entry_type.clone(), ..newest.clone() };
        let bytes = header.to_bytes();
        batch.append(&NewEntry { index, bytes: &bytes, seed: &seed, members: &members }).unwrap();
        prev = LeafHash::of(&bytes);
        for tile in edge.append(prev) {
            batch.add_tile(tile.level, tile.index, &tile.hashes).unwrap();
        }
    }
    let (size, root, origin) = (TreeSize::new(SIZE).unwrap(), edge.frontier().root(), newest.log);
    let signer = log_signer(&ledger.folder, &origin).unwrap();
    let checkpoint = Checkpoint { origin: origin.clone(), size, root };
    batch.add_checkpoint(size, checkpoint.sign(&[&signer]).unwrap().verbatim()).unwrap();
    batch.move_head(&head, size, prev).unwrap();
    batch.commit().unwrap();
    let mark = HighWater { origin: origin.as_str().to_owned(), size, root };
    MarkFile::open(&ledger.folder.default_mark_file()).unwrap().write(&mark).unwrap();
    writer.move_wal_into_file().unwrap();
}
