//! The walk: from an action back to the human who stood behind it, and all that is told on the way. A pure function of the
//! action's reports, the past and the contents still kept; any depth, no loops. How it is written as JSON or drawn on a page
//! is not decided here.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::assessment::{Submission, assess};
use crate::domain::attribution::{Attribution, Circumstances, attribute, content_findings};
use crate::domain::catalogue::{Catalogue, Effect};
use crate::domain::chain::{Chain, Hop, Root};
use crate::domain::delegation::{CallerClass, Delegation, Evidence, Period, Revocation};
use crate::domain::diff::{Compared, DiffRow};
use crate::domain::event::EventKind;
use crate::domain::finding::{Code, Finding, Level, Verdict};
use crate::domain::ids::{ActionId, DelegationId, PrincipalId, Source};
use crate::domain::past::{Past, Recorded};
use crate::domain::provenance::Contents;
use crate::domain::reading::{ReadDocument, documents};
use crate::domain::required_scope::requirement;
use crate::domain::settings::Settings;
use crate::domain::statement::{Told, headline, statement};
use crate::domain::told::{Authority, told};
use crate::domain::walk_steps::{Step, step_of, steps};
use crate::tlog::hash::LeafHash;
use crate::tlog::position::LeafIndex;
use crate::tlog::time::Timestamp;

/// An action walked back.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// Which action.
    pub action_id: ActionId,
    /// The entry of its latest report.
    pub entry: EntryRef,
    /// As of now, from `reasons`.
    pub verdict: Verdict,
    /// The findings as of now, the worst first.
    pub reasons: Vec<Reason>,
    /// The first assessment, where the present one differs from it.
    pub first: Option<FirstAssessment>,
    /// Did the human ask, or did something the agent read decide?
    pub attribution: Attribution,
    /// All of it in one sentence.
    pub statement: String,
    /// Whether every link is there, up to whoever answers for it: a human, or a service that acted on its own.
    pub is_complete: bool,
    /// What it lacks for that: `delegation dlg-7`.
    pub missing: Vec<String>,
    /// The human it ends at: the root's, or who answers for a root that a service gave. `None` unless the walk is complete.
    pub human_principal_id: Option<PrincipalId>,
    /// The human that an incomplete walk is said to be for: by the last delegation it reached, else by the action.
    pub claimed_human_principal_id: Option<PrincipalId>,
    /// The delegation that the human gave.
    pub root_delegation_id: Option<DelegationId>,
    /// The source on whose word alone the root stands (evidence `asserted`).
    pub word_of: Option<Source>,
    /// From the human down to the action, then what was read, then the confirmation.
    pub steps: Vec<Step>,
    /// What the delegations allow beside what was done; empty where no delegation is known.
    pub diff: Vec<DiffRow>,
    /// What had been read before, in order.
    pub documents: Vec<ReadDocument>,
    /// The confirmation that the action names; whether it is valid is for its own entries to say.
    pub confirmation_id: Option<String>,
}

/// An entry that a statement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef {
    /// Its place.
    pub index: LeafIndex,
    /// Its leaf hash.
    pub leaf_hash: LeafHash,
    /// When the ledger recorded it.
    pub recorded_at: Timestamp,
}

/// One finding, and the step at which it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which fact.
    pub code: Code,
    /// How much it weighs.
    pub level: Level,
    /// The step, from 1.
    pub step: usize,
    /// What exactly.
    pub detail: String,
    /// The member it rests on, as a JSON Pointer into the event.
    pub pointer: Option<String>,
    /// The delegation whose terms it rests on.
    pub delegation_id: Option<DelegationId>,
}

/// What the headers said when the action was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAssessment {
    /// The verdict of then.
    pub verdict: Verdict,
    /// The codes in the headers of its reports, ascending.
    pub codes: Vec<Code>,
}

impl EntryRef {
    /// Where something recorded stands.
    pub(crate) fn of<T>(recorded: &Recorded<T>) -> Self {
        Self { index: recorded.index, leaf_hash: recorded.leaf_hash, recorded_at: recorded.recorded_at }
    }
}

impl Walk {
    /// The verdict as a heading: *Not authorised: 2 reasons, 1 warning*; *Authorised, on the word of billing*.
    pub fn headline(&self) -> String {
        let levels: Vec<Level> = self.reasons.iter().map(|r| r.level).collect();
        headline(self.verdict, &levels, self.word_of.as_ref())
    }
}

/// Who decided, by what one report and the entries before it show. The same as the walk over that report says.
pub fn first_attribution<P: Past>(report: &Arc<Recorded<Action>>, past: &P, contents: &Contents<'_>) -> Result<Attribution, P::Error> {
    let authority = Authority::of_one(&report.what, report.reporter_class);
    Ok(attribution_of(&report.what, authority, &*past.catalogue()?, contents))
}

