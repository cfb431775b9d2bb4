//! What happens on every whole day of the sample, with nothing wrong in it: the background against which the rest is seen.
//! Charts live of its rhythm: nights with one job, mornings with invoices, hours full of customers.

use serde_json::json;

use crate::cli::sample::calendar::{Calendar, DAYS, hours_later, later};
use crate::cli::sample::cast::Party;
use crate::cli::sample::chance::Chance;
use crate::cli::sample::draft::{ActionDraft, GrantDraft, Planned, document};
use crate::tlog::time::Timestamp;

/// Suppliers: resource, mailbox, account.
const SUPPLIERS: [(&str, &str, &str); 4] = [
    ("nordlicht", "accounts@nordlicht.example", "DE44500105175407324931"),
    ("havelpapier", "accounts@havelpapier.example", "DE12100500000054540402"),
    ("kranich-it", "accounts@kranich-it.example", "DE89370400440532013000"),
    ("alster-catering", "accounts@alster-catering.example", "DE75200505501015871393"),
];
/// What Maria writes in the morning.
const PAY: &str = "Please pay the approved invoices that are due today and tell the suppliers.";
/// What Amara wants to know.
const QUESTIONS: [&str; 4] = [
    "What changed in the returns policy since last month?",
    "Which contracts end this quarter?",
    "Summarise the incident reports of the week.",
    "How do we store customer addresses, according to our own papers?",
];
const FILES: [&str; 6] = ["returns-policy.md", "contracts.csv", "incidents.md", "privacy-record.md", "handbook.md", "suppliers.csv"];

/// All whole days.
pub(super) fn everyday(calendar: Calendar) -> Vec<Planned> {
    let mut days = Everyday { calendar, chance: Chance::new(20_260_214), planned: Vec::new() };
    for day in 1..=DAYS {
        days.night(day);
        days.invoices(day);
        days.support(day);
        days.research(day);
        days.people(day);
    }
    days.planned
}

/// The delegations of a day that Maria's agents work under: root, invoices, letters, mailer.
pub(super) fn grant_invoices(suffix: &str, from: Timestamp) -> Vec<Planned> {
    let until = hours_later(from, 10);
    let id = |name: &str| format!("dlg-{name}-{suffix}");
    let (root, invoices, letters, mailer) = (id("maria"), id("invoices"), id("letters"), id("mailer"));
    let at = |seconds: i64| later(from, seconds * 1000);
    let root_scope = ["invoices:read", "payments:create", "mail:send"];
    vec![
        GrantDraft::root(&root, Party::Maria, Party::Orchestrator, &root_scope, from, until)
            .so_that("Pay what is due today")
            .set("max_depth", 2)
            .planned(),
        GrantDraft::passed_on(
            &invoices,
            &root,
            (Party::Orchestrator, Party::Invoices),
            &["invoices:read", "payments:create"],
            at(2),
            hours_later(from, 9),
        )
        .so_that("Pay invoices up to 2,500 euros each, 20,000 a day")
        .at_most("/amount_cents", 250_000, "action")
        .at_most("/amount_cents", 2_000_000, "day")
        .planned(),
        GrantDraft::passed_on(
            &letters,
            &root,
            (Party::Orchestrator, Party::Invoices),
            &["invoices:read", "mail:send"],
            at(3),
            hours_later(from, 9),
        )
        .so_that("Tell suppliers what was paid")
        .planned(),
        GrantDraft::passed_on(&mailer, &letters, (Party::Invoices, Party::Mailer), &["mail:send"], at(5), hours_later(from, 8))
            .so_that("Write to the suppliers' accounts departments only")
            .set("resources", json!(["mailto:accounts@*"]))
            .planned(),
    ]
}

/// What Jonas lets the refunds agent do for a day, as the gateway reports it: he signed in there, not here.
pub(super) fn grant_support(suffix: &str, from: Timestamp) -> Planned {
    let scope = ["customers:read", "orders:read", "orders:refund"];
    GrantDraft::root(&format!("dlg-jonas-{suffix}"), Party::Jonas, Party::Refunds, &scope, from, hours_later(from, 10))
        .so_that("Refund what customers send back, up to 150 euros each")
        .set("resources", json!(["order:W*", "customer:*"]))
        .at_most("/amount_cents", 15_000, "action")
        .reported_by(Party::Gateway)
        .planned()
}

/// What Amara lets the researcher do for a day.
pub(super) fn grant_research(suffix: &str, from: Timestamp) -> Planned {
    let scope = ["files:read", "web:read", "reports:build", "translate:run"];
    GrantDraft::root(&format!("dlg-amara-{suffix}"), Party::Amara, Party::Researcher, &scope, from, hours_later(from, 10))
        .so_that("Answer questions from our own papers")
        .planned()
}

