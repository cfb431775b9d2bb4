//! All other pages, full.

use onus::domain::delegation::CallerClass;
use onus::domain::finding::Code;
use onus::ui::agent::{AgentPage, VersionRow};
use onus::ui::chart::Chart;
use onus::ui::delegation::{DelegationPage, Hop, Standing};
use onus::ui::delegations::Delegations;
use onus::ui::frame::{Frame, Section};
use onus::ui::overview::{ClassCard, Overview, Period};
use onus::ui::part::{Badge, Copyable, Named, Pages, Tone};
use onus::ui::people::{Party, PartyRow, People};
use onus::ui::person::PersonPage;
use onus::ui::rows::{ActionRow, ActionRows, DelegationRow, DelegationRows};
use onus::ui::search::{Filter, Outcome, ReadAs, Search};
use onus::ui::sentence::{Fact, Sentence};
use onus::ui::tree::Branch;
use onus::ui::untrusted::{Quoted, Untrusted};
use onus::ui::words;

use super::rich::{HASH, HOSTILE};
use super::rich_ledger::check_lines;
use super::{Rendered, agent, at, frame, rendered};

pub(super) fn pages() -> Vec<Rendered> {
    vec![
        rendered("overview", &overview()),
        rendered("search", &found()),
        rendered("search-wrong", &wrong()),
        rendered("delegation", &delegation()),
        rendered("delegations", &delegations()),
        rendered("people", &people()),
        rendered("person", &person()),
        rendered("agent", &agent_page()),
    ]
}

pub(super) fn rows(count: usize) -> ActionRows {
    let row = |place: usize| ActionRow {
        occurred: (!place.is_multiple_of(7)).then(|| at("2026-11-21T20:01:50Z")),
        action: Named::action(&format!("act_{place}"), "payments.create"),
        detail: place.is_multiple_of(2).then(|| Untrusted::new("invoice:4471")),
        human: (place % 5 != 4).then(|| Named::person("user:maria@example.com").without_class()),
        actor: agent("agent:invoice"),
        findings: [Code::ScopeExceeded, Code::UntrustedSource].into_iter().take(place % 3).map(Badge::finding).collect(),
        id: Some(Copyable::new(if place == 1 { HASH.to_owned() } else { format!("act_01J9ZK{place}") })),
    };
    ActionRows { caption: "Actions, newest first", rows: (0..count).map(row).collect() }
}

fn delegation_rows() -> DelegationRows {
    let row = |place: u64| DelegationRow {
        delegation: Named::delegation(&format!("dlg_01J9{place}")),
        badges: if place == 1 {
            vec![Badge::new(Tone::Unknown, "EXPIRED"), Badge::finding(Code::ScopeWidened)]
        } else {
            vec![Badge::new(Tone::Ok, "ACTIVE")]
        },
        delegator: Named::person("user:maria@example.com"),
        agent: agent("agent:orchestrator"),
        ends: Some(at("2026-11-30T22:59:59Z")),
        actions: words::number(place * 1204),
    };
    DelegationRows { caption: "Delegations, newest first", rows: (0..4).map(row).collect() }
}

pub(super) fn both_pages() -> Pages {
    Pages { first: Some("/search?cursor=a".to_owned()), next: Some("/search?cursor=b".to_owned()) }
}

fn overview() -> Overview {
    let card = |class, actions: u64, denied: u64, unit: u64| ClassCard {
        class,
        actions: words::counted(actions, "action", "actions"),
        href: format!("/search?caller_class={}", Named::plain("x").name().raw()),
        chart: Chart::new(class, (0..24).map(|hour: u64| (at(&format!("2026-11-21T{hour:02}:00:00Z")), hour * 7 % 13 * unit))),
        facts: vec![
            Fact::new("Denied", words::percent(denied, actions)),
            Fact::new("With findings", words::number(denied * 2)),
            Fact::new("95th percentile time", "41\u{a0}ms"),
            Fact::new("Burst (peak second ÷ mean)", "61×"),
        ],
    };
    Overview {
        frame: Frame { is_sample: true, ..frame("Overview", Some(Section::Overview)) },
        period: Some(Period {
            words: "Last 24 hours".to_owned(),
            from: at("2026-11-20T20:12:00Z"),
            to: at("2026-11-21T20:12:00Z"),
            href: "/?from=2026-11-20T20%3A12%3A00Z".to_owned(),
            choices: vec![
                ("Last 24 hours".to_owned(), "/?period=24h".to_owned(), true),
                ("Last 14 days".to_owned(), "/?period=14d".to_owned(), false),
            ],
        }),
        needs_a_person: vec![
            Sentence::default().link("3 actions went outside their delegation", "/search?finding=scope_exceeded"),
            Sentence::default()
                .link("1 delegation was used after it ended", "/search?finding=delegation_expired")
                .words(", last by ")
                .name(agent("agent:mailer").without_class()),
        ],
        needs_count: 4,
        classes: vec![
            card(CallerClass::Human, 1204, 5, 7),
            card(CallerClass::Agent, 42_880, 1672, 311),
            card(CallerClass::Service, 4028, 0, 23),
        ],
        findings: ActionRows { rows: rows(10).rows.into_iter().map(|row| ActionRow { id: None, ..row }).collect(), ..rows(0) },
        findings_href: Some(("All that were not authorised", "/search".to_owned())),
        checks: check_lines(),
    }
}

