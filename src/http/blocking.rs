//! Work that may wait for a disk, done away from the threads that answer others.

use actix_web::web;

use crate::http::codes::Code;
use crate::http::problem::Problem;

/// Runs what may wait for a disk away from the thread that answers others.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    match web::block(work).await {
        Ok(result) => result,
        Err(gone) => Err(Problem::failed(Code::Internal, &gone)),
    }
}
