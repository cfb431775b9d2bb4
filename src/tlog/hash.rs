//! SHA-256 and the kinds of hash the ledger tells apart. No other file computes one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the parts behind each other, with nothing in between.
pub fn sha256_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of bytes that come piece by piece: of files too large to be held.
#[derive(Clone, Default)]
pub struct Sha256Pieces(Sha256);

impl Sha256Pieces {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Of all of them behind each other.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// HMAC-SHA-256 of the parts, each behind its length: `("ab", "c")` and `("a", "bc")` differ.
pub fn keyed_hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Base64url without padding (RFC 4648 section 5): what entries and disclosures use.
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends [`to_base64url`] of `bytes`, without a text in between: most of what an entry costs is this.
pub fn push_base64url(bytes: &[u8], out: &mut Vec<u8>) {
    let from = out.len();
    out.resize(from + (bytes.len() * 4).div_ceil(3), 0);
    URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[from..]).expect("four characters for three bytes were made room for");
}

/// The 43 characters of base64url that 32 bytes are.
pub fn base64url_of_32(bytes: &[u8; 32]) -> [u8; 43] {
    let mut text = [0; 43];
    URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).expect("32 bytes are 43 characters");
    text
}

/// The 22 characters of base64url that 16 bytes are.
pub fn base64url_of_16(bytes: [u8; 16]) -> [u8; 22] {
    let mut text = [0; 22];
    URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).expect("16 bytes are 22 characters");
    text
}

/// Strict inverse of [`to_base64url`]: no padding, no trailing bits, nothing else.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Base64 with padding (RFC 4648 section 4): what checkpoints and proofs use.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Strict inverse of [`to_base64`].
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Lowercase hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]).map(char::from).collect()
}

/// Strict inverse of [`to_hex`]: lowercase only.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

macro_rules! hash_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes 32 bytes for what the type says they are.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// From 43 characters of base64url.
            pub fn parse(text: &str) -> Option<Self> {
                from_base64url(text)?.try_into().ok().map(Self)
            }

            /// From 44 characters of base64 with padding.
            pub fn parse_base64(text: &str) -> Option<Self> {
                from_base64(text)?.try_into().ok().map(Self)
            }

            /// 44 characters of base64 with padding.
            pub fn to_base64(&self) -> String {
                to_base64(&self.0)
            }

            /// From 64 lowercase hexadecimal digits.
            pub fn parse_hex(text: &str) -> Option<Self> {
                from_hex(text)?.try_into().ok().map(Self)
            }

            /// 64 lowercase hexadecimal digits.
            pub fn to_hex(&self) -> String {
                to_hex(&self.0)
            }
        }

        impl fmt::Display for $name {
            /// 43 characters of base64url.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_base64url(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

hash_kind!(
    /// `SHA-256(0x00 ‖ entry bytes)`: the leaf of the tree and the link of the chain (FORMAT.md section 2).
    LeafHash
);
hash_kind!(
    /// `SHA-256(0x01 ‖ left ‖ right)`, or a leaf hash taken as a node: a complete subtree.
    NodeHash
);
hash_kind!(
    /// The RFC 6962 tree hash of a whole tree of some size.
    RootHash
);
hash_kind!(
    /// `SHA-256(manifest)`: what an entry's header says of its payload (FORMAT.md section 4).
    Commitment
);
hash_kind!(
    /// Plain SHA-256 of a document's bytes: its name in the content-addressed store.
    DocumentHash
);

impl DocumentHash {
    /// The name of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(sha256(content))
    }
}

impl LeafHash {
    /// `prev` of entry 0.
    pub const GENESIS: Self = Self([0; 32]);

    /// The leaf hash of an entry.
    pub fn of(entry_bytes: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0u8]);
        hasher.update(entry_bytes);
        Self(hasher.finalize().into())
    }

    /// The leaf as the lowest node of the tree.
    pub const fn as_node(self) -> NodeHash {
        NodeHash(self.0)
    }
}

impl NodeHash {
    /// The node above two.
    pub fn above(left: Self, right: Self) -> Self {
        let mut bytes = [0u8; 65];
        bytes[0] = 1;
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self(sha256(&bytes))
    }

    /// The top node of a tree as its root.
    pub const fn as_root(self) -> RootHash {
        RootHash(self.0)
    }
}

impl RootHash {
    /// The root of the tree of size 0: `SHA-256("")`.
    pub fn empty() -> Self {
        Self(sha256(b""))
    }
}
