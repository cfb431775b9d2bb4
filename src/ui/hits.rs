//! What was found, as rows of lists.

use crate::domain::delegation::CallerClass;
use crate::domain::ids::AgentId;
use crate::service::finder::{Counted, Found};
use crate::service::hit::{Hit, HitKind};
use crate::ui::part::{Badge, Copyable, Named};
use crate::ui::rows::{ActionRow, ActionRows, DelegationRow, DelegationRows};
use crate::ui::untrusted::Untrusted;
use crate::ui::when::{When, Zone};
use crate::ui::{link, terms, walked, words};

/// Values counted one by one on a page.
pub const MAX_COUNTED_SHOWN: usize = 20;

/// Entries of any kind as rows; `has_ids`: whether their ids are shown.
pub fn action_rows<'h>(caption: &'static str, hits: impl IntoIterator<Item = &'h Hit>, has_ids: bool, zone: Zone) -> ActionRows {
    let row = |hit| {
        let row = action_row(hit, zone);
        if has_ids { row } else { ActionRow { id: None, ..row } }
    };
    ActionRows { caption, rows: hits.into_iter().map(row).collect() }
}

fn action_row(hit: &Hit, zone: Zone) -> ActionRow {
    let (action, detail, actor, id) = told(hit);
    let human = hit.human_principal_id.as_deref().or(hit.claimed_human_principal_id.as_deref());
    ActionRow {
        occurred: (!hit.entry.is_time_synthetic()).then(|| When::of(hit.occurred_at, zone)),
        action,
        detail: detail.map(Untrusted::new),
        human: human.map(|id| Named::person(id).without_class()),
        actor,
        findings: walked::badges(hit.findings.clone()),
        id: Some(Copyable::new(id)),
    }
}

/// What, to what, by whom, and its id.
fn told(hit: &Hit) -> (Named, Option<String>, Named, String) {
    match &hit.what {
        HitKind::Action { action, report } => {
            let id = action.action_id.as_str();
            let detail = match (report, &action.resource) {
                ((_, 1), resource) => resource.clone(),
                ((place, count), resource) => {
                    let resource = resource.as_ref().map_or_else(String::new, |resource| format!("{resource}, "));
                    Some(format!("{resource}report {place} of {count}"))
                }
            };
            let agent = action.actor.agent_id.as_ref().map(AgentId::as_str);
            let actor = match action.actor.caller_class {
                CallerClass::Human => action.actor.human_principal_id.as_ref().map(|id| Named::person(id.as_str())),
                class => agent.map(|id| Named::of(class, id)),
            };
            let actor = actor.unwrap_or_else(|| Named::of(hit.reporter_class, hit.reporter.as_str()));
            (Named::action(id, &action.name), detail, actor, id.to_owned())
        }
        HitKind::Delegation { delegation, .. } => {
            let terms = &delegation.what;
            let id = terms.delegation_id.as_str();
            let what = Named::to("delegation granted", link::delegation(id));
            (what, Some(format!("to {}", terms.agent_id)), terms::delegator(&terms.delegator), id.to_owned())
        }
        HitKind::Revocation(revocation) => {
            let id = revocation.delegation_id.as_str();
            let by = Named::of(hit.reporter_class, hit.reporter.as_str());
            (Named::to("delegation revoked", link::delegation(id)), revocation.reason.clone(), by, id.to_owned())
        }
        HitKind::Administrative => {
            let index = hit.entry.index.get();
            let what = Named::to(hit.entry.header.entry_type.as_str(), link::entry(index));
            (what, None, Named::plain(hit.reporter.as_str()), index.to_string())
        }
    }
}

/// Delegations as rows; what is none is left out.
pub fn delegation_rows(caption: &'static str, found: &Found, zone: Zone) -> DelegationRows {
    DelegationRows { caption, rows: found.hits.iter().filter_map(|hit| delegation_row(hit, zone)).collect() }
}

fn delegation_row(hit: &Hit, zone: Zone) -> Option<DelegationRow> {
    let HitKind::Delegation { delegation, standing, action_count } = &hit.what else { return None };
    let terms = &delegation.what;
    let findings = walked::badges(hit.findings.clone());
    let badges: Vec<Badge> = std::iter::once(terms::standing_badge(standing)).chain(findings).collect();
    Some(DelegationRow {
        delegation: Named::delegation(terms.delegation_id.as_str()),
        badges,
        delegator: terms::delegator(&terms.delegator),
        agent: Named::agent(terms.agent_id.as_str()).without_class(),
        ends: (!hit.entry.is_time_synthetic()).then(|| When::of(terms.expires_at, zone)),
        actions: words::number(*action_count),
    })
}

/// Names with how often each occurs: `3 actions`; and how many more names there are.
pub fn counted(counted: &Counted, name: impl Fn(&str) -> Named) -> Vec<(Named, String)> {
    let shown = counted.values.iter().take(MAX_COUNTED_SHOWN);
    let mut rows: Vec<_> = shown.map(|(value, count)| (name(value), words::reports(*count))).collect();
    if let Some(more @ 1..) = counted.distinct.checked_sub(MAX_COUNTED_SHOWN) {
        rows.push((Named::plain("and others"), words::number(more as u64)));
    }
    rows
}
