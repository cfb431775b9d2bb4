//! The content-addressed store against the entries: every content that an entry names is there, is what its hash says and as long
//! as the entry says, and nothing lies there that no entry names. It holds one line in memory for each distinct document.

use std::collections::HashMap;

use crate::service::verifier::entry::NamedContent;
use crate::service::verifier::report::{CheckName, Place};
use crate::service::verifier::tally::Tally;
use crate::store::connection::StoreError;
use crate::store::inspection::StoredDocument;
use crate::store::rows::Rows;
use crate::tlog::hash::{DocumentHash, to_hex};
use crate::tlog::position::LeafIndex;

/// The contents that entries name.
#[derive(Default)]
pub(super) struct NamedDocuments {
    by_hash: HashMap<DocumentHash, Naming>,
}

struct Naming {
    first: LeafIndex,
    bytes: Option<u64>,
    is_there: bool,
}

impl NamedDocuments {
    /// The contents that an entry names; entries come in order.
    pub(super) fn add(&mut self, index: LeafIndex, contents: &[NamedContent]) {
        for content in contents {
            let naming = Naming { first: index, bytes: content.bytes, is_there: false };
            self.by_hash.entry(content.hash).or_insert(naming);
        }
    }

    /// Compares with what is stored. If not every payload was opened, what nobody seems to name may be named there.
    pub(super) fn finish(mut self, rows: Rows<'_>, is_all_opened: bool) -> Result<Tally, StoreError> {
        let mut tally = Tally::new(CheckName::Documents, self.by_hash.len() as u64);
        let mut order = Order::default();
        rows.each_document(|document| {
            self.compare(&document, is_all_opened, &mut order, &mut tally);
            Ok::<_, StoreError>(())
        })?;
        if rows.count_all_documents()? != order.rows {
            tally.blame(Place::Ledger, "there are documents of another ledger");
        }
        if !is_all_opened {
            tally.cannot_tell("not every payload can be opened, so not everything that entries name is known");
        }
        for (hash, naming) in self.by_hash.iter().filter(|(_, naming)| !naming.is_there) {
            tally.wrong_at(naming.first, format!("the document {} that it names is lost", hash.to_hex()));
        }
        Ok(tally)
    }

    fn compare(&mut self, document: &StoredDocument<'_>, is_all_opened: bool, order: &mut Order, tally: &mut Tally) {
        let is_next = document.number == order.next_number();
        order.rows += 1;
        let known = <[u8; 32]>::try_from(document.sha256).ok().map(DocumentHash::from_bytes);
        let Some(naming) = known.as_ref().and_then(|hash| self.by_hash.get_mut(hash)) else {
            let hash = to_hex(document.sha256);
            return if is_all_opened {
                tally.blame(Place::Ledger, format!("the document {hash} is named by no entry"));
            } else {
                tally.cannot_tell(format!("the document {hash} is named by no entry that can be read"));
            };
        };
        naming.is_there = true;
        let found = DocumentHash::of(document.bytes);
        let length = document.bytes.len() as u64;
        if known != Some(found) {
            tally.wrong_at(naming.first, format!("the document {} that it names has the hash {}", to_hex(document.sha256), found.to_hex()));
        } else if naming.bytes.is_some_and(|stated| stated != length) {
            tally.wrong_at(naming.first, format!("the document {} that it names has {length} bytes", found.to_hex()));
        } else if !is_next || order.last_named.is_some_and(|last| naming.first < last) {
            tally.wrong_at(naming.first, format!("the document {} stands at number {}, out of its order", found.to_hex(), document.number));
        } else {
            tally.right();
        }
        order.last_named = order.last_named.max(Some(naming.first));
    }
}

/// Documents are numbered in the order in which entries first name them.
#[derive(Default)]
struct Order {
    rows: u64,
    last_named: Option<LeafIndex>,
}

impl Order {
    fn next_number(&self) -> i64 {
        i64::try_from(self.rows).unwrap_or(i64::MAX)
    }
}
