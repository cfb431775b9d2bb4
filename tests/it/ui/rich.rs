//! The action page with everything on it, hostile words included, and the list of all full pages.

use onus::domain::delegation::CallerClass;
use onus::domain::finding::{Code, Level, Verdict};
use onus::ui::action::{ActionPage, ArgumentRow, Attribution, DocumentRow, Documents, Proof, Reason, Reassessment, ReportRow, VerdictBox};
use onus::ui::frame::Section;
use onus::ui::part::{Badge, Copyable, Named, Tone};
use onus::ui::sentence::{Fact, Sentence};
use onus::ui::untrusted::{Quoted, Untrusted, Verbatim};
use onus::ui::walk::{DiffRow, Step, StepKind, WalkList, Within};

use super::{Rendered, agent, at, frame, rendered, rich_ledger, rich_pages};

pub(super) const HASH: &str = "9f2c1b7e4d5a60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef";
pub(super) const HOSTILE: &str = "<script>alert(1)</script> \u{202e}gpj.eciovni \u{e0041} p\u{430}ypal <b>Approve</b>";

pub(super) fn pages() -> Vec<Rendered> {
    let mut pages = vec![rendered("action", &action())];
    pages.extend(rich_pages::pages());
    pages.extend(rich_ledger::pages());
    pages
}

fn action() -> ActionPage {
    ActionPage {
        frame: frame("payments.create act_01J9ZK1 – Action", Some(Section::Search)),
        back: Some("/search?q=invoice".to_owned()),
        name: Untrusted::new("payments.create"),
        actor: agent("agent:invoice"),
        id: Copyable::new("act_01J9ZK1"),
        occurred: Some(at("2026-11-21T20:11:50Z")),
        permalink: "/actions/act_01J9ZK1".to_owned(),
        verdict: verdict(),
        statement: statement(),
        reassessment: Some(Reassessment {
            first: vec![Badge::finding(Code::DelegationUnknown)],
            present: vec![Badge::finding(Code::ScopeExceeded), Badge::finding(Code::UntrustedSource)],
            cause: Sentence::new("Delegation ")
                .name(Named::delegation("dlg_01JA"))
                .words(" arrived later, ")
                .time(at("2026-11-21T20:20:00Z"))
                .words(", at ")
                .link("leaf index 950", "/entries/950")
                .words("."),
        }),
        walk: WalkList { steps: steps() },
        missing: vec![Sentence::new("Delegation ").code("dlg_00").words(" is named as a parent and is not in the ledger.")],
        documents: Documents::Read(documents(), 12),
        attribution: attribution(),
        entry: entry_facts(),
        proof: Proof {
            state: Badge::new(Tone::Unknown, "NOT CHECKED HERE"),
            words: Sentence::new("This server recomputed the leaf hash and the inclusion proof under the checkpoint of ")
                .time(at("2026-11-21T20:10:00Z"))
                .words("."),
            facts: vec![
                Fact::new("Leaf hash", Copyable::new(HASH)),
                Fact::new("Tree size of the checkpoint", Sentence::new("48\u{202f}112")),
            ],
            download: Some("/v1/entries/911/proof".to_owned()),
            command: Copyable::new("onus verify --data DIR --vkey example.com/onus+9f2c1b7e+AY1fP2lJ5bQ9vYkz7pX3mN6cD8eR0tW4sU1hGqLoKjZi"),
        },
        reports: vec![report(911, "tool-gateway", true), report(915, "billing", false)],
        entry_bytes: Verbatim {
            text: Untrusted::new(format!(
                "{{\"findings\":[\"scope_exceeded\"],\"index\":911,\"log\":\"example.com/onus\",\"payload\":\"{HASH}\"}}"
            )),
            label: "Entry bytes",
        },
        event: Some(Verbatim {
            text: Untrusted::new(format!("{{\n  \"action_id\": \"act_01J9ZK1\",\n  \"note\": \"{HOSTILE}\"\n}}")),
            label: "Event",
        }),
    }
}

