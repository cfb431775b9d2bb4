//! What every list shares: the state of the index it is taken from, its pages, what its `meta` says. The first page fixes the
//! tree size, and its cursors carry that on, so a list neither repeats nor skips an entry, and its total stays, while entries
//! arrive.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value as Json;

use crate::domain::credential::Permission;
use crate::domain::delegation::CallerClass;
use crate::http::authentication::Authenticated;
use crate::http::blocking::blocking;
use crate::http::codes::Code;
use crate::http::edge::Surroundings;
use crate::http::envelope::{ListMeta, answer};
use crate::http::problem::{FieldProblem, Problem};
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Route};
use crate::service::finder::{FindError, Finder, Found, Withheld};
use crate::service::ledger::Ledger;
use crate::tlog::position::{LeafIndex, MAX_POSITION, TreeSize};

/// Longest that a request waits for the index.
pub const MAX_INDEX_WAIT: Duration = Duration::from_secs(10);

/// What any list can be answered with.
pub const LIST_PROBLEMS: &[Code] = &[Code::UnknownParameter, Code::InvalidParameter, Code::InvalidCursor, Code::IndexBehind];
/// The same, where the path names something.
pub const ONE_PROBLEMS: &[Code] = &[Code::NotFound, Code::UnknownParameter, Code::InvalidParameter, Code::InvalidCursor, Code::IndexBehind];

/// A row of a read.
pub const fn read_route(path: &'static str, operation_id: &'static str, cost: Cost, problems: &'static [Code]) -> Route {
    Route {
        method: actix_web::http::Method::GET,
        path,
        operation_id,
        access: Access::Callers { classes: &CallerClass::ALL, permission: Some(Permission::LedgerRead) },
        cost,
        accepts: &[],
        key_rule: KeyRule::None,
        problems,
    }
}

impl From<FindError> for Problem {
    fn from(e: FindError) -> Self {
        match e {
            FindError::Index(e) => Self::failed(Code::Internal, &e),
            FindError::Read(e) => e.into(),
        }
    }
}

/// One request for a list: its parameters, and where its page begins.
pub struct Listing {
    query: Query,
    /// What cursors are bound to, beside the parameters: the operation, and what the path names.
    operation: String,
    at: Option<TreeSize>,
    /// The position within the cursor.
    after: Option<Vec<u8>>,
}

/// What a list was taken from.
#[derive(Clone, Copy, Debug)]
pub struct TakenFrom {
    at: TreeSize,
    indexed: TreeSize,
    tree: TreeSize,
}

impl TakenFrom {
    /// Among how many entries was looked.
    pub const fn at(self) -> TreeSize {
        self.at
    }

    /// How many can be searched.
    pub const fn indexed(self) -> TreeSize {
        self.indexed
    }

    /// How many there are.
    pub const fn tree(self) -> TreeSize {
        self.tree
    }
}

/// `meta` of a list.
#[derive(Debug, Serialize)]
struct FoundMeta<'a> {
    #[serde(flatten)]
    list: &'a ListMeta,
    /// Among so many entries was looked; cursors and `at=` keep it.
    at: u64,
    /// Entries of the ledger.
    tree_size: u64,
    /// Entries that can be searched.
    indexed_tree_size: u64,
    /// Hits that the ledger does not bear out: they are not shown, and count in `total`.
    withheld: Vec<Json>,
}

