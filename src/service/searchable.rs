//! What search is told of an entry: the event, and the chain above it. Put together from the ledger alone, so that the index may
//! be wiped and made again at any time.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::domain::action::Action;
use crate::domain::chain::Chain;
use crate::domain::delegation::Delegation;
use crate::domain::event::{Event, EventKind};
use crate::domain::finding::Verdict;
use crate::domain::ids::DelegationId;
use crate::domain::past::Past as _;
use crate::index::document::IndexDocument;
use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::past::{LedgerPast, PastCache, present_findings};
use crate::store::rows::Rows;
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;
use crate::tlog::position::LeafIndex;

/// Longest prose that is put together for one entry, in bytes.
const MAX_PROSE_BYTES: usize = 64 << 10;

/// The entry as search sees it once the ledger has come to `now`.
pub fn searchable(rows: Rows<'_>, cache: &RefCell<PastCache>, entry: &OpenedEntry, now: LeafIndex) -> Result<IndexDocument, ReadError> {
    searchable_event(rows, cache, entry, &entry.to_event()?, now)
}

/// The same, for whoever has the event already.
pub fn searchable_event(
    rows: Rows<'_>,
    cache: &RefCell<PastCache>,
    entry: &OpenedEntry,
    event: &Event,
    now: LeafIndex,
) -> Result<IndexDocument, ReadError> {
    let report = entry.report()?;
    let mut document = IndexDocument::new(entry.index, entry.header.entry_type.as_str(), event.occurred_at, entry.header.recorded_at);
    document.event_id = Some(event.event_id.to_string());
    document.reporter = report.source.to_string();
    report.caller_class.as_str().clone_into(&mut document.reporter_class);
    let past = LedgerPast::as_of(rows, cache, entry.index, now);
    match &event.kind {
        EventKind::ActionRecorded(action) => {
            add_action(&mut document, action);
            document.amount = past.catalogue()?.amount(action).map(|a| a.number);
            add_chain(&mut document, &past, action.actor.delegation_id.as_ref())?;
        }
        EventKind::DelegationGranted(delegation) => {
            add_delegation(&mut document, delegation);
            add_chain(&mut document, &past, Some(&delegation.delegation_id))?;
        }
        EventKind::DelegationRevoked(revocation) => {
            document.delegation_id = Some(revocation.delegation_id.to_string());
            add_chain(&mut document, &past, Some(&revocation.delegation_id))?;
        }
        EventKind::Administrative(_) => {}
    }
    if entry.header.assessment.is_some() {
        let findings = present_findings(rows, entry.index, entry.first_findings())?;
        document.verdict = Some(Verdict::of(findings.iter().copied()).as_str().to_owned());
        document.findings = findings.iter().map(|c| c.as_str().to_owned()).collect();
    }
    // Whoever pastes a leaf hash, in either form, finds its entry.
    document.hashes.extend([entry.leaf_hash.to_string(), entry.leaf_hash.to_hex()]);
    document.text = prose(entry);
    Ok(document)
}

fn add_action(document: &mut IndexDocument, action: &Action) {
    let text = |value: &Option<String>| value.clone();
    document.action_id = Some(action.action_id.to_string());
    document.caller_class = Some(action.actor.caller_class.as_str().to_owned());
    document.by = action.actor.agent_id.as_ref().map(ToString::to_string);
    // What the reporter says, until the chain says better.
    document.human = action.actor.human_principal_id.as_ref().map(ToString::to_string);
    document.delegation_id = action.actor.delegation_id.as_ref().map(ToString::to_string);
    document.model = text(&action.actor.model_version);
    document.prompt = text(&action.actor.prompt_id);
    document.prompt_sha256 = text(&action.actor.prompt_sha256);
    document.trace = text(&action.request.trace_id);
    document.parent_trace = text(&action.request.parent_trace_id);
    document.key = text(&action.request.idempotency_key);
    document.policy = text(&action.decision.policy_version);
    document.decision = action.decision.effect.map(|e| e.as_str().to_owned());
    document.action = Some(action.name.clone());
    document.resource = text(&action.resource);
    document.scope = action.required_scope.clone().unwrap_or_default();
    document.outcome = Some(action.outcome.status.as_str().to_owned());
    document.error = text(&action.outcome.error_code);
    document.duration_ms = action.outcome.duration_ms;
    document.confirmation = text(&action.confirmation_id);
    for read in action.context.iter().flatten() {
        document.read.extend(read.sha256.iter().chain(&read.content_sha256).map(DocumentHash::to_hex));
        document.read.extend(read.uri.clone());
        document.store.extend(read.store.clone());
    }
    let hashes = [&action.decision.policy_sha256, &action.outcome.result_sha256, &action.model.tools_sha256, &action.model.output_sha256];
    document.hashes = hashes.into_iter().flatten().cloned().collect();
    document.hashes.extend(action.trigger.iter().filter_map(|t| t.content_sha256.as_ref()).map(DocumentHash::to_hex));
}

fn add_delegation(document: &mut IndexDocument, delegation: &Delegation) {
    document.delegation_id = Some(delegation.delegation_id.to_string());
    document.by = Some(delegation.agent_id.to_string());
    document.delegator = Some(delegation.delegator.id.clone());
    document.human = delegation.human_principal_id.as_ref().map(ToString::to_string);
    document.scope.clone_from(&delegation.scope);
    document.token = delegation.token.as_ref().and_then(|t| t.member("jti")).and_then(Value::as_str).map(str::to_owned);
}

/// Everybody and everything on the chain, from the delegation that is named up to the human.
fn add_chain(document: &mut IndexDocument, past: &LedgerPast<'_>, named: Option<&DelegationId>) -> Result<(), ReadError> {
    let mut via: BTreeSet<String> = document.by.iter().cloned().collect();
    if let Some(id) = named {
        let chain = Chain::resolve(past, id)?;
        document.under = std::iter::once(id.to_string()).chain(chain.hops.iter().map(|h| h.id().to_string())).collect();
        document.depth = u32::try_from(chain.hops.len()).ok();
        for hop in &chain.hops {
            via.insert(hop.terms().agent_id.to_string());
            via.insert(hop.terms().delegator.id.clone());
        }
        // A claim counts only where no chain says better, and then the topmost known delegation's before the reporter's.
        if let Some(person) = chain.root.human().or(chain.principal()) {
            document.human = Some(person.to_string());
        }
    }
    via.extend(document.human.clone());
    document.via = via.into_iter().collect();
    Ok(())
}

/// Every text in the payload that a person may look for, the ledger's own words about the reporter left out.
fn prose(entry: &OpenedEntry) -> String {
    const NOT_PROSE: [&str; 3] = ["/report", "/occurred_at", "/secret_hash"];
    let mut text = String::new();
    for (name, value) in &entry.members {
        if !NOT_PROSE.contains(&name.as_str()) {
            add_texts(value, &mut text);
        }
    }
    text
}

fn add_texts(value: &Value, out: &mut String) {
    if out.len() > MAX_PROSE_BYTES {
        return;
    }
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Number(_) => {
            out.push_str(&value.to_canonical());
            out.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| add_texts(item, out)),
        Value::Object(members) => members.iter().for_each(|(_, item)| add_texts(item, out)),
        Value::Null | Value::Bool(_) => {}
    }
}
