//! `/people/{id}` and `/agents/{id}`: what was done in a person's name, or by an agent.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code as Finding, Verdict};
use crate::domain::frozen::is_prompt_frozen;
use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::route::Registered;
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::finder::{Counted, FindError, Finder};
use crate::service::hit::HitKind;
use crate::service::holding::standing_so;
use crate::service::ledger::Ledger;
use crate::service::parties::{Party, PartyProfile, profile};
use crate::ui::action_handler::MAX_TITLE_CHARS;
use crate::ui::agent::{AgentPage, VersionRow};
use crate::ui::frame::{Frame, Section};
use crate::ui::hits::{MAX_COUNTED_SHOWN, action_rows, counted, delegation_rows};
use crate::ui::part::{Badge, Copyable, Named, Pages, Tone};
use crate::ui::person::PersonPage;
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::untrusted::Untrusted;
use crate::ui::when::Zone;
use crate::ui::{address, link, words};

/// Active delegations looked at to say who acts for a person now.
const MAX_ACTIVE: usize = 200;

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![
        Registered { route: page_route("/people/{id}", "showPerson"), handler: || web::to(show_person) },
        Registered { route: page_route("/agents/{id}", "showAgent"), handler: || web::to(show_agent) },
    ]
}

async fn show_person(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, &["at"], "showPerson", &path)?;
    let id = path.into_inner();
    let is_herself = caller.human.as_ref().is_some_and(|session| session.principal_id.as_str() == id);
    let work = move |finder: &Finder<'_>| Ok((read(finder, Party::Human, &id, is_herself)?, acting_now(finder, &id)?));
    let ((profile, acting_now), _) = listing.find(ledger, &caller, work).await?;
    let frame = framed(&request, &profile.id, "Person", &link::person(&profile.id));
    Ok(page(StatusCode::OK, &person_page(&profile, &acting_now, frame, zone(&request))))
}

async fn show_agent(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, &["at"], "showAgent", &path)?;
    let id = path.into_inner();
    let work = move |finder: &Finder<'_>| read(finder, Party::Agent, &id, false);
    let (profile, _) = listing.find(ledger, &caller, work).await?;
    let frame = framed(&request, &profile.id, "Agent", &link::agent(&profile.id));
    Ok(page(StatusCode::OK, &agent_page(&profile, frame, zone(&request))))
}

/// Whoever is signed in has a page, even before anything was done in her name.
fn read(finder: &Finder<'_>, party: Party, id: &str, is_herself: bool) -> Result<PartyProfile, Problem> {
    match profile(finder, party, id)? {
        Some(profile) => Ok(profile),
        None if is_herself => Ok(PartyProfile { id: id.to_owned(), ..PartyProfile::default() }),
        None => Err(Problem::new(Code::NotFound, "nothing that you may see names this id")),
    }
}

fn framed(request: &HttpRequest, id: &str, kind: &str, address: &str) -> Frame {
    let title = format!("{} – {kind}", Untrusted::new(id).plain(MAX_TITLE_CHARS));
    Frame { json_url: Some(format!("{address}.json")), ..frame(request, title, Some(Section::People)) }
}

/// Agents with a delegation in the person's name that holds now, and how many.
fn acting_now(finder: &Finder<'_>, id: &str) -> Result<BTreeMap<String, u64>, FindError> {
    let criteria = Criteria::of(EntryKind::Delegation).and(Criterion::Human(id.to_owned()));
    let active = standing_so(finder, &criteria, "active", None, MAX_ACTIVE)?;
    let mut agents = BTreeMap::new();
    for hit in &active.hits {
        if let HitKind::Delegation { delegation, .. } = &hit.what {
            *agents.entry(delegation.what.agent_id.to_string()).or_default() += 1;
        }
    }
    Ok(agents)
}

fn person_page(profile: &PartyProfile, acting_now: &BTreeMap<String, u64>, frame: Frame, zone: Zone) -> PersonPage {
    let search = link::search("human_principal_id", &profile.id);
    let by_class = CallerClass::ALL.map(|class| {
        let count = profile.classes.get(class.as_str()).copied().unwrap_or(0);
        (class, words::reports(count), address::with(&search, "caller_class", class.as_str()))
    });
    PersonPage {
        frame,
        name: Untrusted::new(profile.id.as_str()),
        id: Copyable::new(profile.id.as_str()),
        facts: found_facts(profile, &search),
        by_class: by_class.into(),
        acting_now: acting_now.iter().map(|(id, count)| (Named::agent(id), words::counted(*count, "delegation", "delegations"))).collect(),
        given: delegation_rows("Delegations given, newest first", &profile.delegations, zone),
        actions: action_rows("Latest actions in this person's name", &profile.latest.hits, false, zone),
        pages: Pages::default(),
        search,
    }
}

fn agent_page(profile: &PartyProfile, frame: Frame, zone: Zone) -> AgentPage {
    let search = link::search("agent_id", &profile.id);
    let mut facts = vec![Fact::new("Reports of actions", words::number(profile.action_count))];
    let denied = profile.outcomes.get("denied").copied().unwrap_or(0);
    facts.push(Fact::new("Denied", words::percent(denied, profile.action_count)));
    facts.extend(found_facts(profile, &search));
    let mut versions = versions("Model", "model_version", &profile.models);
    versions.extend(self::versions("Prompt", "prompt_id", &profile.prompts));
    AgentPage {
        frame,
        name: Untrusted::new(profile.id.as_str()),
        id: Copyable::new(profile.id.as_str()),
        facts,
        acted_for: counted(&profile.counterparts, Named::person),
        versions,
        held: delegation_rows("Delegations held, newest first", &profile.delegations, zone),
        actions: action_rows("Latest actions of this agent", &profile.latest.hits, false, zone),
        pages: Pages::default(),
        search,
    }
}

/// Verdicts, then the findings that occurred most often; each leads to its actions.
fn found_facts(profile: &PartyProfile, search: &str) -> Vec<Fact> {
    let verdict = |(verdict, label): (Verdict, &'static str)| {
        let count = profile.verdicts.get(verdict.as_str()).copied().unwrap_or(0);
        let value = if count == 0 {
            Sentence::new("0")
        } else {
            Sentence::default().link(words::number(count), address::with(search, "verdict", verdict.as_str()))
        };
        Fact::new(label, value)
    };
    let labels = [
        (Verdict::NotAuthorised, "Not authorised"),
        (Verdict::Undetermined, "Cannot be determined"),
        (Verdict::AuthorisedWithWarnings, "Authorised, with warnings"),
        (Verdict::Authorised, "Authorised"),
    ];
    let mut facts: Vec<Fact> = labels.into_iter().map(verdict).collect();
    let badges = profile.findings.values.iter().filter_map(|(code, count)| Some(Badge::finding_times(Finding::parse(code)?, *count)));
    let findings = badges.fold(Sentence::default(), |told, badge| told.badge(badge).words(" "));
    facts.push(Fact::new("Findings", if profile.findings.distinct == 0 { "none".into() } else { findings }));
    facts
}

fn versions(kind: &'static str, filter: &'static str, counted: &Counted) -> Vec<VersionRow> {
    let row = |(version, count): &(String, u64)| {
        let is_alias = kind == "Prompt" && !is_prompt_frozen(Some(version), None);
        VersionRow {
            kind,
            version: Named::to(version, link::search(filter, version)),
            badges: if is_alias { vec![Badge::new(Tone::Warn, "MAY CHANGE")] } else { Vec::new() },
            actions: words::number(*count),
        }
    };
    counted.values.iter().take(MAX_COUNTED_SHOWN).map(row).collect()
}
