//! `/documents/{sha256}`: who had read a document, and what they did afterwards. Its content is not shown: that takes a permission
//! that no role has, and a reason.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::criteria::document_hash;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::route::Registered;
use crate::service::finder::Finder;
use crate::service::hit::HitKind;
use crate::service::ledger::Ledger;
use crate::service::parties::{DocumentReaders, readers};
use crate::tlog::hash::DocumentHash;
use crate::ui::address::{pages, rows_wanted};
use crate::ui::document::DocumentPage;
use crate::ui::frame::Section;
use crate::ui::hits::{action_rows, counted};
use crate::ui::part::{Copyable, Named};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::{judged, link, words};

/// Names and stores told apart; a document that goes by more of them is told by the search.
const MAX_NAMES: usize = 6;

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/documents/{sha256}", "showDocument"), handler: || web::to(show_document) }]
}

async fn show_document(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let malformed = || Problem::new(Code::NotFound, "a document goes by the SHA-256 of its content, in 64 hexadecimal digits");
    let document = document_hash(&path).ok_or_else(malformed)?;
    let hex = document.to_hex();
    let listing = Listing::new(&request, &["limit", "cursor", "at"], "showDocument", &hex)?;
    let (after, limit) = (listing.after_index()?, rows_wanted(listing.query(), 25)?);
    let work = move |finder: &Finder<'_>| {
        let nobody = || Problem::new(Code::NotFound, "nothing that you may see had read a document with this hash");
        readers(finder, &document, after, limit)?.ok_or_else(nobody)
    };
    let (readers, from) = listing.find(ledger, &caller, work).await?;
    let mut frame = frame(&request, format!("{} – Document", &hex[..16]), Some(Section::Search));
    frame.json_url = Some(format!("{}.json", link::document(&hex)));
    let next = readers.page.last.filter(|_| readers.page.has_more).map(|last| last.get().to_be_bytes());
    let shown = DocumentPage {
        frame,
        facts: facts(&readers, &document),
        content: None,
        is_kept: readers.content_bytes.is_some(),
        agents: counted(&readers.agents, |id| Named::agent(id).without_class()),
        people: counted(&readers.principals, |id| Named::person(id).without_class()),
        action_count: words::reports(readers.action_count),
        actions: action_rows("Actions after the document was read, newest first", &readers.page.hits, false, zone(&request)),
        pages: pages(&request, &listing, from, next.as_ref().map(<[u8; 8]>::as_slice)),
        sha256: Copyable::new(hex),
    };
    Ok(page(StatusCode::OK, &shown))
}

/// Names, stores and origins that the actions of this page give it.
fn facts(readers: &DocumentReaders, hash: &DocumentHash) -> Vec<Fact> {
    let (mut names, mut stores, mut origins) = (Vec::new(), Vec::new(), Vec::new());
    for hit in &readers.page.hits {
        let HitKind::Action { action, .. } = &hit.what else { continue };
        let goes_by = |read: &&crate::domain::action::Document| read.sha256 == Some(*hash) || read.content_sha256 == Some(*hash);
        for read in action.context.iter().flatten().filter(goes_by) {
            names.extend(read.uri.clone());
            stores.extend(read.store.clone());
            origins.push(read.origin);
        }
    }
    let told = |mut values: Vec<String>| {
        values.sort_unstable();
        values.dedup();
        let shown = values.into_iter().take(MAX_NAMES);
        shown.fold(None, |told: Option<Sentence>, value| Some(told.map_or_else(Sentence::default, |t| t.words(", ")).code(value)))
    };
    let mut facts = vec![Fact::new("Named", told(names).unwrap_or_else(|| "nobody gave it a name".into()))];
    facts.extend(told(stores).map(|stores| Fact::new("Store", stores)));
    origins.sort_by_key(|origin| origin.map(crate::domain::action::DocumentOrigin::as_str));
    origins.dedup();
    if !origins.is_empty() {
        let badges = origins.into_iter().fold(Sentence::default(), |told, origin| told.badge(judged::origin(origin)).words(" "));
        facts.push(Fact::new("Origin", badges));
    }
    facts.push(Fact::new(
        "Content",
        readers.content_bytes.map_or_else(|| "not in this ledger".to_owned(), |n| format!("{}, kept in this ledger", words::bytes(n))),
    ));
    if readers.triggered_count > 0 {
        facts.push(Fact::new("Set off", words::reports(readers.triggered_count)));
    }
    facts
}
