//! Floor 4: the use cases. It knows nothing of HTTP or HTML.

pub mod idempotency;
pub mod sessions;
