//! Chance without a source of its own: waits that differ from agent to agent, and are the same again for the same seed.

use std::time::Duration;

/// A source of chance.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Starts from a text, such as what was drawn at this start.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        // FNV-1a: only to tell agents apart.
        let mix = |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// Up to this long.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        // xorshift64 (Marsaglia 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        longest.mul_f64((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In each tenth of a second, how many of these draws of up to a second.
    fn shares(draws: impl Iterator<Item = Duration>) -> [u32; 10] {
        let mut shares = [0; 10];
        for drawn in draws {
            assert!(drawn < Duration::from_secs(1), "{drawn:?}: longer than it may be");
            shares[usize::try_from(drawn.as_millis() / 100).expect("below a thousand")] += 1;
        }
        shares
    }

    fn even(shares: [u32; 10]) -> bool {
        shares.iter().all(|share| (70..=130).contains(share))
    }

    #[test]
    fn one_agents_waits_are_spread_over_the_whole_of_what_they_may_be() {
        let mut chance = Chance::new("boot-1");
        let shares = shares((0..1_000).map(|_| chance.up_to(Duration::from_secs(1))));
        assert!(even(shares), "{shares:?}");
    }

    #[test]
    fn a_thousand_agents_that_start_together_do_not_speak_together() {
        // Boot identities are drawn: 16 bytes in hexadecimal figures.
        let seeds = (0..1_000_u64).map(|n| format!("{:016x}", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let shares = shares(seeds.map(|seed| Chance::new(&seed).up_to(Duration::from_secs(1))));
        assert!(even(shares), "{shares:?}");
    }
}
