//! `/actions/{id}`: the walk of an action, read and put together for its page.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::action::Action;
use crate::domain::ids::ActionId;
use crate::domain::past::Recorded;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::entry_reads::check_place;
use crate::service::ledger::Ledger;
use crate::service::opened::{OpenedEntry, ReadError, open_entry};
use crate::service::pending::REPORT;
use crate::service::prover::ProverError;
use crate::service::walker::{ChangedBy, WalkedAction, sees_action, walk_action};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::json::Value;
use crate::ui::action::{ActionPage, Reassessment, ReportRow};
use crate::ui::frame::{Frame, Section};
use crate::ui::part::{Copyable, Named};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::untrusted::{Untrusted, Verbatim};
use crate::ui::walked::{badges, walk_list};
use crate::ui::when::{When, Zone};
use crate::ui::{judged, link, place, words};

/// Longest part of an id in a title, in characters.
pub const MAX_TITLE_CHARS: usize = 60;

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/actions/{id}", "showAction"), handler: || web::to(show_action) }]
}

/// An action, with the entry of its latest report and the checkpoint over it.
struct Shown {
    walked: WalkedAction,
    entry: OpenedEntry,
    checkpoint: Option<Checkpoint>,
}

async fn show_action(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let not_found = || Problem::new(Code::NotFound, "no action that you may see has this id");
    let id = ActionId::parse(&path).ok_or_else(not_found)?;
    let (reader, sight) = (ledger.clone(), caller.sight());
    let shown = blocking(move || {
        let looked = reader.read(|rows| {
            let Some(walked) = walk_action(rows, &id)?.filter(|walked| sees_action(&sight, walked)) else { return Ok(None) };
            let index = walked.walk.entry.index;
            let entry = open_entry(rows, index)?.ok_or_else(|| ReadError::Damaged { index, reason: "it is missing".to_owned() })?;
            let checkpoint = check_place(rows, &entry, reader.origin(), &reader.vkeys())?;
            Ok::<_, ProverError>(Some(Shown { walked, entry, checkpoint }))
        })?;
        looked.ok_or_else(not_found)
    })
    .await?;
    let name = Untrusted::new(shown.walked.action.name.as_str()).plain(MAX_TITLE_CHARS);
    let id = Untrusted::new(shown.walked.action.action_id.as_str()).plain(MAX_TITLE_CHARS);
    let mut frame = frame(&request, format!("{name} {id} – Action"), Some(Section::Search));
    frame.json_url = Some(format!("{}.json", link::action(shown.walked.action.action_id.as_str())));
    Ok(page(StatusCode::OK, &action_page(&shown, frame, &ledger, zone(&request))))
}

fn action_page(shown: &Shown, frame: Frame, ledger: &Ledger, zone: Zone) -> ActionPage {
    let Shown { walked, entry, checkpoint } = shown;
    let WalkedAction { walk, action, reports, .. } = walked;
    let latest = reports.last();
    ActionPage {
        frame,
        back: None,
        name: Untrusted::new(action.name.as_str()),
        actor: actor(walked),
        id: Copyable::new(action.action_id.as_str()),
        occurred: latest.filter(|_| !action.is_time_synthetic).map(|report| When::exact(report.occurred_at, zone)),
        permalink: link::action(action.action_id.as_str()),
        verdict: judged::verdict(walked),
        statement: Named::plain(&walk.statement).into(),
        reassessment: reassessment(walked),
        walk: walk_list(walked, zone),
        missing: walk.missing.iter().map(|lacks| Sentence::new("Missing: ").name(Named::plain(lacks))).collect(),
        documents: judged::documents(walked),
        attribution: judged::attribution(walked),
        entry: entry_facts(walked, entry, zone),
        proof: place::proof(entry, checkpoint.as_ref(), ledger),
        reports: if reports.len() > 1 { report_rows(reports, zone) } else { Vec::new() },
        entry_bytes: Verbatim { text: Untrusted::new(String::from_utf8_lossy(&entry.bytes)), label: "Entry bytes" },
        event: Some(Verbatim { text: Untrusted::new(event_text(entry)), label: "Event as reported" }),
    }
}

