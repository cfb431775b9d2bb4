//! Rows of an old copy put back: the file, the whole directory, or the directory together with its mark, from every earlier state
//! over every later one. The mark shows the first two, and nothing is written; the third only a checkpoint shows that was kept.

use std::fs;

use onus::service::queue::WriterState;
use onus::service::verifier::report::Verdict;

use crate::bases::{Base, Bases, Start};
use crate::call::unique;
use crate::program::copy_folder;
use crate::run::{Case, Outcome};
use crate::submissions::action;
use crate::wal_cut::open;

/// States of one ledger, each a life later than the one before.
const STATES: usize = 7;

/// What is put back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    File,
    Directory,
    DirectoryAndMark,
}

/// Every pair of states, with everything that can be put back.
pub(crate) fn cases(bases: &'static Bases) -> Vec<Case> {
    let mut states = vec![bases.of(Start::Again).copy()];
    while states.len() < STATES {
        let mut next = states.last().unwrap().copy();
        next.live();
        states.push(next);
    }
    let states: &'static [Base] = states.leak();
    let mut cases = Vec::new();
    for (back, what) in [(Back::File, "file"), (Back::Directory, "directory"), (Back::DirectoryAndMark, "directory and mark")] {
        for new in 1..STATES {
            for old in 0..new {
                let (old_state, new_state) = (&states[old], &states[new]);
                cases.push(Case {
                    kind: "old backup put back",
                    name: format!("{what} of state {old} put back over state {new}"),
                    run: Box::new(move || put_back(old_state, new_state, back)),
                });
            }
        }
    }
    cases
}

fn put_back(old: &Base, new: &Base, back: Back) -> Outcome {
    let mut restored = new.copy();
    let data = restored.premises.data();
    if back == Back::File {
        fs::copy(old.premises.data().join("ledger.db"), data.join("ledger.db")).unwrap();
    } else {
        fs::remove_dir_all(&data).unwrap();
        copy_folder(&old.premises.data(), &data);
    }
    if back == Back::DirectoryAndMark {
        fs::copy(old.premises.mark(), restored.premises.mark()).unwrap();
        return unnoticed_until_a_checkpoint_is_shown(&restored, new);
    }
    let (size, checkpoints) = (restored.premises.size(), restored.premises.checkpoints());
    let program = restored.premises.start();
    let client = program.client(&restored.premises.admin_token);
    client.post("/v1/actions", &action(&unique("act"), "dlg-never")).problem("ledger_read_only");
    assert_eq!(client.get("/readyz").status, 503, "and loud");
    assert_eq!(client.get("/v1/entries/0").status, 200, "what is there is still read");
    assert!(program.terminate().success());
    assert_eq!((restored.premises.size(), restored.premises.checkpoints()), (size, checkpoints), "nothing was written or signed");
    restored.must_pass(Verdict::Failed);

    // The newest copy put back: it goes on.
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&new.premises.data(), &data);
    restored.must_be_whole();
    Outcome::ReadOnly
}

/// As when a whole machine is taken back: nothing here remembers more. Whoever was shown a checkpoint does.
fn unnoticed_until_a_checkpoint_is_shown(restored: &Base, new: &Base) -> Outcome {
    let ledger = open(&restored.premises);
    assert_eq!(ledger.state(), WriterState::Writing);
    drop(ledger);
    let (_, newest) = new.premises.checkpoints().pop().unwrap();
    let report = crate::healed::verification(&restored.premises, &[newest]).run();
    assert_eq!(report.verdict(), Verdict::Failed, "the checkpoint that was kept shows it");
    let others = crate::healed::verification(&restored.premises, &[]).run();
    assert_eq!(others.verdict(), Verdict::Passed, "and nothing else does: {}", crate::healed::faults(&others));
    Outcome::Unnoticed
}
