//! Re-verifies a whole ledger from its stored bytes, by other means than those that wrote it where there are any: a tree of its own,
//! the findings assessed again, the derived tables made again in another file and compared row by row.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use onus::domain::assessment::{self, header_codes};
use onus::domain::attribution::content_findings;
use onus::domain::event::EventKind;
use onus::index::field::Field;
use onus::index::filter::Filter;
use onus::index::reader::Order;
use onus::service::derivation::{ASSESSMENT_CHANGED, derive, reassess};
use onus::service::folder::Folder;
use onus::service::high_water::HighWater;
use onus::service::ledger::Ledger;
use onus::service::opened::{OpenedEntry, open_entry};
use onus::service::past::{LedgerPast, PastCache};
use onus::service::pending::EventKeys;
use onus::service::prover::Prover;
use onus::store::batch::{LedgerWriter, NewEntry};
use onus::store::connection::StoreError;
use onus::store::reader::LedgerReader;
use onus::store::rows::Rows;
use onus::tlog::checkpoint::UnverifiedCheckpoint;
use onus::tlog::hash::{DocumentHash, LeafHash, NodeHash, RootHash};
use onus::tlog::json::Value;
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::proof::{verify_consistency, verify_inclusion};
use onus::tlog::vkey::Vkey;
use rusqlite::{Connection, OpenFlags, types};

/// Pairs of positions that are proven at each check.
const PROOFS: u64 = 24;
/// Tables that `derive` fills.
const DERIVED: [&str; 7] =
    ["event_keys", "delegation_names", "delegations", "revocations", "actions", "present_findings", "administration"];

/// Verifies the ledger in a data directory, whether or not somebody writes it just now; `size` entries should be there.
#[track_caller]
pub(crate) fn check_folder(data: &Path, vkey: &Vkey, size: u64) {
    let folder = Folder::new(data);
    let reader = LedgerReader::open(&folder.ledger_file()).unwrap();
    let keys = EventKeys::new(folder.read_secret(&folder.event_key_file()).unwrap());
    let entries = reader.rows().in_one_snapshot(|rows| Ok::<_, StoreError>(check_rows(rows, vkey, size))).unwrap();
    check_mark(&folder, &entries);
    check_derived(&folder, &keys, &entries);
}

fn check_rows(rows: Rows<'_>, vkey: &Vkey, size: u64) -> Vec<OpenedEntry> {
    let head = rows.head().unwrap().expect("a head");
    assert_eq!(
        (head.size.get(), rows.count_entries().unwrap(), rows.count_payloads().unwrap()),
        (size, size, size),
        "head, entries, payloads"
    );
    let entries: Vec<OpenedEntry> = (0..size).map(|i| open_entry(rows, at(i)).unwrap().expect("an entry at every index")).collect();
    check_chain(&entries, &head.origin);
    assert_eq!(entries.last().map(|e| e.leaf_hash), Some(head.leaf_hash), "the head names the last entry");
    let leaves: Vec<LeafHash> = entries.iter().map(|e| e.leaf_hash).collect();
    let roots = roots_of(&leaves);
    check_tiles(rows, &leaves);
    check_proofs(rows, &leaves, &roots);
    check_checkpoints(rows, vkey, &roots);
    check_contents(rows, &entries);
    entries
}

/// FORMAT.md sections 1 and 2. That each payload opens, `open_entry` has shown.
fn check_chain(entries: &[OpenedEntry], origin: &str) {
    let mut prev = LeafHash::GENESIS;
    let mut commitments = HashSet::new();
    for (i, entry) in (0..).zip(entries) {
        let header = &entry.header;
        assert_eq!((header.index.get(), header.log.as_str(), header.prev), (i, origin, prev), "index, log and link of entry {i}");
        assert_eq!(entry.leaf_hash, LeafHash::of(&entry.bytes));
        assert!(commitments.insert(header.payload), "entry {i} shares its commitment with another");
        prev = entry.leaf_hash;
    }
    assert!(entries.is_sorted_by_key(|e| e.header.recorded_at), "times of recording never decrease");
    assert_eq!(entries.first().map(|e| e.header.entry_type.as_str()), Some("ledger.created"));
}

/// The root of every prefix: `roots[n]` is that of the first n leaves (RFC 9162 section 2.1.1).
fn roots_of(leaves: &[LeafHash]) -> Vec<RootHash> {
    let mut roots = vec![RootHash::empty()];
    let mut complete: Vec<(u64, NodeHash)> = Vec::new();
    for leaf in leaves {
        complete.push((1, leaf.as_node()));
        while let [.., (left_width, left), (right_width, right)] = complete[..]
            && left_width == right_width
        {
            complete.truncate(complete.len() - 2);
            complete.push((left_width + right_width, NodeHash::above(left, right)));
        }
        let folded = complete.iter().rev().map(|(_, hash)| *hash).reduce(|right, left| NodeHash::above(left, right));
        roots.push(folded.expect("a leaf").as_root());
    }
    roots
}

