//! One action, or delegation, for each finding about the terms: scope, resources, limits, what the person agreed to.

use serde_json::json;

use crate::cli::sample::calendar::{Calendar, hours_later, later};
use crate::cli::sample::cast::Party;
use crate::cli::sample::draft::{ActionDraft, GrantDraft, Planned};
use crate::tlog::time::Timestamp;

/// All of them.
pub(super) fn flagged(calendar: Calendar) -> Vec<Planned> {
    let mut planned = Vec::new();
    planned.extend(exceeded(calendar));
    planned.extend(summed(calendar));
    planned.extend(stated_wrongly(calendar));
    planned.extend(widened(calendar));
    planned.extend(overbroad(calendar));
    planned.extend(drifted(calendar));
    planned
}

/// Scope, resource and limit, each passed once.
fn exceeded(calendar: Calendar) -> Vec<Planned> {
    let at = |day, hour| calendar.on(day, hour, 48, 0);
    let looked_up = ActionDraft::new("act-out-of-scope", Party::Researcher, "customers.read", at(6, 10))
        .under("dlg-amara-06", Party::Amara)
        .on("customer:7731")
        .told(Party::Amara, "How do we store customer addresses? Take customer:7731 as an example.")
        .refused("insufficient_scope")
        .took(44);
    let elsewhere = refund("act-wrong-order", "dlg-jonas-06", "B2B-118", 8_000, at(6, 15));
    let too_much = refund("act-over-the-limit", "dlg-jonas-07", "W590733", 24_900, at(7, 15));
    vec![looked_up.planned(), elsewhere.planned(), too_much.planned()]
}

/// Each is within the limit; together they are not.
fn summed(calendar: Calendar) -> Vec<Planned> {
    let from = calendar.on(7, 9, 40, 0);
    let scope = ["orders:refund"];
    let fair = GrantDraft::root("dlg-jonas-fair", Party::Jonas, Party::Refunds, &scope, from, hours_later(from, 8))
        .so_that("Settle the complaints from the trade fair, 200 euros in all")
        .at_most("/amount_cents", 20_000, "delegation");
    let at = |minute: i64| later(from, minute * 60_000);
    vec![
        fair.planned(),
        refund("act-fair-first", "dlg-jonas-fair", "W590781", 12_000, at(5)).planned(),
        refund("act-over-the-sum", "dlg-jonas-fair", "W590782", 12_000, at(12)).planned(),
    ]
}

/// An action that nobody describes, and one of which the agent states less than the catalogue requires.
fn stated_wrongly(calendar: Calendar) -> Vec<Planned> {
    let translated = ActionDraft::new("act-scope-not-stated", Party::Researcher, "translate.text", calendar.on(8, 10, 55, 0))
        .under("dlg-amara-08", Party::Amara)
        .set("action", "required_scope", json!(["translate:run"]))
        .with(json!({ "language": "Swedish" }))
        .told(Party::Amara, "Translate the summary into Swedish.")
        .took(1_900);
    let paid = ActionDraft::new("act-understated", Party::Invoices, "payments.create", calendar.on(8, 14, 20, 0))
        .under("dlg-invoices-08", Party::Maria)
        .on("account:DE44500105175407324931")
        .set("action", "required_scope", json!(["invoices:read"]))
        .with(json!({ "invoice": "R-0899", "iban": "DE44500105175407324931", "amount_cents": 19_900 }))
        .told(Party::Maria, "Pay invoice R-0899, please: 19900 cents to DE44500105175407324931.")
        .took(720);
    vec![translated.planned(), paid.planned()]
}

/// The orchestrator passes on more than it holds; what it did not hold authorises nothing.
fn widened(calendar: Calendar) -> Vec<Planned> {
    let at = calendar.on(8, 9, 0, 0);
    let scope = ["invoices:read", "invoices:export"];
    let hands = (Party::Orchestrator, Party::Researcher);
    let grant = GrantDraft::passed_on("dlg-widened", "dlg-maria-08", hands, &scope, at, hours_later(at, 4));
    let exported = ActionDraft::new("act-widened", Party::Researcher, "invoices.export", later(at, 90_000))
        .under("dlg-widened", Party::Maria)
        .on("invoice:all")
        .asked_by(Party::Orchestrator)
        .took(3_100);
    vec![grant.planned(), exported.planned()]
}

/// Everything, for a month. It still holds when the sample ends.
fn overbroad(calendar: Calendar) -> Vec<Planned> {
    let at = calendar.on(10, 8, 40, 0);
    let grant = GrantDraft::root("dlg-amara-everything", Party::Amara, Party::Planner, &["*"], at, hours_later(at, 30 * 24))
        .so_that("Try out the planner")
        .reported_by(Party::Gateway);
    let booked = ActionDraft::new("act-under-everything", Party::Planner, "calendar.create", later(at, 240_000))
        .under("dlg-amara-everything", Party::Amara)
        .with(json!({ "title": "Supplier review" }))
        .told(Party::Amara, "Book the supplier review.")
        .took(160);
    vec![grant.planned(), booked.planned()]
}

/// Amara agreed to one model; another one acts.
fn drifted(calendar: Calendar) -> Vec<Planned> {
    let from = calendar.on(12, 10, 0, 0);
    let scope = ["calendar:write"];
    let grant = GrantDraft::root("dlg-amara-consented", Party::Amara, Party::Planner, &scope, from, hours_later(from, 3))
        .set("consent", json!({ "model_version": "gemini-1.5-pro-001", "prompt_id": "planner@v8", "tools": ["calendar.*"] }));
    let booked = ActionDraft::new("act-consent-drift", Party::Planner, "calendar.create", later(from, 70_000))
        .under("dlg-amara-consented", Party::Amara)
        .with(json!({ "title": "Budget round" }))
        .told(Party::Amara, "Book the budget round.")
        .took(150);
    vec![grant.planned(), booked.planned()]
}

fn refund(id: &str, delegation: &str, order: &str, amount_cents: u32, at: Timestamp) -> ActionDraft {
    ActionDraft::new(id, Party::Refunds, "orders.refund", at)
        .under(delegation, Party::Jonas)
        .on(&format!("order:{order}"))
        .with(json!({ "order": order, "amount_cents": amount_cents }))
        .clicked(Party::Jonas, &format!("Refund form: order {order}, amount_cents {amount_cents}"))
        .took(330)
}
