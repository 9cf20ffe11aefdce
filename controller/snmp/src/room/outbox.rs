//! Letters on their way to the controller's loop: however long that is busy, no flip waits for it and memory stays small.

use std::collections::{HashMap, VecDeque};

use firmware_config::ident::ApId;

use crate::deputy::Letter;

/// Counts kept while nobody takes letters: of 5,000 APs, a minute's. Each is about 500 bytes: 5 MB.
const COUNTS_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Presence(ApId),
    Report(ApId),
    Saw(ApId),
    /// Each by itself: nothing counted is replaced.
    Counted(u64),
}

/// What waits, oldest first. Of reports, presences and sightings of one AP only the newest counts.
#[derive(Debug, Default)]
pub struct Outbox {
    order: VecDeque<Key>,
    letters: HashMap<Key, Letter>,
    counts: usize,
    last: u64,
    lost: u64,
}

impl Outbox {
    /// Takes one in.
    pub fn push(&mut self, letter: Letter) {
        let key = match &letter {
            Letter::Report { report, .. } => Key::Report(report.ap.clone()),
            Letter::Saw(sighting) => Key::Saw(sighting.ap.clone()),
            Letter::Presence(presence) => {
                // What it last said is not true of one that is gone, and would bring it back.
                if !presence.online {
                    self.letters.remove(&Key::Report(presence.ap.clone()));
                }
                Key::Presence(presence.ap.clone())
            }
            Letter::Counted(_) if self.counts >= COUNTS_MAX => {
                self.lost += 1;
                return;
            }
            Letter::Counted(_) => {
                self.counts += 1;
                self.last += 1;
                Key::Counted(self.last)
            }
        };
        if self.letters.insert(key.clone(), letter).is_none() {
            self.order.push_back(key);
        }
    }

    /// The oldest.
    pub fn pop(&mut self) -> Option<Letter> {
        while let Some(key) = self.order.pop_front() {
            if let Some(letter) = self.letters.remove(&key) {
                self.counts -= usize::from(matches!(letter, Letter::Counted(_)));
                return Some(letter);
            }
        }
        None
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Counts that found no room since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use firmware_config::wire::{Presence, VERSION};

    use super::*;
    use crate::deputy::Sighting;

    fn ap(n: u64) -> ApId {
        format!("ap-{n}").parse().expect("an identifier")
    }

    fn presence(n: u64, online: bool) -> Letter {
        Letter::Presence(Presence { v: VERSION, ap: ap(n), online, boot: "b".to_owned() })
    }

    fn saw(n: u64, at_ms: i64) -> Letter {
        Letter::Saw(Sighting { ap: ap(n), open: Ok(true), at_ms })
    }

    #[test]
    fn of_each_ap_only_the_newest_waits_and_nobody_is_forgotten() {
        // A loop that takes nothing while 1,000 rounds go by: what waits does not grow, and all of it comes.
        let mut outbox = Outbox::default();
        for round in 0..1_000 {
            for n in 0..3 {
                outbox.push(saw(n, round));
                outbox.push(presence(n, round % 2 == 0));
            }
        }
        assert_eq!(outbox.order.len(), 6);
        let all: Vec<Letter> = std::iter::from_fn(|| outbox.pop()).collect();
        let wanted: Vec<Letter> = (0..3).flat_map(|n| [saw(n, 999), presence(n, false)]).collect();
        assert_eq!(all, wanted);
        assert!(outbox.is_empty());
    }
}
