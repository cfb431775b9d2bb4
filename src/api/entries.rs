//! `GET /v1/entries`, one entry, its receipt: the bytes that are hashed, what they commit to, and whether all of it checks.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::exports::{EXPORT_PROBLEMS, export_entry};
use crate::api::place::{EntryPlace, salts_json};
use crate::api::reading::{LIST_PROBLEMS, index_in, not_found, read_row};
use crate::api::recorded::to_json;
use crate::api::walk_json::{changed_by_json, codes_json};
use crate::domain::credential::{Caller, Sight};
use crate::domain::finding::Code as Finding;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::edge::Surroundings;
use crate::http::envelope::{self, ListMeta};
use crate::http::media::prefers_sd_jwt;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::entry_reads::{ListedEntry, check_place, newest_entries};
use crate::service::ledger::Ledger;
use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::past::present_findings;
use crate::service::pending::REPORT;
use crate::service::prover::ProverError;
use crate::service::walker::{changed_by, entry_for};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::{EntryHeader, EntryType};
use crate::tlog::position::LeafIndex;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let mut list = read_row("/v1/entries", "listEntries", || web::to(list_entries));
    list.route.problems = LIST_PROBLEMS;
    let mut one = read_row("/v1/entries/{index}", "readEntry", || web::to(read_entry));
    one.route.problems = EXPORT_PROBLEMS;
    vec![list, one, read_row("/v1/entries/{index}/receipt", "readReceipt", || web::to(read_receipt))]
}

async fn list_entries(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    const LIST: &str = "listEntries";
    let query = Query::parse(request.query_string(), &["type", "limit", "cursor"])?;
    let entry_type = query.parsed("type", "an entry's type: action.recorded", EntryType::parse)?;
    let limit = usize::from(query.limit()?);
    let cursors = &Surroundings::of(&request).cursors;
    let before = cursors.open(LIST, &query)?.and_then(|at| LeafIndex::new(u64::from_be_bytes(at.try_into().ok()?)));
    let sight = caller.sight();
    let total = (sight == Sight::Everything && entry_type.is_none()).then(|| ledger.size().get());
    let page = blocking(move || Ok(ledger.read(|rows| newest_entries(rows, &sight, before, entry_type.as_ref(), limit))?)).await?;
    let cursor = page.next_before.map(|before| cursors.seal(LIST, &query, &before.get().to_be_bytes()));
    let meta = ListMeta { has_more: cursor.is_some(), cursor, total, total_is_estimate: None };
    let entries: Vec<Json> = page.entries.iter().map(listed_json).collect();
    Ok(envelope::list(&request, &json!({ "entries": entries }), &meta))
}

async fn read_entry(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let index = index_in(&path)?;
    // Looking at the head of an answer hands out nothing, so nothing of it is recorded.
    if prefers_sd_jwt(request.headers()) && request.method() == Method::GET {
        return export_entry(request, caller, ledger, index).await;
    }
    Query::parse(request.query_string(), &[])?;
    let data = blocking(move || {
        let looked = ledger.read(|rows| {
            let Some(entry) = entry_for(rows, &caller.sight(), index)? else { return Ok::<_, ProverError>(None) };
            let checkpoint = check_place(rows, &entry, ledger.origin(), &ledger.vkeys())?;
            let findings = present_findings(rows, index, entry.first_findings())?;
            let changed = changed_by(rows, index)?;
            Ok(Some((entry, checkpoint, findings, changed)))
        })?;
        let (entry, checkpoint, findings, changed) = looked.ok_or_else(|| not_found("entry"))?;
        let mut data = entry_json(&entry, checkpoint.as_ref(), &findings);
        data["changed_by"] = changed.as_ref().map_or(Json::Null, changed_by_json);
        Ok(data)
    })
    .await?;
    Ok(envelope::ok(&request, &data))
}

async fn read_receipt(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let index = index_in(&path)?;
    let data = blocking(move || {
        let looked = ledger.read(|rows| {
            let Some(entry) = entry_for(rows, &caller.sight(), index)? else { return Ok::<_, ProverError>(None) };
            let proof = ledger.prover(rows)?.tlog_proof(index, None)?;
            Ok(Some((entry, proof)))
        })?;
        let (entry, proof) = looked.ok_or_else(|| not_found("entry"))?;
        let note = if proof.is_some() { Json::Null } else { "no checkpoint covers this entry yet: ask again in a second".into() };
        let mut data = json!({
            "entry": EntryPlace::of(&entry), "salts": null, "report": null, "tlog_proof": proof.map(|proof| proof.to_text()), "note": note,
        });
        if may_open(&caller, &entry)? {
            data["salts"] = Json::Object(salts_json(&entry));
            data["report"] = entry.members.get(REPORT).map_or(Json::Null, to_json);
        }
        Ok(data)
    })
    .await?;
    Ok(envelope::ok(&request, &data))
}

/// An opening is for the source that reported the entry, and for those who see everything. Names of people and of programs are
/// not in one namespace, so the class has to be the same, too.
fn may_open(caller: &Caller, entry: &OpenedEntry) -> Result<bool, ReadError> {
    let report = entry.report()?;
    Ok(caller.sight() == Sight::Everything || (report.source == caller.source && report.caller_class == caller.class))
}

fn header_json(header: &EntryHeader) -> Json {
    let assessment = header.assessment.as_ref();
    json!({
        "index": header.index.get(),
        "type": header.entry_type.as_str(),
        "log": header.log.as_str(),
        "prev": header.prev.to_string(),
        "payload": header.payload.to_string(),
        "recorded_at": header.recorded_at.to_string(),
        "about": header.about.map(LeafIndex::get),
        "assessment": assessment.map(|a| json!({ "findings": a.findings(), "rules": a.rules() })),
    })
}

fn entry_json(entry: &OpenedEntry, checkpoint: Option<&Checkpoint>, findings: &[Finding]) -> Json {
    let mut members: serde_json::Map<String, Json> = entry.members.iter().map(|(name, value)| (name.clone(), to_json(value))).collect();
    let report = members.remove(REPORT);
    json!({
        "entry": EntryPlace::of(entry),
        "type": entry.header.entry_type.as_str(),
        "header": header_json(&entry.header),
        "members": members,
        "report": report,
        "erased": [],
        "first_findings": codes_json(&entry.first_findings()),
        "findings": codes_json(findings),
        // Reached only if nothing contradicts: what does not check is answered as damaged.
        "verification": {
            "payload": "verified",
            "previous": "verified",
            "inclusion": if checkpoint.is_some() { "verified" } else { "not_yet_published" },
            "tree_size": checkpoint.map(|c| c.size.get()),
            "root_hash": checkpoint.map(|c| c.root.to_base64()),
        },
        "receipt_url": format!("/v1/entries/{}/receipt", entry.index),
        "proof_url": format!("/v1/entries/{}/proof", entry.index),
    })
}

fn listed_json(entry: &ListedEntry) -> Json {
    let mut json = header_json(&entry.header);
    json["leaf_hash"] = entry.leaf_hash.to_string().into();
    json["findings"] = codes_json(&entry.findings);
    json["entry_url"] = format!("/v1/entries/{}", entry.header.index).into();
    json
}
