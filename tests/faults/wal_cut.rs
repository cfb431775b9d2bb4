//! Rows of a write-ahead log that was cut after a kill: at every boundary of a frame and within frames. What had been acknowledged
//! is there, or the high-water mark shows that it is not: then nothing is written and nothing is signed.

use std::fs::{self, File};
use std::sync::Arc;

use onus::service::clock::SystemClock;
use onus::service::folder::Folder;
use onus::service::high_water::HighWater;
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::opened::open_entry;
use onus::service::queue::WriterState;
use onus::service::verifier::report::Verdict;
use onus::tlog::hash::to_base64url;
use onus::tlog::position::LeafIndex;

use crate::app::block_on;
use crate::bases::{Base, home};
use crate::call::unique;
use crate::healed::{faults, verification};
use crate::life::Story;
use crate::plan::choose;
use crate::program::Premises;
use crate::run::{Case, Outcome, Run};
use crate::submissions::{action, grant};

const KIND: &str = "WAL cut";
/// Cuts at the end that every run makes.
const LAST: usize = 12;
/// SQLite's file format, section 4.1.
const WAL_HEADER: u64 = 32;
const FRAME: u64 = 24 + 16_384;
/// Where within a frame: at its boundary, in its header, in its page.
const WITHIN: [u64; 5] = [0, 1, 23, 24 + 8_192, FRAME - 1];

/// As many as the run wants.
pub(crate) fn cases(run: &Run) -> Vec<Case> {
    let base: &'static Base = Box::leak(Box::new(killed()));
    let length = fs::metadata(base.premises.data().join("ledger.db-wal")).unwrap().len();
    let cuts = (0..)
        .flat_map(|frame| WITHIN.map(|within| (frame, within)))
        .map(|(frame, within)| (WAL_HEADER + frame * FRAME + within, frame, within));
    let mut all = vec![("WAL cut to nothing".to_owned(), 0), ("WAL cut in its header".to_owned(), WAL_HEADER / 2)];
    all.extend(cuts.take_while(|(at, ..)| *at < length).map(|(at, frame, within)| (format!("WAL cut at frame {frame} + {within}"), at)));
    let most = if run.is_single() { usize::MAX } else { run.wanted / 10 };
    // The last ones always: there nothing that was acknowledged is cut away.
    let last = all.split_off(all.len() - LAST);
    let case = |(name, at): (String, u64)| Case { kind: KIND, name, run: Box::new(move || cut(base, at)) };
    choose(all, most, |(name, _)| name).into_iter().chain(last).map(case).collect()
}

/// A ledger that was killed with all it acknowledged in its WAL.
fn killed() -> Base {
    let mut base = Base { premises: Premises::below(home()), story: Story::default() };
    let program = base.premises.start();
    let client = program.client(&base.premises.admin_token);
    base.story.send_batch(&client, vec![grant("dlg-cut")]);
    for _ in 0..24 {
        base.story.send_batch(&client, vec![action(&unique("act"), "dlg-cut")]);
    }
    // The last frames are a checkpoint's, which a caller was shown: cut away, it must be signed again, byte for byte.
    base.story.send_until_signed(&client, action(&unique("act"), "dlg-cut"));
    base.story.look(&client);
    program.kill();
    base
}

fn cut(base: &Base, at: u64) -> Outcome {
    let cut = base.copy();
    let mark = || HighWater::read(&cut.premises.mark()).unwrap().expect("a mark");
    let acknowledged = mark();
    File::options().write(true).open(cut.premises.data().join("ledger.db-wal")).unwrap().set_len(at).unwrap();
    let before = cut.premises.checkpoints();
    let ledger = open(&cut.premises);
    let (size, state) = (ledger.size(), ledger.state());
    if size == acknowledged.size {
        assert_eq!(state, WriterState::Writing, "all that was acknowledged is there");
        cut.story.must_be_held_by(&ledger);
        drop(ledger);
        cut.must_pass(Verdict::Passed);
        return Outcome::Whole;
    }
    assert!(size < acknowledged.size, "nothing is there that was not");
    assert!(matches!(&state, WriterState::ReadOnly(reason) if reason.contains("rolled back")), "{state:?}");
    drop(ledger);
    assert_eq!(cut.premises.checkpoints(), before, "nothing was signed over the shorter history");
    assert_eq!(mark(), acknowledged, "the mark stays where it was");
    cut.must_pass(Verdict::Failed);

    // What was cut away is found and put back: everything is there, and goes on.
    let healed = base.copy();
    let ledger = open(&healed.premises);
    assert_eq!((ledger.size(), ledger.state()), (acknowledged.size, WriterState::Writing));
    healed.story.must_be_held_by(&ledger);
    drop(ledger);
    healed.must_pass(Verdict::Passed);
    Outcome::ReadOnly
}

impl Base {
    /// Verified, under the key and against what was seen.
    pub(crate) fn must_pass(&self, expected: Verdict) {
        let report = verification(&self.premises, &self.story.checkpoints).run();
        assert_eq!(report.verdict(), expected, "{}", faults(&report));
    }
}

impl Story {
    /// Every entry that was acknowledged, byte for byte, and a checkpoint and an index over all of them.
    pub(crate) fn must_be_held_by(&self, ledger: &Ledger) {
        let size = ledger.size();
        assert!(block_on(ledger.wait_published(size)) && block_on(ledger.wait_indexed(size)), "signed and indexed");
        for receipt in self.sent.iter().filter_map(|sent| sent.receipt.as_ref()) {
            let index = LeafIndex::new(receipt["index"].as_u64().unwrap()).unwrap();
            let entry = ledger.read(|rows| open_entry(rows, index)).unwrap().expect("what was acknowledged is there");
            assert_eq!(receipt["bytes"], to_base64url(&entry.bytes));
            assert_eq!(receipt["leaf_hash"], entry.leaf_hash.to_string());
        }
    }
}

/// Opened in this process: the very function that `onus serve` calls.
pub(crate) fn open(premises: &Premises) -> Ledger {
    let config = LedgerConfig::new(Folder::new(&premises.data()), Arc::new(SystemClock::default()));
    Ledger::open(config).unwrap()
}
