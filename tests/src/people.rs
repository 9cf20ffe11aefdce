//! People with phones: a seeded model of who comes to an access point and who leaves, so that every run is the same.

use std::time::Duration;

/// A small generator of repeatable chance (SplitMix64, Steele et al. 2014). Not for secrets.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for one `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True `in_1000` times of a thousand.
    pub fn chance(&mut self, in_1000: u64) -> bool {
        self.roll() % 1000 < in_1000
    }

    /// A MAC address as phones make them up: random, locally administered, not multicast.
    pub fn mac(&mut self) -> String {
        let b = self.roll().to_be_bytes();
        format!("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", (b[0] & 0xfc) | 0x02, b[1], b[2], b[3], b[4], b[5])
    }
}

/// How many devices one access point draws, and how long they stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Devices on the town's own network on an ordinary day.
    pub peace: u32,
    /// Devices on `00000JAPAN`.
    pub disaster: u32,
    /// How long a device stays, on average: also how long a crowd takes to gather.
    pub stay: Duration,
}

impl Crowd {
    /// Nobody: for tests that are about something else.
    pub const NOBODY: Self = Self { peace: 0, disaster: 0, stay: Duration::from_secs(60) };

    /// Who comes and who leaves in `step`, where `present` devices are and `expected` would be usual.
    ///
    /// A queue with as many servers as guests: on average `expected` are there. Returns (joins, indices that leave),
    /// indices highest first.
    pub fn step(&self, dice: &mut Dice, expected: u32, present: usize, step: Duration) -> (u32, Vec<usize>) {
        let per_mille = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
        let stay_ms = self.stay.as_millis().max(1);
        // Of each device: the chance, in thousandths, that it comes or goes within one step.
        let each = per_mille(1000 * step.as_millis() / stay_ms).min(1000);
        let joins = (0..expected).filter(|_| dice.chance(each)).count();
        let leaves = (0..present).rev().filter(|_| dice.chance(each)).collect();
        (u32::try_from(joins).unwrap_or(u32::MAX), leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_gathers_to_what_is_usual_and_the_same_way_each_time() {
        let gather = |seed| {
            let crowd = Crowd { peace: 5, disaster: 40, stay: Duration::from_secs(20) };
            let (mut dice, mut present) = (Dice::new(seed), 0_usize);
            for _ in 0..200 {
                let (joins, leaves) = crowd.step(&mut dice, 40, present, Duration::from_secs(1));
                present = present + joins as usize - leaves.len();
            }
            present
        };
        assert!((20..=60).contains(&gather(1)), "{} devices where 40 are usual", gather(1));
        assert_eq!(gather(1), gather(1));
    }

    #[test]
    fn made_up_addresses_are_locally_administered() {
        let mut dice = Dice::new(7);
        for _ in 0..100 {
            let mac = dice.mac();
            let first = u8::from_str_radix(&mac[..2], 16).expect("two hexadecimal digits");
            assert_eq!(first & 0x03, 0x02, "{mac}");
        }
    }
}
