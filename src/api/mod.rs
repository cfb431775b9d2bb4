//! Floor 6: JSON for machines. One file a subject; each brings its rows for the one table of routes. No SQL, no HTML.

use crate::http::route::Registered;

pub mod problems;
pub mod place;
pub mod recorded;
pub mod actions;
pub mod delegations;

pub mod events;
mod batch_recipe;
pub mod credentials;

pub mod listing;
pub mod criteria;
pub mod rows;
pub mod action_list;
pub mod delegation_list;
pub mod document;
pub mod parties;
pub mod search;
pub mod overview;

/// Every row of the API.
pub fn routes() -> Vec<Registered> {
    [
        actions::routes(),
        delegations::routes(),
        events::routes(),
        credentials::routes(),
        action_list::routes(),
        delegation_list::routes(),
        document::routes(),
        parties::routes(),
        search::routes(),
        overview::routes(),
    ]
    .concat()
}
