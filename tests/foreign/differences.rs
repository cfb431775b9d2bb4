//! Where we and they do not say the same, or where one might expect it, each with its reason. A row that is no longer true fails: then
//! they have changed, or we have.

use ct_merkle::InclusionProof as TheirInclusion;
use onus::tlog::commitment::{Manifest, Sealed, SealedMember};
use onus::tlog::disclosure::{Disclosure, Seed, disclosure, salt};
use onus::tlog::entry::{EntryHeader, EntryType, Origin};
use onus::tlog::hash::{LeafHash, NodeHash, RootHash, to_base64, to_base64url};
use onus::tlog::key::SigningKey;
use onus::tlog::member::MemberName;
use onus::tlog::note::sign;
use onus::tlog::position::{LeafIndex, TreeSize};
use onus::tlog::proof::{ConsistencyProof, InclusionProof, verify_inclusion};
use onus::tlog::sd_jwt::{ExportTerms, UnsignedExport};
use onus::tlog::time::Timestamp;
use onus::tlog::vkey::{KeyName, NoteSigner, Vkey};
use onus::tlog::witness::AddCheckpoint;
use sha2::Sha256;
use signed_note::{StandardVerifier, key_id};

use crate::Verdict::{self, Accepts, Refuses};
use crate::exports::{our_reading, their_reading};
use crate::notes::{their_verifiers, verdicts};
use crate::trees::{consistency, their_root};

/// What is shown to both.
struct Case {
    with: &'static str,
    shown: &'static str,
    ours: Verdict,
    theirs: Verdict,
    because: &'static str,
    look: fn() -> (Verdict, Verdict),
}

