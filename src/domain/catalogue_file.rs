//! The catalogue as text and as a value: `actions.toml` in, `catalogue.adopted` out and back.

use crate::domain::action::MAX_ACTION_NAME_BYTES;
use crate::domain::catalogue::{AmountTerm, Catalogue, CatalogueEntry, Currency, Effect, MAX_AMOUNT_DECIMALS, MAX_CATALOGUE_ENTRIES, Risk};
use crate::domain::delegation::{MAX_SCOPE_TOKEN_BYTES, MAX_SCOPE_TOKENS};
use crate::domain::event::Members;
use crate::domain::pointer::is_pointer;
use crate::domain::sentence::Template;
use crate::domain::toml_file::{Placed, Table, TomlFaults, TomlReader};
use crate::tlog::json::Value;

const KEYS: [&str; 8] = ["name", "scope", "effect", "risk", "amount", "amount_decimals", "currency", "sentence"];
/// The member of `catalogue.adopted` that holds the entries.
const MEMBER: &str = "/actions";

impl Catalogue {
    /// From the text of `actions.toml`; every mistake is told with its line and column.
    pub fn parse(text: &str) -> Result<Self, TomlFaults> {
        let (mut reader, table) = TomlReader::open(text)?;
        reader.refuse_unknown(&table, "", &["action"]);
        let entries = match table.get("action") {
            None => Vec::new(),
            Some(value) => read_entries(&mut reader, value),
        };
        let read = Self::of(entries);
        if let Err(name) = &read {
            let place = table.get("action").map_or(0..0, |list| second_place_of(list, name));
            reader.fault(place, "action", format!("{name:?} is described twice"));
        }
        reader.finish(read.unwrap_or_default())
    }

    /// As a list of objects, each key stated as the file states it.
    pub fn to_value(&self) -> Value {
        Value::Array(self.entries().iter().map(entry_to_value).collect())
    }

    /// Inverse of [`Catalogue::to_value`].
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::Array(entries) = value else { return None };
        Self::of(entries.iter().map(entry_from_value).collect::<Option<_>>()?).ok()
    }

    /// The members of `catalogue.adopted` that hold it: `/actions` and `/sha256`.
    pub fn to_members(&self) -> Members {
        Members::from([(MEMBER.to_owned(), self.to_value()), ("/sha256".to_owned(), self.hash().to_hex().into())])
    }

    /// Inverse of [`Catalogue::to_members`].
    pub fn from_members(members: &Members) -> Option<Self> {
        Self::from_value(members.get(MEMBER)?)
    }
}

fn read_entries(reader: &mut TomlReader<'_>, value: &Placed<'_>) -> Vec<CatalogueEntry> {
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_kind(value, "action", "tables: write [[action]]");
        return Vec::new();
    };
    if items.len() > MAX_CATALOGUE_ENTRIES {
        reader.fault(value.span(), "action", format!("more than {MAX_CATALOGUE_ENTRIES} actions"));
    }
    let mut entries = Vec::new();
    for (i, item) in items.iter().enumerate() {
        match item.get_ref().as_table() {
            Some(table) => entries.extend(read_entry(reader, item, table, &format!("action[{i}]."))),
            None => reader.wrong_kind(item, &format!("action[{i}]"), "a table"),
        }
    }
    entries
}

fn read_entry(reader: &mut TomlReader<'_>, item: &Placed<'_>, table: &Table<'_>, path: &str) -> Option<CatalogueEntry> {
    reader.refuse_unknown(table, path, &KEYS);
    for required in ["name", "scope", "effect", "risk"] {
        if table.get(required).is_none() {
            reader.fault(item.span(), &format!("{path}{required}"), "is required".to_owned());
        }
    }
    let name = reader.text(table, path, "name");
    if let Some(mistake) = name.as_deref().and_then(wrong_name) {
        reader.fault_at(table, path, "name", mistake);
    }
    let scope = reader.texts(table, path, "scope");
    if let Some(mistake) = scope.as_deref().and_then(wrong_scope) {
        reader.fault_at(table, path, "scope", mistake);
    }
    let effect = reader.word(table, path, "effect", Effect::WORDS);
    let risk = reader.word(table, path, "risk", Risk::WORDS);
    let amount = read_amount(reader, table, path);
    let sentence = reader.text(table, path, "sentence").and_then(|text| match Template::parse(&text) {
        Ok(template) if template.has_amount() && amount.is_none() => {
            reader.fault_at(table, path, "sentence", "{amount} stands in it, but no `amount` is given".to_owned());
            None
        }
        Ok(template) => Some(template),
        Err(mistake) => {
            reader.fault_at(table, path, "sentence", mistake);
            None
        }
    });
    Some(CatalogueEntry { name: name?, scope: scope?, effect: effect?, risk: risk?, amount, sentence })
}

