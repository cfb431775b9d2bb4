//! The pages of the ledger itself, full: documents, entries, integrity, help, errors, signing in.

use onus::domain::finding::Code;
use onus::tlog::position::LeafIndex;
use onus::ui::document::DocumentPage;
use onus::ui::entry::{EntryPage, Member, MemberValue};
use onus::ui::error::{ErrorPage, FieldProblem};
use onus::ui::frame::{Frame, IntegrityLine, Section};
use onus::ui::help::Help;
use onus::ui::help_findings::HelpFindings;
use onus::ui::integrity::{Check, CheckLine, CheckState, CheckpointRow, Integrity};
use onus::ui::part::{Badge, Copyable, Named, Pages};
use onus::ui::sentence::{Fact, Sentence};
use onus::ui::signin::{SignIn, SignInState};
use onus::ui::untrusted::{Quoted, Untrusted, Verbatim};
use onus::ui::words;

use super::rich::{HASH, HOSTILE};
use super::rich_pages::rows;
use super::{Rendered, agent, at, frame, rendered};

pub(super) fn pages() -> Vec<Rendered> {
    let sign_in = |title: &str, state| SignIn { frame: Frame { reader: None, ..frame(title, None) }, state };
    vec![
        rendered("document", &document()),
        rendered("entry", &entry()),
        rendered("integrity", &integrity()),
        rendered("help", &Help { frame: frame("Help", Some(Section::Help)) }),
        rendered("help-findings", &HelpFindings { frame: frame("Findings – Help", Some(Section::Help)) }),
        rendered("error", &error()),
        rendered("signin", &sign_in("Sign in", SignInState::Ready { token: "t0k3n".to_owned(), return_to: "/".to_owned() })),
        rendered("signin-needed", &sign_in("Sign in to read this ledger", SignInState::Needed)),
        rendered("signin-spent", &sign_in("Problem: this link does not sign you in", SignInState::Spent)),
        rendered("signin-ended", &sign_in("Problem: your session has ended", SignInState::Ended)),
    ]
}

pub(super) fn check_lines() -> Vec<CheckLine> {
    let line = |name, state, covered: &'static str| CheckLine { name, state, covered: covered.into() };
    vec![
        line("Every entry hashes to its link", CheckState::Passed, "48\u{202f}112 of 48\u{202f}112"),
        line("Search index equals ledger", CheckState::Partly, "48\u{202f}090 of 48\u{202f}112"),
        line("Seen by an outside witness", CheckState::NotRun, "0 of 0, no witness is set up"),
        line("Checkpoint signed", CheckState::Failed, "1 of 1"),
        line("Derived tables rebuilt and compared", CheckState::Old, "40\u{202f}000 of 48\u{202f}112"),
    ]
}

fn document() -> DocumentPage {
    DocumentPage {
        frame: frame("inv-4471.pdf – Document", None),
        sha256: Copyable::new(HASH),
        facts: vec![
            Fact::new("Named", Sentence::default().code(HOSTILE)),
            Fact::new("Store", Sentence::default().code("mail-inbox")),
            Fact::new("Size", words::bytes(1500)),
        ],
        content: Some(Quoted {
            text: Untrusted::new(format!("{HOSTILE}\nline two")),
            author: Untrusted::new("Content, as reported by tool-gateway"),
        }),
        is_kept: true,
        agents: vec![(agent("agent:invoice"), "before 3 actions".to_owned())],
        people: vec![(Named::person("user:maria@example.com"), "3 actions".to_owned())],
        action_count: "3 actions".to_owned(),
        actions: rows(3),
        pages: Pages::default(),
    }
}

fn entry() -> EntryPage {
    let member = |pointer: &str, value| Member { pointer: Untrusted::new(pointer), value };
    EntryPage {
        frame: frame("Entry 911", None),
        index: "911".to_owned(),
        entry_type: "action.recorded".to_owned(),
        about: Some(Sentence::new("action ").name(Named::action("act_01J9ZK1", "act_01J9ZK1"))),
        earlier: Some("/entries/910".to_owned()),
        later: Some("/entries/912".to_owned()),
        facts: vec![
            Fact::new("Leaf hash", Copyable::new(HASH)),
            Fact::new("Recorded", at("2026-11-21T20:11:51Z")),
            Fact::new("Link to the entry before", Copyable::new(HASH)),
        ],
        findings: vec![Badge::finding(Code::ScopeExceeded)],
        checks: check_lines(),
        members: vec![
            member("/action/arguments/iban", MemberValue::Shown(Untrusted::new(format!("\"{HOSTILE}\"")))),
            member("/trigger/content", MemberValue::Erased),
            member("/context/0/content", MemberValue::Withheld),
        ],
        bytes: Verbatim { text: Untrusted::new(format!("{{\"findings\":[],\"index\":911,\"prev\":\"{HASH}\"}}")), label: "Entry bytes" },
        proof: Some("/v1/entries/911/proof".to_owned()),
    }
}

fn integrity() -> Integrity {
    let check = |line| Check {
        line,
        meaning: "Recomputed from the stored bytes, one by one.".into(),
        when: Some(at("2026-11-21T20:10:00Z")),
        by: "this server",
    };
    Integrity {
        frame: Frame {
            integrity: IntegrityLine::Failed { first_wrong: LeafIndex::new(4711) },
            ..frame("Integrity", Some(Section::Integrity))
        },
        checks: check_lines().into_iter().map(check).collect(),
        checkpoints: vec![CheckpointRow {
            size: "48\u{202f}112".to_owned(),
            root: Copyable::new(HASH),
            recorded: at("2026-11-21T20:10:00Z"),
        }],
        newest: Some("example.com/onus\n48112\nnyK+…\n\n— example.com/onus AbC…\n".to_owned()),
        key: vec![
            Fact::new("Origin", Sentence::default().code("example.com/onus")),
            Fact::new("Verifier key", Copyable::new(format!("example.com/onus+9f2c1b7e+{HASH}"))),
        ],
        command: Copyable::new("onus verify --data DIR --vkey KEY --checkpoint FILE --deep"),
        failures: vec![
            Sentence::new("Checkpoint signed: FAILED ")
                .time(at("2026-11-21T20:10:00Z"))
                .words(", first wrong ")
                .link("leaf index 4\u{202f}711", "/entries/4711"),
        ],
    }
}

fn error() -> ErrorPage {
    ErrorPage {
        frame: frame("Problem: no such action", None),
        status: 404,
        code: "not_found",
        title: "No such action",
        detail: Untrusted::new(format!("No action goes by the id {HOSTILE}.")),
        fields: vec![FieldProblem { path: Untrusted::new("/q"), message: Untrusted::new("expected an id") }],
        ways_out: vec![Sentence::default().link("Search for it", "/search?q=x")],
    }
}
