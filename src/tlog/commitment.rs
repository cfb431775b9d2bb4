//! The manifest of a payload and its hash, the commitment (FORMAT.md section 4): from values and a seed, from what an erasure left, or from an export.

use std::collections::HashSet;
use std::fmt;

use super::disclosure::{Digest, DisclosureError, OpenedMember, Salt, Scratch, Seed, open, salt_bytes};
use super::hash::{Commitment, base64url_of_16, sha256};
use super::member::{CutError, Member, MemberName, check_cut};

/// All that an entry commits to: digests of its disclosures and names of its members, each list ascending as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    digests: Vec<Digest>,
    names: Vec<MemberName>,
}

/// One member of a payload without a seed: after an erasure, or with a reporter's own salts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMember {
    /// Its name, which stays.
    pub name: MemberName,
    /// What else is left of it.
    pub sealed: Sealed,
}

/// What is left of a member.
#[derive(Clone, PartialEq, Eq)]
pub enum Sealed {
    /// All of it.
    Opened {
        /// Its own salt, not one from a seed.
        salt: Salt,
        /// Canonical JSON.
        value: String,
    },
    /// Only the digest.
    Gone {
        /// Of the disclosure that nobody can make any more.
        digest: Digest,
    },
}

/// Why members do not make a manifest, or disclosures do not belong to one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// Their names are not those of one payload.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// Two members share a salt: who sees one could guess at the other.
    #[error("the members {first} and {second} share a salt")]
    SameSalt {
        /// One.
        first: MemberName,
        /// The other.
        second: MemberName,
    },
    /// One digest stands twice.
    #[error("the digest {digest} stands twice")]
    SameDigest {
        /// Which.
        digest: Digest,
    },
    /// A digest for every name, or it is no manifest.
    #[error("{digests} digests for {names} names")]
    Lengths {
        /// How many digests.
        digests: usize,
        /// How many names.
        names: usize,
    },
    /// A text that is not a disclosure.
    #[error("not a disclosure")]
    Disclosure(#[from] DisclosureError),
    /// A disclosure that this entry did not commit to.
    #[error("the disclosure of {name} is not in the manifest")]
    Foreign {
        /// The name it carries.
        name: MemberName,
    },
    /// A disclosure of a member that the manifest does not name.
    #[error("the manifest has no member {name}")]
    Unnamed {
        /// The name it carries.
        name: MemberName,
    },
}

impl Manifest {
    /// Puts both lists in order. Refused: digests and names that cannot be those of one payload.
    pub fn new(mut digests: Vec<Digest>, mut names: Vec<MemberName>) -> Result<Self, CommitmentError> {
        if digests.len() != names.len() {
            return Err(CommitmentError::Lengths { digests: digests.len(), names: names.len() });
        }
        names.sort_unstable();
        check_cut(names.iter())?;
        sort_distinct(&mut digests)?;
        Ok(Self { digests, names })
    }

    /// The manifest of members that carry their own salts, or only a digest.
    pub fn of_sealed(members: &[SealedMember]) -> Result<Self, CommitmentError> {
        let mut scratch = Scratch::default();
        let digests = members.iter().map(|member| match &member.sealed {
            Sealed::Opened { salt, value } => scratch.digest(salt.as_str().as_bytes(), &member.name, value),
            Sealed::Gone { digest } => *digest,
        });
        let digests = digests.collect();
        check_salts(members.iter().filter_map(|member| match &member.sealed {
            Sealed::Opened { salt, .. } => Some((salt, &member.name)),
            Sealed::Gone { .. } => None,
        }))?;
        Self::new(digests, members.iter().map(|member| member.name.clone()).collect())
    }

    /// The digests, ascending.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The names, ascending.
    pub fn names(&self) -> &[MemberName] {
        &self.names
    }

    /// `JCS({"_sd": [digests], "_sd_alg": "sha-256", "members": [names]})`
    pub fn to_bytes(&self) -> Vec<u8> {
        manifest_bytes(&self.digests, self.names.iter())
    }

    /// What the entry's header holds.
    pub fn commitment(&self) -> Commitment {
        Commitment::from_bytes(sha256(&self.to_bytes()))
    }

