//! `/search`: the box, how it was read, what was found. An id that means exactly one record leads to its page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::criteria::criteria_of;
use crate::http::listing::{Listing, TakenFrom};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::criteria::Criteria;
use crate::service::finder::{FindError, Finder};
use crate::service::ledger::Ledger;
use crate::service::meant::{Meant, meant};
use crate::service::search::{SearchPage, SearchPlace, search};
use crate::ui::address::{pages, rows_wanted, with, without};
use crate::ui::frame::Section;
use crate::ui::hits::action_rows;
use crate::ui::read_as::{PARAMETERS, Part, filters, parts};
use crate::ui::search::{Outcome, ReadAs, Search};
use crate::ui::session_pages::page_route;
use crate::ui::site::{as_sentence, frame, page, see_other, zone};
use crate::ui::untrusted::Untrusted;
use crate::ui::{link, words};

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/search", "showSearch"), handler: || web::to(show_search) }]
}

/// What came of a search.
enum Answer {
    /// The query is the id of one record.
    One(Meant),
    /// A page of hits; without any, how many each part finds alone.
    Page(SearchPage, Vec<u64>),
}

async fn show_search(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    match answer(&request, &caller, ledger).await {
        Err(problem) if matches!(problem.code(), Code::InvalidParameter | Code::UnknownParameter | Code::InvalidCursor) => {
            Ok(wrong(&request, &problem))
        }
        other => other,
    }
}

async fn answer(request: &HttpRequest, caller: &Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(request, &PARAMETERS, "showSearch", "")?;
    let criteria = criteria_of(listing.query(), Criteria::default())?;
    let read = parts(&criteria, zone(request));
    if read.is_empty() && listing.query().text("at").is_none() {
        return Ok(start(request, listing.query()));
    }
    let invalid = || Problem::new(Code::InvalidCursor, "the link to that page of results is too old: search again");
    let after = listing.after().map(|bytes| SearchPlace::from_position(bytes).ok_or_else(invalid)).transpose()?;
    let limit = rows_wanted(listing.query(), 50)?;
    let alone: Vec<Criteria> = read.iter().map(|part| part.alone.clone()).collect();
    let work = move |finder: &Finder<'_>| Ok(find(finder, &criteria, after, limit, &alone)?);
    let (answer, from) = listing.find(ledger, caller, work).await?;
    match answer {
        Answer::One(one) => Ok(see_other(&address_of(&one))),
        Answer::Page(found, alone) => Ok(found_page(request, &listing, &read, &found, &alone, from)),
    }
}

fn find(
    finder: &Finder<'_>,
    criteria: &Criteria,
    after: Option<SearchPlace>,
    limit: usize,
    alone: &[Criteria],
) -> Result<Answer, FindError> {
    let is_bare = criteria.all.is_empty() && criteria.from.is_none() && criteria.to.is_none() && after.is_none();
    if let ([word], true) = (criteria.words.as_slice(), is_bare) {
        let mut all = meant(finder, word)?;
        if let (Some(one), true) = (all.pop(), all.is_empty()) {
            return Ok(Answer::One(one));
        }
    }
    let page = search(finder, criteria, after, limit)?;
    let is_empty = page.hits.is_empty() && page.total == 0;
    let counts =
        if is_empty && alone.len() > 1 { alone.iter().map(|one| finder.count(one)).collect::<Result<_, _>>()? } else { Vec::new() };
    Ok(Answer::Page(page, counts))
}

fn address_of(one: &Meant) -> String {
    match one {
        Meant::Action(id) => link::action(id),
        Meant::Delegation(id) => link::delegation(id),
        Meant::Person(id) => link::person(id),
        Meant::Agent(id) => link::agent(id),
        Meant::Document(hash) => link::document(&hash.to_hex()),
        Meant::Entry(index) => link::entry(index.get()),
    }
}

fn found_page(request: &HttpRequest, listing: &Listing, read: &[Part], found: &SearchPage, alone: &[u64], from: TakenFrom) -> HttpResponse {
    let read_as = read.iter().map(|part| ReadAs { words: part.words.clone(), without: part.without(request) }).collect();
    let outcome = if found.hits.is_empty() && found.total == 0 {
        let line = |(part, count): (&Part, &u64)| part.words.clone().words(format!(": {}", words::number(*count)));
        Outcome::Nothing { alone: read.iter().zip(alone).map(line).collect() }
    } else {
        let next = found.next.map(SearchPlace::position);
        let bare = without(request, &["cursor", "at"]);
        Outcome::Found {
            count: words::counted(found.total, "result", "results"),
            rows: action_rows(
                "Results: what the words name first, then the newest",
                found.hits.iter().map(|found| &found.hit),
                true,
                zone(request),
            ),
            pages: pages(request, listing, from, next.as_deref()),
            pinned: Some(with(&bare, "at", &from.at().get().to_string())),
        }
    };
    let missing = from.tree().get().saturating_sub(from.indexed().get());
    let behind = (missing > 0).then(|| (words::number(from.indexed().get()), words::counted(missing, "newer entry", "newer entries")));
    let query = listing.query().text("q").unwrap_or_default().to_owned();
    let title = if query.is_empty() { "Search".to_owned() } else { format!("{} – Search", Untrusted::new(query.as_str()).plain(60)) };
    let mut frame = frame(request, title, Some(Section::Search));
    frame.query.clone_from(&query);
    frame.json_url = Some(without(request, &["cursor"]).replacen("/search", "/search.json", 1));
    let filters = filters(|name| listing.query().text(name).unwrap_or_default().to_owned());
    page(StatusCode::OK, &Search { frame, query, filters, read_as, outcome, at: words::number(from.at().get()), behind })
}

fn start(request: &HttpRequest, query: &Query) -> HttpResponse {
    let frame = frame(request, "Search", Some(Section::Search));
    let filters = filters(|name| query.text(name).unwrap_or_default().to_owned());
    page(
        StatusCode::OK,
        &Search { frame, query: String::new(), filters, read_as: Vec::new(), outcome: Outcome::Start, at: String::new(), behind: None },
    )
}

/// 422: the query is kept, so that it can be corrected.
fn wrong(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let kept = |name: &str| {
        let pieces = request.query_string().split('&').filter_map(|piece| piece.split_once('='));
        let value = pieces.filter(|(found, _)| *found == name).map(|(_, value)| value.replace('+', " ")).next();
        crate::ui::site::percent_decoded(&value.unwrap_or_default())
    };
    let query = kept("q");
    let mut frame = frame(request, "Problem: this search cannot be read – Search", Some(Section::Search));
    frame.query.clone_from(&query);
    let outcome = Outcome::Wrong { message: Untrusted::new(as_sentence(problem.detail())), place: None, suggestion: None };
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &Search { frame, query, filters: filters(kept), read_as: Vec::new(), outcome, at: String::new(), behind: None },
    )
}
