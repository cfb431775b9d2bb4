//! `issuers.toml`: whose tokens are believed, as the operator writes it. It reads no key file: that is the service's business.

use std::collections::HashSet;

use crate::domain::event::Members;
use crate::domain::token::TrustedIssuer;
use crate::domain::toml_file::{Placed, Table, TomlFaults, TomlReader};
use crate::tlog::hash::DocumentHash;
use crate::tlog::json::Value;

/// Most issuers that may be trusted.
pub const MAX_ISSUERS: usize = 64;
/// Longest `issuer`, `audience` or `jwks`, in bytes.
pub const MAX_ISSUER_BYTES: usize = 2048;

const KEYS: [&str; 3] = ["issuer", "audience", "jwks"];

/// One `[[issuer]]` of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerTerms {
    /// Its `iss`, compared exactly.
    pub issuer: String,
    /// The audience that its tokens must name, if any is demanded.
    pub audience: Option<String>,
    /// The path of its key set; a relative one begins in the data directory.
    pub jwks_path: String,
}

/// From the text of `issuers.toml`; every mistake is told with its line and column.
pub fn parse_issuers(text: &str) -> Result<Vec<IssuerTerms>, TomlFaults> {
    let (mut reader, table) = TomlReader::open(text)?;
    reader.refuse_unknown(&table, "", &["issuer"]);
    let issuers = match table.get("issuer") {
        None => Vec::new(),
        Some(value) => read_issuers(&mut reader, value),
    };
    reader.finish(issuers)
}

fn read_issuers(reader: &mut TomlReader<'_>, value: &Placed<'_>) -> Vec<IssuerTerms> {
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_kind(value, "issuer", "tables: write [[issuer]]");
        return Vec::new();
    };
    if items.len() > MAX_ISSUERS {
        reader.fault(value.span(), "issuer", format!("more than {MAX_ISSUERS} issuers"));
    }
    let mut known = HashSet::new();
    let mut issuers = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(table) = item.get_ref().as_table() else {
            reader.wrong_kind(item, &format!("issuer[{i}]"), "a table");
            continue;
        };
        let path = format!("issuer[{i}].");
        let Some(terms) = read_issuer(reader, item, table, &path) else { continue };
        if !known.insert(terms.issuer.clone()) {
            reader.fault_at(table, &path, "issuer", format!("{:?} is described twice", terms.issuer));
        }
        issuers.push(terms);
    }
    issuers
}

fn read_issuer(reader: &mut TomlReader<'_>, item: &Placed<'_>, table: &Table<'_>, path: &str) -> Option<IssuerTerms> {
    reader.refuse_unknown(table, path, &KEYS);
    for required in ["issuer", "jwks"] {
        if table.get(required).is_none() {
            reader.fault(item.span(), &format!("{path}{required}"), "is required".to_owned());
        }
    }
    let mut text = |key| {
        let text = reader.text(table, path, key)?;
        if text.is_empty() || text.len() > MAX_ISSUER_BYTES {
            reader.fault_at(table, path, key, format!("expected 1 to {MAX_ISSUER_BYTES} bytes"));
        }
        Some(text)
    };
    let (issuer, audience, jwks_path) = (text("issuer"), text("audience"), text("jwks"));
    Some(IssuerTerms { issuer: issuer?, audience, jwks_path: jwks_path? })
}

impl TrustedIssuer {
    /// The members of `issuer.trusted` that hold it: `/issuer`, `/audience`, `/jwks` with the public keys that can be used, and
    /// `/sha256` over all three.
    pub fn to_members(&self) -> Members {
        let mut stated = vec![("issuer".to_owned(), Value::from(self.issuer.as_str())), ("jwks".to_owned(), self.jwks.to_value())];
        stated.extend(self.audience.as_deref().map(|audience| ("audience".to_owned(), Value::from(audience))));
        let hash = DocumentHash::of(Value::Object(stated.clone()).to_canonical().as_bytes());
        let mut members: Members = stated.into_iter().map(|(name, value)| (format!("/{name}"), value)).collect();
        members.insert("/sha256".to_owned(), hash.to_hex().into());
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jwks::Jwks;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn issuers_are_read_and_every_mistake_is_named() {
        let text = "[[issuer]]\nissuer = \"https://login.example\"\naudience = \"onus\"\njwks = \"login.jwks.json\"\n";
        let terms = parse_issuers(text).unwrap();
        assert_eq!(terms.len(), 1);
        assert_eq!((terms[0].audience.as_deref(), terms[0].jwks_path.as_str()), (Some("onus"), "login.jwks.json"));
        assert_eq!(parse_issuers("").unwrap(), []);

        let twice = format!("{text}{text}[[issuer]]\nissuer = \"\"\nkeys = \"x\"\n");
        let fields: Vec<String> = parse_issuers(&twice).unwrap_err().0.into_iter().map(|f| f.field).collect();
        assert_eq!(fields, ["issuer[1].issuer", "issuer[2].jwks", "issuer[2].issuer", "issuer[2].keys"]);
        assert_eq!(parse_issuers("issuer = 1").unwrap_err().0.len(), 1);
    }

    #[test]
    fn what_is_adopted_names_the_keys_and_changes_with_them() {
        let jwks = |x: &str| Jwks::parse(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"a"}}]}}"#)).unwrap();
        let issuer = |x: &str, audience: Option<&str>| TrustedIssuer {
            issuer: "https://login.example".to_owned(),
            jwks: jwks(x),
            audience: audience.map(str::to_owned),
        };
        let members = issuer(X, Some("onus")).to_members();
        assert_eq!(members["/jwks"].to_canonical(), format!(r#"{{"keys":[{{"crv":"Ed25519","kid":"a","kty":"OKP","x":"{X}"}}]}}"#));
        assert_eq!(members.keys().map(String::as_str).collect::<Vec<_>>(), ["/audience", "/issuer", "/jwks", "/sha256"]);
        let other_key = X.replace("11q", "22q");
        for other in [issuer(X, None), issuer(X, Some("other")), issuer(&other_key, Some("onus"))] {
            assert_ne!(other.to_members()["/sha256"], members["/sha256"]);
        }
        assert_eq!(issuer(X, Some("onus")).to_members(), members);
    }
}
