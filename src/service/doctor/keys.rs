//! The keys: whether they are there, whether they are keys, and who can read them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::service::doctor::{Remark, Subject};
use crate::service::folder::Folder;
use crate::tlog::key::SigningKey;

/// Bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The first thing that is wrong with any key, or that nothing is.
pub(super) fn judge(folder: &Folder) -> Remark {
    let owner = fs::metadata(folder.ledger_file()).map(|file| file.uid()).ok();
    // Half of the next key is no fault: the rotation that was stopped makes it again.
    let others = folder.other_log_key_files().unwrap_or_default().into_iter().filter(|key| *key != folder.next_log_key_file());
    let keys: Vec<PathBuf> = folder.key_files().into_iter().chain(others).collect();
    let wrong = keys.iter().find_map(|key| fault(folder, key, owner)).or_else(|| open_folder(folder));
    wrong.unwrap_or_else(|| Remark::well(Subject::Keys, "all four keys are there, and nobody but their owner can read them"))
}

fn fault(folder: &Folder, key: &Path, owner: Option<u32>) -> Option<Remark> {
    let path = key.display();
    let act = |says: String, remedy: String| Some(Remark::act(Subject::Keys, says, remedy));
    let file = match fs::metadata(key) {
        Ok(file) => file,
        Err(e) => return act(format!("{path}: {e}"), "put it back from a backup: the server does not start without it".to_owned()),
    };
    if file.mode() & OTHERS != 0 {
        let says = format!("{path} can be read or written by others than its owner (mode {:03o})", file.mode() & 0o777);
        return act(says, format!("chmod 600 {path}; if somebody else may have read it, treat the key as stolen"));
    }
    if let Some(owner) = owner.filter(|owner| *owner != file.uid()) {
        return act(format!("{path} belongs to user {}, and ledger.db to user {owner}", file.uid()), format!("chown {owner} {path}"));
    }
    let is_key = if key.extension().is_some_and(|extension| extension == "pem") {
        folder.read_text(key).is_ok_and(|text| text.is_some_and(|pem| SigningKey::from_pem(&pem).is_ok()))
    } else {
        folder.read_secret(key).is_ok()
    };
    if is_key { None } else { act(format!("{path} does not read as a key"), "put it back from a backup".to_owned()) }
}

fn open_folder(folder: &Folder) -> Option<Remark> {
    let keys = folder.root().join("keys");
    let mode = fs::metadata(&keys).ok()?.mode() & 0o777;
    let says = format!("{} can be looked into by others than its owner (mode {mode:03o})", keys.display());
    (mode & OTHERS != 0).then(|| Remark::act(Subject::Keys, says, format!("chmod 700 {}", keys.display())))
}
