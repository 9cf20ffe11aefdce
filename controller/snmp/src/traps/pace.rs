//! How often one device's traps make anybody look: the first at once, those that follow as one at the end of a pause. Pure.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::Heard;

/// How long after one hint the next one from the same source waits: a device that sends a trap for each of 200 phones is
/// looked at 30 times a minute.
pub const PAUSE: Duration = Duration::from_secs(2);
/// Sources remembered at once: all of the largest town there may be, some 2 MB. Beyond it new ones are not heard until
/// others fall silent; the polls come all the same.
pub const SOURCES_MAX: usize = 10_000;

type Source = (IpAddr, Option<Ipv4Addr>);

/// Who was heard within the last [`PAUSE`], and what of it still waits.
#[derive(Debug, Default)]
pub struct Pace {
    sources: HashMap<Source, Turn>,
    ends: BTreeSet<(Duration, Source)>,
}

#[derive(Debug)]
struct Turn {
    ends: Duration,
    waits: Option<Heard>,
}

/// What becomes of a trap.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look now.
    Now(Heard),
    /// Another was just heard: it waits, together with those that may follow.
    Waits,
    /// Too many sources.
    NotHeard,
}

impl Pace {
    /// A trap came.
    pub fn hear(&mut self, heard: Heard, now: Duration) -> Verdict {
        let source = (heard.from.ip().to_canonical(), heard.agent);
        if let Some(turn) = self.sources.get_mut(&source) {
            turn.waits = Some(heard);
            return Verdict::Waits;
        }
        if self.sources.len() >= SOURCES_MAX {
            return Verdict::NotHeard;
        }
        self.begin(source, now);
        Verdict::Now(heard)
    }

    /// What has waited long enough.
    pub fn due(&mut self, now: Duration) -> Vec<Heard> {
        let mut due = Vec::new();
        while let Some((_, source)) = self.ends.first().copied().filter(|(ends, _)| *ends <= now) {
            let Some(turn) = self.sources.remove(&source) else { break };
            self.ends.remove(&(turn.ends, source));
            if let Some(heard) = turn.waits {
                self.begin(source, now);
                due.push(heard);
            }
        }
        due
    }

    /// When [`Self::due`] is to be asked next.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.ends.first().map(|(ends, _)| *ends)
    }

    fn begin(&mut self, source: Source, now: Duration) {
        let ends = now + PAUSE;
        self.ends.insert((ends, source));
        self.sources.insert(source, Turn { ends, waits: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(from: u32, specific: u32) -> Heard {
        Heard {
            from: (Ipv4Addr::from_bits(from), 161).into(),
            agent: None,
            oid: format!("1.3.6.1.4.1.9.0.{specific}").parse().expect("valid"),
        }
    }

    fn s(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    #[test]
    fn the_first_is_heard_at_once_and_a_flood_behind_it_as_one_at_a_time() {
        let mut pace = Pace::default();
        assert_eq!(pace.hear(heard(1, 1), s(0)), Verdict::Now(heard(1, 1)));
        for specific in 2..100 {
            assert_eq!(pace.hear(heard(1, specific), s(1)), Verdict::Waits);
        }
        assert_eq!(pace.hear(heard(2, 1), s(2)), Verdict::Now(heard(2, 1)), "another source is not held up");
        assert_eq!(pace.due(s(19)), []);
        assert_eq!(pace.next(), Some(s(20)));
        assert_eq!(pace.due(s(20)), [heard(1, 99)]);
        assert_eq!(pace.hear(heard(1, 100), s(21)), Verdict::Waits, "the pause begins again");
        assert_eq!(pace.due(s(22)), []);
        assert_eq!(pace.due(s(40)), [heard(1, 100)]);
        assert_eq!(pace.due(s(60)), []);
        assert_eq!((pace.next(), pace.sources.len()), (None, 0), "who is silent is forgotten");
        assert_eq!(pace.hear(heard(1, 1), s(61)), Verdict::Now(heard(1, 1)));
    }

    #[test]
    fn a_forged_crowd_fills_no_memory_and_passes() {
        let mut pace = Pace::default();
        let crowd = u32::try_from(SOURCES_MAX).expect("small");
        for from in 0..crowd {
            assert_eq!(pace.hear(heard(from, 1), s(0)), Verdict::Now(heard(from, 1)));
        }
        assert_eq!(pace.hear(heard(crowd, 1), s(1)), Verdict::NotHeard);
        assert_eq!(pace.due(s(20)), []);
        assert_eq!(pace.hear(heard(crowd, 1), s(21)), Verdict::Now(heard(crowd, 1)));
    }
}
