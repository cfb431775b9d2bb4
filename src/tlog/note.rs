//! Signed notes (C2SP signed-note; C2SP.md section 3): a text and lines of signatures. What the text says is not known here.

use std::fmt::Write as _;

use super::cosignature;
use super::hash::{from_base64, to_base64};
use super::vkey::{KeyId, KeyName, NoteSigner, SignatureType, Vkey};

/// Most signature lines of a note.
pub const MAX_SIGNATURES: usize = 100;
/// Longest note.
pub const MAX_NOTE_BYTES: usize = 1 << 20;
/// An em dash and a space begin each signature line.
const MARK: &str = "\u{2014} ";

/// A note taken apart, of which nothing is known yet but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedNote {
    verbatim: String,
    text_bytes: usize,
    signatures: Vec<SignatureLine>,
}

/// One signature, and whose it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key's name.
    pub name: KeyName,
    /// The key's id.
    pub id: KeyId,
    /// What follows the id.
    pub signature: Vec<u8>,
}

/// A note that at least one of the reader's keys signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNote {
    /// The text, with its last newline.
    pub text: String,
    /// Who signed it: each of the reader's keys at most once.
    pub signed_by: Vec<SignedBy>,
}

/// One signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// Under which of the reader's keys.
    pub vkey: Vkey,
    /// When a witness says it saw the text, in seconds since 1970.
    pub cosigned_at: Option<u64>,
}

/// Why a note is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`MAX_NOTE_BYTES`] or [`MAX_SIGNATURES`].
    #[error("a note has at most {MAX_NOTE_BYTES} bytes and {MAX_SIGNATURES} signatures")]
    TooLong,
    /// Not UTF-8, or a control character in it.
    #[error("a note is UTF-8 without control characters")]
    Characters,
    /// No blank line, or none with signatures after it.
    #[error("a note is a text, a blank line and lines of signatures")]
    Malformed,
    /// One signature line is not of the form.
    #[error("signature line {line} is not `\u{2014} name base64`")]
    SignatureLine {
        /// From 1.
        line: usize,
    },
    /// A key that the reader knows did not make its signature: reason enough to take nothing of it.
    #[error("the signature by {name} ({id}) is wrong")]
    WrongSignature {
        /// Whose.
        name: KeyName,
        /// Which key.
        id: KeyId,
    },
    /// The reader's keys cannot be told apart.
    #[error("two different keys share the name {name} and the id {id}")]
    AmbiguousKey {
        /// Their name.
        name: KeyName,
        /// Their id.
        id: KeyId,
    },
    /// Nobody the reader knows has signed.
    #[error("no known key has signed")]
    NoKnownSignature,
}

/// Signs `text` for each signer in turn; it must end in a newline and hold no control character, and someone must sign.
pub fn sign(text: &str, signers: &[&NoteSigner]) -> Result<String, NoteError> {
    if !text.ends_with('\n') || signers.is_empty() {
        return Err(NoteError::Malformed);
    }
    check_characters(text)?;
    let mut note = format!("{text}\n");
    for signer in signers {
        note.push_str(&signature_line(signer.vkey(), &signer.key().sign(text.as_bytes())));
    }
    Ok(note)
}

/// `— name base64(id ‖ signature)` and a newline.
pub(super) fn signature_line(vkey: &Vkey, signature: &[u8]) -> String {
    let blob = [vkey.id().0.as_slice(), signature].concat();
    let mut line = String::new();
    writeln!(line, "{MARK}{} {}", vkey.name(), to_base64(&blob)).expect("writing to a String cannot fail");
    line
}

impl UnverifiedNote {
    /// Takes a note apart.
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let verbatim = std::str::from_utf8(note).map_err(|_| NoteError::Characters)?.to_owned();
        check_characters(&verbatim)?;
        // The last blank line: the text may hold others.
        let text_bytes = verbatim.rfind("\n\n").ok_or(NoteError::Malformed)? + 1;
        let signatures = parse_signature_lines(&verbatim[text_bytes + 1..])?;
        Ok(Self { verbatim, text_bytes, signatures })
    }

    /// What was signed, if anyone signed it.
    pub(super) fn text(&self) -> &str {
        &self.verbatim[..self.text_bytes]
    }

    /// The whole note as it came.
    pub fn verbatim(&self) -> &str {
        &self.verbatim
    }

    /// Checks every signature by one of `keys`. One wrong one refuses the note; lines of others mean nothing; someone must have signed.
    pub fn verify(&self, keys: &[Vkey]) -> Result<VerifiedNote, NoteError> {
        let signed_by = self.signed_by(keys)?;
        if signed_by.is_empty() {
            return Err(NoteError::NoKnownSignature);
        }
        Ok(VerifiedNote { text: self.text().to_owned(), signed_by })
    }

    /// As [`verify`](Self::verify), but nobody need have signed.
    pub(super) fn signed_by(&self, keys: &[Vkey]) -> Result<Vec<SignedBy>, NoteError> {
        signed_by(self.text(), &self.signatures, keys)
    }
}

/// Who of `keys` made which of `lines` over `text`; each key is counted once, however often its line stands there.
pub(super) fn signed_by(text: &str, lines: &[SignatureLine], keys: &[Vkey]) -> Result<Vec<SignedBy>, NoteError> {
    let mut found: Vec<SignedBy> = Vec::new();
    for line in lines {
        let Some(vkey) = known_key(line, keys)? else { continue };
        if found.iter().any(|one| one.vkey == *vkey) {
            continue;
        }
        let wrong = || NoteError::WrongSignature { name: line.name.clone(), id: line.id };
        let cosigned_at = match vkey.signature_type() {
            SignatureType::Ed25519 => vkey.public_key().verifies(text.as_bytes(), &line.signature).then_some(None),
            SignatureType::Cosignature => cosignature::verify(text, &line.signature, vkey.public_key()).map(Some),
        };
        found.push(SignedBy { vkey: vkey.clone(), cosigned_at: cosigned_at.ok_or_else(wrong)? });
    }
    Ok(found)
}

fn known_key<'k>(line: &SignatureLine, keys: &'k [Vkey]) -> Result<Option<&'k Vkey>, NoteError> {
    let mut known = keys.iter().filter(|key| *key.name() == line.name && key.id() == line.id);
    let first = known.next();
    match first {
        Some(key) if known.any(|other| other != key) => Err(NoteError::AmbiguousKey { name: line.name.clone(), id: line.id }),
        _ => Ok(first),
    }
}

/// The lines of a note's end, or of a witness's answer: at least one, each with its newline.
pub(super) fn parse_signature_lines(lines: &str) -> Result<Vec<SignatureLine>, NoteError> {
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::TooLong);
    }
    let parse = |(i, line): (usize, &str)| SignatureLine::parse(line).ok_or(NoteError::SignatureLine { line: i + 1 });
    lines.split('\n').enumerate().map(parse).collect()
}

impl SignatureLine {
    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(MARK)?.split_once(' ')?;
        let blob = from_base64(blob)?;
        let (id, signature) = blob.split_first_chunk::<4>()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self { name: KeyName::parse(name)?, id: KeyId(*id), signature: signature.to_vec() })
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') { Err(NoteError::Characters) } else { Ok(()) }
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
