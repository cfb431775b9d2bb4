//! A witness's cosignature of a checkpoint (`cosignature/v1`, type 0x04; C2SP.md section 5.2): *at that time this was the largest
//! consistent tree I had seen*. The time is passed in; whether it lies in the future is for the reader to judge.

use super::key::{PublicKey, SIGNATURE_BYTES};
use super::note::signature_line;
use super::vkey::{NoteSigner, SignatureType};

/// A time and a signature.
pub const COSIGNATURE_BYTES: usize = 8 + SIGNATURE_BYTES;
/// Latest time, in seconds since 1970.
pub const MAX_TIME_S: u64 = i64::MAX.unsigned_abs();

/// The signature line of a witness for the text of a checkpoint. `None` if the signer is no cosigner, or for a time past 2^63−1.
pub fn cosign(signer: &NoteSigner, checkpoint_text: &str, time_s: u64) -> Option<String> {
    if signer.vkey().signature_type() != SignatureType::Cosignature || time_s > MAX_TIME_S {
        return None;
    }
    let signature = signer.key().sign(&message(checkpoint_text, time_s));
    Some(signature_line(signer.vkey(), &[time_s.to_be_bytes().as_slice(), &signature].concat()))
}

/// When the cosignature says it was made, if it holds for the text of a checkpoint under `key`.
pub(super) fn verify(checkpoint_text: &str, cosignature: &[u8], key: &PublicKey) -> Option<u64> {
    let (time, signature) = cosignature.split_first_chunk::<8>()?;
    let time_s = u64::from_be_bytes(*time);
    (time_s <= MAX_TIME_S && key.verifies(&message(checkpoint_text, time_s), signature)).then_some(time_s)
}

/// The whole text, extension lines too, but not the witness's name.
fn message(checkpoint_text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{checkpoint_text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::key::SigningKey;
    use crate::tlog::vkey::KeyName;

    fn witness() -> NoteSigner {
        NoteSigner::cosigner(KeyName::parse("witness.example/w1").unwrap(), SigningKey::from_seed(&[0x22; 32]))
    }

    /// C2SP.md section 9.2.
    #[test]
    fn the_published_cosignature_is_made() {
        let text = "ledger.example/acme\n7\nkTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n";
        let expected = "\u{2014} witness.example/w1 4M0oZAAAAABo53gAES7yT+/0qEsm0VASwKEg0QUmcX+7h7xjbNEVDv0n1OQo6UFszOOj99m/kABsO6i0PAv0cCmQTEIBIBHOd/o2DA==\n";
        assert_eq!(cosign(&witness(), text, 1_760_000_000).unwrap(), expected);
    }

    #[test]
    fn times_past_the_limit_and_keys_of_logs_do_not_cosign() {
        assert_eq!(cosign(&witness(), "a\n", MAX_TIME_S + 1), None);
        let log = NoteSigner::new(KeyName::parse("log").unwrap(), SigningKey::from_seed(&[0x22; 32]));
        assert_eq!(cosign(&log, "a\n", 1), None);
        let key = witness().vkey().public_key().to_owned();
        let signed =
            |time_s: u64| [time_s.to_be_bytes().as_slice(), &SigningKey::from_seed(&[0x22; 32]).sign(&message("a\n", time_s))].concat();
        assert_eq!(verify("a\n", &signed(MAX_TIME_S), &key), Some(MAX_TIME_S));
        assert_eq!(verify("a\n", &signed(MAX_TIME_S + 1), &key), None);
        assert_eq!(verify("a\n", &signed(5)[..71], &key), None);
        assert_eq!(verify("b\n", &signed(5), &key), None);
    }
}
