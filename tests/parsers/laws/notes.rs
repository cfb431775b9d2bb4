//! Signed notes, their lines and keys, checkpoints and cosignatures (C2SP.md sections 3 to 5).

use std::fmt::Write as _;
use std::sync::LazyLock;

use onus::tlog::checkpoint::{Checkpoint, CheckpointError, UnverifiedCheckpoint, verify_cosignature};
use onus::tlog::cosignature::{MAX_TIME_S, cosign};
use onus::tlog::entry::Origin;
use onus::tlog::hash::{RootHash, to_base64};
use onus::tlog::key::{PublicKey, SigningKey};
use onus::tlog::note::{NoteError, SignatureLine, UnverifiedNote};
use onus::tlog::position::TreeSize;
use onus::tlog::vkey::{KeyName, NoteSigner, SignatureType, Vkey};

use super::Verdict;
use super::dice::Dice;
use super::entry::is_origin;
use super::oracle::{base64, decimal, only};

const MARK: &str = "\u{2014} ";
/// Many keys of one kind: signing once for all keeps the harness quick.
const KEYS: u8 = 8;

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

static WITNESS: LazyLock<NoteSigner> =
    LazyLock::new(|| NoteSigner::cosigner(name("witness.example/w1"), SigningKey::from_seed(&[0x22; 32])));

/// Checkpoints as a ledger signs them, some cosigned.
static SIGNED: LazyLock<Vec<String>> = LazyLock::new(|| {
    (0..KEYS)
        .map(|seed| {
            let size = u64::from(seed) * 1000;
            let root = if size == 0 { RootHash::empty() } else { RootHash::from_bytes([seed; 32]) };
            let checkpoint = Checkpoint { origin: Origin::parse("ledger.example/acme").unwrap(), size: TreeSize::new(size).unwrap(), root };
            let log = NoteSigner::new(name("ledger.example/acme"), SigningKey::from_seed(&[seed; 32]));
            let mut signed = checkpoint.sign(&[&log]).unwrap();
            if seed.is_multiple_of(2) {
                let line = cosign(&WITNESS, &signed.checkpoint().to_text(), 1_760_000_000).unwrap();
                signed.add_cosignatures(&line, &[WITNESS.vkey().clone()]).unwrap();
            }
            signed.verbatim().to_owned()
        })
        .collect()
});

/// A signature line taken apart: name, and four bytes of id before a signature.
fn line_of(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix(MARK)?.split_once(' ')?;
    let blob = base64(blob)?;
    (is_key_name(name) && blob.len() > 4).then_some((name, blob))
}

fn is_key_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && only(name, |c| !c.is_whitespace() && !c.is_control() && c != '+')
}

/// The text of a note and its lines.
fn note_of(bytes: &[u8]) -> Option<&str> {
    let note = std::str::from_utf8(bytes).ok().filter(|note| note.len() <= 1 << 20 && only(note, |c| c >= ' ' || c == '\n'))?;
    let end = note.rmatch_indices("\n\n").next()?.0 + 1;
    let lines: Vec<&str> = note[end + 1..].strip_suffix('\n')?.split('\n').collect();
    (lines.len() <= 100 && lines.iter().all(|line| line_of(line).is_some())).then_some(&note[..end])
}

/// Kept word for word; nobody is believed without a key.
pub(super) fn law(bytes: &[u8]) -> Verdict {
    let read = UnverifiedNote::parse(bytes);
    assert_eq!(read.is_ok(), note_of(bytes).is_some(), "{read:?}: {:?}", String::from_utf8_lossy(bytes));
    if let Ok(note) = &read {
        assert_eq!(note.verbatim().as_bytes(), bytes);
        assert_eq!(note.verify(&[]), Err(NoteError::NoKnownSignature));
    }
    Verdict::of(read.is_ok())
}

/// A line is written as it was read.
pub(super) fn line_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let read = SignatureLine::parse(text);
    assert_eq!(read.is_some(), line_of(text).is_some(), "{text:?}");
    if let Some(line) = &read {
        let blob = [line.id.0.as_slice(), &line.signature].concat();
        assert_eq!(format!("{MARK}{} {}", line.name, to_base64(&blob)), text);
    }
    Verdict::of(read.is_some())
}

