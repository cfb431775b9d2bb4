//! Tests of `checkpoint.rs`: the vectors of C2SP.md section 9.2 and what a log or witness could try.

use super::*;
use crate::tlog::cosignature::cosign;
use crate::tlog::key::SigningKey;
use crate::tlog::vkey::KeyName;

const LOG_VKEY: &str = "ledger.example/acme+83b1baac+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3";
const WITNESS_VKEY: &str = "witness.example/w1+e0cd2864+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw";
const NOTE: &str = "ledger.example/acme
7
kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=

\u{2014} ledger.example/acme g7G6rOa5a66YtQpocWlIpJah440ijxkjKaQCzDqkfn0VFMnQCKSfFTgJu6gvU3AcIeJceQK+kYBbxH7qFCKjwM2+wgk=
";
const COSIGNATURE: &str = "\u{2014} witness.example/w1 4M0oZAAAAABo53gAES7yT+/0qEsm0VASwKEg0QUmcX+7h7xjbNEVDv0n1OQo6UFszOOj99m/kABsO6i0PAv0cCmQTEIBIBHOd/o2DA==\n";

fn origin() -> Origin {
    Origin::parse("ledger.example/acme").unwrap()
}

fn keys(text: &str) -> Vec<Vkey> {
    vec![Vkey::parse(text).unwrap()]
}

fn log() -> NoteSigner {
    NoteSigner::new(KeyName::parse("ledger.example/acme").unwrap(), SigningKey::from_seed(&[0x11; 32]))
}

fn witness(name: &str, byte: u8) -> NoteSigner {
    NoteSigner::cosigner(KeyName::parse(name).unwrap(), SigningKey::from_seed(&[byte; 32]))
}

fn seven() -> Checkpoint {
    let root = RootHash::parse_hex("9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d").unwrap();
    Checkpoint { origin: origin(), size: TreeSize::new(7).unwrap(), root }
}

#[track_caller]
fn verify(note: &str) -> Result<SignedCheckpoint, CheckpointError> {
    UnverifiedCheckpoint::parse(note.as_bytes())?.verify(&origin(), &keys(LOG_VKEY))
}

#[test]
fn the_published_checkpoint_is_made_and_read() {
    let made = seven().sign(&[&log()]).unwrap();
    assert_eq!(made.verbatim(), NOTE);
    assert_eq!(verify(NOTE).unwrap(), made);
    let cosigned = verify(&format!("{NOTE}{COSIGNATURE}")).unwrap();
    let witnesses = cosigned.verify_cosignatures(&keys(WITNESS_VKEY)).unwrap();
    assert_eq!(witnesses, [Cosignature { witness: keys(WITNESS_VKEY)[0].clone(), time_s: 1_760_000_000 }]);
    assert_eq!(cosigned.verify_cosignatures(&[]).unwrap(), []);
}

#[test]
fn a_witness_answer_is_added_once_and_only_if_it_holds() {
    let mut signed = verify(NOTE).unwrap();
    assert_eq!(signed.add_cosignatures(COSIGNATURE, &keys(WITNESS_VKEY)).unwrap().len(), 1);
    assert_eq!(signed.verbatim(), format!("{NOTE}{COSIGNATURE}"));
    let later = cosign(&witness("witness.example/w1", 0x22), &seven().to_text(), 1_760_000_001).unwrap();
    let stranger = cosign(&witness("stranger", 0x33), &seven().to_text(), 1).unwrap();
    assert_eq!(signed.add_cosignatures(&format!("{later}{stranger}"), &keys(WITNESS_VKEY)).unwrap(), []);
    let wrong = cosign(&witness("witness.example/w1", 0x22), "another\n", 1).unwrap();
    assert!(matches!(signed.add_cosignatures(&wrong, &keys(WITNESS_VKEY)), Err(NoteError::WrongSignature { .. })));
    assert_eq!(signed.add_cosignatures("", &keys(WITNESS_VKEY)), Err(NoteError::Malformed));
    assert_eq!(signed.verbatim(), format!("{NOTE}{COSIGNATURE}"));
}

