//! Where an entry stands and how far that is proved, put into words: the checks that the server made for this very page.

use crate::service::ledger::Ledger;
use crate::service::opened::OpenedEntry;
use crate::tlog::checkpoint::Checkpoint;
use crate::ui::action::Proof;
use crate::ui::integrity::{CheckLine, CheckState};
use crate::ui::part::{Badge, Copyable, Tone};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::{link, words};

const COVERED: &str = "For this page the payload was opened against its commitment, the entry hashed, and the hashes followed to the \
    root of a signed checkpoint.";
const NOT_YET_COVERED: &str = "The payload was opened against its commitment and the link to the entry before it holds. No checkpoint \
    covers the entry yet: one is signed within seconds.";

/// The address of an entry's `.tlog-proof`.
pub fn proof_address(index: u64) -> String {
    format!("/entries/{index}/tlog-proof")
}

/// How to check a ledger without this server.
pub fn verify_command(ledger: &Ledger) -> Copyable {
    Copyable::new(format!("onus verify --data DIR --vkey '{}' --deep", ledger.vkey()))
}

/// How far the entry's place is proved; `checkpoint` covers it and has been verified, as have payload and link.
pub fn proof(entry: &OpenedEntry, checkpoint: Option<&Checkpoint>, ledger: &Ledger) -> Proof {
    let index = entry.index.get();
    let mut facts = vec![Fact::new("Leaf hash", Copyable::new(entry.leaf_hash.to_string()))];
    let (state, said) = if let Some(checkpoint) = checkpoint {
        facts.push(Fact::new("Under checkpoint of size", Copyable::number(checkpoint.size.get())));
        facts.push(Fact::new("Root hash", Copyable::new(checkpoint.root.to_base64())));
        (Badge::new(Tone::Ok, "RECOMPUTED"), COVERED)
    } else {
        (Badge::new(Tone::Unknown, "NOT YET UNDER A CHECKPOINT"), NOT_YET_COVERED)
    };
    Proof { state, words: said.into(), facts, download: checkpoint.map(|_| proof_address(index)), command: verify_command(ledger) }
}

/// The checks of one entry, each with what it covered.
pub fn checks(entry: &OpenedEntry, checkpoint: Option<&Checkpoint>) -> Vec<CheckLine> {
    let members = words::counted(entry.members.len() as u64, "member", "members");
    let line = |name, state, covered: Sentence| CheckLine { name, state, covered };
    let link_to = match entry.index.before() {
        Some(before) => Sentence::new("1 of 1, ").link(format!("entry {}", words::number(before.get())), link::entry(before.get())),
        None => "1 of 1, the first entry".into(),
    };
    vec![
        line("The payload opens against its commitment", CheckState::Passed, members.into()),
        line("The entry names the one before it", CheckState::Passed, link_to),
        match checkpoint {
            Some(checkpoint) => {
                let covered = format!("1 of 1, at tree size {}", words::number(checkpoint.size.get()));
                line("The entry is under a signed checkpoint", CheckState::Passed, covered.into())
            }
            None => line("The entry is under a signed checkpoint", CheckState::NotRun, "none covers it yet".into()),
        },
    ]
}
