//! `/delegations/{id}`: does it hold, what does it allow, what was passed on from it, what was done under it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::chain::{Hop as ChainHop, Root};
use crate::domain::delegation::Evidence;
use crate::domain::ids::DelegationId;
use crate::domain::standing::Standing as Held;
use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::route::Registered;
use crate::service::branches::{Branches, DelegationReader, DelegationView};
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::finder::{Finder, Found};
use crate::service::ledger::Ledger;
use crate::service::opened::{ReadError, open_entry};
use crate::tlog::json::Value;
use crate::tlog::time::Timestamp;
use crate::ui::action_handler::MAX_TITLE_CHARS;
use crate::ui::address::{pages, rows_wanted};
use crate::ui::delegation::{DelegationPage, Hop, Standing};
use crate::ui::frame::{Frame, Section};
use crate::ui::hits::action_rows;
use crate::ui::part::{Copyable, Named, Pages};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::untrusted::{Quoted, Untrusted};
use crate::ui::walked::badges;
use crate::ui::when::{When, Zone};
use crate::ui::{branching, link, terms, words};

/// Delegations drawn below one; the list has the others.
const MAX_BELOW: usize = 60;

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/delegations/{id}", "showDelegation"), handler: || web::to(show_delegation) }]
}

/// Everything that is read for the page.
pub struct Shown {
    /// The delegation.
    pub view: DelegationView,
    /// Those above it, its parent first, as far as the caller may see them.
    pub above: Vec<DelegationView>,
    /// What was passed on below it.
    pub below: Branches,
    /// Whether its times were made up by an importer.
    pub is_time_synthetic: bool,
    /// Actions under it and all below it.
    pub actions: Found,
    /// How many there are.
    pub action_count: u64,
    /// When it is.
    pub now: Timestamp,
}

async fn show_delegation(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound, "no delegation that you may see has this id");
    let listing = Listing::new(&request, &["limit", "cursor", "at"], "showDelegation", &path)?;
    let id = DelegationId::parse(&path).ok_or_else(not_found)?;
    let (after, limit) = (listing.after_index()?, rows_wanted(listing.query(), 25)?);
    let (reader, sight) = (ledger.clone(), caller.sight());
    let work = move |finder: &Finder<'_>| {
        let now = finder.now();
        let read = reader.read(|rows| {
            let delegations = DelegationReader::new(rows, now)?;
            let Some(view) = delegations.view(&sight, &id)? else { return Ok::<_, ReadError>(None) };
            let ids = view.chain.hops.iter().skip(1).map(|hop| hop.id().clone());
            let above: Vec<Option<DelegationView>> = ids.map(|id| delegations.view(&sight, &id)).collect::<Result<_, _>>()?;
            let below = delegations.below(&sight, &id, crate::service::branches::MAX_TREE_DEPTH, None, MAX_BELOW)?;
            let index = view.chain.named().map(|hop| hop.delegation.index);
            let entry = index.map(|index| open_entry(rows, index)).transpose()?.flatten();
            let is_time_synthetic = entry.is_some_and(|entry| entry.is_time_synthetic());
            Ok(Some((view, above.into_iter().map_while(|view| view).collect(), below, is_time_synthetic)))
        })?;
        let (view, above, below, is_time_synthetic) = read.ok_or_else(not_found)?;
        let under = Criteria::of(EntryKind::Action).and(Criterion::Delegation(id.to_string()));
        let (actions, action_count) = (finder.find(&under, after, limit)?, finder.count(&under)?);
        Ok(Shown { view, above, below, is_time_synthetic, actions, action_count, now })
    };
    let (shown, from) = listing.find(ledger, &caller, work).await?;
    let next = shown.actions.last.filter(|_| shown.actions.has_more).map(|last| last.get().to_be_bytes());
    let pages = pages(&request, &listing, from, next.as_ref().map(<[u8; 8]>::as_slice));
    let named = shown.view.chain.named().ok_or_else(not_found)?;
    let id = named.id().as_str();
    let title = format!("{} – Delegation", Untrusted::new(id).plain(MAX_TITLE_CHARS));
    let frame = Frame { json_url: Some(format!("{}.json", link::delegation(id))), ..frame(&request, title, Some(Section::Delegations)) };
    Ok(page(StatusCode::OK, &delegation_page(&shown, named, frame, pages, zone(&request))))
}

