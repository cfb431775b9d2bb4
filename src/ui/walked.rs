//! The steps of a walk and the comparison at its end, put into words and links. What they say was decided by `domain::walk`.

use crate::domain::diff::{DiffResult, DiffTerm};
use crate::domain::finding::{Code, Level};
use crate::domain::walk::Reason;
use crate::domain::walk_steps::{ActionStep, DelegationStep, Step as Told};
use crate::service::walker::WalkedAction;
use crate::tlog::time::Timestamp;
use crate::ui::part::{Badge, Named};
use crate::ui::sentence::Sentence;
use crate::ui::untrusted::{Quoted, Untrusted};
use crate::ui::walk::{DiffRow, Step, StepKind, WalkList, Within};
use crate::ui::when::{When, Zone};
use crate::ui::{judged, link, terms, words};

/// Documents named at their step; all are in the table below it.
const MAX_NAMED_DOCUMENTS: usize = 5;

/// The whole walk.
pub fn walk_list(walked: &WalkedAction, zone: Zone) -> WalkList {
    let walk = &walked.walk;
    let first_breach = walk.reasons.iter().filter(|reason| reason.level == Level::Bad).map(|reason| reason.step).min();
    let acting = walk.steps.iter().rposition(|step| matches!(step, Told::Agent { .. }));
    let words = InWords { walked, zone };
    let step = |(place, told): (usize, &Told)| {
        let number = place + 1;
        let mut step = words.step(u32::try_from(number).unwrap_or(u32::MAX), told);
        if acting == Some(place) {
            step.facts.extend(words.decided_by());
        }
        let mut codes: Vec<Code> = walk.reasons.iter().filter(|reason| reason.step == number).map(|reason: &Reason| reason.code).collect();
        if let Told::Delegation(delegation) = told {
            codes.extend(&delegation.findings);
        }
        step.worst = codes.iter().map(|code| code.level()).max();
        step.findings = badges(codes);
        step.is_after_breach = first_breach.is_some_and(|breach| breach <= number);
        step
    };
    WalkList { steps: walk.steps.iter().enumerate().map(step).collect() }
}

/// Each code once, the worst first.
pub fn badges(mut codes: Vec<Code>) -> Vec<Badge> {
    codes.sort_by_key(|code| (std::cmp::Reverse(code.level()), *code));
    codes.dedup();
    codes.into_iter().map(Badge::finding).collect()
}

struct InWords<'w> {
    walked: &'w WalkedAction,
    zone: Zone,
}

