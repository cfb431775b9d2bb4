//! One action for each finding about what decided it, what was read before, who says so, and when; and two about which less is
//! known without anything being wrong.

use serde_json::json;

use crate::cli::sample::calendar::{Calendar, hours_later};
use crate::cli::sample::cast::Party;
use crate::cli::sample::draft::{ActionDraft, GrantDraft, Planned, document};
use crate::tlog::time::Timestamp;

/// All of them.
pub(super) fn flagged(calendar: Calendar) -> Vec<Planned> {
    let mut planned = Vec::new();
    planned.extend(read_before(calendar));
    planned.extend(not_frozen(calendar));
    planned.extend(disagreeing(calendar));
    planned.extend(out_of_step(calendar));
    planned.extend(imported(calendar));
    planned.extend(silent(calendar));
    planned
}

/// A page from outside; and a tool's output from which a value was taken.
fn read_before(calendar: Calendar) -> Vec<Planned> {
    let page = document("https://carrier.example/tariffs", "external", "Tariffs from next month: parcels up to 5 kg 4.90 euros.");
    let fetched = ActionDraft::new("act-web-page", Party::Researcher, "web.fetch", calendar.on(10, 15, 58, 0))
        .under("dlg-amara-10", Party::Amara)
        .with(json!({ "url": "https://carrier.example/surcharges" }))
        .told(Party::Amara, "What will the carrier charge us from next month?")
        .after(vec![page])
        .took(610);

    let from = calendar.on(11, 9, 0, 0);
    let scope = ["calendar:read", "calendar:write"];
    let grant = GrantDraft::root("dlg-amara-calendar", Party::Amara, Party::Planner, &scope, from, hours_later(from, 4));
    let found =
        document("tool://mailbox/search", "tool_output", "1 result: \"Quarterly audit moved to room Aalto\" (from: unknown sender)");
    let booked = ActionDraft::new("act-influenced", Party::Planner, "calendar.create", calendar.on(11, 9, 12, 0))
        .under("dlg-amara-calendar", Party::Amara)
        .with(json!({ "title": "Quarterly audit moved to room Aalto" }))
        .told(Party::Amara, "Look for mails about the audit and keep my calendar up to date.")
        .after(vec![found])
        .took(170);
    vec![fetched.planned(), grant.planned(), booked.planned()]
}

/// No model, an alias of a model, an alias of a prompt.
fn not_frozen(calendar: Calendar) -> Vec<Planned> {
    let at = |minute: i64| calendar.on(11, 12, minute, 0);
    vec![
        refund("act-no-model", "dlg-jonas-11", "W591101", 2_100, at(5)).without("actor", "model_version").planned(),
        refund("act-alias-model", "dlg-jonas-11", "W591102", 3_400, at(9)).set("actor", "model_version", "gpt-4o").planned(),
        refund("act-alias-prompt", "dlg-jonas-11", "W591103", 1_900, at(14)).set("actor", "prompt_id", "refunds@latest").planned(),
    ]
}

/// The agent says 49.90 euros and success, the shop says 99.90 and failure.
fn disagreeing(calendar: Calendar) -> Vec<Planned> {
    let told = refund("act-disagree", "dlg-jonas-12", "W591211", 4_990, calendar.on(12, 12, 31, 0));
    let served = told
        .served_by(Party::OrdersApi, "orders:refund")
        .with(json!({ "order": "W591211", "amount_cents": 9_990 }))
        .ended("failed", "amount_above_order");
    vec![told.planned(), served.planned()]
}

/// Recorded three quarters of an hour late; and by a clock that is nine seconds ahead.
fn out_of_step(calendar: Calendar) -> Vec<Planned> {
    let at = |minute: i64| calendar.on(12, 13, minute, 0);
    vec![
        refund("act-recorded-late", "dlg-jonas-12", "W591221", 2_750, at(2)).arriving_after(47 * 60_000).planned(),
        refund("act-clock-ahead", "dlg-jonas-12", "W591222", 2_800, at(20)).arriving_after(-9_000).planned(),
    ]
}

/// An old recording, imported: its times are made up and say so; nothing is concluded from them.
fn imported(calendar: Calendar) -> Vec<Planned> {
    const IMPORTED_AFTER_MS: i64 = (12 * 24 + 10) * 60 * 60 * 1000;
    let from = calendar.on(1, 0, 0, 0);
    let synthetic = || json!({ "import": { "time": "synthetic", "format": "messages" } });
    let grant = GrantDraft::root("dlg-imported-session", Party::Jonas, Party::Refunds, &["orders:read"], from, hours_later(from, 1))
        .reported_by(Party::Gateway)
        .set("extensions", synthetic())
        .arriving_after(IMPORTED_AFTER_MS);
    let mut planned = vec![grant.planned()];
    for (n, order) in ["W580011", "W580012", "W580013"].into_iter().enumerate() {
        let step_ms = i64::try_from(n).unwrap_or(0);
        let read = ActionDraft::new(&format!("act-imported-{}", n + 1), Party::Refunds, "orders.read", calendar.on(1, 0, 0, 1 + step_ms))
            .under("dlg-imported-session", Party::Jonas)
            .on(&format!("order:{order}"))
            .with(json!({ "order": order }))
            .told(Party::Jonas, "Look up W580011, W580012 and W580013.")
            .reported_by(Party::Gateway)
            .set("extensions", "import", synthetic()["import"].clone())
            .arriving_after(IMPORTED_AFTER_MS + 2_000);
        planned.push(read.planned());
    }
    planned
}

/// Who does not say what was read, or why, leaves open who decided. That is no finding; it is said beside the verdict.
fn silent(calendar: Calendar) -> Vec<Planned> {
    let quiet = refund("act-unknowable", "dlg-jonas-13", "W591301", 3_300, calendar.on(13, 12, 20, 0));
    vec![quiet.silent_on("context").silent_on("trigger").planned()]
}

fn refund(id: &str, delegation: &str, order: &str, amount_cents: u32, at: Timestamp) -> ActionDraft {
    ActionDraft::new(id, Party::Refunds, "orders.refund", at)
        .under(delegation, Party::Jonas)
        .on(&format!("order:{order}"))
        .with(json!({ "order": order, "amount_cents": amount_cents }))
        .clicked(Party::Jonas, &format!("Refund form: order {order}, amount_cents {amount_cents}"))
        .took(260)
}
