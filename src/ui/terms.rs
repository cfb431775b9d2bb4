//! The terms of a delegation, how it stands and how it is proved, put into words. What they mean is decided below.

use crate::domain::bound;
use crate::domain::delegation::{CallerClass, Delegation, Delegator, Evidence};
use crate::domain::ids::Source;
use crate::domain::narrowing::{Change, Narrowing, Term, start_of};
use crate::domain::standing::Standing;
use crate::tlog::time::Timestamp;
use crate::ui::delegation::Hop;
use crate::ui::part::{Badge, Named, Tone};
use crate::ui::sentence::{Fact, Sentence};
use crate::ui::when::{When, Zone};
use crate::ui::words;

/// Tokens of one scope that are listed; how many more there are is said.
const MAX_LISTED: usize = 40;

/// Scope, resources, limits, time and depth.
pub fn facts(terms: &Delegation, zone: Zone, is_time_synthetic: bool) -> Vec<Fact> {
    let limits: Vec<String> = terms.constraints.iter().map(bound::in_words).collect();
    let mut facts = vec![
        Fact::new("Scope", tokens(&terms.scope, "nothing")),
        Fact::new("Resources", terms.resources.as_ref().map_or_else(|| "any".into(), |patterns| tokens(patterns, "none"))),
        Fact::new("Limits", tokens(&limits, "none")),
        Fact::new("Time", period(start_of(terms), terms.expires_at, zone, is_time_synthetic)),
        Fact::new("May pass on", depth(terms.max_depth)),
    ];
    facts.extend(terms.instance_id.as_ref().map(|run| Fact::new("For one run only", Sentence::default().code(run.as_str()))));
    let details = terms.authorization_details.as_ref();
    facts.extend(details.map(|details| Fact::new("Details (RFC 9396)", Sentence::default().code(details.to_canonical()))));
    facts.extend(consented(terms));
    facts
}

fn depth(max_depth: Option<u32>) -> String {
    match max_depth {
        None => "yes, as often as its holders want".to_owned(),
        Some(0) => "no".to_owned(),
        Some(levels) => format!("yes, {}", words::counted(levels.into(), "level", "levels")),
    }
}

fn consented(terms: &Delegation) -> Option<Fact> {
    let consent = terms.consent.as_ref()?;
    let mut parts = Vec::new();
    for (what, version) in [("model ", &consent.model_version), ("prompt ", &consent.prompt_id), ("policy ", &consent.policy_version)] {
        parts.extend(version.as_ref().map(|version| Sentence::new(what).code(version.as_str())));
    }
    parts.extend(consent.tools.as_ref().map(|tools| Sentence::new("tools ").sentence(tokens(tools, "none"))));
    Some(Fact::new("Agreed to", joined(parts, ", ")))
}

/// From when to when, or that a recording holds no times.
pub fn period(from: Timestamp, until: Timestamp, zone: Zone, is_time_synthetic: bool) -> Sentence {
    if is_time_synthetic {
        return "time not recorded".into();
    }
    Sentence::default().time(When::of(from, zone)).words(" to ").time(When::of(until, zone))
}

/// Tokens one after the other.
pub fn tokens(tokens: &[String], none: &'static str) -> Sentence {
    if tokens.is_empty() {
        return none.into();
    }
    let listed = joined(tokens.iter().take(MAX_LISTED).map(|token| Sentence::default().code(token.as_str())).collect(), " ");
    match tokens.len().checked_sub(MAX_LISTED) {
        None | Some(0) => listed,
        Some(more) => listed.words(format!(" and {more} more")),
    }
}

/// Sentences one after the other.
pub fn joined(parts: Vec<Sentence>, between: &'static str) -> Sentence {
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |whole, part| whole.words(between).sentence(part))
}

/// How well a delegation is proved.
pub fn evidence(evidence: Evidence, source: &Source) -> Sentence {
    match evidence {
        Evidence::Asserted => Sentence::new("On the word of ").name(Named::plain(source.as_str())).words(" alone"),
        Evidence::Signed => "Signed with the delegator\u{2019}s registered key".into(),
        Evidence::Token => "By a token, verified against its issuer\u{2019}s keys".into(),
        Evidence::Human => "Given by the person herself, signed in here".into(),
    }
}

/// Who gave it.
pub fn delegator(giver: &Delegator) -> Named {
    Named::of(giver.kind, &giver.id)
}

