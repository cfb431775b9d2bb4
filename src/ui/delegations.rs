//! All delegations, newest first.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::http::authentication::Authenticated;
use crate::http::criteria::criteria_of;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::route::Registered;
use crate::service::criteria::{Criteria, EntryKind};
use crate::service::finder::Finder;
use crate::service::holding::{STANDINGS, standing_so};
use crate::service::ledger::Ledger;
use crate::ui::address::{pages, rows_wanted, with, without};
use crate::ui::frame::{Frame, Section};
use crate::ui::hits::delegation_rows;
use crate::ui::part::Pages;
use crate::ui::rows::DelegationRows;
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::words;

/// The list of delegations.
#[derive(Clone, Debug, Template)]
#[template(path = "delegations.html")]
pub struct Delegations {
    /// Around it.
    pub frame: Frame,
    /// `1 204 delegations`.
    pub count: String,
    /// Which are shown: words, address, whether it is this choice.
    pub choices: Vec<(&'static str, String, bool)>,
    /// One page of them.
    pub rows: DelegationRows,
    /// The neighbouring pages.
    pub pages: Pages,
}

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/delegations", "showDelegations"), handler: || web::to(show_delegations) }]
}

/// The choices above the list; the rest of the API's parameters narrow it down as well.
const CHOICES: [(&str, &str); 4] = [("All", ""), ("Active", "active"), ("Expired", "expired"), ("Revoked", "revoked")];
const PARAMETERS: &[&str] =
    &["human_principal_id", "agent_id", "delegator", "delegation_id", "standing", "finding", "from", "to", "q", "limit", "cursor", "at"];

async fn show_delegations(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, PARAMETERS, "showDelegations", "")?;
    let criteria = criteria_of(listing.query(), Criteria::of(EntryKind::Delegation))?;
    let standing = listing.query().word("standing", &STANDINGS.map(|word| (word, word)))?;
    let (after, limit) = (listing.after_index()?, rows_wanted(listing.query(), 50)?);
    let work = move |finder: &Finder<'_>| {
        let found = match standing {
            None => finder.find(&criteria, after, limit)?,
            Some(word) => standing_so(finder, &criteria, word, after, limit)?,
        };
        Ok((found, finder.count(&criteria)?))
    };
    let ((found, total), from) = listing.find(ledger, &caller, work).await?;
    let next = found.last.filter(|_| found.has_more).map(|last| last.get().to_be_bytes());
    let rows = delegation_rows("Delegations, newest first", &found, zone(&request));
    let count = match standing {
        None => words::counted(total, "delegation", "delegations"),
        // How many stand so changes by the moment and is not counted.
        Some(_) => format!("{} on this page", words::counted(rows.rows.len() as u64, "delegation", "delegations")),
    };
    let mut frame = frame(&request, "Delegations", Some(Section::Delegations));
    frame.json_url = Some("/delegations.json".to_owned());
    let bare = without(&request, &["standing", "cursor"]);
    let choice = |(words, word): (&'static str, &str)| {
        let href = if word.is_empty() { bare.clone() } else { with(&bare, "standing", word) };
        (words, href, standing.unwrap_or_default() == word)
    };
    let pages = pages(&request, &listing, from, next.as_ref().map(<[u8; 8]>::as_slice));
    Ok(page(StatusCode::OK, &Delegations { frame, count, choices: CHOICES.map(choice).into(), rows, pages }))
}
