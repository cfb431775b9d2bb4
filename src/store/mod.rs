//! Floor 3: the SQLite files and all SQL. Narrow on purpose: append a batch if the head is still X; read entries, payloads,
//! tiles, derived rows. No SQL stands above this floor, and no rule about delegations in it.

pub mod connection;
pub mod rows;
pub mod derived;
pub mod batch;
pub mod reader;
pub mod copy;
pub mod condition;
pub mod scratch;
pub mod inspection;
pub mod comparison;
pub mod service_db;
pub mod idempotency_answers;
pub mod human_sessions;
