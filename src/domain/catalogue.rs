//! The action catalogue: what each action needs and does, in the operator's words instead of the agent's.
//!
//! Each version is adopted as an entry. How `actions.toml` is read is `catalogue_file`'s business.

use std::collections::HashMap;
use std::fmt;

use crate::domain::action::Action;
use crate::domain::pointer;
use crate::domain::sentence::Template;
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;

/// Most entries of one catalogue.
pub const MAX_CATALOGUE_ENTRIES: usize = 4096;
/// Most decimals that an amount may have.
pub const MAX_AMOUNT_DECIMALS: u8 = 9;

/// All actions that the operator has described; empty if none was adopted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    entries: Vec<CatalogueEntry>,
    /// Where the entries without a pattern stand.
    exact: HashMap<String, usize>,
    /// Where the patterns stand, without their `*`, longest first.
    patterns: Vec<(String, usize)>,
}

/// What one action, or all whose names a pattern covers, needs and does.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueEntry {
    /// An action's name, or a pattern ending in `*`.
    pub name: String,
    /// The scope tokens it needs; empty means that it needs none.
    pub scope: Vec<String>,
    /// What it does to the world.
    pub effect: Effect,
    /// How much is at stake.
    pub risk: Risk,
    /// Which argument is the amount.
    pub amount: Option<AmountTerm>,
    /// How it is said to a human.
    pub sentence: Option<Template>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Each with the word of files and of the wire.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];

            /// The word of files and of the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// From that word.
            pub fn parse(text: &str) -> Option<Self> {
                Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant)
            }
        }
    };
}

words! {
    /// What an action does to the world.
    Effect {
        /// Nothing.
        Read = "read",
        /// Changes something that can be changed back.
        Write = "write",
        /// Cannot be undone.
        Destructive = "destructive",
    }
}

words! {
    /// How much is at stake.
    Risk {
        /// Little.
        Low = "low",
        /// Something.
        Medium = "medium",
        /// Much.
        High = "high",
    }
}

/// Which argument is the amount, and in what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountTerm {
    /// JSON Pointer into `action.arguments`.
    pub argument: String,
    /// How many of its last digits are decimals: 2 if it counts cents.
    pub decimals: u8,
    /// Of what.
    pub currency: Option<Currency>,
}

/// Where the currency is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Currency {
    /// Always this one.
    Fixed(String),
    /// In another argument.
    Argument(String),
}

/// How much an action moves; prints as `129.99 EUR`.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// The argument's number, undivided.
    pub number: f64,
    /// How many of its last digits are decimals.
    pub decimals: u8,
    /// The currency, if it is known.
    pub currency: Option<String>,
}

impl AmountTerm {
    /// The amount of this action, if its argument is a number.
    pub fn of(&self, action: &Action) -> Option<Amount> {
        let arguments = action.arguments.as_ref()?;
        let Value::Number(number) = pointer::resolve(arguments, &self.argument)? else { return None };
        let currency = match &self.currency {
            None => None,
            Some(Currency::Fixed(currency)) => Some(currency.clone()),
            // Cents of nobody knows what are no amount that a human could agree to.
            Some(Currency::Argument(at)) => Some(pointer::resolve(arguments, at)?.as_str()?.to_owned()),
        };
        Some(Amount { number: *number, decimals: self.decimals, currency })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = Value::Number(self.number.abs()).to_canonical();
        let decimals = usize::from(self.decimals);
        if self.number < 0.0 {
            f.write_str("-")?;
        }
        if decimals == 0 {
            f.write_str(&digits)?;
        } else if digits.bytes().all(|b| b.is_ascii_digit()) {
            // The digits are moved as text: a division of doubles would round cents.
            let padded = format!("{digits:0>width$}", width = decimals + 1);
            let (whole, fraction) = padded.split_at(padded.len() - decimals);
            write!(f, "{whole}.{fraction}")?;
        } else {
            write!(f, "{digits}e-{decimals}")?;
        }
        self.currency.as_ref().map_or(Ok(()), |currency| write!(f, " {currency}"))
    }
}

impl Catalogue {
    /// A catalogue of these entries; the name that stands twice, if one does.
    pub fn of(entries: Vec<CatalogueEntry>) -> Result<Self, String> {
        let mut catalogue = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let is_again = match entry.name.strip_suffix('*') {
                Some(prefix) => {
                    let is_again = catalogue.patterns.iter().any(|(known, _)| known == prefix);
                    catalogue.patterns.push((prefix.to_owned(), at));
                    is_again
                }
                None => catalogue.exact.insert(entry.name.clone(), at).is_some(),
            };
            if is_again {
                return Err(entry.name.clone());
            }
        }
        catalogue.patterns.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        catalogue.entries = entries;
        Ok(catalogue)
    }

    /// The entries in the order of the file.
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.entries
    }

    /// What it says of that action: the exact name before the longest pattern.
    pub fn entry_for(&self, action_name: &str) -> Option<&CatalogueEntry> {
        let by_pattern = || self.patterns.iter().find(|(prefix, _)| action_name.starts_with(prefix.as_str())).map(|(_, at)| *at);
        self.entries.get(self.exact.get(action_name).copied().or_else(by_pattern)?)
    }

    /// What this action does, in words; `None` if nothing is said of it, or a word is missing.
    pub fn sentence(&self, action: &Action) -> Option<String> {
        let entry = self.entry_for(&action.name)?;
        entry.sentence.as_ref()?.fill(action, entry.amount.as_ref())
    }

    /// How much this action moves; `None` if that is not said.
    pub fn amount(&self, action: &Action) -> Option<Amount> {
        self.entry_for(&action.name)?.amount.as_ref()?.of(action)
    }

    /// SHA-256 of the canonical value: the version that findings and pages name.
    pub fn hash(&self) -> DocumentHash {
        DocumentHash::of(self.to_value().to_canonical().as_bytes())
    }
}
