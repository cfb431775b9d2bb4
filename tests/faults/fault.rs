//! What is made to fail: a call, at which of its times, on which file, and how.

use std::fmt::{Display, Formatter, Result};

/// Who makes it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The kernel, through `strace`: every call, counted by thread.
    Strace,
    /// The C library, through a preloaded shim: calls on the ledger's files, counted over all threads, by file.
    Shim,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An IO error.
    Eio,
    /// The disk is full.
    Enospc,
    /// The process is killed before the call.
    Killed,
    /// Half of the bytes are written, then the process is killed.
    Torn,
    /// Half of the bytes are written, then the disk is full.
    Short,
}

impl Effect {
    /// As shim and strace call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Eio => "EIO",
            Self::Enospc => "ENOSPC",
            Self::Killed => "SIGKILL",
            Self::Torn => "TORN",
            Self::Short => "SHORT",
        }
    }

    /// Whether the process does not outlive it.
    pub(crate) const fn kills(self) -> bool {
        matches!(self, Self::Killed | Self::Torn)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) engine: Engine,
    /// The kernel's name; `disk` for whatever changes a file.
    pub(crate) call: String,
    /// The file, as the shim names it.
    pub(crate) file: String,
    /// From 1.
    pub(crate) at: usize,
    pub(crate) effect: Effect,
    /// Whether it fails from there on.
    pub(crate) lasts: bool,
}

impl Fault {
    /// The row of the table that it belongs to.
    pub(crate) const fn kind(&self) -> &'static str {
        match (self.engine, self.effect, self.lasts) {
            (Engine::Strace, Effect::Killed, _) => "SIGKILL at a syscall (strace)",
            (Engine::Strace, _, false) => "EIO, ENOSPC once (strace)",
            (Engine::Strace, _, true) => "EIO, ENOSPC from then on (strace)",
            (Engine::Shim, Effect::Killed, _) => "SIGKILL at a file call (shim)",
            (Engine::Shim, Effect::Torn | Effect::Short, _) => "half a write (shim)",
            (Engine::Shim, _, false) => "EIO, ENOSPC once (shim)",
            (Engine::Shim, _, true) => "EIO, ENOSPC from then on (shim)",
        }
    }

    /// `17`, or `17+`.
    pub(crate) fn when(&self) -> String {
        format!("{}{}", self.at, if self.lasts { "+" } else { "" })
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}#{} {}", self.call, self.when(), self.effect.name())?;
        match self.engine {
            Engine::Strace => f.write_str(" by strace"),
            Engine::Shim => write!(f, " {}", self.file),
        }
    }
}