fn actor(walked: &WalkedAction) -> Named {
    use crate::domain::delegation::CallerClass;
    let actor = &walked.action.actor;
    let agent = actor.agent_id.as_ref().map(|id| Named::of(actor.caller_class, id.as_str()));
    let human = actor.human_principal_id.as_ref().map(|id| Named::person(id.as_str()));
    let named = if actor.caller_class == CallerClass::Human { human } else { agent };
    let source = walked.reports.last().map(|report| Named::plain(report.source.as_str()));
    named.or(source).unwrap_or_else(|| Named::plain("somebody who is not named"))
}

fn entry_facts(walked: &WalkedAction, entry: &OpenedEntry, zone: Zone) -> Vec<Fact> {
    let action = &walked.action;
    let index = entry.index.get();
    let mut facts = vec![Fact::new("Leaf index", Sentence::default().link(words::number(index), link::entry(index)))];
    if let Some(report) = walked.reports.last() {
        if !action.is_time_synthetic {
            facts.push(Fact::new("Occurred", When::exact(report.occurred_at, zone)));
        }
        facts.push(Fact::new("Recorded", When::exact(report.recorded_at, zone)));
        facts.push(Fact::new("Reported by", Named::of(report.reporter_class, report.source.as_str())));
    }
    facts.push(Fact::new("Outcome", judged::outcome(&action.outcome)));
    let decision = action.decision.effect.map(|effect| Sentence::new(effect.as_str().replace('_', " ")));
    facts.extend(decision.map(|decision| Fact::new("Decision of its policy", decision)));
    let searched =
        |label, filter, value: &Option<String>| value.as_ref().map(|value| Fact::new(label, Named::to(value, link::search(filter, value))));
    facts.extend(searched("Policy", "policy_version", &action.decision.policy_version));
    facts.extend(searched("Model", "model_version", &action.actor.model_version));
    facts.extend(searched("Prompt", "prompt_id", &action.actor.prompt_id));
    facts.extend(searched("Trace", "trace_id", &action.request.trace_id));
    let copied = |label, value: &Option<String>| value.as_ref().map(|value| Fact::new(label, Copyable::new(value.as_str())));
    facts.extend(copied("Idempotency key", &action.request.idempotency_key));
    facts.extend(entry.text("/event_id").map(|id| Fact::new("Event id", Copyable::new(id))));
    facts
}

fn reassessment(walked: &WalkedAction) -> Option<Reassessment> {
    let first = walked.walk.first.as_ref()?;
    let causes = walked.changes.iter().map(|change: &ChangedBy| {
        let told = Sentence::default().link(format!("Entry {}", words::number(change.index.get())), link::entry(change.index.get()));
        match change.cause {
            None => told.words(" tells it."),
            Some(cause) => {
                let kind = change.cause_type.clone().unwrap_or_default();
                told.words(" tells it, because of ")
                    .code(kind)
                    .words(" in ")
                    .link(format!("entry {}", words::number(cause.get())), link::entry(cause.get()))
                    .words(".")
            }
        }
    });
    Some(Reassessment {
        first: badges(first.codes.clone()),
        present: badges(walked.walk.reasons.iter().map(|reason| reason.code).collect()),
        cause: crate::ui::terms::joined(causes.collect(), " "),
    })
}

fn report_rows(reports: &[Arc<Recorded<Action>>], zone: Zone) -> Vec<ReportRow> {
    let last = reports.len().saturating_sub(1);
    let row = |(place, report): (usize, &Arc<Recorded<Action>>)| {
        let disagrees = report.present_findings.contains(&crate::domain::finding::Code::ReportDisagreement);
        ReportRow {
            entry: Named::to(&words::number(report.index.get()), link::entry(report.index.get())),
            source: Named::of(report.reporter_class, report.source.as_str()),
            outcome: judged::outcome_word(report.what.outcome.status),
            recorded: When::of(report.recorded_at, zone),
            compared: if disagrees { "differs from an earlier report: see the reasons above" } else { "nothing that differs" }.into(),
            is_this: place == last,
        }
    };
    reports.iter().enumerate().map(row).collect()
}

/// The members as one object, without what the ledger wrote about the reporter.
fn event_text(entry: &OpenedEntry) -> String {
    let members = entry.members.iter().filter(|(name, _)| name.as_str() != REPORT);
    let lines: Vec<String> = members.map(|(name, value): (&String, &Value)| format!("{name}  {}", value.to_canonical())).collect();
    lines.join("\n")
}