#[test]
fn one_line_is_verified_alone() {
    let witness_key = &keys(WITNESS_VKEY)[0];
    assert_eq!(verify_cosignature(&seven().to_text(), COSIGNATURE, witness_key).unwrap().time_s, 1_760_000_000);
    assert!(matches!(verify_cosignature("another\n", COSIGNATURE, witness_key), Err(NoteError::WrongSignature { .. })));
    let stranger = witness("stranger", 0x33);
    assert_eq!(verify_cosignature(&seven().to_text(), COSIGNATURE, stranger.vkey()), Err(NoteError::NoKnownSignature));
}

#[test]
fn a_witness_cannot_speak_for_the_log() {
    let cosigned_only = format!("{}\n{COSIGNATURE}", seven().to_text());
    let unverified = UnverifiedCheckpoint::parse(cosigned_only.as_bytes()).unwrap();
    assert_eq!(unverified.verify(&origin(), &keys(WITNESS_VKEY)), Err(NoteError::NoKnownSignature.into()));
}

#[test]
fn one_key_under_two_names_is_one_witness() {
    let cosignature = |name| Cosignature { witness: witness(name, 0x22).vkey().clone(), time_s: 1 };
    assert_eq!(count_witnesses(&[cosignature("a"), cosignature("b")]), 1);
    assert_eq!(count_witnesses(&[cosignature("a"), Cosignature { witness: witness("b", 0x33).vkey().clone(), time_s: 1 }]), 2);
}

#[test]
fn another_logs_checkpoint_is_refused_though_the_key_has_signed_it() {
    let other = Origin::parse("ledger.example/other").unwrap();
    let note = Checkpoint { origin: other.clone(), ..seven() }.sign(&[&log()]).unwrap();
    assert_eq!(verify(note.verbatim()), Err(CheckpointError::OtherOrigin { expected: origin(), found: other }));
}

#[test]
fn extension_lines_are_signed_and_mean_nothing() {
    let text = format!("{}an extension\n", seven().to_text());
    let note = sign(&text, &[&log()]).unwrap();
    assert_eq!(verify(&note).unwrap().checkpoint(), &seven());
    assert!(matches!(verify(&note.replace("an ext", "no ext")), Err(CheckpointError::Note(NoteError::WrongSignature { .. }))));
    let blank = sign(&format!("{}\nextension\n", seven().to_text()), &[&log()]).unwrap();
    assert!(matches!(verify(&blank), Err(CheckpointError::Malformed { line: 4, .. })));
}

#[test]
fn a_text_that_is_no_checkpoint_says_which_line() {
    let cases = [
        ("Ledger\n7\n", 1),
        ("\n7\n", 1),
        ("ledger.example/acme\n07\n", 2),
        ("ledger.example/acme\n+7\n", 2),
        ("ledger.example/acme\n7 \n", 2),
        ("ledger.example/acme\n9223372036854775808\n", 2),
        ("ledger.example/acme\n", 2),
    ];
    for (start, line) in cases {
        let note = sign(&format!("{start}kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n"), &[&log()]).unwrap();
        assert!(matches!(verify(&note), Err(CheckpointError::Malformed { line: found, .. }) if found == line), "{start:?}");
    }
    for root in ["", "kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0", "kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWA=="] {
        let note = sign(&format!("ledger.example/acme\n7\n{root}\n"), &[&log()]).unwrap();
        assert!(matches!(verify(&note), Err(CheckpointError::Malformed { line: 3, .. })), "{root}");
    }
    let empty = Checkpoint { size: TreeSize::ZERO, ..seven() }.sign(&[&log()]).unwrap();
    assert_eq!(verify(empty.verbatim()), Err(CheckpointError::EmptyRoot));
    let empty = Checkpoint { size: TreeSize::ZERO, root: RootHash::empty(), ..seven() }.sign(&[&log()]).unwrap();
    assert_eq!(verify(empty.verbatim()), Ok(empty));
}
