//! Holds the map in `src/lib.rs` against the code: which floor may use which, which crate may be named where, and the absences the
//! design promises. The picture a newcomer reads cannot go stale.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its claim fails")]

mod map;
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use crate::map::Map;
use crate::source::{Named, Source, all_sources};

/// Most lines of a file: what a reader in a hurry takes in.
const MAX_LINES: usize = 400;
/// Files that are longer all the same. Each is a debt, named with what would become of it.
const LONGER: [(&str, usize); 0] = [];
/// Where the one write connection is opened, each under the writer's lock.
const OPEN_THE_WRITER: [&str; 3] = ["service/ledger.rs", "service/genesis.rs", "service/reindex.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn map() -> Map {
    Map::read(&std::fs::read_to_string(root().join("src/lib.rs")).unwrap())
}

/// Fails with everything that was found, one a line.
#[expect(clippy::needless_pass_by_value, reason = "a list made for this claim alone; a borrow at each call says nothing more")]
#[track_caller]
fn none(claim: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{claim}:\n  {}", found.join("\n  "));
}

fn found(check: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    all_sources(&root().join("src")).iter().flat_map(check).collect()
}

#[test]
fn the_map_points_down_and_holds_every_module() {
    let map = map();
    none("rows of the map that point up, or at nothing", map.rows_that_point_up());
    let on_disk: BTreeSet<String> = all_sources(&root().join("src")).into_iter().filter_map(|s| s.floor().map(str::to_owned)).collect();
    let listed: BTreeSet<String> = map.modules().map(str::to_owned).collect();
    assert_eq!(on_disk, listed, "modules in src/, and in the map of src/lib.rs");
}

#[test]
fn imports_go_down_only() {
    let map = map();
    none(
        "imports that the map of src/lib.rs does not allow",
        found(|source| {
            let wrong = |named: &Named| match source.floor() {
                None => None,
                Some(floor) => match named {
                    Named::Module(module) => (!map.may_use(floor, module)).then(|| format!("{floor} may not use {module}")),
                    Named::WholeCrate => Some("the whole crate is imported: name the floor".to_owned()),
                    Named::Other(name) => (!map.may_name(floor, name)).then(|| format!("{floor} may not name the crate {name}")),
                },
            };
            source.paths().iter().filter_map(|path| Some(format!("{}: {}", source.at(path.line), wrong(&path.named)?))).collect()
        }),
    );
}

#[test]
fn nothing_is_exported_again_across_floors() {
    none(
        "re-exports of another floor's names",
        found(|source| {
            let is_foreign = |named: &Named| matches!(named, Named::Module(module) if source.floor() != Some(module.as_str()));
            source.paths().iter().filter(|p| p.is_exported && is_foreign(&p.named)).map(|p| source.at(p.line)).collect()
        }),
    );
}

#[test]
fn every_file_says_first_what_it_is_for() {
    none(
        "files that do not begin with //!",
        found(|source| if source.text.starts_with("//! ") { Vec::new() } else { vec![source.name.clone()] }),
    );
}

