//! Where the next page of a list begins: opaque to its bearer, and bound to the list it was made for. The same position under
//! other parameters would skip or repeat entries, so it is refused.
//!
//! A cursor opens nothing: whoever bears one is authenticated and sees what she may see. The MAC keeps positions from being
//! guessed at, no more; comparing it needs no constant time.

use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::tlog::hash::{from_base64url, keyed_hash, to_base64url};

/// The first byte of every cursor; a new form takes the next number.
const VERSION: u8 = 1;
/// Bytes of the MAC that a cursor carries.
const MAC_BYTES: usize = 16;
/// Longest cursor that is looked at, in characters.
const MAX_CHARACTERS: usize = 1024;

/// Makes and opens cursors.
#[derive(Clone)]
pub struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// With a key that may change at every start: cursors are short-lived.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The cursor for `position` (the last row's sort key, in bytes of the list's choosing) of the list that `operation_id`
    /// gives for `query`.
    pub fn seal(&self, operation_id: &str, query: &Query, position: &[u8]) -> String {
        let mac = self.mac(operation_id, query, position);
        to_base64url(&[&[VERSION], &mac[..], position].concat())
    }

    /// The position within the cursor of `query`, if there is a cursor.
    pub fn open(&self, operation_id: &str, query: &Query) -> Result<Option<Vec<u8>>, Problem> {
        let Some(text) = query.text("cursor") else { return Ok(None) };
        match self.position_in(text, operation_id, query) {
            Some(position) => Ok(Some(position)),
            None => Err(Problem::new(
                Code::InvalidCursor,
                "the cursor is malformed, too old, or was made for another list or other parameters: start again without it",
            )),
        }
    }

    fn position_in(&self, text: &str, operation_id: &str, query: &Query) -> Option<Vec<u8>> {
        let bytes = from_base64url(text).filter(|_| text.len() <= MAX_CHARACTERS)?;
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (mac, position) = rest.split_at_checked(MAC_BYTES)?;
        (self.mac(operation_id, query, position) == mac).then(|| position.to_vec())
    }

    fn mac(&self, operation_id: &str, query: &Query, position: &[u8]) -> [u8; MAC_BYTES] {
        let binding = query.binding();
        let mut parts: Vec<&[u8]> = vec![b"onus cursor v1", operation_id.as_bytes(), position];
        parts.extend(binding.iter().map(|text| text.as_bytes()));
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&keyed_hash(&self.key, &parts)[..MAC_BYTES]);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_one_list_and_its_parameters() {
        let query = |raw: &str| Query::parse(raw, &["agent_id", "outcome", "cursor", "limit"]).unwrap();
        let cursors = Cursors::new([1; 32]);
        let text = cursors.seal("listActions", &query("agent_id=a&outcome=failed"), b"1042");
        let open = |cursors: &Cursors, operation: &str, raw: &str| {
            cursors.open(operation, &query(&format!("{raw}&cursor={text}"))).map_err(|p| p.code())
        };
        assert_eq!(open(&cursors, "listActions", "outcome=failed&agent_id=a&limit=7"), Ok(Some(b"1042".to_vec())));
        assert_eq!(open(&cursors, "listActions", "outcome=failed&agent_id=b"), Err(Code::InvalidCursor));
        assert_eq!(open(&cursors, "listActions", "outcome=failed"), Err(Code::InvalidCursor));
        assert_eq!(open(&cursors, "listDelegations", "outcome=failed&agent_id=a"), Err(Code::InvalidCursor));
        assert_eq!(open(&Cursors::new([2; 32]), "listActions", "outcome=failed&agent_id=a"), Err(Code::InvalidCursor));
        assert_eq!(cursors.open("listActions", &query("agent_id=a")).unwrap(), None);
        for broken in ["x", "AQ", &text[1..], &format!("{text}AAAA")] {
            assert!(cursors.open("listActions", &query(&format!("agent_id=a&outcome=failed&cursor={broken}"))).is_err(), "{broken}");
        }
    }
}
