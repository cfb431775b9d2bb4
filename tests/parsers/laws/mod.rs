//! What must hold of each parser, whatever it is given: it takes a text or refuses it with a typed error, and what it takes says
//! exactly what stood there. The tests (`tests/parsers`) and the fuzz targets (`fuzz/`) both come here.

pub(crate) mod case;
pub(crate) mod dice;
mod oracle;
mod json;
mod entry;
mod plain;
mod notes;
mod proofs;
mod times;
mod events;
mod event_texts;
mod operator;
mod tokens;
mod credentials;
mod requests;

use dice::Dice;

/// What a parser made of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A value.
    Taken,
    /// A typed error, or `None`.
    Refused,
}

impl Verdict {
    /// Taken if there is a value.
    pub(crate) const fn of(is_taken: bool) -> Self {
        if is_taken { Self::Taken } else { Self::Refused }
    }
}

/// One parser and what is asked of it.
pub(crate) struct Parser {
    /// Of its harness and its fuzz target.
    pub(crate) name: &'static str,
    /// Gives a text to the parser and panics if the law does not hold.
    pub(crate) law: fn(&[u8]) -> Verdict,
    /// A text that must be taken.
    pub(crate) text: fn(&mut Dice<'_>) -> Vec<u8>,
    /// Fewest of ten thousand texts that must be refused. Low where nearly every text is good.
    pub(crate) least_refused: u32,
}

const fn row(name: &'static str, law: fn(&[u8]) -> Verdict, text: fn(&mut Dice<'_>) -> Vec<u8>, least_refused: u32) -> Parser {
    Parser { name, law, text, least_refused }
}

/// Every parser that reads what comes from outside.
pub(crate) const PARSERS: &[Parser] = &[
    row("json", json::law, json::text, 1_500),
    row("json_members", json::members_law, json::members_text, 1_500),
    row("entry", entry::law, entry::text, 3_000),
    row("disclosure", entry::disclosure_law, entry::disclosure_text, 3_000),
    row("member_name", plain::member_name_law, plain::member_name_text, 1_500),
    row("decimal", plain::decimal_law, plain::decimal_text, 1_500),
    row("time", times::law, times::text, 2_000),
    row("entry_time", times::entry_law, times::entry_text, 2_500),
    row("hash", plain::hash_law, plain::hash_text, 2_500),
    row("words", plain::words_law, plain::words_text, 3_000),
    row("note", notes::law, notes::text, 2_000),
    row("signature_line", notes::line_law, notes::line_text, 2_000),
    row("checkpoint", notes::checkpoint_law, notes::checkpoint_text, 2_500),
    row("cosignature", notes::cosignature_law, notes::cosignature_text, 2_500),
    row("tlog_proof", proofs::law, proofs::text, 2_500),
    row("witness_request", proofs::request_law, proofs::request_text, 2_500),
    row("witness_size", proofs::size_law, proofs::size_text, 2_000),
    row("vkey", notes::vkey_law, notes::vkey_text, 3_000),
    row("private_key", notes::private_key_law, notes::private_key_text, 1_000),
    row("tile_path", proofs::tile_path_law, proofs::tile_path_text, 2_000),
    row("bundle", proofs::bundle_law, proofs::bundle_text, 1_000),
    row("event", events::law, event_texts::any_event, 2_000),
    row("delegation_event", events::delegation_law, event_texts::delegation, 2_000),
    row("scope", credentials::scope_law, credentials::scope_text, 300),
    row("pointer", plain::pointer_law, plain::pointer_text, 1_000),
    row("sentence", plain::sentence_law, plain::sentence_text, 1_000),
    row("settings", operator::settings_law, operator::settings_text, 1_000),
    row("catalogue", operator::catalogue_law, operator::catalogue_text, 1_500),
    row("issuers", operator::issuers_law, operator::issuers_text, 1_500),
    row("jwks", tokens::jwks_law, tokens::jwks_text, 1_500),
    row("token", tokens::law, tokens::text, 3_000),
    row("credential_terms", credentials::terms_law, credentials::terms_text, 2_000),
    row("presented_token", credentials::presented_law, credentials::presented_text, 1_500),
    row("name_pattern", credentials::pattern_law, credentials::pattern_text, 300),
    row("ids", plain::ids_law, plain::ids_text, 300),
    row("query", requests::query_law, requests::query_text, 1_000),
    row("criteria", requests::criteria_law, requests::criteria_text, 1_500),
    row("cursor", requests::cursor_law, requests::cursor_text, 2_500),
    row("idempotency_key", requests::key_law, requests::key_text, 500),
    row("media_type", requests::media_law, requests::media_text, 1_500),
    row("receipt_wish", requests::wish_law, requests::wish_text, 1_500),
    row("accept", requests::accept_law, requests::accept_text, 1_000),
    row("high_water", proofs::mark_law, proofs::mark_text, 2_500),
];
