//! `GET /v1/documents/{sha256}`: everything that had read a document, and whether the ledger holds its content. The content
//! itself is not given here.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::rows::{counts, rows};
use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::criteria::document_hash;
use crate::http::listing::{Listing, ONE_PROBLEMS, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::finder::Finder;
use crate::service::ledger::Ledger;
use crate::service::parties::readers;

const PARAMETERS: &[&str] = &["limit", "cursor", "at", "min_tree_size"];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let route = read_route("/v1/documents/{sha256}", "readDocument", Cost::Read, ONE_PROBLEMS);
    vec![Registered { route, handler: || web::to(read_document) }]
}

async fn read_document(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let malformed = || Problem::new(Code::NotFound, "a document goes by the SHA-256 of its content, in 64 hexadecimal digits");
    let document = document_hash(&path).ok_or_else(malformed)?;
    let listing = Listing::new(&request, PARAMETERS, "readDocument", &document.to_hex())?;
    let (after, limit) = (listing.after_index()?, listing.limit()?);
    let work = move |finder: &Finder<'_>| {
        let nobody = || Problem::new(Code::NotFound, "nothing that you may see had read a document with this hash");
        readers(finder, &document, after, limit)?.ok_or_else(nobody)
    };
    let (readers, from) = listing.find(ledger, &caller, work).await?;
    let data = json!({
        "sha256": document.to_hex(),
        "content": { "held": readers.content_bytes.is_some(), "bytes": readers.content_bytes },
        "action_count": readers.action_count,
        "triggered_count": readers.triggered_count,
        "agents": counts(&readers.agents, "agent_id"), "agents_total": readers.agents.distinct,
        "principals": counts(&readers.principals, "human_principal_id"), "principals_total": readers.principals.distinct,
        "actions": rows(&readers.page.hits),
    });
    Ok(listing.answer(&request, &data, from, &PageEnd::of(&readers.page, readers.action_count)))
}
