//! One life of a ledger, drawn from one seed: each step is done to the real ledger and to the plain model, and both must say the same.

use std::cell::RefCell;
use std::fs;

use onus::service::folder::Folder;
use onus::service::opened::open_entry;
use onus::service::pass::{Appended, Refusal};
use onus::service::queue::WriteFailure;
use onus::tlog::hash::LeafHash;
use onus::tlog::position::LeafIndex;

use crate::chance::Chance;
use crate::simulation::drawn;
use crate::simulation::look::look_at_everything;
use crate::simulation::model::{ClockSet, Codes, Model, Told};
use crate::simulation::world::{Event, HOUR, Kind, MINUTE, SECOND, What, Who, timestamp};
use crate::test_ledger::{NotRecorded, Reporter, TestLedger};

/// A ledger and its model, some steps into their life.
pub(crate) struct Life {
    ledger: TestLedger,
    model: Model,
    chance: Chance,
    drawn: u64,
    /// What was done so far, for whoever has to find out what went wrong.
    steps: RefCell<Vec<String>>,
}

impl Life {
    /// A whole life: some steps, then everything is looked at.
    pub(crate) fn live(seed: u64, steps: u32) {
        let ledger = TestLedger::new();
        let mut life = Self { ledger, model: Model::new(), chance: Chance::new(seed), drawn: 0, steps: RefCell::default() };
        life.model.start();
        for _ in 0..steps {
            life.step();
        }
        life.note("looks at everything");
        life.check();
    }

    fn step(&mut self) {
        let before = self.model.entries.len();
        match self.chance.below(100) {
            0..=39 => self.reports_one(),
            40..=53 => self.reports_several(),
            54..=63 => self.tells_again(false),
            64..=67 => self.tells_again(true),
            68..=79 => self.time_goes_by(),
            80..=84 => self.clock_is_set(),
            85..=88 => self.crashes(),
            89..=92 => self.crashes_while_it_records(),
            93..=95 => self.is_closed_and_opened(),
            96..=97 => self.loses_its_index(),
            98 => self.one_action_is_reported_for_ever(),
            _ => self.check(),
        }
        if self.model.is_stopped() && self.chance.is_one_in(2) {
            self.note("an operator confirms the clock");
            self.ledger.with(|ledger| ledger.confirm_clock().unwrap());
            self.model.confirm_clock();
        }
        self.check_new(before);
    }

    fn note(&self, step: impl Into<String>) {
        self.steps.borrow_mut().push(step.into());
    }

    fn draw(&mut self) -> (Who, Event) {
        self.drawn += 1;
        drawn::event(&mut self.chance, &self.model, self.drawn)
    }

    fn reports_one(&mut self) {
        let (who, event) = self.draw();
        self.reports(&who, &[event], false);
    }

    fn reports_several(&mut self) {
        let (who, events) = self.draw_several();
        let is_atomic = self.chance.is_one_in(3);
        self.reports(&who, &events, is_atomic);
    }

    /// By one service, for whoever did them.
    fn draw_several(&mut self) -> (Who, Vec<Event>) {
        let count = 2 + self.chance.below(7);
        let events = (0..count).map(|_| self.draw().1).collect();
        (Who { kind: Kind::Service, name: "gateway".to_owned() }, events)
    }

    fn tells_again(&mut self, is_changed: bool) {
        if let Some((who, event)) = drawn::told_again(&mut self.chance, &self.model.entries, is_changed) {
            self.reports(&who, &[event], false);
        }
    }

    fn one_action_is_reported_for_ever(&mut self) {
        let (who, event) = self.draw();
        let again = |number: u64| Event { id: format!("{}/{number}", event.id), ..event.clone() };
        let events: Vec<Event> = (0..40).map(again).collect();
        if !matches!(event.what, What::Act(_)) {
            return self.reports(&who, &events[..1], false);
        }
        self.reports(&who, &events, false);
    }

    fn time_goes_by(&mut self) {
        let by = *self.chance.pick(&[1, SECOND, 10 * SECOND, MINUTE, 20 * MINUTE, HOUR]);
        self.note(format!("{by} ms go by"));
        self.ledger.tick_ms(by);
        self.model.tick(by);
    }

    fn clock_is_set(&mut self) {
        let by = *self.chance.pick(&[-HOUR, -6 * SECOND, -4 * SECOND, -SECOND, SECOND, 59 * SECOND, 2 * MINUTE, 5 * HOUR]);
        self.note(format!("the clock is set by {by} ms"));
        self.ledger.set_clock_by(by);
        self.model.set_clock(by);
    }

    fn crashes(&mut self) {
        self.note("crashes");
        self.ledger.crash();
        self.starts();
    }

    /// What is on its way when the process dies is there as a whole afterwards, or not at all.
    fn crashes_while_it_records(&mut self) {
        let (who, events) = self.draw_several();
        let spins = self.chance.below(1 << 16);
        self.note(format!("crashes after {spins} spins while {} reports {}", who.name, told(&events)));
        self.ledger.crash_while(&reporter(&self.ledger, &who), &jsons(&events), spins);
        let mut recorded = self.model.clone();
        // Stopped or not, what it answers reaches nobody.
        let _ = recorded.report(&who, &events, false);
        self.ledger.reopen();
        let size = self.ledger.with(|ledger| ledger.size().get());
        let sizes = [self.model.entries.len(), recorded.entries.len()];
        assert!(sizes.iter().any(|expected| u64::try_from(*expected).unwrap() == size), "{size} entries, expected one of {sizes:?}");
        if size == u64::try_from(recorded.entries.len()).unwrap() {
            self.model = recorded;
        }
        self.model.start();
    }