fn check_tiles(rows: Rows<'_>, leaves: &[LeafHash]) {
    let mut hashes: Vec<NodeHash> = leaves.iter().map(|l| l.as_node()).collect();
    let mut expected = Vec::new();
    for level in 0u8.. {
        let full: Vec<&[NodeHash]> = hashes.chunks_exact(256).collect();
        if full.is_empty() {
            break;
        }
        for (n, tile) in (0..).zip(&full) {
            let bytes: Vec<u8> = tile.iter().flat_map(|h| *h.as_bytes()).collect();
            assert_eq!(rows.tile(level, n).unwrap(), Some(bytes), "tile {level}/{n}");
            expected.push((i64::from(level), i64::try_from(n).unwrap()));
        }
        hashes = full.into_iter().map(top_of).collect();
    }
    assert_eq!(rows.tile_places().unwrap(), expected, "full tiles and no others");
}

fn top_of(tile: &[NodeHash]) -> NodeHash {
    let mut hashes = tile.to_vec();
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| NodeHash::above(pair[0], pair[1])).collect();
    }
    hashes[0]
}

/// Random pairs, the same at each run: a claim that fails can be looked at again.
fn check_proofs(rows: Rows<'_>, leaves: &[LeafHash], roots: &[RootHash]) {
    let prover = Prover::new(rows).unwrap();
    let held = leaves.len() as u64;
    let mut state = held;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let root = |size: u64| roots[usize::try_from(size).unwrap()];
    for _ in 0..PROOFS {
        let size = 1 + below(held);
        assert_eq!(prover.root(of(size)).unwrap(), root(size), "the root at size {size}");
        let index = below(size);
        let proof = prover.inclusion(at(index), of(size)).unwrap();
        verify_inclusion(&proof, leaves[usize::try_from(index).unwrap()], root(size)).unwrap();
        let earlier = 1 + below(size);
        let proof = prover.consistency(of(earlier), of(size)).unwrap();
        verify_consistency(&proof, root(earlier), root(size)).unwrap();
    }
}

fn check_checkpoints(rows: Rows<'_>, vkey: &Vkey, roots: &[RootHash]) {
    let head = rows.head().unwrap().expect("a head");
    let origin = onus::tlog::entry::Origin::parse(&head.origin).unwrap();
    let checkpoints = rows.checkpoints().unwrap();
    assert!(!checkpoints.is_empty(), "`init` has signed one");
    for (size, note) in checkpoints {
        let signed = UnverifiedCheckpoint::parse(note.as_bytes()).unwrap().verify(&origin, std::slice::from_ref(vkey)).unwrap();
        let said = signed.checkpoint();
        assert_eq!(i64::try_from(said.size.get()).unwrap(), size, "a checkpoint is kept under its size");
        let root = roots.get(usize::try_from(size).unwrap()).expect("no checkpoint is ahead of the ledger");
        assert_eq!(said.root, *root, "the root of the checkpoint of size {size}");
    }
}

fn check_contents(rows: Rows<'_>, entries: &[OpenedEntry]) {
    fn hashes(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if let ("content_sha256", Value::String(hash)) = (name.as_str(), value) {
                        found.push(hash.clone());
                    }
                    hashes(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| hashes(item, found)),
            _ => {}
        }
    }
    for entry in entries {
        let mut named: Vec<String> = entry.text("/trigger/content_sha256").map(str::to_owned).into_iter().collect();
        entry.members.values().for_each(|value| hashes(value, &mut named));
        for hash in named {
            let hash = DocumentHash::parse_hex(&hash).expect("a hash");
            let bytes = rows.document(&hash).unwrap().expect("a content that an entry names is kept");
            assert_eq!(DocumentHash::of(&bytes), hash, "the content of entry {}", entry.index);
        }
    }
}

/// The mark may be older than the ledger, never newer, and never of another history.
fn check_mark(folder: &Folder, entries: &[OpenedEntry]) {
    let leaves: Vec<LeafHash> = entries.iter().map(|e| e.leaf_hash).collect();
    if let Some(mark) = HighWater::read(&folder.default_mark_file()).unwrap() {
        let root = roots_of(&leaves).get(usize::try_from(mark.size.get()).unwrap()).copied();
        // A server that writes just now may have gone on since the entries were read.
        assert!(root.is_none_or(|root| root == mark.root), "the high-water mark is of this history");
    }
}