/// The first four are those of C2SP.md section 9.4, found with the public vectors of transparency-dev/merkle.
const CASES: [Case; 15] = [
    Case {
        with: "ct-merkle",
        shown: "consistency from size 0 with an empty path",
        ours: Refuses,
        theirs: Refuses,
        because: "every tree grew out of the empty one: that is known, not proven, and decided outside (next row)",
        look: || both(consistency(&from_empty(1), RootHash::empty(), one_leaf())),
    },
    Case {
        with: "the witness protocol",
        shown: "`old 0` with an empty path",
        ours: Accepts,
        theirs: Accepts,
        because: "tlog-witness asks for it, so the request is read; no verifier is asked",
        look: || both(Verdict::of(&AddCheckpoint::parse(AddCheckpoint::body(TreeSize::ZERO, &[], &checkpoint()).as_bytes()))),
    },
    Case {
        with: "ct-merkle",
        shown: "consistency from size 0 to size 0",
        ours: Refuses,
        theirs: Refuses,
        because: "as the first row",
        look: || both(consistency(&from_empty(0), RootHash::empty(), RootHash::empty())),
    },
    Case {
        with: "ct-merkle",
        shown: "hashes of another length than 32 bytes, none at all among them",
        ours: Refuses,
        theirs: Refuses,
        because: "two hashes of no bytes are equal: types that hold 32 cannot be fooled so",
        look: || {
            let theirs = TheirInclusion::<Sha256>::try_from_bytes(vec![0; 31]);
            (Verdict::of(&LeafHash::parse_base64("").ok_or(())), Verdict::of(&theirs))
        },
    },
    Case {
        with: "ct-merkle",
        shown: "a path longer than any tree is high",
        ours: Refuses,
        theirs: Refuses,
        because: "ours stops at 63, theirs computes how many there must be",
        look: long_path,
    },
    Case {
        with: "signed_note",
        shown: "the verifier key of a witness (type 0x04)",
        ours: Accepts,
        theirs: Refuses,
        because: "the crate knows plain Ed25519 keys only; `notes` teaches it cosignatures through its trait",
        look: || on_vkey(&NoteSigner::cosigner(name("w.example"), SigningKey::from_seed(&[2; 32])).vkey().to_string()),
    },
    Case {
        with: "signed_note",
        shown: "a verifier key whose id is in capitals",
        ours: Refuses,
        theirs: Accepts,
        because: "one key, one text: two spellings would pass for two keys in a list",
        look: || {
            let vkey = log().vkey().clone();
            on_vkey(&vkey.to_string().replace(&format!("+{}+", vkey.id()), &format!("+{}+", vkey.id().to_string().to_uppercase())))
        },
    },
    Case {
        with: "signed_note",
        shown: "a key of small order, under which anything verifies",
        ours: Refuses,
        theirs: Accepts,
        because: "whoever pins it would believe everybody",
        look: || {
            let identity: [u8; 33] = std::array::from_fn(|at| u8::from(at < 2));
            on_vkey(&format!("a.example+{:08x}+{}", key_id("a.example", &identity), to_base64(&identity)))
        },
    },
    Case {
        with: "signed_note",
        shown: "a line by an unknown key whose name is longer than 255 bytes",
        ours: Refuses,
        theirs: Accepts,
        because: "the length of a name is one byte in ML-DSA messages (C2SP.md section 3.1)",
        look: || on_note(&format!("{}\u{2014} {} AAAAAAA=\n", checkpoint(), "x".repeat(256))),
    },
    Case {
        with: "signed_note",
        shown: "a line by an unknown key with U+007F in its name",
        ours: Refuses,
        theirs: Accepts,
        because: "what cannot be printed names nobody",
        look: || on_note(&format!("{}\u{2014} x\u{7f} AAAAAAA=\n", checkpoint())),
    },
    Case {
        with: "signed_note",
        shown: "a note of more than 1 000 000 bytes and less than 1 MiB",
        ours: Accepts,
        theirs: Refuses,
        because: "the limits differ in their last digits; no checkpoint comes near",
        look: || on_note(&sign(&("a".repeat(1_000_000) + "\n"), &[&log()]).unwrap()),
    },
    Case {
        with: "sd-jwt-payload",
        shown: "one disclosure twice",
        ours: Refuses,
        theirs: Accepts,
        because: "no name twice (FORMAT.md section 6, item 5); theirs puts disclosures into a map",
        look: || on_export(&Made::of("1").export(&["/a", "/a"])),
    },
    Case {
        with: "sd-jwt-payload",
        shown: "a value that names a member twice, disclosed and signed by the ledger",
        ours: Refuses,
        theirs: Accepts,
        because: "which of the two counts would be the reader's guess: two readers, two stories",
        look: || on_export(&Made::of(r#"{"to":"ana","to":"mallory"}"#).export(&["/a"])),
    },
    Case {
        with: "sd-jwt-payload",
        shown: "a manifest that the entry did not commit to, signed by the ledger",
        ours: Refuses,
        theirs: Accepts,
        because: "to RFC 9901 `entry` and `members` are claims like others; that they belong together an Onus verifier rebuilds",
        look: || {
            let mut made = Made::of("1");
            let names = ["/a", "/c"].map(MemberName::literal).to_vec();
            made.manifest = Manifest::new(made.manifest.digests().to_vec(), names).unwrap();
            on_export(&made.export(&["/a"]))
        },
    },
    Case {
        with: "sd-jwt-payload",
        shown: "a key binding at the end",
        ours: Refuses,
        theirs: Accepts,
        because: "an export is bound to no holder (FORMAT.md section 9): what would be bound says nothing of the ledger",
        look: || {
            let part = |json: &str| to_base64url(json.as_bytes());
            let claims = part(r#"{"iat":1,"aud":"a","nonce":"n","sd_hash":"h"}"#);
            on_export(&format!("{}{}.{claims}.AA", Made::of("1").export(&["/a"]), part(r#"{"alg":"EdDSA","typ":"kb+jwt"}"#)))
        },
    },
];

#[test]
fn each_difference_is_what_the_table_says() {
    for Case { with, shown, ours, theirs, because, look } in CASES {
        assert_eq!(look(), (ours, theirs), "(ours, {with}) of {shown}; the table says so because {because}");
    }
}

/// Not a verdict but a reading: `{}` in a list is a value like others (FORMAT.md section 3 keeps it), and theirs forgets it.
#[test]
fn sd_jwt_payload_forgets_empty_objects_in_lists() {
    let text = Made::of(r#"[{},1,{"x":{}}]"#).export(&["/a"]);
    let key = SigningKey::from_seed(&[3; 32]).public_key();
    assert_eq!(our_reading(&text, &key).unwrap().opened[0].value.to_canonical(), r#"[{},1,{"x":{}}]"#);
    assert_eq!(their_reading(&text, &key).unwrap()["/a"], serde_json::json!([1, { "x": {} }]));
}

fn both(verdict: Verdict) -> (Verdict, Verdict) {
    (verdict, verdict)
}

fn from_empty(to: u64) -> ConsistencyProof {
    ConsistencyProof { from: TreeSize::ZERO, to: TreeSize::new(to).unwrap(), path: Vec::new() }
}

fn one_leaf() -> RootHash {
    LeafHash::of(b"x").as_node().as_root()
}

fn long_path() -> (Verdict, Verdict) {
    let path = vec![NodeHash::from_bytes([7; 32]); 64];
    let theirs = TheirInclusion::try_from_bytes(path.iter().flat_map(|hash| *hash.as_bytes()).collect()).unwrap();
    let proof = InclusionProof { index: LeafIndex::new(0).unwrap(), size: TreeSize::new(1 << 52).unwrap(), path };
    let ours = Verdict::of(&verify_inclusion(&proof, LeafHash::of(b"x"), one_leaf()));
    (ours, Verdict::of(&their_root(one_leaf(), proof.size).verify_inclusion(&b"x", 0, &theirs)))
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn log() -> NoteSigner {
    NoteSigner::new(name("a.example"), SigningKey::from_seed(&[1; 32]))
}

fn checkpoint() -> String {
    sign(&format!("a.example\n1\n{}\n", one_leaf().to_base64()), &[&log()]).unwrap()
}

fn on_vkey(text: &str) -> (Verdict, Verdict) {
    (Verdict::of(&Vkey::parse(text)), Verdict::of(&StandardVerifier::new(text)))
}

fn on_note(note: &str) -> (Verdict, Verdict) {
    let keys = [log().vkey().clone()];
    verdicts(note.as_bytes(), &keys, &their_verifiers(&keys))
}

fn on_export(text: &str) -> (Verdict, Verdict) {
    let key = SigningKey::from_seed(&[3; 32]).public_key();
    (Verdict::of(&our_reading(text, &key)), Verdict::of(&their_reading(text, &key)))
}

/// An entry with the members `/a` and `/b`, made by hand: a ledger would not write some of them.
struct Made {
    entry: Vec<u8>,
    manifest: Manifest,
    disclosures: [(&'static str, Disclosure); 2],
}

impl Made {
    /// `a` is the text of `/a`.
    fn of(a: &str) -> Self {
        let seed = Seed::from_bytes([5; 32]);
        let [a, b] = [("/a", a), ("/b", "2")].map(|(text, value)| {
            let name = MemberName::literal(text);
            let salt = salt(&seed, &name);
            let shown = (text, disclosure(&salt, &name, value));
            (SealedMember { name, sealed: Sealed::Opened { salt, value: value.to_owned() } }, shown)
        });
        let manifest = Manifest::of_sealed(&[a.0, b.0]).unwrap();
        let header = EntryHeader {
            about: None,
            assessment: None,
            index: LeafIndex::new(7).unwrap(),
            log: Origin::parse("a.example").unwrap(),
            payload: manifest.commitment(),
            prev: LeafHash::of(b"x"),
            recorded_at: Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap(),
            entry_type: EntryType::literal("action.recorded"),
        };
        Self { entry: header.to_bytes(), manifest, disclosures: [a.1, b.1] }
    }

    fn export(&self, shown: &[&str]) -> String {
        let find = |name: &&str| self.disclosures.iter().find(|(of, _)| of == name).unwrap().1.clone();
        let granted: Vec<Disclosure> = shown.iter().map(find).collect();
        let terms = ExportTerms { issuer: "https://ledger.example".to_owned(), issued_at_s: 1_795_000_000, audience: None };
        UnsignedExport { entry: &self.entry, manifest: &self.manifest, granted: &granted, terms: &terms }
            .sign(&SigningKey::from_seed(&[3; 32]))
    }
}
