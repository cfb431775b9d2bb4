//! Every page of a ledger in which nothing has happened yet.

use onus::domain::delegation::CallerClass;
use onus::domain::finding::Verdict;
use onus::tlog::position::TreeSize;
use onus::ui::action::{ActionPage, Attribution, Documents, Proof, VerdictBox};
use onus::ui::agent::AgentPage;
use onus::ui::delegation::{DelegationPage, Standing};
use onus::ui::delegations::Delegations;
use onus::ui::document::DocumentPage;
use onus::ui::entry::EntryPage;
use onus::ui::error::ErrorPage;
use onus::ui::frame::Frame;
use onus::ui::integrity::Integrity;
use onus::ui::overview::Overview;
use onus::ui::part::{Badge, Copyable, Named, Pages, Tone};
use onus::ui::people::{Party, People};
use onus::ui::person::PersonPage;
use onus::ui::rows::{ActionRows, DelegationRows};
use onus::ui::search::{Outcome, Search};
use onus::ui::sentence::Sentence;
use onus::ui::tree::Branch;
use onus::ui::untrusted::{Untrusted, Verbatim};
use onus::ui::walk::WalkList;

use super::{Rendered, rendered};

fn frame(title: &str) -> Frame {
    Frame { tree_size: TreeSize::ZERO, checkpoint: None, json_url: None, reader: None, ..super::frame(title, None) }
}

fn verbatim() -> Verbatim {
    Verbatim { text: Untrusted::new(""), label: "Entry bytes" }
}

pub(super) fn pages() -> Vec<Rendered> {
    let mut pages = lists();
    pages.extend(things());
    pages.extend(other_things());
    pages
}

fn lists() -> Vec<Rendered> {
    let search = |outcome| Search {
        frame: frame("Search"),
        query: String::new(),
        filters: vec![],
        read_as: vec![],
        outcome,
        at: "0".to_owned(),
        behind: None,
    };
    vec![
        rendered(
            "empty-overview",
            &Overview {
                frame: frame("Overview"),
                period: None,
                needs_a_person: vec![],
                needs_count: 0,
                classes: vec![],
                findings: ActionRows::default(),
                findings_href: None,
                checks: vec![],
            },
        ),
        rendered("empty-search", &search(Outcome::Start)),
        rendered(
            "empty-search-nothing",
            &search(Outcome::Nothing { alone: vec![Sentence::default().code("caller:agent").words(" alone finds 42\u{202f}880")] }),
        ),
        rendered(
            "empty-delegations",
            &Delegations {
                frame: frame("Delegations"),
                count: String::new(),
                choices: vec![],
                rows: DelegationRows::default(),
                pages: Pages::default(),
            },
        ),
        rendered(
            "empty-people",
            &People { frame: frame("People and agents"), people: Some(Party::default()), agents: Some(Party::default()) },
        ),
        rendered(
            "empty-integrity",
            &Integrity {
                frame: frame("Integrity"),
                checks: vec![],
                checkpoints: vec![],
                newest: None,
                key: vec![],
                command: Copyable::new("onus verify"),
                failures: vec![],
            },
        ),
        rendered(
            "empty-error",
            &ErrorPage {
                frame: frame("Problem: out of order"),
                status: 503,
                code: "ledger_unavailable",
                title: "Out of order",
                detail: Untrusted::new("Try again."),
                fields: vec![],
                ways_out: vec![],
            },
        ),
    ]
}

fn things() -> Vec<Rendered> {
    let agent = || Named::of(CallerClass::Agent, "a");
    let tree = Branch {
        delegation: Named::delegation("d"),
        agent: agent(),
        note: "active".into(),
        actions: "0 actions".to_owned(),
        badges: vec![],
        is_here: true,
        is_open: false,
        branches: vec![],
        more: None,
    };
    vec![
        rendered(
            "empty-action",
            &ActionPage {
                frame: frame("a – Action"),
                back: None,
                name: Untrusted::new("a"),
                actor: agent(),
                id: Copyable::new("a"),
                occurred: None,
                permalink: "/actions/a".to_owned(),
                verdict: VerdictBox { verdict: Verdict::Undetermined, reasons: vec![], on_the_word_of: None },
                statement: Sentence::default(),
                reassessment: None,
                walk: WalkList::default(),
                missing: vec![],
                documents: Documents::NotStated,
                attribution: Attribution { tone: Tone::Unknown, headline: "Cannot be known", because: vec![], arguments: vec![] },
                entry: vec![],
                proof: Proof {
                    state: Badge::new(Tone::Unknown, "NOT YET UNDER A CHECKPOINT"),
                    words: Sentence::default(),
                    facts: vec![],
                    download: None,
                    command: Copyable::new("onus verify"),
                },
                reports: vec![],
                entry_bytes: verbatim(),
                event: None,
            },
        ),
        rendered(
            "empty-delegation",
            &DelegationPage {
                frame: frame("d – Delegation"),
                id: Copyable::new("d"),
                delegator: Named::service("s"),
                agent: agent(),
                standing: Standing { tone: Tone::Bad, headline: "Revoked", lines: vec![] },
                purpose: None,
                terms: vec![],
                evidence: vec![],
                hops: vec![],
                tree,
                actions: ActionRows::default(),
                action_count: String::new(),
                pages: Pages::default(),
                search: "/search".to_owned(),
            },
        ),
    ]
}

fn other_things() -> Vec<Rendered> {
    vec![
        rendered(
            "empty-person",
            &PersonPage {
                frame: frame("p – Person"),
                name: Untrusted::new("p"),
                id: Copyable::new("p"),
                facts: vec![],
                by_class: vec![],
                acting_now: vec![],
                given: DelegationRows::default(),
                actions: ActionRows::default(),
                pages: Pages::default(),
                search: "/search".to_owned(),
            },
        ),
        rendered(
            "empty-agent",
            &AgentPage {
                frame: frame("a – Agent"),
                name: Untrusted::new("a"),
                id: Copyable::new("a"),
                facts: vec![],
                acted_for: vec![],
                versions: vec![],
                held: DelegationRows::default(),
                actions: ActionRows::default(),
                pages: Pages::default(),
                search: "/search".to_owned(),
            },
        ),
        rendered(
            "empty-document",
            &DocumentPage {
                is_kept: false,
                frame: frame("d – Document"),
                sha256: Copyable::new("d"),
                facts: vec![],
                content: None,
                agents: vec![],
                people: vec![],
                action_count: "0 actions".to_owned(),
                actions: ActionRows::default(),
                pages: Pages::default(),
            },
        ),
        rendered(
            "empty-entry",
            &EntryPage {
                frame: frame("Entry 0"),
                index: "0".to_owned(),
                entry_type: "ledger.created".to_owned(),
                about: None,
                earlier: None,
                later: None,
                facts: vec![],
                findings: vec![],
                checks: vec![],
                members: vec![],
                bytes: verbatim(),
                proof: None,
            },
        ),
    ]
}