#[test]
fn files_can_be_read_at_once() {
    none(
        "files that are too long",
        found(|source| {
            let lines = source.text.lines().count();
            let most = LONGER.iter().find(|(name, _)| *name == source.name).map_or(MAX_LINES, |(_, most)| *most);
            if lines <= most { Vec::new() } else { vec![format!("{}: {lines} lines, at most {most}", source.name)] }
        }),
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks = ["TO", "FIX", "XX"].map(|half| {
        format!(
            "{half}{}",
            if half == "TO" {
                "DO"
            } else if half == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    none(
        "marks of unfinished work",
        found(|source| {
            let lines = (1..).zip(source.text.lines()).filter(|(_, line)| marks.iter().any(|mark| line.contains(mark.as_str())));
            lines.map(|(line, _)| source.at(line)).collect()
        }),
    );
    none("unwrap() outside tests", found(|source| source.calls("unwrap").into_iter().map(|line| source.at(line)).collect()));
}

#[test]
fn no_entry_is_ever_changed_or_deleted() {
    let mut statements = found(|source| source.texts().into_iter().map(|(line, text)| format!("{}: {text}", source.at(line))).collect());
    for migration in std::fs::read_dir(root().join("migrations/ledger")).unwrap() {
        let text = std::fs::read_to_string(migration.unwrap().path()).unwrap();
        statements.extend(text.split(';').map(str::to_owned));
    }
    let words = |statement: &str| statement.to_ascii_lowercase().split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let forbidden =
        ["update entries", "update or replace entries", "delete from entries", "replace into entries", "drop trigger", "truncate entries"];
    statements.retain(|statement| forbidden.iter().any(|f| words(statement).contains(f)));
    none("statements that would change or delete an entry", statements);
}

#[test]
fn sql_stands_in_the_store_alone() {
    let begins = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE TABLE", "PRAGMA "];
    none(
        "SQL outside of store",
        found(|source| {
            let texts = if source.floor() == Some("store") { Vec::new() } else { source.texts() };
            texts
                .into_iter()
                .filter(|(_, text)| begins.iter().any(|b| text.trim_start_matches('"').starts_with(b)))
                .map(|(line, _)| source.at(line))
                .collect()
        }),
    );
}

#[test]
fn signatures_are_made_by_the_publisher_and_the_exporter_alone() {
    none(
        "signatures made elsewhere than in service::publisher (log key) and service::exporter (export key)",
        found(|source| {
            let may_sign =
                source.floor() == Some("tlog") || ["service/publisher.rs", "service/exporter.rs"].contains(&source.name.as_str());
            if may_sign { Vec::new() } else { source.calls("sign").into_iter().map(|line| source.at(line)).collect() }
        }),
    );
}

#[test]
fn there_is_one_writer() {
    none(
        "places that open the ledger for writing",
        found(|source| {
            if source.floor() == Some("store") || OPEN_THE_WRITER.contains(&source.name.as_str()) {
                return Vec::new();
            }
            source.paths_ending(&["LedgerWriter", "open"]).into_iter().map(|line| source.at(line)).collect()
        }),
    );
}

/// In a test build a crate that only tests use turns this feature on; the program that is shipped has what the manifest says.
#[test]
fn the_shipped_program_reads_numbers_as_the_tested_one_does() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap();
    let line = dependencies.lines().find(|line| line.starts_with("serde_json ")).unwrap();
    assert!(line.contains("\"float_roundtrip\""), "without it 17 digits may be read as the neighbouring double: {line}");
}

#[test]
fn each_rule_can_be_broken() {
    let map = map();
    let floors_named = |text: &str| -> Vec<String> {
        let source = Source::of("store/example.rs", text);
        source.paths().iter().map(|p| format!("{:?}{}", p.named, if p.is_exported { " again" } else { "" })).collect()
    };
    for (text, expected) in [
        ("use crate::{tlog::hash, service::{ledger::Ledger as L}};", vec!["Module(\"tlog\")", "Module(\"service\")"]),
        ("fn f() { let x = vec![crate::http::server::serve()]; }", vec!["Module(\"http\")"]),
        ("macro_rules! m { () => { $crate::api::routes() } }", vec!["Module(\"api\")"]),
        ("mod inner { use super::super::super::ui; mod deeper { use super::super::rows; } }", vec!["Module(\"ui\")", "Module(\"store\")"]),
        ("pub(crate) use crate::domain::ids::*;", vec!["Module(\"domain\") again"]),
        (
            "use tantivy; use ::sha2::Digest; fn f() -> actix_web::Error { g::<rusqlite::Row>() }",
            vec!["Other(\"tantivy\")", "Other(\"sha2\")", "Other(\"actix_web\")", "Other(\"g\")", "Other(\"rusqlite\")"],
        ),
        ("use crate as root; use super::super as also;", vec!["WholeCrate", "WholeCrate"]),
        ("// crate::http\n/// [`crate::ui`]\nfn f() { \"crate::api::x\"; }", vec![]),
    ] {
        assert_eq!(floors_named(text), expected, "{text}");
    }
    assert!(!map.may_use("store", "service") && map.may_use("service", "store") && !map.may_use("api", "ui"));
    assert!(!map.may_name("store", "tantivy") && map.may_name("store", "rusqlite") && map.may_name("store", "serde"));
    let upward = Map::read("//! | `a` | `b` | |\n//! | `b` | | `x` |\n");
    assert_eq!(upward.rows_that_point_up(), ["a → b"]);
    let source = Source::of("api/x.rs", "fn f() { a.unwrap(); k.sign(b); } #[cfg(test)] pub(super) mod tests { fn g() { a.unwrap(); } }");
    assert_eq!((source.calls("unwrap").len(), source.calls("sign").len()), (1, 1), "tests may unwrap");
}
