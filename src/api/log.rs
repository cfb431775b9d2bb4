//! `/log/…`: the ledger as C2SP tlog-tiles, for tools that know nothing of this API: plain bytes, no envelope. Hashes are open to
//! everybody; entries are for those who may read.

use actix_web::http::header::{CACHE_CONTROL, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::reading::{not_found, read_row};
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, Registered};
use crate::service::ledger::Ledger;
use crate::tlog::tile::TilePath;

/// The rows of this file. Bundles stand before tiles: of two paths that end in anything the first that fits is taken.
pub fn routes() -> Vec<Registered> {
    let open = |mut row: Registered| {
        row.route.access = Access::Open;
        row.route.cost = Cost::Free;
        row.route.problems = &[Code::NotFound, Code::UnknownParameter, Code::LedgerUnavailable];
        row
    };
    vec![
        open(read_row("/log/checkpoint", "readCheckpoint", || web::to(read_checkpoint))),
        read_row("/log/tile/entries/{tail:.*}", "readEntryBundle", || web::to(read_bundle)),
        open(read_row("/log/tile/{tail:.*}", "readTile", || web::to(read_tile))),
    ]
}

async fn read_checkpoint(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let published = ledger.published().ok_or_else(|| Problem::new(Code::NotFound, "no checkpoint was signed yet"))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=1")))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .body(published.note))
}

async fn read_tile(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let mut answer = tile(&request, ledger).await?;
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(answer)
}

async fn read_bundle(request: HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let mut answer = tile(&request, ledger).await?;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    Ok(answer)
}

/// The path as it was sent: one resource has one address, so an escaped digit is another path, and there is nothing there.
async fn tile(request: &HttpRequest, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let path = request.uri().path().strip_prefix("/log/").and_then(TilePath::parse).ok_or_else(|| not_found("tile"))?;
    let published = ledger.published().ok_or_else(|| not_found("tile"))?.size;
    let bytes = blocking(move || Ok(ledger.read(|rows| ledger.prover(rows)?.tile(path, published))?)).await?;
    let bytes = bytes.ok_or_else(|| not_found("tile"))?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(bytes))
}