fn verdict() -> VerdictBox {
    let reason = |level, words, step| Reason { level, words, step: Some(step) };
    VerdictBox {
        verdict: Verdict::NotAuthorised,
        reasons: vec![
            reason(
                Level::Bad,
                Sentence::new("Over the limit: ")
                    .code("/amount_cents")
                    .words(" is at most 500\u{202f}000 in the sub-delegation, and was 4\u{202f}820\u{202f}000"),
                6,
            ),
            reason(Level::Bad, Sentence::new("Out of scope: ").code("payments:create").words(" is not in ").code("[payments:read]"), 6),
            reason(Level::Warn, Sentence::new("A document from outside was read 2.1\u{a0}s before this action"), 7),
        ],
        on_the_word_of: Some(Named::service("billing").without_class()),
    }
}

fn statement() -> Sentence {
    Sentence::default()
        .name(agent("agent:invoice").without_class())
        .words(" did ")
        .code("payments.create")
        .words(" under delegation ")
        .name(Named::delegation("dlg_01JA"))
        .words(", prompted by ")
        .name(Named::document(HASH, "mail://inbox/inv-4471.pdf"))
        .words(" retrieved from mail-inbox at ")
        .time(at("2026-11-21T20:11:48Z"))
        .words(", against model ")
        .code("gpt-4o-2024-08-06")
        .words(" with prompt ")
        .code("inv@4")
        .words(", on behalf of ")
        .name(Named::person("user:maria@example.com").without_class())
        .words(", allowed by policy ")
        .code("pay-7")
        .words(".")
}

fn steps() -> Vec<Step> {
    let breach = |step: Step| Step { is_after_breach: true, ..step };
    vec![
        Step {
            facts: vec![Sentence::new("Known person. Signed in with a one-time link.")],
            ..Step::new(1, StepKind::Person, Named::person("user:maria@example.com"))
        },
        Step {
            facts: vec![
                Sentence::new("Scope ")
                    .code("payments:create payments:read invoices:read")
                    .words(", at most 5\u{202f}000\u{202f}000 ")
                    .code("/amount_cents")
                    .words(" a month."),
                Sentence::new("Given ").time(at("2026-11-01T09:00:00Z")).words(", ends ").time(at("2026-11-30T22:59:59Z")).words("."),
            ],
            evidence: Some(Sentence::new("Asserted: on the word of billing. ").link("Leaf index 12", "/entries/12")),
            quotes: vec![Quoted {
                text: Untrusted::new("Pay supplier invoices, November"),
                author: Untrusted::new("Purpose, as stated by billing"),
            }],
            ..Step::new(2, StepKind::Delegation, Named::delegation("dlg_01J9"))
        },
        Step {
            findings: vec![Badge::finding(Code::ModelVersionUnfrozen)],
            worst: Some(Level::Warn),
            facts: vec![Sentence::new("Model ").code("m-latest").words(" · prompt ").code("orc@17")],
            ..Step::new(3, StepKind::Agent, agent("agent:orchestrator"))
        },
        Step {
            facts: vec![Sentence::new("Narrower than its parent: ").removed("invoices:read").words(", ends after 15 minutes.")],
            evidence: Some(Sentence::new("Verified token of ").code("https://idp.example.com")),
            ..Step::new(4, StepKind::SubDelegation, Named::delegation("dlg_01JA"))
        },
        Step {
            facts: vec![Sentence::new("Model ").code("m-2026-08-14").words(" · prompt ").code("inv@4")],
            ..Step::new(5, StepKind::Agent, agent(&format!("agent:invoice/{HASH}")))
        },
        breach(Step {
            findings: vec![Badge::finding(Code::ScopeExceeded), Badge::finding(Code::ConstraintExceeded)],
            worst: Some(Level::Bad),
            diff: diff(),
            ..Step::new(6, StepKind::Action, Sentence::default().code("payments.create"))
        }),
        breach(Step {
            findings: vec![Badge::finding(Code::InfluencedByDocument), Badge::finding(Code::UntrustedSource)],
            worst: Some(Level::Warn),
            facts: vec![Sentence::new("Store mail-inbox, read 2.1\u{a0}s before. Recorded by tool-gateway, not by the agent.")],
            quotes: vec![
                Quoted { text: Untrusted::new(HOSTILE), author: Untrusted::new("Passage of the document. Nobody has checked it.") },
                Quoted { text: Untrusted::new("Pay now. ".repeat(1200)), author: Untrusted::new("Passage of the document") },
            ],
            ..Step::new(7, StepKind::Document, Named::document(HASH, "mail://inbox/inv-4471.pdf"))
        }),
        breach(Step {
            worst: Some(Level::Bad),
            facts: vec![Sentence::new("Policy pay-7, rule 3: a person confirms payments above 10\u{202f}000.00.")],
            ..Step::new(8, StepKind::Confirmation, "No confirmation")
        }),
    ]
}

