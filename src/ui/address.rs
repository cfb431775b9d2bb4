//! The address of this page with a parameter more or less: how lists lead to their next page, and a search to a wider one.

use actix_web::HttpRequest;

use crate::http::listing::{Listing, TakenFrom};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::ui::link::percent_encoded;
use crate::ui::part::Pages;

/// Most rows of one page: more would be slow to read and to send.
const MAX_ROWS: u64 = 100;

/// The address of this page without these parameters, and without those that are empty.
pub fn without(request: &HttpRequest, names: &[&str]) -> String {
    let is_kept = |piece: &&str| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        !value.is_empty() && !names.contains(&name)
    };
    let kept: Vec<&str> = request.query_string().split('&').filter(is_kept).collect();
    if kept.is_empty() { request.path().to_owned() } else { format!("{}?{}", request.path(), kept.join("&")) }
}

/// An address with one parameter more.
pub fn with(address: &str, name: &str, value: &str) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{name}={}", percent_encoded(value))
}

/// The pages around this one; `next` is the position at which the next one begins.
pub fn pages(request: &HttpRequest, listing: &Listing, from: TakenFrom, next: Option<&[u8]>) -> Pages {
    let bare = without(request, &["cursor"]);
    Pages { next: next.map(|next| with(&bare, "cursor", &listing.cursor(request, from, next))), first: listing.after().map(|_| bare) }
}

/// `?limit=`, as far as a page goes.
pub fn rows_wanted(query: &Query, otherwise: u64) -> Result<usize, Problem> {
    let limit = query.number("limit", 1..=MAX_ROWS)?.unwrap_or(otherwise);
    Ok(usize::try_from(limit).expect("at most MAX_ROWS"))
}
