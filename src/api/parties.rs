//! `GET /v1/principals` and `/v1/agents`, lists and ones: what was done in whose name, and by whom.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value as Json, json};

use crate::api::rows::{counts, rows, time};
use crate::domain::action::OutcomeStatus;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::Verdict;
use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::listing::{LIST_PROBLEMS, Listing, ONE_PROBLEMS, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::finder::Finder;
use crate::service::ledger::Ledger;
use crate::service::parties::{Party, PartyProfile, PartyRow, list, profile};

const LIST_PARAMETERS: &[&str] = &["limit", "cursor", "at", "min_tree_size"];
const ONE_PARAMETERS: &[&str] = &["at", "min_tree_size"];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let all = |path, operation_id| read_route(path, operation_id, Cost::Facets, LIST_PROBLEMS);
    let one = |path, operation_id| read_route(path, operation_id, Cost::Facets, ONE_PROBLEMS);
    vec![
        Registered { route: all("/v1/principals", "listPrincipals"), handler: || web::to(list_principals) },
        Registered { route: one("/v1/principals/{id}", "readPrincipal"), handler: || web::to(read_principal) },
        Registered { route: all("/v1/agents", "listAgents"), handler: || web::to(list_agents) },
        Registered { route: one("/v1/agents/{id}", "readAgent"), handler: || web::to(read_agent) },
    ]
}

/// How a party is called in answers.
const fn id_member(party: Party) -> &'static str {
    match party {
        Party::Human => "human_principal_id",
        Party::Agent => "agent_id",
    }
}

async fn list_principals(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    list_parties(&request, &caller, ledger, Party::Human, ("principals", "listPrincipals")).await
}

async fn list_agents(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    list_parties(&request, &caller, ledger, Party::Agent, ("agents", "listAgents")).await
}

async fn list_parties(
    request: &HttpRequest,
    caller: &Authenticated,
    ledger: web::Data<Ledger>,
    party: Party,
    (name, operation_id): (&str, &str),
) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(request, LIST_PARAMETERS, operation_id, "")?;
    let after = listing.after().map(|bytes| String::from_utf8(bytes.to_vec()));
    let after = after.transpose().map_err(|_| Problem::of(Code::InvalidCursor))?;
    let limit = listing.limit()?;
    let work = move |finder: &Finder<'_>| Ok(list(finder, party, after.as_deref(), limit)?);
    let (page, from) = listing.find(ledger, caller, work).await?;
    let end = PageEnd {
        next: page.rows.last().filter(|_| page.has_more).map(|last| last.id.clone().into_bytes()),
        total: u64::try_from(page.total).ok(),
        ..PageEnd::default()
    };
    let rows: Vec<Json> = page.rows.iter().map(|row| party_row(row, party)).collect();
    Ok(listing.answer(request, &json!({ name: rows }), from, &end))
}

fn party_row(row: &PartyRow, party: Party) -> Json {
    json!({
        id_member(party): row.id, "action_count": row.action_count, "with_findings_count": row.with_findings_count,
        "delegation_count": row.delegation_count,
        "latest_action": row.latest.map(|(index, at)| json!({ "index": index.get(), "occurred_at": time(at) })),
    })
}

async fn read_principal(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read_party(&request, &caller, ledger, Party::Human, ("readPrincipal", path.into_inner())).await
}

async fn read_agent(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read_party(&request, &caller, ledger, Party::Agent, ("readAgent", path.into_inner())).await
}

async fn read_party(
    request: &HttpRequest,
    caller: &Authenticated,
    ledger: web::Data<Ledger>,
    party: Party,
    (operation_id, id): (&str, String),
) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(request, ONE_PARAMETERS, operation_id, &id)?;
    let work = move |finder: &Finder<'_>| {
        let nobody = || Problem::new(Code::NotFound, "nothing that you may see names this id");
        profile(finder, party, &id)?.ok_or_else(nobody)
    };
    let (profile, from) = listing.find(ledger, caller, work).await?;
    let withheld = [profile.latest.withheld.as_slice(), profile.delegations.withheld.as_slice()].concat();
    let end = PageEnd { withheld: &withheld, ..PageEnd::default() };
    Ok(listing.answer(request, &profile_json(&profile, party), from, &end))
}

fn profile_json(profile: &PartyProfile, party: Party) -> Json {
    let (counterparts, total, delegations) = match party {
        Party::Human => (("agents", Party::Agent), "agents_total", "delegations_given"),
        Party::Agent => (("acted_for", Party::Human), "acted_for_total", "delegations_held"),
    };
    json!({
        id_member(party): profile.id,
        "action_count": profile.action_count,
        "verdicts": with_zeros(&profile.verdicts, Verdict::ALL.map(Verdict::as_str)),
        "outcomes": with_zeros(&profile.outcomes, OutcomeStatus::ALL.map(OutcomeStatus::as_str)),
        "caller_classes": with_zeros(&profile.classes, CallerClass::ALL.map(CallerClass::as_str)),
        "findings": counts(&profile.findings, "finding"),
        counterparts.0: counts(&profile.counterparts, id_member(counterparts.1)), total: profile.counterparts.distinct,
        "models": counts(&profile.models, "model_version"), "models_total": profile.models.distinct,
        "prompts": counts(&profile.prompts, "prompt_id"), "prompts_total": profile.prompts.distinct,
        "actions": counts(&profile.actions, "name"), "actions_total": profile.actions.distinct,
        "delegation_count": profile.delegation_count,
        delegations: rows(&profile.delegations.hits),
        "latest_actions": rows(&profile.latest.hits),
    })
}

/// Every word there is, so that nobody has to guess whether one that is missing means none.
pub fn with_zeros<const N: usize>(counts: &BTreeMap<String, u64>, words: [&'static str; N]) -> Map<String, Json> {
    words.into_iter().map(|word| (word.to_owned(), counts.get(word).copied().unwrap_or(0).into())).collect()
}
