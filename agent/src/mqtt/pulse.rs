//! Whether the line is alive: how long an answer may take on this line, and when to ask for one.
//!
//! A cut cable tells nobody. What the broker sent meanwhile is repeated by its kernel ever more rarely (after 0.2, 0.6,
//! 1.4, 3, 6.2, 12.6 s), so that an order would come late by as long as the cut has lasted. Who asks and gets no answer
//! hangs up instead, and a new connection begins with the order: 5 s into a cut nobody waits for the old one any more.

use std::time::Duration;

use tokio::time::Instant;

/// Nothing was heard for this long: something is asked. 10,000 agents ask 5,000 times a second, with some 30 bytes each.
pub const ASK_AFTER: Duration = Duration::from_secs(2);
/// Shortest patience with an answer, on a line that answers at once.
const PATIENCE_MIN: Duration = Duration::from_secs(3);
/// Patience on a line that is not known yet, and the longest with a broker that is slow all at once.
pub const PATIENCE_MAX: Duration = Duration::from_secs(10);
/// Patience on a line whose answers often take several seconds: where three packets in ten are lost, TCP takes its time,
/// and a connection that stands is worth more than a new one.
const PATIENCE_SLOW: Duration = Duration::from_secs(20);

/// The pulse of one line, kept over its connections.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// How long answers took: smoothed, and by how much they vary (RFC 6298 §2).
    usual: Option<(Duration, Duration)>,
    /// Connections given up since the last answer; each doubles the patience: a broker that is slow is not left for it.
    given_up: u32,
    heard: Instant,
    asked: Option<Instant>,
}

/// What to do when the time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ask for a sign of life.
    Ask,
    /// It did not come: hang up.
    HangUp,
    /// This machine itself stood still: what was heard meanwhile has not been read yet.
    Listen,
}

impl Pulse {
    /// A line of which nothing is known.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { usual: None, given_up: 0, heard: now, asked: None }
    }

    /// A new connection came about.
    pub fn connected(&mut self, now: Instant) {
        (self.heard, self.asked) = (now, None);
    }

    /// Something was sent that must be answered.
    pub fn asked(&mut self, now: Instant) {
        self.asked.get_or_insert(now);
    }

    /// Something came in, whatever it was.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// What was asked is answered; `more`: something else is not.
    pub fn answered(&mut self, more: bool, now: Instant) {
        let Some(asked) = self.asked.take() else { return };
        let took = now.saturating_duration_since(asked);
        self.usual = Some(self.usual.map_or((took, took / 2), |(usual, varies)| {
            ((usual * 7 + took) / 8, (varies * 3 + took.abs_diff(usual)) / 4)
        }));
        self.given_up = 0;
        if more {
            self.asked = Some(now);
        }
    }

    /// How long an answer may take.
    fn patience(&self) -> Duration {
        let Some((usual, varies)) = self.usual else { return PATIENCE_MAX };
        let wait = (usual + varies * 4).saturating_mul(2).clamp(PATIENCE_MIN, PATIENCE_SLOW);
        wait.saturating_mul(1 << self.given_up.min(8)).min(wait.max(PATIENCE_MAX))
    }

    /// When something is to be done, if nothing happens before.
    #[must_use]
    pub fn next(&self) -> Instant {
        match self.asked {
            // Whatever is heard says that the line lives; the answer must come all the same.
            Some(asked) => (asked.max(self.heard) + self.patience()).min(asked + self.patience().max(PATIENCE_MAX)),
            None => self.heard + ASK_AFTER,
        }
    }

    /// The time of [`Self::next`] has come: what to do.
    pub fn due(&mut self, now: Instant) -> Due {
        if now.saturating_duration_since(self.next()) > ASK_AFTER / 4 {
            // As if all had just begun: an answer that waits in the socket is not to be thrown away.
            self.heard = now;
            self.asked = self.asked.map(|_| now);
            return Due::Listen;
        }
        if self.asked.is_none() {
            return Due::Ask;
        }
        self.given_up = self.given_up.saturating_add(1);
        Due::HangUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A line on which everything has been answered after `took`, and the time now.
    fn line(took: Duration) -> (Pulse, Instant) {
        let mut now = Instant::now();
        let mut pulse = Pulse::new(now);
        for _ in 0..30 {
            pulse.asked(now);
            now += took;
            pulse.heard(now);
            pulse.answered(false, now);
        }
        (pulse, now)
    }

    #[test]
    fn a_cut_is_known_after_five_seconds_on_a_line_that_answers_at_once() {
        let (mut pulse, cut) = line(5 * MS);
        assert_eq!(pulse.next(), cut + ASK_AFTER);
        assert_eq!(pulse.due(cut + ASK_AFTER), Due::Ask);
        pulse.asked(cut + ASK_AFTER);
        assert_eq!(pulse.next(), cut + Duration::from_secs(5));
        assert_eq!(pulse.due(cut + Duration::from_secs(5)), Due::HangUp);
    }

    #[test]
    fn a_slow_line_is_given_its_time() {
        let (mut pulse, now) = line(1_500 * MS);
        pulse.asked(now);
        let patience = pulse.next() - now;
        assert!(patience > PATIENCE_MIN && patience < PATIENCE_MAX, "{patience:?}");
        let (mut slow, now) = line(15_000 * MS);
        slow.asked(now);
        assert_eq!(slow.next() - now, PATIENCE_SLOW);
    }

    #[test]
    fn a_broker_that_is_slow_all_at_once_is_left_ever_more_rarely() {
        let (mut pulse, mut now) = line(5 * MS);
        let mut waited = Vec::new();
        for _ in 0..4 {
            pulse.connected(now);
            pulse.asked(now);
            waited.push((pulse.next() - now).as_secs());
            now = pulse.next();
            assert_eq!(pulse.due(now), Due::HangUp);
        }
        assert_eq!(waited, [3, 6, 10, 10]);
    }

    #[test]
    fn what_else_is_heard_is_a_sign_of_life_but_no_answer() {
        let (mut pulse, asked) = line(5 * MS);
        pulse.asked(asked);
        pulse.heard(asked + Duration::from_secs(2));
        assert_eq!(pulse.next(), asked + Duration::from_secs(5));
        pulse.heard(asked + Duration::from_secs(9));
        assert_eq!(pulse.next(), asked + PATIENCE_MAX, "the answer itself never came");
    }

    #[test]
    fn who_stood_still_listens_before_hanging_up() {
        let (mut pulse, asked) = line(5 * MS);
        pulse.asked(asked);
        let woken = asked + Duration::from_secs(60);
        assert_eq!(pulse.due(woken), Due::Listen);
        assert_eq!(pulse.next(), woken + PATIENCE_MIN);
    }
}
