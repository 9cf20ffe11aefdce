//! Tries that go on for ever: after 1 s, 2 s, 4 s, 8 s, and then every 10 s.

use std::time::Duration;

/// The first wait.
pub const FIRST: Duration = Duration::from_secs(1);

/// The longest wait: nobody waits longer than this for the next try, however long the outage was.
pub const CAP: Duration = Duration::from_secs(10);

/// A try to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    wait: Duration,
    due: Duration,
}

impl Retry {
    /// The first try, one [`FIRST`] from now.
    #[must_use]
    pub fn first(now: Duration) -> Self {
        Self { wait: FIRST, due: now + FIRST }
    }

    /// The try after `last`, or the first one.
    #[must_use]
    pub fn after(last: Option<Self>, now: Duration) -> Self {
        last.map_or_else(
            || Self::first(now),
            |last| {
                let wait = (last.wait * 2).min(CAP);
                Self { wait, due: now + wait }
            },
        )
    }

    /// When it is due.
    #[must_use]
    pub fn due(self) -> Duration {
        self.due
    }

    /// Whether it is due.
    #[must_use]
    pub fn is_due(self, now: Duration) -> bool {
        now >= self.due
    }
}