fn search(title: &str, query: &str, outcome: Outcome) -> Search {
    Search {
        frame: Frame { query: query.to_owned(), ..frame(title, Some(Section::Search)) },
        query: query.to_owned(),
        filters: vec![
            Filter { name: "agent_id", label: "Agent", value: "agent:invoice".to_owned(), choices: vec![] },
            Filter { name: "caller_class", label: "Caller class", value: "agent".to_owned(), choices: vec!["human", "agent", "service"] },
        ],
        read_as: vec![
            ReadAs { words: "caller is agent".into(), without: "/search?q=b".to_owned() },
            ReadAs { words: Sentence::new("text contains ").code("northwind"), without: "/search?q=a".to_owned() },
        ],
        outcome,
        at: "48\u{202f}112".to_owned(),
        behind: Some(("48\u{202f}090".to_owned(), "22 newer entries".to_owned())),
    }
}

fn found() -> Search {
    let count = "More than 10\u{202f}000 results".to_owned();
    search(
        "northwind – Search",
        "northwind \"quoted\"",
        Outcome::Found { count, rows: rows(100), pages: both_pages(), pinned: Some("/search?q=a&at=48112".to_owned()) },
    )
}

fn wrong() -> Search {
    let outcome = Outcome::Wrong {
        message: Untrusted::new("There is no field “agnet”."),
        place: Some((Untrusted::new("caller:agent "), Untrusted::new("agnet"), Untrusted::new(":invoice"))),
        suggestion: Some((Untrusted::new("agent:invoice"), "/search?agent_id=invoice".to_owned())),
    };
    search("Problem: this search cannot be read – Search", "caller:agent agnet:invoice", outcome)
}

fn branch(id: &str, depth: usize) -> Branch {
    Branch {
        delegation: Named::delegation(id),
        agent: agent("agent:orchestrator").without_class(),
        note: "limit 500\u{202f}000, narrower".into(),
        actions: "212 actions".to_owned(),
        badges: if depth.is_multiple_of(2) { vec![] } else { vec![Badge::finding_times(Code::ScopeExceeded, 3)] },
        is_here: depth == 1,
        is_open: true,
        branches: if depth < 9 { vec![branch(&format!("{id}A"), depth + 1)] } else { vec![] },
        more: (depth == 2).then(|| ("212 more".to_owned(), "/delegations?parent=x".to_owned())),
    }
}

