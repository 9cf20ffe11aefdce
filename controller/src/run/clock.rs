//! The controller's two clocks: one to wait by, one for the record.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::core::Now;

/// Both clocks, read at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// The monotonic clock begins now.
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(self) -> Now {
        let wall = SystemTime::now();
        let wall_ms = match wall.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A clock before 1970 is wrong, and still a clock.
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        Now { mono: self.start.elapsed(), wall_ms }
    }

    /// When the monotonic clock shows `mono`.
    pub(super) fn instant(self, mono: Duration) -> Instant {
        self.start + mono
    }
}
