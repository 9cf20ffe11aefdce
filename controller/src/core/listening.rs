//! The clock of silence: runs only while the broker can be reached, for then alone does silence mean anything.

use std::time::Duration;

/// An AP that is not heard for so long is silent: an agent speaks at least every 20 s, and 10 s for a try that failed.
/// An agent that loses its connection is known to be gone sooner, by its last will.
pub const SILENT_AFTER: Duration = Duration::from_secs(30);

/// How long after a start, or after the broker came back, nobody is silent yet: agents try again at least every 10 s,
/// and 5 s to connect and speak.
pub const GRACE: Duration = Duration::from_secs(15);

/// The clock.
#[derive(Debug, Clone)]
pub struct Listening {
    started: Duration,
    /// Time lost in outages that are over.
    deaf: Duration,
    deaf_since: Option<Duration>,
    /// When, on this clock, the broker last came back.
    back: Duration,
    /// How long then nobody is silent yet.
    grace: Duration,
}

impl Listening {
    /// Runs from `now`; nobody is silent before `grace` is over.
    #[must_use]
    pub fn new(now: Duration, grace: Duration) -> Self {
        Self { started: now, deaf: Duration::ZERO, deaf_since: None, back: Duration::ZERO, grace }
    }

    /// The broker can be reached, or cannot.
    pub fn broker(&mut self, up: bool, now: Duration) {
        match (up, self.deaf_since) {
            (false, None) => self.deaf_since = Some(now),
            (true, Some(since)) => {
                self.deaf += now.saturating_sub(since);
                self.deaf_since = None;
                self.back = self.at(now);
            }
            _ => {}
        }
    }

    /// Whether the broker can be reached, as far as anybody said.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.deaf_since.is_none()
    }

    /// What this clock shows.
    #[must_use]
    pub fn at(&self, now: Duration) -> Duration {
        self.deaf_since.unwrap_or(now).saturating_sub(self.started).saturating_sub(self.deaf)
    }

    /// When the monotonic clock will show what this clock calls `at`, if the broker stays.
    #[must_use]
    pub fn mono(&self, at: Duration) -> Duration {
        self.started + self.deaf + at
    }

    /// From when on, on this clock, an AP last heard at `heard` is silent.
    #[must_use]
    pub fn silent_from(&self, heard: Option<Duration>) -> Duration {
        heard.map_or(Duration::ZERO, |heard| heard + SILENT_AFTER).max(self.back + self.grace)
    }
}
