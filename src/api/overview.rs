//! `GET /v1/overview`: the figures of the dashboards, class by class, never over classes.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value as Json, json};

use crate::api::parties::with_zeros;
use crate::api::rows::{counts, time};
use crate::domain::action::OutcomeStatus;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::Verdict;
use crate::http::authentication::Authenticated;
use crate::http::criteria::criteria_of;
use crate::http::listing::{LIST_PROBLEMS, Listing, PageEnd, read_route};
use crate::http::problem::Problem;
use crate::http::route::{Cost, Registered};
use crate::service::criteria::Criteria;
use crate::service::figures::{Burst, ClassFigures, figures};
use crate::service::finder::Finder;
use crate::service::ledger::Ledger;

/// `class`: one of the three, or all of them side by side. `from` is included, `to` is not; without them, everything counts.
const PARAMETERS: &[&str] = &["class", "from", "to", "at", "min_tree_size"];

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    let route = read_route("/v1/overview", "readOverview", Cost::Facets, LIST_PROBLEMS);
    vec![Registered { route, handler: || web::to(read_overview) }]
}

async fn read_overview(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, PARAMETERS, "readOverview", "")?;
    let class = listing.query().word("class", &CallerClass::ALL.map(|class| (class.as_str(), class)))?;
    let Criteria { from, to, .. } = criteria_of(listing.query(), Criteria::default())?;
    let work = move |finder: &Finder<'_>| {
        let asked = CallerClass::ALL.into_iter().filter(|one| class.is_none_or(|class| class == *one));
        asked.map(|class| Ok(figures(finder, class, from, to)?)).collect::<Result<Vec<_>, Problem>>()
    };
    let (classes, taken_from) = listing.find(ledger, &caller, work).await?;
    let data = json!({ "from": from.map(time), "to": to.map(time), "classes": classes.iter().map(class_json).collect::<Vec<_>>() });
    Ok(listing.answer(&request, &data, taken_from, &PageEnd::default()))
}

fn class_json(figures: &ClassFigures) -> Json {
    json!({
        "class": figures.class.as_str(),
        "action_count": figures.action_count,
        "denied_count": figures.denied_count,
        "failed_count": figures.failed_count,
        "durations": {
            "known_count": figures.durations.known_count, "p50_ms": figures.durations.p50_ms, "p95_ms": figures.durations.p95_ms,
        },
        "burst": figures.burst.map(|burst| burst_json(&burst)),
        "verdicts": with_zeros(&figures.verdicts, Verdict::ALL.map(Verdict::as_str)),
        "outcomes": with_zeros(&figures.outcomes, OutcomeStatus::ALL.map(OutcomeStatus::as_str)),
        "findings": counts(&figures.findings, "finding"), "findings_total": figures.findings.distinct,
        "actions": counts(&figures.actions, "name"), "actions_total": figures.actions.distinct,
        "errors": counts(&figures.errors, "error_code"), "errors_total": figures.errors.distinct,
    })
}

fn burst_json(burst: &Burst) -> Json {
    json!({
        "peak_per_second": burst.peak_per_second, "peak_at": time(burst.peak_at), "seconds": burst.seconds,
        "ratio": (burst.ratio * 100.0).round() / 100.0,
    })
}
