//! Onus, a delegation audit ledger: who authorised what an AI agent did, kept so that nobody has to trust the operator.
//!
//! # The map
//!
//! Folders are floors; imports go down only. `tests/architecture/` reads this table and fails on the first import that does
//! not follow it, on a module that is missing here, and on a row that points up. A crate in the last column may be named only
//! in the rows that list it; crates that no row lists may be named anywhere.
//!
//! | module | may use | crates only it may name |
//! |---|---|---|
//! | `tlog` | | `sha2`, `hmac`, `base64`, `ed25519_dalek`, `ryu_js` |
//! | `domain` | `tlog` | `jsonwebtoken`, `toml` |
//! | `store` | `domain`, `tlog` | `rusqlite`, `refinery` |
//! | `index` | `domain`, `tlog` | `tantivy` |
//! | `service` | `index`, `store`, `domain`, `tlog` | `getrandom`, `uuid`, `subtle`, `rustix` |
//! | `http` | `service`, `index`, `store`, `domain`, `tlog` | `actix_web`, `actix_http`, `actix_service`, `flate2`, `uuid` |
//! | `api` | `http`, `service`, `domain`, `tlog` | `actix_web` |
//! | `ui` | `http`, `service`, `domain`, `tlog` | `actix_web`, `askama`, `rust_embed` |
//! | `cli` | `ui`, `api`, `http`, `service`, `index`, `store`, `domain`, `tlog` | `clap`, `indicatif`, `ureq`, `flate2`, `actix_web`, `uuid`, `getrandom` |
//!
//! # The life of an entry
//!
//! *received*: bytes at the door (`http::door` knows the caller before it reads them) → *parsed*: a `domain::event::Event`, with all
//! field errors at once → *pending*: committed to, without index or time (`service::pending::PendingEntry`, made on a worker) →
//! *sequenced + integrated*: has its index, is in the tree, durable, in one transaction (`service::pass`, `service::sequencer`) →
//! *published*: under a signed checkpoint, after it was read back through another connection (`service::publisher`); beside it
//! *indexed*: can be found (`service::follower`). Read again, it is opened against its commitment (`service::opened`), every time.
//!
//! # What there is not
//!
//! Each absence has a test.
//!
//! * No way to change or delete an entry: no function for it, and no statement (`tests/architecture`); triggers stand behind.
//! * No second writer: one thread owns the one write connection, one process the lock (`tests/architecture`, `tests/it/trouble.rs`).
//! * No override for an admin: whoever may do everything is refused by the same rules (`tests/it/entitled.rs`, `trouble.rs`).
//! * No entry without authentication: every row of the route table but the public ones asks who calls, before the body is read
//!   (`tests/it/bad_input.rs`).
//! * No secret and no payload in a program log (`tests/it/trouble.rs`).
//! * No hash computed outside `tlog`, no checkpoint signed outside the publisher (`tests/architecture`).
//! * No finding, and no attribution, that depends on a clock, on chance or on what comes later: they are pure functions over the
//!   event and the entries before it (`domain`, which may name neither).

pub mod tlog;
pub mod domain;
pub mod store;
pub mod index;
pub mod service;
pub mod http;
pub mod api;
pub mod ui;
pub mod cli;
