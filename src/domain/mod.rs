//! Floor 2: the audit words. Events as types, and everything the ledger concludes from them, as pure functions: assessment,
//! attribution, the walk. It knows nothing of files, clocks, chance or HTTP.

pub mod ids;
pub mod delegation;
pub mod action;
pub mod event;
pub mod finding;
pub mod field_error;
pub mod limits;
pub mod fields;
pub mod parse;
mod parse_action;
mod parse_delegation;
pub mod contents;
pub mod members;
pub mod report;
pub mod jwks;
pub mod token;
pub mod token_error;
pub mod pointer;
pub mod toml_file;
pub mod issuers;
pub mod settings;
pub mod catalogue;
mod catalogue_file;
pub mod sentence;
pub mod past;
pub mod scope;
pub mod bound;
pub mod narrowing;
pub mod chain;
pub mod standing;
pub mod assessment;
mod assess_delegation;
mod assess_action;
mod assess_constraints;
mod authority;
mod required_scope;
pub mod frozen;
mod consent;
mod disagreement;
pub mod memory;
pub mod occurrence;
pub mod provenance;
pub mod attribution;
pub mod credential;
pub mod credential_terms;
pub mod person;
pub mod diff;
pub mod reading;
pub mod walk_steps;
pub(crate) mod told;
mod statement;
pub mod walk;
#[cfg(test)]
mod test_world;
#[cfg(test)]
mod assessment_tests;
