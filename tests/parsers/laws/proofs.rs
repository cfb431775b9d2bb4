//! Proof files, requests to witnesses, tiles and the high-water mark: each has one form, so what is taken is written back as it was.

use onus::service::high_water::HighWater;
use onus::tlog::checkpoint::UnverifiedCheckpoint;
use onus::tlog::hash::{NodeHash, RootHash};
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::tile::{TILE_WIDTH, TilePath, TileWidth, decode_bundle, encode_bundle};
use onus::tlog::tlog_proof::TlogProof;
use onus::tlog::witness::{AddCheckpoint, parse_size_answer};

use super::Verdict;
use super::dice::Dice;
use super::notes::checkpoint_text;
use super::oracle::{base64, decimal, only};

/// The hashes before the blank line, and the checkpoint behind it: whether both are what they must be.
fn is_path_and_checkpoint(rest: &[u8]) -> bool {
    let mut rest = rest;
    for line in 0_usize.. {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return false };
        let (hash, behind) = (&rest[..end], &rest[end + 1..]);
        rest = behind;
        if hash.is_empty() {
            break;
        }
        let is_hash = std::str::from_utf8(hash).is_ok_and(|text| base64(text).is_some_and(|bytes| bytes.len() == 32));
        if !is_hash || line == 63 {
            return false;
        }
    }
    UnverifiedCheckpoint::parse(rest).is_ok()
}

/// The first line's words after `mark`, and what is behind the line.
fn first_line<'t>(text: &'t [u8], mark: &str) -> Option<(&'t str, &'t [u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&text[..end]).ok()?.strip_prefix(mark)?, &text[end + 1..]))
}

/// C2SP.md section 8.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    let read = TlogProof::parse(bytes);
    let expected = first_line(bytes, "c2sp.org/tlog-proof@v1").filter(|(rest, _)| rest.is_empty()).is_some_and(|(_, rest)| {
        let after_extra = match first_line(rest, "extra ") {
            Some((extra, behind)) => base64(extra).map(|_| behind),
            None => Some(rest),
        };
        let index = after_extra.and_then(|rest| first_line(rest, "index "));
        index.is_some_and(|(index, rest)| decimal(index, (1 << 53) - 1).is_some() && is_path_and_checkpoint(rest))
    });
    assert_eq!(read.is_ok(), expected, "{read:?}: {:?}", String::from_utf8_lossy(bytes));
    if let Ok(proof) = &read {
        assert_eq!(proof.to_text().as_bytes(), bytes);
    }
    Verdict::of(read.is_ok())
}

/// C2SP.md section 7.1.
pub(super) fn request_law(bytes: &[u8]) -> Verdict {
    let read = AddCheckpoint::parse(bytes);
    let old = first_line(bytes, "old ");
    let expected = old.is_some_and(|(old, rest)| decimal(old, (1 << 53) - 1).is_some() && is_path_and_checkpoint(rest));
    assert_eq!(read.is_ok(), expected, "{read:?}: {:?}", String::from_utf8_lossy(bytes));
    if let Ok(request) = &read {
        assert_eq!(AddCheckpoint::body(request.old, &request.path, request.checkpoint.verbatim()).as_bytes(), bytes);
    }
    Verdict::of(read.is_ok())
}

/// A size and a newline.
pub(super) fn size_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = parse_size_answer(text);
    assert_eq!(read.map(TreeSize::get), text.strip_suffix('\n').and_then(|number| decimal(number, (1 << 53) - 1)), "{text:?}");
    assert!(read.is_none_or(|size| format!("{size}\n") == text));
    Verdict::of(read.is_some())
}

/// C2SP.md section 6.
pub(super) fn tile_path_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = TilePath::parse(text);
    assert_eq!(read.map(|path| path.to_string()).as_deref(), named_by(text).then_some(text));
    if let Some(path) = read {
        let size = TreeSize::new(u64::from(u32::MAX)).unwrap();
        let (n, width, level) = match path {
            TilePath::Hashes { level, n, width } => (n, width, level),
            TilePath::Entries { n, width } => (n, width, 0),
        };
        let held = size.get().checked_shr(8 * u32::from(level)).unwrap_or(0);
        assert_eq!(path.is_within(size), n * TILE_WIDTH + width.get() <= held, "{text}");
        let leaf = 256_u128.checked_pow(u32::from(level) + 1).filter(|_| level < 7).and_then(|one| u64::try_from(one * u128::from(n)).ok());
        assert_eq!(path.first_leaf(), leaf.and_then(LeafIndex::new), "{text}");
    }
    Verdict::of(read.is_some())
}

