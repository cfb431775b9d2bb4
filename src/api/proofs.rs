//! `GET /v1/entries/{index}/proof` and `GET /v1/consistency`: hashes only, so whoever may read may have them of any entry.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::reading::{index_in, not_found, read_row};
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::envelope;
use crate::http::media::prefers_plain_text;
use crate::http::problem::{FieldProblem, Problem};
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::ledger::Ledger;
use crate::service::prover::ProverError;
use crate::tlog::hash::{LeafHash, NodeHash};
use crate::tlog::position::{LeafIndex, MAX_POSITION, TreeSize};

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let mut proof = read_row("/v1/entries/{index}/proof", "proveInclusion", || web::to(prove_inclusion));
    proof.route.problems = &[Code::NotFound, Code::NotYetPublished, Code::UnknownParameter, Code::InvalidParameter, Code::EntryDamaged];
    vec![proof, read_row("/v1/consistency", "proveConsistency", || web::to(prove_consistency))]
}

async fn prove_inclusion(request: HttpRequest, ledger: web::Data<Ledger>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string(), &["tree_size"])?;
    let index = index_in(&path)?;
    if !ledger.size().contains(index) {
        return Err(not_found("entry"));
    }
    let published = published_size(&ledger);
    if !published.contains(index) {
        let message = format!("entry {index} is recorded; the newest checkpoint covers the entries before {published}");
        return Err(Problem::new(Code::NotYetPublished, message));
    }
    let size = size_of(&query, "tree_size", index.size_with(), published)?.unwrap_or(published);
    if prefers_plain_text(request.headers()) {
        let text = blocking(move || proof_text(&ledger, index, size)).await?;
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text));
    }
    let data = blocking(move || {
        Ok(ledger.read(|rows| {
            let prover = ledger.prover(rows)?;
            let leaf = rows.entry(index)?.map(|bytes| LeafHash::of(&bytes));
            Ok::<_, ProverError>(json!({
                "index": index.get(),
                "leaf_hash": leaf.map(|leaf| leaf.to_base64()),
                "tree_size": size.get(),
                "root_hash": prover.root(size)?.to_base64(),
                "path": path_json(&prover.inclusion(index, size)?.path),
                "checkpoint": prover.checkpoint_at(size)?,
            }))
        })?)
    })
    .await?;
    Ok(envelope::ok(&request, &data))
}

/// A `.tlog-proof` carries a checkpoint, so it exists at the sizes that have one.
fn proof_text(ledger: &Ledger, index: LeafIndex, size: TreeSize) -> Result<String, Problem> {
    let proof = ledger.read(|rows| {
        let prover = ledger.prover(rows)?;
        if prover.checkpoint_at(size)?.is_none() { Ok::<_, ProverError>(None) } else { prover.tlog_proof(index, Some(size)) }
    })?;
    proof.map(|proof| proof.to_text()).ok_or_else(|| {
        let message = format!("no checkpoint has size {size}: ask for JSON, or leave tree_size out");
        Problem::new(Code::InvalidParameter, message.clone()).with_errors(vec![FieldProblem::new("?tree_size", "no_checkpoint", message)])
    })
}

async fn prove_consistency(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string(), &["from", "to"])?;
    let published = published_size(&ledger);
    let to = size_of(&query, "to", TreeSize::ZERO, published)?.unwrap_or(published);
    let from = size_of(&query, "from", TreeSize::ZERO, to)?.ok_or_else(|| {
        let message = "from is missing: the smaller of the two tree sizes";
        Problem::new(Code::InvalidParameter, message).with_errors(vec![FieldProblem::new("?from", "required", message)])
    })?;
    let data = blocking(move || {
        Ok(ledger.read(|rows| {
            let prover = ledger.prover(rows)?;
            // Every tree grew out of the empty one, and each out of itself: there is nothing to show.
            let path = if from == TreeSize::ZERO || from == to { Vec::new() } else { prover.consistency(from, to)?.path };
            Ok::<_, ProverError>(json!({
                "from": from.get(),
                "to": to.get(),
                "from_root_hash": prover.root(from)?.to_base64(),
                "to_root_hash": prover.root(to)?.to_base64(),
                "path": path_json(&path),
            }))
        })?)
    })
    .await?;
    Ok(envelope::ok(&request, &data))
}

fn published_size(ledger: &Ledger) -> TreeSize {
    ledger.published().map_or(TreeSize::ZERO, |published| published.size)
}

/// A size that a checkpoint covers: nothing is proven of a tree that is not signed for yet.
fn size_of(query: &Query, name: &str, least: TreeSize, most: TreeSize) -> Result<Option<TreeSize>, Problem> {
    let number = query.number(name, least.get()..=most.get().min(MAX_POSITION))?;
    Ok(number.and_then(TreeSize::new))
}

fn path_json(path: &[NodeHash]) -> Json {
    path.iter().map(NodeHash::to_base64).collect()
}
