//! Lives of a ledger, each step re-verified.

use onus::domain::credential::NotEntitled;
use onus::domain::finding::Code;
use onus::service::folder::Folder;
use onus::service::intake::IntakeRefusal;
use onus::service::pass::Refusal;
use onus::service::past::present_findings;
use onus::service::queue::WriteFailure;
use serde_json::{Value, json};

use super::{NotRecorded, TestLedger};
use crate::submissions::{action, grant, pass_on, revocation, with};

#[test]
fn a_life_with_a_crash_and_a_late_delegation_verifies_at_every_step() {
    let ledger = TestLedger::new();
    ledger.check(2);
    let billing = ledger.source("billing");
    billing.reports(&grant("dlg-20"));
    let first = action("act-91", "dlg-20");
    let receipt = billing.reports(&first);
    assert_eq!(receipt.findings, []);
    ledger.check(4);

    ledger.tick(60);
    let early = billing.reports(&action("act-92", "dlg-late"));
    assert!(early.findings.contains(&Code::DelegationUnknown), "{:?}", early.findings);
    ledger.check(5);
    billing.reports(&grant("dlg-late"));
    ledger.check(7); // the delegation, and the entry that tells the changed verdict

    ledger.crash();
    ledger.reopen();
    ledger.check(7);
    let again = ledger.source("billing").reports(&first);
    assert!(again.is_replay);
    assert_eq!((again.bytes, again.leaf_hash), (receipt.bytes, receipt.leaf_hash), "the receipt of the first time");
    ledger.check(7);

    ledger.person("ana").reports(&revocation("dlg-20"));
    let after = ledger.source("billing").reports(&action("act-93", "dlg-20"));
    assert!(after.findings.contains(&Code::DelegationRevoked), "{:?}", after.findings);
    ledger.close();
    ledger.reopen();
    ledger.with(|l| assert_eq!(l.size(), l.published().unwrap().size, "closed in order, everything is under a checkpoint"));
}

