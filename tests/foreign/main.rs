//! Foreign eyes: `ct-merkle`, `signed_note`, `jsonwebtoken` and `sd-jwt-payload` look at random ledgers of ours and must say what we say
//! of every root, proof, note, key and export, and of the same ones damaged. Where they differ by design, `differences` names it.
//! Library only, fixed seeds: a failure repeats.

#![expect(clippy::unwrap_used, reason = "a test stops where its claim fails")]

#[path = "../it/chance.rs"]
mod chance;
mod ledgers;
mod trees;
mod notes;
mod exports;
mod differences;

/// What somebody says of what was shown to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepts,
    Refuses,
}

impl Verdict {
    /// `Ok` accepts.
    fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Accepts } else { Self::Refuses }
    }
}
