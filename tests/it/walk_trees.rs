//! The walk against a naive one, over thousands of random trees of delegations: deep, wide, with links that are missing, that
//! came late, and that run in a circle.

use std::sync::Arc;

use onus::domain::action::Action;
use onus::domain::assessment::{Submission, assess, header_codes};
use onus::domain::delegation::{CallerClass, Delegation, Delegator};
use onus::domain::event::EventKind;
use onus::domain::finding::Code;
use onus::domain::ids::{ActionId, AgentId, DelegationId, PrincipalId};
use onus::domain::memory::MemoryPast;
use onus::domain::past::Recorded;
use onus::domain::walk::{Walk, walk};
use onus::domain::walk_steps::Step;

use crate::sample::{action, delegation, recorded};

const TREES: u64 = 2_000;
const MAX_DEPTH: usize = 64;
const MAX_FAN_OUT: usize = 50;
const ACTIONS_PER_TREE: usize = 3;

/// A delegation as the test knows it, by number.
#[derive(Clone)]
struct Node {
    parent: Option<usize>,
    giver: Giver,
    recorded: Arrival,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Giver {
    Human,
    ServiceOfSomebody,
    ServiceOfNobody,
    Agent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    BeforeTheActions,
    Late,
    Never,
}

/// What the naive walk comes to.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    /// From the topmost known delegation down.
    chain: Vec<String>,
    human: Option<String>,
    missing: Option<String>,
}

/// Numbers without meaning, the same ones for the same seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).expect("small")).expect("below a usize")
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

#[test]
fn every_walk_through_a_random_tree_ends_where_a_naive_one_does() {
    let (mut deepest, mut complete, mut broken, mut circles) = (0, 0, 0, 0);
    for seed in 0..TREES {
        let mut numbers = Numbers(seed);
        let nodes = tree(&mut numbers);
        let mut past = MemoryPast::new();
        let arrive = |past: &mut MemoryPast, when: Arrival| {
            for (number, node) in nodes.iter().enumerate().filter(|(_, n)| n.recorded == when) {
                past.push_delegation(recorded(past.size().get(), delegation_of(number, node)));
            }
        };
        arrive(&mut past, Arrival::BeforeTheActions);
        let acted: Vec<(usize, Arc<Recorded<Action>>)> = (0..ACTIONS_PER_TREE)
            .map(|n| {
                // The first under the last one, which in a path is the deepest.
                let named = if n == 0 { nodes.len() - 1 } else { numbers.below(nodes.len()) };
                (named, act(&mut past, named))
            })
            .collect();
        arrive(&mut past, Arrival::Late);
        for (named, report) in acted {
            let expected = naive(&nodes, named);
            let Ok(walked) = walk(std::slice::from_ref(&report), &past, &|_| None);
            let walked = walked.expect("one report is enough");
            assert_eq!(told_by(&walked), expected, "seed {seed}, delegation {named}");
            assert_told_apart(&walked, &expected, &report);
            deepest = deepest.max(expected.chain.len());
            complete += usize::from(walked.is_complete);
            broken += usize::from(expected.missing.as_ref().is_some_and(|m| m.starts_with("delegation ")));
            circles += usize::from(expected.missing.as_ref().is_some_and(|m| m.contains("comes back")));
        }
    }
    assert_eq!(deepest, MAX_DEPTH);
    assert!(complete > 1_000 && broken > 500 && circles > 200, "{complete} complete, {broken} broken, {circles} circles");
}

/// A path, a bush or something between; then defects.
fn tree(numbers: &mut Numbers) -> Vec<Node> {
    let shape = numbers.below(3);
    let size = match shape {
        0 => 1 + numbers.below(MAX_DEPTH),
        1 => 1 + numbers.below(3 * MAX_FAN_OUT),
        _ => 1 + numbers.below(100),
    };
    let givers = [Giver::Human, Giver::Human, Giver::Human, Giver::ServiceOfSomebody, Giver::ServiceOfNobody, Giver::Agent];
    let mut nodes: Vec<Node> = Vec::new();
    for number in 0..size {
        let parent = match (number, shape) {
            (0, _) => None,
            (_, 0) => Some(number - 1),
            (_, 1) => Some((number - 1) / MAX_FAN_OUT),
            _ => Some(numbers.below(number)),
        };
        let giver = if parent.is_some() { Giver::Agent } else { givers[numbers.below(givers.len())] };
        nodes.push(Node { parent, giver, recorded: Arrival::BeforeTheActions });
    }
    for (one_in, arrival) in [(3, Arrival::Late), (3, Arrival::Never)] {
        if numbers.one_in(one_in) {
            for _ in 0..=numbers.below(3) {
                let struck = numbers.below(size);
                nodes[struck].recorded = arrival;
            }
        }
    }
    if numbers.one_in(4) {
        // Any node below, or itself, as the parent: a circle, or only a longer way round.
        let (from, to) = (numbers.below(size), numbers.below(size));
        nodes[from.min(to)].parent = Some(from.max(to));
    }
    nodes
}

