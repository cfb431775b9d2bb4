//! The process that serves the ledger: whether there is one, and what it said of itself.

use crate::service::doctor::{Remark, Subject};
use crate::service::folder::Folder;

/// What was learnt over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerSaid {
    /// Nobody asked.
    NotAsked,
    /// Nobody answered.
    Unreachable {
        /// Where.
        url: String,
        /// What the transport says.
        reason: String,
    },
    /// It answered.
    Answered {
        /// Where.
        url: String,
        /// Why it is not ready; nothing, if it is.
        not_ready: Option<String>,
        /// Which ledger its checkpoint is of.
        origin: Option<String>,
        /// By how much its clock is ahead of this one, in milliseconds.
        ahead_ms: Option<i64>,
    },
}

/// Whether somebody serves this directory, and whether that is who answered.
pub(super) fn judge(said: &ServerSaid, is_served: bool, folder: &Folder, own: Option<&str>) -> Remark {
    let about = Subject::Server;
    let data = folder.root().display();
    if let (ServerSaid::Answered { url, origin: Some(origin), .. }, Some(own)) = (said, own)
        && origin != own
    {
        let says = format!("{url} serves the ledger {origin}, and {data} holds {own}");
        return Remark::act(about, says, "give doctor the directory that it serves");
    }
    match (said, is_served) {
        (ServerSaid::NotAsked, true) => {
            Remark::well(about, format!("a server is running over {data} (with --server URL it is asked, too)"))
        }
        (ServerSaid::NotAsked, false) => Remark::note(about, format!("no server is running over {data}")),
        (ServerSaid::Unreachable { url, reason }, true) => Remark::act(
            about,
            format!("a server is running over {data}, and nobody answers at {url}: {reason}"),
            "look where it listens (`listening on …` in its output), and at the proxy before it",
        ),
        (ServerSaid::Unreachable { url, .. }, false) => {
            Remark::act(about, format!("no server is running over {data}, and nobody answers at {url}"), "start it: onus serve --data DIR")
        }
        (ServerSaid::Answered { url, .. }, false) => Remark::act(
            about,
            format!("{url} answers, and no server is running over {data}: it serves another directory"),
            "give doctor the directory that it serves, or stop it",
        ),
        (ServerSaid::Answered { url, not_ready: Some(reason), .. }, true) => Remark::act(
            about,
            format!("{url} is {reason}"),
            "read_only: see high_water and file here; clock_jumped: set the clock right and restart with --confirm-clock; otherwise its log says why",
        ),
        (ServerSaid::Answered { url, not_ready: None, .. }, true) => Remark::well(about, format!("{url} is ready")),
    }
}