/// Makes the derived tables again in another file, assessing each entry on the way, and compares the two files row by row.
fn check_derived(folder: &Folder, keys: &EventKeys, entries: &[OpenedEntry]) {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("again.db");
    let reader = LedgerReader::open(&folder.ledger_file()).unwrap();
    let mut writer = LedgerWriter::open(&path).unwrap();
    let mut batch = writer.begin().unwrap();
    batch.create_head("again").unwrap();
    let cache = RefCell::new(PastCache::default());
    let mut changes = None;
    for entry in entries {
        let event = entry.to_event().unwrap();
        let report = entry.report().unwrap();
        let members = Value::Object(entry.members.clone().into_iter().collect()).to_canonical();
        let mut expected = None;
        if entry.header.assessment.is_some() {
            let past = LedgerPast::of_entry(batch.rows(), &cache, entry.index);
            let submission = assessment::Submission::of(&event, &report, entry.header.recorded_at);
            let mut findings = assessment::assess(&submission, &past).unwrap();
            if let EventKind::ActionRecorded(action) = &event.kind {
                findings.extend(content_findings(action, &|hash| reader.rows().document(hash).unwrap().map(Into::into)));
            }
            expected = Some(header_codes(&findings));
        }
        assert_eq!(entry.header.assessment.as_ref().map(|_| entry.first_findings()), expected, "findings of entry {}", entry.index);
        batch.append(&NewEntry { index: entry.index, bytes: &entry.bytes, seed: entry.seed.as_bytes(), members: &members }).unwrap();
        let cause = derive(&mut batch, &cache, entry.index, &event, &keys.of(&report.source, &event.event_id)).unwrap();
        if let Some((about, told)) = changes.take() {
            assert_eq!((entry.header.entry_type.as_str(), entry.header.about), (ASSESSMENT_CHANGED, Some(about)), "entry {}", entry.index);
            check_told(&told, entry, about);
            told.store(&mut batch, entry.index).unwrap();
        } else {
            assert_ne!(entry.header.entry_type.as_str(), ASSESSMENT_CHANGED, "entry {} tells a change that nothing caused", entry.index);
        }
        if let Some(cause) = cause {
            let caused = reassess(batch.rows(), &cache, &cause, entry.index).unwrap();
            changes = (!caused.is_empty()).then_some((entry.index, caused));
        }
    }
    batch.commit().unwrap();
    assert!(changes.is_none(), "the last entry changed verdicts and no entry tells it");
    for table in DERIVED {
        assert_eq!(dump(&folder.ledger_file(), table), dump(&path, table), "{table} as derived, and as derived again");
    }
}

fn check_told(told: &onus::service::derivation::Changes, entry: &OpenedEntry, about: LeafIndex) {
    let mut members = entry.members.clone();
    members.remove("/report");
    assert_eq!(members, told.members(about, entry.header.recorded_at), "what entry {} tells of the change", entry.index);
}

fn dump(path: &Path, table: &str) -> Vec<Vec<types::Value>> {
    #[expect(clippy::disallowed_methods, reason = "whole tables, which nothing but a comparison ever reads")]
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3")).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The index holds every entry once, under the names that the entry itself says.
#[track_caller]
pub(crate) fn check_index(ledger: &Ledger) {
    let snapshot = ledger.searcher().snapshot();
    let size = ledger.size();
    assert_eq!(snapshot.indexed_size(), size, "how far the index says it has come");
    assert_eq!(snapshot.count(&Filter::All).unwrap(), size.get(), "how many entries the index holds");
    let step = usize::try_from(size.get() / 64 + 1).unwrap();
    for index in (0..size.get()).step_by(step) {
        let entry = ledger.read(|rows| open_entry(rows, at(index))).unwrap().unwrap();
        let mut said = vec![(Field::Type, entry.header.entry_type.as_str()), (Field::EventId, entry.text("/event_id").unwrap())];
        said.extend(entry.text("/action_id").map(|id| (Field::ActionId, id)));
        said.extend(entry.text("/delegation_id").map(|id| (Field::DirectlyUnder, id)));
        let filter = Filter::And(said.into_iter().map(|(field, value)| Filter::term(field, value)).collect());
        let found = snapshot.find(&filter, Order::OldestFirst, None, None, 100).unwrap();
        assert!(found.hits.contains(&entry.index), "the index finds entry {index} by its own names");
    }
}

fn at(index: u64) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

fn of(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}
