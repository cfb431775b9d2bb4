//! What every success looks like: `{"data": …, "meta": …, "request_id": …, "timestamp": …}`. There is no bare list and no answer
//! without a body.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::http::edge::RequestContext;
use crate::tlog::time::Timestamp;

/// About a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListMeta {
    /// Where the next page begins; null on the last.
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// How many there are in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether `total` is an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_is_estimate: Option<bool>,
}

/// The type of an envelope without `meta`.
pub const NO_META: Option<&()> = None;

#[derive(Serialize)]
struct Envelope<'a, D: Serialize, M: Serialize> {
    data: &'a D,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a M>,
    request_id: &'a str,
    timestamp: String,
}

/// The bytes of a success. The same arguments give the same bytes: so an answer is made again.
pub fn to_bytes<D: Serialize, M: Serialize>(data: &D, meta: Option<&M>, request_id: &str, answered_at: Timestamp) -> Vec<u8> {
    let envelope = Envelope { data, meta, request_id, timestamp: answered_at.to_millis_text() };
    serde_json::to_vec(&envelope).expect("answers have string keys and nothing that fails to serialise")
}

/// A success as an answer to `request`.
pub fn answer<D: Serialize, M: Serialize>(request: &HttpRequest, status: StatusCode, data: &D, meta: Option<&M>) -> HttpResponse {
    let context = RequestContext::of(request);
    let body = to_bytes(data, meta, &context.request_id.to_string(), context.received_at);
    HttpResponse::build(status).content_type("application/json").body(body)
}

/// 200 with `data`.
pub fn ok<D: Serialize>(request: &HttpRequest, data: &D) -> HttpResponse {
    answer(request, StatusCode::OK, data, NO_META)
}

/// 200 with a list: `data` is the list within its own name, never bare.
pub fn list<D: Serialize>(request: &HttpRequest, data: &D, meta: &ListMeta) -> HttpResponse {
    answer(request, StatusCode::OK, data, Some(meta))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_answer_is_made_again_byte_for_byte() {
        let at = Timestamp::parse_rfc3339("2026-11-24T12:00:00.123456Z").unwrap();
        let meta = ListMeta { cursor: None, has_more: false, ..ListMeta::default() };
        let bytes = to_bytes(&serde_json::json!({"actions": []}), Some(&meta), "req_1", at);
        let expected = r#"{"data":{"actions":[]},"meta":{"cursor":null,"has_more":false},"request_id":"req_1","timestamp":"2026-11-24T12:00:00.123Z"}"#;
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        assert_eq!(to_bytes(&1, NO_META, "r", at), br#"{"data":1,"request_id":"r","timestamp":"2026-11-24T12:00:00.123Z"}"#);
    }
}
