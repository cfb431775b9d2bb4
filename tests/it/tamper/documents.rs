//! The content-addressed store: bytes, hashes, order, and what nobody names. Documents are erasable on their own, so nothing else shows it.

use onus::service::verifier::report::CheckName::Documents;

use super::{Expected, Group, Tampering, change, naming};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "Documents",
    about: "The contents that actions name by hash, each stored once.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 6] = [
    Tampering {
        name: "the bytes of a document are edited",
        spoil: |s| named(s, "UPDATE documents SET bytes = CAST('page X' AS BLOB) WHERE CAST(bytes AS TEXT) = 'page 3'"),
    },
    Tampering {
        name: "a document is edited and put under its new hash",
        spoil: |s| {
            let hash = onus::tlog::hash::DocumentHash::of(b"page X").to_hex();
            named(
                s,
                &format!(
                    "UPDATE documents SET bytes = CAST('page X' AS BLOB), sha256 = unhex('{hash}') WHERE CAST(bytes AS TEXT) = 'page 3'"
                ),
            )
        },
    },
    Tampering { name: "a document is removed", spoil: |s| named(s, "DELETE FROM documents WHERE CAST(bytes AS TEXT) = 'page 3'") },
    Tampering {
        name: "the last document is removed",
        spoil: |s| {
            change(s, "DELETE FROM documents WHERE document_no = (SELECT max(document_no) FROM documents)");
            vec![(Documents, Some(super::last(s)))]
        },
    },
    Tampering {
        name: "a document is put in that no entry names",
        spoil: |s| {
            change(s, "INSERT INTO documents SELECT 1, max(document_no) + 1, zeroblob(32), zeroblob(1) FROM documents");
            vec![(Documents, None)]
        },
    },
    Tampering {
        name: "the bytes of two documents change places",
        spoil: |s| {
            let sql = "UPDATE documents SET bytes = CAST(CASE CAST(bytes AS TEXT) WHEN 'page 3' THEN 'page 4' ELSE 'page 3' END AS BLOB)
            WHERE CAST(bytes AS TEXT) IN ('page 3', 'page 4')";
            named(s, sql)
        },
    },
];

/// Something is done to the document `page 3`.
fn named(sample: &ClosedLedger, sql: &str) -> Vec<Expected> {
    let index = naming(sample, "page 3");
    change(sample, sql);
    vec![(Documents, Some(index))]
}
