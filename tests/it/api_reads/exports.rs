//! Entries as SD-JWTs over HTTP: other people's libraries verify them with what the ledger publishes, ours under a checkpoint, too.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode_header};
use onus::domain::person::Role;
use onus::tlog::entry::Origin;
use onus::tlog::hash::from_base64url;
use onus::tlog::json::Value as Canonical;
use onus::tlog::jwk::parse_jwk;
use onus::tlog::sd_jwt::{UnverifiedExport, VerifiedExport};
use onus::tlog::tlog_proof::{TlogProof, Trust};
use sd_jwt_payload::{Hasher, SdJwt};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Story;
use crate::app::ORIGIN;
use crate::call::{Answer, Client, errors_of};

const ISSUER: &str = "https://ledger.example";

fn export(client: &Client, path: &str) -> Answer {
    client.request("GET", path).header("accept", "application/sd-jwt").send()
}

#[track_caller]
fn exported(client: &Client, path: &str) -> String {
    let answer = export(client, path);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/sd-jwt")), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.text()
}

fn auditor(story: &Story) -> Client {
    let permissions = ["ledger:read", "exports:create"];
    story.app.credential(&json!({ "name": "audit", "class": "service", "permissions": permissions, "owner": "audit" }))
}

struct Sha256Hasher;

impl Hasher for Sha256Hasher {
    fn digest(&self, input: &[u8]) -> Vec<u8> {
        Sha256::digest(input).to_vec()
    }

    fn alg_name(&self) -> &'static str {
        "sha-256"
    }
}

/// The claims, by libraries that know nothing of Onus and take the key from where the issuer publishes it.
#[track_caller]
fn read_by_others(story: &Story, text: &str) -> serde_json::Map<String, Value> {
    let published = story.app.stranger().get("/.well-known/jwks.json");
    assert_eq!((published.status, published.header("content-type")), (200, Some("application/json")));
    let keys: JwkSet = serde_json::from_str(&published.text()).unwrap();
    let jwt = text.split('~').next().unwrap();
    let kid = decode_header(jwt).unwrap().kid.unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims = ["iss".to_owned()].into();
    validation.set_issuer(&[ISSUER]);
    jsonwebtoken::decode::<Value>(jwt, &DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap(), &validation).unwrap();
    SdJwt::parse(text).unwrap().into_disclosed_object(&Sha256Hasher).unwrap()
}

/// The export under the key that entry 0 names, and its entry under the ledger's checkpoint.
#[track_caller]
fn verified(story: &Story, text: &str) -> VerifiedExport {
    let first = story.billing.get("/v1/entries/0").status(200);
    let key = parse_jwk(&Canonical::parse(first["members"]["/export_key"].to_string().as_bytes()).unwrap()).unwrap();
    let verified = UnverifiedExport::parse(text).unwrap().verify(&key).unwrap();
    story.app.wait_published();
    let proof = story.billing.request("GET", &format!("/v1/entries/{}/proof", verified.header.index)).header("accept", "text/plain").send();
    let log_keys = [story.app.ledger().vkey().clone()];
    let trust = Trust { origin: &Origin::parse(ORIGIN).unwrap(), log_keys: &log_keys, witnesses: &[], quorum: 0 };
    TlogProof::parse(proof.text().as_bytes()).unwrap().verify(verified.leaf_hash, trust).unwrap();
    verified
}

#[test]
fn an_export_verifies_with_other_peoples_libraries_and_under_our_checkpoint() {
    let story = Story::told();
    let path = format!("/v1/entries/{}", story.last());
    let entry = story.billing.get(&path).status(200);
    let text = exported(&auditor(&story), &path);
    let claims = read_by_others(&story, &text);
    let mut members = entry["members"].as_object().unwrap().clone();
    members.insert("/report".to_owned(), entry["report"].clone());
    for (name, value) in &members {
        assert_eq!(claims[name], *value, "{name}");
    }
    assert_eq!(claims["members"], members.keys().cloned().collect::<Value>());
    assert_eq!(claims["entry"], entry["entry"]["bytes"]);
    let export = verified(&story, &text);
    assert_eq!(export.entry, from_base64url(entry["entry"]["bytes"].as_str().unwrap()).unwrap());
    assert_eq!((export.terms.issuer.as_str(), export.undisclosed()), (ISSUER, vec![]));
}

