//! Whole lives of a ledger drawn by chance, against a plain model: people, agents, delegations good and bad, actions, late facts,
//! repetitions, revocations, clocks that are set, crashes, also in the midst of writing, reopenings, lost indexes.
//!
//! In the test command: the seeds from 1 on. `ONUS_SIM_SEED=7 cargo test --test it simulation` lives life 7 again;
//! `ONUS_SIM_LIVES=1000` lives so many, from the seed given or else from one that is new in every run.

mod world;
mod drawn;
mod rules;
mod model;
mod look;
mod life;

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::simulation::life::{Life, steps_of};

/// Lives in the test command.
const LIVES: u64 = 10;
/// Lives at a time: they wait for the disk more than for a processor.
const AT_A_TIME: usize = 4;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, expected a whole number")))
}

fn seeds() -> std::ops::Range<u64> {
    match (number("ONUS_SIM_SEED"), number("ONUS_SIM_LIVES")) {
        (None, None) => 1..LIVES + 1,
        (Some(seed), lives) => seed..seed + lives.unwrap_or(1),
        (None, Some(lives)) => {
            let seed = u64::from(u32::try_from(RandomState::new().hash_one(()) >> 32).expect("32 bits"));
            println!("seeds {seed} to {}", seed + lives - 1);
            seed..seed + lives
        }
    }
}

#[test]
fn lives_drawn_by_chance_go_as_the_plain_model_says() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let failed = thread::scope(|scope| {
        let one_after_the_other = || {
            let mut failed = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return failed;
                }
                if catch_unwind(AssertUnwindSafe(|| Life::live(seed, steps_of(seed)))).is_err() {
                    println!("seed {seed} failed; it is repeated by: ONUS_SIM_SEED={seed} cargo test --test it simulation");
                    failed.push(seed);
                }
            }
        };
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(one_after_the_other)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a failed life is caught")).collect::<Vec<u64>>()
    });
    assert!(failed.is_empty(), "the lives of the seeds {failed:?} went otherwise");
}
