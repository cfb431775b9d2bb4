//! What is found about an action, about a delegation: one table each, a row per way in which something can be wrong.

use std::collections::BTreeSet;

use crate::domain::action::{Action, Document, DocumentOrigin, OutcomeStatus};
use crate::domain::assessment::verdict_reasons;
use crate::domain::delegation::{CallerClass, Consent, Constraint, ConstraintOp, Delegation, Delegator, Period};
use crate::domain::finding::Code::{self, *};
use crate::domain::finding::Verdict;
use crate::domain::ids::{ActionId, AgentId, PrincipalId};
use crate::domain::test_world::{
    Told, World, acted, at, at_most, by_server, child, dlg, granted, refund, revoked, root, server_leg, texts,
};
use crate::tlog::json::Value;

type Row = (&'static str, fn(&mut World), &'static [Code]);

fn document(origin: DocumentOrigin) -> Document {
    let (uri, origin) = (Some("kb://returns/7".to_owned()), Some(origin));
    Document { uri, store: None, retrieved_at: None, sha256: None, origin, content_sha256: None, content_bytes: None }
}

fn cents(w: &mut World, cents: u32) {
    w.action().arguments = Some(Value::object([("amount_cents", cents.into())]));
}

fn another(id: &str, cents: u32) -> Action {
    let action_id = ActionId::parse(id).unwrap();
    Action { action_id, arguments: Some(Value::object([("amount_cents", cents.into())])), ..refund() }
}

fn agree(w: &mut World, id: &str, model: &str, tools: &[&str]) {
    let policy_version = Some("p-1".to_owned());
    let consent = Consent { model_version: Some(model.to_owned()), prompt_id: None, policy_version, tools: Some(texts(tools)) };
    w.delegation(id).consent = Some(consent);
}

