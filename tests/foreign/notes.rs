//! Keys, checkpoints and cosignatures against `signed_note`: what it makes we read, what we make it reads, and a note with one thing
//! changed is refused by both or by neither.

use onus::tlog::checkpoint::UnverifiedCheckpoint;
use onus::tlog::cosignature::cosign;
use onus::tlog::hash::to_base64;
use onus::tlog::key::SigningKey;
use onus::tlog::note::{UnverifiedNote, sign};
use onus::tlog::vkey::{KeyName, NoteSigner, Vkey};
use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, Verifier, VerifierList};

use crate::Verdict;
use crate::chance::Chance;
use crate::ledgers::{RandomLedger, SMALL};

/// Notes changed for each ledger. Each costs two Ed25519 verifications without optimisation.
const DAMAGED_NOTES: u64 = 75;

/// The crate knows no cosignatures; its trait lets a reader teach it. The signature is still its own arithmetic.
struct Witness {
    name: String,
    id: u32,
    key: StandardVerifier,
}

impl Witness {
    fn new(vkey: &Vkey) -> Self {
        let (name, public) = (vkey.name().as_str(), vkey.public_key().as_bytes().as_slice());
        let as_log = [&[1], public].concat();
        let text = format!("{name}+{:08x}+{}", signed_note::key_id(name, &as_log), to_base64(&as_log));
        let id = signed_note::key_id(name, &[&[4], public].concat());
        Self { name: name.to_owned(), id, key: StandardVerifier::new(&text).unwrap() }
    }
}

impl Verifier for Witness {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk::<8>() else { return false };
        let message = [format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time)).as_bytes(), text].concat();
        self.key.verify(&message, signature)
    }
}

fn witness() -> NoteSigner {
    NoteSigner::cosigner(KeyName::parse("witness.example/w1").unwrap(), SigningKey::from_seed(&[0x22; 32]))
}

pub(crate) fn their_verifiers(keys: &[Vkey]) -> VerifierList {
    let verifier = |key: &Vkey| -> Box<dyn Verifier> {
        match StandardVerifier::new(&key.to_string()) {
            Ok(log) => Box::new(log),
            Err(_) => Box::new(Witness::new(key)),
        }
    };
    VerifierList::new(keys.iter().map(verifier).collect())
}

/// What each says of a note under those keys.
pub(crate) fn verdicts(note: &[u8], keys: &[Vkey], theirs: &VerifierList) -> (Verdict, Verdict) {
    let ours = UnverifiedNote::parse(note).and_then(|note| note.verify(keys));
    let theirs = Note::from_bytes(note).and_then(|note| note.verify(theirs));
    (Verdict::of(&ours), Verdict::of(&theirs))
}

#[test]
fn signed_note_reads_every_checkpoint_and_signs_the_same_bytes() {
    RandomLedger::each(SMALL, |random, _| {
        let vkey = random.ledger.vkey().clone();
        let theirs = StandardVerifier::new(&vkey.to_string()).unwrap();
        assert_eq!((theirs.name(), format!("{:08x}", theirs.key_id())), (vkey.name().as_str(), vkey.id().to_string()));
        let pem = std::fs::read_to_string(random.folder.log_key_file()).unwrap();
        let ours = NoteSigner::new(vkey.name().clone(), SigningKey::from_pem(&pem).unwrap());
        let known = their_verifiers(std::slice::from_ref(&vkey));
        let notes = random.checkpoints();
        assert!(!notes.is_empty());
        for note in notes {
            let read = Note::from_bytes(note.as_bytes()).unwrap();
            let (signed_by, unknown) = read.verify(&known).unwrap();
            assert_eq!((signed_by.len(), unknown.len(), read.to_bytes()), (1, 0, note.clone().into_bytes()));
            let text = String::from_utf8(read.text().to_vec()).unwrap();
            assert_eq!(sign(&text, &[&ours]).unwrap(), note, "Ed25519 is deterministic");
            UnverifiedCheckpoint::parse(note.as_bytes()).unwrap().verify(random.ledger.origin(), std::slice::from_ref(&vkey)).unwrap();
        }
    });
}

