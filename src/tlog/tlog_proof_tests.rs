//! Tests of `tlog_proof.rs`: the proof of C2SP.md section 9.2 and everything that is wrong with its neighbours.

use super::*;
use crate::tlog::tree::tests::entries;

const PROOF: &str = "c2sp.org/tlog-proof@v1
index 2
J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=
LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=
5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=

ledger.example/acme
7
kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=

\u{2014} ledger.example/acme g7G6rOa5a66YtQpocWlIpJah440ijxkjKaQCzDqkfn0VFMnQCKSfFTgJu6gvU3AcIeJceQK+kYBbxH7qFCKjwM2+wgk=
\u{2014} witness.example/w1 4M0oZAAAAABo53gAES7yT+/0qEsm0VASwKEg0QUmcX+7h7xjbNEVDv0n1OQo6UFszOOj99m/kABsO6i0PAv0cCmQTEIBIBHOd/o2DA==
";

#[track_caller]
fn verify(file: &str, leaf: usize, quorum: usize) -> Result<Proven, TlogProofError> {
    let vkey = |text| Vkey::parse(text).unwrap();
    let log_keys = [vkey("ledger.example/acme+83b1baac+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3")];
    let witnesses = [vkey("witness.example/w1+e0cd2864+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw")];
    let origin = Origin::parse("ledger.example/acme").unwrap();
    let trust = Trust { origin: &origin, log_keys: &log_keys, witnesses: &witnesses, quorum };
    TlogProof::parse(file.as_bytes())?.verify(entries(7).0[leaf], trust)
}

#[test]
fn the_published_proof_is_read_written_and_holds() {
    assert_eq!(TlogProof::parse(PROOF.as_bytes()).unwrap().to_text(), PROOF);
    let proven = verify(PROOF, 2, 1).unwrap();
    assert_eq!(proven.checkpoint.size.get(), 7);
    assert_eq!(proven.cosignatures[0].time_s, 1_760_000_000);
    let with_extra = PROOF.replace("index", "extra AAEC\nindex");
    assert_eq!(TlogProof::parse(with_extra.as_bytes()).unwrap().extra, Some(vec![0, 1, 2]));
    assert_eq!(TlogProof::parse(with_extra.as_bytes()).unwrap().to_text(), with_extra);
    assert!(verify(&with_extra, 2, 1).is_ok());
}

#[test]
fn another_entry_place_tree_or_quorum_is_refused() {
    assert_eq!(verify(PROOF, 3, 1), Err(ProofError::OtherRoot.into()));
    assert_eq!(verify(&PROOF.replace("index 2", "index 3"), 2, 1), Err(ProofError::OtherRoot.into()));
    let outside = |proven| matches!(proven, Err(TlogProofError::Inclusion(ProofError::Outside { .. })));
    assert!(outside(verify(&PROOF.replace("index 2", "index 7"), 2, 1)));
    assert_eq!(verify(PROOF, 2, 2), Err(TlogProofError::Quorum { found: 1, needed: 2 }));
    assert!(matches!(verify(&PROOF.replace("\n7\n", "\n8\n"), 2, 0), Err(TlogProofError::Checkpoint(_))));
    assert!(matches!(verify(&PROOF.replace("4M0oZAAAAABo53gA", "4M0oZAAAAABo53gB"), 2, 1), Err(TlogProofError::Cosignature(_))));
    let unwitnessed = PROOF.rsplit_once("\u{2014} witness").unwrap().0;
    assert!(verify(unwitnessed, 2, 0).is_ok());
    assert_eq!(verify(unwitnessed, 2, 1), Err(TlogProofError::Quorum { found: 0, needed: 1 }));
}

#[test]
fn what_is_not_of_the_form_says_which_line() {
    let hash = "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=\n";
    let cases = [
        (PROOF.replace("@v1", "@v2"), 1),
        (PROOF.replace("@v1", "@v1 "), 1),
        (PROOF.replace('\n', "\r\n"), 1),
        (PROOF.replace("index 2", "index 02"), 2),
        (PROOF.replace("index 2", "index +2"), 2),
        (PROOF.replace("index 2", "index 2 "), 2),
        (PROOF.replace("index 2", "index 9223372036854775808"), 2),
        (PROOF.replace("index 2\n", ""), 2),
        (PROOF.replace("index", "extra AAE\nindex"), 2),
        (PROOF.replace("index 2", "index 2\nextra AAEC"), 3),
        (PROOF.replace("pc=\n", "pc\n"), 3),
        (PROOF.replace("Bsg=\n\n", "Bsg=\n"), 6),
        (PROOF.replace(hash, &hash.repeat(62)), 66),
    ];
    for (file, line) in cases {
        let refused = TlogProof::parse(file.as_bytes());
        assert!(matches!(refused, Err(TlogProofError::Malformed(BadLine { line: found, .. })) if found == line), "{refused:?}: {file}");
    }
    assert!(TlogProof::parse(PROOF.replace(hash, &hash.repeat(61)).as_bytes()).is_ok());
    assert!(matches!(TlogProof::parse(PROOF.strip_suffix('\n').unwrap().as_bytes()), Err(TlogProofError::Checkpoint(_))));
    assert_eq!(TlogProof::parse(&vec![0; MAX_PROOF_BYTES + 1]), Err(TlogProofError::TooLong));
}

/// A tree of one leaf has no path, and the blank line follows the index.
#[test]
fn a_tree_of_one_leaf_has_no_path() {
    let cut = PROOF.split_inclusive('\n').enumerate().filter(|(i, _)| !(2..5).contains(i)).map(|(_, line)| line);
    assert_eq!(TlogProof::parse(cut.collect::<String>().as_bytes()).unwrap().path, []);
}