/// Three lines of one form, then extensions; of it nothing can be read before it is verified, but whose it is.
pub(super) fn checkpoint_law(bytes: &[u8]) -> Verdict {
    let read = UnverifiedCheckpoint::parse(bytes);
    let expected = note_of(bytes).and_then(|text| {
        let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else { return None };
        let size = decimal(size, (1 << 53) - 1)?;
        let root = base64(root).filter(|root| root.len() == 32)?;
        let is_sound = is_origin(origin) && extensions.iter().all(|line| !line.is_empty());
        (is_sound && (size > 0 || root == RootHash::empty().as_bytes())).then_some(*origin)
    });
    assert_eq!(read.is_ok(), expected.is_some(), "{read:?}: {:?}", String::from_utf8_lossy(bytes));
    let (Ok(checkpoint), Some(origin)) = (read, expected) else { return Verdict::Refused };
    assert_eq!(checkpoint.verbatim().as_bytes(), bytes);
    let (its, other) = (Origin::parse(origin).unwrap(), Origin::parse("nobody").unwrap());
    let refused = checkpoint.clone().verify(&other, &[]);
    assert_eq!(refused, Err(CheckpointError::OtherOrigin { expected: other, found: its.clone() }));
    assert_eq!(checkpoint.verify(&its, &[]), Err(NoteError::NoKnownSignature.into()));
    Verdict::Taken
}

/// The text of a checkpoint and one line behind it: it counts only if the witness made exactly this, at that time.
pub(super) fn cosignature_law(bytes: &[u8]) -> Verdict {
    let Some((text, line)) = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once("\n\n")) else { return Verdict::Refused };
    let text = format!("{text}\n");
    let Ok(cosignature) = verify_cosignature(&text, line, WITNESS.vkey()) else { return Verdict::Refused };
    assert!(cosignature.time_s <= MAX_TIME_S);
    assert_eq!(cosign(&WITNESS, &text, cosignature.time_s).unwrap(), format!("{line}\n"), "one text, one time, one line");
    Verdict::Taken
}

/// A key is written as it was read, and its id follows from the rest.
pub(super) fn vkey_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Ok(vkey) = Vkey::parse(text) else { return Verdict::Refused };
    assert_eq!(vkey.to_string(), text);
    assert_eq!(Vkey::new(vkey.name().clone(), vkey.signature_type(), *vkey.public_key()), vkey);
    assert_eq!(PublicKey::from_bytes(vkey.public_key().as_bytes()).as_ref(), Some(vkey.public_key()));
    Verdict::Taken
}

/// Written again it is the same key, in one form.
pub(super) fn private_key_law(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Ok(key) = SigningKey::from_pem(text) else { return Verdict::Refused };
    let again = SigningKey::from_pem(&key.to_pem()).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(*again.to_pem(), *key.to_pem());
    Verdict::Taken
}

pub(super) fn text(dice: &mut Dice<'_>) -> Vec<u8> {
    if dice.percent(30) {
        return checkpoint_text(dice);
    }
    let mut note: String = (0..dice.below(4)).map(|_| format!("{}\n", dice.word("ab\u{e9}\u{2014} +", 0, 9))).collect();
    note.push_str("\n\n");
    (0..=dice.below(4)).for_each(|_| writeln!(note, "{}", any_line(dice)).unwrap());
    note.into_bytes()
}

pub(super) fn line_text(dice: &mut Dice<'_>) -> Vec<u8> {
    any_line(dice).into_bytes()
}

fn any_line(dice: &mut Dice<'_>) -> String {
    format!("{MARK}{} {}", dice.word("ab./\u{e9}:", 1, 12), to_base64(&dice.bytes_32()[..5 + dice.below(27)]))
}

/// A checkpoint of a ledger, as it is or with signatures of nobody.
pub(super) fn checkpoint_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let signed = dice.one(&SIGNED);
    if dice.percent(30) {
        return signed.into_bytes();
    }
    let (origin, root) = (dice.word("abz0", 1, 9), to_base64(&dice.bytes_32()));
    let extensions: String = (0..dice.below(3)).map(|_| format!("x{}\n", dice.word("ab \u{2014}", 0, 5))).collect();
    format!("{origin}/x:1\n{}\n{root}\n{extensions}\n{}\n", 1 + (dice.number() >> 12), any_line(dice)).into_bytes()
}

pub(super) fn cosignature_text(dice: &mut Dice<'_>) -> Vec<u8> {
    let text = format!("{}\n{}\n", dice.one(&["ledger.example/acme", "o"]), dice.below(1000));
    let time_s = [0, 1_760_000_000, MAX_TIME_S][dice.below(3)];
    format!("{text}\n{}", cosign(&WITNESS, &text, time_s).unwrap().trim_end_matches('\n')).into_bytes()
}

pub(super) fn vkey_text(dice: &mut Dice<'_>) -> Vec<u8> {
    static PUBLIC: LazyLock<Vec<PublicKey>> =
        LazyLock::new(|| (0..KEYS).map(|seed| SigningKey::from_seed(&[seed; 32]).public_key()).collect());
    let kind = dice.one(&[SignatureType::Ed25519, SignatureType::Cosignature]);
    Vkey::new(name(&dice.word("abz./\u{e9}", 1, 20)), kind, dice.one(&PUBLIC)).to_string().into_bytes()
}

pub(super) fn private_key_text(dice: &mut Dice<'_>) -> Vec<u8> {
    SigningKey::from_seed(&dice.bytes_32()).to_pem().as_bytes().to_vec()
}