fn attribution_of(action: &Action, authority: Authority, catalogue: &Catalogue, contents: &Contents<'_>) -> Attribution {
    let circumstances = Circumstances {
        changes_something: catalogue.entry_for(&action.name).is_none_or(|entry| entry.effect != Effect::Read),
        is_own_act: authority == Authority::HumanHerself,
        is_confirmed: false, // Confirmations are walked by their own entries; none is known here.
    };
    attribute(action, contents, circumstances)
}

/// Walks an action back. `reports`: all of it, ascending by index; `None` if there is none. `past`: everything known now, with sums
/// up to the first report, so that later spending does not count against it. Contents are only needed for attribution.
pub fn walk<P: Past>(reports: &[Arc<Recorded<Action>>], past: &P, contents: &Contents<'_>) -> Result<Option<Walk>, P::Error> {
    let (Some((first, later)), Some(latest)) = (reports.split_first(), reports.last()) else { return Ok(None) };
    let action = told(first, later);
    let authority = Authority::of(&action, reports);
    let chain = match &action.actor.delegation_id {
        Some(id) if authority == Authority::Delegated => Some(Chain::resolve(past, id)?),
        _ => None,
    };
    let catalogue = past.catalogue()?;
    let attribution = attribution_of(&action, authority, &catalogue, contents);
    let steps = steps(&action, chain.as_ref(), reports, latest, authority);
    let reasons = reasons(reports, past, contents, &steps)?;
    let documents = documents(reports);
    let end = End::of(&action, chain.as_ref(), latest, authority);
    let hops: Vec<&Delegation> = chain.iter().flat_map(|c| c.hops.iter().rev()).map(Hop::terms).collect();
    let diff = Compared {
        hops: &hops,
        is_complete: end.is_reached,
        action: &action,
        occurred_at: latest.occurred_at,
        requirement: &requirement(&action, latest.reporter_class, reports, catalogue.entry_for(&action.name)),
        principal: chain.as_ref().and_then(Chain::principal),
        reasons: &reasons,
    };
    Ok(Some(Walk {
        action_id: action.action_id.clone(),
        entry: EntryRef::of(latest),
        verdict: Verdict::of(reasons.iter().map(|r| r.code)),
        first: first_assessment(reports),
        statement: sentence(&action, &latest.source, &attribution, &documents, &end),
        is_complete: end.missing.is_empty(),
        diff: diff.rows(),
        confirmation_id: action.confirmation_id.clone(),
        root_delegation_id: hops.first().filter(|_| end.is_reached).map(|root| root.delegation_id.clone()),
        missing: end.missing,
        human_principal_id: end.human,
        claimed_human_principal_id: end.claimed_human,
        word_of: end.word_of,
        reasons,
        attribution,
        steps,
        documents,
    }))
}

/// Where a walk ends, and what it lacks.
struct End {
    /// Whether every link is there, with a human at its end or not.
    is_reached: bool,
    human: Option<PrincipalId>,
    claimed_human: Option<PrincipalId>,
    word_of: Option<Source>,
    missing: Vec<String>,
}

impl End {
    fn of(action: &Action, chain: Option<&Chain>, latest: &Recorded<Action>, authority: Authority) -> Self {
        let stated = action.actor.human_principal_id.clone();
        if authority != Authority::Delegated {
            let word_of = (latest.reporter_class != CallerClass::Human).then(|| latest.source.clone());
            return Self { is_reached: true, human: stated, claimed_human: None, word_of, missing: Vec::new() };
        }
        let Some(chain) = chain else {
            let missing = vec!["a delegation: none is named".to_owned()];
            return Self { is_reached: false, human: None, claimed_human: stated, word_of: None, missing };
        };
        let missing = match &chain.root {
            Root::Human(_) | Root::Accountable(_) => None,
            Root::Nobody => Some("a human: the root names none".to_owned()),
            Root::Missing(id) => Some(format!("delegation {id}")),
            Root::Cycle(id) => Some(format!("a root: the chain comes back to delegation {id}")),
            Root::TooFar(id) => Some(format!("a root: the chain was not followed past delegation {id}")),
        };
        let human = match &chain.root {
            Root::Human(id) | Root::Accountable(id) => Some(id.clone()),
            _ => None,
        };
        let is_reached = chain.root.is_reached();
        let root = chain.hops.last().filter(|_| is_reached);
        let is_asserted = |root: &Recorded<Delegation>| root.evidence.is_none_or(|e| e == Evidence::Asserted);
        Self {
            is_reached,
            claimed_human: if human.is_none() { chain.principal().cloned().or(stated) } else { None },
            human,
            word_of: root.filter(|root| is_asserted(&root.delegation)).map(|root| root.delegation.source.clone()),
            missing: missing.into_iter().collect(),
        }
    }
}

