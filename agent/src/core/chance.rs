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