impl Listing {
    /// Of a request for the list `operation_id`; `named` is what its path names.
    pub fn new(request: &HttpRequest, known: &[&'static str], operation_id: &str, named: &str) -> Result<Self, Problem> {
        let query = Query::parse(request.query_string(), known)?;
        let operation = format!("{operation_id} {named}");
        let mut at = query.number("at", 1..=MAX_POSITION)?.and_then(TreeSize::new);
        let mut after = None;
        if let Some(position) = Surroundings::of(request).cursors.open(&operation, &query)? {
            let (size, rest) = position.split_first_chunk::<8>().ok_or_else(|| Problem::of(Code::InvalidCursor))?;
            at = TreeSize::new(u64::from_be_bytes(*size));
            after = Some(rest.to_vec());
        }
        Ok(Self { query, operation, at, after })
    }

    /// Of the same list at another address of ours: for cursors that lead there.
    pub fn of_address(address: &str, known: &[&'static str], operation_id: &str, named: &str) -> Result<Self, Problem> {
        let query = Query::parse(address.split_once('?').map_or("", |(_, query)| query), known)?;
        Ok(Self { query, operation: format!("{operation_id} {named}"), at: None, after: None })
    }

    /// The parameters.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// How many entries a page has.
    pub fn limit(&self) -> Result<usize, Problem> {
        self.query.limit().map(usize::from)
    }

    /// The position within the cursor, in bytes of the list's choosing.
    pub fn after(&self) -> Option<&[u8]> {
        self.after.as_deref()
    }

    /// The entry beyond which the page begins, for lists whose position is one.
    pub fn after_index(&self) -> Result<Option<LeafIndex>, Problem> {
        let read = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes).and_then(LeafIndex::new);
        self.after().map(|bytes| read(bytes).ok_or_else(|| Problem::of(Code::InvalidCursor))).transpose()
    }

    /// Waits for the index as far as the request demands, then finds on a thread that may wait for a disk.
    pub async fn find<T: Send + 'static>(
        &self,
        ledger: web::Data<Ledger>,
        caller: &Authenticated,
        work: impl FnOnce(&Finder<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, TakenFrom), Problem> {
        if let Some(at) = self.at.filter(|at| *at > ledger.size()) {
            let range = format!("1..{}", ledger.size());
            let message = format!("at is {at}, and the ledger has {} entries", ledger.size());
            return Err(Problem::new(Code::InvalidParameter, message.clone())
                .with_errors(vec![FieldProblem::new("?at", "number", message).within(range)]));
        }
        let least = self.query.number("min_tree_size", 0..=MAX_POSITION)?.and_then(TreeSize::new);
        wait_for_index(&ledger, least.max(self.at).unwrap_or(TreeSize::ZERO)).await?;
        let (sight, at) = (caller.sight(), self.at);
        blocking(move || {
            let finder = Finder::new(&ledger, &sight, at);
            let found = work(&finder)?;
            Ok((found, TakenFrom { at: finder.at(), indexed: finder.indexed(), tree: ledger.size() }))
        })
        .await
    }

    /// The cursor of the page that begins at `next`.
    pub fn cursor(&self, request: &HttpRequest, from: TakenFrom, next: &[u8]) -> String {
        let position = [&from.at.get().to_be_bytes()[..], next].concat();
        Surroundings::of(request).cursors.seal(&self.operation, &self.query, &position)
    }

    /// The answer; `next` is the position at which the next page begins, if there is one.
    pub fn answer<D: Serialize>(&self, request: &HttpRequest, data: &D, from: TakenFrom, page: &PageEnd<'_>) -> HttpResponse {
        let cursor = page.next.as_deref().map(|next| self.cursor(request, from, next));
        let is_estimate = page.total.map(|_| page.is_total_estimate);
        let list = ListMeta { has_more: cursor.is_some(), cursor, total: page.total, total_is_estimate: is_estimate };
        let withheld = page.withheld.iter().map(|w| serde_json::json!({ "index": w.index.get(), "reason": w.reason.as_str() })).collect();
        let meta =
            FoundMeta { list: &list, at: from.at.get(), tree_size: from.tree.get(), indexed_tree_size: from.indexed.get(), withheld };
        answer(request, StatusCode::OK, data, Some(&meta))
    }
}

/// How a page ends.
#[derive(Clone, Debug, Default)]
pub struct PageEnd<'p> {
    /// Where the next one begins, if there is one.
    pub next: Option<Vec<u8>>,
    /// How many entries all pages have.
    pub total: Option<u64>,
    /// Whether that is the most there can be, and not exact.
    pub is_total_estimate: bool,
    /// Hits that are not shown.
    pub withheld: &'p [Withheld],
}

impl<'p> PageEnd<'p> {
    /// Of a page whose position is its last entry.
    pub fn of(found: &'p Found, total: u64) -> Self {
        let next = found.last.filter(|_| found.has_more).map(|last| last.get().to_be_bytes().to_vec());
        Self { next, total: Some(total), is_total_estimate: false, withheld: &found.withheld }
    }
}

async fn wait_for_index(ledger: &Ledger, size: TreeSize) -> Result<(), Problem> {
    if ledger.indexed() >= size {
        return Ok(());
    }
    match tokio::time::timeout(MAX_INDEX_WAIT, ledger.wait_indexed(size)).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => {
            Err(Problem::new(Code::IndexBehind, format!("the index holds {} of the {size} entries that were asked for", ledger.indexed())))
        }
    }
}
