//! The integration tests: one binary, a module per subject.

mod agentdojo;
mod attribution_rules;
mod sample;
mod shared;
