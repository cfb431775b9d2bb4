//! `GET /v1/delegations/{id}` and its tree: the terms, whether they hold, which ancestor decides it, and what was passed on.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::reading::{LIST_PROBLEMS, not_found, read_row};
use crate::api::recorded::to_json;
use crate::api::walk_json::{change_json, changed_by_json, codes_json, report_json, standing_json};
use crate::api::walks::encoded;
use crate::domain::chain::{Chain, Hop, Root};
use crate::domain::delegation::{Constraint, Delegation, Evidence, Revocation};
use crate::domain::ids::DelegationId;
use crate::domain::narrowing::Narrowing;
use crate::domain::past::Recorded;
use crate::domain::standing::standing;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::edge::{RequestContext, Surroundings};
use crate::http::envelope::{self, ListMeta};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::branches::{Branches, DelegationReader, DelegationView, MAX_TREE_DEPTH, Node};
use crate::service::ledger::Ledger;
use crate::tlog::time::Timestamp;

/// Levels of a tree unless `depth` says otherwise.
const DEFAULT_DEPTH: u64 = 64;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let mut tree = read_row("/v1/delegations/{id}/tree", "readDelegationTree", || web::to(read_tree));
    tree.route.problems = LIST_PROBLEMS;
    vec![read_row("/v1/delegations/{id}", "readDelegation", || web::to(read_delegation)), tree]
}

async fn read_delegation(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let id = id_in(&path)?;
    let now = RequestContext::of(&request).received_at;
    let data = blocking(move || {
        let view = ledger.read(|rows| DelegationReader::new(rows, now)?.view(&caller.sight(), &id))?;
        Ok(delegation_json(&view.ok_or_else(|| not_found("delegation"))?))
    })
    .await?;
    Ok(envelope::ok(&request, &data))
}

async fn read_tree(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string(), &["depth", "limit", "cursor"])?;
    let (id, limit) = (id_in(&path)?, query.limit()?);
    let depth = query.number("depth", 0..=u64::from(MAX_TREE_DEPTH))?.unwrap_or(DEFAULT_DEPTH);
    let depth = u16::try_from(depth).unwrap_or(MAX_TREE_DEPTH);
    let cursors = &Surroundings::of(&request).cursors;
    // The cursor belongs to one tree: another delegation's is another list.
    let list = format!("readDelegationTree {id}");
    let after = cursors.open(&list, &query)?.and_then(|position| DelegationId::parse(std::str::from_utf8(&position).ok()?));
    let now = RequestContext::of(&request).received_at;
    let (data, next) = blocking(move || {
        let (view, branches) = ledger
            .read(|rows| {
                let (reader, sight) = (DelegationReader::new(rows, now)?, caller.sight());
                let Some(view) = reader.view(&sight, &id)? else { return Ok::<_, crate::service::opened::ReadError>(None) };
                let branches = reader.below(&sight, &id, depth, after.as_ref(), usize::from(limit))?;
                Ok(Some((view, branches)))
            })?
            .ok_or_else(|| not_found("delegation"))?;
        Ok((tree_json(&view, &branches, depth, now), branches.next_after))
    })
    .await?;
    let cursor = next.map(|last| cursors.seal(&list, &query, last.as_str().as_bytes()));
    let meta = ListMeta { has_more: cursor.is_some(), cursor, ..ListMeta::default() };
    Ok(envelope::list(&request, &data, &meta))
}

fn id_in(path: &str) -> Result<DelegationId, Problem> {
    DelegationId::parse(path).ok_or_else(|| not_found("delegation"))
}

fn delegation_json(view: &DelegationView) -> Json {
    let Some(hop) = view.chain.named() else { return Json::Null };
    let mut json = terms_json(hop.terms());
    let add = [
        ("evidence", hop.delegation.evidence.unwrap_or(Evidence::Asserted).as_str().into()),
        ("standing", standing_json(&view.standing)),
        ("findings", codes_json(&hop.delegation.present_findings)),
        ("first_findings", codes_json(&hop.delegation.first_findings)),
        ("changed_by", view.changed_by.as_ref().map_or(Json::Null, changed_by_json)),
        ("root", root_json(&view.chain)),
        ("narrowing", view.narrowings.first().map_or(Json::Null, narrowing_json)),
        ("chain", view.chain.hops.iter().zip(hops_above(view)).map(|(hop, narrowing)| hop_json(hop, narrowing)).collect()),
        ("revocations", hop.revocations.iter().map(|r| revocation_json(r)).collect()),
        ("report", report_json(&*hop.delegation)),
        ("children_count", view.children.into()),
        ("actions_count", view.actions.into()),
        ("entry_url", format!("/v1/entries/{}", hop.delegation.index).into()),
        ("tree_url", format!("/v1/delegations/{}/tree", encoded(hop.id().as_str())).into()),
    ];
    for (name, value) in add {
        json[name] = value;
    }
    json
}

/// Each hop's narrowing; the topmost has none.
fn hops_above(view: &DelegationView) -> impl Iterator<Item = Option<&Narrowing>> {
    view.narrowings.iter().map(Some).chain(std::iter::repeat(None))
}

