//! The members a payload is cut into (FORMAT.md section 3): names, and values as canonical text. What a name means is not known here.

use std::borrow::Cow;
use std::fmt;

/// Most members of one payload.
pub const MAX_MEMBERS: usize = 4096;
const MAX_SEGMENTS: usize = 8;
const MAX_SEGMENT_CHARACTERS: usize = 64;

/// The RFC 6901 pointer to a member's value: `(/[a-z0-9_]{1,64}){1,8}`. Needs no escape in JSON. Ordered as ASCII text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName(Cow<'static, str>);

/// A member of a payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it stands in the payload.
    pub name: MemberName,
    /// Its value as canonical JSON (RFC 8785).
    pub value: String,
}

/// Why names are not those of one payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// None, or more than [`MAX_MEMBERS`].
    #[error("a payload has 1 to {MAX_MEMBERS} members, this has {count}")]
    Count {
        /// How many.
        count: usize,
    },
    /// One name stands twice.
    #[error("the member {name} stands twice")]
    Twice {
        /// Which.
        name: MemberName,
    },
    /// One member lies within another.
    #[error("the member {inner} lies within the member {outer}")]
    Within {
        /// The longer name.
        inner: MemberName,
        /// The shorter.
        outer: MemberName,
    },
}

impl MemberName {
    /// Reads a name; `None` if it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        is_member_name(text.as_bytes()).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// A name that stands in the program. In a `const`, one that is not of the form does not compile.
    pub const fn literal(text: &'static str) -> Self {
        assert!(is_member_name(text.as_bytes()), "1 to 8 times a slash and 1 to 64 of [a-z0-9_]");
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is another name that begins with `outer` and a slash.
    pub fn is_within(&self, outer: &Self) -> bool {
        self.0.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

const fn is_member_name(text: &[u8]) -> bool {
    let mut at = 0;
    let mut segments = 0;
    let mut in_segment = MAX_SEGMENT_CHARACTERS;
    while at < text.len() {
        match text[at] {
            b'/' if in_segment > 0 => {
                segments += 1;
                in_segment = 0;
            }
            b'a'..=b'z' | b'0'..=b'9' | b'_' if segments > 0 && in_segment < MAX_SEGMENT_CHARACTERS => in_segment += 1,
            _ => return false,
        }
        at += 1;
    }
    segments > 0 && segments <= MAX_SEGMENTS && in_segment > 0
}

/// Refuses names that are not those of one payload; they must ascend.
///
/// Looking at neighbours is enough: `/` is below every other character of a name, so what lies within a member follows it at once.
pub fn check_cut<'n>(ascending: impl ExactSizeIterator<Item = &'n MemberName>) -> Result<(), CutError> {
    let count = ascending.len();
    if !(1..=MAX_MEMBERS).contains(&count) {
        return Err(CutError::Count { count });
    }
    let mut before: Option<&MemberName> = None;
    for name in ascending {
        match before {
            Some(outer) if outer == name => return Err(CutError::Twice { name: name.clone() }),
            Some(outer) if name.is_within(outer) => return Err(CutError::Within { inner: name.clone(), outer: outer.clone() }),
            _ => before = Some(name),
        }
    }
    Ok(())
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Member {
    /// Never the value: program logs hold no payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_have_one_form() {
        const NAME: MemberName = MemberName::literal("/action/name");
        assert_eq!(MemberName::parse("/action/name"), Some(NAME));
        let (longest, deepest) = (format!("/{}", "a".repeat(64)), "/a".repeat(8));
        for taken in ["/context/0", "/_", longest.as_str(), deepest.as_str()] {
            assert!(MemberName::parse(taken).is_some(), "{taken}");
        }
        let (too_long, too_deep) = (format!("/{}", "a".repeat(65)), "/a".repeat(9));
        for refused in ["", "/", "a", "a/b", "/a/", "//a", "/a//b", "/A", "/a-b", "/a~1b", "/é", too_long.as_str(), too_deep.as_str()] {
            assert_eq!(MemberName::parse(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_payload_has_at_least_one_member_and_at_most_4096() {
        let names: Vec<_> = (0..=MAX_MEMBERS).map(|i| MemberName::parse(&format!("/n{i:05}")).unwrap()).collect();
        assert_eq!(check_cut([].iter()), Err(CutError::Count { count: 0 }));
        assert_eq!(check_cut(names.iter()), Err(CutError::Count { count: 4097 }));
        assert_eq!(check_cut(names[1..].iter()), Ok(()));
    }

    proptest! {
        #[test]
        fn neighbours_show_what_all_pairs_show(texts in prop::collection::vec("(/[a0_z]{1,2}){1,3}", 1..12)) {
            let mut names: Vec<_> = texts.iter().map(|t| MemberName::parse(t).unwrap()).collect();
            names.sort();
            let clashes = |i: usize, j: usize| i != j && (names[i] == names[j] || names[i].is_within(&names[j]));
            let any_clash = (0..names.len()).any(|i| (0..names.len()).any(|j| clashes(i, j)));
            prop_assert_eq!(check_cut(names.iter()).is_err(), any_clash);
        }
    }
}
