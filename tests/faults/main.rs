//! The crash and fault table: the real program is killed, and its files fail, at every place that one of its lives has; what it
//! acknowledged must be there afterwards, and what it signed must still hold. `docs/FAULTS.md` says what the rows mean.
//!
//! Not a harness of `cargo test`'s own: the cases are counted by kind, and a run that executed none has failed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a case stops where its claim fails, and the run says what it did"
)]

#[path = "../it/call.rs"]
#[expect(dead_code, reason = "one client for all tests: this table does not need all of it")]
mod call;
#[path = "../it/app.rs"]
#[expect(dead_code, unused_imports, reason = "one server in this process for all tests")]
mod app;
#[path = "../it/program.rs"]
#[expect(dead_code, reason = "one way to drive the program for all tests")]
mod program;
#[path = "../it/submissions.rs"]
#[expect(dead_code, reason = "one set of events for all tests")]
mod submissions;
mod fault;
mod injector;
mod plan;
mod life;
mod healed;
mod bases;
mod syscalls;
mod wal_cut;
mod backup;
mod limits;
mod small_disk;
mod two_servers;
mod clock_steps;
mod run;

use std::process::ExitCode;

use crate::run::Run;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.any(|argument| argument == "--list" || (!argument.starts_with('-') && !"faults".contains(&argument))) {
        println!("the fault table is one run: nothing of that name in it");
        return ExitCode::SUCCESS;
    }
    if !Run::is_possible() {
        return ExitCode::SUCCESS;
    }
    let mut run = Run::from_environment();
    // A process that is started holds copies of all open files for a moment, locks included: a server in this process, stopped and
    // started again, would now and then find its own lock taken. These cases come first, and start no process.
    let within = clock_steps::cases();
    let bases = bases::Bases::make();
    let outside = [
        syscalls::cases(&run, bases),
        wal_cut::cases(&run),
        backup::cases(bases),
        limits::cases(bases),
        small_disk::cases(bases),
        two_servers::cases(bases),
    ];
    run.execute([within, outside.into_iter().flatten().collect()]);
    bases::remove_all();
    run.report()
}