struct Everyday {
    calendar: Calendar,
    chance: Chance,
    planned: Vec<Planned>,
}

impl Everyday {
    fn add(&mut self, draft: ActionDraft) {
        self.planned.push(draft.planned());
    }

    /// The job that nobody asks for.
    fn night(&mut self, day: i64) {
        for (n, account) in ["payables", "receivables"].into_iter().enumerate() {
            let at = self.calendar.on(day, 2, 10 + 3 * i64::try_from(n).unwrap_or(0), 0);
            let took = self.chance.between(4_000, 19_000);
            let id = format!("act-night-{day:02}-{account}");
            self.add(
                ActionDraft::new(&id, Party::Reconciler, "accounts.reconcile", at).on(&format!("account:{account}")).scheduled().took(took),
            );
        }
    }

    /// One or two runs: list, read, pay, tell.
    fn invoices(&mut self, day: i64) {
        let from = self.calendar.on(day, 8, 5, 0);
        self.planned.extend(grant_invoices(&format!("{day:02}"), from));
        let second = i64::from(self.chance.between(0, 40));
        self.invoice_run(day, 1, self.calendar.on(day, 8, 20, second));
        self.invoice_run(day, 2, self.calendar.on(day, 13, 40, second));
    }

    fn invoice_run(&mut self, day: i64, run: u32, at: Timestamp) {
        let (invoices, mailer) = (format!("dlg-invoices-{day:02}"), format!("dlg-mailer-{day:02}"));
        let trace = self.chance.trace();
        let mut now = at;
        let id = |what: &str, n: u32| format!("act-inv-{day:02}{run}-{what}-{n}");
        let listed = ActionDraft::new(&id("list", 0), Party::Orchestrator, "invoices.list", now)
            .under(&format!("dlg-maria-{day:02}"), Party::Maria)
            .told(Party::Maria, PAY)
            .took(self.chance.between(60, 240))
            .traced(&trace);
        self.add(listed);
        for n in 1..=self.chance.between(2, 3) {
            now = later(now, i64::from(self.chance.between(1_400, 4_800)));
            let (supplier, mailbox, iban) = self.chance.one_of(&SUPPLIERS);
            let invoice = format!("R-{day:02}{run}{n}");
            let amount_cents = self.chance.between(4_200, 96_000);
            let paper = format!("Invoice {invoice} of {supplier}: {amount_cents} cents to {iban}. Approved.");
            let read = ActionDraft::new(&id("read", n), Party::Invoices, "invoices.read", now)
                .under(&invoices, Party::Maria)
                .on(&format!("invoice:{invoice}"))
                .with(json!({ "invoice": invoice }))
                .told(Party::Maria, PAY)
                .took(self.chance.between(40, 180))
                .traced(&trace);
            self.add(read);
            now = later(now, i64::from(self.chance.between(1_100, 3_000)));
            let paid = ActionDraft::new(&id("pay", n), Party::Invoices, "payments.create", now)
                .under(&invoices, Party::Maria)
                .on(&format!("account:{iban}"))
                .with(json!({ "invoice": invoice, "iban": iban, "amount_cents": amount_cents }))
                .told(Party::Maria, PAY)
                .after(vec![document(&format!("erp://invoices/{invoice}"), "internal", &paper)])
                .took(self.chance.between(180, 1_300))
                .traced(&trace);
            self.pay(paid, n == 1 && run == 1);
            if n == 1 {
                now = later(now, 2_600);
                let told = ActionDraft::new(&id("mail", n), Party::Mailer, "mail.send", now)
                    .under(&mailer, Party::Maria)
                    .on(&format!("mailto:{mailbox}"))
                    .with(json!({ "to": mailbox, "subject": format!("Payment of {invoice}") }))
                    .asked_by(Party::Invoices)
                    .took(self.chance.between(90, 700))
                    .traced(&trace);
                self.add(told);
            }
        }
    }

    /// The agent's report and the payment API's; the first of a day is told from the request on. Now and then one fails on both.
    fn pay(&mut self, paid: ActionDraft, is_told_in_stages: bool) {
        let paid = if self.chance.is_one_in(12) { paid.ended("failed", "upstream_timeout") } else { paid };
        if is_told_in_stages {
            self.add(paid.stage("requested", 700));
            self.add(paid.stage("started", 400));
        }
        self.add(paid.served_by(Party::PaymentsApi, "payments:create"));
        self.add(paid);
    }

