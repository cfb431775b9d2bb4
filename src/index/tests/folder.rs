//! The folder's life: what survives, what is lost, what is refused.

use std::fs;
use std::path::Path;

use super::{entry, hits, opened, size};
use crate::index::error::IndexError;
use crate::index::filter::Filter;
use crate::index::reader::Searcher;
use crate::index::writer::Indexer;
use crate::tlog::position::TreeSize;

#[test]
fn the_indexed_size_survives_and_uncommitted_entries_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let (mut indexer, _) = opened(dir.path(), &[entry(0), entry(1)]);
    indexer.add(&entry(2)).unwrap();
    drop(indexer);
    let (mut indexer, indexed) = Indexer::open(dir.path()).unwrap();
    assert_eq!(indexed, size(2));
    assert_eq!(hits(&indexer.searcher().snapshot(), &Filter::All), [0, 1]);
    indexer.add(&entry(2)).unwrap();
    indexer.commit(size(3)).unwrap();
    drop(indexer);
    let searcher = Searcher::open(dir.path()).unwrap();
    assert_eq!((searcher.indexed_size(), hits(&searcher.snapshot(), &Filter::All)), (size(3), vec![0, 1, 2]));
}

#[test]
fn a_commit_without_entries_still_moves_the_size() {
    let dir = tempfile::tempdir().unwrap();
    let (mut indexer, searcher) = opened(dir.path(), &[]);
    indexer.commit(size(7)).unwrap();
    assert_eq!(searcher.reload().unwrap(), size(7));
    drop(indexer);
    assert_eq!(Indexer::open(dir.path()).unwrap().1, size(7));
}

#[test]
fn no_entry_is_added_twice_and_none_is_hidden() {
    let dir = tempfile::tempdir().unwrap();
    let (mut indexer, _) = opened(dir.path(), &[entry(0), entry(1)]);
    assert!(matches!(indexer.add(&entry(1)), Err(IndexError::OutOfOrder { .. })));
    assert!(matches!(indexer.replace(&entry(2)), Err(IndexError::OutOfOrder { .. })));
    indexer.add(&entry(2)).unwrap();
    assert!(matches!(indexer.commit(size(2)), Err(IndexError::SizeBehind { .. })));
    indexer.commit(size(3)).unwrap();
}

#[test]
fn there_is_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let (indexer, _) = opened(dir.path(), &[entry(0)]);
    assert!(matches!(Indexer::open(dir.path()), Err(IndexError::Locked { .. })));
    assert!(matches!(Indexer::wipe(dir.path()), Err(IndexError::Locked { .. })));
    assert_eq!(Searcher::open(dir.path()).unwrap().indexed_size(), size(1), "reading beside it is fine");
    indexer.check_files().unwrap();
}

/// Damages a committed folder and returns what opening it says.
#[track_caller]
fn after_damage(damage: impl FnOnce(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    drop(opened(dir.path(), &[entry(0), entry(1)]));
    damage(dir.path());
    let error = Indexer::open(dir.path()).err().expect("damage is noticed");
    assert!(matches!(error, IndexError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("onus reindex"), "{error}");
    assert!(matches!(Searcher::open(dir.path()), Err(IndexError::Damaged { .. })));
    Indexer::wipe(dir.path()).unwrap();
    assert_eq!(Indexer::open(dir.path()).unwrap().1, TreeSize::ZERO, "and reindexing helps");
}

fn segment_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "idx" || end == "term" || end == "fast")).collect()
}

#[test]
fn damage_is_an_error_that_names_the_way_out() {
    after_damage(|dir| fs::write(dir.join("meta.json"), "{").unwrap());
    after_damage(|dir| fs::write(dir.join("onus-index-version"), "").unwrap());
    after_damage(|dir| fs::write(dir.join("onus-index-version"), [0xFF]).unwrap());
    after_damage(|dir| segment_files(dir).iter().for_each(|file| fs::remove_file(file).unwrap()));
    after_damage(|dir| segment_files(dir).iter().for_each(|file| fs::write(file, "short").unwrap()));
    after_damage(|dir| {
        let meta = fs::read_to_string(dir.join("meta.json")).unwrap();
        fs::write(dir.join("meta.json"), meta.replace("\"payload\": \"2\"", "\"payload\": \"two\"")).unwrap();
    });
}

#[test]
fn a_flipped_bit_is_found_by_the_checksums() {
    let dir = tempfile::tempdir().unwrap();
    let (indexer, _) = opened(dir.path(), &[entry(0), entry(1)]);
    let file = segment_files(dir.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[0] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(matches!(indexer.check_files(), Err(IndexError::Damaged { .. })));
}

#[test]
fn a_folder_of_another_version_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    drop(opened(dir.path(), &[entry(0)]));
    fs::write(dir.path().join("onus-index-version"), "0\n").unwrap();
    assert!(matches!(Searcher::open(dir.path()), Err(IndexError::OtherVersion { found: 0, .. })));
    let (indexer, indexed) = Indexer::open(dir.path()).unwrap();
    assert_eq!(indexed, TreeSize::ZERO);
    assert_eq!(hits(&indexer.searcher().snapshot(), &Filter::All), [] as [u64; 0]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let letter = dir.path().join("letter.txt");
    fs::write(&letter, "dear Ana").unwrap();
    assert!(matches!(Indexer::open(dir.path()), Err(IndexError::Foreign { .. })));
    assert!(matches!(Indexer::wipe(dir.path()), Err(IndexError::Foreign { .. })));
    assert_eq!(fs::read_to_string(letter).unwrap(), "dear Ana");
    Indexer::wipe(&dir.path().join("not there")).unwrap();
}
