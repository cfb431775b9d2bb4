//! The last two hours before the sample ends: delegations that still hold, and what was done under them just now.

use serde_json::json;

use crate::cli::sample::calendar::{Calendar, later};
use crate::cli::sample::cast::Party;
use crate::cli::sample::draft::{ActionDraft, Planned, document};
use crate::cli::sample::everyday::{grant_invoices, grant_research, grant_support};

/// All of it.
pub(super) fn today(calendar: Calendar) -> Vec<Planned> {
    let begins = calendar.before_end(118 * 60);
    let mut planned = grant_invoices("today", begins);
    planned.push(grant_support("today", later(begins, 40_000)));
    planned.push(grant_research("today", later(begins, 55_000)));
    planned.extend(payments(calendar));
    planned.extend(refunds(calendar));
    planned.extend(research(calendar));
    planned
}

fn payments(calendar: Calendar) -> Vec<Planned> {
    const TASK: &str = "Please pay the two approved invoices of Havelpapier.";
    const IBAN: &str = "DE12100500000054540402";
    let at = calendar.before_end(95 * 60);
    let list = ActionDraft::new("act-today-list", Party::Invoices, "invoices.list", at);
    let mut planned = vec![list.under("dlg-invoices-today", Party::Maria).told(Party::Maria, TASK).took(120).planned()];
    for (invoice, amount_cents, seconds) in [("R-T1", 18_300_u32, 4_i64), ("R-T2", 7_450, 11)] {
        let paper = format!("Invoice {invoice} of havelpapier: {amount_cents} cents to {IBAN}. Approved.");
        let paid = ActionDraft::new(&format!("act-today-pay-{invoice}"), Party::Invoices, "payments.create", later(at, seconds * 1000))
            .under("dlg-invoices-today", Party::Maria)
            .on(&format!("account:{IBAN}"))
            .with(json!({ "invoice": invoice, "iban": IBAN, "amount_cents": amount_cents }))
            .told(Party::Maria, TASK)
            .after(vec![document(&format!("erp://invoices/{invoice}"), "internal", &paper)])
            .took(480);
        planned.push(paid.served_by(Party::PaymentsApi, "payments:create").planned());
        planned.push(paid.planned());
    }
    let mailbox = "accounts@havelpapier.example";
    let told = ActionDraft::new("act-today-mail", Party::Mailer, "mail.send", later(at, 16_000))
        .under("dlg-mailer-today", Party::Maria)
        .on(&format!("mailto:{mailbox}"))
        .with(json!({ "to": mailbox, "subject": "Payment of R-T1 and R-T2" }))
        .asked_by(Party::Invoices)
        .took(210);
    planned.push(told.planned());
    planned
}

fn refunds(calendar: Calendar) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (order, amount_cents, minutes) in [("W59T01", 2_490_u32, 70_i64), ("W59T02", 5_900, 41), ("W59T03", 1_250, 9)] {
        let at = calendar.before_end(minutes * 60);
        let form = format!("Refund form: order {order}, amount_cents {amount_cents}, reason: broken");
        let draft = |what: &str, name: &str, ms: i64| {
            ActionDraft::new(&format!("act-today-{what}-{order}"), Party::Refunds, name, later(at, ms))
                .under("dlg-jonas-today", Party::Jonas)
                .on(&format!("order:{order}"))
                .clicked(Party::Jonas, &form)
        };
        planned.push(draft("order", "orders.read", 0).with(json!({ "order": order })).took(64).planned());
        let refunded = draft("refund", "orders.refund", 2_700).with(json!({ "order": order, "amount_cents": amount_cents })).took(350);
        planned.push(refunded.served_by(Party::OrdersApi, "orders:refund").planned());
        planned.push(refunded.planned());
    }
    planned
}

fn research(calendar: Calendar) -> Vec<Planned> {
    let read = |n: i64, path: &str| {
        ActionDraft::new(&format!("act-today-file-{n}"), Party::Researcher, "files.read", calendar.before_end(120 - 30 * n))
            .under("dlg-amara-today", Party::Amara)
            .on(&format!("file:{path}"))
            .with(json!({ "path": path }))
            .told(Party::Amara, "What did we promise customers about broken goods?")
            .took(88)
            .planned()
    };
    vec![read(1, "returns-policy.md"), read(2, "handbook.md"), read(3, "privacy-record.md")]
}