fn diff() -> Vec<DiffRow> {
    vec![
        DiffRow {
            term: "Scope".into(),
            result: Within::Outside,
            allows: Sentence::default().code("payments:read"),
            did: Sentence::default().code("payments:create"),
        },
        DiffRow {
            term: Sentence::new("Limit ").code("/amount_cents"),
            result: Within::Outside,
            allows: "at most 500\u{202f}000".into(),
            did: "4\u{202f}820\u{202f}000".into(),
        },
        DiffRow {
            term: "Time".into(),
            result: Within::Within,
            allows: Sentence::new("until ").time(at("2026-11-21T20:26:00Z")),
            did: at("2026-11-21T20:11:50Z").into(),
        },
        DiffRow {
            term: "Resource".into(),
            result: Within::NotChecked,
            allows: "any".into(),
            did: Sentence::default().code("account:DE89370400440532013000"),
        },
    ]
}

fn documents() -> Vec<DocumentRow> {
    let row = |before: Option<&str>, name: &str, origin, said_by: Sentence, findings| DocumentRow {
        before: before.map(str::to_owned),
        document: Named::document(HASH, name),
        store: Some(Untrusted::new("mail-inbox")),
        origin,
        said_by,
        findings,
    };
    vec![
        row(Some("9.0\u{a0}s before"), "erp://suppliers.csv", Badge::new(Tone::Ok, "INTERNAL"), "said by the agent".into(), vec![]),
        row(
            Some("2.1\u{a0}s before"),
            HOSTILE,
            Badge::new(Tone::Warn, "FROM OUTSIDE"),
            Sentence::new("recorded by tool-gateway"),
            vec![Badge::finding(Code::UntrustedSource)],
        ),
    ]
}

fn attribution() -> Attribution {
    let argument = |pointer: &str, value: &str, first_seen: Sentence, is_untrusted| ArgumentRow {
        pointer: Untrusted::new(pointer),
        value: Untrusted::new(value),
        first_seen,
        is_untrusted,
    };
    Attribution {
        tone: Tone::Warn,
        headline: "The agent decided, after it had read content that others may write",
        because: vec![
            Sentence::new("Rule 3: the action changes something, and ")
                .code("/arguments/iban")
                .words(" is found in a document from outside and not in the person's words."),
        ],
        arguments: vec![
            argument(
                "/arguments/iban",
                "DE89370400440532013000",
                Sentence::new("in ").name(Named::document(HASH, "mail://inbox/inv-4471.pdf")).words(" at 118"),
                true,
            ),
            argument("/arguments/amount_cents", "4820000", "in the person's words".into(), false),
            argument("/arguments/note", HOSTILE, "nowhere".into(), false),
            argument("/arguments/blob", &"x".repeat(900), "nowhere".into(), false),
        ],
    }
}

fn entry_facts() -> Vec<Fact> {
    vec![
        Fact::new("Leaf index", Sentence::default().link("911", "/entries/911")),
        Fact::new("Occurred", at("2026-11-21T20:11:50Z")),
        Fact::new("Recorded", at("2026-11-21T20:11:51Z")),
        Fact::new("Reported by", Named::of(CallerClass::Service, "tool-gateway")),
        Fact::new("Decision", Sentence::new("allowed by ").code("pay-6")),
        Fact::new("Outcome", "succeeded in 184\u{a0}ms"),
        Fact::new("Idempotency key", Copyable::new("k-4471-1")),
        Fact::new("Trace", Copyable::new("4bf92f3577b34da6a3ce929d0e0e4736")),
    ]
}

fn report(index: u64, source: &str, is_this: bool) -> ReportRow {
    ReportRow {
        entry: Named::to(&index.to_string(), format!("/entries/{index}")),
        source: Named::service(source),
        outcome: "succeeded",
        recorded: at("2026-11-21T20:11:51Z"),
        compared: if is_this {
            "agrees".into()
        } else {
            Sentence::new("differs in ").code("/action/arguments/amount_cents").words(" ").badge(Badge::finding(Code::ReportDisagreement))
        },
        is_this,
    }
}
