//! What the delegations allow beside what the action did, term by term: the table of the action's page. It repeats no
//! assessment: where a term needs other entries (sums over a day), it takes the finding's word.

use crate::domain::action::Action;
use crate::domain::assessment::quoted;
use crate::domain::bound;
use crate::domain::delegation::{Constraint, Delegation};
use crate::domain::finding::Code;
use crate::domain::ids::{AgentId, PrincipalId};
use crate::domain::narrowing::start_of;
use crate::domain::pointer;
use crate::domain::required_scope::Requirement;
use crate::domain::scope;
use crate::domain::walk::Reason;
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;

const NOT_STATED: &str = "not stated";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// Which term.
    pub term: DiffTerm,
    /// Whether what was done lies within what was allowed.
    pub result: DiffResult,
    /// What all hops together allow, in words.
    pub allows: String,
    /// What was done, in words.
    pub did: String,
}

/// The terms that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffTerm {
    /// What may be done.
    Scope,
    /// To what.
    Resource,
    /// A bound on the argument of that pointer.
    Constraint(String),
    /// When.
    Time,
    /// By which agent.
    Agent,
    /// For whom.
    Person,
}

impl DiffTerm {
    /// The word of the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Constraint(_) => "constraint",
            Self::Time => "time",
            Self::Agent => "agent",
            Self::Person => "person",
        }
    }
}

/// How a term came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiffResult {
    /// Within.
    Within,
    /// Outside, whatever else may be missing.
    Outside,
    /// Something is missing to say so.
    NotChecked,
}

impl DiffResult {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Outside => "outside",
            Self::NotChecked => "not_checked",
        }
    }
}

/// What is compared.
pub(crate) struct Compared<'a> {
    /// The hops that are known, from the root down; not empty.
    pub(crate) hops: &'a [&'a Delegation],
    /// Whether they are all there is. A missing hop may hold less, so nothing is within it for certain.
    pub(crate) is_complete: bool,
    /// What was done.
    pub(crate) action: &'a Action,
    /// When, as its reporter claims.
    pub(crate) occurred_at: Timestamp,
    /// The scope it needs, and whether anyone but its agent says so.
    pub(crate) requirement: &'a Requirement,
    /// In whose name the chain stands.
    pub(crate) principal: Option<&'a PrincipalId>,
    /// What assessment found.
    pub(crate) reasons: &'a [Reason],
}

