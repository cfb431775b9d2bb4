//! Every fault there is in one life, and which of them a run takes: those whose names hash lowest, so that a longer run holds the
//! shorter one, and the same cases run every time.

use crate::fault::{Effect, Engine, Fault};
use crate::injector::Places;

/// Calls that strace lets fail; at every other it only kills. Not `write`, which also wakes threads and answers callers: of that
/// the shim lets only those on files fail.
const FAILING: [&str; 9] = ["pwrite64", "fdatasync", "fsync", "ftruncate", "openat", "rename", "renameat", "unlink", "mkdir"];
/// Of a hundred cases, how many are of each kind.
const SHARES: [(&str, usize); 7] = [
    ("SIGKILL at a syscall (strace)", 20),
    ("EIO, ENOSPC once (strace)", 12),
    ("EIO, ENOSPC from then on (strace)", 8),
    ("SIGKILL at a file call (shim)", 14),
    ("half a write (shim)", 12),
    ("EIO, ENOSPC once (shim)", 20),
    ("EIO, ENOSPC from then on (shim)", 14),
];

/// All faults that these places allow.
pub(crate) fn faults(engine: Engine, places: &Places) -> Vec<Fault> {
    let mut faults = Vec::new();
    for ((call, file), count) in places {
        for (effect, lasts) in effects(engine, call) {
            let fault = |at| Fault { engine, call: call.clone(), file: file.clone(), at, effect: *effect, lasts: *lasts };
            faults.extend((1..=*count).map(fault));
        }
    }
    faults
}

fn effects(engine: Engine, call: &str) -> &'static [(Effect, bool)] {
    const KILLED: &[(Effect, bool)] = &[(Effect::Killed, false)];
    const READ: &[(Effect, bool)] = &[(Effect::Eio, false), (Effect::Eio, true)];
    const LASTING: &[(Effect, bool)] = &[(Effect::Eio, true), (Effect::Enospc, true)];
    const CHANGED: &[(Effect, bool)] =
        &[(Effect::Killed, false), (Effect::Eio, false), (Effect::Enospc, false), (Effect::Eio, true), (Effect::Enospc, true)];
    const WRITTEN: &[(Effect, bool)] = &[
        (Effect::Killed, false),
        (Effect::Torn, false),
        (Effect::Short, false),
        (Effect::Eio, false),
        (Effect::Enospc, false),
        (Effect::Eio, true),
        (Effect::Enospc, true),
    ];
    match (engine, call) {
        (Engine::Strace, call) if FAILING.contains(&call) => CHANGED,
        (Engine::Strace, _) => KILLED,
        (Engine::Shim, "disk") => LASTING,
        (Engine::Shim, "read" | "pread64") => READ,
        (Engine::Shim, "write" | "pwrite64") => WRITTEN,
        (Engine::Shim, _) => CHANGED,
    }
}

/// How many of `wanted` cases of syscalls are of that kind. A tenth more than asked for, because some are not reached.
pub(crate) fn share(kind: &str, wanted: usize) -> usize {
    let (_, share) = SHARES.iter().find(|(name, _)| *name == kind).expect("every kind has its share");
    (wanted * share).div_ceil(90)
}

/// All kinds of faults at calls.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    SHARES.iter().map(|(kind, _)| *kind)
}

/// FNV-1a: the same in every run and on every machine.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The `most` of them whose names hash lowest.
pub(crate) fn choose<T>(mut all: Vec<T>, most: usize, name: impl Fn(&T) -> &str) -> Vec<T> {
    // Its low bits follow the end of a name closely; multiplied and folded they are spread.
    let spread = |name: &str| hash(name).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    all.sort_by_key(|one| spread(name(one)));
    all.truncate(most);
    all
}
