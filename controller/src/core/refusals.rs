//! How often a refusal is written down: once a minute for each source, with the number of those that were not.
//!
//! A hostile broker or a mad AP can send thousands of bad messages a second; the record must not fill with them.

use std::collections::HashMap;
use std::time::Duration;

/// At most one entry for each source in this time.
pub const ONE_WITHIN: Duration = Duration::from_secs(60);

/// Most sources told apart: 256 × (a topic of 200 bytes + 40) are 60 kB. What comes from further ones is one source.
pub const SOURCES_MAX: usize = 256;

/// Longest name of a source kept, in characters.
pub const SOURCE_MAX: usize = 200;

/// What was written down of each source, and what was not.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    of: HashMap<String, Told>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    at: Duration,
    more: u64,
}

impl Refusals {
    /// Whether this one is to be written down; then with how many before it were not. `untold` are further ones that
    /// the source itself counted.
    pub fn admit(&mut self, source: &str, untold: u64, now: Duration) -> Option<u64> {
        let mut source: String = source.chars().take(SOURCE_MAX).collect();
        if self.of.len() >= SOURCES_MAX && !self.of.contains_key(&source) {
            self.of.retain(|_, told| now.saturating_sub(told.at) < ONE_WITHIN);
            if self.of.len() >= SOURCES_MAX {
                source.clear();
            }
        }
        match self.of.get_mut(&source) {
            Some(told) if now.saturating_sub(told.at) < ONE_WITHIN => {
                told.more = told.more.saturating_add(untold).saturating_add(1);
                None
            }
            told => {
                let more = told.map_or(0, |told| told.more).saturating_add(untold);
                self.of.insert(source, Told { at: now, more: 0 });
                Some(more)
            }
        }
    }
}