    /// Opens disclosures that must all belong to this payload, each member at most once, no two with one salt (FORMAT.md section 6, item 5).
    pub fn open(&self, disclosures: &[&str]) -> Result<Vec<OpenedMember>, CommitmentError> {
        let mut opened = Vec::with_capacity(disclosures.len());
        let mut names = HashSet::new();
        for text in disclosures {
            let (member, digest) = open(text)?;
            if self.digests.binary_search(&digest).is_err() {
                return Err(CommitmentError::Foreign { name: member.name });
            }
            if self.names.binary_search(&member.name).is_err() {
                return Err(CommitmentError::Unnamed { name: member.name });
            }
            if !names.insert(member.name.clone()) {
                return Err(CutError::Twice { name: member.name }.into());
            }
            opened.push(member);
        }
        check_salts(opened.iter().map(|member| (&member.salt, &member.name)))?;
        Ok(opened)
    }
}

/// The commitment of a payload whose salts come from `seed`: once for every entry, so without a text or name being copied.
///
/// Salts need no look: two equal ones would be 128 bits of SHA-256 colliding on distinct names, and equal disclosures show as equal digests.
pub fn commit(seed: &Seed, members: &[Member]) -> Result<Commitment, CommitmentError> {
    let mut ascending: Vec<&Member> = members.iter().collect();
    ascending.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    check_cut(ascending.iter().map(|member| &member.name))?;
    let mut scratch = Scratch::default();
    let mut digests = Vec::with_capacity(members.len());
    for member in &ascending {
        let salt = base64url_of_16(salt_bytes(seed, &member.name));
        digests.push(scratch.digest(&salt, &member.name, &member.value));
    }
    sort_distinct(&mut digests)?;
    let bytes = manifest_bytes(&digests, ascending.iter().map(|member| &member.name));
    Ok(Commitment::from_bytes(sha256(&bytes)))
}

fn sort_distinct(digests: &mut [Digest]) -> Result<(), CommitmentError> {
    digests.sort_unstable();
    match digests.array_windows().find(|[a, b]| a == b) {
        Some([digest, _]) => Err(CommitmentError::SameDigest { digest: *digest }),
        None => Ok(()),
    }
}

fn check_salts<'m>(salted: impl Iterator<Item = (&'m Salt, &'m MemberName)>) -> Result<(), CommitmentError> {
    let mut salted: Vec<_> = salted.collect();
    salted.sort_unstable();
    match salted.array_windows().find(|[a, b]| a.0 == b.0) {
        Some([(_, first), (_, second)]) => Err(CommitmentError::SameSalt { first: (*first).clone(), second: (*second).clone() }),
        None => Ok(()),
    }
}

/// Both lists ascend; neither holds anything that JSON would escape.
fn manifest_bytes<'n>(digests: &[Digest], names: impl Iterator<Item = &'n MemberName>) -> Vec<u8> {
    let mut out = Vec::with_capacity(48 + 80 * digests.len());
    out.extend_from_slice(b"{\"_sd\":[");
    push_texts(digests.iter().map(Digest::as_str), &mut out);
    out.extend_from_slice(b"],\"_sd_alg\":\"sha-256\",\"members\":[");
    push_texts(names.map(MemberName::as_str), &mut out);
    out.extend_from_slice(b"]}");
    out
}

fn push_texts<'t>(texts: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    for (i, text) in texts.enumerate() {
        out.extend_from_slice(if i == 0 { b"\"" } else { b",\"" });
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