fn read_amount(reader: &mut TomlReader<'_>, table: &Table<'_>, path: &str) -> Option<AmountTerm> {
    let argument = reader.text(table, path, "amount");
    let currency = reader.text(table, path, "currency");
    let decimals = reader.integer(table, path, "amount_decimals", 0..=i64::from(MAX_AMOUNT_DECIMALS));
    let Some(argument) = argument else {
        for orphan in ["currency", "amount_decimals"] {
            if table.get(orphan).is_some() {
                reader.fault_at(table, path, orphan, "stands without `amount`".to_owned());
            }
        }
        return None;
    };
    if argument.is_empty() || !is_pointer(&argument) {
        reader.fault_at(table, path, "amount", format!("{argument:?} is no JSON Pointer into the arguments such as /amount_cents"));
    }
    if currency.as_deref().is_some_and(|c| c.is_empty() || c.starts_with('/') && !is_pointer(c)) {
        reader.fault_at(table, path, "currency", "neither a currency such as EUR nor a JSON Pointer such as /currency".to_owned());
    }
    let decimals = decimals.and_then(|d| u8::try_from(d).ok()).unwrap_or_else(|| decimals_by_name(&argument));
    Some(AmountTerm { decimals, currency: currency.map(currency_of), argument })
}

/// Cents have two decimals unless the file says otherwise: the other way round, a human would be asked for a hundredfold.
fn decimals_by_name(argument: &str) -> u8 {
    if argument.ends_with("cents") { 2 } else { 0 }
}

fn currency_of(text: String) -> Currency {
    if text.starts_with('/') { Currency::Argument(text) } else { Currency::Fixed(text) }
}

fn wrong_name(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > MAX_ACTION_NAME_BYTES {
        return Some(format!("a name has 1 to {MAX_ACTION_NAME_BYTES} bytes"));
    }
    let body = name.strip_suffix('*').unwrap_or(name);
    body.contains('*').then(|| format!("{name:?}: `*` may stand at the end only"))
}

fn wrong_scope(scope: &[String]) -> Option<String> {
    if scope.len() > MAX_SCOPE_TOKENS {
        return Some(format!("more than {MAX_SCOPE_TOKENS} tokens"));
    }
    let wrong =
        scope.iter().find(|t| t.is_empty() || t.len() > MAX_SCOPE_TOKEN_BYTES || t.contains('*') || t.contains(char::is_whitespace))?;
    Some(format!(
        "{wrong:?} is no scope token: 1 to {MAX_SCOPE_TOKEN_BYTES} bytes without `*` or white space (an action needs exact tokens)"
    ))
}

/// Where the second table of that name stands.
fn second_place_of(list: &Placed<'_>, name: &str) -> std::ops::Range<usize> {
    let is_named = |item: &&Placed<'_>| item.get_ref().get("name").and_then(|n| n.get_ref().as_str()) == Some(name);
    let items = list.get_ref().as_array();
    items.and_then(|items| items.iter().filter(is_named).nth(1)).map_or(0..0, Placed::span)
}

