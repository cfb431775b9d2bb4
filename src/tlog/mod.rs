//! Floor 1: the ledger as mathematics. Hashes, canonical JSON, entries, commitments, the RFC 6962 tree, its proofs,
//! signed notes, checkpoints and tiles. It knows nothing of audit words, of files or clocks, nor of what an event means.

pub mod hash;
pub mod time;
pub mod position;
pub mod decimal;
pub mod json;
mod json_numbers;
pub mod entry;
mod entry_scanner;
pub mod member;
pub mod disclosure;
pub mod commitment;
pub mod tree;
pub mod proof;
pub mod tile;
pub mod tile_nodes;
pub mod key;
pub mod jwk;
pub mod vkey;
pub mod key_rotation;
pub mod note;
pub mod checkpoint;
pub mod cosignature;
pub mod proof_lines;
pub mod tlog_proof;
pub mod witness;
pub mod sd_jwt;
