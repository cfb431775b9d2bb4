//! `/`: the figures of a period, class by class, and what in it needs a person.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code as Finding, Level, Verdict};
use crate::http::authentication::Authenticated;
use crate::http::criteria::criteria_of;
use crate::http::listing::Listing;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::criteria::{Criteria, Criterion, EntryKind};
use crate::service::figures::{ClassFigures, bars, figures};
use crate::service::finder::{FindError, Finder, Found};
use crate::service::ledger::Ledger;
use crate::tlog::time::Timestamp;
use crate::ui::address::with;
use crate::ui::chart::Chart;
use crate::ui::frame::Section;
use crate::ui::hits::action_rows;
use crate::ui::integrity_handler;
use crate::ui::overview::{ClassCard, Overview, Period};
use crate::ui::part::Badge;
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::when::{When, Zone};
use crate::ui::words;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What may be chosen: the word of the address, words, length, bars of the charts.
const PERIODS: [(&str, &str, i64, usize); 4] = [
    ("24h", "24 hours", DAY_MS, 24),
    ("7d", "7 days", 7 * DAY_MS, 28),
    ("14d", "14 days", 14 * DAY_MS, 28),
    ("30d", "30 days", 30 * DAY_MS, 30),
];
/// Actions with findings that are shown.
const LATEST: usize = 10;

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/", "showOverview"), handler: || web::to(show_overview) }]
}

/// What is asked for: one of [`PERIODS`], or from then to then.
#[derive(Clone, Copy)]
enum Asked {
    Period(usize),
    Between(Timestamp, Timestamp),
}

/// A period with its figures.
struct Shown {
    asked: Asked,
    from: Timestamp,
    to: Timestamp,
    is_up_to_now: bool,
    is_time_synthetic: bool,
    classes: Vec<(ClassFigures, Vec<(Timestamp, u64)>)>,
    latest: Found,
}

async fn show_overview(request: HttpRequest, caller: Authenticated, ledger: web::Data<Ledger>) -> Result<HttpResponse, Problem> {
    let listing = Listing::new(&request, &["period", "from", "to", "at"], "showOverview", "")?;
    let asked = asked(listing.query())?;
    let work = move |finder: &Finder<'_>| Ok(read(finder, asked)?);
    let (shown, _) = listing.find(ledger.clone(), &caller, work).await?;
    let zone = zone(&request);
    let mut frame = frame(&request, "Overview", Some(Section::Overview));
    frame.json_url = shown.as_ref().map(|shown| shown.between("/overview.json"));
    let checks = integrity_handler::lines(&request, &ledger);
    let overview = match shown {
        Some(shown) => Overview {
            frame,
            period: Some(shown.period(zone)),
            needs_a_person: shown.needs_a_person(),
            needs_count: shown.needs_count(),
            classes: shown.classes.iter().map(|(figures, bars)| shown.card(figures, bars, zone)).collect(),
            findings: action_rows("Latest actions with findings", &shown.latest.hits, false, zone),
            findings_href: shown.worst(),
            checks,
        },
        None => Overview {
            frame,
            period: None,
            needs_a_person: Vec::new(),
            needs_count: 0,
            classes: Vec::new(),
            findings: action_rows("", [], false, zone),
            findings_href: None,
            checks,
        },
    };
    Ok(page(StatusCode::OK, &overview))
}

