//! A sketch of how many distinct devices were met: a HyperLogLog that can be merged and names nobody.
//!
//! Flajolet et al. 2007, with the estimator of Ertl 2017 (arXiv:1702.01284, algorithm 6), which is right from the first
//! device on and needs no table of corrections. What is put in are hashes under a key that whoever reads the sketch
//! does not have (`docs/decisions/0007-distinct-devices.md`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bits of a hash that choose a register.
const PRECISION: u32 = 11;
/// Registers: 2^11.
pub const REGISTERS: usize = 1 << PRECISION;
/// Greatest rank: 53 bits are left of a hash, and a rank is one more than the zeroes they begin with.
pub const RANK_MAX: u8 = 64 - 11 + 1;
/// Standard error of an estimate, as a part of it: 1.04 / √2048 = 2.3 %.
pub const STANDARD_ERROR: f64 = 0.023;
/// What is said beside an estimate, in percent: twice the standard error, rounded up. 19 of 20 estimates are within.
pub const ERROR_PERCENT: u32 = 5;

/// The alphabet of base64url (RFC 4648 §5): one character per register, its rank being the character's value.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a sketch keeps of one device: which register, and how rare its hash is. One of 2^11 × 54; many devices share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    register: u16,
    rank: u8,
}

impl Mark {
    /// Of a hash whose 64 bits are evenly spread.
    #[must_use]
    pub fn of(hash: u64) -> Self {
        let register = (hash >> (u64::BITS - PRECISION)) as u16;
        // A one behind the bits that are left ends the row of zeroes: the rank is at most RANK_MAX.
        let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
        Self { register, rank }
    }
}

/// The registers.
#[derive(Clone, PartialEq, Eq)]
pub struct Sketch(Box<[u8; REGISTERS]>);

impl Default for Sketch {
    fn default() -> Self {
        Self(Box::new([0; REGISTERS]))
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sketch(about {:.0})", self.estimate())
    }
}

impl Sketch {
    /// A device was met. Whether the sketch says something else than before.
    pub fn note(&mut self, mark: Mark) -> bool {
        let register = &mut self.0[usize::from(mark.register)];
        let more = mark.rank > *register;
        *register = mark.rank.max(*register);
        more
    }

    /// Becomes the sketch of the devices of both. The order does not matter, nor how often. Whether it says something
    /// else than before.
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut more = false;
        for (ours, theirs) in self.0.iter_mut().zip(*other.0) {
            more |= theirs > *ours;
            *ours = theirs.max(*ours);
        }
        more
    }

    /// Whether nothing was ever met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|rank| *rank == 0)
    }

    /// How many distinct devices, about; infinite where every register is full, which no number of devices brings about.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        let mut of_rank = [0_u32; RANK_MAX as usize + 1];
        self.0.iter().for_each(|rank| of_rank[usize::from(*rank)] += 1);
        let registers = REGISTERS as f64;
        let part = |rank: u8| f64::from(of_rank[usize::from(rank)]) / registers;
        let mut sum = registers * tau(1.0 - part(RANK_MAX));
        for rank in (1..RANK_MAX).rev() {
            sum = 0.5 * (sum + f64::from(of_rank[usize::from(rank)]));
        }
        sum += registers * sigma(part(0));
        registers * registers / (2.0 * std::f64::consts::LN_2 * sum)
    }

    /// As text: one character per register.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|rank| char::from(ALPHABET[usize::from(*rank)])).collect()
    }

    /// Reads [`Sketch::text`]; none where it is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut sketch = Self::default();
        if text.len() != REGISTERS {
            return None;
        }
        for (register, letter) in sketch.0.iter_mut().zip(text.bytes()) {
            let rank = ALPHABET.iter().position(|known| *known == letter)?;
            *register = u8::try_from(rank).ok().filter(|rank| *rank <= RANK_MAX)?;
        }
        Some(sketch)
    }
}

/// The share of empty registers, as Ertl weighs it.
fn sigma(share: f64) -> f64 {
    let (mut x, mut y, mut z) = (share, 1.0, share);
    if share >= 1.0 {
        return f64::INFINITY;
    }
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// The share of registers that are not full, as Ertl weighs it.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (share, 1.0, 1.0 - share);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let length = text.len();
        Self::read(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "a sketch is {REGISTERS} characters of base64url up to rank {RANK_MAX}; found another text of {length} bytes"
            ))
        })
    }
}

#[cfg(test)]
mod tests;
