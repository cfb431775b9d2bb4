//! `docs/TAMPER.md`: the table as an auditor reads it, made from what was found. The test fails when the document says something
//! else, and writes it when told to.

use std::fmt::Write as _;
use std::path::Path;

use onus::service::verifier::report::{Check, CheckName, Outcome, Report, Verdict};
use onus::tlog::position::LeafIndex;

use super::found::{Found, Kept, all};
use super::{GROUPS, Group};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/TAMPER.md");
/// Set to anything, the document is written.
const WRITE: &str = "ONUS_WRITE_DOCS";

const INTRODUCTION: &str = "# What tampering looks like

*This file is made by a test from what the program printed: do not edit it. `ONUS_WRITE_DOCS=1 cargo test --test it tamper::published` writes it again.*

Somebody can write the files of a ledger, and edits the past. Below stands, for each way of doing so, what `onus verify --data DIR --vkey VKEY --deep` then prints: the sentences of the checks that fail, word for word; the first entry that it names; and what is left of the verdict without `--deep`, where derived tables, findings, deduplication keys and the search index are not looked at and therefore never called right. The edits are made in copies of ledgers of 138, 296 and 638 entries, each with three signed checkpoints, by somebody who knows the format; `--vkey` and the high-water mark are those that were kept outside.

How to read it: **FAILED** (exit code 1): something is false. **PARTLY** (exit code 2): nothing was found false, but not everything could be looked at. **PASSED** (exit code 0): everything was looked at, and nothing is false. *VKEY*, *KEY*, *HASH* and *FILE* stand for keys, hashes and file names, which differ from ledger to ledger; *DIR* for the folder. Where nothing in the folder shows an edit, the row says which checkpoint, kept by somebody else before the edit, does. A second implementation, `tools/onus_verify.py`, written from the format's description alone, gives the same verdict, the same first entry and the same outcome of each check without `--deep` on every row here.
";

/// The whole document.
fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for group in &GROUPS {
        write_group(&mut text, group, all().iter().filter(|found| found.group == group.title));
    }
    text
}

fn write_group<'f>(text: &mut String, group: &Group, rows: impl Iterator<Item = &'f Found>) {
    write!(text, "\n## {}\n\n{}\n\n", group.title, group.about).unwrap();
    text.push_str("| what is done | what `onus verify --deep` says | entry | without `--deep` |\n|---|---|---|---|\n");
    for found in rows {
        let entry = entry(&found.deep).or_else(|| seeing(found).and_then(|kept| kept.entry));
        let entry = entry.map_or_else(|| "–".to_owned(), |index| index.to_string());
        writeln!(text, "| {} | {} | {entry} | {} |", name(found.name), sentences(found), without_deep(&found.plain)).unwrap();
    }
}

/// A column's name is set as code.
fn name(name: &str) -> String {
    match name.split_once(':') {
        Some((column, what)) if column.contains('.') && !column.contains(['`', ' ']) => format!("`{column}`:{what}"),
        _ => name.to_owned(),
    }
}

fn entry(report: &Report) -> Option<u64> {
    report.first_wrong().map(LeafIndex::get)
}

/// The smallest checkpoint that shows what nothing else does.
fn seeing(found: &Found) -> Option<&Kept> {
    found.kept.iter().find(|kept| kept.verdict == Verdict::Failed)
}

fn sentences(found: &Found) -> String {
    let verdict = found.deep.verdict();
    let mut parts = vec![format!("**{}**", verdict.as_str().to_uppercase())];
    if verdict == Verdict::Failed {
        parts.extend(found.deep.checks.iter().filter(|check| check.fault().is_some()).filter_map(|check| said(check.name, &found.printed)));
        let is_open = |check: &&Check| matches!(check.outcome, Outcome::Partly(_) | Outcome::NotRun(_)) && !check.is_optional;
        let open: Vec<String> = found.deep.checks.iter().filter(is_open).map(|check| format!("`{}`", check.name.as_str())).collect();
        if !open.is_empty() {
            parts.push(format!("*not wholly looked at any more: {}*", open.join(", ")));
        }
    } else {
        parts.extend(found.deep.checks.iter().filter_map(|check| said(check.name, &found.printed)));
    }
    if !found.is_evidence {
        parts.extend(found.deep.limits.iter().find(|limit| limit.starts_with("Not looked at")).cloned());
    }
    if !found.kept.is_empty() {
        let sizes = |is_seen: bool| -> Vec<String> {
            found.kept.iter().filter(|kept| (kept.verdict == Verdict::Failed) == is_seen).map(|kept| kept.size.to_string()).collect()
        };
        let (seen, blind) = (sizes(true), sizes(false));
        let not = if blind.is_empty() { String::new() } else { format!(" (not by one of size {})", blind.join(" or ")) };
        parts.push(format!("Nothing in the folder shows it. A kept checkpoint of size {} does{not}:", seen.join(" or ")));
        parts.extend(seeing(found).and_then(|kept| said(CheckName::GivenCheckpoints, &kept.printed)));
    }
    parts.join("<br>")
}

/// What stands below a check, as printed: its sentence, or else its notes.
fn said(check: CheckName, printed: &str) -> Option<String> {
    let is_of = |line: &&str| line.get(9..).is_some_and(|rest| rest.split(' ').next() == Some(check.as_str()));
    let mut lines = printed.lines().skip_while(|line| !is_of(line));
    let word = lines.next()?.get(..9)?.trim_end();
    let mut below = lines.take_while(|line| line.starts_with("         ")).map(str::trim);
    let (mark, sentence) = match word {
        "FAILED" => (String::new(), below.next()?.to_owned()),
        "PARTLY" => ("PARTLY ".to_owned(), below.next()?.to_owned()),
        "NOT RUN" if check != CheckName::GivenCheckpoints => ("NOT RUN ".to_owned(), below.next()?.to_owned()),
        "PASSED" if check == CheckName::File => ("PASSED ".to_owned(), below.collect::<Vec<_>>().join("; ")),
        _ => return None,
    };
    (!sentence.is_empty()).then(|| format!("{mark}`{}`: {}", check.as_str(), sentence.replace('|', "\\|")))
}

fn without_deep(report: &Report) -> String {
    let failed: Vec<String> =
        report.checks.iter().filter(|check| check.fault().is_some()).map(|check| format!("`{}`", check.name.as_str())).collect();
    let verdict = report.verdict().as_str().to_uppercase();
    let at = entry(report).map_or_else(String::new, |index| format!(", entry {index}"));
    if failed.is_empty() { verdict } else { format!("{verdict}: {}{at}", failed.join(", ")) }
}

#[test]
fn the_published_table_says_what_was_found() {
    let made = document();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, made).unwrap();
        return;
    }
    let published = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    let differs = published.lines().zip(made.lines()).find(|(published, made)| published != made);
    assert!(published == made, "docs/TAMPER.md is not what was found; {WRITE}=1 writes it again. First difference: {differs:#?}");
}