fn id(number: usize) -> String {
    format!("dlg-{number}")
}

fn delegation_of(number: usize, node: &Node) -> Delegation {
    let (kind, giver) = match node.giver {
        Giver::Human => (CallerClass::Human, format!("user:{number}")),
        Giver::ServiceOfSomebody | Giver::ServiceOfNobody => (CallerClass::Service, format!("service:{number}")),
        Giver::Agent => (CallerClass::Agent, format!("agent:{}", node.parent.unwrap_or(number))),
    };
    Delegation {
        parent_delegation_id: node.parent.and_then(|p| DelegationId::parse(&id(p))),
        delegator: Delegator { kind, id: giver },
        human_principal_id: None,
        accountable_person_id: (node.giver == Giver::ServiceOfSomebody)
            .then(|| PrincipalId::parse(&format!("user:{number}")).expect("an id")),
        ..delegation(&id(number), &format!("agent:{number}"))
    }
}

/// The agent of a delegation acts under it, and the ledger assesses that against what it knows by then.
fn act(past: &mut MemoryPast, named: usize) -> Arc<Recorded<Action>> {
    let index = past.size().get();
    let mut acted = action("orders.read");
    acted.action_id = ActionId::parse(&format!("act-{index}")).expect("an id");
    acted.actor.agent_id = AgentId::parse(&format!("agent:{named}"));
    acted.actor.delegation_id = DelegationId::parse(&id(named));
    let mut report = recorded(index, acted);
    let kind = EventKind::ActionRecorded(Box::new(report.what.clone()));
    let submission = Submission {
        event_id: &report.event_id,
        kind: &kind,
        occurred_at: report.occurred_at,
        recorded_at: report.recorded_at,
        source: &report.source,
        reporter_class: report.reporter_class,
        is_time_synthetic: false,
    };
    let Ok(findings) = assess(&submission, past);
    report.first_findings = header_codes(&findings);
    report.present_findings.clone_from(&report.first_findings);
    past.push_action(report.clone());
    Arc::new(report)
}

/// The slow and obvious way: up, remembering everything passed.
fn naive(nodes: &[Node], named: usize) -> Expected {
    let (mut passed, mut at) = (Vec::new(), named);
    let (human, missing) = loop {
        if passed.contains(&at) {
            break (None, Some(format!("a root: the chain comes back to delegation {}", id(at))));
        }
        if nodes[at].recorded == Arrival::Never {
            break (None, Some(format!("delegation {}", id(at))));
        }
        passed.push(at);
        match (nodes[at].parent, nodes[at].giver) {
            (Some(parent), _) => at = parent,
            (None, Giver::Human | Giver::ServiceOfSomebody) => break (Some(format!("user:{at}")), None),
            (None, Giver::ServiceOfNobody | Giver::Agent) => break (None, Some("a human: the root names none".to_owned())),
        }
    };
    passed.reverse();
    Expected { chain: passed.into_iter().map(id).collect(), human, missing }
}

fn told_by(walked: &Walk) -> Expected {
    let chain = walked.steps.iter().filter_map(|step| match step {
        Step::Delegation(hop) => Some(hop.delegation_id.to_string()),
        _ => None,
    });
    assert!(walked.missing.len() <= 1, "{:?}", walked.missing);
    Expected {
        chain: chain.collect(),
        human: walked.human_principal_id.as_ref().map(ToString::to_string),
        missing: walked.missing.first().cloned(),
    }
}

/// What else must follow from it.
#[track_caller]
fn assert_told_apart(walked: &Walk, expected: &Expected, report: &Recorded<Action>) {
    assert_eq!(walked.is_complete, expected.missing.is_none());
    let is_human_first = matches!(walked.steps.first(), Some(Step::Human { id }) if Some(id.to_string()) == expected.human);
    assert_eq!(is_human_first, expected.human.is_some());
    let reaches_root = expected.human.is_some() || expected.missing.as_deref() == Some("a human: the root names none");
    let root = walked.root_delegation_id.as_ref().map(ToString::to_string);
    assert_eq!(root.as_ref(), expected.chain.first().filter(|_| reaches_root));
    // Every code of the header has its reason, and every reason a step that is there.
    let mut codes: Vec<Code> = walked.reasons.iter().map(|r| r.code).collect();
    codes.sort_by_key(|c| c.as_str());
    codes.dedup();
    assert_eq!(codes, report.present_findings);
    assert!(walked.reasons.iter().all(|r| (1..=walked.steps.len()).contains(&r.step)));
}
