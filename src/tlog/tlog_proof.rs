//! Offline proofs of one entry (C2SP tlog-proof; C2SP.md section 8), the files `….tlog-proof`: index, path and checkpoint in one text.

use std::fmt::Write as _;

use super::checkpoint::{Checkpoint, CheckpointError, Cosignature, UnverifiedCheckpoint, count_witnesses};
use super::decimal::parse_decimal;
use super::entry::Origin;
use super::hash::{LeafHash, NodeHash, from_base64, to_base64};
use super::note::{MAX_NOTE_BYTES, NoteError};
use super::position::LeafIndex;
use super::proof::{InclusionProof, ProofError, verify_inclusion};
use super::proof_lines::{BadLine, ProofLines, push_hashes};
use super::vkey::Vkey;

/// Longest file; most of it would be the note.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + (64 << 10);
const HEADING: &str = "c2sp.org/tlog-proof@v1";

/// A proof taken apart, of which nothing is known yet but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes for the application. Nobody has signed them.
    pub extra: Option<Vec<u8>>,
    /// Where the entry is said to stand.
    pub index: LeafIndex,
    /// The entry's sibling first.
    pub path: Vec<NodeHash>,
    /// Under which root.
    pub checkpoint: UnverifiedCheckpoint,
}

/// Whom a reader believes.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'k> {
    /// The ledger.
    pub origin: &'k Origin,
    /// Its keys.
    pub log_keys: &'k [Vkey],
    /// Those who watch it.
    pub witnesses: &'k [Vkey],
    /// How many different witnesses must have cosigned.
    pub quorum: usize,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The tree that the entry is in.
    pub checkpoint: Checkpoint,
    /// Who else saw that tree.
    pub cosignatures: Vec<Cosignature>,
}

/// Why a proof does not show what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// More than [`MAX_PROOF_BYTES`].
    #[error("a proof has at most {MAX_PROOF_BYTES} bytes")]
    TooLong,
    /// Not of the form.
    #[error(transparent)]
    Malformed(#[from] BadLine),
    /// The checkpoint is not of that log, or not signed by it.
    #[error("the proof's checkpoint is not taken")]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature by a known witness is wrong.
    #[error("a cosignature is not taken")]
    Cosignature(#[source] NoteError),
    /// Too few witnesses.
    #[error("{found} witnesses have cosigned, {needed} must have")]
    Quorum {
        /// How many did.
        found: usize,
        /// How many should have.
        needed: usize,
    },
    /// The entry is not where it is said to be.
    #[error("the entry is not in that tree")]
    Inclusion(#[from] ProofError),
}

impl TlogProof {
    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n");
        let written = match &self.extra {
            Some(extra) => writeln!(text, "extra {}", to_base64(extra)),
            None => Ok(()),
        };
        written.and_then(|()| writeln!(text, "index {}", self.index)).expect("writing to a String cannot fail");
        push_hashes(&self.path, &mut text);
        text.push_str(self.checkpoint.verbatim());
        text
    }

    /// Takes a file apart.
    pub fn parse(file: &[u8]) -> Result<Self, TlogProofError> {
        if file.len() > MAX_PROOF_BYTES {
            return Err(TlogProofError::TooLong);
        }
        let mut lines = ProofLines::new(file);
        if lines.next() != HEADING {
            return Err(lines.refuse("`c2sp.org/tlog-proof@v1`").into());
        }
        let mut line = lines.next();
        let mut extra = None;
        if let Some(bytes) = line.strip_prefix("extra ") {
            extra = Some(from_base64(bytes).ok_or(lines.refuse("`extra` and base64"))?);
            line = lines.next();
        }
        let index = line.strip_prefix("index ").and_then(parse_decimal).and_then(LeafIndex::new);
        let index = index.ok_or(lines.refuse("`index` and a number"))?;
        let path = lines.hashes_and_blank()?;
        Ok(Self { extra, index, path, checkpoint: UnverifiedCheckpoint::parse(lines.rest())? })
    }

    /// Checks, in the order of the specification: the log's signature, the witnesses, the path. The leaf hash is the caller's own.
    pub fn verify(self, leaf: LeafHash, trust: Trust<'_>) -> Result<Proven, TlogProofError> {
        let signed = self.checkpoint.verify(trust.origin, trust.log_keys)?;
        let cosignatures = signed.verify_cosignatures(trust.witnesses).map_err(TlogProofError::Cosignature)?;
        let found = count_witnesses(&cosignatures);
        if found < trust.quorum {
            return Err(TlogProofError::Quorum { found, needed: trust.quorum });
        }
        let checkpoint = signed.checkpoint().clone();
        let proof = InclusionProof { index: self.index, size: checkpoint.size, path: self.path };
        verify_inclusion(&proof, leaf, checkpoint.root)?;
        Ok(Proven { checkpoint, cosignatures })
    }
}

#[cfg(test)]
#[path = "tlog_proof_tests.rs"]
mod tests;