const ACTIONS: &[Row] = &[
    ("nothing", |_| {}, &[]),
    // Whose authority.
    ("no delegation", |w| w.action().actor.delegation_id = None, &[DelegationMissing]),
    ("an unknown one", |w| w.action().actor.delegation_id = Some(dlg("dlg-9")), &[DelegationUnknown]),
    ("a person herself", |w| human(w, CallerClass::Service), &[]),
    ("a person, on an agent's word", |w| human(w, CallerClass::Agent), &[DelegationMissing]),
    ("a service for nobody", |w| service(w, false), &[]),
    ("a service for ana", |w| service(w, true), &[DelegationMissing]),
    ("a root of an agent", |w| w.delegation("dlg-1").delegator.kind = CallerClass::Agent, &[ChainWithoutHuman]),
    ("a root of a service", |w| w.delegation("dlg-1").delegator.kind = CallerClass::Service, &[ChainWithoutHuman]),
    ("a root of a service, for which bob answers", accountable, &[]),
    ("a missing parent", |w| drop(w.before.remove(0)), &[ChainBroken]),
    ("a circle", |w| w.delegation("dlg-1").parent_delegation_id = Some(dlg("dlg-2")), &[ChainBroken]),
    ("another agent", |w| w.action().actor.agent_id = AgentId::parse("agent:desk"), &[AgentMismatch]),
    ("no agent named", |w| w.action().actor.agent_id = None, &[AgentMismatch]),
    ("another run", |w| w.delegation("dlg-2").instance_id = Some("run-1".to_owned()), &[AgentMismatch]),
    ("a sub-delegation by a stranger", |w| w.delegation("dlg-2").delegator.id = "agent:x".to_owned(), &[AgentMismatch]),
    ("another human", |w| w.action().actor.human_principal_id = PrincipalId::parse("user:bob"), &[PrincipalMismatch]),
    ("no human named", |w| w.action().actor.human_principal_id = None, &[]),
    ("a hop for another human", |w| w.delegation("dlg-2").human_principal_id = PrincipalId::parse("user:bob"), &[PrincipalMismatch]),
    ("one level too deep", |w| w.delegation("dlg-1").max_depth = Some(0), &[DepthExceeded]),
    // When.
    ("after the end", |w| told_at(w, "11:00", "11:00"), &[DelegationExpired]),
    ("after the root's end", |w| w.delegation("dlg-1").expires_at = at("09:00"), &[DelegationExpired]),
    ("before the start", |w| told_at(w, "08:29", "08:30"), &[DelegationNotYetValid]),
    ("before a later start", |w| w.delegation("dlg-1").not_before = Some(at("09:01")), &[DelegationNotYetValid]),
    ("recorded late", |w| told_at(w, "09:00", "09:06"), &[RecordedLate]),
    ("in the future", |w| told_at(w, "09:01", "09:00"), &[ClockSkew]),
    ("synthetic times", |w| (told_at(w, "09:00", "12:30"), w.action().is_time_synthetic = true).1, &[]),
    ("synthetic times past the end", |w| (told_at(w, "11:30", "11:30"), w.action().is_time_synthetic = true).1, &[DelegationExpired]),
    ("recorded after the end", |w| told_at(w, "10:59", "11:01"), &[ValidityUnproven]),
    ("recorded after the end, the other side agrees", |w| (told_at(w, "10:59", "11:01"), w.before.push(late_leg("10:58"))).1, &[]),
    (
        "recorded after the end, so does the other side",
        |w| (told_at(w, "10:59", "11:01"), w.before.push(late_leg("11:00"))).1,
        &[ValidityUnproven],
    ),
    ("recorded after the end, begun before it", |w| (told_at(w, "10:59", "11:01"), w.before.push(status(OutcomeStatus::Started))).1, &[]),
    (
        "recorded after the end, asked before it",
        |w| (told_at(w, "10:59", "11:01"), w.before.push(status(OutcomeStatus::Requested))).1,
        &[ValidityUnproven],
    ),
    ("revoked", |w| w.before.push(revoked("dlg-2", "09:00", false)), &[DelegationRevoked]),
    ("revoked later", |w| w.before.push(revoked("dlg-2", "09:30", false)), &[]),
    (
        "said to be before a revocation",
        |w| (told_at(w, "09:00", "09:04"), w.before.push(revoked("dlg-2", "09:02", true))).1,
        &[ValidityUnproven],
    ),
    ("an ancestor revoked", |w| w.before.push(revoked("dlg-1", "08:45", true)), &[DelegationRevoked]),
    ("an ancestor revoked alone", |w| w.before.push(revoked("dlg-1", "08:45", false)), &[]),
    ("an ancestor revoked alone, before it was passed on", |w| w.before.push(revoked("dlg-1", "08:15", false)), &[DelegationRevoked]),
    // What.
    ("out of scope", |w| w.delegation("dlg-2").scope = texts(&["orders:read"]), &[ScopeExceeded]),
    ("the widened part", |w| w.delegation("dlg-1").scope = texts(&["orders:read"]), &[ScopeExceeded]),
    ("a pattern holds it", |w| w.delegation("dlg-2").scope = texts(&["orders:*"]), &[]),
    ("a pattern asked for", |w| w.action().required_scope = Some(texts(&["orders:refund", "orders:*"])), &[ScopeExceeded]),
    ("understated", |w| w.action().required_scope = Some(vec![]), &[ScopeUnderstated]),
    ("understated and exceeded", |w| (understated(w), w.delegation("dlg-2").scope.clear()).1, &[ScopeExceeded, ScopeUnderstated]),
    ("not stated, but catalogued", |w| w.action().required_scope = None, &[]),
    ("on the agent's word", |w| w.catalogue = "", &[ScopeUndetermined]),
    ("on nobody's word", |w| (w.catalogue = "", w.action().required_scope = None).1, &[ScopeUndetermined]),
    ("on the agent's word, and beyond", |w| (w.catalogue = "", w.delegation("dlg-2").scope.clear()).1, &[ScopeExceeded, ScopeUndetermined]),
    ("on the server's word", |w| (w.catalogue = "", w.event = by_server(refund(), "09:00")).1, &[]),
    ("on the server's earlier word", |w| (w.catalogue = "", w.before.push(by_server(server_leg(), "09:00"))).1, &[]),
    ("another resource", |w| w.action().resource = Some("user:ana".to_owned()), &[ResourceExceeded]),
    ("no resource", |w| w.action().resource = None, &[ResourceExceeded]),
    ("any resource", |w| (w.action().resource = None, no_resources(w)).1, &[]),
    ("over the limit", |w| cents(w, 15_001), &[ConstraintExceeded]),
    ("over the root's limit", |w| (cents(w, 20_001), w.delegation("dlg-2").constraints.clear()).1, &[ConstraintExceeded]),
    ("no amount stated", |w| w.action().arguments = None, &[ConstraintExceeded]),
    ("an amount in words", |w| w.action().arguments = Some(Value::object([("amount_cents", "1".into())])), &[ConstraintExceeded]),
    ("a look-up has no amount", look_up, &[]),
    ("within the day", |w| per_day(w, "act-1", OutcomeStatus::Succeeded, 2001), &[]),
    ("over the day", |w| per_day(w, "act-1", OutcomeStatus::Succeeded, 2002), &[ConstraintExceeded]),
    ("what failed is not spent", |w| per_day(w, "act-1", OutcomeStatus::Failed, 2002), &[]),
    ("itself is not spent twice", |w| per_day(w, "act-91", OutcomeStatus::Succeeded, 12_999), &[]),
    ("not in a list", |w| w.delegation("dlg-2").constraints.push(to_one_of(&["de", "at"])), &[ConstraintExceeded]),
    // What decided.
    ("no model", |w| w.action().actor.model_version = None, &[ModelVersionMissing]),
    ("an alias", |w| w.action().actor.model_version = Some("gpt-4o".to_owned()), &[ModelVersionUnfrozen]),
    ("a listed alias", |w| (w.action().actor.model_version = Some("ours".to_owned()), w.settings.frozen_models = texts(&["ours"])).1, &[]),
    ("a prompt without version", |w| w.action().actor.prompt_id = Some("refunds".to_owned()), &[PromptUnfrozen]),
    ("no prompt", |w| w.action().actor.prompt_id = None, &[PromptUnfrozen]),
    ("the server's leg after the agent's", |w| (w.before.push(w.event.clone()), w.event = by_server(server_leg(), "09:00")).1, &[]),
    ("as consented", |w| agree(w, "dlg-1", "gpt-4o-2024-08-06", &["orders.*"]), &[]),
    ("another model than consented", |w| agree(w, "dlg-1", "gpt-4.1-2025-04-14", &["orders.*"]), &[ConsentDrift]),
    ("another tool than consented", |w| agree(w, "dlg-2", "gpt-4o-2024-08-06", &["orders.read"]), &[ConsentDrift]),
    ("another policy than consented", other_policy, &[ConsentDrift]),
    ("something from outside", |w| w.action().context = Some(vec![document(DocumentOrigin::External)]), &[UntrustedSource]),
    ("something from inside", |w| w.action().context = Some(vec![document(DocumentOrigin::Internal)]), &[]),
    // What others say.
    ("another amount in another report", |w| w.before.push(by_server(another("act-91", 12_998), "09:00")), &[ReportDisagreement]),
    ("another end in another report", |w| w.before.push(status(OutcomeStatus::Failed)), &[ReportDisagreement]),
    ("no end in another report", |w| w.before.push(status(OutcomeStatus::Indeterminate)), &[]),
];

