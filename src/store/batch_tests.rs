//! A ledger file that may not grow: SQLite says that it is full where no file system does.

use super::*;
use crate::store::reader::LedgerReader;

/// Pages that the file may still take, one row each.
const ROOM: i64 = 24;

#[test]
fn a_file_that_may_not_grow_refuses_a_batch_as_a_whole_and_takes_it_when_it_may() {
    for room in 0..ROOM {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut writer = LedgerWriter::open(&path).unwrap();
        let mut batch = writer.begin().unwrap();
        batch.create_head("ledger.example/full").unwrap();
        batch.commit().unwrap();
        let pages: i64 = writer.connection.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
        writer.connection.pragma_update(None, "max_page_count", pages + room).unwrap();

        let mut taken = 0;
        let refused = loop {
            match append(&mut writer, taken) {
                Ok(()) => taken += 1,
                Err(e) => break e,
            }
        };
        assert!(refused.is_full(), "{room} pages: {refused}");
        assert!(append(&mut writer, taken).unwrap_err().is_full(), "{room} pages: sent again, refused again");
        must_hold(writer.rows(), taken);
        must_hold(LedgerReader::open(&path).unwrap().rows(), taken);

        writer.connection.pragma_update(None, "max_page_count", 1 << 30).unwrap();
        append(&mut writer, taken).unwrap();
        drop(writer);
        must_hold(LedgerWriter::open(&path).unwrap().rows(), taken + 1);
    }
}

fn append(writer: &mut LedgerWriter, at: u64) -> Result<(), StoreError> {
    let head = writer.rows().head()?.expect("it was created");
    let mut batch = writer.begin()?;
    let index = LeafIndex::new(at).unwrap();
    let members = format!("{{\"/n\":\"{}\"}}", "x".repeat(20_000));
    batch.append(&NewEntry { index, bytes: format!("entry {at}").as_bytes(), seed: &[7; 32], members: &members })?;
    batch.add_document(&DocumentHash::of(&at.to_be_bytes()), &vec![0; 30_000])?;
    let leaf_hash = LeafHash::of(format!("entry {at}").as_bytes());
    batch.move_head(&head, index.size_with(), leaf_hash)?;
    batch.commit()
}

fn must_hold(rows: Rows<'_>, entries: u64) {
    assert_eq!((rows.count_entries().unwrap(), rows.count_payloads().unwrap()), (entries, entries));
    assert_eq!(rows.head().unwrap().unwrap().size.get(), entries, "the head moves with the entries, or not at all");
}
