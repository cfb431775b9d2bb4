//! Onus, a delegation audit ledger: who authorised what an AI agent did, kept so that nobody has to trust the operator.
//!
//! # The map
//!
//! Folders are floors; imports go down only. `tests/architecture.rs` reads this table and fails on the first import that does
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
//! | `http` | `service`, `index`, `store`, `domain`, `tlog` | `actix_web`, `flate2`, `uuid` |
//! | `api` | `http`, `service`, `domain`, `tlog` | `actix_web` |
//! | `ui` | `http`, `service`, `domain`, `tlog` | `actix_web`, `askama`, `rust_embed` |
//! | `cli` | `ui`, `api`, `http`, `service`, `index`, `store`, `domain`, `tlog` | `clap`, `indicatif`, `ureq`, `flate2`, `actix_web`, `uuid`, `getrandom` |

pub mod tlog;
pub mod domain;
pub mod store;
pub mod index;
pub mod service;
pub mod http;
pub mod api;
pub mod ui;
pub mod cli;
