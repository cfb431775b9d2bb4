//! Whether the name of a model or a prompt will mean the same next month (DESIGN.md section 6).
//!
//! `gpt-4o-2024-08-06` will, `gpt-4o` will not: an alias says which model was asked for, not which one decided.

use std::sync::Arc;

use crate::domain::action::{Action, Actor};
use crate::domain::assessment::quoted;
use crate::domain::finding::{Code, Finding};
use crate::domain::past::Recorded;
use crate::domain::settings::Settings;

/// Digits of a SHA-256 in hexadecimal.
const SHA256_DIGITS: usize = 64;
/// Fewest hexadecimal digits that pass for a digest behind `@` or `:`.
const MIN_DIGEST_DIGITS: usize = 32;

/// Whether a model's version names one build for ever: it ends in a date or a three-digit build, is or ends in a digest, or
/// the operator lists it.
pub fn is_model_frozen(version: &str, frozen_models: &[String]) -> bool {
    let last = version.rsplit(['-', '_', '@', ':', '.', '/']).next().unwrap_or(version);
    frozen_models.iter().any(|m| m == version) || ends_in_dashed_date(version) || is_dated_or_built(version, last) || is_digest(last)
}

/// Whether a prompt is named so that its text cannot change under the name.
pub fn is_prompt_frozen(prompt_id: Option<&str>, prompt_sha256: Option<&str>) -> bool {
    let is_versioned = |id: &str| id.rsplit_once('@').is_some_and(|(name, version)| !name.is_empty() && is_pinned(version));
    prompt_sha256.is_some() || prompt_id.is_some_and(|id| is_hex(id, SHA256_DIGITS) || is_versioned(id))
}

/// Findings about the model and the prompt of an agent's action. What an earlier report of the action states is stated: a
/// resource server cannot know which model called it.
pub(crate) fn assess_frozen(action: &Action, earlier: &[Arc<Recorded<Action>>], settings: &Settings) -> Vec<Finding> {
    let actor = &action.actor;
    let is_stated_before = |states: fn(&Actor) -> bool| earlier.iter().any(|r| states(&r.what.actor));
    let mut findings = Vec::new();
    match &actor.model_version {
        Some(version) if !is_model_frozen(version, &settings.frozen_models) => {
            let detail = format!("{} is an alias: it may mean another model tomorrow", quoted(version));
            findings.push(Finding::new(Code::ModelVersionUnfrozen, detail).at("/actor/model_version"));
        }
        None if !is_stated_before(|a| a.model_version.is_some()) => {
            findings.push(Finding::new(Code::ModelVersionMissing, "no model is stated").at("/actor/model_version"));
        }
        _ => {}
    }
    let is_prompt_unfrozen = !is_prompt_frozen(actor.prompt_id.as_deref(), actor.prompt_sha256.as_deref());
    match &actor.prompt_id {
        Some(id) if is_prompt_unfrozen => {
            let detail = format!("{} has neither @version nor prompt_sha256: its text may change", quoted(id));
            findings.push(Finding::new(Code::PromptUnfrozen, detail).at("/actor/prompt_id"));
        }
        // What is absent is told, too: a prompt that nobody names is certainly not pinned.
        None if is_prompt_unfrozen && !is_stated_before(|a| a.prompt_id.is_some() || a.prompt_sha256.is_some()) => {
            findings.push(Finding::new(Code::PromptUnfrozen, "no prompt is stated").at("/actor/prompt_id"));
        }
        _ => {}
    }
    findings
}

/// `…-2024-08-06`, or that alone.
fn ends_in_dashed_date(version: &str) -> bool {
    let Some(start) = version.len().checked_sub("YYYY-MM-DD".len()) else { return false };
    let (Some(before), Some(date)) = (version.get(..start), version.get(start..)) else { return false };
    let is_apart = !before.ends_with(|c: char| c.is_ascii_digit());
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let is_shaped = date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    is_apart && is_shaped && is_year(year.unwrap_or("")) && is_month_day(month.unwrap_or(""), day.unwrap_or(""))
}

/// `20241022`, `0125` or `001` behind a separator. A name that is nothing but digits is no name with a version.
fn is_dated_or_built(version: &str, last: &str) -> bool {
    if last.len() == version.len() || !last.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    match last.len() {
        3 => true,
        4 => is_month_day(&last[..2], &last[2..]),
        8 => is_year(&last[..4]) && is_month_day(&last[4..6], &last[6..]),
        _ => false,
    }
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && (text.starts_with("19") || text.starts_with("20"))
}

fn is_month_day(month: &str, day: &str) -> bool {
    let within = |text: &str, most: u8| text.len() == 2 && text.parse::<u8>().is_ok_and(|n| (1..=most).contains(&n));
    within(month, 12) && within(day, 31)
}

fn is_digest(text: &str) -> bool {
    text.len() >= MIN_DIGEST_DIGITS && is_hex(text, text.len())
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `@latest` is an alias that looks like a version.
fn is_pinned(version: &str) -> bool {
    const MOVING: [&str; 7] = ["latest", "current", "stable", "main", "master", "head", "prod"];
    !version.is_empty() && MOVING.iter().all(|moving| !version.eq_ignore_ascii_case(moving))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_frozen_if_its_name_ends_in_a_date_a_build_or_a_digest() {
        let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for frozen in [
            "gpt-4o-2024-08-06",
            "claude-3-5-sonnet-20241022",
            "anthropic/claude-3-5-sonnet@20241022",
            "gpt-3.5-turbo-0125",
            "gemini-1.5-pro-001",
            "2024-08-06",
            digest,
            &digest[7..],
            "llama3@9f86d081884c7d659a2feaa0c55ad015",
            "house-model",
        ] {
            assert!(is_model_frozen(frozen, &["house-model".to_owned()]), "{frozen}");
        }
        for alias in [
            "gpt-4o",
            "gpt-4o-latest",
            "claude-sonnet-4-5",
            "gpt-4-turbo-1399",
            "x-2024-13-06",
            "x-12024-08-06",
            "llama-70",
            "mixtral-12345",
            "0125",
            "gpt-4-3200",
            "model-20249999",
            "modèle-é",
            "",
        ] {
            assert!(!is_model_frozen(alias, &[]), "{alias}");
        }
    }

    #[test]
    fn a_prompt_is_frozen_by_hash_or_version() {
        let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (id, hash, expected) in [
            (Some("refunds@v17"), None, true),
            (Some(sha256), None, true),
            (Some("refunds"), Some(sha256), true),
            (None, Some(sha256), true),
            (Some("refunds"), None, false),
            (Some("refunds@"), None, false),
            (Some("@v17"), None, false),
            (Some("refunds@latest"), None, false),
            (None, None, false),
        ] {
            assert_eq!(is_prompt_frozen(id, hash), expected, "{id:?} {hash:?}");
        }
    }
}
