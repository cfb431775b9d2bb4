//! Rows of two servers on one directory: the second does not start while the first lives, frozen or not, and starts when it is gone.

use std::process::Command;

use crate::bases::{Base, Bases, Start};
use crate::call::unique;
use crate::program::Program;
use crate::run::{Case, Outcome};
use crate::submissions::action;

/// How the first server fares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Serves,
    IsFrozen,
    WasKilled,
    EndedInOrder,
}

/// Each way, over each directory.
pub(crate) fn cases(bases: &'static Bases) -> Vec<Case> {
    let mut cases = Vec::new();
    let ways = [
        (First::Serves, "serves"),
        (First::IsFrozen, "is frozen"),
        (First::WasKilled, "was killed"),
        (First::EndedInOrder, "has ended in order"),
    ];
    for (way, how) in ways {
        for start in Start::ALL {
            let base = bases.of(start);
            cases.push(Case {
                kind: "two servers on one directory",
                name: format!("{}: a second server while the first {how}", start.name()),
                run: Box::new(move || beside(base, way)),
            });
        }
    }
    cases
}

fn beside(base: &Base, way: First) -> Outcome {
    let mut base = base.copy();
    let first = base.premises.start();
    let client = first.client(&base.premises.admin_token);
    base.story.send_batch(&client, vec![action(&unique("act"), "dlg-never")]);
    let outcome = match way {
        First::Serves => {
            must_not_start(&base);
            base.story.send_batch(&client, vec![action(&unique("act"), "dlg-never")]);
            assert!(first.terminate().success());
            Outcome::Refused
        }
        First::IsFrozen => {
            signal(&first, "-STOP");
            must_not_start(&base);
            signal(&first, "-CONT");
            base.story.send_batch(&client, vec![action(&unique("act"), "dlg-never")]);
            assert!(first.terminate().success());
            Outcome::Refused
        }
        First::WasKilled => {
            first.kill();
            Outcome::Killed
        }
        First::EndedInOrder => {
            assert!(first.terminate().success());
            Outcome::Unnoticed
        }
    };
    base.must_be_whole();
    outcome
}

fn must_not_start(base: &Base) {
    let second = base.premises.start_in_vain();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process is serving"));
    assert!(second.stdout.is_empty(), "it never said that it listens");
}

fn signal(program: &Program, signal: &str) {
    assert!(Command::new("kill").arg(signal).arg(program.id().to_string()).status().unwrap().success());
}
