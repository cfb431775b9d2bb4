//! `/integrity`: what `service::integrity` has verified, what publisher and indexer have covered, and what nobody has looked at.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::blocking::blocking;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::service::entry_reads::newest_checkpoints;
use crate::service::integrity::{Failure, Integrity, Verified};
use crate::service::ledger::Ledger;
use crate::service::verifier::report::{Check as Checked, CheckName, Outcome, Place};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::position::TreeSize;
use crate::tlog::time::Timestamp;
use crate::ui::frame::{IntegrityLine, Section};
use crate::ui::integrity::{Check, CheckLine, CheckState, CheckpointRow, Integrity as IntegrityPage};
use crate::ui::part::{Copyable, Named};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page, zone};
use crate::ui::when::{When, Zone};
use crate::ui::{link, place, words};

/// Checkpoints listed.
const CHECKPOINTS_SHOWN: usize = 20;

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/integrity", "showIntegrity"), handler: || web::to(show_integrity) }]
}

/// What is known of the ledger's integrity, counted.
pub fn line(request: &HttpRequest, ledger: &Ledger) -> IntegrityLine {
    let integrity = request.app_data::<web::Data<Integrity>>();
    if let Some(integrity) = integrity.filter(|integrity| integrity.is_failing()) {
        return IntegrityLine::Failed { first_wrong: integrity.first_wrong() };
    }
    let (mut passed, mut partly, mut not_run) = (0, 0, 0);
    for check in checks(integrity.and_then(|integrity| integrity.last()).as_deref(), ledger, Zone::UTC) {
        match check.line.state {
            CheckState::Passed => passed += 1,
            CheckState::Partly | CheckState::Old => partly += 1,
            CheckState::NotRun | CheckState::Failed => not_run += 1,
        }
    }
    IntegrityLine::Counted { passed, partly, not_run }
}

/// The lines of the overview: what is wrong is named, the rest is counted.
pub fn lines(request: &HttpRequest, ledger: &Ledger) -> Vec<CheckLine> {
    let last = request.app_data::<web::Data<Integrity>>().and_then(|integrity| integrity.last());
    let all = checks(last.as_deref(), ledger, Zone::UTC);
    let count = all.len() as u64;
    let summary = |state, name| {
        let found = all.iter().filter(|check| check.line.state == state).count() as u64;
        let covered = format!("{} of {}", words::number(found), words::counted(count, "check", "checks")).into();
        (found > 0).then_some(CheckLine { name, state, covered })
    };
    let mut lines: Vec<CheckLine> =
        all.iter().filter(|check| check.line.state == CheckState::Failed).map(|check| check.line.clone()).collect();
    lines.extend(summary(CheckState::Passed, "Over everything there is"));
    lines.extend(summary(CheckState::Partly, "Over what there was when they ran, or what could be looked at"));
    lines.extend(summary(CheckState::NotRun, "Nobody has looked, or could"));
    lines
}

async fn show_integrity(request: HttpRequest, ledger: web::Data<Ledger>, integrity: web::Data<Integrity>) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    let zone = zone(&request);
    let reader = ledger.clone();
    let checkpoints =
        blocking(move || Ok(reader.read(|rows| newest_checkpoints(rows, reader.origin(), &reader.vkeys(), CHECKPOINTS_SHOWN))?)).await?;
    let shown = IntegrityPage {
        frame: frame(&request, "Integrity", Some(Section::Integrity)),
        checks: checks(integrity.last().as_deref(), &ledger, zone),
        checkpoints: checkpoints.iter().map(|(checkpoint, recorded_at)| checkpoint_row(checkpoint, *recorded_at, zone)).collect(),
        newest: ledger.published().map(|published| published.note),
        key: keys(&ledger),
        command: place::verify_command(&ledger),
        failures: integrity.failures().iter().map(|failure| told_failure(failure, zone)).collect(),
    };
    Ok(page(StatusCode::OK, &shown))
}

/// Whose ledger it is, the key that signs it, and the keys that did before, the newest first.
fn keys(ledger: &Ledger) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("Origin", Sentence::default().code(ledger.origin().as_str())),
        Fact::new("Verifier key", Copyable::new(ledger.vkey().to_string())),
    ];
    let mut earlier: Vec<Fact> = Vec::new();
    for overlap in ledger.key_history().overlaps() {
        let index = overlap.index.get();
        let rotated = Sentence::new("by ").link(format!("leaf index {}", words::number(index)), link::entry(index));
        earlier.push(Fact::new("Rotated away", rotated));
        earlier.push(Fact::new("Earlier verifier key", Copyable::new(overlap.old.to_string())));
    }
    facts.extend(earlier.into_iter().rev());
    facts
}

/// Every check there is, those that did not run included.
fn checks(last: Option<&Verified>, ledger: &Ledger, zone: Zone) -> Vec<Check> {
    let mut checks: Vec<Check> = match last {
        None => CheckName::ALL.iter().map(|name| not_run(*name, "no run has finished since the server started")).collect(),
        Some(run) => run.checks.iter().map(|checked| check(checked, run, ledger, zone)).collect(),
    };
    checks.push(covered(
        "Newest entries are under a signed checkpoint",
        "What is recorded is signed for within seconds.",
        ledger.published().map_or(TreeSize::ZERO, |p| p.size),
        ledger,
        zone,
    ));
    checks.push(covered("Newest entries can be searched", "The search index follows the ledger.", ledger.indexed(), ledger, zone));
    checks.push(Check {
        line: CheckLine { name: "Seen by an outside witness", state: CheckState::NotRun, covered: "no witness is set up".into() },
        meaning: "Only a witness can show that everybody is given the same ledger.".into(),
        when: None,
        by: "nobody",
    });
    checks
}

