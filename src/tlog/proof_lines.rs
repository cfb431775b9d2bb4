//! The lines in front of a checkpoint, in the texts that carry a proof and a checkpoint: hashes, then a blank line, then the note.

use super::hash::NodeHash;
use super::proof::MAX_PATH_HASHES;

/// A line that is not of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not {expected}")]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

/// Reads line by line.
pub(super) struct ProofLines<'f> {
    rest: &'f [u8],
    number: usize,
}

impl<'f> ProofLines<'f> {
    pub(super) const fn new(file: &'f [u8]) -> Self {
        Self { rest: file, number: 0 }
    }

    /// The next line without its newline. What is not a whole line of text is given as a text that no form begins with.
    pub(super) fn next(&mut self) -> &'f str {
        const NO_LINE: &str = "\0";
        self.number += 1;
        let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') else { return NO_LINE };
        let line = std::str::from_utf8(&self.rest[..end]).unwrap_or(NO_LINE);
        self.rest = &self.rest[end + 1..];
        line
    }

    /// At most 63 lines of hashes, and the blank line after them.
    pub(super) fn hashes_and_blank(&mut self) -> Result<Vec<NodeHash>, BadLine> {
        let mut hashes = Vec::new();
        loop {
            match self.next() {
                "" => return Ok(hashes),
                _ if hashes.len() == MAX_PATH_HASHES => return Err(self.refuse("the blank line after at most 63 hashes")),
                line => hashes.push(NodeHash::parse_base64(line).ok_or(self.refuse("a hash in base64, or blank"))?),
            }
        }
    }

    /// What follows the lines read.
    pub(super) const fn rest(&self) -> &'f [u8] {
        self.rest
    }

    /// Refuses the line just read.
    pub(super) const fn refuse(&self, expected: &'static str) -> BadLine {
        BadLine { line: self.number, expected }
    }
}

/// Appends the hashes, one a line, and the blank line.
pub(super) fn push_hashes(hashes: &[NodeHash], text: &mut String) {
    for hash in hashes {
        text.push_str(&hash.to_base64());
        text.push('\n');
    }
    text.push('\n');
}
