//! Where things live: the one place that turns an id into the address of its page.

use std::fmt::Write;

/// The address of an action's page.
pub fn action(id: &str) -> String {
    under("/actions/", id)
}

/// The address of a delegation's page.
pub fn delegation(id: &str) -> String {
    under("/delegations/", id)
}

/// The address of a person's page.
pub fn person(id: &str) -> String {
    under("/people/", id)
}

/// The address of an agent's page.
pub fn agent(id: &str) -> String {
    under("/agents/", id)
}

/// The address of a document's page, by the hexadecimal SHA-256 of its content.
pub fn document(sha256: &str) -> String {
    under("/documents/", sha256)
}

/// The address of an entry's page.
pub fn entry(index: u64) -> String {
    format!("/entries/{index}")
}

/// The address of a finding's explanation.
pub fn finding(code: &str) -> String {
    format!("/help/findings#{code}")
}

/// The address of a search by one filter: `/search?agent_id=agent%3Arefunds`.
pub fn search(filter: &str, value: &str) -> String {
    format!("/search?{filter}={}", percent_encoded(value))
}

/// An id as one segment of a path or one value of a query: everything but RFC 3986's unreserved characters is escaped.
pub fn percent_encoded(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn under(prefix: &str, id: &str) -> String {
    match id {
        // A browser walks up at these two, escaped or not: such an id has no page, but it can be searched for.
        "." | ".." => format!("/search?q={id}"),
        _ => format!("{prefix}{}", percent_encoded(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        for (id, path) in [
            ("act-91", "/actions/act-91"),
            ("user:ana@example.com", "/actions/user%3Aana%40example.com"),
            ("v1.2", "/actions/v1.2"),
            ("a/b?c#d%", "/actions/a%2Fb%3Fc%23d%25"),
            ("..", "/search?q=.."),
            ("\"><script>", "/actions/%22%3E%3Cscript%3E"),
            ("é\u{202e}", "/actions/%C3%A9%E2%80%AE"),
        ] {
            assert_eq!(action(id), path);
        }
    }
}
