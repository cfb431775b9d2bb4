//! Kinds of bodies: which one a request brings, and whether its sender would rather have a page than JSON.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

/// The media type of an export.
pub const SD_JWT: &str = "application/sd-jwt";

/// A kind of body that some operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/x-ndjson`: one JSON value a line.
    Ndjson,
    /// `application/x-www-form-urlencoded`: a page's form.
    Form,
}

impl MediaType {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    /// What `Content-Type` says; a charset other than UTF-8 is no kind we read.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parts = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';');
        let name = parts.next()?.trim().to_ascii_lowercase();
        let is_utf8 = parts
            .filter_map(|p| p.trim().split_once('='))
            .all(|(parameter, value)| !parameter.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8"));
        let is_json_like = name.starts_with("application/") && name.ends_with("+json");
        let kind = match name.as_str() {
            "application/json" => Self::Json,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Ndjson,
            "application/x-www-form-urlencoded" => Self::Form,
            _ if is_json_like => Self::Json,
            _ => return None,
        };
        is_utf8.then_some(kind)
    }
}

/// Whether a browser asked for a page: `text/html` is named, and no JSON is preferred to it.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    is_preferred_to_json(headers, &["text/html", "application/xhtml+xml"])
}

/// Whether plain text was asked for by name, and no JSON is preferred to it.
pub fn prefers_plain_text(headers: &HeaderMap) -> bool {
    is_preferred_to_json(headers, &["text/plain"])
}

/// Whether an export (RFC 9901) was asked for by name, and no JSON is preferred to it.
pub fn prefers_sd_jwt(headers: &HeaderMap) -> bool {
    is_preferred_to_json(headers, &[SD_JWT])
}

fn is_preferred_to_json(headers: &HeaderMap, names: &[&str]) -> bool {
    let mut wished = 0;
    let mut json = 0;
    for value in headers.get_all(ACCEPT).filter_map(|v| v.to_str().ok()) {
        for range in value.split(',') {
            let mut parts = range.split(';');
            let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = parts.filter_map(|p| p.trim().strip_prefix("q=")).find_map(per_mille).unwrap_or(1000);
            match name.as_str() {
                name if names.contains(&name) => wished = wished.max(quality),
                "application/json" | "application/problem+json" => json = json.max(quality),
                _ => {}
            }
        }
    }
    wished > json
}

/// `0.85` as 850.
fn per_mille(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.trim().split_once('.').unwrap_or((quality.trim(), ""));
    if !whole.bytes().chain(fraction.bytes()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{fraction:0<3}");
    let whole: u16 = whole.parse().ok().filter(|w| *w <= 1)?;
    Some((whole * 1000 + padded.get(..3)?.parse::<u16>().ok()?).min(1000))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(name, HeaderValue::from_static(value));
        map
    }

    #[test]
    fn only_a_browser_is_given_a_page() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/html", false),
            ("application/json;q=0.5, text/html;q=0.9", true),
            ("text/html;q=0", false),
            ("application/json;q=0.5.5, text/html;q=0.9", false),
        ] {
            assert_eq!(prefers_html(&headers(ACCEPT, accept)), expected, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn plain_text_is_given_to_whoever_names_it() {
        for (accept, expected) in
            [("text/plain", true), ("text/plain;q=0.5, application/json", false), ("text/html", false), ("*/*", false)]
        {
            assert_eq!(prefers_plain_text(&headers(ACCEPT, accept)), expected, "{accept}");
        }
    }

    #[test]
    fn bodies_are_known_by_their_name_whatever_its_case() {
        for (content_type, expected) in [
            ("application/json", Some(MediaType::Json)),
            ("Application/JSON; charset=UTF-8", Some(MediaType::Json)),
            ("application/json; charset=latin1", None),
            ("application/x-ndjson", Some(MediaType::Ndjson)),
            ("application/x-www-form-urlencoded", Some(MediaType::Form)),
            ("text/plain", None),
            ("multipart/form-data; boundary=x", None),
        ] {
            assert_eq!(MediaType::of(&headers(CONTENT_TYPE, content_type)), expected, "{content_type}");
        }
    }
}
