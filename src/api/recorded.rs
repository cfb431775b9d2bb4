//! The answer to one recorded event. It is made from the entry and nothing else, the first time as when it is asked for again, so
//! that the two are the same byte for byte: request id and time come from the entry itself.

use std::sync::Arc;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value as Json, json};
use tokio::time::timeout;

use crate::api::place::{EntryPlace, salts_json};
use crate::domain::action::{Action, DecisionEffect, OutcomeStatus};
use crate::domain::attribution::Attribution;
use crate::domain::finding::Verdict;
use crate::domain::past::Recorded;
use crate::http::authentication::{Authenticated, agent_id_claim};
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::envelope::{NO_META, to_bytes};
use crate::http::idempotent::{MadeFrom, REPLAYED_HEADER, Reply, once};
use crate::http::problem::Problem;
use crate::service::intake::{Intake, IntakeRefusal, Submitter};
use crate::service::ledger::Ledger;
use crate::service::opened::{OpenedEntry, just_written, open_entry};
use crate::service::pass::Appended;
use crate::service::pending::PendingEntry;
use crate::service::queue::Answered;
use crate::service::walker::first_attribution;
use crate::tlog::position::LeafIndex;
use crate::tlog::tlog_proof::TlogProof;

/// How long an answer waits for its checkpoint.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(30);

/// What `Prefer: receipt="opening checkpointed"` asks for beyond the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptWish {
    /// The salts.
    pub opening: bool,
    /// The proof under a checkpoint: the answer waits for it.
    pub checkpointed: bool,
}

impl ReceiptWish {
    /// From the header. `witnessed` waits for what is there: the checkpoint, with the cosignatures it has.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut wish = Self::default();
        for value in headers.get_all("prefer").filter_map(|v| v.to_str().ok()) {
            for preference in value.split(',') {
                let Some((name, levels)) = preference.split_once('=') else { continue };
                if !name.trim().eq_ignore_ascii_case("receipt") {
                    continue;
                }
                for level in levels.trim().trim_matches('"').split_ascii_whitespace() {
                    wish.opening |= level == "opening";
                    wish.checkpointed |= level == "checkpointed" || level == "witnessed";
                }
            }
        }
        wish
    }

    fn to_recipe(self) -> Vec<u8> {
        vec![u8::from(self.opening), u8::from(self.checkpointed)]
    }

    fn from_recipe(recipe: &[u8]) -> Self {
        Self { opening: recipe.first() == Some(&1), checkpointed: recipe.get(1) == Some(&1) }
    }
}