fn human(w: &mut World, reporter: CallerClass) {
    let actor = &mut w.action().actor;
    (actor.caller_class, actor.agent_id, actor.delegation_id) = (CallerClass::Human, None, None);
    (actor.model_version, actor.prompt_id) = (None, None);
    w.event.class = reporter;
}

fn service(w: &mut World, is_for_ana: bool) {
    human(w, CallerClass::Service);
    w.action().actor.caller_class = CallerClass::Service;
    if !is_for_ana {
        w.action().actor.human_principal_id = None;
    }
}

fn accountable(w: &mut World) {
    w.delegation("dlg-1").delegator = Delegator { kind: CallerClass::Service, id: "billing".to_owned() };
    w.delegation("dlg-1").accountable_person_id = PrincipalId::parse("user:bob");
}

fn told_at(w: &mut World, occurred: &str, recorded: &str) {
    (w.event.occurred_at, w.event.recorded_at) = (at(occurred), at(recorded));
}

fn late_leg(occurred: &str) -> Told {
    Told { recorded_at: at("11:00"), ..by_server(server_leg(), occurred) }
}

fn status(status: OutcomeStatus) -> Told {
    let mut action = refund();
    action.outcome.status = status;
    acted(action, "08:59")
}

fn understated(w: &mut World) {
    w.action().required_scope = Some(vec![]);
}

