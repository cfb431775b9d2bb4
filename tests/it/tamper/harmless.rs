//! What is no evidence, or takes none away: verification passes, and says what it did not look at.

use std::path::PathBuf;

use super::{Expected, Group, Tampering, change, connect_guarded};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "What is no evidence, or takes none away",
    about: "Nothing that the ledger says of the past is changed by these. Verification passes, and its report says what it did not look at.",
    sample: ClosedLedger::brief,
    is_evidence: false,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 13] = [
    Tampering {
        name: "`service.db`: a session is put in",
        spoil: |s| {
            onus::store::service_db::ServiceDb::open(&s.folder.service_file()).unwrap();
            let session = "INSERT INTO sessions (cookie_hash, principal_id, display_name, roles, created_at, expires_at)
                VALUES (zeroblob(32), 'user:mallory@example.com', 'Mallory', 'auditor', 0, 9000000000000000)";
            connect_guarded(&s.folder.service_file()).execute(session, []).unwrap();
            Vec::new()
        },
    },
    Tampering { name: "`service.db` is no file of SQLite any more", spoil: |s| write(s.folder.service_file()) },
    Tampering {
        name: "`service.db` is removed",
        spoil: |s| {
            // It is made when the ledger is first served.
            let _ = std::fs::remove_file(s.folder.service_file());
            Vec::new()
        },
    },
    Tampering {
        name: "`keys/log.pem` is exchanged",
        spoil: |s| {
            std::fs::copy(ClosedLedger::empty().folder.log_key_file(), s.folder.log_key_file()).unwrap();
            Vec::new()
        },
    },
    Tampering { name: "`keys/export.pem` is no key any more", spoil: |s| write(s.folder.export_key_file()) },
    Tampering { name: "`keys/secret.key` is no key any more", spoil: |s| write(s.folder.secret_key_file()) },
    Tampering { name: "`actions.toml` is edited", spoil: |s| write(s.folder.catalogue_file()) },
    Tampering { name: "`settings.toml` is put in", spoil: |s| write(s.folder.settings_file()) },
    Tampering {
        name: "refinery_schema_history.applied_on: when the file was made",
        spoil: |s| {
            change(s, "UPDATE refinery_schema_history SET applied_on = '1999-12-31T23:59:59Z'");
            Vec::new()
        },
    },
    Tampering {
        name: "the triggers that refuse to change or delete entries are dropped",
        spoil: |s| {
            connect_guarded(&s.folder.ledger_file()).execute_batch(super::DROP_GUARDS).unwrap();
            Vec::new()
        },
    },
    Tampering {
        name: "a checkpoint in the middle is removed: the next one says as much",
        spoil: |s| {
            let middle = super::stored_checkpoints(s)[1].0;
            change(s, &format!("DELETE FROM checkpoints WHERE tree_size = {middle}"));
            Vec::new()
        },
    },
    Tampering {
        name: "the mark is removed",
        spoil: |s| {
            std::fs::remove_file(s.folder.default_mark_file()).unwrap();
            Vec::new()
        },
    },
    Tampering {
        name: "the mark is set back to an earlier one that was true",
        spoil: |s| {
            let (size, note) = super::stored_checkpoints(s).remove(1);
            let root = onus::tlog::hash::RootHash::parse_base64(note.lines().nth(2).unwrap()).unwrap();
            std::fs::write(s.folder.default_mark_file(), format!("onus-high-water/v1\nledger.example/acme\n{size:016}\n{root}\n")).unwrap();
            Vec::new()
        },
    },
];

fn write(path: PathBuf) -> Vec<Expected> {
    std::fs::write(path, "something else").unwrap();
    Vec::new()
}
