//! Floor 4: the use cases. Append, sequence, publish, prove, find, walk, verify. It knows nothing of HTTP or HTML, and no SQL.

pub mod ledger;
pub mod genesis;
pub mod clock;
pub mod folder;
pub mod credentials;
pub mod adoption;
pub mod intake;
pub mod pending;
pub mod queue;
pub mod sequencer;
pub mod derivation;
pub mod tiling;
pub mod opened;
pub mod past;
pub mod high_water;
pub mod start;
pub mod bell;
pub mod publisher;
pub mod prover;
pub mod searchable;
pub mod follower;
pub mod replay;
pub mod reindex;
pub mod verifier;
pub mod idempotency;
pub mod sessions;