/// `tile/<0..63 or entries>/<groups of three digits, x before all but the last>[.p/<1..255>]`
fn named_by(text: &str) -> bool {
    let Some((kind, rest)) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')) else { return false };
    let (number, width) = rest.split_once(".p/").map_or((rest, None), |(number, width)| (number, Some(width)));
    let groups: Vec<&str> = number.split('/').collect();
    let (last, before) = groups.split_last().expect("split gives one at least");
    let is_group = |group: &str| group.len() == 3 && only(group, |c| c.is_ascii_digit());
    let has_form =
        is_group(last) && before.iter().all(|group| group.strip_prefix('x').is_some_and(is_group)) && !number.starts_with("x000");
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    has_form
        && digits.parse::<u128>().is_ok_and(|n| n <= u128::from(((1_u64 << 53) - 1) / 256))
        && (kind == "entries" || decimal(kind, 63).is_some())
        && width.is_none_or(|width| decimal(width, 255).is_some_and(|width| width > 0))
}

/// One to 256 entries behind their lengths.
pub(super) fn bundle_law(bytes: &[u8]) -> Verdict {
    let read = decode_bundle(bytes);
    let (mut rest, mut count) = (bytes, 0);
    while let [high, low, behind @ ..] = rest
        && let Some(next) = behind.get(usize::from(*high) * 256 + usize::from(*low)..)
    {
        (rest, count) = (next, count + 1);
    }
    assert_eq!(read.is_ok(), rest.is_empty() && (1..=256).contains(&count), "{read:?}");
    if let Ok(entries) = &read {
        assert_eq!((entries.len(), encode_bundle(entries).unwrap().as_slice()), (count, bytes));
    }
    Verdict::of(read.is_ok())
}

/// What a ledger remembers outside its directory.
pub(super) fn mark_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Some(mark) = HighWater::parse(text) else { return Verdict::Refused };
    assert_eq!(mark.to_text(), text, "one mark, one text");
    Verdict::Taken
}

pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    let extra = if dice.percent(30) { Some(dice.bytes_32()[..dice.below(32)].to_vec()) } else { None };
    let index = LeafIndex::new(dice.number() >> 11).unwrap();
    let path = hashes(dice);
    TlogProof { extra, index, path, checkpoint: UnverifiedCheckpoint::parse(&checkpoint_text(dice)).unwrap() }.to_text().into_bytes()
}

pub(super) fn request_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let old = TreeSize::new(dice.number() >> (11 + dice.below(50))).unwrap();
    let path = hashes(dice);
    AddCheckpoint::body(old, &path, &String::from_utf8(checkpoint_text(dice)).unwrap()).into_bytes()
}

fn hashes(dice: &mut Dice<'_>) -> Vec<NodeHash> {
    let count = [0, 1, 4, 63][dice.below(4)];
    (0..count).map(|_| NodeHash::from_bytes(dice.bytes_32())).collect()
}

pub(super) fn size_text(dice: &mut Dice<'_>) -> Vec<u8> {
    format!("{}\n", dice.number() >> (11 + dice.below(50))).into_bytes()
}

pub(super) fn tile_path_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let n = [0, 999, 1000, 67, 1_234_067, (dice.number() >> 11) / 256][dice.below(6)];
    let partial = u8::try_from(1 + dice.below(255)).unwrap();
    let width = if dice.percent(50) { TileWidth::Full } else { TileWidth::Partial(partial.try_into().unwrap()) };
    let level = u8::try_from(dice.below(64)).unwrap();
    let path = if dice.percent(40) { TilePath::Entries { n, width } } else { TilePath::Hashes { level, n, width } };
    path.to_string().into_bytes()
}

pub(super) fn bundle_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let count = [1, 2, 5, 256][dice.below(4)];
    let entries: Vec<Vec<u8>> = (0..count).map(|_| dice.prose(9).into_bytes()).collect();
    encode_bundle(&entries).unwrap()
}

pub(super) fn mark_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let size = TreeSize::new(dice.number() >> (11 + dice.below(50))).unwrap();
    HighWater { origin: format!("l{}", dice.word("ab0./:", 0, 20)), size, root: RootHash::from_bytes(dice.bytes_32()) }
        .to_text()
        .into_bytes()
}
