//! The walk as JSON (API.md, "The walk's JSON"): members of that page first, what is added to it behind. Numbers and words only;
//! nothing is decided here.

use serde_json::{Map, Value as Json, json};

use crate::domain::action::Trigger;
use crate::domain::attribution::Attribution;
use crate::domain::finding::Code;
use crate::domain::narrowing::Change;
use crate::domain::past::Recorded;
use crate::domain::provenance::{FirstSeen, Provenance, Words};
use crate::domain::reading::ReadDocument;
use crate::domain::standing::Standing;
use crate::domain::walk::{EntryRef, Reason, Walk};
use crate::domain::walk_steps::{ActionStep, DelegationStep, Step};
use crate::service::walker::{ChangedBy, WalkedAction};

/// The whole of it.
pub fn walk_json(walked: &WalkedAction) -> Map<String, Json> {
    let walk = &walked.walk;
    let data = json!({
        "action_id": walk.action_id.as_str(),
        "entry": entry_json(walk.entry),
        "verdict": walk.verdict.as_str(),
        "reasons": walk.reasons.iter().map(reason_json).collect::<Vec<_>>(),
        "attribution": attribution_json(&walk.attribution),
        "statement": walk.statement,
        "complete": walk.is_complete,
        "missing": walk.missing,
        "human_principal_id": walk.human_principal_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "root_delegation_id": walk.root_delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "steps": walk.steps.iter().enumerate().map(|(i, step)| step_json(i + 1, step)).collect::<Vec<_>>(),
        "documents": walk.documents.iter().map(document_json).collect::<Vec<_>>(),
        "confirmation": walk.confirmation_id.as_ref().map(|id| json!({ "confirmation_id": id })),
        "headline": walk.headline(),
        "claimed_human_principal_id": walk.claimed_human_principal_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "delegation_id": walked.action.actor.delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "word_of": walk.word_of.as_ref().map(super::super::domain::ids::Source::as_str),
        "trigger": walked.action.trigger.as_ref().map(trigger_json),
        "first": first_json(walk),
        "changed_by": walked.changes.iter().map(changed_by_json).collect::<Vec<_>>(),
        "diff": diff_json(walk),
        "provenance": provenance_json(&walk.attribution.provenance),
        "reports": walked.reports.iter().map(|report| report_json(report)).collect::<Vec<_>>(),
    });
    into_members(data)
}

