//! Findings about a delegation: whether whoever gave it held it, whether it is wider than what it passes on, whether it is
//! wider than it need be.

use crate::domain::assessment::{Submission, assess_times, quoted};
use crate::domain::authority::{assess_depth, assess_link, assess_principal, assess_root, assess_validity};
use crate::domain::catalogue::{Catalogue, Effect};
use crate::domain::chain::{Chain, Root};
use crate::domain::delegation::Delegation;
use crate::domain::finding::{Code, Finding};
use crate::domain::narrowing::{Change, narrowing, start_of};
use crate::domain::past::Past;
use crate::domain::scope::{self, ANYTHING};
use crate::domain::settings::Settings;

/// Scope tokens that say by themselves that everything may be changed.
const WRITE_ON_EVERYTHING: [&str; 5] = ["*", "write", "admin", "write:*", "admin:*"];

pub(crate) fn assess_delegation<P: Past>(submission: &Submission<'_>, delegation: &Delegation, past: &P) -> Result<Vec<Finding>, P::Error> {
    let (settings, catalogue) = (past.settings()?, past.catalogue()?);
    let mut findings: Vec<Finding> = assess_times(submission, &settings).into_iter().collect();
    match &delegation.parent_delegation_id {
        None => findings.extend(assess_as_root(delegation)),
        Some(parent) => {
            let mut chain = Chain::resolve(past, parent)?;
            // Its own id is not in the ledger yet, so a circle through it looks like a gap.
            if chain.root == Root::Missing(delegation.delegation_id.clone()) {
                chain.root = Root::Cycle(delegation.delegation_id.clone());
            }
            findings.extend(assess_as_child(submission, delegation, &chain));
        }
    }
    findings.extend(assess_own_validity(submission, delegation));
    findings.extend(assess_breadth(delegation, &settings, &catalogue));
    Ok(findings)
}

fn assess_as_root(delegation: &Delegation) -> Vec<Finding> {
    let root = Root::of(delegation);
    let reached = assess_root(&root, "/delegator");
    // A service's root may name the human it serves beside the person who answers for it; a human's may name herself only.
    let of_herself = match root {
        Root::Human(_) => assess_principal(delegation, &Chain { hops: Vec::new(), root }),
        _ => None,
    };
    reached.into_iter().chain(of_herself.map(|f| f.at("/human_principal_id"))).collect()
}

fn assess_as_child(submission: &Submission<'_>, delegation: &Delegation, chain: &Chain) -> Vec<Finding> {
    const PARENT: &str = "/parent_delegation_id";
    let mut findings: Vec<Finding> = assess_root(&chain.root, PARENT).into_iter().collect();
    findings.extend(assess_principal(delegation, chain).map(|f| f.at("/human_principal_id")));
    let Some(parent) = chain.named() else {
        return findings;
    };
    findings.extend(assess_link(delegation, parent.terms()).map(|f| f.at("/delegator")));
    findings.extend(narrowing(parent.terms(), delegation).widened.iter().map(|change| widened(change).of(parent.id())));
    findings.extend(assess_depth(chain, 1, PARENT));
    // Granting is an act under the parent. Of two claims about when it was done, the later one cannot be the convenient one.
    // That it came before the parent's start is told as widened, by `narrowing`.
    let granted_at = submission.occurred_at.max(delegation.issued_at);
    let validity = assess_validity(chain, granted_at, submission, "/issued_at", |_| false);
    findings.extend(validity.into_iter().filter(|f| f.code != Code::DelegationNotYetValid));
    findings
}

fn widened(change: &Change) -> Finding {
    let held = change.parent.as_deref().map_or_else(|| "nothing of it".to_owned(), quoted);
    let passed_on = change.child.as_deref().map_or_else(|| "no such bound".to_owned(), quoted);
    let example = change.counter_example.as_deref().map_or_else(String::new, |e| format!("; for example {}", quoted(e)));
    let detail = format!("{}: the parent holds {held}, this passes on {passed_on}{example}", change.term.as_str());
    Finding::new(Code::ScopeWidened, detail).at(change.pointer.clone())
}

/// A grant that is over when it is given authorises nothing.
fn assess_own_validity(submission: &Submission<'_>, delegation: &Delegation) -> Option<Finding> {
    let granted_at = submission.occurred_at.max(delegation.issued_at);
    let detail = || format!("given at {granted_at}, not before its own end {}", delegation.expires_at);
    let is_over = granted_at >= delegation.expires_at;
    is_over.then(|| Finding::new(Code::DelegationExpired, detail()).at("/expires_at").of(&delegation.delegation_id))
}

fn assess_breadth(delegation: &Delegation, settings: &Settings, catalogue: &Catalogue) -> Vec<Finding> {
    let broad = |pointer: String, detail: String| Finding::new(Code::DelegationOverbroad, detail).at(pointer);
    let mut findings = Vec::new();
    let life_ms = delegation.expires_at.ms_since(start_of(delegation));
    if life_ms > settings.overbroad_validity_ms {
        let detail = format!("holds for {} min; more than {} min are too long", life_ms / 60_000, settings.overbroad_validity_ms / 60_000);
        findings.push(broad("/expires_at".to_owned(), detail));
    }
    // Below the root a pattern may well be less than what the parent holds; at the root nothing has narrowed it yet.
    let is_root = delegation.parent_delegation_id.is_none();
    if let Some((i, pattern)) = delegation.scope.iter().enumerate().find(|(_, token)| is_root && token.ends_with('*')) {
        findings.push(broad(format!("/scope/{i}"), format!("the wildcard {} stands at the root", quoted(pattern))));
    }
    let is_on_everything = delegation.resources.as_ref().is_none_or(|patterns| patterns.iter().any(|p| p == ANYTHING));
    if is_on_everything && let Some(what) = writes_everything(delegation, catalogue) {
        findings.push(broad("/scope".to_owned(), format!("{what}, on any resource")));
    }
    findings
}

/// Whether it may change everything: one of its tokens says so by its name, or it covers whatever the catalogue knows to
/// change something (more than one action: a delegation for the only one there is cannot be narrower).
fn writes_everything(delegation: &Delegation, catalogue: &Catalogue) -> Option<String> {
    if let Some(token) = delegation.scope.iter().find(|token| WRITE_ON_EVERYTHING.contains(&token.as_str())) {
        return Some(format!("{token} allows to change everything"));
    }
    let changing = || catalogue.entries().iter().filter(|entry| entry.effect != Effect::Read && !entry.scope.is_empty());
    let covers_all = changing().all(|entry| entry.scope.iter().all(|token| scope::covered_by_any(&delegation.scope, token)));
    (covers_all && changing().count() > 1)
        .then(|| format!("allows all {} actions of the catalogue that change something", changing().count()))
}
