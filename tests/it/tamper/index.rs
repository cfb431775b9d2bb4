//! The search index, through tantivy itself: an entry hidden from search, or found by what it is not.

use onus::service::verifier::report::CheckName::SearchIndex;
use tantivy::schema::TantivyDocument;
use tantivy::{Index, IndexWriter, Term};

use super::{Expected, Group, Tampering};
use crate::closed_ledger::ClosedLedger;

pub(super) const GROUP: Group = Group {
    title: "The search index",
    about: "One document for each entry, put together from the ledger alone. Only `--deep` looks at it.",
    sample: ClosedLedger::brief,
    is_evidence: true,
    is_deep: true,
    rows: &TABLE,
};

const TABLE: [Tampering; 7] = [
    Tampering { name: "an entry is hidden from search", spoil: |sample| rewrite(sample, |_, _| {}) },
    Tampering { name: "an entry is found by nothing but its index", spoil: |sample| rewrite(sample, bare) },
    Tampering { name: "an entry stands in the index twice", spoil: twice },
    Tampering {
        name: "an entry that the ledger does not have is put in",
        spoil: |sample| {
            with_index(sample, |index, writer| document(index, writer, 5000));
            vec![(SearchIndex, Some(5000))]
        },
    },
    Tampering { name: "a file of the index is cut short", spoil: cut_file },
    Tampering {
        name: "the index is exchanged for that of another ledger",
        spoil: |sample| {
            std::fs::remove_dir_all(sample.folder.index_folder()).unwrap();
            crate::closed_ledger::copy(&ClosedLedger::full().folder.index_folder(), &sample.folder.index_folder());
            vec![(SearchIndex, Some(0))]
        },
    },
    Tampering {
        name: "the index is removed",
        spoil: |sample| {
            std::fs::remove_dir_all(sample.folder.index_folder()).unwrap();
            Vec::new()
        },
    },
];

/// Removes entry 77 and puts in its place what `replace` puts there.
fn rewrite(sample: &ClosedLedger, replace: fn(&Index, &IndexWriter)) -> Vec<Expected> {
    with_index(sample, |index, writer| {
        let column = index.schema().get_field("index").unwrap();
        writer.delete_term(Term::from_field_u64(column, 77));
        replace(index, writer);
    });
    vec![(SearchIndex, Some(77))]
}

fn bare(index: &Index, writer: &IndexWriter) {
    document(index, writer, 77);
}

/// A document that says nothing but its index.
fn document(index: &Index, writer: &IndexWriter, of: u64) {
    let mut document = TantivyDocument::default();
    document.add_u64(index.schema().get_field("index").unwrap(), of);
    for time in ["time", "recorded"] {
        document.add_i64(index.schema().get_field(time).unwrap(), 0);
    }
    writer.add_document(document).unwrap();
}

fn twice(sample: &ClosedLedger) -> Vec<Expected> {
    with_index(sample, bare);
    vec![(SearchIndex, Some(77))]
}

/// With the commit's statement of its size kept, as a careful attacker would.
fn with_index(sample: &ClosedLedger, spoil: impl FnOnce(&Index, &IndexWriter)) {
    let index = Index::open_in_dir(sample.folder.index_folder()).unwrap();
    index.tokenizers().register("onus_words", tantivy::tokenizer::SimpleTokenizer::default());
    let payload = index.load_metas().unwrap().payload.unwrap();
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 20_000_000).unwrap();
    spoil(&index, &writer);
    let mut commit = writer.prepare_commit().unwrap();
    commit.set_payload(&payload);
    commit.commit().unwrap();
    writer.wait_merging_threads().unwrap();
}

fn cut_file(sample: &ClosedLedger) -> Vec<Expected> {
    let files = std::fs::read_dir(sample.folder.index_folder()).unwrap().map(|file| file.unwrap().path());
    let largest =
        files.filter(|file| file.extension().is_some_and(|e| e == "idx")).max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let bytes = std::fs::read(&largest).unwrap();
    std::fs::write(&largest, [&bytes[..bytes.len() / 2], &vec![0; bytes.len() - bytes.len() / 2]].concat()).unwrap();
    vec![(SearchIndex, None)]
}