#[test]
fn a_resent_event_gets_the_same_receipt_and_a_changed_one_is_named_member_by_member() {
    let ledger = TestLedger::new();
    let (billing, desk) = (ledger.source("billing"), ledger.source("desk"));
    let event = action("act-1", "dlg-1");
    let receipt = billing.reports(&event);
    ledger.tick(86_400);
    let again = billing.reports(&event);
    assert!(again.is_replay);
    assert_eq!((again.index, again.recorded_at, &again.bytes), (receipt.index, receipt.recorded_at, &receipt.bytes));
    let changed = with(event.clone(), &[("/outcome/status", json!("failed")), ("/action/resource", json!("order:other"))]);
    match billing.tries(&changed) {
        Err(NotRecorded::Refused(Refusal::EventIdConflict { index, names })) => {
            assert_eq!((index, names), (receipt.index, vec!["/action/resource".to_owned(), "/outcome/status".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
    ledger.check(3);
    // The pair is unique, not the id: another source may use it.
    assert!(!desk.reports(&event).is_replay);
    ledger.check(4);
}

#[test]
fn an_atomic_batch_lands_whole_or_not_at_all() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    billing.reports(&grant("dlg-1"));
    let batch = [grant("dlg-2"), action("act-1", "dlg-2"), grant("dlg-1")];
    let answers = billing.tries_all(&batch, true).unwrap();
    assert!(matches!(&answers[2], Err(Refusal::DelegationExists { id, .. }) if id == "dlg-1"), "{answers:?}");
    ledger.check(3);
    // What was undone left nothing behind: neither the delegation nor its name.
    let answers = billing.tries_all(&batch[..2], true).unwrap();
    assert!(answers.iter().all(|a| a.as_ref().is_ok_and(|a| !a.is_replay && a.findings.is_empty())), "{answers:?}");
    ledger.check(5);
    let answers = billing.tries_all(&batch, false).unwrap();
    assert!(answers[0].as_ref().unwrap().is_replay && answers[1].as_ref().unwrap().is_replay && answers[2].is_err());
    ledger.check(5);
}

#[test]
fn more_entries_than_a_tile_holds_verify_after_a_crash() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    billing.reports(&grant("dlg-0"));
    let mut size = 3;
    for round in 0..3 {
        let events: Vec<_> = (0..100)
            .flat_map(|n| {
                let id = format!("dlg-{round}-{n}");
                [pass_on(&id, "dlg-0", "agent:refunds", "agent:helper"), action(&format!("act-{round}-{n}"), &id)]
            })
            .collect();
        let answers = billing.tries_all(&events, false).unwrap();
        assert!(answers.iter().all(Result::is_ok));
        size += 200;
        ledger.check(size);
        ledger.crash();
        ledger.reopen();
        ledger.check(size);
    }
}

#[test]
fn a_clock_that_was_set_stops_writing_until_somebody_confirms_it() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    ledger.clock.set(ledger.with(|l| l.clock().now()).plus_ms(-6_000).unwrap());
    match billing.tries(&action("act-1", "dlg-1")) {
        Err(NotRecorded::Failed(WriteFailure::ClockJumped { step_ms: -6_000 })) => {}
        other => panic!("{other:?}"),
    }
    // Starting again does not help: the last entry is of a later time.
    ledger.reopen();
    assert!(matches!(billing.tries(&action("act-1", "dlg-1")), Err(NotRecorded::Failed(WriteFailure::ClockJumped { .. }))));
    ledger.check(2);
    ledger.with(|l| l.confirm_clock().unwrap());
    ledger.check(3);
    let recorded = billing.reports(&action("act-1", "dlg-1"));
    ledger.with(|l| assert!(recorded.recorded_at > l.clock().now(), "time never decreases, whatever the clock says"));
    ledger.check(4);
}

/// Each line is one edit of the file that somebody with its owner's rights could make, and a word that `check` answers with.
const EDITS: [(&str, &str); 9] = [
    (
        "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'action.recorded', 'action.recorder') AS BLOB) WHERE leaf_index = 3",
        "link of entry 4",
    ),
    ("UPDATE payloads SET members = replace(members, '12999', '12998') WHERE leaf_index = 3", "LeafIndex(3), reason: \"its payload"),
    ("DELETE FROM payloads WHERE leaf_index = 3", "payloads"),
    ("UPDATE documents SET bytes = x'00'", "the content of entry 3"),
    ("DELETE FROM event_keys WHERE leaf_index = 3", "event_keys"),
    ("UPDATE actions SET delegation_no = NULL WHERE leaf_index = 4", "actions"),
    ("INSERT INTO revocations VALUES (1, 0, 3)", "revocations"),
    ("DELETE FROM present_findings", "present_findings"),
    ("UPDATE checkpoints SET note = replace(note, 'ledger.example', 'ledger.exemple')", "OtherOrigin"),
];

#[test]
fn check_can_fail() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    billing.reports(&grant("dlg-1"));
    billing.reports(&action("act-1", "dlg-1"));
    billing.reports(&action("act-2", "dlg-1"));
    billing.reports(&revocation("dlg-1"));
    ledger.check(7);
    ledger.close();
    let (data, vkey) = (ledger.data(), ledger.vkey.clone());
    let file = Folder::new(&data).ledger_file();
    let whole = std::fs::read(&file).unwrap();
    for (edit, said) in EDITS {
        #[expect(clippy::disallowed_methods, reason = "an attacker opens the file as she likes")]
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch("DROP TRIGGER entries_are_never_changed; DROP TRIGGER entries_are_never_deleted").unwrap();
        connection.execute_batch(edit).unwrap();
        assert!(connection.changes() > 0, "{edit} changes something");
        drop(connection);
        let checked = std::panic::catch_unwind(|| super::check_folder(&data, &vkey, 7));
        let panic = checked.expect_err(edit);
        let text = panic.downcast_ref::<String>().map_or("", String::as_str);
        assert!(text.contains(said), "{edit}: {text}");
        std::fs::write(&file, &whole).unwrap();
    }
    super::check_folder(&ledger.data(), &ledger.vkey, 7);
}

#[test]
fn delegations_may_come_in_any_order_but_not_in_a_circle() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    let pass = |id: &str, parent: &str| pass_on(id, parent, "agent:refunds", "agent:refunds");
    billing.reports(&pass("dlg-c", "dlg-b"));
    billing.reports(&pass("dlg-b", "dlg-a"));
    let size = ledger.with(|l| l.size().get());
    match billing.tries(&pass("dlg-a", "dlg-c")) {
        Err(NotRecorded::Refused(Refusal::DelegationCycle { id, parent })) => {
            assert_eq!((id.as_str(), parent.as_str()), ("dlg-a", "dlg-c"));
        }
        other => panic!("{other:?}"),
    }
    ledger.check(size);
    billing.reports(&grant("dlg-a"));
    let act = billing.reports(&action("act-1", "dlg-c"));
    assert!(!act.findings.contains(&Code::ChainBroken), "{:?}", act.findings);
    let circle = [pass("dlg-x", "dlg-y"), pass("dlg-y", "dlg-x")];
    let answers = billing.tries_all(&circle, false).unwrap();
    assert!(answers[0].is_ok() && matches!(answers[1], Err(Refusal::DelegationCycle { .. })), "within one batch, too: {answers:?}");
    ledger.check(ledger.with(|l| l.size().get()));
}

