//! One action, or delegation, for each finding about who was allowed to act, and when.

use serde_json::json;

use crate::cli::sample::calendar::{Calendar, hours_later, later};
use crate::cli::sample::cast::Party;
use crate::cli::sample::draft::{ActionDraft, GrantDraft, Planned};
use crate::tlog::time::Timestamp;

/// All of them.
pub(super) fn flagged(calendar: Calendar) -> Vec<Planned> {
    let mut planned = Vec::new();
    planned.extend(unnamed(calendar));
    planned.extend(late_delegation(calendar));
    planned.extend(without_human(calendar));
    planned.extend(missing_link(calendar));
    planned.extend(out_of_time(calendar));
    planned.extend(wrong_party(calendar));
    planned.extend(too_deep(calendar));
    planned
}

/// No delegation named, and one named that nobody has ever seen.
fn unnamed(calendar: Calendar) -> Vec<Planned> {
    let page = ActionDraft::new("act-no-delegation", Party::Researcher, "web.fetch", calendar.on(1, 11, 20, 0))
        .with(json!({ "url": "https://prices.example/list" }))
        .scheduled()
        .took(380);
    let order = refunds("act-unknown-delegation", "orders.read", calendar.on(2, 12, 4, 0)).under("dlg-crm-0042", Party::Jonas).took(70);
    vec![page.planned(), order.planned()]
}

/// The gateway was slow: the action is recorded before the delegation it names. First *cannot be determined*, then authorised.
fn late_delegation(calendar: Calendar) -> Vec<Planned> {
    let given = calendar.on(2, 18, 39, 0);
    let delegation = GrantDraft::root(
        "dlg-jonas-evening",
        Party::Jonas,
        Party::Refunds,
        &["customers:read", "orders:read"],
        given,
        hours_later(given, 2),
    );
    let read = refunds("act-late-delegation", "orders.read", calendar.on(2, 18, 40, 0)).under("dlg-jonas-evening", Party::Jonas).took(66);
    vec![read.planned(), delegation.reported_by(Party::Gateway).arriving_after(170_000).planned()]
}

/// A service gives what is its own: once nobody answers for it, once Amara does.
fn without_human(calendar: Calendar) -> Vec<Planned> {
    let at = calendar.on(3, 6, 0, 0);
    let grant = |id: &str| GrantDraft::of_service(id, Party::Reconciler, Party::Researcher, &["reports:build"], at, hours_later(at, 3));
    let build = |id: &str, delegation: &str, minutes: i64| {
        ActionDraft::new(id, Party::Researcher, "reports.monthly", later(at, minutes * 60_000))
            .set("actor", "delegation_id", delegation)
            .on("report:month")
            .scheduled()
            .took(2_400)
    };
    vec![
        grant("dlg-reconciler-nobody").planned(),
        grant("dlg-reconciler-answered").set("accountable_person_id", Party::Amara.id()).planned(),
        build("act-nobody-answers", "dlg-reconciler-nobody", 1).planned(),
        build("act-amara-answers", "dlg-reconciler-answered", 2).planned(),
    ]
}

/// A delegation that passes on one which is not in the ledger.
fn missing_link(calendar: Calendar) -> Vec<Planned> {
    let at = calendar.on(3, 14, 0, 0);
    let grant = GrantDraft::passed_on(
        "dlg-crm-letters",
        "dlg-crm-2207",
        (Party::Orchestrator, Party::Mailer),
        &["mail:send"],
        at,
        hours_later(at, 1),
    );
    let sent = letter("act-missing-link", later(at, 30_000)).under("dlg-crm-letters", Party::Jonas);
    vec![grant.planned(), sent.planned()]
}

/// After the end, before the start, and said to be before the end but recorded after it.
fn out_of_time(calendar: Calendar) -> Vec<Planned> {
    let given = calendar.on(4, 16, 0, 0);
    let tomorrow =
        GrantDraft::root("dlg-maria-tomorrow", Party::Maria, Party::Invoices, &["invoices:read"], given, calendar.on(5, 18, 0, 0))
            .set("not_before", calendar.on(5, 8, 0, 0).to_string());
    let early = ActionDraft::new("act-before-start", Party::Invoices, "invoices.list", later(given, 600_000))
        .under("dlg-maria-tomorrow", Party::Maria)
        .told(Party::Maria, "List tomorrow's invoices, please.")
        .took(90);
    let late = refunds("act-after-expiry", "orders.read", calendar.on(4, 18, 30, 0)).under("dlg-jonas-04", Party::Jonas).took(81);
    let unproven = refunds("act-unproven", "orders.read", calendar.on(5, 18, 4, 50))
        .under("dlg-jonas-05", Party::Jonas)
        .took(75)
        .arriving_after(100_000);
    vec![tomorrow.planned(), early.planned(), late.planned(), unproven.planned()]
}

/// Another agent's delegation, another person's name.
fn wrong_party(calendar: Calendar) -> Vec<Planned> {
    let agent = letter("act-wrong-agent", calendar.on(5, 9, 30, 0)).under("dlg-letters-05", Party::Maria);
    let person = refunds("act-wrong-person", "orders.read", calendar.on(6, 12, 10, 0)).under("dlg-jonas-06", Party::Maria).took(58);
    vec![agent.planned(), person.planned()]
}

/// Passed on once more than Amara allowed.
fn too_deep(calendar: Calendar) -> Vec<Planned> {
    let from = calendar.on(10, 9, 0, 0);
    let until = hours_later(from, 4);
    let scope = ["mail:send"];
    let root = GrantDraft::root("dlg-amara-letters", Party::Amara, Party::Orchestrator, &scope, from, until).set("max_depth", 1);
    let first = passed_on("dlg-letters-1", "dlg-amara-letters", (Party::Orchestrator, Party::Researcher), later(from, 2_000), until);
    let second = passed_on("dlg-letters-2", "dlg-letters-1", (Party::Researcher, Party::Mailer), later(from, 4_000), until);
    let sent = letter("act-too-deep", later(from, 60_000)).under("dlg-letters-2", Party::Amara);
    vec![root.planned(), first.planned(), second.planned(), sent.planned()]
}

fn passed_on(id: &str, parent: &str, hands: (Party, Party), from: Timestamp, until: Timestamp) -> GrantDraft {
    GrantDraft::passed_on(id, parent, hands, &["mail:send"], from, until)
}

fn refunds(id: &str, name: &str, at: Timestamp) -> ActionDraft {
    ActionDraft::new(id, Party::Refunds, name, at)
        .on("order:W590021")
        .with(json!({ "order": "W590021" }))
        .clicked(Party::Jonas, "Refund form: order W590021")
}

fn letter(id: &str, at: Timestamp) -> ActionDraft {
    ActionDraft::new(id, Party::Mailer, "mail.send", at)
        .on("mailto:accounts@nordlicht.example")
        .with(json!({ "to": "accounts@nordlicht.example", "subject": "Your letter" }))
        .asked_by(Party::Orchestrator)
        .took(140)
}
