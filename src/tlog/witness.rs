//! What a log sends a witness to get a cosignature (C2SP tlog-witness; C2SP.md section 7.1): the body of `add-checkpoint`. Sending it is not done here.

use super::checkpoint::{CheckpointError, UnverifiedCheckpoint};
use super::decimal::parse_decimal;
use super::hash::NodeHash;
use super::position::TreeSize;
use super::proof_lines::{BadLine, ProofLines, push_hashes};
use super::tlog_proof::MAX_PROOF_BYTES;

/// A request to cosign. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness last cosigned, 0 for never.
    pub old: TreeSize,
    /// The consistency proof from there; empty from 0, and when nothing was added.
    pub path: Vec<NodeHash>,
    /// The checkpoint to cosign.
    pub checkpoint: UnverifiedCheckpoint,
}

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Longer than anything that is read.
    #[error("a request has at most {MAX_PROOF_BYTES} bytes")]
    TooLong,
    /// A line in front of the checkpoint.
    #[error(transparent)]
    Malformed(#[from] BadLine),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl AddCheckpoint {
    /// The body; `checkpoint` is the note verbatim.
    pub fn body(old: TreeSize, path: &[NodeHash], checkpoint: &str) -> String {
        let mut text = format!("old {old}\n");
        push_hashes(path, &mut text);
        text.push_str(checkpoint);
        text
    }

    /// Takes a body apart.
    pub fn parse(body: &[u8]) -> Result<Self, AddCheckpointError> {
        if body.len() > MAX_PROOF_BYTES {
            return Err(AddCheckpointError::TooLong);
        }
        let mut lines = ProofLines::new(body);
        let old = lines.next().strip_prefix("old ").and_then(parse_decimal).and_then(TreeSize::new);
        let old = old.ok_or(lines.refuse("`old` and a size"))?;
        let path = lines.hashes_and_blank()?;
        Ok(Self { old, path, checkpoint: UnverifiedCheckpoint::parse(lines.rest())? })
    }
}

/// The size in a witness's answer 409: a decimal number and a newline.
pub fn parse_size_answer(body: &str) -> Option<TreeSize> {
    parse_decimal(body.strip_suffix('\n')?).and_then(TreeSize::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C2SP.md section 9.2.
    const BODY: &str = "old 3
BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=
J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=
LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=
5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=

ledger.example/acme
7
kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=

\u{2014} ledger.example/acme g7G6rOa5a66YtQpocWlIpJah440ijxkjKaQCzDqkfn0VFMnQCKSfFTgJu6gvU3AcIeJceQK+kYBbxH7qFCKjwM2+wgk=
";

    #[test]
    fn the_published_request_is_read_and_written() {
        let request = AddCheckpoint::parse(BODY.as_bytes()).unwrap();
        assert_eq!((request.old.get(), request.path.len()), (3, 4));
        assert_eq!(AddCheckpoint::body(request.old, &request.path, request.checkpoint.verbatim()), BODY);
    }

    #[test]
    fn what_is_not_of_the_form_says_which_line() {
        for (from, to, line) in [("old 3", "old 03", 1), ("old 3", "old 9223372036854775808", 1), ("old", "Old", 1), ("Kg=", "Kg", 2)] {
            let refused = AddCheckpoint::parse(BODY.replacen(from, to, 1).as_bytes());
            assert!(matches!(refused, Err(AddCheckpointError::Malformed(BadLine { line: found, .. })) if found == line), "{to}");
        }
        assert!(matches!(AddCheckpoint::parse(BODY.trim_end().as_bytes()), Err(AddCheckpointError::Checkpoint(_))));
        assert_eq!(AddCheckpoint::parse(&vec![b'o'; MAX_PROOF_BYTES + 1]), Err(AddCheckpointError::TooLong));
    }

    #[test]
    fn the_size_that_a_witness_answers_is_read() {
        assert_eq!(parse_size_answer("70000\n"), TreeSize::new(70_000));
        for refused in ["70000", "070000\n", "\n", "7\n\n"] {
            assert_eq!(parse_size_answer(refused), None, "{refused:?}");
        }
    }
}
