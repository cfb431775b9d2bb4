//! The one integration binary: what needs the whole crate, or files that lie beside the repository.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where its claim fails, and says what it skipped"
)]

mod shared;
mod chance;
mod call;
mod app;
mod submissions;
mod test_ledger;
mod simulation;
mod api_reads;
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
mod api_lists;
mod adoption;
mod sample_ledger;
mod ui;
mod walk_story;
mod walk_trees;
mod closed_ledger;
mod verify;
mod tamper;
mod rotation;
mod bad_input;
mod bad_wire;
mod limits;
mod hostile;
mod crowd;
mod batches;
mod crash;
mod entitled;
mod program;
mod pages;
mod sent_again;
mod trouble;
mod shapes;
mod recordings;
mod backup;
mod doctor;
mod kept_data;
