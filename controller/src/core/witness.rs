//! The second pair of eyes: what SNMP saw of an AP that has an agent, and how long that contradicts the agent.

use std::time::Duration;

use firmware_config::wire::WallMs;

use super::Now;
use super::view::Witnessed;

/// A sighting older than this witnesses nothing: two polls of at most 20 s and 10 s each were missed.
pub const STALE_AFTER: Duration = Duration::from_secs(60);

/// Sightings that contradict the agent for so long are believed: 20 s between two looks and 10 s for a
/// look, so that there are two of them at least. An agent that changes what it says begins this anew.
pub const CONTRADICTS_AFTER: Duration = Duration::from_secs(30);

/// What SNMP saw of `00000JAPAN` at an AP that has an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which.
    pub ap: firmware_config::ident::ApId,
    /// Whether it is on the air; or why that could not be asked.
    pub open: Result<bool, String>,
    /// When, by our clock.
    pub at_ms: WallMs,
}

/// The witness of one AP.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// What was last seen: open or not, when on the clock to wait by, and on the wall clock.
    seen: Option<(bool, Duration, WallMs)>,
    /// Why it could not be asked the last time.
    cannot: Option<String>,
    /// What the agent says is on the air; none where it says that it is at work.
    claim: Option<bool>,
    /// Since which sighting what is seen and what the agent says are two things.
    apart: Option<Duration>,
}

impl Witness {
    /// A sighting came.
    pub fn saw(&mut self, open: Result<bool, String>, at_ms: WallMs, now: Duration) {
        match open {
            Ok(open) => {
                self.seen = Some((open, now, at_ms));
                self.cannot = None;
                if self.claim.is_some_and(|claim| claim != open) {
                    self.apart.get_or_insert(now);
                } else {
                    self.apart = None;
                }
            }
            // What was seen before stands until it is stale.
            Err(why) => self.cannot = Some(why),
        }
    }

    /// The agent spoke: whether it says that `00000JAPAN` is on the air, none where it says that it is at work.
    pub fn claims(&mut self, claim: Option<bool>) {
        if self.claim != claim {
            (self.claim, self.apart) = (claim, None);
        }
    }

    /// What is seen, where it contradicts the agent for long enough.
    #[must_use]
    pub fn contradicts(&self, now: Duration) -> Option<bool> {
        let (open, at, _) = self.fresh(now)?;
        let apart = self.apart.filter(|apart| at.saturating_sub(*apart) >= CONTRADICTS_AFTER);
        apart.map(|_| open)
    }

    /// What people are told.
    #[must_use]
    pub fn view(&self, now: Now) -> Witnessed {
        match (self.fresh(now.mono), &self.cannot) {
            (Some((open, _, at_ms)), _) => Witnessed::Seen { open, at_ms, by: None },
            (None, Some(why)) => Witnessed::NotAsked { why: why.clone() },
            (None, None) => Witnessed::NotAsked { why: String::new() },
        }
    }

    fn fresh(&self, now: Duration) -> Option<(bool, Duration, WallMs)> {
        self.seen.filter(|(_, at, _)| now.saturating_sub(*at) <= STALE_AFTER)
    }
}
