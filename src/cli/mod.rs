//! Commands.

/// Runs the command line; the exit code says how it went.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
