//! A refusal as the server words it: `application/problem+json` (RFC 9457) with the members of API.md.

use std::fmt;

use serde::Deserialize;

/// A refusal. Members that a server leaves out are empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Problem {
    /// HTTP's number for it.
    pub status: u16,
    /// The name that never changes: `validation_failed`.
    pub code: String,
    /// The code in words.
    pub title: String,
    /// What was expected, what came.
    pub detail: String,
    /// What to do; the server's own static text.
    pub suggestion: String,
    /// Whether the identical request may succeed later.
    pub retryable: bool,
    /// When to try again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// Field by field.
    pub errors: Vec<FieldError>,
    /// To be quoted to the operator.
    pub request_id: String,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct FieldError {
    /// JSON Pointer to it.
    pub path: String,
    /// The name that never changes: `required`.
    pub code: String,
    /// In words.
    pub message: String,
}

impl fmt::Display for Problem {
    /// One line: `422 validation_failed: detail [/actor: required, …]. Suggestion (request req_1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = if self.detail.is_empty() { &self.title } else { &self.detail };
        write!(f, "{} {}: {said}", self.status, self.code)?;
        for (i, error) in self.errors.iter().enumerate() {
            write!(f, "{}{} {}: {}", if i == 0 { " [" } else { "; " }, error.path, error.code, error.message)?;
        }
        if !self.errors.is_empty() {
            f.write_str("]")?;
        }
        if !self.suggestion.is_empty() {
            write!(f, ". {}", self.suggestion)?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request {})", self.request_id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line_with_every_field_and_the_way_out() {
        let text = r#"{"type":"/problems/validation_failed","title":"Not accepted","status":422,"detail":"2 fields are wrong","code":"validation_failed",
            "retryable":false,"retry_after_seconds":null,"suggestion":"Correct the fields.","recovery_actions":["fix_request"],"request_id":"req_1",
            "errors":[{"path":"/actor","code":"required","message":"missing"},{"path":"/type","code":"unknown","message":"?","allowed_values":["x"]}]}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!(
            problem.to_string(),
            "422 validation_failed: 2 fields are wrong [/actor required: missing; /type unknown: ?]. Correct the fields. (request req_1)"
        );
    }
}
