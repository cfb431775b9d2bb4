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

/// Every row of the API.
pub fn routes() -> Vec<Registered> {
    [actions::routes(), delegations::routes(), events::routes(), credentials::routes()].concat()
}
