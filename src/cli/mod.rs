//! Commands: what an operator, an auditor or a script types. Each has its file; printing happens in `output` alone.

pub mod init;
pub mod serve;
pub mod link;
pub mod demo;
pub mod verify;
pub mod reindex;
pub mod backup;
pub mod restore;
pub mod doctor;
pub mod rotate_key;
pub mod import;
pub mod walks;
pub mod client;
pub mod problem;
pub mod sample;
pub mod error;
pub mod output;

use std::error::Error as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::error::CliError;

/// A delegation audit ledger: who authorised what an AI agent did, kept so that nobody has to trust the operator.
#[derive(Debug, Parser)]
#[command(name = "onus", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Serve(serve::ServeArgs),
    Link(link::LinkArgs),
    Demo(demo::DemoArgs),
    Verify(verify::VerifyArgs),
    Reindex(reindex::ReindexArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Doctor(doctor::DoctorArgs),
    RotateKey(rotate_key::RotateKeyArgs),
    Import(import::ImportArgs),
    Walks(walks::WalksArgs),
}

/// Runs the command line; the exit code says how it went. What went wrong is said in one line, with its causes.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Init(args) => init::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Link(args) => link::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Reindex(args) => reindex::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::RotateKey(args) => rotate_key::run(args),
        Command::Import(args) => import::run(args),
        Command::Walks(args) => walks::run(args),
    };
    outcome.unwrap_or_else(|error| {
        output::note(told(&error));
        ExitCode::FAILURE
    })
}

/// An error with everything below it, each cause once.
fn told(error: &CliError) -> String {
    let mut text = format!("onus: {error}");
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        below = cause.source();
    }
    text
}
