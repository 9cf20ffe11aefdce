//! When two situations are the same: a fingerprint of everything that decides what can happen next.
//!
//! The cores are printed by their own `Debug`, whole, but for the fields in [`LEFT_OUT`]. Whatever is printed and does
//! not matter costs states and loses none; what is left out must decide nothing, and each says why.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::world::World;

/// Fields of the cores that are not looked at.
///
/// - `inventory`, `identity`, `index`, `ap`: written down once, the same in every situation of a world;
/// - `record`, `refusals`, `last_batch`, `batch`, `recent`: what was said, to be read by people; nothing is decided by it
///   (what waits for the store is stored at once here, so that nothing ever waits);
/// - `mode_since_ms`, `since_ms`, `heard_ms`, `why`, `reconsider`'s words stay in: dates and words for people, and cheap;
/// - `actions`: empty between two events;
/// - `tally`, `counts_seq`, `counted_at`: counting is switched off here;
/// - `turned_away`: told to people; how it is told is the report, which is delivered at once.
const LEFT_OUT: [&str; 14] = [
    "inventory",
    "identity",
    "index",
    "ap",
    "record",
    "refusals",
    "last_batch",
    "batch",
    "actions",
    "tally",
    "counts_seq",
    "counted_at",
    "recent",
    "turned_away",
];

/// Takes in what `Debug` writes, and hashes all of it but the fields in [`LEFT_OUT`].
///
/// Reads the compact form: `Name { field: value, field: value }`. A field left out is skipped until the `,` or the
/// closing bracket that ends it at its own depth; texts in quotes are passed over whole.
struct Sieve {
    kept: Vec<u8>,
    word: Vec<u8>,
    depth: usize,
    /// The depth of the field that is being skipped.
    skips: Option<usize>,
    quoted: bool,
    escaped: bool,
}

impl Sieve {
    fn new() -> Self {
        Self {
            kept: Vec::with_capacity(16_384),
            word: Vec::new(),
            depth: 0,
            skips: None,
            quoted: false,
            escaped: false,
        }
    }

    fn take(&mut self, byte: u8) {
        if self.quoted {
            self.quoted = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => self.quoted = true,
                b'{' | b'[' | b'(' => self.depth += 1,
                b'}' | b']' | b')' => {
                    if self.skips == Some(self.depth) {
                        self.skips = None;
                    }
                    self.depth = self.depth.saturating_sub(1);
                }
                b',' if self.skips == Some(self.depth) => self.skips = None,
                b':' if self.skips.is_none()
                    && !self.word.is_empty()
                    && LEFT_OUT.iter().any(|field| field.as_bytes() == self.word) =>
                {
                    self.skips = Some(self.depth);
                }
                _ => {}
            }
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                self.word.push(byte);
            } else {
                self.word.clear();
            }
        }
        if self.skips.is_none() {
            self.kept.push(byte);
        }
    }
}

impl Write for Sieve {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.bytes().for_each(|byte| self.take(byte));
        Ok(())
    }
}

impl World {
    /// What decides where this can go, by itself; without what may still be done to it.
    ///
    /// Times are printed as they are and not made relative: orders carry the date of their making, so that hardly
    /// anything would meet that does not meet now, and time only moves in the few steps that the bounds allow.
    #[must_use]
    pub fn print(&self) -> u64 {
        let mut sieve = Sieve::new();
        let written = (|| {
            write!(sieve, "{:?} {:?} {:?}", self.time, self.key, self.retained.as_ref().map(|kept| &kept.jws))?;
            for hall in &self.halls {
                write!(sieve, "{:?} {:?} {:?} {} {}", hall.town, hall.booted, hall.read, hall.linked, hall.wants_lock)?;
                for shelf in [&hall.shelf, &hall.before] {
                    write!(sieve, "{:?} {:?} {:?}", shelf.order, shelf.activations, shelf.key)?;
                    write!(sieve, "{:?} {}", shelf.facility_acts, shelf.last_activation)?;
                }
            }
            write!(sieve, "{:?} {:?} {:?}", self.beats, self.reports, self.lock)?;
            for site in &self.sites {
                write!(sieve, "{:?} {:?} {:?} {:?}", site.agent, site.booted, site.flash, site.before)?;
                write!(sieve, "{} {} {}", site.open, site.linked, site.turned)?;
                write!(sieve, "{} {:?}", site.floor, site.accepted)?;
            }
            write!(sieve, "{:?} {:?}", self.under_way.keys(), self.signed.keys())?;
            write!(sieve, "{:?} {} {} {:?}", self.ever_opened, self.operators, self.forgetful, self.wrong)
        })();
        debug_assert!(written.is_ok(), "a sieve takes everything");
        let mut hasher = DefaultHasher::new();
        hasher.write(&sieve.kept);
        hasher.finish()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print().hash(state);
        self.left.hash(state);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.left == other.left && self.print() == other.print()
    }
}
