//! The operator's files become entries: once per version, all or none, and trusted issuers with their keys.

use std::sync::Arc;

use onus::service::adoption::{AdoptionError, adopt};
use onus::service::clock::{Clock, SetClock};
use onus::service::folder::Folder;
use onus::service::genesis::{NewLedger, create};
use onus::service::ledger::{Ledger, LedgerConfig};
use onus::service::opened::open_entry;
use onus::tlog::entry::Origin;
use onus::tlog::json::Value;
use onus::tlog::time::Timestamp;

const READ: &str = "[[action]]\nname = \"orders.read\"\nscope = [\"orders:read\"]\neffect = \"read\"\nrisk = \"low\"\n";
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]}"#;
const ISSUER: &str = "[[issuer]]\nissuer = \"https://login.example\"\naudience = \"onus\"\njwks = \"login.jwks.json\"\n";

/// A new ledger, open, in whose folder files can be put.
struct Operator {
    ledger: Ledger,
    _folder: tempfile::TempDir,
}

impl Operator {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, mark_file) = (Folder::new(&temporary.path().join("ledger")), temporary.path().join("high-water"));
        let clock: Arc<dyn Clock> = Arc::new(SetClock::new(Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap()));
        let origin = Origin::parse("ledger.example/adoption").unwrap();
        create(&folder, &NewLedger { origin, base_url: "http://127.0.0.1:1".to_owned(), mark_file: mark_file.clone() }, &clock).unwrap();
        let ledger = Ledger::open(LedgerConfig { mark_file, ..LedgerConfig::new(folder, clock) }).unwrap();
        Self { ledger, _folder: temporary }
    }

    fn writes(&self, file: &str, text: &str) -> &Self {
        std::fs::write(self.ledger.folder().root().join(file), text).unwrap();
        self
    }

    /// Adopts, and says which entries that made.
    #[track_caller]
    fn adopts(&self, expected: &[&str]) -> Vec<String> {
        let before = self.ledger.size();
        adopt(&self.ledger).unwrap();
        let index = |i| onus::tlog::position::LeafIndex::new(i).unwrap();
        let entries =
            (before.get()..self.ledger.size().get()).map(|i| self.ledger.read(|rows| open_entry(rows, index(i))).unwrap().unwrap());
        let (types, versions): (Vec<String>, Vec<String>) =
            entries.map(|e| (e.header.entry_type.as_str().to_owned(), e.text("/sha256").unwrap().to_owned())).unzip();
        assert_eq!(types, expected);
        versions
    }

    #[track_caller]
    fn refuses(&self, expected: &str) {
        let before = self.ledger.size();
        let error: AdoptionError = adopt(&self.ledger).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(self.ledger.size(), before, "one mistake, and nothing is adopted");
    }
}

#[test]
fn a_version_is_adopted_once_and_going_back_is_adopted_again() {
    let operator = Operator::new();
    operator.adopts(&[]);
    operator.writes("actions.toml", "").writes("settings.toml", "").adopts(&[]);
    let first = operator.writes("actions.toml", READ).writes("settings.toml", "clock_skew_ms = 5000\n");
    let first = first.adopts(&["catalogue.adopted", "settings.adopted"]);
    operator.adopts(&[]);
    let second = operator.writes("actions.toml", &READ.replace("low", "high")).adopts(&["catalogue.adopted"]);
    assert_ne!(first[0], second[0]);
    assert_eq!(operator.writes("actions.toml", READ).adopts(&["catalogue.adopted"])[0], first[0]);
    // A file that is gone says nothing.
    std::fs::remove_file(operator.ledger.folder().catalogue_file()).unwrap();
    operator.adopts(&[]);
}

#[test]
fn a_mistake_in_one_file_adopts_none() {
    let operator = Operator::new();
    operator.writes("actions.toml", READ).writes("settings.toml", "clock_skew = 5\n").refuses("line 1, column 1: clock_skew: unknown key");
    operator.writes("settings.toml", "").writes("issuers.toml", ISSUER).refuses("there is no key set");
    operator.writes("login.jwks.json", "{}").refuses("https://login.example cannot be trusted");
    operator.writes("login.jwks.json", JWKS).adopts(&["catalogue.adopted", "issuer.trusted"]);
}

#[test]
fn an_issuer_is_recorded_with_its_keys_whenever_they_change() {
    let operator = Operator::new();
    operator.writes("issuers.toml", ISSUER).writes("login.jwks.json", JWKS).adopts(&["issuer.trusted"]);
    operator.adopts(&[]);
    let newest = operator.ledger.size().last_index().unwrap();
    let entry = operator.ledger.read(|rows| open_entry(rows, newest)).unwrap().unwrap();
    assert_eq!((entry.text("/issuer"), entry.text("/audience")), (Some("https://login.example"), Some("onus")));
    assert_eq!(entry.members["/jwks"].to_canonical(), Value::parse(JWKS.as_bytes()).unwrap().to_canonical());

    operator.writes("login.jwks.json", &JWKS.replace("\"a\"", "\"b\"")).adopts(&["issuer.trusted"]);
    operator.writes("issuers.toml", &ISSUER.replace("\"onus\"", "\"other\"")).adopts(&["issuer.trusted"]);
    let trusted = adopt(&operator.ledger).unwrap();
    assert_eq!((trusted.len(), trusted[0].audience.as_deref()), (1, Some("other")));
    assert_eq!(operator.writes("issuers.toml", "").ledger.size(), operator.ledger.size());
    assert_eq!(adopt(&operator.ledger).unwrap().len(), 0, "who is not in the file is not believed any more");
}
