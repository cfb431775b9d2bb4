//! The one integration binary: what needs the whole crate, or files that lie beside the repository.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where its claim fails, and says what it skipped"
)]

mod shared;
mod call;
mod app;
mod submissions;
mod test_ledger;
mod program;
mod crash;
mod bad_input;
mod bad_wire;
mod sent_again;
mod entitled;
mod batches;
mod tlog_vectors;
mod agentdojo;
mod attribution_rules;
mod sample;
mod import_counts;
mod act_vectors;
mod events;
mod refusals;
mod members_law;
mod tokens;
mod adoption;
mod sample_ledger;
mod ui;
mod walk_story;
mod walk_trees;
