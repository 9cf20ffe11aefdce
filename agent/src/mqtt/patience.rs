//! How long to wait before the broker is tried again: longer each time, never above 10 s, never two APs in step.

use std::time::Duration;

/// Longest wait where the broker's machine answered and said no: it is there, and perhaps overrun.
pub const WAIT_MAX: Duration = Duration::from_secs(10);
/// Longest wait where no broker answered: such a try costs it nothing, and link or broker may be back any second.
pub const WAIT_MAX_UNHEARD: Duration = Duration::from_secs(1);
/// A connection that lived this long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(5);
/// Bad connections in a row before the wait grows: what breaks twice may have been broken twice.
const FORGIVEN: u32 = 3;

/// Waits between connections.
#[derive(Debug)]
pub struct Patience {
    tries: u32,
    dice: u64,
}

impl Patience {
    /// `seed`: drawn afresh by each agent, so that a town does not knock in step.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { tries: 0, dice: seed | 1 }
    }

    /// The wait after a connection that lived `lived` (zero: none came about) and ended; `heard`: a broker answered.
    pub fn wait(&mut self, lived: Duration, heard: bool) -> Duration {
        self.tries = match (lived >= GOOD_LIFE, heard) {
            (true, _) => 0,
            (false, true) => self.tries.saturating_add(1),
            // Of the broker nothing is known by this.
            (false, false) => self.tries.max(1),
        };
        let longest = if heard { WAIT_MAX } else { WAIT_MAX_UNHEARD };
        let wait = Duration::from_secs(1).saturating_mul(1 << self.tries.saturating_sub(FORGIVEN).min(16)).min(longest);
        // xorshift64: enough to keep APs out of step.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let part = u32::try_from(self.dice >> 32).unwrap_or(0);
        // Between half the wait and the whole; after a good connection, from no time at all.
        let least = if self.tries == 0 { Duration::ZERO } else { wait / 2 };
        least + (wait - least).mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_seconds_and_no_further() {
        let mut patience = Patience::new(7);
        let waits: Vec<_> = (0..20).map(|_| patience.wait(Duration::ZERO, true)).collect();
        for (wait, most_s) in waits.iter().zip([1, 1, 1, 2, 4, 8, 10, 10, 10]) {
            let most = Duration::from_secs(most_s);
            assert!(*wait >= most / 2 && *wait <= most, "{wait:?} of {most:?}");
        }
        assert!(waits.iter().all(|wait| *wait <= WAIT_MAX));
    }

    #[test]
    fn a_dead_link_is_tried_each_second_for_ever() {
        let mut patience = Patience::new(7);
        assert!((0..100).all(|_| patience.wait(Duration::ZERO, false) <= WAIT_MAX_UNHEARD));
    }

    #[test]
    fn a_long_cut_is_not_held_against_the_broker() {
        let mut patience = Patience::new(7);
        (0..50).for_each(|_| _ = patience.wait(Duration::ZERO, false));
        assert!(patience.wait(Duration::from_secs(1), true) <= Duration::from_secs(1));
    }

    #[test]
    fn a_connection_that_is_cut_at_once_again_and_again_is_not_hammered() {
        let mut patience = Patience::new(7);
        let waits: Vec<_> = (0..12).map(|_| patience.wait(Duration::from_secs(1), true)).collect();
        assert!(waits[11] >= Duration::from_secs(5), "{waits:?}");
        assert!(patience.wait(Duration::from_secs(60), true) <= Duration::from_secs(1));
    }
}
