//! Floor 3: the search index, a tantivy folder that follows the ledger. It answers "which entries", never "what they say":
//! hits are leaf indexes, to be re-read from the ledger and verified there. It may be wiped and rebuilt at any time.

pub mod error;
pub mod field;
pub mod document;
pub mod filter;
mod schema;
mod folder;
mod excluded;
mod query;
pub mod matching;
mod facet;
mod column;
pub mod writer;
pub mod reader;
mod fingerprint;
pub mod audit;

#[cfg(test)]
mod tests;
