//! The example claim sets of RFC 8693 section 4.1.

use onus::domain::token::act_chain;
use onus::tlog::json::Value;

use crate::shared::shared;

#[test]
fn the_chains_of_rfc_8693_are_read_newest_first() {
    let Some(file) = shared("data/rfc8693_act_claim_vectors.json") else { return };
    let all = Value::parse(&std::fs::read(file).unwrap()).unwrap();
    let Some(Value::Array(vectors)) = all.member("vectors") else { panic!("no vectors") };
    assert!(!vectors.is_empty());
    for vector in vectors {
        let (human, actors) = act_chain(vector.member("claims").unwrap());
        assert_eq!(human.as_deref(), vector.member("human").and_then(Value::as_str));
        let chain = Value::Array(actors.iter().map(|actor| Value::from(actor.as_str())).collect());
        assert_eq!(Some(&chain), vector.member("chain_newest_first"));
    }
}

#[test]
fn an_actor_without_a_name_ends_the_chain_and_none_behind_it_moves_up() {
    let claims = Value::parse(br#"{"sub":"ana","act":{"iss":"x","act":{"sub":"older"}}}"#).unwrap();
    assert_eq!(act_chain(&claims), (Some("ana".to_owned()), Vec::new()));
    assert_eq!(act_chain(&Value::Null), (None, Vec::new()));
}
