//! An attacker who can write the file, knows the format, and may hold the log key: rewrites entries and payloads, then makes
//! everything that depends on them fit again, as far as told.

use onus::service::high_water::{HighWater, MarkFile};
use onus::service::log_keys::log_signer;
use onus::service::tiling::TileEdge;
use onus::tlog::checkpoint::Checkpoint;
use onus::tlog::commitment::commit;
use onus::tlog::disclosure::Seed;
use onus::tlog::entry::EntryHeader;
use onus::tlog::hash::LeafHash;
use onus::tlog::json::Value;
use onus::tlog::member::{Member, MemberName};
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::tree::Frontier;
use rusqlite::params;

use super::{Unguarded, connect};
use crate::closed_ledger::ClosedLedger;

/// Everything that is hashed, read into memory.
pub(super) struct Rewriter<'s> {
    sample: &'s ClosedLedger,
    connection: Unguarded,
    pub(super) entries: Vec<Row>,
}

/// An entry and its payload.
pub(super) struct Row {
    pub(super) header: EntryHeader,
    pub(super) seed: Vec<u8>,
    pub(super) members: String,
}

/// How far the attacker goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Reach {
    /// Links, tiles, the head: all that needs no key.
    Links,
    /// The checkpoints as well, with the log key.
    Checkpoints,
    /// The high-water mark as well.
    Mark,
}

impl<'s> Rewriter<'s> {
    pub(super) fn new(sample: &'s ClosedLedger) -> Self {
        let connection = connect(&sample.folder.ledger_file());
        let mut statement = connection
            .prepare("SELECT e.bytes, p.seed, p.members FROM entries e JOIN payloads p USING (ledger, leaf_index) ORDER BY leaf_index")
            .unwrap();
        let read = |r: &rusqlite::Row<'_>| {
            let bytes: Vec<u8> = r.get(0)?;
            Ok(Row { header: EntryHeader::parse(&bytes).unwrap(), seed: r.get(1)?, members: r.get(2)? })
        };
        let entries = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        drop(statement);
        Self { sample, connection, entries }
    }

    /// Takes entries out; what stands after them moves up.
    pub(super) fn remove(&mut self, range: std::ops::Range<usize>) {
        let gone = u64::try_from(range.len()).unwrap();
        let after = u64::try_from(range.end).unwrap();
        self.entries.drain(range);
        for row in &mut self.entries {
            // None of what is taken out is what another entry is about.
            row.header.about = row.header.about.map(|about| if about.get() >= after { index(about.get() - gone) } else { about });
        }
    }

    /// Writes it all back; every link is made to fit, and what lies beyond as far as `reach` goes.
    pub(super) fn write(mut self, reach: Reach) {
        self.cut_to(self.entries.len(), reach);
        let mut prev = LeafHash::GENESIS;
        let (mut tree, mut edge, mut roots) = (Frontier::default(), TileEdge::default(), Vec::new());
        self.connection.execute("DELETE FROM tiles", []).unwrap();
        for (at, row) in self.entries.iter_mut().enumerate() {
            row.header.index = index(u64::try_from(at).unwrap());
            row.header.prev = prev;
            row.header.payload = commitment(row);
            let bytes = row.header.to_bytes();
            prev = LeafHash::of(&bytes);
            tree.append(prev);
            roots.push(tree.root());
            let index = i64::try_from(at).unwrap();
            self.connection.execute("UPDATE entries SET bytes = ?2 WHERE leaf_index = ?1", params![index, bytes]).unwrap();
            let payload = "UPDATE payloads SET seed = ?2, members = ?3 WHERE leaf_index = ?1";
            self.connection.execute(payload, params![index, row.seed, row.members]).unwrap();
            for tile in edge.append(prev) {
                let values = params![tile.level, i64::try_from(tile.index).unwrap(), tile.hashes];
                self.connection.execute("INSERT INTO tiles VALUES (1, ?1, ?2, ?3)", values).unwrap();
            }
        }
        let head = params![i64::try_from(self.entries.len()).unwrap(), prev.as_bytes().as_slice()];
        self.connection.execute("UPDATE ledgers SET tree_size = ?1, head_leaf_hash = ?2", head).unwrap();
        self.drop_documents();
        if reach >= Reach::Checkpoints {
            self.sign_again(&roots);
        }
        if reach >= Reach::Mark {
            let origin = self.entries[0].header.log.as_str().to_owned();
            let mark = HighWater { origin, size: tree.size(), root: tree.root() };
            MarkFile::open(&self.sample.folder.default_mark_file()).unwrap().write(&mark).unwrap();
        }
    }

    /// Removes what lies past the last entry. Whoever can sign moves the newest checkpoint to the new end.
    fn cut_to(&self, size: usize, reach: Reach) {
        let size = i64::try_from(size).unwrap();
        for table in ["entries", "payloads"] {
            self.connection.execute(&format!("DELETE FROM {table} WHERE leaf_index >= ?1"), [size]).unwrap();
        }
        if reach >= Reach::Checkpoints {
            self.connection.execute("UPDATE OR REPLACE checkpoints SET tree_size = ?1 WHERE tree_size > ?1", [size]).unwrap();
        }
    }

    /// Removes the documents that no entry names any more; the others move up.
    fn drop_documents(&self) {
        let named: Vec<&str> = self.entries.iter().map(|row| row.members.as_str()).collect();
        let mut statement = self.connection.prepare("SELECT document_no, lower(hex(sha256)) FROM documents ORDER BY document_no").unwrap();
        let documents: Vec<(i64, String)> = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
        let mut next = 0;
        for (number, hash) in documents {
            if named.iter().any(|members| members.contains(&hash)) {
                self.connection.execute("UPDATE documents SET document_no = ?2 WHERE document_no = ?1", [number, next]).unwrap();
                next += 1;
            } else {
                self.connection.execute("DELETE FROM documents WHERE document_no = ?1", [number]).unwrap();
            }
        }
    }

    fn sign_again(&self, roots: &[onus::tlog::hash::RootHash]) {
        let origin = self.entries[0].header.log.clone();
        let signer = log_signer(&self.sample.folder, &origin).unwrap();
        let mut statement = self.connection.prepare("SELECT tree_size FROM checkpoints").unwrap();
        let sizes: Vec<i64> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        for size in sizes {
            let root = roots[usize::try_from(size).unwrap() - 1];
            let checkpoint = Checkpoint { origin: origin.clone(), size: TreeSize::new(size.try_into().unwrap()).unwrap(), root };
            let note = checkpoint.sign(&[&signer]).unwrap().verbatim().to_owned();
            self.connection.execute("UPDATE checkpoints SET note = ?2 WHERE tree_size = ?1", params![size, note]).unwrap();
        }
    }
}

fn index(index: u64) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

fn commitment(row: &Row) -> onus::tlog::hash::Commitment {
    let Value::Object(members) = Value::parse(row.members.as_bytes()).unwrap() else { panic!("members are an object") };
    let members: Vec<Member> =
        members.iter().map(|(name, value)| Member { name: MemberName::parse(name).unwrap(), value: value.to_canonical() }).collect();
    commit(&Seed::from_bytes(row.seed.clone().try_into().unwrap()), &members).unwrap()
}
