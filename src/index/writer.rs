//! The one writer of the index. What a commit states (the indexed tree size) and what it holds become visible together or not
//! at all, so whoever follows the ledger asks where to go on and never adds an entry twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::directory::MmapDirectory;
use tantivy::indexer::IndexWriterOptions;
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, IndexWriter};

use crate::index::document::IndexDocument;
use crate::index::error::IndexError;
use crate::index::folder;
use crate::index::reader::Searcher;
use crate::index::schema::{Layout, register_tokenizers};
use crate::tlog::position::TreeSize;

/// How much is gathered in memory before a segment is written, in bytes.
const HEAP_BYTES: usize = 96 << 20;

/// The owner of the index's only writer.
pub struct Indexer {
    dir: PathBuf,
    writer: IndexWriter,
    layout: Arc<Layout>,
    searcher: Arc<Searcher>,
    /// Entries below this are in the index, committed or not.
    indexed: TreeSize,
}

impl Indexer {
    /// Opens the folder for writing, makes it if it is not there, and empties it if another version wrote it. Also says how many
    /// entries are indexed: the follower goes on from there.
    pub fn open(dir: &Path) -> Result<(Self, TreeSize), IndexError> {
        folder::prepare(dir)?;
        IndexError::catch_damage(dir, || Self::open_prepared(dir))
    }

    fn open_prepared(dir: &Path) -> Result<(Self, TreeSize), IndexError> {
        let layout = Arc::new(Layout::new());
        let on_open = |error| IndexError::on_open(dir, error);
        let index = open_or_create(dir, &layout).map_err(on_open)?;
        let options = IndexWriterOptions::builder().num_worker_threads(1).num_merge_threads(1).memory_budget_per_thread(HEAP_BYTES).build();
        let writer = index.writer_with_options(options).map_err(on_open)?;
        let searcher = Arc::new(Searcher::over(dir, index, Arc::clone(&layout))?);
        let indexed = searcher.indexed_size();
        Ok((Self { dir: dir.to_owned(), writer, layout, searcher, indexed }, indexed))
    }

    /// Empties the folder, for `onus reindex`. Refused while somebody writes to it, and where the folder is not ours.
    pub fn wipe(dir: &Path) -> Result<(), IndexError> {
        folder::wipe(dir)
    }

    /// What searches this index. It sees a commit after [`Searcher::reload`].
    pub fn searcher(&self) -> Arc<Searcher> {
        Arc::clone(&self.searcher)
    }

    /// Adds an entry that follows all indexed ones.
    pub fn add(&mut self, entry: &IndexDocument) -> Result<(), IndexError> {
        if self.indexed.contains(entry.index) {
            return Err(IndexError::OutOfOrder { index: entry.index, indexed: self.indexed });
        }
        self.writer.add_document(self.layout.document(entry))?;
        self.indexed = entry.index.size_with();
        Ok(())
    }

    /// Puts an indexed entry's new values in place of the old ones, after its assessment has changed.
    pub fn replace(&mut self, entry: &IndexDocument) -> Result<(), IndexError> {
        if !self.indexed.contains(entry.index) {
            return Err(IndexError::OutOfOrder { index: entry.index, indexed: self.indexed });
        }
        self.writer.delete_term(self.layout.entry_term(entry.index));
        self.writer.add_document(self.layout.document(entry))?;
        Ok(())
    }

    /// Makes everything added so far durable, together with the statement that the index holds the first `size` entries.
    pub fn commit(&mut self, size: TreeSize) -> Result<(), IndexError> {
        if size < self.indexed {
            return Err(IndexError::SizeBehind { stated: size, indexed: self.indexed });
        }
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&size.to_string());
        commit.commit()?;
        self.indexed = size;
        Ok(())
    }

    /// Reads every file of the last commit and compares its checksum: seconds for a million entries.
    pub fn check_files(&self) -> Result<(), IndexError> {
        IndexError::catch_damage(&self.dir, || {
            let damaged = self.writer.index().validate_checksum()?;
            if damaged.is_empty() { Ok(()) } else { Err(IndexError::Damaged { dir: self.dir.clone(), source: None }) }
        })
    }
}

/// An existing folder whose schema differs although its version does not is an error: somebody forgot to raise the version.
fn open_or_create(dir: &Path, layout: &Layout) -> tantivy::Result<Index> {
    let settings =
        IndexSettings { docstore_compression: Compressor::None, docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
    let index = Index::builder().schema(layout.schema().clone()).settings(settings).open_or_create(MmapDirectory::open(dir)?)?;
    register_tokenizers(&index);
    Ok(index)
}