fn no_resources(w: &mut World) {
    w.delegation("dlg-1").resources = None;
    w.delegation("dlg-2").resources = None;
}

fn look_up(w: &mut World) {
    w.delegation("dlg-2").scope = texts(&["orders:read"]);
    let action = w.action();
    (action.name, action.required_scope, action.arguments) = ("orders.find".to_owned(), None, None);
}

fn per_day(w: &mut World, id: &str, status: OutcomeStatus, cents: u32) {
    w.delegation("dlg-1").constraints = vec![at_most(15_000, Some(Period::Day))];
    w.delegation("dlg-2").constraints = vec![at_most(15_000, Some(Period::Day))];
    let mut before = another(id, cents);
    before.outcome.status = status;
    w.before.push(acted(before, "08:59"));
}

fn to_one_of(countries: &[&str]) -> Constraint {
    let allowed = countries.iter().map(|c| Value::from(*c)).collect::<Vec<_>>();
    Constraint { argument: "/country".to_owned(), op: ConstraintOp::In, value: allowed.into(), per: None }
}

fn other_policy(w: &mut World) {
    agree(w, "dlg-1", "gpt-4o-2024-08-06", &["*"]);
    w.action().decision.policy_version = Some("p-2".to_owned());
}

const DELEGATIONS: &[Row] = &[
    ("nothing", |_| {}, &[]),
    ("a root", |w| w.event = granted(root()), &[]),
    ("a missing parent", |w| w.before.clear(), &[ChainBroken]),
    ("a circle", |w| circle(w), &[ChainBroken]),
    ("a root of an agent", |w| w.delegation("dlg-2").parent_delegation_id = None, &[ChainWithoutHuman]),
    ("a chain that ends at an agent", |w| w.delegation("dlg-1").delegator.kind = CallerClass::Agent, &[ChainWithoutHuman]),
    ("given by a stranger", |w| w.delegation("dlg-2").delegator.id = "agent:x".to_owned(), &[AgentMismatch]),
    ("given by a human over the delegate's head", |w| w.delegation("dlg-2").delegator = root().delegator, &[AgentMismatch]),
    ("for another human", |w| w.delegation("dlg-2").human_principal_id = PrincipalId::parse("user:bob"), &[PrincipalMismatch]),
    (
        "a root for somebody else",
        |w| (w.event = granted(root()), w.event_delegation().human_principal_id = PrincipalId::parse("user:bob")).1,
        &[PrincipalMismatch],
    ),
    ("more scope", |w| w.delegation("dlg-2").scope.push("orders:write".to_owned()), &[ScopeWidened]),
    ("any resource", |w| w.delegation("dlg-2").resources = None, &[ScopeWidened]),
    ("a looser bound", |w| w.delegation("dlg-2").constraints = vec![at_most(50_000, None)], &[ScopeWidened]),
    ("no bound", |w| w.delegation("dlg-2").constraints.clear(), &[ScopeWidened]),
    ("a later end", |w| w.delegation("dlg-2").expires_at = at("12:01"), &[ScopeWidened]),
    ("an earlier start", |w| w.delegation("dlg-1").not_before = Some(at("08:31")), &[ScopeWidened]),
    ("as deep as its parent", |w| w.delegation("dlg-2").max_depth = Some(1), &[ScopeWidened]),
    ("too deep", |w| w.delegation("dlg-1").max_depth = Some(0), &[DepthExceeded]),
    ("under what had ended", |w| w.delegation("dlg-1").expires_at = at("08:30"), &[DelegationExpired, ScopeWidened]),
    ("under what was revoked", |w| w.before.push(revoked("dlg-1", "08:20", false)), &[DelegationRevoked]),
    (
        "dated back before its parent's end",
        |w| (w.delegation("dlg-1").expires_at = at("08:33"), w.event.recorded_at = at("08:34")).1,
        &[ValidityUnproven, ScopeWidened],
    ),
    ("over when given", |w| w.delegation("dlg-2").expires_at = at("08:30"), &[DelegationExpired]),
    ("for two days", |w| long(w), &[DelegationOverbroad]),
    ("for two days, which are allowed", |w| (long(w), w.settings.overbroad_validity_ms = 48 * 3_600_000).1, &[]),
    (
        "a wildcard at the root",
        |w| (w.event = granted(root()), w.event_delegation().scope = texts(&["orders:*"])).1,
        &[DelegationOverbroad],
    ),
    (
        "a wildcard below it",
        |w| (w.delegation("dlg-1").scope = texts(&["orders:*"]), w.delegation("dlg-2").scope = texts(&["orders:re*"])).1,
        &[],
    ),
    (
        "writing on everything",
        |w| (no_resources(w), w.delegation("dlg-1").scope = texts(&["write"]), w.delegation("dlg-2").scope = texts(&["write"])).2,
        &[DelegationOverbroad],
    ),
    ("everything that changes", |w| (w.event = granted(root()), everything(w)).1, &[DelegationOverbroad]),
    ("recorded late", |w| w.event.recorded_at = at("08:36"), &[RecordedLate]),
    ("revoking what is not there", |w| w.event = revoked("dlg-9", "09:00", true), &[DelegationUnknown]),
    ("revoking", |w| w.event = revoked("dlg-1", "09:00", true), &[]),
    ("revoking far back", |w| (w.event = revoked("dlg-1", "08:00", true), told_at(w, "09:00", "09:00")).1, &[RecordedLate]),
];

