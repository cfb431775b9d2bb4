//! The integration tests: one binary, a module per subject.

mod attribution_rules;
mod sample;
