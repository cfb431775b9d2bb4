//! The plain ledger: a list of entries, and what the real one must answer. Whatever is asked is looked up from the beginning; after
//! every entry everything is assessed again, so that no late fact can be forgotten.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::simulation::rules::{assess, grant};
use crate::simulation::world::{Event, Kind, MINUTE, Ms, SECOND, What, Who};

/// Most reports of one action.
const MAX_REPORTS: usize = 32;

pub(crate) type Codes = BTreeSet<&'static str>;

/// An entry as it must be.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) index: usize,
    pub(crate) type_name: &'static str,
    pub(crate) reporter: Who,
    /// What was reported; the ledger's own entries hold none.
    pub(crate) event: Option<Event>,
    pub(crate) recorded_at: Ms,
    /// What was found at first.
    pub(crate) first: Codes,
    /// What is found with everything known now.
    pub(crate) present: Codes,
    pub(crate) about: Option<usize>,
}

/// What a reporter must be told of one event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Recorded { index: usize, codes: Codes },
    RecordedBefore { index: usize },
    OtherEventOfThatId { index: usize, members: Vec<String> },
    GrantedBefore { index: usize },
    Circle,
    TooManyReports,
}

/// The clock stops writing when it was set by this many milliseconds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClockSet(pub(crate) Ms);

/// Two clocks: one that can be set, and one that only goes on.
#[derive(Clone, Debug)]
struct Clocks {
    wall: Ms,
    steady: Ms,
    seen_wall: Ms,
    seen_steady: Ms,
    stopped_by: Option<Ms>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) entries: Vec<Entry>,
    seen: HashMap<(String, String), usize>,
    clocks: Clocks,
}

impl Told {
    pub(crate) const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Recorded { .. } | Self::RecordedBefore { .. })
    }
}

impl Model {
    /// With the two entries of every new ledger.
    pub(crate) fn new() -> Self {
        let clocks = Clocks { wall: 0, steady: 0, seen_wall: 0, seen_steady: 0, stopped_by: None };
        let mut model = Self { entries: Vec::new(), seen: HashMap::new(), clocks };
        model.push_own("ledger.created", None);
        model.push_own("credential.issued", None);
        model
    }

    pub(crate) const fn now(&self) -> Ms {
        self.clocks.wall
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.clocks.stopped_by.is_some()
    }

    /// Time goes by.
    pub(crate) const fn tick(&mut self, by: Ms) {
        self.clocks.wall += by;
        self.clocks.steady += by;
    }

    /// The clock is set.
    pub(crate) const fn set_clock(&mut self, by: Ms) {
        self.clocks.wall += by;
    }

    /// The process starts: nobody knows what the clock did meanwhile, but it cannot be before the last entry.
    pub(crate) fn start(&mut self) {
        self.clocks.stopped_by = None;
        self.clocks.seen_wall = self.clocks.wall.max(self.last_recorded_at());
        self.clocks.seen_steady = self.clocks.steady;
    }

    /// An operator takes the clock for right.
    pub(crate) fn confirm_clock(&mut self) {
        self.clocks.stopped_by = None;
        (self.clocks.seen_wall, self.clocks.seen_steady) = (self.clocks.wall, self.clocks.steady);
        self.push_own("clock.confirmed", None);
    }

    /// Somebody reports events together; refused as one if they are atomic.
    pub(crate) fn report(&mut self, who: &Who, events: &[Event], is_atomic: bool) -> Result<Vec<Told>, ClockSet> {
        if let Some(step) = self.clock_step() {
            return Err(ClockSet(step));
        }
        let before = self.clone();
        let told: Vec<Told> = events.iter().map(|event| self.take(who, event)).collect();
        if is_atomic && told.iter().any(Told::is_refusal) {
            (self.entries, self.seen) = (before.entries, before.seen);
        }
        Ok(told)
    }

    /// A service may say anything here; an agent passes on what it holds, or what it says that it holds while nobody knows better.
    pub(crate) fn may_report(&self, who: &Who, event: &Event) -> bool {
        match (who.kind, &event.what) {
            (Kind::Agent, What::Grant(granted)) => {
                let holder = granted.parent.as_ref().and_then(|parent| grant(&self.entries, parent)).map(|parent| &parent.agent);
                *holder.unwrap_or(&granted.giver.name) == who.name
            }
            _ => true,
        }
    }