/// Records one event: prepared on a thread that may block, given its place, answered from the ledger.
pub async fn record(
    request: &HttpRequest,
    caller: Authenticated,
    ledger: web::Data<Ledger>,
    body: &[u8],
    prepare: impl FnOnce(&Intake<'_>) -> Result<PendingEntry, IntakeRefusal> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let wish = ReceiptWish::of(request.headers());
    let request_id = RequestContext::of(request).request_id.to_string();
    let claim = agent_id_claim(request.headers());
    let (shared, work_ledger) = (caller.shared(), ledger.clone());
    let intake_ledger = ledger.clone();
    let prepare = move || {
        let submitter = Submitter { caller: &shared, request_id: &request_id, agent_id_claim: claim.as_ref() };
        prepare(&Intake::new(&intake_ledger, submitter)).map_err(Problem::from)
    };
    let work = move |pending| async move {
        let answers = work_ledger.queue()?.append(vec![pending], false).await?;
        let Answered { entry, outcome } = answers.into_iter().next().ok_or_else(|| Problem::of(Code::Internal))?;
        reply(&work_ledger, entry, outcome?, wish).await
    };
    let remake = move |made: MadeFrom| {
        let index = *made.indexes.first().ok_or_else(|| Problem::of(Code::Internal))?;
        answer_body(&ledger, Answerable::InLedger(index), ReceiptWish::from_recipe(&made.recipe))
    };
    once(request, &caller, body, prepare, work, remake).await
}

async fn reply(ledger: &web::Data<Ledger>, pending: PendingEntry, appended: Appended, wish: ReceiptWish) -> Result<Reply, Problem> {
    let (index, is_replay) = (appended.index, appended.is_replay);
    // Recorded it is: where the checkpoint does not come in time the answer is the durable one, and the receipt gives it later.
    let covered = async { timeout(CHECKPOINT_PATIENCE, ledger.wait_published(index.size_with())).await.unwrap_or(false) };
    let wish = ReceiptWish { checkpointed: wish.checkpointed && covered.await, ..wish };
    let reader = ledger.clone();
    let answerable = if is_replay { Answerable::InLedger(index) } else { Answerable::InHand(Box::new((pending, appended))) };
    let body = blocking(move || answer_body(&reader, answerable, wish)).await?;
    let status = if is_replay { StatusCode::OK } else { StatusCode::CREATED };
    let mut reply = Reply::from_entries(status, body, MadeFrom { indexes: vec![index], recipe: wish.to_recipe() });
    let location = HeaderValue::from_str(&format!("/v1/entries/{index}")).expect("a number in a path");
    reply.headers.push((LOCATION, location));
    if is_replay {
        reply.headers.push((REPLAYED_HEADER, HeaderValue::from_static("true")));
    }
    Ok(reply)
}

/// The entry that an answer is about.
enum Answerable {
    /// Written a moment ago.
    InHand(Box<(PendingEntry, Appended)>),
    /// To be read.
    InLedger(LeafIndex),
}

/// The whole body, envelope included, from the entry alone.
fn answer_body(ledger: &Ledger, answerable: Answerable, wish: ReceiptWish) -> Result<Vec<u8>, Problem> {
    let kept = ledger.read(|rows| {
        let entry = match answerable {
            Answerable::InHand(written) => just_written(written.0, written.1)?,
            Answerable::InLedger(index) => open_entry(rows, index)?.ok_or_else(|| Problem::of(Code::Internal))?,
        };
        let action = entry.as_action()?.map(Arc::new);
        let attribution = action.as_ref().map(|action| first_attribution(rows, action)).transpose()?;
        let proof = if wish.checkpointed { ledger.prover(rows)?.tlog_proof(entry.index, None)? } else { None };
        Ok::<_, Problem>(Kept { entry, action, attribution, proof })
    })?;
    let entry = &kept.entry;
    let mut data = answer_data(&kept);
    if wish.opening {
        data.insert("salts".to_owned(), Json::Object(salts_json(entry)));
        data.insert("report".to_owned(), entry.members.get("/report").map_or(Json::Null, to_json));
    }
    if wish.checkpointed {
        let proof = kept.proof.as_ref().ok_or_else(|| Problem::of(Code::Internal))?;
        data.insert("tlog_proof".to_owned(), proof.to_text().into());
    }
    Ok(to_bytes(&data, NO_META, &entry.report()?.request_id, entry.header.recorded_at))
}

/// What an answer is made of.
struct Kept {
    entry: OpenedEntry,
    action: Option<Arc<Recorded<Action>>>,
    attribution: Option<Attribution>,
    proof: Option<TlogProof>,
}

fn answer_data(kept: &Kept) -> Map<String, Json> {
    let entry = &kept.entry;
    let findings = entry.first_findings();
    let mut data = Map::new();
    for name in ["action_id", "delegation_id", "event_id"] {
        if let Some(text) = entry.text(&format!("/{name}")) {
            data.insert(name.to_owned(), text.into());
        }
    }
    data.insert("entry".to_owned(), serde_json::to_value(EntryPlace::of(entry)).expect("plain members"));
    data.insert("findings".to_owned(), findings.iter().map(|c| c.as_str()).collect());
    if let Some(action) = &kept.action {
        data.insert("verdict".to_owned(), Verdict::of(findings).as_str().into());
        if let Some(attribution) = &kept.attribution {
            data.insert(
                "attribution".to_owned(),
                json!({ "verdict": attribution.verdict.as_str(), "rule": attribution.verdict.rule(), "missing": attribution.missing }),
            );
        }
        // Nothing asks for a human here: an agent that asks before it acts is told to go ahead.
        let asked = (action.what.outcome.status == OutcomeStatus::Requested).then_some(DecisionEffect::Allow);
        if let Some(effect) = asked.or(action.what.decision.effect) {
            data.insert("decision".to_owned(), json!({ "effect": effect.as_str() }));
        }
    }
    data.insert("receipt_url".to_owned(), format!("/v1/entries/{}/receipt", entry.index).into());
    data
}

/// A ledger value as serde knows it: the numbers of an I-JSON value are exact in either.
pub fn to_json(value: &crate::tlog::json::Value) -> Json {
    serde_json::from_str(&value.to_canonical()).expect("canonical JSON is JSON")
}
