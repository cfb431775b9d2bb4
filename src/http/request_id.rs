//! Names a request: `req_` and a UUID of version 7. Ours, never the caller's: it stands in entries.

use std::fmt;

use uuid::Uuid;

use crate::tlog::time::Timestamp;

/// The name of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new name; ordered by `now`, unguessable in the rest.
    pub fn new(now: Timestamp) -> Self {
        let micros = u64::try_from(now.micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1000).expect("less than a second");
        Self(Uuid::new_v7(uuid::Timestamp::from_unix_time(micros / 1_000_000, nanos, 0, 0)))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "req_{}", self.0.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_begin_with_the_time() {
        let now = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        let (one, other) = (RequestId::new(now).to_string(), RequestId::new(now).to_string());
        assert_ne!(one, other);
        assert_eq!(one.len(), "req_".len() + 32);
        assert_eq!(one[..16], other[..16], "the first 48 bits are the millisecond");
        assert!(one < RequestId::new(now.plus_ms(1).unwrap()).to_string());
    }
}