impl InWords<'_> {
    fn step(&self, number: u32, told: &Told) -> Step {
        match told {
            Told::Human { id } => Step::new(number, StepKind::Person, Named::person(id.as_str())),
            Told::Service { id } => Step::new(number, StepKind::Service, Named::service(id)),
            Told::Delegation(delegation) => self.delegation(number, delegation),
            Told::Agent { agent_id, instance_id } => {
                let mut step = Step::new(number, StepKind::Agent, Named::agent(agent_id.as_str()));
                step.facts.extend(instance_id.as_ref().map(|run| Sentence::new("Run ").code(run.as_str())));
                step
            }
            Told::Action(action) => self.action(number, action),
            Told::Documents { count } => self.documents(number, *count),
            Told::Confirmation { confirmation_id } => {
                let mut step = Step::new(number, StepKind::Confirmation, Sentence::default().code(confirmation_id.as_str()));
                step.facts.push("The report names it. Whether it is valid has not been checked.".into());
                step
            }
        }
    }

    fn delegation(&self, number: u32, told: &DelegationStep) -> Step {
        let kind = if told.parent_delegation_id.is_some() { StepKind::SubDelegation } else { StepKind::Delegation };
        let id = told.delegation_id.as_str();
        let mut step = Step::new(number, kind, Named::delegation(id));
        step.facts.push(Sentence::new("Scope ").sentence(terms::tokens(&told.scope, "nothing")));
        let is_time_synthetic = self.walked.action.is_time_synthetic;
        step.facts.push(terms::period(told.begins_at, told.expires_at, self.zone, is_time_synthetic));
        let narrower: Vec<Sentence> = told.removed.iter().map(|change| terms::change(change, self.zone)).collect();
        if !narrower.is_empty() {
            step.facts.push(Sentence::new("Narrower than its parent: ").sentence(terms::joined(narrower, "; ")));
        }
        let wider: Vec<Sentence> = told.widened.iter().map(|change| terms::widening(change, self.zone)).collect();
        if !wider.is_empty() {
            step.facts.push(Sentence::new("Wider than its parent: ").sentence(terms::joined(wider, "; ")));
        }
        if let Some(cause) = terms::standing_cause(&told.standing, id, self.zone) {
            step.facts.push(Sentence::new("When the action happened: ").sentence(cause));
        }
        let entry = told.entry.index.get();
        let place = format!("leaf index {}", words::number(entry));
        step.evidence = Some(terms::evidence(told.evidence, &told.source).words(", ").link(place, link::entry(entry)));
        step.quotes.extend(told.purpose.as_ref().map(|purpose| Quoted {
            text: Untrusted::new(purpose.as_str()),
            author: Untrusted::new(format!("Purpose, as stated by {}. Nobody has checked it.", told.source)),
        }));
        step
    }

    /// Model, prompt and policy of the agent that acted.
    fn decided_by(&self) -> Option<Sentence> {
        let action = &self.walked.action;
        let version = |what: &'static str, filter, version: &Option<String>| {
            version.as_ref().map(|v| Sentence::new(what).name(Named::to(v, link::search(filter, v))))
        };
        let parts: Vec<Sentence> = [
            version("model ", "model_version", &action.actor.model_version),
            version("prompt ", "prompt_id", &action.actor.prompt_id),
            version("policy ", "policy_version", &action.decision.policy_version),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| Sentence::new("Decided by ").sentence(terms::joined(parts, ", ")))
    }

    fn action(&self, number: u32, told: &ActionStep) -> Step {
        let action = &self.walked.action;
        let mut step = Step::new(number, StepKind::Action, Sentence::default().code(told.name.as_str()));
        let on = told.resource.as_ref().map(|resource| Sentence::new("On ").code(resource.as_str()));
        let when = if action.is_time_synthetic {
            Sentence::new("time not recorded")
        } else {
            Sentence::default().time(When::exact(told.occurred_at, self.zone))
        };
        step.facts.push(terms::joined(on.into_iter().chain([when, judged::outcome(&action.outcome)]).collect(), " · "));
        let reports = told.reports.iter().map(|(source, entry)| {
            let place = format!("leaf index {}", words::number(entry.index.get()));
            Sentence::default().name(Named::plain(source.as_str())).words(" at ").link(place, link::entry(entry.index.get()))
        });
        step.evidence = Some(Sentence::new("Reported by ").sentence(terms::joined(reports.collect(), ", and by ")));
        step.diff = self.walked.walk.diff.iter().map(|row| self.diff(row)).collect();
        step
    }

    fn documents(&self, number: u32, count: usize) -> Step {
        let name = words::counted(count as u64, "document", "documents");
        let mut step = Step::new(number, StepKind::Document, if count == 0 { "none".to_owned() } else { name });
        let documents = &self.walked.walk.documents;
        step.facts.extend(documents.iter().take(MAX_NAMED_DOCUMENTS).map(judged::document_line));
        if let Some(more @ 1..) = documents.len().checked_sub(MAX_NAMED_DOCUMENTS) {
            step.facts.push(Sentence::new(words::counted(more as u64, "more document", "more documents")).words(" in the table below."));
        }
        step
    }

    fn diff(&self, row: &crate::domain::diff::DiffRow) -> DiffRow {
        DiffRow {
            term: match &row.term {
                DiffTerm::Scope => "Scope".into(),
                DiffTerm::Resource => "Resource".into(),
                DiffTerm::Constraint(argument) => Sentence::new("Limit on ").code(argument.as_str()),
                DiffTerm::Time => "Time".into(),
                DiffTerm::Agent => "Agent".into(),
                DiffTerm::Person => "Person".into(),
            },
            result: match row.result {
                DiffResult::Within => Within::Within,
                DiffResult::Outside => Within::Outside,
                DiffResult::NotChecked => Within::NotChecked,
            },
            allows: self.side(&row.term, &row.allows),
            did: self.side(&row.term, &row.did),
        }
    }

    /// One side of the comparison: instants as such, our own words as words, everything else as it was reported.
    fn side(&self, term: &DiffTerm, text: &str) -> Sentence {
        const OURS: [&str; 3] = ["not stated", "nothing", "any resource"];
        if OURS.contains(&text) {
            return text.to_owned().into();
        }
        match term {
            DiffTerm::Time if self.walked.action.is_time_synthetic => "time not recorded".into(),
            DiffTerm::Time => terms::joined(text.split(" to ").map(|part| self.instant(part)).collect(), " to "),
            DiffTerm::Scope | DiffTerm::Resource => terms::tokens(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), "nothing"),
            DiffTerm::Constraint(_) | DiffTerm::Agent | DiffTerm::Person => Sentence::default().code(text),
        }
    }

    fn instant(&self, text: &str) -> Sentence {
        match Timestamp::parse_rfc3339(text) {
            Some(time) => When::of(time, self.zone).into(),
            None => text.to_owned().into(),
        }
    }
}