fn asked(query: &Query) -> Result<Asked, Problem> {
    let words: [(&'static str, usize); 4] = std::array::from_fn(|place| (PERIODS[place].0, place));
    let period = query.word("period", &words)?;
    let Criteria { from, to, .. } = criteria_of(query, Criteria::default())?;
    Ok(match (from, to) {
        (Some(from), Some(to)) => Asked::Between(from, to),
        _ => Asked::Period(period.unwrap_or(0)),
    })
}

/// `None` while nothing was done at all. A period ends now, or with the newest action if that is long ago.
fn read(finder: &Finder<'_>, asked: Asked) -> Result<Option<Shown>, FindError> {
    let actions = Criteria::of(EntryKind::Action);
    let newest = finder.find(&actions, None, 1)?;
    let Some(newest) = newest.hits.first() else { return Ok(None) };
    let is_up_to_now = finder.now().ms_since(newest.occurred_at) < DAY_MS;
    let (from, to, count) = match asked {
        Asked::Between(from, to) => (from, to, PERIODS[0].3),
        Asked::Period(place) => {
            let (_, _, length_ms, count) = PERIODS[place];
            let end = if is_up_to_now { finder.now() } else { newest.occurred_at };
            // Just past it, so that what happened at that instant counts.
            let to = end.plus_ms(1).unwrap_or(end);
            (to.plus_ms(-length_ms).unwrap_or(to), to, count)
        }
    };
    let class = |class| Ok((figures(finder, class, Some(from), Some(to))?, bars(finder, class, from, to, count)?));
    let classes = CallerClass::ALL.into_iter().map(class).collect::<Result<Vec<_>, FindError>>()?;
    let found = Criteria { from: Some(from), to: Some(to), ..actions.and(Criterion::AnyFinding) };
    let is_time_synthetic = newest.entry.is_time_synthetic();
    Ok(Some(Shown { asked, from, to, is_up_to_now, is_time_synthetic, classes, latest: finder.find(&found, None, LATEST)? }))
}

impl Shown {
    fn between(&self, path: &str) -> String {
        with(&with(path, "from", &self.from.to_string()), "to", &self.to.to_string())
    }

    fn search(&self, filter: &str, value: &str) -> String {
        with(&self.between("/search"), filter, value)
    }

    fn period(&self, zone: Zone) -> Period {
        let chosen = match self.asked {
            Asked::Period(place) => Some(place),
            Asked::Between(..) => None,
        };
        let words = match (chosen, self.is_up_to_now) {
            (None, _) => "A period of your choice".to_owned(),
            (Some(place), true) => format!("Last {}", PERIODS[place].1),
            (Some(place), false) if self.is_time_synthetic => {
                format!("{} up to the newest action, by times that an importer made up", PERIODS[place].1)
            }
            (Some(place), false) => format!("{} up to the newest action", PERIODS[place].1),
        };
        let choice = |(place, (word, words, ..)): (usize, (&str, &str, i64, usize))| {
            ((*words).to_owned(), with("/", "period", word), chosen == Some(place))
        };
        Period {
            words,
            from: When::of(self.from, zone),
            to: When::of(self.to, zone),
            href: self.between("/"),
            choices: PERIODS.into_iter().enumerate().map(choice).collect(),
        }
    }

    /// How often each finding occurred: they are counted over classes, as a person has to look at each of them.
    fn findings(&self) -> Vec<(Finding, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (figures, _) in &self.classes {
            for (code, count) in &figures.findings.values {
                *counts.entry(code).or_default() += count;
            }
        }
        let mut found: Vec<(Finding, u64)> = counts.into_iter().filter_map(|(code, count)| Some((Finding::parse(code)?, count))).collect();
        found.sort_by_key(|(code, count)| (std::cmp::Reverse(code.level()), std::cmp::Reverse(*count), *code));
        found
    }

    fn needs_a_person(&self) -> Vec<Sentence> {
        let needing = self.findings().into_iter().filter(|(code, _)| matches!(code.level(), Level::Bad | Level::Unknown));
        let line = |(code, count): (Finding, u64)| {
            let href = self.search("finding", code.as_str());
            Sentence::default().link(words::reports(count), href).words(" ").badge(Badge::finding(code))
        };
        needing.map(line).collect()
    }

    fn count_of(&self, verdict: Verdict) -> u64 {
        self.classes.iter().filter_map(|(figures, _)| figures.verdicts.get(verdict.as_str())).sum()
    }

    fn needs_count(&self) -> u64 {
        self.count_of(Verdict::NotAuthorised) + self.count_of(Verdict::Undetermined)
    }

    fn worst(&self) -> Option<(&'static str, String)> {
        let all = [
            (Verdict::NotAuthorised, "All that were not authorised"),
            (Verdict::Undetermined, "All that cannot be determined"),
            (Verdict::AuthorisedWithWarnings, "All with warnings"),
        ];
        let (verdict, words) = all.into_iter().find(|(verdict, _)| self.count_of(*verdict) > 0)?;
        Some((words, self.search("verdict", verdict.as_str())))
    }

    fn card(&self, figures: &ClassFigures, bars: &[(Timestamp, u64)], zone: Zone) -> ClassCard {
        let clean = figures.verdicts.get(Verdict::Authorised.as_str()).copied().unwrap_or(0);
        let mut facts = vec![
            Fact::new("Denied", words::percent(figures.denied_count, figures.action_count)),
            Fact::new("With findings", words::number(figures.action_count.saturating_sub(clean))),
        ];
        if let (Some(half), Some(most)) = (figures.durations.p50_ms, figures.durations.p95_ms) {
            let value = format!("{} / {}", words::duration(half), words::duration(most));
            facts.push(Fact::new("Time, half / 95\u{202f}% within", value));
        }
        if let Some(burst) = figures.burst {
            let ratio = format!("{:.1}", burst.ratio);
            // Past a hundred, tenths say nothing.
            let whole = ratio.split_once('.').and_then(|(whole, _)| whole.parse().ok()).filter(|whole: &u64| *whole >= 100);
            facts.push(Fact::new("Burst (peak second ÷ mean)", format!("{}×", whole.map_or(ratio, words::number))));
        }
        if let Some((code, count)) = figures.errors.values.first() {
            facts.push(Fact::new("Top error", Sentence::default().code(code.as_str()).words(format!(" {}", words::number(*count)))));
        }
        ClassCard {
            class: figures.class,
            actions: words::reports(figures.action_count),
            href: self.search("caller_class", figures.class.as_str()),
            chart: Chart::new(figures.class, bars.iter().map(|(from, count)| (When::of(*from, zone), *count))),
            facts,
        }
    }
}