fn not_run(name: CheckName, why: &'static str) -> Check {
    Check {
        line: CheckLine { name: title(name), state: CheckState::NotRun, covered: why.into() },
        meaning: meaning(name).into(),
        when: None,
        by: "nobody",
    }
}

/// A check of the verifier. What has been recorded since is not covered by it.
fn check(checked: &Checked, run: &Verified, ledger: &Ledger, zone: Zone) -> Check {
    let has_grown = ledger.size() > run.size;
    let (state, why) = match &checked.outcome {
        Outcome::Passed if has_grown => (CheckState::Partly, None),
        Outcome::Passed => (CheckState::Passed, None),
        Outcome::Partly(why) => (CheckState::Partly, Some(why.clone())),
        Outcome::NotRun(why) => (CheckState::NotRun, Some(why.clone())),
        Outcome::Failed(fault) => (CheckState::Failed, Some(fault.reason.clone())),
    };
    let counted = format!("{} of {}", words::number(checked.covered), words::number(checked.of));
    let coverage = match state {
        CheckState::NotRun => Sentence::new("nothing"),
        _ if has_grown => Sentence::new(format!(
            "{counted}, when there were {} entries; now there are {}",
            words::number(run.size.get()),
            words::number(ledger.size().get())
        )),
        _ => Sentence::new(counted),
    };
    let mut meaning = Sentence::new(meaning(checked.name));
    if let Some(why) = why {
        meaning = meaning.words(" ").name(Named::plain(&capitalised(&why)));
    }
    Check {
        line: CheckLine { name: title(checked.name), state, covered: coverage },
        meaning,
        when: (state != CheckState::NotRun).then(|| When::of(run.at, zone)),
        by: if state == CheckState::NotRun { "nobody" } else { "this server" },
    }
}

fn covered(name: &'static str, meaning: &'static str, covered: TreeSize, ledger: &Ledger, zone: Zone) -> Check {
    let size = ledger.size();
    let state = if covered >= size { CheckState::Passed } else { CheckState::Partly };
    let coverage = format!("{} of {}", words::number(covered.min(size).get()), words::number(size.get()));
    let now = When::of(ledger.clock().now(), zone);
    Check {
        line: CheckLine { name, state, covered: coverage.into() },
        meaning: meaning.into(),
        when: Some(now),
        by: "this server, all the time",
    }
}

fn checkpoint_row(checkpoint: &Checkpoint, recorded_at: Timestamp, zone: Zone) -> CheckpointRow {
    CheckpointRow {
        size: words::number(checkpoint.size.get()),
        root: Copyable::new(checkpoint.root.to_base64()),
        recorded: When::of(recorded_at, zone),
    }
}

fn told_failure(failure: &Failure, zone: Zone) -> Sentence {
    let told = Sentence::new(title(failure.check)).words(": found false ").time(When::of(failure.at, zone));
    let told = match failure.fault.place {
        Place::Entry(index) => told.words(", at ").link(format!("leaf index {}", words::number(index.get())), link::entry(index.get())),
        Place::Among { from, until } => {
            let words = format!(", somewhere from leaf index {} up to tree size {}", words::number(from.get()), words::number(until.get()));
            told.words(words)
        }
        Place::Checkpoint(size) => told.words(format!(", at the checkpoint of size {size}")),
        Place::Ledger => told,
    };
    told.words(": ").code(failure.fault.reason.as_str())
}

fn meaning(name: CheckName) -> String {
    let text = match name {
        // In passing there is no key from outside: that is said, and not made up.
        CheckName::Keys => {
            "the key this server signs with is the one entry 0 names, or one that rotations lead to; a key of your own takes `onus verify`"
        }
        other => other.asks(),
    };
    capitalised(text)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).chain(['.']).collect())
}

const fn title(name: CheckName) -> &'static str {
    match name {
        CheckName::Entries => "Entries are well-formed",
        CheckName::Links => "Every entry names the one before it",
        CheckName::Commitments => "No payload is committed to twice",
        CheckName::Payloads => "Payloads are what was committed to",
        CheckName::Documents => "Documents are what entries name",
        CheckName::Tiles => "The tree is that of the entries",
        CheckName::Checkpoints => "Checkpoints are signed and true",
        CheckName::Head => "The head is the last entry",
        CheckName::Rows => "Nothing lies past the head",
        CheckName::GivenCheckpoints => "Extends checkpoints kept elsewhere",
        CheckName::HighWater => "Extends its high-water mark",
        CheckName::Keys => "The key is the one of entry 0",
        CheckName::File => "The file is whole",
        CheckName::Findings => "Findings are those the rules give",
        CheckName::ChangedAssessments => "Later facts are told",
        CheckName::DerivedTables => "Derived tables are those of the entries",
        CheckName::EventKeys => "Deduplication keys are those of the entries",
        CheckName::SearchIndex => "Search index equals ledger",
    }
}
