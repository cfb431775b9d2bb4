//! Rows of faults at calls: one life in which a call fails or the process is killed at it; in half of the cases a second life
//! over what is left, in which another call fails; then healed.

use std::sync::Arc;

use crate::bases::{Base, Bases, Start};
use crate::fault::{Engine, Fault};
use crate::injector::{can_trace, forget, has_struck, places, serve_counted, serve_with, shim};
use crate::life::{EXIT_OUTCOME_UNKNOWN, Ended};
use crate::plan::{choose, faults, hash, kinds, share};
use crate::program::read_log;
use crate::run::{Case, Outcome, Run};

/// What the other rows of a run add.
const OTHERS: usize = 430;

/// One script: fail, fail again, heal.
struct Script {
    base: &'static Base,
    first: Fault,
    again: Option<Fault>,
    name: String,
}

/// As many as the run wants.
pub(crate) fn cases(run: &Run, bases: &'static Bases) -> Vec<Case> {
    let engines: Vec<Engine> = [(Engine::Strace, can_trace()), (Engine::Shim, shim().is_some())]
        .into_iter()
        .filter_map(|(engine, is_there)| is_there.then_some(engine))
        .collect();
    let recovering: Arc<[Fault]> = engines.last().map(|engine| faults_of(bases.of(Start::AfterKill), *engine)).unwrap_or_default().into();
    let mut scripts = Vec::new();
    for start in Start::ALL {
        for engine in &engines {
            let base = bases.of(start);
            for fault in faults_of(base, *engine) {
                scripts.extend(both(base, start, &fault, &recovering));
            }
        }
    }
    if start_is_rare(run) {
        scripts.retain(|script| !script.name.starts_with(Start::BeforeTile.name()) || hash(&script.name).is_multiple_of(4));
    }
    let mut chosen = Vec::new();
    for kind in kinds() {
        let (mine, others) = scripts.into_iter().partition(|script: &Script| script.first.kind() == kind);
        scripts = others;
        let most = if run.is_single() { usize::MAX } else { share(kind, run.wanted.saturating_sub(OTHERS)) };
        chosen.extend(choose(mine, most, |script| &script.name));
    }
    chosen.into_iter().map(Script::into_case).collect()
}

/// The largest directory takes longest to verify: it has fewer cases.
const fn start_is_rare(run: &Run) -> bool {
    !run.is_single()
}

/// The fault alone, and the fault followed by one during recovery.
fn both(base: &'static Base, start: Start, fault: &Fault, recovering: &[Fault]) -> [Script; 2] {
    let name = format!("{}: {fault}", start.name());
    let pick = usize::try_from(hash(&name) % recovering.len().max(1) as u64).unwrap();
    let again = recovering.get(pick).cloned();
    let and_again = again.as_ref().map_or_else(|| format!("{name}, twice"), |again| format!("{name}, then {again}"));
    [
        Script { base, first: fault.clone(), again: None, name },
        Script { base, first: fault.clone(), again: Some(again.unwrap_or_else(|| fault.clone())), name: and_again },
    ]
}

/// All faults of one life over that directory.
fn faults_of(base: &Base, engine: Engine) -> Vec<Fault> {
    let mut counted = base.copy();
    let command = serve_counted(&counted.premises, engine);
    let ended = counted.story.live(&counted.premises, command);
    assert!(ended.status.success() && !counted.story.has_refusals, "a life that is only counted has no fault");
    faults(engine, &places(&counted.premises, engine))
}

impl Script {
    fn into_case(self) -> Case {
        Case { kind: self.first.kind(), name: self.name.clone(), run: Box::new(move || self.play()) }
    }

    fn play(&self) -> Outcome {
        let mut base = self.base.copy();
        let mut outcome = Outcome::NotReached;
        for fault in std::iter::once(&self.first).chain(&self.again) {
            forget(&base.premises);
            let command = serve_with(&base.premises, fault);
            let ended = base.story.live(&base.premises, command);
            if outcome == Outcome::NotReached {
                if !has_struck(&base.premises, fault) {
                    return Outcome::NotReached;
                }
                outcome = what_happened(&base, &ended);
            }
            must_have_ended_well(fault, &ended);
        }
        let log = read_log(&base.premises.log());
        assert!(!log.contains("panicked at"), "a thread panicked: {log}");
        let unknowns = base.must_be_whole();
        match outcome {
            Outcome::UnknownAndGone if unknowns.there > 0 => Outcome::UnknownAndThere,
            other => other,
        }
    }
}

/// A server ends in order, or says why it does not; nothing but the fault kills it.
fn must_have_ended_well(fault: &Fault, ended: &Ended) {
    match ended.status.code() {
        None => assert!(fault.effect.kills(), "killed by something else: {}", ended.status),
        // The dynamic loader, which could not open a library.
        Some(127) => assert!(!ended.listened && fault.call == "openat"),
        Some(code) => assert!([0, 1, EXIT_OUTCOME_UNKNOWN].contains(&code), "{}", ended.status),
    }
}

fn what_happened(base: &Base, ended: &Ended) -> Outcome {
    match ended.status.code() {
        None => Outcome::Killed,
        Some(_) if !ended.listened => Outcome::NotStarted,
        Some(EXIT_OUTCOME_UNKNOWN) if base.story.sent.iter().any(|sent| sent.is_unknown) => Outcome::UnknownAndGone,
        Some(0) if base.story.has_refusals => Outcome::Refused,
        Some(0) => Outcome::Unnoticed,
        Some(_) => Outcome::Ended,
    }
}
