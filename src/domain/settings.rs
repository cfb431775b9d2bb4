//! The thresholds that assessment looks at. They are adopted as an entry, so that an old finding can be re-derived under
//! the thresholds of its day. Addresses, paths and the rest of an operator's choices are not here: no finding rests on them.

use crate::domain::event::Members;
use crate::domain::ids::MAX_ID_BYTES;
use crate::domain::toml_file::{TomlFaults, TomlReader};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;

/// Largest threshold: ten years, in milliseconds.
pub const MAX_THRESHOLD_MS: i64 = 3653 * 24 * 60 * 60 * 1000;
/// Most models that may be declared frozen.
pub const MAX_FROZEN_MODELS: usize = 1024;

const KEYS: [&str; 4] = ["overbroad_validity_ms", "recorded_late_ms", "clock_skew_ms", "frozen_models"];
/// The group under which the settings stand in the payload of `settings.adopted`.
const GROUP: &str = "/settings/";

/// What assessment is told by the operator, by way of an entry `settings.adopted`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A delegation that lives longer is `delegation_overbroad`.
    pub overbroad_validity_ms: i64,
    /// An event recorded later than this after it happened is `recorded_late`.
    pub recorded_late_ms: i64,
    /// An event that claims to have happened further in the ledger's future is `clock_skew`.
    pub clock_skew_ms: i64,
    /// Model versions that are frozen although their names do not show it.
    pub frozen_models: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            overbroad_validity_ms: 24 * 60 * 60 * 1000,
            recorded_late_ms: 5 * 60 * 1000,
            clock_skew_ms: 2 * 1000,
            frozen_models: Vec::new(),
        }
    }
}

impl Settings {
    /// From the text of `settings.toml`; what is absent keeps its default, what is unknown is refused.
    pub fn parse(text: &str) -> Result<Self, TomlFaults> {
        let (mut reader, table) = TomlReader::open(text)?;
        reader.refuse_unknown(&table, "", &KEYS);
        let default = Self::default();
        let mut threshold = |key, default| reader.integer(&table, "", key, 0..=MAX_THRESHOLD_MS).unwrap_or(default);
        let overbroad_validity_ms = threshold("overbroad_validity_ms", default.overbroad_validity_ms);
        let recorded_late_ms = threshold("recorded_late_ms", default.recorded_late_ms);
        let clock_skew_ms = threshold("clock_skew_ms", default.clock_skew_ms);
        let frozen_models = reader.texts(&table, "", "frozen_models").unwrap_or_default();
        if frozen_models.len() > MAX_FROZEN_MODELS {
            reader.fault_at(&table, "", "frozen_models", format!("more than {MAX_FROZEN_MODELS} models"));
        }
        if let Some(model) = frozen_models.iter().find(|m| !is_model_version(m)) {
            reader.fault_at(&table, "", "frozen_models", format!("{model:?} is no model version: 1 to {MAX_ID_BYTES} bytes"));
        }
        reader.finish(Self { overbroad_validity_ms, recorded_late_ms, clock_skew_ms, frozen_models })
    }

    /// As one object, each setting stated.
    pub fn to_value(&self) -> Value {
        let models = self.frozen_models.iter().map(|m| Value::from(m.as_str())).collect::<Vec<_>>();
        Value::object([
            ("overbroad_validity_ms", milliseconds(self.overbroad_validity_ms)),
            ("recorded_late_ms", milliseconds(self.recorded_late_ms)),
            ("clock_skew_ms", milliseconds(self.clock_skew_ms)),
            ("frozen_models", models.into()),
        ])
    }

    /// Inverse of [`Settings::to_value`]; a setting of a later release is passed over, an absent one has its default.
    pub fn from_value(value: &Value) -> Option<Self> {
        let default = Self::default();
        let threshold = |name: &str, default| match value.member(name) {
            None => Some(default),
            Some(Value::Number(number)) => whole_milliseconds(*number),
            Some(_) => None,
        };
        let frozen_models = match value.member("frozen_models") {
            None => Vec::new(),
            Some(Value::Array(models)) => models.iter().map(|m| m.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            Some(_) => return None,
        };
        Some(Self {
            overbroad_validity_ms: threshold("overbroad_validity_ms", default.overbroad_validity_ms)?,
            recorded_late_ms: threshold("recorded_late_ms", default.recorded_late_ms)?,
            clock_skew_ms: threshold("clock_skew_ms", default.clock_skew_ms)?,
            frozen_models,
        })
    }

    /// The members of `settings.adopted` that hold them: `/settings/recorded_late_ms`, …, and `/sha256`.
    pub fn to_members(&self) -> Members {
        let Value::Object(settings) = self.to_value() else { return Members::new() };
        let mut members: Members = settings.into_iter().map(|(name, value)| (format!("{GROUP}{name}"), value)).collect();
        members.insert("/sha256".to_owned(), self.hash().to_hex().into());
        members
    }

    /// Inverse of [`Settings::to_members`].
    pub fn from_members(members: &Members) -> Option<Self> {
        let settings = members.iter().filter_map(|(name, value)| Some((name.strip_prefix(GROUP)?.to_owned(), value.clone())));
        Self::from_value(&Value::Object(settings.collect()))
    }

    /// SHA-256 of the canonical value: the version that findings and pages name.
    pub fn hash(&self) -> DocumentHash {
        DocumentHash::of(self.to_value().to_canonical().as_bytes())
    }
}

fn is_model_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID_BYTES
}

fn milliseconds(ms: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "MAX_THRESHOLD_MS is below 2^53")]
    Value::Number(ms as f64)
}

fn whole_milliseconds(number: f64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, reason = "MAX_THRESHOLD_MS is below 2^53")]
    let is_threshold = number.fract() == 0.0 && (0.0..=MAX_THRESHOLD_MS as f64).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "whole and within MAX_THRESHOLD_MS")]
    is_threshold.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_adopted_is_read_back_the_same() {
        let text = "recorded_late_ms = 60_000\nfrozen_models = [\"our-model-a\"]\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(settings, Settings { recorded_late_ms: 60_000, frozen_models: vec!["our-model-a".into()], ..Settings::default() });
        assert_eq!(Settings::from_value(&settings.to_value()), Some(settings.clone()));
        assert_eq!(Settings::from_members(&settings.to_members()), Some(settings.clone()));
        assert_ne!(settings.hash(), Settings::default().hash());
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
    }

    #[test]
    fn every_wrong_setting_is_named() {
        let faults =
            Settings::parse("recorded_late_ms = -1\nrecorded_late = 5\nfrozen_models = [\"\"]\nclock_skew_ms = \"2s\"").unwrap_err();
        let fields: Vec<&str> = faults.0.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["recorded_late_ms", "recorded_late", "frozen_models", "clock_skew_ms"]);
    }

    #[test]
    fn a_value_that_is_no_setting_is_not_read() {
        for text in [r#"{"clock_skew_ms":"2"}"#, r#"{"clock_skew_ms":-2}"#, r#"{"clock_skew_ms":0.5}"#, r#"{"frozen_models":[1]}"#] {
            assert_eq!(Settings::from_value(&Value::parse(text.as_bytes()).unwrap()), None, "{text}");
        }
    }
}
