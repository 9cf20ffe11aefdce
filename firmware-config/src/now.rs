//! The time, as it is handed to a core.

use std::time::Duration;

use crate::wire::WallMs;

/// The time, handed in: one clock to wait by, one to write down. No core orders anything by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, from an arbitrary start.
    pub mono: Duration,
    /// Wall clock; may jump, may be 1970.
    pub wall_ms: WallMs,
}
