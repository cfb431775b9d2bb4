//! What the rows that only read have in common: who may, what a row looks like, how an id stands in a path, and that what a caller
//! may not see is answered like what does not exist.

use actix_web::http::Method;

use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::tlog::position::LeafIndex;

/// Whoever may read, each as far as she sees.
pub const READERS: Access = Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::LedgerRead) };

/// What any look at the ledger can be answered with.
pub const READ_PROBLEMS: &[Code] = &[Code::NotFound, Code::UnknownParameter, Code::InvalidParameter, Code::EntryDamaged];
/// The same for lists.
pub const LIST_PROBLEMS: &[Code] =
    &[Code::NotFound, Code::UnknownParameter, Code::InvalidParameter, Code::InvalidCursor, Code::EntryDamaged];

/// A row that reads.
pub fn read_row(path: &'static str, operation_id: &'static str, handler: fn() -> actix_web::Route) -> Registered {
    let route = Route {
        method: Method::GET,
        path,
        operation_id,
        access: READERS,
        cost: Cost::Read,
        accepts: &[],
        key_rule: KeyRule::None,
        problems: READ_PROBLEMS,
    };
    Registered { route, handler }
}

/// Not there, or not the caller's to see: one answer.
pub fn not_found(what: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no such {what}, or this credential does not see it"))
}

/// The index in a path: decimal digits, no zero in front.
pub fn index_in(path: &str) -> Result<LeafIndex, Problem> {
    let is_plain = path.bytes().all(|b| b.is_ascii_digit()) && (path == "0" || !path.starts_with('0'));
    let index = path.parse().ok().filter(|_| is_plain).and_then(LeafIndex::new);
    index.ok_or_else(|| Problem::new(Code::NotFound, format!("{path:?} is no index of an entry: expected a whole number from 0")))
}
