//! Commands.

pub mod client;
pub mod error;
pub mod import;
pub mod output;
pub mod problem;
pub mod walks;

/// Runs the command line; the exit code says how it went.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