#[test]
fn keys_and_notes_that_signed_note_makes_are_ours() {
    for seed in 1..=8_u8 {
        let name = format!("log.example/{seed}+").replace('+', "");
        let public = NoteSigner::new(KeyName::parse(&name).unwrap(), SigningKey::from_seed(&[seed; 32]));
        let private = to_base64(&[&[1], [seed; 32].as_slice()].concat());
        let theirs = StandardSigner::new(&format!("PRIVATE+KEY+{name}+{}+{private}", public.vkey().id())).unwrap();
        assert_eq!(theirs.key_id().to_be_bytes(), public.vkey().id().0);
        let text = format!("a text\n\nwith blank lines {seed}\n\n");
        let mut note = Note::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&theirs]).unwrap();
        assert_eq!(String::from_utf8(note.to_bytes()).unwrap(), sign(&text, &[&public]).unwrap());
        assert_eq!(UnverifiedNote::parse(&note.to_bytes()).unwrap().verify(&[public.vkey().clone()]).unwrap().text, text);
    }
}

#[test]
fn a_cosignature_is_a_line_that_signed_note_passes_over_and_verifies_once_taught() {
    RandomLedger::each(SMALL, |random, _| {
        let keys = [random.ledger.vkey().clone(), witness().vkey().clone()];
        for note in random.checkpoints() {
            let text = note.split("\n\n").next().unwrap().to_owned() + "\n";
            let cosigned = note.clone() + &cosign(&witness(), &text, 1_795_000_000).unwrap();
            let read = Note::from_bytes(cosigned.as_bytes()).unwrap();
            let (signed_by, unknown) = read.verify(&their_verifiers(&keys[..1])).unwrap();
            assert_eq!((signed_by.len(), unknown.len()), (1, 1));
            assert_eq!(read.verify(&their_verifiers(&keys)).unwrap().0.len(), 2);
            let checkpoint = UnverifiedCheckpoint::parse(cosigned.as_bytes()).unwrap().verify(random.ledger.origin(), &keys[..1]).unwrap();
            assert_eq!(checkpoint.verify_cosignatures(&keys[1..]).unwrap().len(), 1);
        }
    });
}

#[test]
fn a_note_with_one_thing_changed_is_taken_by_both_or_by_neither() {
    let (mut changed, mut refused) = (0, 0);
    RandomLedger::each(SMALL, |random, chance| {
        let keys = [random.ledger.vkey().clone(), witness().vkey().clone()];
        let theirs = their_verifiers(&keys);
        let notes = random.checkpoints();
        for _ in 0..DAMAGED_NOTES {
            let note = chance.pick(&notes).clone();
            let text = note.split("\n\n").next().unwrap().to_owned() + "\n";
            let cosigned = note + &cosign(&witness(), &text, chance.below(1 << 40)).unwrap();
            let bad = damaged(cosigned.as_bytes(), chance);
            let (ours, others) = verdicts(&bad, &keys, &theirs);
            assert_eq!(ours, others, "{:?}", String::from_utf8_lossy(&bad));
            changed += u64::from(bad != cosigned.as_bytes());
            refused += u64::from(ours == Verdict::Refuses);
        }
    });
    assert!(changed > 150 && refused > changed / 2, "{changed} changed, {refused} refused");
}

/// One bit, byte or line changed, lost, doubled, or in another place.
fn damaged(note: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = note.to_vec();
    let at = chance.place(bytes.len());
    match chance.below(7) {
        0 => bytes[at] ^= 1 << chance.below(7),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, *chance.pick(b"\n\r\0 +=A/\t")),
        3 => bytes.truncate(at),
        4 => bytes[at] = *chance.pick(b"\n =+A0"),
        kind => {
            let text = String::from_utf8(bytes).unwrap();
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            let (from, to) = (chance.place(lines.len()), chance.place(lines.len()));
            match kind {
                5 => lines.swap(from, to),
                _ => lines.insert(to, lines[from]),
            }
            bytes = lines.concat().into_bytes();
        }
    }
    bytes
}
