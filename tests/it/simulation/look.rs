//! What anybody may ask of a ledger, asked of the real one and of the plain model: findings as of now, standings, walks, searches.

use std::collections::{BTreeMap, BTreeSet};

use onus::domain::chain::Chain;
use onus::domain::credential::Sight;
use onus::domain::finding::Code;
use onus::domain::ids::{ActionId, DelegationId};
use onus::domain::standing::{Standing, standing};
use onus::domain::walk_steps::Step;
use onus::service::criteria::{Criteria, Criterion};
use onus::service::finder::Finder;
use onus::service::ledger::Ledger;
use onus::service::opened::open_entry;
use onus::service::past::{LedgerPast, PastCache, present_findings};
use onus::service::walker::{head_index, walk_action};
use onus::store::rows::Rows;
use onus::tlog::position::LeafIndex;

use crate::simulation::life::codes;
use crate::simulation::model::Model;
use crate::simulation::rules::{self, Walked};
use crate::simulation::world::{What, timestamp};

/// More than any life has entries.
const ALL: usize = 10_000;
/// What DESIGN.md section 6 says of the weight of each finding, as far as these lives have it.
const BAD: [&str; 11] = [
    "agent_mismatch",
    "chain_without_human",
    "constraint_exceeded",
    "delegation_expired",
    "delegation_missing",
    "delegation_not_yet_valid",
    "delegation_revoked",
    "depth_exceeded",
    "principal_mismatch",
    "report_disagreement",
    "scope_exceeded",
];
const UNKNOWN: [&str; 3] = ["chain_broken", "delegation_unknown", "scope_undetermined"];

pub(crate) fn look_at_everything(ledger: &Ledger, model: &Model) {
    ledger
        .read(|rows| {
            look_at_findings(rows, model);
            look_at_delegations(rows, model);
            look_at_walks(rows, model);
            Ok::<_, onus::store::connection::StoreError>(())
        })
        .unwrap();
    look_at_searches(ledger, model);
}

fn at(index: usize) -> LeafIndex {
    LeafIndex::new(u64::try_from(index).unwrap()).unwrap()
}

fn look_at_findings(rows: Rows<'_>, model: &Model) {
    for (index, expected) in model.entries.iter().enumerate() {
        let entry = open_entry(rows, at(index)).unwrap().unwrap();
        let present = present_findings(rows, at(index), entry.first_findings()).unwrap();
        assert_eq!(codes(&present), expected.present, "the present findings of entry {index}");
    }
}

/// Every delegation that is named anywhere, granted or not.
fn look_at_delegations(rows: Rows<'_>, model: &Model) {
    let mut named = BTreeSet::new();
    for event in model.entries.iter().filter_map(|entry| entry.event.as_ref()) {
        match &event.what {
            What::Grant(grant) => named.extend(std::iter::once(&grant.id).chain(&grant.parent)),
            What::Revocation(revocation) => drop(named.insert(&revocation.of)),
            What::Act(act) => named.extend(&act.under),
        }
    }
    let cache = std::cell::RefCell::new(PastCache::default());
    let now = head_index(rows).unwrap();
    for id in named {
        let chain = Chain::resolve(&LedgerPast::as_of(rows, &cache, now, now), &DelegationId::parse(id).unwrap()).unwrap();
        let stands = standing(&chain, timestamp(model.now()));
        let by = match &stands {
            Standing::Active => None,
            Standing::NotYetValid { by, .. } | Standing::Expired { by, .. } | Standing::Revoked { by, .. } => Some(by.to_string()),
            Standing::Undetermined { missing } => Some(missing.to_string()),
        };
        assert_eq!((stands.as_str(), by), rules::standing(&model.entries, id, model.now()), "how {id} stands");
    }
}

/// The entries that report each action.
fn actions(model: &Model) -> BTreeMap<&str, Vec<usize>> {
    let mut actions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in model.entries.iter().enumerate() {
        if let Some(What::Act(act)) = entry.event.as_ref().map(|event| &event.what) {
            actions.entry(&act.id).or_default().push(index);
        }
    }
    actions
}

fn look_at_walks(rows: Rows<'_>, model: &Model) {
    for (id, reports) in actions(model) {
        let walked = walk_action(rows, &ActionId::parse(id).unwrap()).unwrap().expect("a reported action walks");
        let walk = &walked.walk;
        let delegation = |step: &Step| match step {
            Step::Delegation(hop) => Some(hop.delegation_id.to_string()),
            _ => None,
        };
        let found = Walked {
            delegations: walk.steps.iter().filter_map(delegation).collect(),
            human: walk.human_principal_id.as_ref().map(ToString::to_string),
            is_complete: walk.is_complete,
        };
        assert_eq!(found, rules::walk(&model.entries, id), "the walk of {id}");
        assert_eq!(
            walked.reports.iter().map(|report| report.index).collect::<Vec<_>>(),
            reports.iter().map(|i| at(*i)).collect::<Vec<_>>()
        );
        let present: BTreeSet<&str> = reports.iter().flat_map(|index| model.entries[*index].present.iter().copied()).collect();
        assert_eq!(walk.reasons.iter().map(|reason| reason.code.as_str()).collect::<BTreeSet<_>>(), present, "the reasons of {id}");
        let any = |of: &[&str]| of.iter().any(|code| present.contains(code));
        let verdict = if any(&BAD) {
            "not_authorised"
        } else if any(&UNKNOWN) {
            "undetermined"
        } else if present.is_empty() {
            "authorised"
        } else {
            "authorised_with_warnings"
        };
        assert_eq!(walk.verdict.as_str(), verdict, "the verdict on {id}: {present:?}");
    }
}

fn look_at_searches(ledger: &Ledger, model: &Model) {
    let finder = Finder::new(ledger, &Sight::Everything, None);
    let search = |criterion: Criterion, expected: Vec<usize>| {
        let found = finder.find(&Criteria::default().and(criterion.clone()), None, ALL).unwrap();
        assert_eq!(found.withheld, [], "{criterion:?}");
        let mut hits: Vec<LeafIndex> = found.hits.iter().map(|hit| hit.entry.index).collect();
        hits.reverse();
        assert_eq!(hits, expected.into_iter().map(at).collect::<Vec<_>>(), "what is found for {criterion:?}");
    };
    for (id, reports) in actions(model) {
        search(Criterion::Action(id.to_owned()), reports);
    }
    let with = |is_it: &dyn Fn(usize) -> bool| (0..model.entries.len()).filter(|index| is_it(*index)).collect::<Vec<_>>();
    for code in Code::ALL {
        search(Criterion::Finding(*code), with(&|index| model.entries[index].present.contains(code.as_str())));
    }
    for source in ["billing", "gateway", "onus"] {
        search(Criterion::Reporter(source.to_owned()), with(&|index| model.entries[index].reporter.name == source));
    }
}
