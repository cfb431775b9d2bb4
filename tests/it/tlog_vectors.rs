//! The floor `tlog` against vectors that others made: proofs of transparency-dev/merkle, the entry format's known answers.

mod format;
mod merkle;
