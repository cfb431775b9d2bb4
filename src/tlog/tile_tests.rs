//! Tests of `tile.rs`: paths and their corner cases (C2SP.md section 9.4), widths, bundles.

use super::*;

fn partial(width: u8) -> TileWidth {
    TileWidth::Partial(width.try_into().unwrap())
}

fn size(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}

#[test]
fn paths_are_read_and_written_in_one_form() {
    let cases = [
        ("tile/0/000", TilePath::Hashes { level: 0, n: 0, width: TileWidth::Full }),
        ("tile/0/999", TilePath::Hashes { level: 0, n: 999, width: TileWidth::Full }),
        ("tile/1/x001/000", TilePath::Hashes { level: 1, n: 1000, width: TileWidth::Full }),
        ("tile/63/x001/x234/067", TilePath::Hashes { level: 63, n: 1_234_067, width: TileWidth::Full }),
        ("tile/0/273.p/112", TilePath::Hashes { level: 0, n: 273, width: partial(112) }),
        ("tile/entries/000.p/7", TilePath::Entries { n: 0, width: partial(7) }),
        ("tile/entries/x001/x000/000", TilePath::Entries { n: 1_000_000, width: TileWidth::Full }),
        ("tile/2/000.p/255", TilePath::Hashes { level: 2, n: 0, width: partial(255) }),
    ];
    for (text, path) in cases {
        assert_eq!(TilePath::parse(text), Some(path), "{text}");
        assert_eq!(path.to_string(), text);
    }
}

#[test]
fn other_paths_name_nothing() {
    let refused = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x000/x001/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/x001/x002",
        "tile/0/x1/000",
        "tile/0/x001/00",
        "tile/0/X001/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/x/000",
        "tile/8/0/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/1/",
        "tile/0/.p/1",
        "tile/0/000/",
        "/tile/0/000",
        "tile//000",
        "tile/0/٠٠٠",
        "tile/0/+01",
        "tile/entries/0",
        "tile/Entries/000",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x036/x028/x797/x018/964",
        "checkpoint",
    ];
    for path in refused {
        assert_eq!(TilePath::parse(path), None, "{path}");
    }
}

#[test]
fn a_size_has_these_tiles_and_no_others() {
    let tiles = |s: u64| (0..4).map(move |level| (full_tiles(size(s), level), partial_width(size(s), level).map_or(0, TileWidth::get)));
    assert_eq!(tiles(70_000).collect::<Vec<_>>(), [(273, 112), (1, 17), (0, 1), (0, 0)]);
    assert_eq!(tiles(256).collect::<Vec<_>>(), [(1, 0), (0, 1), (0, 0), (0, 0)]);
    assert_eq!(tiles(0).collect::<Vec<_>>(), [(0, 0); 4]);
    assert_eq!((full_tiles(size(MAX_POSITION), 63), partial_width(size(MAX_POSITION), 8)), (0, None));
    let is_within = |path: &str, s: u64| TilePath::parse(path).unwrap().is_within(size(s));
    assert!(is_within("tile/0/273.p/112", 70_000) && is_within("tile/0/273.p/111", 70_000), "older sizes had narrower ones");
    assert!(!is_within("tile/0/273.p/113", 70_000) && !is_within("tile/0/273", 70_000) && !is_within("tile/0/274.p/1", 70_000));
    assert!(is_within("tile/1/000", 70_000) && is_within("tile/2/000.p/1", 70_000) && !is_within("tile/2/000.p/2", 70_000));
    assert!(is_within("tile/entries/273.p/112", 70_000) && !is_within("tile/entries/273.p/113", 70_000));
    assert!(!is_within("tile/63/000.p/1", MAX_POSITION) && !is_within("tile/0/000.p/1", 0));
}

#[test]
fn tiles_become_full_once_and_in_order() {
    let between = |from, to| newly_full(size(from), size(to)).collect::<Vec<_>>();
    assert_eq!(between(0, 255), []);
    assert_eq!(between(255, 256), [(0, 0)]);
    assert_eq!(between(256, 512), [(0, 1)]);
    assert_eq!(between(65_535, 65_536), [(0, 255), (1, 0)]);
    assert_eq!(between(0, 70_000).len(), 273 + 1);
    assert_eq!(between(16_777_215, 16_777_216), [(0, 65_535), (1, 255), (2, 0)]);
}

#[test]
fn a_tile_begins_at_a_leaf() {
    let first = |path: &str| TilePath::parse(path).unwrap().first_leaf().map(LeafIndex::get);
    assert_eq!(first("tile/entries/273.p/112"), Some(69_888));
    assert_eq!(first("tile/1/001.p/17"), Some(65_536));
    assert_eq!((first("tile/6/001"), first("tile/7/001"), first("tile/63/000")), (None, None, None), "past 2^53-1, 2^64 and 2^512");
}

/// C2SP.md section 9.1.
#[test]
fn the_published_bundle_is_written_and_read() {
    let entries: Vec<_> = (0..7).map(|i| format!("entry-{i}").into_bytes()).collect();
    let bundle = encode_bundle(&entries).unwrap();
    let hex =
        "0007656e7472792d300007656e7472792d310007656e7472792d320007656e7472792d330007656e7472792d340007656e7472792d350007656e7472792d36";
    assert_eq!(crate::tlog::hash::to_hex(&bundle), hex);
    assert_eq!(decode_bundle(&bundle).unwrap(), entries);
    for cut in 1..bundle.len() {
        let is_between_entries = cut % 9 == 0;
        assert_eq!(decode_bundle(&bundle[..cut]).is_ok(), is_between_entries, "{cut}");
    }
}

#[test]
fn bundles_have_limits() {
    let none: [&[u8]; 0] = [];
    assert_eq!(encode_bundle(&none), Err(BundleError::Count { count: 0 }));
    assert_eq!(decode_bundle(&[]), Err(BundleError::Count { count: 0 }));
    assert_eq!(encode_bundle(&vec![b"a"; 257]), Err(BundleError::Count { count: 257 }));
    assert_eq!(decode_bundle(&[0; 514]), Err(BundleError::Count { count: 257 }));
    assert_eq!(decode_bundle(&[0; 512]).unwrap().len(), 256);
    let longest = vec![7; MAX_BUNDLED_BYTES];
    assert_eq!(decode_bundle(&encode_bundle(&[&longest]).unwrap()).unwrap(), [&longest]);
    let too_long = BundleError::EntryTooLong { position: 0, length: MAX_BUNDLED_BYTES + 1 };
    assert_eq!(encode_bundle(&[vec![7; MAX_BUNDLED_BYTES + 1]]), Err(too_long));
    assert_eq!(decode_bundle(&[0, 2, 7]), Err(BundleError::Cut { position: 0 }));
}
