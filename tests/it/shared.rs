//! The recorded data beside the repository. Where it is absent a test says so and passes, except in CI, where it fails.

use std::path::{Path, PathBuf};

/// `path` below `ONUS_SHARED`, else below `../shared`.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let found = std::env::var_os("ONUS_SHARED").map_or_else(beside, PathBuf::from).join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{} is absent", found.display());
    println!("skipped: {} is absent", found.display());
    None
}
