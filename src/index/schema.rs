//! How the fields lie in tantivy. Keywords are unsplit words without positions or norms; only what is counted, ordered or
//! compared by range has a column; nothing is stored, because hits are re-read from the ledger.

use std::collections::HashMap;

use tantivy::Index;
use tantivy::schema::{
    Field as Column, IndexRecordOption, NumericOptions, Schema, SchemaBuilder, TantivyDocument, Term, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{LowerCaser, RawTokenizer, RemoveLongFilter, SimpleTokenizer, TextAnalyzer};

use crate::index::document::IndexDocument;
use crate::index::field::{Field, Kind};
use crate::tlog::position::LeafIndex;

/// Raised by any change of this file: a folder of another version is wiped and rebuilt.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// Longest word of the text, in bytes: a SHA-256 in hexadecimal is one.
const MAX_WORD_BYTES: usize = 256;

/// Name of the tokenizer of the text: letters and digits, lower case, no stemming (an id must be found as it is written).
const WORDS: &str = "onus_words";
/// Keywords are not split.
const RAW: &str = "raw";
/// Beside the fields: the names of those without a column in which the entry has a value.
const PRESENT: &str = "present";

/// The schema, and where each field lies in it.
pub(super) struct Layout {
    schema: Schema,
    columns: Vec<Option<Column>>,
    present: Column,
}

impl Layout {
    /// The one layout of this version.
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        let columns = Field::ALL.iter().map(|&field| add_field(&mut builder, field)).collect();
        let present = builder.add_text_field(PRESENT, keyword());
        Self { schema: builder.build(), columns, present }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Where a field lies; `None` for one that stands for several.
    pub(super) fn column(&self, field: Field) -> Option<Column> {
        self.columns[field as usize]
    }

    /// Where the names of fields that have values lie.
    pub(super) fn present(&self) -> Column {
        self.present
    }

    /// The term that names one entry.
    pub(super) fn entry_term(&self, index: LeafIndex) -> Term {
        let column = self.column(Field::Index).expect("the leaf index is a field of its own");
        Term::from_field_u64(column, index.get())
    }

    /// The document that tantivy gets.
    pub(super) fn document(&self, entry: &IndexDocument) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        for &field in Field::ALL {
            let Some(column) = self.column(field) else { continue };
            let words = entry.words(field);
            let is_present = if field == Field::Text { !entry.text.is_empty() } else { !words.is_empty() };
            if is_present && needs_presence(field) {
                document.add_text(self.present, field.as_str());
            }
            for word in words {
                document.add_text(column, word);
            }
            match field {
                Field::Index => document.add_u64(column, entry.index.get()),
                Field::Time => document.add_i64(column, entry.occurred_at.micros()),
                Field::Recorded => document.add_i64(column, entry.recorded_at.micros()),
                Field::Depth => entry.depth.into_iter().for_each(|depth| document.add_u64(column, depth.into())),
                Field::Amount => entry.amount.map(plain_zero).into_iter().for_each(|amount| document.add_f64(column, amount)),
                Field::Duration => entry.duration_ms.into_iter().for_each(|duration| document.add_u64(column, duration)),
                Field::Text => document.add_text(column, entry.searched_text()),
                _ => {}
            }
        }
        document
    }
}

/// Whether only a word beside the field tells that the entry has a value there; a column tells it by itself.
pub(super) const fn needs_presence(field: Field) -> bool {
    matches!(field.kind(), Kind::Keyword | Kind::Words)
}

/// −0 sorts before 0 in a column, and no human means that.
pub(super) fn plain_zero(amount: f64) -> f64 {
    if amount == 0.0 { 0.0 } else { amount }
}

/// Makes the tokenizer of the text known to an opened index.
pub(super) fn register_tokenizers(index: &Index) {
    index.tokenizers().register(WORDS, analyzer());
    index.tokenizers().register(RAW, TextAnalyzer::from(RawTokenizer::default()));
}

/// The words of a text, as they are indexed.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    analyzer().token_stream(text).process(&mut |token| words.push(token.text.clone()));
    words
}

/// The words of a text, each once, and at which places it stands, as they are indexed.
pub(super) fn positions_of(text: &str) -> HashMap<String, Vec<u32>> {
    let mut positions: HashMap<String, Vec<u32>> = HashMap::new();
    analyzer().token_stream(text).process(&mut |token| {
        let place = u32::try_from(token.position).unwrap_or(u32::MAX);
        positions.entry(token.text.clone()).or_default().push(place);
    });
    positions
}

fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default()).filter(RemoveLongFilter::limit(MAX_WORD_BYTES)).filter(LowerCaser).build()
}

fn add_field(builder: &mut SchemaBuilder, field: Field) -> Option<Column> {
    let name = field.as_str();
    let column = NumericOptions::default().set_fast();
    Some(match (field, field.kind()) {
        (_, Kind::Several(_)) => return None,
        // Indexed as well: an entry is replaced by its index.
        (Field::Index, _) => builder.add_u64_field(name, column.set_indexed()),
        (_, Kind::Keyword) => builder.add_text_field(name, keyword()),
        (_, Kind::Facet) => builder.add_text_field(name, keyword().set_fast(RAW)),
        (_, Kind::Number) => builder.add_u64_field(name, column),
        (_, Kind::Time) => builder.add_i64_field(name, column),
        (_, Kind::Amount) => builder.add_f64_field(name, column),
        (_, Kind::Words) => builder.add_text_field(name, indexed(WORDS, IndexRecordOption::WithFreqsAndPositions)),
    })
}

fn keyword() -> TextOptions {
    indexed(RAW, IndexRecordOption::Basic)
}

fn indexed(tokenizer: &str, option: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}