    fn is_closed_and_opened(&mut self) {
        self.note("is closed and opened");
        self.starts();
    }

    fn loses_its_index(&mut self) {
        self.note("loses its index");
        self.ledger.close();
        // Put aside rather than removed: merges of the life before may still write files there, which come to nothing.
        let index = Folder::new(&self.ledger.data()).index_folder();
        fs::rename(&index, index.with_extension(self.steps.borrow().len().to_string())).unwrap();
        self.starts();
    }

    fn starts(&mut self) {
        self.ledger.reopen();
        self.model.start();
    }

    fn reports(&mut self, who: &Who, events: &[Event], is_atomic: bool) {
        let manner = if is_atomic { " as one" } else { "" };
        self.note(format!("{} {} reports{manner} {}", who.kind.as_str(), who.name, told(events)));
        let answered = reporter(&self.ledger, who).tries_all(&jsons(events), is_atomic);
        if !events.iter().all(|event| self.model.may_report(who, event)) {
            assert!(matches!(answered, Err(NotRecorded::Intake(_))), "{} may not say that: {answered:?}", who.name);
            return;
        }
        match (self.model.report(who, events, is_atomic), answered) {
            (Err(ClockSet(expected)), Err(NotRecorded::Failed(WriteFailure::ClockJumped { step_ms }))) => assert_eq!(step_ms, expected),
            (Ok(expected), Ok(answered)) => assert_eq!(answered.iter().map(told_by).collect::<Vec<_>>(), expected),
            (expected, answered) => panic!("expected {expected:?}, answered {answered:?}"),
        }
    }

    /// The newest entries, byte by byte what they should be.
    fn check_new(&self, from: usize) {
        let size = self.model.entries.len();
        let from = from.min(size).saturating_sub(1);
        self.ledger.with(|ledger| {
            assert_eq!(ledger.size().get(), u64::try_from(size).unwrap(), "how many entries there are");
            let mut prev: Option<LeafHash> = None;
            for (index, expected) in self.model.entries.iter().enumerate().skip(from) {
                let entry = ledger.read(|rows| open_entry(rows, at(index))).unwrap().expect("an entry at every index");
                let header = &entry.header;
                assert_eq!(header.entry_type.as_str(), expected.type_name, "the type of entry {index}");
                assert_eq!(header.recorded_at, timestamp(expected.recorded_at), "the time of entry {index}");
                assert_eq!(header.about, expected.about.map(at), "what entry {index} is about");
                assert_eq!(codes(&entry.first_findings()), expected.first, "the findings of entry {index}");
                assert_eq!(header.assessment.is_some(), expected.event.is_some(), "whether entry {index} was assessed");
                assert!(prev.is_none_or(|prev| prev == header.prev), "the link of entry {index}");
                if let Some(event) = &expected.event {
                    assert_eq!(entry.text("/event_id"), Some(event.id.as_str()), "the event of entry {index}");
                    assert_eq!(entry.report().unwrap().source.as_str(), expected.reporter.name, "the reporter of entry {index}");
                }
                prev = Some(entry.leaf_hash);
            }
        });
    }

    fn check(&self) {
        self.ledger.check(u64::try_from(self.model.entries.len()).unwrap());
        self.ledger.with(|ledger| look_at_everything(ledger, &self.model));
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let steps = self.steps.borrow();
            println!("the last of {} steps:", steps.len());
            steps.iter().skip(steps.len().saturating_sub(12)).for_each(|step| println!("  {step:.400}"));
        }
    }
}

fn at(index: usize) -> LeafIndex {
    LeafIndex::new(u64::try_from(index).unwrap()).unwrap()
}

pub(crate) fn codes(found: &[onus::domain::finding::Code]) -> Codes {
    found.iter().map(|code| code.as_str()).collect()
}

fn told_by(answer: &Result<Appended, Refusal>) -> Told {
    let place = |index: LeafIndex| usize::try_from(index.get()).unwrap();
    match answer {
        Ok(appended) if appended.is_replay => Told::RecordedBefore { index: place(appended.index) },
        Ok(appended) => Told::Recorded { index: place(appended.index), codes: codes(&appended.findings) },
        Err(Refusal::EventIdConflict { index, names }) => Told::OtherEventOfThatId { index: place(*index), members: names.clone() },
        Err(Refusal::DelegationExists { index, .. }) => Told::GrantedBefore { index: place(*index) },
        Err(Refusal::DelegationCycle { .. }) => Told::Circle,
        Err(Refusal::TooManyReports { .. }) => Told::TooManyReports,
        Err(damaged @ Refusal::RestsOnDamaged { .. }) => panic!("{damaged:?}"),
    }
}

fn jsons(events: &[Event]) -> Vec<serde_json::Value> {
    events.iter().map(Event::to_json).collect()
}

fn told(events: &[Event]) -> String {
    events.iter().map(|event| event.to_json().to_string()).collect::<Vec<_>>().join(" ")
}

fn reporter<'t>(ledger: &'t TestLedger, who: &Who) -> Reporter<'t> {
    match who.kind {
        Kind::Service => ledger.source(&who.name),
        Kind::Agent => ledger.agent(&who.name),
        Kind::Human => ledger.person(who.name.trim_start_matches("user:").trim_end_matches("@example.com")),
    }
}

/// Short lives and long ones: most of what goes wrong goes wrong early, some of it late.
pub(crate) const fn steps_of(seed: u64) -> u32 {
    match seed % 4 {
        0 => 30,
        1 => 60,
        2 => 90,
        _ => 120,
    }
}