fn delegation() -> DelegationPage {
    DelegationPage {
        frame: frame("dlg_01JA – Delegation", Some(Section::Delegations)),
        id: Copyable::new("dlg_01JA"),
        delegator: Named::person("user:maria@example.com"),
        agent: agent("agent:orchestrator"),
        standing: Standing {
            tone: Tone::Ok,
            headline: "Active",
            lines: vec![Sentence::new("Ends ").time(at("2026-11-30T22:59:59Z")).words(", in 9 days.")],
        },
        purpose: Some(Quoted {
            text: Untrusted::new(HOSTILE),
            author: Untrusted::new("Purpose, as stated by billing. Nobody has checked it."),
        }),
        terms: vec![
            Fact::new("Scope", Sentence::default().code("payments:create").words(" ").code("payments:read").words(" ").code("invoices:*")),
            Fact::new("Limits", Sentence::default().code("/amount_cents").words(" at most 5\u{202f}000\u{202f}000 a month")),
            Fact::new("Time", Sentence::default().time(at("2026-11-01T09:00:00Z")).words(" to ").time(at("2026-11-30T22:59:59Z"))),
            Fact::new("May pass on", "yes, 2 levels"),
        ],
        evidence: vec![
            Fact::new("Proved by", "the word of billing"),
            Fact::new("Entry", Sentence::default().link("leaf index 12", "/entries/12")),
            Fact::new("Leaf hash", Copyable::new(HASH)),
        ],
        hops: vec![
            Hop {
                who: Sentence::default().name(Named::delegation("dlg_01J9")),
                removed: vec![Sentence::default().code("invoices:read")],
                lowered: vec!["limit 5\u{202f}000\u{202f}000 → 500\u{202f}000".into()],
                widened: vec![],
            },
            Hop {
                who: Sentence::default().name(Named::delegation("dlg_01JB")),
                removed: vec![],
                lowered: vec![],
                widened: vec![Sentence::default().code("mail:send")],
            },
            Hop { who: Sentence::default().name(Named::delegation("dlg_01JC")), removed: vec![], lowered: vec![], widened: vec![] },
        ],
        tree: branch("dlg_01J9", 0),
        actions: rows(5),
        action_count: "224 actions".to_owned(),
        pages: both_pages(),
        search: "/search?delegation_id=dlg_01JA".to_owned(),
    }
}

fn delegations() -> Delegations {
    Delegations {
        frame: frame("Delegations", Some(Section::Delegations)),
        count: "1\u{202f}204 delegations".to_owned(),
        choices: vec![("All", "/delegations".to_owned(), true), ("Active", "/delegations?standing=active".to_owned(), false)],
        rows: delegation_rows(),
        pages: both_pages(),
    }
}

fn people() -> People {
    let row = |who: Named| PartyRow {
        who,
        delegations: "14".to_owned(),
        actions: "4\u{202f}118".to_owned(),
        with_findings: "31".to_owned(),
        latest: Some(at("2026-11-21T20:01:50Z")),
    };
    People {
        frame: frame("People and agents", Some(Section::People)),
        people: Some(Party {
            count: "2 people".to_owned(),
            rows: vec![row(Named::person("user:maria@example.com")), row(Named::person(HOSTILE))],
            pages: both_pages(),
        }),
        agents: Some(Party { count: "1 agent".to_owned(), rows: vec![row(agent("agent:invoice"))], pages: Pages::default() }),
    }
}

fn person() -> PersonPage {
    PersonPage {
        frame: frame("user:maria@example.com – Person", Some(Section::People)),
        name: Untrusted::new("user:maria@example.com"),
        id: Copyable::new("user:maria@example.com"),
        facts: vec![
            Fact::new("Namespace", Sentence::default().code("billing")),
            Fact::new("Known person", "no: this principal is not linked to a person"),
        ],
        by_class: CallerClass::ALL.map(|class| (class, "4\u{202f}118 actions".to_owned(), "/search?x=y".to_owned())).into(),
        acting_now: vec![(agent("agent:orchestrator"), "2 delegations".to_owned()), (agent("agent:invoice"), "1 delegation".to_owned())],
        given: delegation_rows(),
        actions: rows(5),
        pages: both_pages(),
        search: "/search?human_principal_id=user%3Amaria".to_owned(),
    }
}

fn agent_page() -> AgentPage {
    AgentPage {
        frame: frame("agent:invoice – Agent", Some(Section::People)),
        name: Untrusted::new("agent:invoice"),
        id: Copyable::new("agent:invoice"),
        facts: vec![
            Fact::new("Actions", "4\u{202f}118"),
            Fact::new("Denied", "3.9\u{202f}%"),
            Fact::new("Last seen", at("2026-11-21T20:01:50Z")),
        ],
        acted_for: vec![(Named::person("user:maria@example.com"), "4\u{202f}118 actions".to_owned())],
        versions: vec![VersionRow {
            kind: "Model",
            version: Named::to("m-latest", "/search?model_version=m-latest".to_owned()),
            badges: vec![Badge::finding(Code::ModelVersionUnfrozen)],
            actions: "212".to_owned(),
        }],
        held: delegation_rows(),
        actions: rows(5),
        pages: both_pages(),
        search: "/search?agent_id=agent%3Ainvoice".to_owned(),
    }
}
