//! `GET /v1/delegations`: what was handed on, the newest first, each with how it stands now.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::rows::rows;
use crate::http::authentication::Authenticated;
use crate::http::criteria::criteria_of;
use crate::http::listing::{LIST_PROBLEMS, Listing, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::criteria::{Criteria, EntryKind};
use crate::service::finder::Finder;
use crate::service::holding::{STANDINGS, standing_so};
use crate::service::ledger::Ledger;

/// What can be asked for. `agent_id` is whom it was given to, `delegator` who gave it; `delegation_id` finds it and those below;
/// `standing` is that of this moment.
const PARAMETERS: &[&str] = &[
    "human_principal_id",
    "agent_id",
    "delegator",
    "delegation_id",
    "standing",
    "finding",
    "verdict",
    "reporter",
    "from",
    "to",
    "q",
    "limit",
    "cursor",
    "at",
    "min_tree_size",
];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let route = read_route("/v1/delegations", "listDelegations", Cost::Read, LIST_PROBLEMS);
    vec![Registered { route, handler: || web::to(list_delegations) }]
}

async fn list_delegations(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, PARAMETERS, "listDelegations", "")?;
    let criteria = criteria_of(listing.query(), Criteria::of(EntryKind::Delegation))?;
    let standing = listing.query().word("standing", &STANDINGS.map(|word| (word, word)))?;
    let (after, limit) = (listing.after_index()?, listing.limit()?);
    let work = move |finder: &Finder<'_>| {
        let found = match standing {
            None => finder.find(&criteria, after, limit)?,
            Some(word) => standing_so(finder, &criteria, word, after, limit)?,
        };
        Ok((found, finder.count(&criteria)?))
    };
    let ((found, total), from) = listing.find(ledger, &caller, work).await?;
    // How many stand so is not counted: the total is how many there can be at most.
    let page = PageEnd { is_total_estimate: standing.is_some(), ..PageEnd::of(&found, total) };
    Ok(listing.answer(&request, &json!({ "delegations": rows(&found.hits) }), from, &page))
}
