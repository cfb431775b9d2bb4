//! What the operating system allows this process: how many files it may hold open, how many connections may wait at its door.

use std::io;
use std::net::TcpListener;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Where nothing limits the open files, no more than this is counted on.
const UNLIMITED: u64 = 1 << 20;

/// Raises the limit of open files as far as an ordinary process may, and says what it is now. Every connection is one, and most
/// systems begin with 1 024; without this a thousand idle clients would keep the ledger from opening its own files.
pub fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let now = if raised.is_ok() { maximum } else { current };
    now.unwrap_or(UNLIMITED).min(UNLIMITED)
}

/// Lets so many connections wait to be accepted; the standard library asks for 128.
pub fn deepen_backlog(listener: &TcpListener, connections: u16) -> io::Result<()> {
    Ok(rustix::net::listen(listener, i32::from(connections))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = raise_open_files();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!((current, raised), (maximum, maximum.unwrap_or(UNLIMITED).min(UNLIMITED)));
        assert_eq!(raise_open_files(), raised);
    }

    #[test]
    fn a_backlog_can_be_deepened_while_it_is_used() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        deepen_backlog(&listener, 1024).unwrap();
        let waiting: Vec<_> = (0..200).map(|_| std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap()).collect();
        assert_eq!(waiting.len(), 200, "more than the 128 of the standard library wait without being turned away");
    }
}