#[test]
fn an_agent_that_passed_on_what_it_never_had_is_found_out_when_the_parent_arrives() {
    let ledger = TestLedger::new();
    ledger.agent("agent:thief").reports(&pass_on("dlg-2", "dlg-1", "agent:thief", "agent:thief"));
    match ledger.agent("agent:thief").tries(&action("act-1", "dlg-2")) {
        Err(NotRecorded::Intake(IntakeRefusal::NotEntitled(NotEntitled::AgentIdNotYours))) => {}
        other => panic!("{other:?}"),
    }
    let act = with(action("act-1", "dlg-2"), &[("/actor/agent_id", json!("agent:thief"))]);
    let before = ledger.agent("agent:thief").reports(&act);
    assert!(before.findings.contains(&Code::ChainBroken), "{:?}", before.findings);
    let size = ledger.with(|l| l.size().get());
    ledger.source("desk").reports(&grant("dlg-1"));
    ledger.check(size + 2);
    let now = ledger.with(|l| l.read(|rows| present_findings(rows, before.index, before.findings.clone()))).unwrap();
    assert!(now.contains(&Code::AgentMismatch), "what was given to agent:refunds was not the thief's to pass on: {now:?}");
}

fn limited(event: Value) -> Value {
    with(event, &[("/constraints", json!([{ "argument": "/amount_cents", "op": "<=", "value": 20_000, "per": "delegation" }]))])
}

/// The second report named another delegation below the same limit, and was added to what the first had spent.
#[test]
fn an_action_that_is_reported_under_two_delegations_is_spent_once() {
    let ledger = TestLedger::new();
    let billing = ledger.source("billing");
    billing.reports(&limited(grant("dlg-all")));
    for part in ["dlg-left", "dlg-right"] {
        billing.reports(&limited(pass_on(part, "dlg-all", "agent:refunds", "agent:refunds")));
    }
    billing.reports(&action("act-1", "dlg-left"));
    let again = billing.reports(&action("act-1", "dlg-right"));
    assert_eq!(again.findings, [Code::ReportDisagreement], "129.99 are spent, not 259.98");
    let another = billing.reports(&action("act-2", "dlg-right"));
    assert_eq!(another.findings, [Code::ConstraintExceeded], "another action is another 129.99");
}

/// A delegation that came late put an earlier action under a limit; another action, right when it was recorded, was over the limit
/// from then on, but only if something else had it assessed again.
#[test]
fn what_a_late_delegation_brings_under_a_limit_does_not_count_against_what_came_before_it() {
    let ledger = TestLedger::new();
    let (billing, orders) = (ledger.source("billing"), ledger.source("orders"));
    billing.reports(&limited(grant("dlg-all")));
    billing.reports(&action("act-1", "dlg-late"));
    let within = billing.reports(&action("act-2", "dlg-all"));
    assert_eq!(within.findings, []);
    billing.reports(&limited(pass_on("dlg-late", "dlg-all", "agent:refunds", "agent:refunds")));
    orders.reports(&action("act-2", "dlg-all"));
    let now = ledger.with(|ledger| ledger.read(|rows| present_findings(rows, within.index, Vec::new()))).unwrap();
    assert_eq!(now, [], "as far within the limit as it was");
    let later = billing.reports(&action("act-3", "dlg-all"));
    assert_eq!(later.findings, [Code::ConstraintExceeded], "what is known by then counts");
}