    fn clock_step(&mut self) -> Option<Ms> {
        if self.clocks.stopped_by.is_none() {
            let step = (self.clocks.wall - self.clocks.seen_wall) - (self.clocks.steady - self.clocks.seen_steady);
            if (-5 * SECOND..=MINUTE).contains(&step) {
                (self.clocks.seen_wall, self.clocks.seen_steady) = (self.clocks.wall, self.clocks.steady);
            } else {
                self.clocks.stopped_by = Some(step);
            }
        }
        self.clocks.stopped_by
    }

    fn take(&mut self, who: &Who, event: &Event) -> Told {
        let name = (who.name.clone(), event.id.clone());
        if let Some(index) = self.seen.get(&name).copied() {
            let first = self.entries[index].event.as_ref().expect("what has an event_id was reported");
            let members = differing(&first.members(), &event.members());
            let is_same = members.is_empty() && first.entry_type() == event.entry_type();
            return if is_same { Told::RecordedBefore { index } } else { Told::OtherEventOfThatId { index, members } };
        }
        match &event.what {
            What::Grant(granted) => {
                if let Some(index) = self.place_of_grant(&granted.id) {
                    return Told::GrantedBefore { index };
                }
                if granted.parent.as_ref().is_some_and(|parent| self.hangs_below(parent, &granted.id)) {
                    return Told::Circle;
                }
            }
            What::Act(act) => {
                let is_of_it =
                    |entry: &&Entry| matches!(entry.event.as_ref().map(|e| &e.what), Some(What::Act(other)) if other.id == act.id);
                if self.entries.iter().filter(is_of_it).count() >= MAX_REPORTS {
                    return Told::TooManyReports;
                }
            }
            What::Revocation(_) => {}
        }
        let index = self.entries.len();
        let mut entry = Entry {
            index,
            type_name: event.entry_type(),
            reporter: who.clone(),
            event: Some(event.clone()),
            recorded_at: self.now().max(self.last_recorded_at()),
            first: Codes::new(),
            present: Codes::new(),
            about: None,
        };
        entry.first = assess(&self.entries, &entry);
        entry.present.clone_from(&entry.first);
        let codes = entry.first.clone();
        self.seen.insert(name, index);
        self.entries.push(entry);
        self.assess_again(index);
        Told::Recorded { index, codes }
    }

    /// Everything before the newest entry, with what is known now; what changed is told by an entry of its own.
    fn assess_again(&mut self, newest: usize) {
        let mut is_changed = false;
        for index in (0..newest).filter(|index| self.entries[*index].event.is_some()).collect::<Vec<_>>() {
            let present = assess(&self.entries, &self.entries[index]);
            is_changed |= present != self.entries[index].present;
            self.entries[index].present = present;
        }
        if is_changed {
            self.push_own("assessment.changed", Some(newest));
        }
    }

    fn push_own(&mut self, type_name: &'static str, about: Option<usize>) {
        let reporter = Who { kind: Kind::Service, name: "onus".to_owned() };
        let recorded_at = self.now().max(self.last_recorded_at());
        let (first, present) = (Codes::new(), Codes::new());
        let index = self.entries.len();
        self.entries.push(Entry { index, type_name, reporter, event: None, recorded_at, first, present, about });
    }

    fn last_recorded_at(&self) -> Ms {
        self.entries.last().map_or(Ms::MIN, |entry| entry.recorded_at)
    }

    pub(crate) fn place_of_grant(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|e| matches!(e.event.as_ref().map(|e| &e.what), Some(What::Grant(granted)) if granted.id == id))
    }

    /// Whether following parents from `from` leads to `id`.
    fn hangs_below(&self, from: &str, id: &str) -> bool {
        let mut next = Some(from.to_owned());
        while let Some(at) = next {
            if at == id {
                return true;
            }
            next = grant(&self.entries, &at).and_then(|granted| granted.parent.clone());
        }
        false
    }
}

fn differing(one: &BTreeMap<String, serde_json::Value>, other: &BTreeMap<String, serde_json::Value>) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}