fn circle(w: &mut World) {
    w.delegation("dlg-1").parent_delegation_id = Some(dlg("dlg-2"));
}

fn long(w: &mut World) {
    w.delegation("dlg-1").issued_at = at("08:00").plus_ms(-25 * 3_600_000).unwrap();
    w.event = granted(w.delegation("dlg-1").clone());
}

fn everything(w: &mut World) {
    w.event_delegation().scope = texts(&["orders:refund", "users:delete"]);
    w.event_delegation().resources = None;
}

impl World {
    fn event_delegation(&mut self) -> &mut Delegation {
        self.before.clear();
        self.delegation("dlg-1")
    }
}

#[track_caller]
fn check(start: fn() -> World, rows: &[Row]) -> BTreeSet<Code> {
    let mut wrong = Vec::new();
    for (name, put_wrong, expected) in rows {
        let mut world = start();
        put_wrong(&mut world);
        if world.codes() != *expected {
            wrong.push(format!("{name}: expected {expected:?}, found {:#?}", world.findings()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rows.iter().flat_map(|(_, _, codes)| codes.iter().copied()).collect()
}

#[test]
fn each_thing_put_wrong_is_found_and_nothing_else() {
    let mut found = check(World::of_refund, ACTIONS);
    found.extend(check(World::of_child, DELEGATIONS));
    // From the contents, on the worker: not this function's.
    found.insert(InfluencedByDocument);
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(found, all, "each code has a row");
}

#[test]
fn a_finding_names_the_token_the_member_and_the_hop() {
    let mut world = World::of_refund();
    world.delegation("dlg-1").scope = texts(&["orders:read"]);
    world.action().arguments = Some(Value::object([("amount_cents", 18_000_u32.into())]));
    let findings = world.findings();
    let told: Vec<_> =
        findings.iter().map(|f| (f.detail.as_str(), f.pointer.as_deref().unwrap(), f.delegation_id.as_ref().unwrap().as_str())).collect();
    assert_eq!(
        told,
        [
            ("orders:refund is not in [orders:read]", "/action/required_scope/0", "dlg-1"),
            ("/amount_cents is 18000, allowed is /amount_cents <= 15000", "/action/arguments/amount_cents", "dlg-2"),
        ]
    );
    let (verdict, reasons) = verdict_reasons(&findings);
    assert_eq!((verdict, reasons.len()), (Verdict::NotAuthorised, 2));
}

#[test]
fn what_is_widened_is_shown_by_the_smallest_example() {
    let mut world = World::of_child();
    let child = world.delegation("dlg-2");
    child.scope = texts(&["orders:*"]);
    child.constraints = vec![at_most(50_000, None)];
    let told: Vec<String> = world.findings().iter().map(|f| format!("{} {}", f.pointer.as_deref().unwrap(), f.detail)).collect();
    assert_eq!(
        told,
        [
            "/scope/0 scope: the parent holds orders:read orders:refund, this passes on orders:*; for example orders:a",
            "/constraints/0 constraint: the parent holds /amount_cents <= 20000, this passes on /amount_cents <= 50000; for example 20001",
        ]
    );
}

#[test]
fn two_reports_that_differ_are_told_by_member() {
    let mut world = World::of_refund();
    let mut other = another("act-91", 1);
    other.resource = Some("order:W1".to_owned());
    world.before.push(by_server(other, "09:00"));
    let told: Vec<String> = world.findings().iter().map(|f| f.detail.clone()).collect();
    assert_eq!(told, ["order:W5918442 here, order:W1 in evt-2 of shop (entry 2)", "[amount_cents] differ from evt-2 of shop (entry 2)"]);
}

#[test]
fn sums_of_fractions_are_not_over_the_limit_by_a_rounding() {
    let tenths = |n: f64| Some(Value::object([("amount_cents", Value::Number(n))]));
    let mut world = World::of_refund();
    let bound = Constraint { value: Value::Number(0.3), ..at_most(0, Some(Period::Day)) };
    world.delegation("dlg-1").constraints = vec![bound.clone()];
    world.delegation("dlg-2").constraints = vec![bound];
    let mut before = another("act-1", 0);
    before.arguments = tenths(0.1);
    world.before.push(acted(before, "08:59"));
    world.action().arguments = tenths(0.2);
    assert_eq!(world.codes(), []);
    world.action().arguments = tenths(0.21);
    assert_eq!(world.codes(), [ConstraintExceeded]);
}

#[test]
fn a_chain_of_64_hops_is_followed_to_its_human() {
    let mut world = World::of_refund();
    world.before = vec![granted(Delegation { max_depth: None, ..root() })];
    for level in 2..=64 {
        let mut hop = child();
        (hop.delegation_id, hop.parent_delegation_id) = (dlg(&format!("dlg-{level}")), Some(dlg(&format!("dlg-{}", level - 1))));
        hop.agent_id = AgentId::parse(&format!("agent:{level}")).unwrap();
        hop.delegator.id = if level == 2 { "agent:desk".to_owned() } else { format!("agent:{}", level - 1) };
        world.before.push(granted(hop));
    }
    world.action().actor.delegation_id = Some(dlg("dlg-64"));
    world.action().actor.agent_id = AgentId::parse("agent:64");
    assert_eq!(world.codes(), []);
    world.delegation("dlg-1").max_depth = Some(62);
    assert_eq!(world.codes(), [DepthExceeded]);
    world.delegation("dlg-33").scope.clear();
    assert_eq!(world.codes(), [ScopeExceeded, DepthExceeded]);
}