impl Compared<'_> {
    /// The table. Empty where no delegation is known: there is nothing to compare with.
    pub(crate) fn rows(&self) -> Vec<DiffRow> {
        let Some(leaf) = self.hops.last() else { return Vec::new() };
        let mut rows = vec![self.scope(), self.resource()];
        let mut seen = Vec::new();
        for (hop, constraint) in self.hops.iter().flat_map(|hop| hop.constraints.iter().map(move |c| (hop, c))) {
            let words = bound::in_words(constraint);
            if !seen.contains(&words) {
                rows.push(self.constraint(hop, constraint, words.clone()));
                seen.push(words);
            }
        }
        let actor = &self.action.actor;
        rows.push(self.time());
        rows.push(self.identity(DiffTerm::Agent, Some(leaf.agent_id.as_str()), actor.agent_id.as_ref().map(AgentId::as_str)));
        let person = self.principal.map(PrincipalId::as_str);
        rows.push(self.identity(DiffTerm::Person, person, actor.human_principal_id.as_ref().map(PrincipalId::as_str)));
        rows
    }

    /// `None`: something is missing to say so.
    fn row(&self, term: DiffTerm, is_within: Option<bool>, allows: String, did: String) -> DiffRow {
        let result = match is_within {
            Some(false) => DiffResult::Outside,
            Some(true) if self.is_complete => DiffResult::Within,
            Some(true) | None => DiffResult::NotChecked,
        };
        DiffRow { term, result, allows, did }
    }

    fn scope(&self) -> DiffRow {
        let held: Vec<&[String]> = self.hops.iter().map(|h| h.scope.as_slice()).collect();
        let tokens: Vec<String> = self.requirement.needed.iter().map(|n| n.token.clone()).collect();
        let is_determined = self.requirement.finding.as_ref().is_none_or(|f| f.code != Code::ScopeUndetermined);
        let is_within = tokens.iter().all(|token| held.iter().all(|scope| scope::covered_by_any(scope, token)));
        // An agent may understate what it needs, so its word can show that it went too far but not that it did not.
        let is_within = if is_within && !is_determined { None } else { Some(is_within) };
        let did = if tokens.is_empty() && !is_determined { NOT_STATED.to_owned() } else { listed(&tokens) };
        self.row(DiffTerm::Scope, is_within, intersection(&held), did)
    }

    fn resource(&self) -> DiffRow {
        let held: Vec<&[String]> = self.hops.iter().filter_map(|h| h.resources.as_deref()).collect();
        let allows = if held.is_empty() { "any resource".to_owned() } else { intersection(&held) };
        // Leaving it out is not the way around a limit: what is not stated is not within.
        let is_covered = |patterns: &&[String]| self.action.resource.as_ref().is_some_and(|r| scope::covered_by_any(patterns, r));
        let did = self.action.resource.clone().unwrap_or_else(|| NOT_STATED.to_owned());
        self.row(DiffTerm::Resource, Some(held.iter().all(is_covered)), allows, did)
    }

    fn constraint(&self, hop: &Delegation, constraint: &Constraint, words: String) -> DiffRow {
        let argument = self.action.arguments.as_ref().and_then(|a| pointer::resolve(a, &constraint.argument));
        let is_found = self.reasons.iter().filter(|reason| reason.code == Code::ConstraintExceeded).any(|reason| {
            let member = reason.pointer.as_deref().and_then(|p| p.strip_prefix("/action/arguments"));
            let is_of_hop = reason.delegation_id.as_ref() == Some(&hop.delegation_id) && member == Some(constraint.argument.as_str());
            // One hop may bound one argument twice; the detail ends in the bound that was passed.
            is_of_hop && reason.detail.ends_with(&quoted(&words))
        });
        let did = argument.map_or_else(|| NOT_STATED.to_owned(), Value::to_canonical);
        let is_within = if is_found { Some(false) } else { argument.map(|a| bound::holds(constraint, a)) };
        self.row(DiffTerm::Constraint(constraint.argument.clone()), is_within, words, did)
    }

    fn time(&self) -> DiffRow {
        let start = self.hops.iter().map(|h| start_of(h)).max();
        let end = self.hops.iter().map(|h| h.expires_at).min();
        let is_within = start.is_none_or(|s| self.occurred_at >= s) && end.is_none_or(|e| self.occurred_at < e);
        let text = |time: Option<Timestamp>| time.map_or_else(String::new, Timestamp::to_millis_text);
        let allows = format!("{} to {}", text(start), text(end));
        // Times that an importer made up compare well with each other and say nothing.
        let is_within = Some(is_within).filter(|_| !self.action.is_time_synthetic);
        self.row(DiffTerm::Time, is_within, allows, self.occurred_at.to_millis_text())
    }

    fn identity(&self, term: DiffTerm, allowed: Option<&str>, acted: Option<&str>) -> DiffRow {
        let is_same = allowed.zip(acted).map(|(allowed, acted)| allowed == acted);
        let in_words = |id: Option<&str>| id.unwrap_or(NOT_STATED).to_owned();
        self.row(term, is_same, in_words(allowed), in_words(acted))
    }
}

/// What several lists of patterns allow together: of two patterns that meet, one lies within the other.
fn intersection(lists: &[&[String]]) -> String {
    let mut common: Vec<String> = Vec::new();
    for pattern in lists.iter().copied().flatten() {
        if !common.contains(pattern) && lists.iter().all(|list| scope::included_in_any(list, pattern)) {
            common.push(pattern.clone());
        }
    }
    listed(&common)
}

fn listed(tokens: &[String]) -> String {
    if tokens.is_empty() { "nothing".to_owned() } else { tokens.join(" ") }
}