fn delegation_page(shown: &Shown, named: &ChainHop, frame: Frame, pages: Pages, zone: Zone) -> DelegationPage {
    let delegation = named.terms();
    let id = delegation.delegation_id.as_str();
    let source = &named.delegation.source;
    let purpose = delegation.purpose.as_ref().map(|purpose| Quoted {
        text: Untrusted::new(purpose.as_str()),
        author: Untrusted::new(format!("Purpose, as stated by {source}. Nobody has checked it.")),
    });
    let mut terms = terms::facts(delegation, zone, shown.is_time_synthetic);
    terms.extend(terms::accountable(delegation));
    DelegationPage {
        frame,
        id: Copyable::new(id),
        delegator: terms::delegator(&delegation.delegator),
        agent: Named::agent(delegation.agent_id.as_str()),
        standing: standing(shown, named, zone),
        purpose,
        terms,
        evidence: evidence(shown, named, zone),
        hops: hops(&shown.view, zone),
        tree: branching::tree(shown, zone),
        actions: action_rows("Actions under this delegation, newest first", &shown.actions.hits, true, zone),
        action_count: words::reports(shown.action_count),
        pages,
        search: link::search("delegation_id", id),
    }
}

fn standing(shown: &Shown, named: &ChainHop, zone: Zone) -> Standing {
    let delegation = named.terms();
    let (tone, _, headline) = terms::standing_words(&shown.view.standing);
    let is_by_made_up_time = shown.is_time_synthetic && matches!(shown.view.standing, Held::Expired { .. } | Held::NotYetValid { .. });
    let mut lines: Vec<Sentence> = if is_by_made_up_time {
        vec!["The recording holds no times. The importer made them up, and by those it does not hold now.".into()]
    } else {
        terms::standing_cause(&shown.view.standing, delegation.delegation_id.as_str(), zone).into_iter().collect()
    };
    let left_ms = delegation.expires_at.ms_since(shown.now);
    if lines.is_empty() && !shown.is_time_synthetic {
        let left = words::duration(left_ms.unsigned_abs());
        lines.push(Sentence::new("Ends ").time(When::of(delegation.expires_at, zone)).words(format!(", in {left}.")));
    }
    for revocation in &named.revocations {
        let told = &revocation.what;
        let mut line = Sentence::new("Revoked from ")
            .time(When::of(told.revoked_at, zone))
            .words(" on, by ")
            .name(Named::plain(revocation.source.as_str()));
        let index = revocation.index.get();
        line = line.words(", ").link(format!("leaf index {}", words::number(index)), link::entry(index));
        line = line.words(if told.cascade { ", with all below it" } else { ", sparing those below it" });
        lines.push(match &told.reason {
            Some(reason) => line.words(": ").name(Named::plain(reason)),
            None => line.words("."),
        });
    }
    let found = badges(named.delegation.present_findings.clone());
    if !found.is_empty() {
        lines.push(found.into_iter().fold(Sentence::new("Found about it: "), |line, badge| line.badge(badge).words(" ")));
    }
    if lines.is_empty() {
        lines.push("The recording holds no times.".into());
    }
    Standing { tone, headline, lines }
}

fn evidence(shown: &Shown, named: &ChainHop, zone: Zone) -> Vec<Fact> {
    let recorded = &named.delegation;
    let index = recorded.index.get();
    let mut facts = vec![
        Fact::new("Proved", terms::evidence(recorded.evidence.unwrap_or(Evidence::Asserted), &recorded.source)),
        Fact::new("Reported by", Named::of(recorded.reporter_class, recorded.source.as_str())),
        Fact::new("In the name of", principal(shown)),
        Fact::new("Leaf index", Sentence::default().link(words::number(index), link::entry(index))),
        Fact::new("Leaf hash", Copyable::new(recorded.leaf_hash.to_string())),
        Fact::new("Recorded", When::exact(recorded.recorded_at, zone)),
    ];
    let delegation = named.terms();
    facts.extend(delegation.issuer.as_ref().map(|issuer| Fact::new("Issuer", Sentence::default().code(issuer.as_str()))));
    let claims: Vec<(&String, &Value)> = match &delegation.token {
        Some(Value::Object(members)) => members.iter().map(|(name, value)| (name, value)).collect(),
        _ => Vec::new(),
    };
    if !claims.is_empty() {
        let claim = |(name, value): (&String, &Value)| Sentence::default().code(format!("{name} {}", value.to_canonical()));
        facts.push(Fact::new("Kept of its token", terms::joined(claims.into_iter().map(claim).collect(), ", ")));
    }
    facts
}

fn principal(shown: &Shown) -> Sentence {
    let chain = &shown.view.chain;
    match (&chain.root, chain.principal()) {
        (Root::Human(_) | Root::Accountable(_), Some(person)) => Named::person(person.as_str()).into(),
        (_, Some(person)) => Sentence::default().name(Named::person(person.as_str())).words(", as reported: the chain does not reach her"),
        (_, None) => "nobody".into(),
    }
}

/// What each hop changed, from the root down.
fn hops(view: &DelegationView, zone: Zone) -> Vec<Hop> {
    let hops = view.chain.hops.iter().zip(&view.narrowings).rev();
    let hop = |(hop, narrowing): (&ChainHop, _)| {
        let who = Sentence::default().name(Named::delegation(hop.id().as_str()));
        terms::hop(who, narrowing, zone)
    };
    hops.map(hop).collect()
}