impl fmt::Debug for Sealed {
    /// Never the value: program logs hold no payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { .. } => f.write_str("Opened"),
            Self::Gone { digest } => write!(f, "Gone({digest})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tlog::disclosure::{digest, disclosure, salt};

    fn members(texts: &[String]) -> Vec<Member> {
        let member = |(i, text): (usize, &String)| Member {
            name: MemberName::parse(&format!("/m{}/{i}", i % 3)).unwrap(),
            value: crate::tlog::json::Value::from(text.as_str()).to_canonical(),
        };
        texts.iter().enumerate().map(member).collect()
    }

    fn sealed(seed: &Seed, members: &[Member]) -> Vec<SealedMember> {
        let seal = |m: &Member| Sealed::Opened { salt: salt(seed, &m.name), value: m.value.clone() };
        members.iter().map(|m| SealedMember { name: m.name.clone(), sealed: seal(m) }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_erasure_changes_the_commitment(seed: [u8; 32], texts in prop::collection::vec("\\PC{0,20}", 1..40), gone: u64) {
            let seed = Seed::from_bytes(seed);
            let members = members(&texts);
            let whole = commit(&seed, &members).unwrap();
            let mut left = sealed(&seed, &members);
            for (i, member) in left.iter_mut().enumerate().filter(|(i, _)| gone >> (i % 64) & 1 == 1) {
                let shown = disclosure(&salt(&seed, &member.name), &member.name, &members[i].value);
                member.sealed = Sealed::Gone { digest: digest(&shown) };
            }
            prop_assert_eq!(Manifest::of_sealed(&left).unwrap().commitment(), whole);
        }

        #[test]
        fn the_order_of_members_does_not_matter(seed: [u8; 32], texts in prop::collection::vec("\\PC{0,9}", 2..12)) {
            let seed = Seed::from_bytes(seed);
            let mut members = members(&texts);
            let whole = commit(&seed, &members).unwrap();
            members.reverse();
            prop_assert_eq!(commit(&seed, &members).unwrap(), whole);
            members[0].value.push(' ');
            prop_assert_ne!(commit(&seed, &members).unwrap(), whole);
        }

        #[test]
        fn the_manifest_is_what_the_general_writer_writes(texts in prop::collection::vec("[a-z]", 1..9)) {
            let manifest = Manifest::of_sealed(&sealed(&Seed::from_bytes([1; 32]), &members(&texts))).unwrap();
            let bytes = manifest.to_bytes();
            let general: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json_canonicalizer::to_vec(&general).unwrap(), bytes);
        }
    }

    #[test]
    fn disclosures_open_under_their_own_manifest_only() {
        let seed = Seed::from_bytes([3; 32]);
        let members = members(&["a".to_owned(), "b".to_owned()]);
        let manifest = Manifest::of_sealed(&sealed(&seed, &members)).unwrap();
        let shown: Vec<_> = members.iter().map(|m| disclosure(&salt(&seed, &m.name), &m.name, &m.value)).collect();
        let texts: Vec<_> = shown.iter().map(super::super::disclosure::Disclosure::as_str).collect();
        assert_eq!(manifest.open(&texts).unwrap().len(), 2);
        assert_eq!(manifest.open(&texts[..1]).unwrap()[0].name, members[0].name);
        let twice = manifest.open(&[texts[0], texts[0]]);
        assert_eq!(twice, Err(CutError::Twice { name: members[0].name.clone() }.into()));
        let foreign = disclosure(&salt(&seed, &members[0].name), &members[0].name, "\"x\"");
        assert_eq!(manifest.open(&[foreign.as_str()]), Err(CommitmentError::Foreign { name: members[0].name.clone() }));
        let renamed = Manifest::new(manifest.digests().to_vec(), vec![MemberName::literal("/x"), members[1].name.clone()]).unwrap();
        assert_eq!(renamed.open(&texts[..1]), Err(CommitmentError::Unnamed { name: members[0].name.clone() }));
    }

    #[test]
    fn what_is_no_payload_has_no_commitment() {
        let seed = Seed::from_bytes([3; 32]);
        let member = |name| Member { name: MemberName::literal(name), value: "1".to_owned() };
        assert_eq!(commit(&seed, &[]), Err(CutError::Count { count: 0 }.into()));
        assert!(matches!(commit(&seed, &[member("/a"), member("/a")]), Err(CommitmentError::Cut(CutError::Twice { .. }))));
        assert!(matches!(commit(&seed, &[member("/a/b"), member("/a")]), Err(CommitmentError::Cut(CutError::Within { .. }))));
        let mut same_salt = sealed(&seed, &[member("/a"), member("/b")]);
        same_salt[1].sealed = same_salt[0].sealed.clone();
        assert!(matches!(Manifest::of_sealed(&same_salt), Err(CommitmentError::SameSalt { .. })));
        let digest = Manifest::of_sealed(&same_salt[..1]).unwrap().digests()[0];
        let names = vec![MemberName::literal("/a"), MemberName::literal("/b")];
        assert_eq!(Manifest::new(vec![digest, digest], names.clone()), Err(CommitmentError::SameDigest { digest }));
        assert_eq!(Manifest::new(vec![digest], names), Err(CommitmentError::Lengths { digests: 1, names: 2 }));
    }
}
