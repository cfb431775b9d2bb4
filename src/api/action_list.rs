//! `GET /v1/actions`: reports of actions, the newest first. An action that several reporters told of stands there once for each
//! report, which says the how-manyeth it is; the walk joins them.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::rows::rows;
use crate::http::authentication::Authenticated;
use crate::http::criteria::{action_parameters, criteria_of};
use crate::http::listing::{LIST_PROBLEMS, Listing, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::criteria::{Criteria, EntryKind};
use crate::service::finder::Finder;
use crate::service::ledger::Ledger;

/// What can be asked for. `from` is included, `to` is not, so that periods join without counting anything twice; `delegation_id`
/// finds what was done under it or below it; `q` is free text, every word of which must be there.
static PARAMETERS: LazyLock<Vec<&str>> = LazyLock::new(|| action_parameters(&["q", "min_tree_size"]));

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let route = read_route("/v1/actions", "listActions", Cost::Read, LIST_PROBLEMS);
    vec![Registered { route, handler: || web::to(list_actions) }]
}

async fn list_actions(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, &PARAMETERS, "listActions", "")?;
    let criteria = criteria_of(listing.query(), Criteria::of(EntryKind::Action))?;
    let (after, limit) = (listing.after_index()?, listing.limit()?);
    let work = move |finder: &Finder<'_>| Ok((finder.find(&criteria, after, limit)?, finder.count(&criteria)?));
    let ((found, total), from) = listing.find(ledger, &caller, work).await?;
    Ok(listing.answer(&request, &json!({ "actions": rows(&found.hits) }), from, &PageEnd::of(&found, total)))
}
