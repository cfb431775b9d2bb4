//! What is looked for: our own tree of conditions. It is made by the parser of the search language or by an API's filters, and
//! knows nothing of tantivy; text never reaches tantivy's own query parser.

use std::ops::Bound;

use crate::index::field::Field;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::time::Timestamp;

/// A condition on an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every entry.
    All,
    /// All of these; every entry if there are none.
    And(Vec<Filter>),
    /// One of these; no entry if there are none.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A keyword field holds exactly this value.
    Term {
        /// Which field.
        field: Field,
        /// The value, in its own letter case.
        value: String,
    },
    /// A keyword field holds one of these values.
    AnyOf {
        /// Which field.
        field: Field,
        /// The values.
        values: Vec<String>,
    },
    /// A value of a keyword field, or a word of the text, begins so.
    Prefix {
        /// Which field.
        field: Field,
        /// How it begins.
        prefix: String,
    },
    /// A value of a keyword field, or a word of the text, follows a pattern in which `*` stands for any characters.
    Like {
        /// Which field.
        field: Field,
        /// The pattern.
        pattern: String,
    },
    /// The field has a value.
    Has(Field),
    /// A number or an instant lies between two bounds.
    Range(Range),
    /// All these words occur in the text, in any letter case. What holds no letter or digit occurs nowhere.
    Text(String),
    /// These words occur in the text one after the other.
    Phrase(String),
}

/// Between which bounds. Without any, the field must have a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// The leaf index.
    Index(Bound<LeafIndex>, Bound<LeafIndex>),
    /// When it happened.
    Time(Bound<Timestamp>, Bound<Timestamp>),
    /// When it was recorded.
    Recorded(Bound<Timestamp>, Bound<Timestamp>),
    /// Number of hops.
    Depth(Bound<u32>, Bound<u32>),
    /// The amount.
    Amount(Bound<f64>, Bound<f64>),
}

impl Range {
    /// The field it is about.
    pub const fn field(self) -> Field {
        match self {
            Self::Index(..) => Field::Index,
            Self::Time(..) => Field::Time,
            Self::Recorded(..) => Field::Recorded,
            Self::Depth(..) => Field::Depth,
            Self::Amount(..) => Field::Amount,
        }
    }
}

impl Filter {
    /// The field holds exactly this value.
    pub fn term(field: Field, value: impl Into<String>) -> Self {
        Self::Term { field, value: value.into() }
    }

    /// A bare word: in the text, or as any identifier.
    pub fn word(word: &str) -> Self {
        Self::Or(vec![Self::term(Field::Id, word), Self::Text(word.to_owned())])
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(vec![self, other])
    }

    /// Only among the entries that a tree of this size holds.
    #[must_use]
    pub fn at(self, size: TreeSize) -> Self {
        self.and(Self::Range(Range::Index(Bound::Unbounded, Bound::Excluded(size.next_index()))))
    }
}

impl std::ops::Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}
