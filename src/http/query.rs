//! The query of an address, read strictly: a parameter that is unknown or given twice is an error, because a filter that is
//! silently ignored shows an auditor something else than she asked for.

use std::ops::RangeInclusive;

use crate::http::codes::Code;
use crate::http::problem::{FieldProblem, Problem};
use crate::tlog::time::Timestamp;

/// Entries of a list unless `limit` says otherwise.
pub const DEFAULT_LIMIT: u16 = 50;
/// Most entries of a list.
pub const MAX_LIMIT: u16 = 500;
/// Most parameters of one query, and fields of one form.
const MAX_PARAMETERS: usize = 64;
/// Parameters that choose a page of a list and not what is in the list.
const PAGING: [&str; 2] = ["cursor", "limit"];

/// Parameters of a query, each known and given once. An empty value counts as absent: a page's form sends every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads what stands behind the `?`. Reports everything unknown, repeated or badly escaped at once.
    pub fn parse(raw: &str, known: &[&'static str]) -> Result<Self, Problem> {
        let all = read_pairs(raw).map_err(|message| {
            Problem::new(Code::InvalidParameter, message.clone()).with_errors(vec![FieldProblem::new("?", "escape", message)])
        })?;
        let mut unknown = Vec::new();
        let mut repeated = Vec::new();
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(all.len());
        for (name, value) in all {
            if !known.contains(&name.as_str()) {
                unknown.push(FieldProblem::new(format!("?{name}"), "unknown", advice(&name, known)).allowing(known));
            } else if pairs.iter().any(|(n, _)| *n == name) {
                repeated.push(FieldProblem::new(format!("?{name}"), "repeated", format!("{name} is given more than once")));
            } else {
                pairs.push((name, value));
            }
        }
        let code = if unknown.is_empty() { Code::InvalidParameter } else { Code::UnknownParameter };
        unknown.append(&mut repeated);
        match unknown.first() {
            None => Ok(Self { pairs: pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect() }),
            Some(first) => Err(Problem::new(code, first.message.clone()).with_errors(unknown)),
        }
    }

    /// The value of `name`, unless it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// `?limit=`: 1 to [`MAX_LIMIT`], [`DEFAULT_LIMIT`] if absent.
    pub fn limit(&self) -> Result<u16, Problem> {
        let limit = self.number("limit", 1..=u64::from(MAX_LIMIT))?.unwrap_or(u64::from(DEFAULT_LIMIT));
        Ok(u16::try_from(limit).expect("at most MAX_LIMIT"))
    }

    /// A whole number within `range`.
    pub fn number(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bounds = format!("{}..{}", range.start(), range.end());
        match text.parse().ok().filter(|number| range.contains(number) && text.bytes().all(|b| b.is_ascii_digit())) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(
                FieldProblem::new(
                    format!("?{name}"),
                    "number",
                    format!("{name} is {text:?}, expected a whole number from {} to {}", range.start(), range.end()),
                )
                .within(bounds),
            )),
        }
    }

    /// An instant: RFC 3339 with a zone. A `+` of a zone may stand unescaped.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_rfc3339(&text.replace(' ', "+"))) {
            Some(time) => Ok(Some(time)),
            None => Err(wrong(FieldProblem::new(
                format!("?{name}"),
                "time",
                format!("{name} is {text:?}, expected RFC 3339 with a zone: 2026-11-22T09:00:00Z"),
            ))),
        }
    }

    /// One of a list of words.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&'static str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        let allowed: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("{name} is {text:?}, expected one of {}", allowed.join(", "));
        Err(wrong(FieldProblem::new(format!("?{name}"), "word", message).allowing(&allowed)))
    }

    /// `true` or `false`; false if absent.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.word(name, &[("true", true), ("false", false)])?.unwrap_or(false))
    }

    /// Anything else that has a `parse`; `expected` ends the sentence "expected …".
    pub fn parsed<T>(&self, name: &str, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong_text = || wrong(FieldProblem::new(format!("?{name}"), "format", format!("{name} is {text:?}, expected {expected}")));
        parse(text).map(Some).ok_or_else(wrong_text)
    }

    /// What a cursor is bound to: every parameter but those that choose the page, in one order.
    pub(super) fn binding(&self) -> Vec<&str> {
        let mut pairs: Vec<(&str, &str)> =
            self.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).filter(|(name, _)| !PAGING.contains(name)).collect();
        pairs.sort_unstable();
        pairs.into_iter().flat_map(|(name, value)| [name, value]).collect()
    }
}