#[test]
fn what_is_not_asked_for_is_withheld_and_named() {
    let story = Story::told();
    let path = format!("/v1/entries/{}?members=/action/name,/context/0,/action/name", story.last());
    let text = exported(&auditor(&story), &path);
    let export = verified(&story, &text);
    assert_eq!(export.opened.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["/action/name", "/context/0"]);
    assert!(export.undisclosed().iter().any(|name| name.as_str() == "/action/arguments"));
    let claims = read_by_others(&story, &text);
    assert!(claims.contains_key("/action/name") && !claims.contains_key("/action/arguments"));
    assert!(claims["members"].as_array().unwrap().contains(&json!("/action/arguments")), "withheld, not unreported");
}

#[test]
fn what_was_handed_to_whom_is_an_entry() {
    let story = Story::told();
    let (index, auditor) = (story.last(), auditor(&story));
    let before = story.app.size();
    exported(&auditor, &format!("/v1/entries/{index}?members=/action/name"));
    let told = story.billing.get(&format!("/v1/entries/{before}")).status(200);
    assert_eq!(told["type"], "export.created");
    assert_eq!(told["report"]["source"], "audit");
    let exported = story.billing.get(&format!("/v1/entries/{index}")).status(200);
    let members = &told["members"];
    assert_eq!((&members["/index"], &members["/names"]), (&json!(index), &json!(["/action/name"])));
    assert_eq!(members["/leaf_hash"], exported["entry"]["leaf_hash"]);

    let path = format!("/v1/entries/{index}");
    let size = story.app.size();
    auditor.request("HEAD", &path).header("accept", "application/sd-jwt").send();
    auditor.request("GET", &path).header("accept", "application/json, application/sd-jwt;q=0.9").send().status(200);
    assert_eq!(story.app.size(), size, "nothing was handed out, so nothing is told");
    // Telling it once more is an entry of its own, and can itself be exported.
    verified(&story, &exported_twice(&story, before));
    assert_eq!(story.app.size(), size + 2);
}

fn exported_twice(story: &Story, index: u64) -> String {
    exported(&story.app.admin(), &format!("/v1/entries/{index}"));
    exported(&story.app.admin(), &format!("/v1/entries/{index}"))
}

#[test]
fn an_export_is_refused_in_words_and_leaves_no_trace() {
    let story = Story::told();
    let (last, auditor) = (story.last(), auditor(&story));
    let ana = story.app.person("user:ana@example.com", &[]);
    let agent = story.app.agent("agent:refunds");
    let eve = story.app.person("user:eve@example.com", &[Role::Auditor]);
    let size = story.app.size();
    for (client, path, problem) in [
        (&story.billing, format!("/v1/entries/{last}"), "permission_missing"),
        (&ana, format!("/v1/entries/{last}"), "permission_missing"),
        (&agent, format!("/v1/entries/{last}"), "permission_missing"),
        (&auditor, format!("/v1/entries/{size}"), "not_found"),
        (&auditor, format!("/v1/entries/{last}?members=/action/nam"), "invalid_parameter"),
        (&auditor, format!("/v1/entries/{last}?member=/action/name"), "unknown_parameter"),
        (&auditor, format!("/v1/entries/{last}?members=/action/name&members=/action/name"), "invalid_parameter"),
        (&story.app.stranger(), format!("/v1/entries/{last}"), "unauthenticated"),
    ] {
        export(client, &path).problem(problem);
    }
    let problem = export(&auditor, &format!("/v1/entries/{last}?members=/action/name,/nothing,,/action")).problem("invalid_parameter");
    assert_eq!(errors_of(&problem), ["?members unknown_member"; 3]);
    auditor.get(&format!("/v1/entries/{last}?members=/action/name")).problem("unknown_parameter");
    assert_eq!(story.app.size(), size);
    exported(&eve, &format!("/v1/entries/{last}"));
}
