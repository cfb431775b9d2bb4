//! `GET /v1/search`: free text and every filter, over all kinds of entries, each hit with the reason why it is one.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value as Json, json};

use crate::api::rows::{row, time};
use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::criteria::{action_parameters, criteria_of};
use crate::http::listing::{LIST_PROBLEMS, Listing, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::criteria::Criteria;
use crate::service::finder::Finder;
use crate::service::highlight::Reason;
use crate::service::ledger::Ledger;
use crate::service::search::{Facets, SearchHit, SearchPlace, facets, search};

/// What can be asked for: `q`, `type`, and all that lists can be asked for. `facets=true` counts values beside the hits.
static PARAMETERS: LazyLock<Vec<&str>> = LazyLock::new(|| action_parameters(&["q", "type", "delegator", "facets", "min_tree_size"]));

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let route = read_route("/v1/search", "search", Cost::Search, LIST_PROBLEMS);
    vec![Registered { route, handler: || web::to(search_entries) }]
}

async fn search_entries(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, &PARAMETERS, "search", "")?;
    let criteria = criteria_of(listing.query(), Criteria::default())?;
    let has_facets = listing.query().flag("facets")?;
    let after =
        listing.after().map(|bytes| SearchPlace::from_position(bytes).ok_or_else(|| Problem::of(Code::InvalidCursor))).transpose()?;
    let limit = listing.limit()?;
    let work = move |finder: &Finder<'_>| {
        let page = search(finder, &criteria, after, limit)?;
        let counted = if has_facets { Some(facets(finder, &criteria)?) } else { None };
        Ok((page, counted))
    };
    let ((page, counted), from) = listing.find(ledger, &caller, work).await?;
    let mut data = Map::new();
    data.insert("hits".to_owned(), page.hits.iter().map(hit_json).collect());
    if let Some(counted) = counted {
        data.insert("facets".to_owned(), facets_json(&counted));
        data.insert("histogram".to_owned(), histogram_json(&counted));
    }
    let end =
        PageEnd { next: page.next.map(SearchPlace::position), total: Some(page.total), is_total_estimate: false, withheld: &page.withheld };
    Ok(listing.answer(&request, &data, from, &end))
}

fn hit_json(found: &SearchHit) -> Json {
    let mut row = row(&found.hit);
    row["type"] = found.hit.entry.header.entry_type.as_str().into();
    row["is_named"] = found.is_named.into();
    row["reasons"] = found.reasons.iter().map(reason_json).collect();
    row
}

fn reason_json(reason: &Reason) -> Json {
    match reason {
        Reason::Text { member, snippet, matches } => {
            let matches: Json = matches.iter().map(|(from, until)| json!({ "from": from, "until": until })).collect();
            json!({ "kind": "text", "member": member, "snippet": snippet, "matches": matches })
        }
        Reason::Identifier { field, value } => json!({ "kind": "identifier", "field": field, "value": value }),
        Reason::Place => json!({ "kind": "index" }),
    }
}

fn facets_json(facets: &Facets) -> Json {
    let one = |(name, counted): &(&'static str, crate::service::finder::Counted)| {
        let values: Json = counted.values.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect();
        ((*name).to_owned(), json!({ "values": values, "distinct": counted.distinct }))
    };
    Json::Object(facets.fields.iter().map(one).collect())
}

fn histogram_json(facets: &Facets) -> Json {
    facets.histogram.iter().map(|(from, until, count)| json!({ "from": time(*from), "to": time(*until), "count": count })).collect()
}
