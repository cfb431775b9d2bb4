//! How a file of ours does as a file: whether SQLite can read every page of it. What the pages hold is `onus verify`'s business.

use std::path::Path;

use crate::store::connection::{Access, StoreError, open};

/// Most faults that one look lists.
const MAX_FAULTS: u32 = 5;

/// What is wrong with the pages of the file at `path`; nothing, if it is whole. It is only read.
pub fn page_faults(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = open(path, Access::Read)?;
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({MAX_FAULTS})"))?;
    let mut faults: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    faults.retain(|line| line != "ok");
    Ok(faults)
}
