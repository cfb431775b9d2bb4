//! Tests of `note.rs`: the rules of C2SP.md section 3.5 and the corner cases of 9.4.

use super::*;
use crate::tlog::hash::from_hex;
use crate::tlog::key::{PublicKey, SigningKey};

fn signer(name: &str, byte: u8) -> NoteSigner {
    NoteSigner::new(KeyName::parse(name).unwrap(), SigningKey::from_seed(&[byte; 32]))
}

fn vkey(name: &str, byte: u8) -> Vkey {
    signer(name, byte).vkey().clone()
}

#[track_caller]
fn verify(note: &str, keys: &[Vkey]) -> Result<VerifiedNote, NoteError> {
    UnverifiedNote::parse(note.as_bytes()).expect("of the form").verify(keys)
}

#[test]
fn a_note_is_read_back_with_all_who_signed() {
    let note = sign("line\n\nafter a blank line\n", &[&signer("a", 1), &signer("b", 2)]).unwrap();
    let read = verify(&note, &[vkey("b", 2), vkey("a", 1), vkey("c", 3)]).unwrap();
    assert_eq!(read.text, "line\n\nafter a blank line\n");
    let names: Vec<_> = read.signed_by.iter().map(|one| one.vkey.name().as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(UnverifiedNote::parse(note.as_bytes()).unwrap().verbatim(), note);
}

#[test]
fn a_wrong_signature_by_a_known_key_refuses_the_note_whoever_else_signed() {
    let (a, b) = (signer("a", 1), signer("b", 2));
    let note = sign("text\n", &[&a]).unwrap() + &signature_line(b.vkey(), &b.key().sign(b"another text\n"));
    assert!(verify(&note, &[vkey("a", 1)]).is_ok(), "nothing is known of b here");
    let wrong = NoteError::WrongSignature { name: KeyName::parse("b").unwrap(), id: b.vkey().id() };
    assert_eq!(verify(&note, &[vkey("a", 1), vkey("b", 2)]), Err(wrong));
}

#[test]
fn an_unknown_key_under_a_known_name_is_ignored() {
    let note = sign("text\n", &[&signer("a", 9), &signer("a", 1)]).unwrap();
    assert_eq!(verify(&note, &[vkey("a", 1)]).unwrap().signed_by.len(), 1);
    assert_eq!(verify(&note, &[vkey("a", 2)]), Err(NoteError::NoKnownSignature));
    assert_eq!(verify(&note, &[]), Err(NoteError::NoKnownSignature));
}

#[test]
fn a_line_that_stands_twice_counts_once() {
    let a = signer("a", 1);
    let note = sign("text\n", &[&a, &a]).unwrap() + &signature_line(a.vkey(), &[0; 64]);
    assert_eq!(verify(&note, &[vkey("a", 1), vkey("a", 1)]).unwrap().signed_by.len(), 1);
}

/// Two points of the curve, found by trying 124 271, whose keys under the name `a` share four bytes of SHA-256.
#[test]
fn keys_that_cannot_be_told_apart_are_refused() {
    let twins = [
        "1a33a776696a489e1ffa15c790fa01371ae2ce5fd9369677f9b395ffe4bc4aa8",
        "5f75f901046d0e4d95e0f5329eaf65798dedbca51206029c28a8899b57f412d1",
    ];
    let twins = twins.map(|hex| {
        let key = PublicKey::from_bytes(&from_hex(hex).unwrap()).unwrap();
        Vkey::new(KeyName::parse("a").unwrap(), SignatureType::Ed25519, key)
    });
    assert_eq!(twins[0].id().to_string(), "a806f99d");
    let note = format!("text\n\n{}", signature_line(&twins[0], &[0; 64]));
    let ambiguous = NoteError::AmbiguousKey { name: twins[0].name().clone(), id: twins[1].id() };
    assert_eq!(verify(&note, &twins), Err(ambiguous));
    let wrong = NoteError::WrongSignature { name: twins[0].name().clone(), id: twins[0].id() };
    assert_eq!(verify(&note, &[twins[1].clone(), twins[1].clone()]), Err(wrong));
}

#[test]
fn what_is_not_of_the_form_says_why() {
    let note = sign("text\n", &[&signer("a", 1)]).unwrap();
    let parse = |note: &str| UnverifiedNote::parse(note.as_bytes()).unwrap_err();
    assert_eq!(UnverifiedNote::parse(b"text\xff\n\n"), Err(NoteError::Characters));
    assert_eq!(parse(&note.replace('\n', "\r\n")), NoteError::Characters);
    assert_eq!(parse(&note.replace("text", "te\txt")), NoteError::Characters);
    assert_eq!(parse(note.strip_suffix('\n').unwrap()), NoteError::Malformed);
    assert_eq!(parse(&note.replace("\n\n", "\n")), NoteError::Malformed);
    assert_eq!(parse("text\n\n"), NoteError::Malformed);
    assert_eq!(parse(&format!("{note}\n")), NoteError::Malformed);
    for (from, to) in [("\u{2014} ", "- "), (" a ", " a+b "), (" a ", "  "), (" a ", " "), ("=\n", "\n")] {
        assert_eq!(parse(&note.replace(from, to)), NoteError::SignatureLine { line: 1 }, "{from:?} -> {to:?}");
    }
    assert_eq!(parse(&format!("{note}\u{2014} b AAAAAA==\n")), NoteError::SignatureLine { line: 2 }, "an id and nothing after it");
    let line = "\u{2014} b AAAAAAA=\n";
    assert!(UnverifiedNote::parse((note.clone() + &line.repeat(MAX_SIGNATURES - 1)).as_bytes()).is_ok());
    assert_eq!(parse(&(note.clone() + &line.repeat(MAX_SIGNATURES))), NoteError::TooLong);
    assert_eq!(parse(&("a".repeat(MAX_NOTE_BYTES) + &note)), NoteError::TooLong);
}

#[test]
fn what_would_not_be_read_is_not_signed() {
    let a = signer("a", 1);
    assert_eq!(sign("no newline", &[&a]), Err(NoteError::Malformed));
    assert_eq!(sign("text\n", &[]), Err(NoteError::Malformed));
    assert_eq!(sign("te\rxt\n", &[&a]), Err(NoteError::Characters));
}