/// Who answers for a root that a service gave.
pub fn accountable(terms: &Delegation) -> Option<Fact> {
    let person = terms.accountable_person_id.as_ref().filter(|_| terms.delegator.kind == CallerClass::Service)?;
    Some(Fact::new("Answers for it", Named::person(person.as_str())))
}

/// The word and the colour of a standing.
pub fn standing_badge(standing: &Standing) -> Badge {
    let (tone, word, _) = standing_words(standing);
    Badge::new(tone, word)
}

/// Tone, word in capitals, and as a heading.
pub const fn standing_words(standing: &Standing) -> (Tone, &'static str, &'static str) {
    match standing {
        Standing::Active => (Tone::Ok, "ACTIVE", "Active"),
        Standing::NotYetValid { .. } => (Tone::Warn, "NOT YET", "Not yet in force"),
        Standing::Expired { .. } => (Tone::Unknown, "EXPIRED", "Expired"),
        Standing::Revoked { .. } => (Tone::Bad, "REVOKED", "Revoked"),
        Standing::Undetermined { .. } => (Tone::Unknown, "UNKNOWN", "Cannot be determined"),
    }
}

/// Why a delegation stands as it does; nothing to say of one that is active.
pub fn standing_cause(standing: &Standing, own_id: &str, zone: Zone) -> Option<Sentence> {
    let which = |by: &str| {
        if by == own_id { Sentence::new("It") } else { Sentence::new("Delegation ").name(Named::delegation(by)).words(" above it") }
    };
    Some(match standing {
        Standing::Active => return None,
        Standing::NotYetValid { by, from } => which(by.as_str()).words(" begins ").time(When::of(*from, zone)).words("."),
        Standing::Expired { by, at } => which(by.as_str()).words(" ran out ").time(When::of(*at, zone)).words("."),
        Standing::Revoked { by, at } => which(by.as_str()).words(" was revoked, from ").time(When::of(*at, zone)).words(" on."),
        Standing::Undetermined { missing } => {
            Sentence::new("Delegation ").code(missing.as_str()).words(" above it is not in this ledger, or the chain comes back to it.")
        }
    })
}

/// What one hop changed.
pub fn hop(who: Sentence, narrowing: &Narrowing, zone: Zone) -> Hop {
    let (removed, lowered): (Vec<&Change>, Vec<&Change>) = narrowing.removed.iter().partition(|c| c.child.is_none());
    Hop {
        who,
        removed: removed.into_iter().map(|c| change(c, zone)).collect(),
        lowered: lowered.into_iter().map(|c| change(c, zone)).collect(),
        widened: narrowing.widened.iter().map(|c| widening(c, zone)).collect(),
    }
}

/// A term that a hop took away, or made tighter.
pub fn change(change: &Change, zone: Zone) -> Sentence {
    let side = |text: &str| value(change.term, text, zone);
    let named = term(change.term);
    match (&change.parent, &change.child) {
        (Some(parent), Some(child)) => named.sentence(side(parent)).words(" → ").sentence(side(child)),
        (Some(parent), None) => named.removed(parent.as_str()),
        (None, Some(child)) => named.words("none → ").sentence(side(child)),
        (None, None) => named,
    }
}

/// A term that a hop passed on though it did not hold it.
pub fn widening(change: &Change, zone: Zone) -> Sentence {
    let side = |text: &Option<String>, none| text.as_ref().map_or_else(|| Sentence::new(none), |text| value(change.term, text, zone));
    let words = term(change.term).sentence(side(&change.parent, "none")).words(" → ").sentence(side(&change.child, "unlimited"));
    match &change.counter_example {
        Some(example) if Some(example) != change.child.as_ref() => {
            words.words(", for example ").sentence(value(change.term, example, zone))
        }
        _ => words,
    }
}

fn term(term: Term) -> Sentence {
    Sentence::new(match term {
        Term::Scope => "scope ",
        Term::Resource => "resource ",
        Term::Constraint => "limit ",
        Term::Start => "begins ",
        Term::End => "ends ",
        Term::Depth => "levels below: ",
    })
}

/// A term's value: an instant as one, anything else word for word.
fn value(term: Term, text: &str, zone: Zone) -> Sentence {
    match (term, Timestamp::parse_rfc3339(text)) {
        (Term::Start | Term::End, Some(time)) => When::of(time, zone).into(),
        (Term::Depth, _) => Sentence::new(text.trim_end_matches(" below it").to_owned()),
        _ => Sentence::default().code(text),
    }
}
