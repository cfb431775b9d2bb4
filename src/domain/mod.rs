//! Floor 2: the audit words. Events as types, and everything the ledger concludes from them, as pure functions: assessment,
//! attribution, the walk. It knows nothing of files, clocks, chance or HTTP.

pub mod ids;
pub mod delegation;
pub mod action;
pub mod event;
pub mod finding;
pub mod credential;
pub mod person;
