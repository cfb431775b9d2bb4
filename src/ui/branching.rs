//! The tree around a delegation: the line of those above it, itself, and everything passed on below it as far as a page goes.

use crate::domain::finding::Code;
use crate::domain::standing::Standing;
use crate::service::branches::{DelegationView, Node};
use crate::tlog::time::Timestamp;
use crate::ui::delegation_handler::Shown;
use crate::ui::part::{Badge, Named};
use crate::ui::sentence::Sentence;
use crate::ui::tree::Branch;
use crate::ui::when::{When, Zone};
use crate::ui::{link, terms, words};

/// Levels below the delegation that stand open at first.
const OPEN_LEVELS: u16 = 2;

/// From the topmost one that may be seen down to the last one below.
pub fn tree(shown: &Shown, zone: Zone) -> Branch {
    let zone = (!shown.is_time_synthetic).then_some(zone);
    let mut nodes = shown.below.nodes.as_slice();
    let mut here = branch(&shown.view, zone);
    here.is_here = true;
    here.is_open = true;
    here.branches = below(&mut nodes, 1, zone);
    if shown.below.next_after.is_some() {
        let id = shown.view.chain.named().map_or("", |hop| hop.id().as_str());
        here.more = Some(("and more below it".to_owned(), format!("/delegations?delegation_id={}", link::percent_encoded(id))));
    }
    shown.above.iter().fold(here, |child, view| above(view, child, zone))
}

/// An ancestor, with the one below it that leads here; how many others it has is said.
fn above(view: &DelegationView, child: Branch, zone: Option<Zone>) -> Branch {
    let others = view.children.saturating_sub(1);
    let id = view.chain.named().map_or("", |hop| hop.id().as_str());
    let href = format!("/delegations?delegation_id={}", link::percent_encoded(id));
    let more = (others > 0).then(|| (words::counted(others, "other sub-delegation", "other sub-delegations"), href));
    Branch { is_open: true, branches: vec![child], more, ..branch(view, zone) }
}

/// The nodes from the front that lie at `level`, each with what follows below it.
fn below(nodes: &mut &[Node], level: u16, zone: Option<Zone>) -> Vec<Branch> {
    let mut branches = Vec::new();
    while let Some((node, rest)) = nodes.split_first().filter(|(node, _)| node.level >= level) {
        *nodes = rest;
        let mut one = branch(&node.view, zone);
        let counts = node.findings.iter().flatten().filter_map(|(code, count)| Some((Code::parse(code)?, *count)));
        one.badges.extend(counts.map(|(code, count)| Badge::finding_times(code, count)));
        one.is_open = level <= OPEN_LEVELS;
        one.branches = below(nodes, level + 1, zone);
        branches.push(one);
    }
    branches
}

fn branch(view: &DelegationView, zone: Option<Zone>) -> Branch {
    let hop = view.chain.named();
    let id = hop.map_or("", |hop| hop.id().as_str());
    let badges = if view.standing == Standing::Active { Vec::new() } else { vec![terms::standing_badge(&view.standing)] };
    Branch {
        delegation: Named::delegation(id),
        agent: Named::agent(hop.map_or("", |hop| hop.terms().agent_id.as_str())).without_class(),
        note: note(view, hop.map(|hop| hop.terms().expires_at), zone),
        actions: words::counted(view.actions, "action", "actions"),
        badges,
        is_here: false,
        is_open: false,
        branches: Vec::new(),
        more: None,
    }
}

fn note(view: &DelegationView, expires_at: Option<Timestamp>, zone: Option<Zone>) -> Sentence {
    let compared = match view.narrowings.first() {
        None if view.chain.root.is_reached() => "root",
        None => "its parent is not here",
        Some(narrowing) if !narrowing.widened.is_empty() => "wider than its parent",
        Some(narrowing) if !narrowing.removed.is_empty() => "narrower",
        Some(_) => "same terms",
    };
    match (expires_at, zone) {
        (Some(at), Some(zone)) => Sentence::new(compared).words(", ends ").time(When::of(at, zone)),
        _ => compared.into(),
    }
}
