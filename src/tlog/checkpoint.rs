//! Checkpoints (C2SP tlog-checkpoint; C2SP.md section 4): a ledger's word for its size and root, signed and cosigned.

use super::decimal::parse_decimal;
use super::entry::Origin;
use super::hash::RootHash;
use super::note::{NoteError, SignedBy, UnverifiedNote, parse_signature_lines, sign, signed_by};
use super::position::TreeSize;
use super::vkey::{NoteSigner, Vkey};

/// The three lines that a log vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: Origin,
    /// How many entries.
    pub size: TreeSize,
    /// The root of the tree over them.
    pub root: RootHash,
}

/// A note that has the form of a checkpoint. Nothing of it can be read before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedCheckpoint {
    note: UnverifiedNote,
    checkpoint: Checkpoint,
}

/// A checkpoint that its log has signed, and the note word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: UnverifiedNote,
}

/// A cosignature that holds: the witness saw this tree at that time, and nothing that contradicts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Under which of the reader's keys.
    pub witness: Vkey,
    /// In seconds since 1970, at most 2^63−1.
    pub time_s: u64,
}

/// Why a checkpoint is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not origin, size and root.
    #[error("line {line} of the checkpoint is not {expected}")]
    Malformed {
        /// From 1.
        line: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// The tree of size 0 has one root only.
    #[error("the root of size 0 is not that of the empty tree")]
    EmptyRoot,
    /// Another log's.
    #[error("the checkpoint is of {found}, not of {expected}")]
    OtherOrigin {
        /// Whose is wanted.
        expected: Origin,
        /// Whose it is.
        found: Origin,
    },
}

impl Checkpoint {
    /// The text that is signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let malformed = |line, expected| CheckpointError::Malformed { line, expected };
        let mut line = || lines.next().unwrap_or_default();
        let origin = Origin::parse(line()).ok_or(malformed(1, "an origin"))?;
        let size = parse_decimal(line()).and_then(TreeSize::new).ok_or(malformed(2, "a size"))?;
        let root = RootHash::parse_base64(line()).ok_or(malformed(3, "a root hash in base64"))?;
        // Extension lines carry no meaning here, but an empty one could be taken for the end of the text.
        if let Some(empty) = lines.position(str::is_empty) {
            return Err(malformed(empty + 4, "an extension"));
        }
        if size == TreeSize::ZERO && root != RootHash::empty() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root })
    }

    /// Signs it. A log must never sign two that no consistency proof joins: the caller has looked.
    pub fn sign(self, signers: &[&NoteSigner]) -> Result<SignedCheckpoint, NoteError> {
        let note = UnverifiedNote::parse(sign(&self.to_text(), signers)?.as_bytes())?;
        Ok(SignedCheckpoint { checkpoint: self, note })
    }
}

impl UnverifiedCheckpoint {
    /// Takes a note apart, verbatim to its end.
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        let note = UnverifiedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// The note as it came, to be passed on.
    pub fn verbatim(&self) -> &str {
        self.note.verbatim()
    }

    /// Checks that it is of the log expected and signed by one of that log's keys. Keys of witnesses do not count here.
    pub fn verify(self, origin: &Origin, log_keys: &[Vkey]) -> Result<SignedCheckpoint, CheckpointError> {
        if self.checkpoint.origin != *origin {
            return Err(CheckpointError::OtherOrigin { expected: origin.clone(), found: self.checkpoint.origin });
        }
        let signed_by = self.note.verify(log_keys)?.signed_by;
        if signed_by.iter().all(|one| one.cosigned_at.is_some()) {
            return Err(NoteError::NoKnownSignature.into());
        }
        Ok(SignedCheckpoint { checkpoint: self.checkpoint, note: self.note })
    }
}

impl SignedCheckpoint {
    /// What was signed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, with all its signatures.
    pub fn verbatim(&self) -> &str {
        self.note.verbatim()
    }

    /// The cosignatures by witnesses that the reader knows; a wrong one by any of them is an error. Others mean nothing.
    pub fn verify_cosignatures(&self, witnesses: &[Vkey]) -> Result<Vec<Cosignature>, NoteError> {
        Ok(only_cosignatures(self.note.signed_by(witnesses)?))
    }

    /// Appends what a witness answered, as far as the reader knows its key; a wrong signature by a known one changes nothing and is an error.
    ///
    /// Returns what was added. A later cosignature of the same witness is not: the note would say two times for one key.
    pub fn add_cosignatures(&mut self, answer: &str, witnesses: &[Vkey]) -> Result<Vec<Cosignature>, NoteError> {
        let lines = parse_signature_lines(answer)?;
        let known = self.verify_cosignatures(witnesses)?;
        let mut added = Vec::new();
        let mut note = self.note.verbatim().to_owned();
        for (line, text) in lines.iter().zip(answer.split_inclusive('\n')) {
            let found = only_cosignatures(signed_by(self.note.text(), std::slice::from_ref(line), witnesses)?);
            for cosignature in found {
                if known.iter().chain(&added).all(|one| one.witness != cosignature.witness) {
                    note.push_str(text);
                    added.push(cosignature);
                }
            }
        }
        self.note = UnverifiedNote::parse(note.as_bytes())?;
        Ok(added)
    }
}

/// The cosignature that one signature line holds over the text of a checkpoint, if `witness` made it.
pub fn verify_cosignature(checkpoint_text: &str, line: &str, witness: &Vkey) -> Result<Cosignature, NoteError> {
    let lines = parse_signature_lines(&format!("{}\n", line.strip_suffix('\n').unwrap_or(line)))?;
    let found = signed_by(checkpoint_text, &lines, std::slice::from_ref(witness))?;
    only_cosignatures(found).pop().ok_or(NoteError::NoKnownSignature)
}

/// How many different keys have cosigned: one key under two names is one witness.
pub fn count_witnesses(cosignatures: &[Cosignature]) -> usize {
    let mut keys: Vec<_> = cosignatures.iter().map(|one| one.witness.public_key().as_bytes()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}

fn only_cosignatures(signed_by: Vec<SignedBy>) -> Vec<Cosignature> {
    let cosignature = |one: SignedBy| Some(Cosignature { time_s: one.cosigned_at?, witness: one.vkey });
    signed_by.into_iter().filter_map(cosignature).collect()
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
