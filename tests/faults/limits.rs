//! Rows of RLIMIT_FSIZE: no file may grow past a limit. The kernel's signal kills the server, or, where it is ignored, its writes
//! fail with an error that is no full disk.

use std::process::Command;

use crate::bases::{Base, Bases, Start};
use crate::injector::has;
use crate::life::EXIT_OUTCOME_UNKNOWN;
use crate::run::{Case, Outcome};

/// SIGXFSZ.
const FILE_SIZE_EXCEEDED: i32 = 25;
/// Limits, in bytes: from what the ledger's file had at first.
const FROM: u64 = 16_384;
const STEP: u64 = 16_384;
const STEPS: u64 = 40;

/// Each limit, with the signal and without.
pub(crate) fn cases(bases: &'static Bases) -> Vec<Case> {
    if !has("prlimit") {
        println!("no prlimit here: no case of RLIMIT_FSIZE");
        return Vec::new();
    }
    let mut cases = Vec::new();
    for (is_ignored, how) in [(false, "killed by its signal"), (true, "its signal ignored")] {
        for start in [Start::First, Start::AfterKill] {
            for bytes in (0..STEPS).map(|step| FROM + step * STEP) {
                let base = bases.of(start);
                cases.push(Case {
                    kind: "RLIMIT_FSIZE",
                    name: format!("{}: no file over {bytes} bytes, {how}", start.name()),
                    run: Box::new(move || limited(base, bytes, is_ignored)),
                });
            }
        }
    }
    cases
}

fn limited(base: &Base, bytes: u64, is_ignored: bool) -> Outcome {
    let mut base = base.copy();
    let served = base.premises.serve();
    let trap = if is_ignored { r#"trap "" XFSZ; "# } else { "" };
    let mut command = Command::new("sh");
    let script = format!(r#"{trap}limit="$0"; exec prlimit --fsize="$limit" "$@""#);
    command.args(["-c", &script, &bytes.to_string()]).arg(served.get_program()).args(served.get_args());
    let ended = base.story.live(&base.premises, command);
    let outcome = match (ended.status.code(), std::os::unix::process::ExitStatusExt::signal(&ended.status)) {
        (None, signal) => {
            assert!(signal == Some(FILE_SIZE_EXCEEDED) && !is_ignored, "{}", ended.status);
            Outcome::Killed
        }
        (Some(_), _) if !ended.listened => Outcome::NotStarted,
        (Some(EXIT_OUTCOME_UNKNOWN), _) => Outcome::UnknownAndGone,
        (Some(0), _) if base.story.has_refusals => Outcome::Refused,
        (Some(0), _) => Outcome::Unnoticed,
        (Some(_), _) => panic!("{}", ended.status),
    };
    let unknowns = base.must_be_whole();
    if outcome == Outcome::UnknownAndGone && unknowns.there > 0 { Outcome::UnknownAndThere } else { outcome }
}
