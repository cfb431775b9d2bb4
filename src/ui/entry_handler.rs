//! `/entries/{index}`: one entry, opened and checked for its page; and its `.tlog-proof` to take away.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::finding::Code as Finding;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::entry_reads::check_place;
use crate::service::ledger::Ledger;
use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::past::present_findings;
use crate::service::prover::ProverError;
use crate::service::walker::entry_for;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::position::LeafIndex;
use crate::ui::entry::{EntryPage, Member, MemberValue};
use crate::ui::frame::Frame;
use crate::ui::part::{Copyable, Named};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::untrusted::{Untrusted, Verbatim};
use crate::ui::walked::badges;
use crate::ui::when::{When, Zone};
use crate::ui::{link, place, words};

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    vec![
        Registered { route: page_route("/entries/{index}", "showEntry"), handler: || web::to(show_entry) },
        Registered { route: page_route("/entries/{index}/tlog-proof", "downloadProof"), handler: || web::to(download_proof) },
    ]
}

fn index_of(path: &str) -> Result<LeafIndex, Problem> {
    let is_plain = path.bytes().all(|b| b.is_ascii_digit()) && (path == "0" || !path.starts_with('0'));
    path.parse().ok().filter(|_| is_plain).and_then(LeafIndex::new).ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(Code::NotFound, "the ledger has no entry there, or you may not see it")
}

async fn show_entry(
    request: HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let index = index_of(&path)?;
    let (reader, sight) = (ledger.clone(), caller.sight());
    let (entry, checkpoint, findings) = blocking(move || {
        let looked = reader.read(|rows| {
            let Some(entry) = entry_for(rows, &sight, index)? else { return Ok(None) };
            let checkpoint = check_place(rows, &entry, reader.origin(), &reader.vkeys())?;
            let findings = present_findings(rows, index, entry.first_findings())?;
            Ok::<_, ProverError>(Some((entry, checkpoint, findings)))
        })?;
        looked.ok_or_else(not_found)
    })
    .await?;
    let mut frame = frame(&request, format!("Entry {}", words::number(index.get())), None);
    frame.json_url = Some(format!("{}.json", link::entry(index.get())));
    let is_last = ledger.size().last_index() == Some(index);
    let mut shown = entry_page(&entry, checkpoint.as_ref(), findings, frame, zone(&request))?;
    shown.later = shown.later.filter(|_| !is_last);
    Ok(page(StatusCode::OK, &shown))
}

fn entry_page(
    entry: &OpenedEntry,
    checkpoint: Option<&Checkpoint>,
    findings: Vec<Finding>,
    frame: Frame,
    zone: Zone,
) -> Result<EntryPage, ReadError> {
    let index = entry.index.get();
    let header = &entry.header;
    let mut facts = vec![
        Fact::new("Leaf hash", Copyable::new(entry.leaf_hash.to_string())),
        Fact::new("Link to the entry before", Copyable::new(header.prev.to_string())),
        Fact::new("Recorded", When::exact(header.recorded_at, zone)),
        Fact::new("Commitment to the payload", Copyable::new(header.payload.to_string())),
        Fact::new("Ledger", Sentence::default().code(header.log.as_str())),
    ];
    let about = header.about.map(LeafIndex::get);
    facts.extend(
        about.map(|about| Fact::new("About", Sentence::default().link(format!("entry {}", words::number(about)), link::entry(about)))),
    );
    let member = |(name, value): (&String, &crate::tlog::json::Value)| Member {
        pointer: Untrusted::new(name.as_str()),
        value: MemberValue::Shown(Untrusted::new(value.to_canonical())),
    };
    Ok(EntryPage {
        frame,
        index: words::number(index),
        entry_type: header.entry_type.as_str().to_owned(),
        about: what(entry)?,
        earlier: entry.index.before().map(|before| link::entry(before.get())),
        later: Some(link::entry(index + 1)),
        facts,
        findings: badges(findings),
        checks: place::checks(entry, checkpoint),
        members: entry.members.iter().map(member).collect(),
        bytes: Verbatim { text: Untrusted::new(String::from_utf8_lossy(&entry.bytes)), label: "Entry bytes" },
        proof: checkpoint.map(|_| place::proof_address(index)),
    })
}

/// The action or delegation that the entry tells of.
fn what(entry: &OpenedEntry) -> Result<Option<Sentence>, ReadError> {
    if let Some(action) = entry.as_action()? {
        let id = action.what.action_id.as_str();
        return Ok(Some(Sentence::new("action ").name(Named::action(id, id))));
    }
    let delegation = match entry.as_delegation()? {
        Some(granted) => Some(granted.what.delegation_id),
        None => entry.as_revocation()?.map(|revoked| revoked.what.delegation_id),
    };
    Ok(delegation.map(|id| Sentence::new("delegation ").name(Named::delegation(id.as_str()))))
}

/// Hashes only: whoever may read may have them of any entry.
async fn download_proof(request: HttpRequest, ledger: web::Data<Ledger>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let index = index_of(&path)?;
    if !ledger.size().contains(index) {
        return Err(not_found());
    }
    let proof = blocking(move || Ok(ledger.read(|rows| ledger.prover(rows)?.tlog_proof(index, None))?)).await?;
    let proof = proof.ok_or_else(|| Problem::new(Code::NotYetPublished, "no checkpoint covers this entry yet: ask again in a second"))?;
    let name = format!("attachment; filename=\"entry-{index}.tlog-proof\"");
    let name = HeaderValue::from_str(&name).expect("digits within a fixed text");
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").insert_header((CONTENT_DISPOSITION, name)).body(proof.to_text()))
}
