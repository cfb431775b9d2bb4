//! Matching scope tokens and resources against what a delegation holds (DESIGN.md section 6, last paragraph).
//!
//! A pattern ends in `*` and stands for every text that begins with what is before it. Patterns are a delegation's: a `*` in
//! what an action needs is a letter like any other, so nobody widens a grant by asking for a pattern.

/// The pattern of whoever is not limited at all.
pub const ANYTHING: &str = "*";

/// Whether `pattern` (a delegation's token or pattern) covers `token` (an action's).
pub fn covers(pattern: &str, token: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => token.starts_with(prefix),
        None => pattern == token,
    }
}

/// Whether everything that `narrow` covers is covered by `wide`; both are a delegation's.
pub fn includes(wide: &str, narrow: &str) -> bool {
    match (wide.strip_suffix('*'), narrow.strip_suffix('*')) {
        (Some(wide), Some(narrow)) => narrow.starts_with(wide),
        (None, Some(_)) => false,
        (_, None) => covers(wide, narrow),
    }
}

/// Whether one of `patterns` covers `token`.
pub fn covered_by_any(patterns: &[impl AsRef<str>], token: &str) -> bool {
    patterns.iter().any(|p| covers(p.as_ref(), token))
}

/// Whether `patterns` together cover everything that `narrow` covers. One of them must do it alone: the texts after a prefix
/// are without number, so no finite set of longer patterns adds up to a shorter one.
pub fn included_in_any(patterns: &[impl AsRef<str>], narrow: &str) -> bool {
    patterns.iter().any(|p| includes(p.as_ref(), narrow))
}

/// The shortest text that `narrow` covers and none of `patterns` does; `None` if there is none.
pub fn counter_example(patterns: &[impl AsRef<str>], narrow: &str) -> Option<String> {
    if included_in_any(patterns, narrow) {
        return None;
    }
    let Some(prefix) = narrow.strip_suffix('*') else {
        return Some(narrow.to_owned());
    };
    // A prefix that ends in a separator is no token anybody would ask for.
    let is_token = prefix.ends_with(|c: char| c.is_alphanumeric());
    if is_token && !covered_by_any(patterns, prefix) {
        return Some(prefix.to_owned());
    }
    // Each pattern that does not include `narrow` covers continuations by one letter at most, so this ends after as many
    // letters as there are patterns.
    ('a'..='z').chain('0'..='9').chain('\u{e0}'..='\u{d7ff}').map(|c| format!("{prefix}{c}")).find(|t| !covered_by_any(patterns, t))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_the_rest_on_the_delegations_side_only() {
        for (pattern, token, expected) in [
            ("orders:read", "orders:read", true),
            ("orders:read", "orders:readall", false),
            ("orders:*", "orders:read", true),
            ("orders:*", "orders:", true),
            ("orders:*", "orders", false),
            ("*", "", true),
            ("orders:read", "orders:*", false),
            ("orders:*", "orders:*", true),
            ("o*ders", "orders", false),
        ] {
            assert_eq!(covers(pattern, token), expected, "{pattern} {token}");
        }
    }

    #[test]
    fn the_counter_example_is_the_shortest_text_that_is_not_held() {
        for (held, passed_on, expected) in [
            (vec!["orders:read"], "orders:refund", Some("orders:refund")),
            (vec!["orders:read"], "orders:*", Some("orders:a")),
            (vec!["orders:a", "orders:b*"], "orders:*", Some("orders:c")),
            (vec!["order:1*"], "order:*", Some("order:a")),
            (vec!["orders:read"], "orders*", Some("orders")),
            (vec!["orders:*"], "orders:read*", None),
            (vec!["*"], "*", None),
            (vec![], "*", Some("a")),
        ] {
            assert_eq!(counter_example(&held, passed_on).as_deref(), expected, "{held:?} {passed_on}");
        }
    }

    /// The slow and obvious way: letter by letter.
    fn naive_covers(pattern: &[char], token: &[char]) -> bool {
        match (pattern, token) {
            (['*'], _) => true,
            ([], rest) => rest.is_empty(),
            ([p, ps @ ..], [t, ts @ ..]) => p == t && naive_covers(ps, ts),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn covers_agrees_with_a_naive_matcher(pattern in "[ab:]{0,3}\\*?", token in "[ab:*]{0,4}") {
            let naive = naive_covers(&pattern.chars().collect::<Vec<_>>(), &token.chars().collect::<Vec<_>>());
            prop_assert_eq!(covers(&pattern, &token), naive);
        }

        #[test]
        fn a_counter_example_is_one(held in prop::collection::vec("[ab:]{0,3}\\*?", 0..4), passed_on in "[ab:]{0,3}\\*?") {
            match counter_example(&held, &passed_on) {
                Some(example) => {
                    prop_assert!(covers(&passed_on, &example));
                    prop_assert!(!covered_by_any(&held, &example));
                }
                None => prop_assert!(included_in_any(&held, &passed_on)),
            }
        }
    }
}