fn entry_to_value(entry: &CatalogueEntry) -> Value {
    let text = |text: &str| Value::from(text);
    let mut members = vec![
        ("name", text(&entry.name)),
        ("scope", Value::Array(entry.scope.iter().map(|t| text(t)).collect())),
        ("effect", text(entry.effect.as_str())),
        ("risk", text(entry.risk.as_str())),
    ];
    if let Some(amount) = &entry.amount {
        members.push(("amount", text(&amount.argument)));
        members.push(("amount_decimals", u32::from(amount.decimals).into()));
        match &amount.currency {
            None => {}
            Some(Currency::Fixed(currency) | Currency::Argument(currency)) => members.push(("currency", text(currency))),
        }
    }
    members.extend(entry.sentence.as_ref().map(|s| ("sentence", text(s.as_str()))));
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn entry_from_value(value: &Value) -> Option<CatalogueEntry> {
    let text = |name: &str| value.member(name).and_then(Value::as_str);
    let Value::Array(scope) = value.member("scope")? else { return None };
    let decimals = |argument: &str| match value.member("amount_decimals") {
        None => Some(decimals_by_name(argument)),
        Some(stated) => (0..=MAX_AMOUNT_DECIMALS).find(|d| Value::from(u32::from(*d)) == *stated),
    };
    let amount = match text("amount") {
        None => None,
        Some(argument) => Some(AmountTerm {
            argument: argument.to_owned(),
            decimals: decimals(argument)?,
            currency: text("currency").map(|c| currency_of(c.to_owned())),
        }),
    };
    let sentence = match text("sentence") {
        None => None,
        Some(sentence) => Some(Template::parse(sentence).ok()?),
    };
    Some(CatalogueEntry {
        name: text("name")?.to_owned(),
        scope: scope.iter().map(|t| t.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        effect: Effect::parse(text("effect")?)?,
        risk: Risk::parse(text("risk")?)?,
        amount,
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_world::{CATALOGUE, refund};

    #[test]
    fn the_exact_name_goes_before_the_longest_pattern() {
        let entry = |name: &str| format!("[[action]]\nname = {name:?}\nscope = []\neffect = \"read\"\nrisk = \"low\"\n");
        let text: String = ["*", "orders.*", "orders.re*", "orders.refund"].map(entry).concat();
        let catalogue = Catalogue::parse(&text).unwrap();
        for (action, expected) in
            [("orders.refund", "orders.refund"), ("orders.read", "orders.re*"), ("orders.list", "orders.*"), ("users", "*")]
        {
            assert_eq!(catalogue.entry_for(action).unwrap().name, expected);
        }
        assert!(Catalogue::default().entry_for("orders.refund").is_none());
    }

    #[test]
    fn what_is_adopted_is_read_back_the_same() {
        let catalogue = Catalogue::parse(CATALOGUE).unwrap();
        assert_eq!(Catalogue::from_value(&catalogue.to_value()), Some(catalogue.clone()));
        assert_eq!(Catalogue::from_members(&catalogue.to_members()), Some(catalogue.clone()));
        assert_ne!(catalogue.hash(), Catalogue::default().hash());
        for text in ["{}", r#"[{"name":"a"}]"#, r#"[{"name":"a","scope":[1],"effect":"read","risk":"low"}]"#] {
            assert_eq!(Catalogue::from_value(&Value::parse(text.as_bytes()).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn an_action_is_said_in_a_sentence_or_not_at_all() {
        let catalogue = Catalogue::parse(CATALOGUE).unwrap();
        let mut action = refund();
        assert_eq!(catalogue.sentence(&action).as_deref(), Some("Refund 129.99 EUR for order:W5918442"));
        action.resource = None;
        assert_eq!(catalogue.sentence(&action), None);
        for (number, expected) in
            [(5.0, "0.05 EUR"), (-250.0, "-2.50 EUR"), (0.5, "0.5e-2 EUR"), (9_007_199_254_740_991.0, "90071992547409.91 EUR")]
        {
            action.arguments = Some(Value::object([("amount_cents", Value::Number(number))]));
            assert_eq!(catalogue.amount(&action).unwrap().to_string(), expected);
        }
        action.arguments = Some(Value::object([("amount_cents", "5".into())]));
        assert_eq!(catalogue.amount(&action), None);
    }

    #[test]
    fn a_currency_may_stand_in_an_argument() {
        let text = "[[action]]\nname=\"pay\"\nscope=[\"pay\"]\neffect=\"write\"\nrisk=\"high\"\namount=\"/sum\"\namount_decimals=3\ncurrency=\"/in\"";
        let catalogue = Catalogue::parse(text).unwrap();
        let mut action = refund();
        "pay".clone_into(&mut action.name);
        action.arguments = Some(Value::object([("sum", 1_u32.into()), ("in", "KWD".into())]));
        assert_eq!(catalogue.amount(&action).unwrap().to_string(), "0.001 KWD");
        action.arguments = Some(Value::object([("sum", 1_u32.into())]));
        assert_eq!(catalogue.amount(&action), None);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let text = r#"[[action]]
name = "a*b"
scope = ["x*"]
effect = "writes"
sentence = "Pay {amount}"
[[action]]
name = "c"
scope = []
effect = "read"
risk = "low"
currency = "EUR"
colour = "red"
[[action]]
name = "c"
scope = []
effect = "read"
risk = "low"
[other]
"#;
        let faults = Catalogue::parse(text).unwrap_err().0;
        let told: Vec<_> = faults.iter().map(|f| (f.line, f.field.as_str())).collect();
        let expected = [
            (1, "action[0].risk"),
            (2, "action[0].name"),
            (3, "action[0].scope"),
            (4, "action[0].effect"),
            (5, "action[0].sentence"),
            (11, "action[1].currency"),
            (12, "action[1].colour"),
            (13, "action"),
            (18, "other"),
        ];
        assert_eq!(told, expected);
    }
}
