//! Floor 4: the use cases. Append, sequence, publish, prove, find, walk, verify. It knows nothing of HTTP or HTML, and no SQL.

pub mod clock;
pub mod folder;
pub mod bell;
pub mod pending;
pub mod queue;
pub mod sequencer;
pub mod derivation;
pub mod tiling;
pub mod opened;
pub mod past;
pub mod high_water;
pub mod start;
pub mod publisher;
pub mod prover;
pub mod searchable;
pub mod follower;
//! Floor 4: the use cases. It knows nothing of HTTP or HTML.

pub mod idempotency;
pub mod sessions;
