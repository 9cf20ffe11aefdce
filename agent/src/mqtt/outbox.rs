//! What waits to be published: the newest report and presence, behind them one sample of counts.
//!
//! One message is under way at a time, so that counts never stand in front of a report by more than one of them, and
//! nothing is handed to the client library's queue, which throws away what it holds when a connection ends.

/// Connections that may end on sightings before the broker is taken for one that will have none of them. A line that
/// flaps ends some connection so by chance, and hardly three in a row.
const ENDED_MAX: u32 = 3;
/// Then one of so many is tried: two hours' worth, where one is said each five minutes.
const ASIDE: u32 = 20;

/// Something to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// Retained; only the newest counts.
    Presence(Vec<u8>),
    /// Retained; only the newest counts.
    Report(Vec<u8>),
    /// Retained; only the newest counts. Behind everything else.
    Distinct(Vec<u8>),
    /// Only the newest counts. Behind everything else.
    Sightings(Vec<u8>),
    /// One at a time: the core sends the next when the controller has stored this one.
    Counts(Vec<u8>),
}

/// What waits and what is under way.
#[derive(Debug, Default)]
pub struct Outbox {
    presence: Option<Letter>,
    report: Option<Letter>,
    counts: Option<Letter>,
    distinct: Option<Letter>,
    sightings: Option<Letter>,
    under_way: Option<Letter>,
    unheard: Unheard,
}

/// How a broker takes sightings that may know nothing of them: one with older rules may end the connection for it (MQTT
/// 3.1.1, 3.3.5), and an AP that is cut off for the sake of a hint about its neighbours is a bad exchange.
#[derive(Debug, Default, Clone, Copy)]
struct Unheard {
    /// Connections in a row that ended with sightings under way.
    ended: u32,
    /// Sightings put aside since.
    aside: u32,
}

impl Outbox {
    /// Puts one in.
    pub fn put(&mut self, letter: Letter) {
        match letter {
            Letter::Presence(_) => self.presence = Some(letter),
            Letter::Report(_) => self.report = Some(letter),
            Letter::Distinct(_) => self.distinct = Some(letter),
            Letter::Sightings(_) => self.sightings = self.unheard.admits().then_some(letter),
            Letter::Counts(_) => self.counts = Some(letter),
        }
    }

    /// The next to send, if nothing is under way. It is under way from now on.
    pub fn start_next(&mut self) -> Option<Letter> {
        if self.under_way.is_some() {
            return None;
        }
        let first = self.presence.take().or_else(|| self.report.take());
        let then = || self.counts.take().or_else(|| self.distinct.take()).or_else(|| self.sightings.take());
        self.under_way = first.or_else(then);
        self.under_way.clone()
    }

    /// Whether something is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The broker has it.
    pub fn acknowledged(&mut self) {
        if let Some(Letter::Sightings(_)) = self.under_way.take() {
            self.unheard = Unheard::default();
        }
    }

    /// The connection ended: everything is told anew, by those who know what is true by then.
    pub fn connection_lost(&mut self) {
        let mut unheard = self.unheard;
        if let Some(Letter::Sightings(_)) = self.under_way {
            unheard.ended = unheard.ended.saturating_add(1);
        }
        *self = Self { unheard, ..Self::default() };
    }
}

impl Unheard {
    /// Whether sightings are sent: not after the third connection that ended on them, but for each twentieth.
    fn admits(&mut self) -> bool {
        if self.ended < ENDED_MAX {
            return true;
        }
        self.aside += 1;
        self.aside.is_multiple_of(ASIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(n: usize) -> Letter {
        Letter::Counts(n.to_string().into_bytes())
    }

    #[test]
    fn a_report_overtakes_counts_and_replaces_an_older_report() {
        let mut outbox = Outbox::default();
        outbox.put(Letter::Presence(b"here".to_vec()));
        outbox.put(counts(0));
        outbox.put(Letter::Report(b"old".to_vec()));
        assert_eq!(outbox.start_next(), Some(Letter::Presence(b"here".to_vec())));
        outbox.put(Letter::Report(b"new".to_vec()));
        assert_eq!(outbox.start_next(), None, "one at a time");
        outbox.acknowledged();
        assert_eq!(outbox.start_next(), Some(Letter::Report(b"new".to_vec())));
        outbox.acknowledged();
        assert_eq!(outbox.start_next(), Some(counts(0)));
    }

    #[test]
    fn a_broker_that_hangs_up_on_sightings_is_spared_them_and_asked_again_now_and_then() {
        let sightings = || Letter::Sightings(b"heard".to_vec());
        let mut outbox = Outbox::default();
        for _ in 0..ENDED_MAX {
            outbox.put(sightings());
            assert_eq!(outbox.start_next(), Some(sightings()));
            outbox.connection_lost();
        }
        for _ in 1..ASIDE {
            outbox.put(sightings());
            assert_eq!(outbox.start_next(), None, "it would hang up again");
        }
        outbox.put(sightings());
        assert_eq!(outbox.start_next(), Some(sightings()), "perhaps it is another broker by now");
        outbox.acknowledged();
        outbox.put(sightings());
        outbox.put(counts(0));
        assert_eq!(outbox.start_next(), Some(counts(0)), "behind everything else");
        outbox.connection_lost();
        outbox.put(sightings());
        assert_eq!(outbox.start_next(), Some(sightings()), "that one ended on something else");
    }

    #[test]
    fn nothing_of_a_lost_connection_is_left_for_the_next() {
        let mut outbox = Outbox::default();
        outbox.put(counts(0));
        assert_eq!(outbox.start_next(), Some(counts(0)));
        outbox.put(Letter::Report(b"of before".to_vec()));
        outbox.put(counts(0));
        outbox.connection_lost();
        assert_eq!(outbox.start_next(), None);
    }
}
