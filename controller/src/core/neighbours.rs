//! What an AP's neighbours heard of it over the air: the other witness of step ④.
//!
//! Hearing proves, not hearing does not: two halls may be too far apart, on two channels, or the neighbour may be at
//! work for people and not listen. And one AP alone, which may be stolen, moves no other: that takes two.

use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::wire::WallMs;

/// A sighting older than this proves nothing: agents listen seldom, so as to disturb nobody.
pub const FRESH_FOR: Duration = Duration::from_secs(600);

/// So long after an AP said that it has closed a sighting contradicts it: a flip takes 3 s, a sighting says when it was
/// to a second, and its way here takes less than 10 s.
pub const CONTRADICTS_AFTER: Duration = Duration::from_secs(30);

/// Neighbours that must agree before an AP is said to lie.
const AGREE: usize = 2;

/// Neighbours remembered of each AP.
const NEIGHBOURS_MAX: usize = 4;

/// What the neighbours of one AP heard of its `00000JAPAN`.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    heard: Vec<Hearing>,
    /// Whether any ever heard it: then there is a means of seeing.
    ever: bool,
    /// What the AP says of itself, and since when.
    claim: Option<(bool, Duration)>,
}

#[derive(Debug, Clone)]
struct Hearing {
    by: ApId,
    at: Duration,
    at_ms: WallMs,
}

impl Neighbours {
    /// `by` heard it, at this time.
    pub fn heard(&mut self, by: &ApId, at: Duration, at_ms: WallMs) {
        self.ever = true;
        if let Some(known) = self.heard.iter_mut().find(|known| known.by == *by) {
            (known.at, known.at_ms) = (at, at_ms);
            return;
        }
        if self.heard.len() >= NEIGHBOURS_MAX {
            self.heard.retain(|known| at.saturating_sub(known.at) <= FRESH_FOR);
        }
        if self.heard.len() < NEIGHBOURS_MAX {
            self.heard.push(Hearing { by: by.clone(), at, at_ms });
        }
    }

    /// `by` does not hear it any more.
    pub fn lost(&mut self, by: &ApId) {
        self.heard.retain(|known| known.by != *by);
    }

    /// The AP says that `00000JAPAN` is on the air, or is not; none where it is at work.
    pub fn claims(&mut self, claim: Option<bool>, now: Duration) {
        if self.claim.map(|(claim, _)| claim) != claim {
            self.claim = claim.map(|claim| (claim, now));
        }
    }

    /// Whether two neighbours hear what the AP says is off the air.
    #[must_use]
    pub fn contradict(&self, now: Duration) -> bool {
        let Some((false, since)) = self.claim else { return false };
        self.fresh(now).filter(|known| known.at >= since + CONTRADICTS_AFTER).count() >= AGREE
    }

    /// Who heard last what the AP says is on the air, and when.
    #[must_use]
    pub fn confirm(&self, now: Duration) -> Option<(&ApId, WallMs)> {
        let Some((true, since)) = self.claim else { return None };
        let newest = self.fresh(now).filter(|known| known.at >= since).max_by_key(|known| known.at)?;
        Some((&newest.by, newest.at_ms))
    }

    /// Whether any ever heard it.
    #[must_use]
    pub fn could(&self) -> bool {
        self.ever
    }

    fn fresh(&self, now: Duration) -> impl Iterator<Item = &Hearing> {
        self.heard.iter().filter(move |known| now.saturating_sub(known.at) <= FRESH_FOR)
    }
}
