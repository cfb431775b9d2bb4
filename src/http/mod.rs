//! Floor 5: HTTP without endpoints. Who calls, what may be read of a request, how an answer and a refusal look, and one table
//! of routes, from which server, 405s and documents are made. It knows nothing of HTML or SQL; `api` and `ui` bring the rows.

pub mod server;
mod connection;
pub mod edge;
pub mod route;
pub mod door;
pub mod authentication;
pub mod body;
pub mod media;
pub mod query;
pub mod criteria;
pub mod blocking;
pub mod listing;
pub mod cursor;
pub mod idempotent;
pub mod envelope;
pub mod problem;
pub mod codes;
mod refusals;
pub mod request_id;

#[cfg(test)]
mod tests;
