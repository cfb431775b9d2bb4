//! The only place that writes to the terminal: results to standard output, everything said about them to standard error.

use std::fmt::Display;
use std::io::Write as _;

use crate::cli::error::CliError;

/// Writes one line of result to standard output; a reader that has gone away is an error, because then the result is lost.
pub fn result(line: impl Display) -> Result<(), CliError> {
    writeln!(std::io::stdout().lock(), "{line}").map_err(|source| CliError::File { path: "standard output".into(), source })
}

/// Writes one line about the work to standard error. That nobody reads it does not stop the work.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
