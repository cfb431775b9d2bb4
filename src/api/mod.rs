//! Floor 6: JSON for machines. One file a subject; each brings its rows for the one table of routes. No SQL, no HTML.

use crate::http::route::Registered;

pub mod problems;
pub mod place;
pub mod recorded;
pub mod actions;
pub mod delegations;
pub mod revocations;
pub mod events;
mod batch_recipe;
pub mod credentials;

pub mod reading;
pub mod walks;
pub mod walk_json;
pub mod delegation_reads;
pub mod entries;
pub mod exports;
pub mod proofs;
pub mod log;
pub mod caller;
pub mod health;
pub mod rows;
pub mod action_list;
pub mod delegation_list;
pub mod document;
pub mod parties;
pub mod search;
pub mod overview;
pub mod page_json;

/// Every row of the API.
pub fn routes() -> Vec<Registered> {
    let mut rows = [
        actions::routes(),
        delegations::routes(),
        revocations::routes(),
        events::routes(),
        credentials::routes(),
        walks::routes(),
        delegation_reads::routes(),
        entries::routes(),
        exports::routes(),
        proofs::routes(),
        log::routes(),
        caller::routes(),
        health::routes(),
        action_list::routes(),
        delegation_list::routes(),
        document::routes(),
        parties::routes(),
        search::routes(),
        overview::routes(),
    ]
    .concat();
    rows.extend(page_json::routes(&rows));
    rows
}