fn terms_json(terms: &Delegation) -> Json {
    let Delegation { delegator, consent, .. } = terms;
    json!({
        "delegation_id": terms.delegation_id.as_str(),
        "parent_delegation_id": terms.parent_delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "delegator": { "kind": delegator.kind.as_str(), "id": delegator.id },
        "delegate": { "agent_id": terms.agent_id.as_str(), "instance_id": terms.instance_id },
        "human_principal_id": terms.human_principal_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "accountable_person_id": terms.accountable_person_id.as_ref().map(super::super::domain::ids::PrincipalId::as_str),
        "scope": terms.scope,
        "resources": terms.resources,
        "authorization_details": terms.authorization_details.as_ref().map(to_json),
        "constraints": terms.constraints.iter().map(constraint_json).collect::<Vec<_>>(),
        "max_depth": terms.max_depth,
        "purpose": terms.purpose,
        "issuer": terms.issuer,
        "token": terms.token.as_ref().map(to_json),
        "issued_at": terms.issued_at.to_string(),
        "not_before": terms.not_before.map(|at| at.to_string()),
        "expires_at": terms.expires_at.to_string(),
        "consent": consent.as_ref().map(|consent| json!({
            "model_version": consent.model_version, "prompt_id": consent.prompt_id, "policy_version": consent.policy_version,
            "tools": consent.tools,
        })),
    })
}

fn constraint_json(constraint: &Constraint) -> Json {
    json!({
        "argument": constraint.argument, "op": constraint.op.as_str(), "value": to_json(&constraint.value),
        "per": constraint.per.map(super::super::domain::delegation::Period::as_str),
    })
}

fn narrowing_json(narrowing: &Narrowing) -> Json {
    let changes = |changes: &[crate::domain::narrowing::Change]| changes.iter().map(change_json).collect::<Vec<_>>();
    json!({
        "removed": changes(&narrowing.removed), "widened": changes(&narrowing.widened), "unchanged": changes(&narrowing.unchanged),
    })
}

fn hop_json(hop: &Hop, narrowing: Option<&Narrowing>) -> Json {
    json!({
        "delegation_id": hop.id().as_str(), "agent_id": hop.terms().agent_id.as_str(),
        "entry": { "index": hop.delegation.index.get(), "leaf_hash": hop.delegation.leaf_hash.to_string() },
        "narrowing": narrowing.map(narrowing_json),
    })
}

fn revocation_json(revocation: &Recorded<Revocation>) -> Json {
    let mut json = report_json(revocation);
    json["revoked_at"] = revocation.what.revoked_at.to_string().into();
    json["reason"] = revocation.what.reason.clone().into();
    json["cascade"] = revocation.what.cascade.into();
    json
}

/// Where the chain ends: at whom, or at what is missing.
fn root_json(chain: &Chain) -> Json {
    match &chain.root {
        Root::Human(id) => json!({ "kind": "human", "human_principal_id": id.as_str() }),
        Root::Accountable(id) => json!({ "kind": "accountable_person", "human_principal_id": id.as_str() }),
        Root::Nobody => json!({ "kind": "nobody" }),
        Root::Missing(id) => json!({ "kind": "missing", "delegation_id": id.as_str() }),
        Root::Cycle(id) => json!({ "kind": "cycle", "delegation_id": id.as_str() }),
        Root::TooFar(id) => json!({ "kind": "too_far", "delegation_id": id.as_str() }),
    }
}

fn tree_json(view: &DelegationView, branches: &Branches, depth: u16, now: Timestamp) -> Json {
    let hops = &view.chain.hops;
    let above = (1..hops.len()).rev().map(|level| {
        let from_here = Chain { hops: hops[level..].to_vec(), root: view.chain.root.clone() };
        let mut json = brief_json(&hops[level]);
        json["standing"] = standing_json(&standing(&from_here, now));
        json
    });
    json!({
        "delegation_id": view.chain.named().map(|hop| hop.id().as_str()),
        "root": root_json(&view.chain),
        "ancestors": above.collect::<Vec<_>>(),
        "delegation": counted_json(view),
        "descendants": branches.nodes.iter().map(node_json).collect::<Vec<_>>(),
        "depth": depth,
    })
}

fn brief_json(hop: &Hop) -> Json {
    let terms = hop.terms();
    json!({
        "delegation_id": hop.id().as_str(),
        "parent_delegation_id": terms.parent_delegation_id.as_ref().map(super::super::domain::ids::DelegationId::as_str),
        "agent_id": terms.agent_id.as_str(),
        "delegator": { "kind": terms.delegator.kind.as_str(), "id": terms.delegator.id },
        "expires_at": terms.expires_at.to_string(),
        "findings": codes_json(&hop.delegation.present_findings),
        "entry": { "index": hop.delegation.index.get(), "leaf_hash": hop.delegation.leaf_hash.to_string() },
    })
}

fn counted_json(view: &DelegationView) -> Json {
    let mut json = view.chain.named().map_or(Json::Null, brief_json);
    json["standing"] = standing_json(&view.standing);
    json["is_widened"] = view.narrowings.first().is_some_and(|hop| !hop.widened.is_empty()).into();
    json["children_count"] = view.children.into();
    json["actions_count"] = view.actions.into();
    json
}

fn node_json(node: &Node) -> Json {
    let mut json = counted_json(&node.view);
    json["level"] = node.level.into();
    json["action_findings"] = node.findings.as_ref().map_or(Json::Null, |counts| json!(counts));
    json
}