    /// Customers write all day; Jonas fills in the form, the agent does the rest.
    fn support(&mut self, day: i64) {
        self.planned.push(grant_support(&format!("{day:02}"), self.calendar.on(day, 8, 5, 30)));
        for (n, hour) in (1_u32..).zip([9, 11, 14, 16]) {
            if hour == 16 && self.chance.is_one_in(2) {
                continue;
            }
            let (minute, second) = (self.chance.between(3, 55), self.chance.between(0, 59));
            self.refund(day, n, self.calendar.on(day, hour, minute.into(), second.into()));
        }
    }

    fn refund(&mut self, day: i64, n: u32, at: Timestamp) {
        let delegation = format!("dlg-jonas-{day:02}");
        let (order, amount_cents) = (format!("W59{day:02}{n}{}", self.chance.between(10, 99)), self.chance.between(990, 14_500));
        let form = format!("Refund form: order {order}, amount_cents {amount_cents}, reason: sent back");
        let trace = self.chance.trace();
        let draft = |what: &str, name: &str, at: Timestamp| {
            ActionDraft::new(&format!("act-ref-{day:02}{n}-{what}"), Party::Refunds, name, at)
                .under(&delegation, Party::Jonas)
                .clicked(Party::Jonas, &form)
                .traced(&trace)
        };
        let customer = format!("customer:{}", self.chance.between(1000, 9999));
        let looked_up = draft("customer", "customers.read", at).on(&customer).took(self.chance.between(30, 140));
        let read = draft("order", "orders.read", later(at, 1_900))
            .on(&format!("order:{order}"))
            .with(json!({ "order": order }))
            .took(self.chance.between(30, 140));
        let refunded = draft("refund", "orders.refund", later(at, 4_300))
            .on(&format!("order:{order}"))
            .with(json!({ "order": order, "amount_cents": amount_cents }))
            .took(self.chance.between(120, 900));
        let refunded = match self.chance.between(1, 14) {
            1 => refunded.refused("already_refunded"),
            2 => refunded.ended("failed", "bank_unreachable"),
            _ => refunded,
        };
        self.add(looked_up);
        self.add(read);
        if n.is_multiple_of(2) {
            self.add(refunded.served_by(Party::OrdersApi, "orders:refund"));
        }
        self.add(refunded);
    }

    /// A question, and the papers that answer it.
    fn research(&mut self, day: i64) {
        self.planned.push(grant_research(&format!("{day:02}"), self.calendar.on(day, 8, 6, 0)));
        for (n, hour) in (1_u32..).zip([10, 15]) {
            let (question, trace) = (self.chance.one_of(&QUESTIONS), self.chance.trace());
            let mut at = self.calendar.on(day, hour, self.chance.between(2, 50).into(), 0);
            for file in 1..=self.chance.between(2, 4) {
                at = later(at, i64::from(self.chance.between(2_000, 7_000)));
                let path = self.chance.one_of(&FILES);
                let read = ActionDraft::new(&format!("act-res-{day:02}{n}-file-{file}"), Party::Researcher, "files.read", at)
                    .under(&format!("dlg-amara-{day:02}"), Party::Amara)
                    .on(&format!("file:{path}"))
                    .with(json!({ "path": path }))
                    .told(Party::Amara, question)
                    .took(self.chance.between(20, 420))
                    .traced(&trace);
                self.add(read);
            }
        }
    }

    /// What people do with their own hands, as the applications report it in which they did it, or they themselves.
    fn people(&mut self, day: i64) {
        let released =
            ActionDraft::new(&format!("act-maria-release-{day:02}"), Party::Maria, "payments.release", self.calendar.on(day, 16, 30, 12))
                .with(json!({ "run": format!("run-{day:02}") }))
                .took(self.chance.between(200, 900));
        self.add(released);
        let minute = i64::from(self.chance.between(0, 29));
        let closed =
            ActionDraft::new(&format!("act-jonas-close-{day:02}"), Party::Jonas, "tickets.close", self.calendar.on(day, 17, minute, 40))
                .on(&format!("ticket:{}", 4000 + day))
                .took(self.chance.between(60, 300))
                .reported_by(Party::OrdersApi);
        self.add(closed);
        if day % 3 == 1 {
            let approved =
                ActionDraft::new(&format!("act-amara-policy-{day:02}"), Party::Amara, "policies.approve", self.calendar.on(day, 11, 15, 3))
                    .on(&format!("policy:agents@{}", 3 + day / 3))
                    .took(self.chance.between(60, 300));
            self.add(approved);
        }
    }
}