fn wrong(error: FieldProblem) -> Problem {
    Problem::new(Code::InvalidParameter, error.message.clone()).with_errors(vec![error])
}

fn advice(name: &str, known: &[&'static str]) -> String {
    let near = known.iter().map(|k| (distance(name, k), k)).min().filter(|(far, k)| *far <= 1 + k.len() / 4);
    match near {
        Some((_, nearest)) => format!("there is no parameter {name:?} here; did you mean {nearest}?"),
        None if known.is_empty() => format!("there is no parameter {name:?} here; this operation has none"),
        None => format!("there is no parameter {name:?} here; there are {}", known.join(", ")),
    }
}

/// How many characters have to be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // What is far longer than any name of ours is near none of them.
    for (i, a) in from.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// Pairs of `application/x-www-form-urlencoded`, of a query or a form; the message says what is wrong.
pub(super) fn read_pairs(raw: &str) -> Result<Vec<(String, String)>, String> {
    let pieces: Vec<&str> = raw.split('&').filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > MAX_PARAMETERS {
        return Err(format!("there are {} parameters, at most {MAX_PARAMETERS} are read", pieces.len()));
    }
    let pair = |piece: &str| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        Some((unescaped(name)?, unescaped(value)?))
    };
    pieces.into_iter().map(|p| pair(p).ok_or_else(|| "a %-escape is incomplete or is no UTF-8".to_owned())).collect()
}

/// Strict: what is no UTF-8 is refused, not replaced.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                u8::try_from(high << 4 | low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["agent_id", "limit", "cursor", "from", "outcome", "q"];

    fn refused(raw: &str) -> (Code, Vec<(String, &'static str)>) {
        let problem = Query::parse(raw, KNOWN).unwrap_err();
        (problem.code(), problem.errors().iter().map(|e| (e.path.clone(), e.code)).collect())
    }

    #[test]
    fn unknown_and_repeated_parameters_are_all_reported() {
        let (code, errors) = refused("agent=a&limit=1&limit=2&zzz=1");
        assert_eq!(code, Code::UnknownParameter);
        assert_eq!(errors, [("?agent".into(), "unknown"), ("?zzz".into(), "unknown"), ("?limit".into(), "repeated")]);
        assert_eq!(refused("limit=1&limit=1").0, Code::InvalidParameter);
        assert_eq!(refused("q=%ff").0, Code::InvalidParameter);
        assert_eq!(refused("q=%2").0, Code::InvalidParameter);
        let near = Query::parse("agentid=a", KNOWN).unwrap_err();
        assert!(near.detail().ends_with("did you mean agent_id?"), "{}", near.detail());
        assert!(Query::parse("completely_else=a", KNOWN).unwrap_err().detail().contains("there are agent_id, limit"));
    }

    #[test]
    fn values_are_typed_or_refused_with_what_was_expected() {
        let query = |raw: &str| Query::parse(raw, KNOWN).unwrap();
        assert_eq!(query("").limit().unwrap(), 50);
        assert_eq!(query("limit=").limit().unwrap(), 50, "a form sends every field");
        assert_eq!(query("limit=500").limit().unwrap(), 500);
        for limit in ["0", "501", "-1", "+5", "1.5", "x", "99999999999999999999"] {
            let problem = query(&format!("limit={}", limit.replace('+', "%2B"))).limit().unwrap_err();
            assert_eq!(problem.errors()[0].allowed_range.as_deref(), Some("1..500"), "{limit}");
        }
        let expected = Timestamp::parse_rfc3339("2026-11-22T09:00:00Z");
        assert_eq!(query("from=2026-11-22T10:00:00%2B01:00").time("from").unwrap(), expected);
        assert_eq!(query("from=2026-11-22T10:00:00+01:00").time("from").unwrap(), expected);
        assert!(query("from=2026-11-22").time("from").is_err());
        let words = [("succeeded", 1), ("failed", 2)];
        assert_eq!(query("outcome=failed").word("outcome", &words).unwrap(), Some(2));
        assert_eq!(query("outcome=x").word("outcome", &words).unwrap_err().errors()[0].allowed_values, ["succeeded", "failed"]);
        assert_eq!(query("q=a+b%C5%BE").text("q"), Some("a bž"));
    }
}
