//! The people in whose name something was done, and the agents that did it, with counts.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::route::Registered;
use crate::service::finder::Finder;
use crate::service::ledger::Ledger;
use crate::service::parties::{Party as Kind, PartyPage, PartyRow as Found, list};
use crate::ui::address::{rows_wanted, with, without};
use crate::ui::frame::{Frame, Section};
use crate::ui::part::{Named, Pages};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::when::{When, Zone};
use crate::ui::words;

/// The list of people and agents.
#[derive(Clone, Debug, Template)]
#[template(path = "people.html")]
pub struct People {
    /// Around it.
    pub frame: Frame,
    /// Humans at the root of something, or acting themselves; absent on a later page of the other list.
    pub people: Option<Party>,
    /// Agents; absent on a later page of the other list.
    pub agents: Option<Party>,
}

impl People {
    /// Anchor, heading, first column, second column, rows.
    fn parties(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str, &Party)> {
        let people = self.people.iter().map(|party| ("people", "People", "Person", "Delegations given", party));
        people.chain(self.agents.iter().map(|party| ("agents", "Agents", "Agent", "Delegations held", party)))
    }
}

/// One of the two lists.
#[derive(Clone, Debug, Default)]
pub struct Party {
    /// `3 people`.
    pub count: String,
    /// One page of them.
    pub rows: Vec<PartyRow>,
    /// The neighbouring pages.
    pub pages: Pages,
}

/// Somebody.
#[derive(Clone, Debug)]
pub struct PartyRow {
    /// Who.
    pub who: Named,
    /// Delegations given (people) or held (agents).
    pub delegations: String,
    /// Actions in the person's name, or by the agent.
    pub actions: String,
    /// Those with a finding.
    pub with_findings: String,
    /// When the newest action happened; absent if the recording holds no time, or if there is none.
    pub latest: Option<When>,
}

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/people", "showPeople"), handler: || web::to(show_people) }]
}

/// Names of each list on one page.
const ROWS: u64 = 50;
const PARAMETERS: &[&str] = &["list", "limit", "cursor", "at"];
const LISTS: [(&str, Kind); 2] = [("people", Kind::Human), ("agents", Kind::Agent)];

async fn show_people(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, PARAMETERS, "showPeople", "")?;
    let only = listing.query().word("list", &LISTS)?;
    let after = listing.after().map(|bytes| String::from_utf8(bytes.to_vec()));
    let after = after.transpose().map_err(|_| Problem::of(Code::InvalidCursor))?;
    let limit = rows_wanted(listing.query(), ROWS)?;
    let work = move |finder: &Finder<'_>| {
        let one = |kind| -> Result<Option<PartyPage>, Problem> {
            let is_wanted = only.is_none_or(|only| only == kind);
            Ok(is_wanted.then(|| list(finder, kind, after.as_deref(), limit)).transpose()?)
        };
        Ok((one(Kind::Human)?, one(Kind::Agent)?))
    };
    let ((people, agents), from) = listing.find(ledger, &caller, work).await?;
    let zone = zone(&request);
    let shown = |page: PartyPage, (name, kind): (&str, Kind)| {
        let bare = with(&without(&request, &["cursor", "list"]), "list", name);
        let next = page.rows.last().filter(|_| page.has_more).map(|last| last.id.clone().into_bytes());
        // A cursor is good for the parameters it was made with, so it is made for the address it will stand in.
        let list_of = |next: &[u8]| {
            Listing::of_address(&bare, PARAMETERS, "showPeople", "").map(|one| with(&bare, "cursor", &one.cursor(&request, from, next)))
        };
        Party {
            count: counted_names(kind, page.total as u64),
            rows: page.rows.iter().map(|row| party_row(row, kind, zone)).collect(),
            pages: Pages { first: listing.after().map(|_| "/people".to_owned()), next: next.and_then(|next| list_of(&next).ok()) },
        }
    };
    let mut frame = frame(&request, "People and agents", Some(Section::People));
    frame.json_url = Some("/people.json".to_owned());
    let people = people.map(|page| shown(page, LISTS[0]));
    let agents = agents.map(|page| shown(page, LISTS[1]));
    Ok(page(StatusCode::OK, &People { frame, people, agents }))
}

fn counted_names(kind: Kind, total: u64) -> String {
    match kind {
        Kind::Human => words::counted(total, "person", "people"),
        Kind::Agent => words::counted(total, "agent", "agents"),
    }
}

fn party_row(row: &Found, kind: Kind, zone: Zone) -> PartyRow {
    let who = match kind {
        Kind::Human => Named::person(&row.id),
        Kind::Agent => Named::agent(&row.id),
    };
    PartyRow {
        who: who.without_class(),
        delegations: words::number(row.delegation_count),
        actions: words::number(row.action_count),
        with_findings: words::number(row.with_findings_count),
        latest: row.latest.filter(|_| !row.is_latest_synthetic).map(|(_, at)| When::of(at, zone)),
    }
}