/// An object's members.
pub fn into_members(object: Json) -> Map<String, Json> {
    match object {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

/// Where something stands.
pub fn entry_json(entry: EntryRef) -> Json {
    json!({ "index": entry.index.get(), "leaf_hash": entry.leaf_hash.to_string(), "recorded_at": entry.recorded_at.to_string() })
}

/// The words of findings.
pub fn codes_json(codes: &[Code]) -> Json {
    codes.iter().map(|code| code.as_str()).collect()
}

/// How something stands, and what decides it.
pub fn standing_json(standing: &Standing) -> Json {
    let status = standing.as_str();
    match standing {
        Standing::Active => json!({ "status": status }),
        Standing::NotYetValid { by, from } => json!({ "status": status, "by": by.as_str(), "from": from.to_string() }),
        Standing::Expired { by, at } | Standing::Revoked { by, at } => {
            json!({ "status": status, "by": by.as_str(), "at": at.to_string() })
        }
        Standing::Undetermined { missing } => json!({ "status": status, "missing": missing.as_str() }),
    }
}

/// A term on both sides of a hop.
pub fn change_json(change: &Change) -> Json {
    json!({
        "term": change.term.as_str(), "parent": change.parent, "child": change.child, "counter_example": change.counter_example,
        "pointer": change.pointer,
    })
}

/// What changed an entry's findings, and why.
pub fn changed_by_json(change: &ChangedBy) -> Json {
    json!({
        "changed": change.changed.get(), "index": change.index.get(), "cause": change.cause.map(super::super::tlog::position::LeafIndex::get),
        "cause_type": change.cause_type,
    })
}

/// Did the human ask?
pub fn attribution_json(attribution: &Attribution) -> Json {
    let evidence = attribution.evidence.iter();
    json!({
        "verdict": attribution.verdict.as_str(),
        "rule": attribution.verdict.rule(),
        "missing": attribution.missing,
        "evidence": evidence
            .map(|e| json!({ "argument": e.argument, "document": e.document, "offset": e.offset }))
            .collect::<Vec<_>>(),
    })
}

/// One reason.
pub fn reason_json(reason: &Reason) -> Json {
    json!({
        "code": reason.code.as_str(), "level": reason.level.as_str(), "step": reason.step, "detail": reason.detail,
        "pointer": reason.pointer, "label": reason.code.label(),
        "delegation_id": reason.delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
    })
}

/// The first assessment; null where the present one is the same.
pub fn first_json(walk: &Walk) -> Json {
    walk.first.as_ref().map_or(Json::Null, |first| json!({ "verdict": first.verdict.as_str(), "findings": codes_json(&first.codes) }))
}

/// What set an action off, without its words.
pub fn trigger_json(trigger: &Trigger) -> Json {
    json!({
        "kind": trigger.kind.as_str(), "principal_id": trigger.principal_id, "reference": trigger.reference,
        "content_sha256": trigger.content_sha256.as_ref().map(super::super::tlog::hash::DocumentHash::to_hex),
    })
}

/// One report: where, by whom, what was found.
pub fn report_json<T>(report: &Recorded<T>) -> Json {
    json!({
        "event_id": report.event_id.as_str(),
        "source": report.source.as_str(),
        "caller_class": report.reporter_class.as_str(),
        "occurred_at": report.occurred_at.to_string(),
        "entry": { "index": report.index.get(), "leaf_hash": report.leaf_hash.to_string(), "recorded_at": report.recorded_at.to_string() },
        "first_findings": codes_json(&report.first_findings),
        "findings": codes_json(&report.present_findings),
    })
}

/// What had been read.
pub fn document_json(document: &ReadDocument) -> Json {
    json!({
        "sha256": document.sha256.as_ref().map(super::super::tlog::hash::DocumentHash::to_hex),
        "uri": document.uri,
        "store": document.store,
        "retrieved_at": document.retrieved_at.map(|at| at.to_string()),
        "origin": document.origin.map(super::super::domain::action::DocumentOrigin::as_str),
        "said_by": document.said_by,
        "before_ms": document.before_ms,
    })
}

fn step_json(number: usize, step: &Step) -> Json {
    let mut members = match step {
        Step::Human { id } => into_members(json!({ "id": id.as_str() })),
        Step::Service { id } => into_members(json!({ "id": id })),
        Step::Delegation(hop) => into_members(hop_json(hop)),
        Step::Agent { agent_id, instance_id } => into_members(json!({ "agent_id": agent_id.as_str(), "instance_id": instance_id })),
        Step::Action(action) => into_members(action_json(action)),
        Step::Documents { count } => into_members(json!({ "count": count })),
        Step::Confirmation { confirmation_id } => into_members(json!({ "confirmation_id": confirmation_id })),
    };
    members.insert("step".to_owned(), number.into());
    members.insert("kind".to_owned(), step.kind().into());
    Json::Object(members)
}

fn hop_json(hop: &DelegationStep) -> Json {
    json!({
        "delegation_id": hop.delegation_id.as_str(),
        "parent_delegation_id": hop.parent_delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "evidence": hop.evidence.as_str(),
        "source": hop.source.as_str(),
        "entry": entry_json(hop.entry),
        "purpose": hop.purpose,
        "removed": hop.removed.iter().map(change_json).collect::<Vec<_>>(),
        "widened": hop.widened.iter().map(change_json).collect::<Vec<_>>(),
        "findings": codes_json(&hop.findings),
        "standing": standing_json(&hop.standing),
    })
}

fn action_json(action: &ActionStep) -> Json {
    json!({
        "name": action.name,
        "resource": action.resource,
        "occurred_at": action.occurred_at.to_string(),
        "reports": action.reports
            .iter()
            .map(|(source, entry)| json!({ "source": source.as_str(), "entry": entry_json(*entry) }))
            .collect::<Vec<_>>(),
    })
}

fn diff_json(walk: &Walk) -> Json {
    let row = |row: &crate::domain::diff::DiffRow| {
        let argument = if let crate::domain::diff::DiffTerm::Constraint(pointer) = &row.term { Some(pointer) } else { None };
        json!({ "term": row.term.as_str(), "argument": argument, "result": row.result.as_str(), "allows": row.allows, "did": row.did })
    };
    walk.diff.iter().map(row).collect()
}

fn provenance_json(provenance: &Provenance) -> Json {
    let words = match provenance.words {
        Words::Known => "known",
        Words::Missing => "missing",
        Words::NotHers => "not_hers",
    };
    let arguments = provenance.arguments.iter().map(|argument| {
        let first_seen = match argument.first_seen() {
            FirstSeen::Words(offset) => json!({ "in": "words", "offset": offset }),
            FirstSeen::Prompt(offset) => json!({ "in": "prompt", "offset": offset }),
            FirstSeen::Document(place) => json!({ "in": "document", "document": place.document, "offset": place.offset }),
            FirstSeen::Nowhere => json!({ "in": "nowhere" }),
        };
        json!({
            "argument": argument.argument,
            "first_seen": first_seen,
            "in_words": argument.in_words,
            "in_prompt": argument.in_prompt,
            "in_documents": argument.in_documents
                .iter()
                .map(|place| json!({ "document": place.document, "offset": place.offset }))
                .collect::<Vec<_>>(),
        })
    });
    json!({
        "words": words,
        "arguments": arguments.collect::<Vec<_>>(),
        "more_arguments_than_traced": provenance.is_cut,
        "unread_documents": provenance.unread,
    })
}
