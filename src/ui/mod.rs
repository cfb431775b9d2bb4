//! Floor 6, for people: server-rendered pages. One page is one struct here, one template of the same name, one test.
//!
//! A page struct holds words that are ready to print: handlers format, templates print, neither decides. Text that an agent, a
//! document or a source wrote is [`untrusted::Untrusted`] all the way, so that it cannot be printed raw by oversight.

pub mod site;
pub mod session_pages;
pub mod assets;
pub mod untrusted;
pub mod words;
pub mod when;
pub mod link;
pub mod part;
pub mod sentence;
pub mod frame;
pub mod chart;
pub mod rows;
pub mod walk;
pub mod terms;
pub mod walked;
pub mod judged;
pub mod hits;
pub mod place;
pub mod address;
pub mod tree;
pub mod overview;
pub mod overview_handler;
pub mod search;
pub mod read_as;
pub mod search_handler;
pub mod action;
pub mod action_handler;
pub mod delegation;
pub mod branching;
pub mod delegation_handler;
pub mod delegations;
pub mod people;
pub mod person;
pub mod party_handler;
pub mod agent;
pub mod document;
pub mod document_handler;
pub mod entry;
pub mod entry_handler;
pub mod integrity;
pub mod integrity_handler;
pub mod signin;
pub mod help;
pub mod help_findings;
pub mod problem;
pub mod error;

use crate::http::route::Registered;

/// Every row of the pages.
pub fn routes() -> Vec<Registered> {
    [
        session_pages::routes(),
        help::routes(),
        help_findings::routes(),
        problem::routes(),
        action_handler::routes(),
        integrity_handler::routes(),
        delegations::routes(),
        people::routes(),
        party_handler::routes(),
        document_handler::routes(),
        entry_handler::routes(),
        delegation_handler::routes(),
        overview_handler::routes(),
        search_handler::routes(),
    ]
    .concat()
}