/// The present findings of all reports. Headers and later assessments say which there are; assessing again only says what exactly
/// each rests on, and where that cannot be had any more (a content erased since), the code still stands.
fn reasons<P: Past>(reports: &[Arc<Recorded<Action>>], past: &P, contents: &Contents<'_>, steps: &[Step]) -> Result<Vec<Reason>, P::Error> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut present = BTreeSet::new();
    for report in reports.iter().filter(|r| !r.present_findings.is_empty()) {
        let kind = EventKind::ActionRecorded(Box::new(report.what.clone()));
        let mut derived = assess(&submission(report, &kind), &Earlier { past, than: report.index })?;
        derived.extend(content_findings(&report.what, contents));
        derived.retain(|finding| report.present_findings.contains(&finding.code));
        reasons.extend(derived.into_iter().map(|finding| reason(finding, steps)));
        present.extend(report.present_findings.iter().copied());
    }
    // Last, as what an earlier report does not show a later one may: that they disagree, for one.
    present.retain(|code| reasons.iter().all(|r| r.code != *code));
    let underivable = present.into_iter().map(|code| Finding { code, detail: bland(code), pointer: None, delegation_id: None });
    reasons.extend(underivable.map(|finding| reason(finding, steps)));
    reasons.sort_by_key(|r| (Reverse(r.level), r.step, r.code));
    let mut seen = BTreeSet::new();
    reasons.retain(|r| seen.insert((r.code, r.detail.clone())));
    Ok(reasons)
}

/// The past with only the reports that came before one: an action is not compared with itself.
struct Earlier<'p, P> {
    past: &'p P,
    than: LeafIndex,
}

impl<P: Past> Past for Earlier<'_, P> {
    type Error = P::Error;

    fn delegation(&self, id: &DelegationId) -> Result<Option<Arc<Recorded<Delegation>>>, P::Error> {
        self.past.delegation(id)
    }

    fn revocations(&self, id: &DelegationId) -> Result<Vec<Arc<Recorded<Revocation>>>, P::Error> {
        self.past.revocations(id)
    }

    fn reports(&self, id: &ActionId) -> Result<Vec<Arc<Recorded<Action>>>, P::Error> {
        let reports = self.past.reports(id)?;
        Ok(reports.into_iter().filter(|report| report.index < self.than).collect())
    }

    fn spent(&self, under: &DelegationId, argument: &str, period: Period, at: Timestamp, but: &ActionId) -> Result<f64, P::Error> {
        self.past.spent(under, argument, period, at, but)
    }

    fn catalogue(&self) -> Result<Arc<Catalogue>, P::Error> {
        self.past.catalogue()
    }

    fn settings(&self) -> Result<Arc<Settings>, P::Error> {
        self.past.settings()
    }
}

fn submission<'e>(report: &'e Recorded<Action>, kind: &'e EventKind) -> Submission<'e> {
    Submission {
        event_id: &report.event_id,
        kind,
        occurred_at: report.occurred_at,
        recorded_at: report.recorded_at,
        source: &report.source,
        reporter_class: report.reporter_class,
        is_time_synthetic: report.what.is_time_synthetic,
    }
}

fn reason(finding: Finding, steps: &[Step]) -> Reason {
    let Finding { code, detail, pointer, delegation_id } = finding;
    Reason { code, level: code.level(), step: step_of(steps, code, delegation_id.as_ref()), detail, pointer, delegation_id }
}

fn bland(code: Code) -> String {
    format!("found when it was assessed ({}); what it rested on cannot be derived again", code.as_str())
}

fn first_assessment(reports: &[Arc<Recorded<Action>>]) -> Option<FirstAssessment> {
    let all = |of: fn(&Recorded<Action>) -> &Vec<Code>| -> BTreeSet<Code> { reports.iter().flat_map(|r| of(r).iter().copied()).collect() };
    let (first, present) = (all(|r| &r.first_findings), all(|r| &r.present_findings));
    (first != present).then(|| FirstAssessment { verdict: Verdict::of(first.iter().copied()), codes: first.into_iter().collect() })
}

fn sentence(action: &Action, source: &Source, attribution: &Attribution, documents: &[ReadDocument], end: &End) -> String {
    // The document that accounts for the most arguments; of equals the one read last.
    let accounts_for = |document: usize| attribution.evidence.iter().filter(|e| e.document == document).count();
    let deciding = attribution.evidence.iter().map(|e| e.document).max_by_key(|document| (accounts_for(*document), *document));
    statement(
        action,
        &Told {
            source,
            document: deciding.and_then(|document| documents.get(document)).or(documents.last()),
            is_evidence: deciding.is_some(),
            documents: documents.len(),
            human: end.human.as_ref(),
            claimed_human: end.claimed_human.as_ref(),
        },
    )
}
