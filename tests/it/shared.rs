//! Where the files lie that several repositories share: vectors, data. In CI they must be there; on a bare clone a test says that it was skipped.

use std::path::{Path, PathBuf};

/// The shared file or folder: below `$ONUS_SHARED`, or else beside the repository.
#[track_caller]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ONUS_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} must be there in CI", found.display());
    println!("skipped: {} is not there", found.display());
    None
}
