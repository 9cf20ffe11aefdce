//! What waits to be published: the newest report and presence, and a bounded row of counts behind them.
//!
//! One message is under way at a time, so that counts never stand in front of a report by more than one of them, and
//! nothing is handed to the client library's queue, which throws away what it holds when a connection ends.

use std::collections::VecDeque;

/// Counts kept while there is no broker: one hour at one each 30 s.
pub const COUNTS_MAX: usize = 120;

/// Something to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// Retained; only the newest counts.
    Presence(Vec<u8>),
    /// Retained; only the newest counts.
    Report(Vec<u8>),
    /// Retained; only the newest counts. Behind everything else.
    Distinct(Vec<u8>),
    /// In a row, oldest first.
    Counts(Vec<u8>),
}

/// What waits and what is under way.
#[derive(Debug, Default)]
pub struct Outbox {
    presence: Option<Letter>,
    report: Option<Letter>,
    counts: VecDeque<Letter>,
    dropped: u64,
    distinct: Option<Letter>,
    under_way: Option<Letter>,
}

impl Outbox {
    /// Puts one in.
    pub fn put(&mut self, letter: Letter) {
        match letter {
            Letter::Presence(_) => self.presence = Some(letter),
            Letter::Report(_) => self.report = Some(letter),
            Letter::Distinct(_) => self.distinct = Some(letter),
            Letter::Counts(_) => {
                self.counts.push_back(letter);
                if self.counts.len() > COUNTS_MAX {
                    self.counts.pop_front();
                    self.dropped += 1;
                }
            }
        }
    }

    /// The next to send, if nothing is under way. It is under way from now on.
    pub fn start_next(&mut self) -> Option<Letter> {
        if self.under_way.is_some() {
            return None;
        }
        let first = self.presence.take().or_else(|| self.report.take());
        self.under_way = first.or_else(|| self.counts.pop_front()).or_else(|| self.distinct.take());
        self.under_way.clone()
    }

    /// Whether something is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The broker has it.
    pub fn acknowledged(&mut self) {
        self.under_way = None;
    }

    /// The connection ended. Counts under way go back; the rest is told anew, by those who know what is true by then.
    pub fn connection_lost(&mut self) {
        if let Some(counts @ Letter::Counts(_)) = self.under_way.take() {
            self.counts.push_front(counts);
        }
        self.presence = None;
        self.report = None;
        self.distinct = None;
    }

    /// How many counts had to be dropped since this was last asked.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
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
        (0..3).for_each(|n| outbox.put(counts(n)));
        assert_eq!(outbox.start_next(), Some(counts(0)));
        outbox.put(Letter::Report(b"old".to_vec()));
        outbox.put(Letter::Report(b"new".to_vec()));
        assert_eq!(outbox.start_next(), None, "one at a time");
        outbox.acknowledged();
        assert_eq!(outbox.start_next(), Some(Letter::Report(b"new".to_vec())));
        outbox.acknowledged();
        assert_eq!(outbox.start_next(), Some(counts(1)));
    }

    #[test]
    fn counts_survive_a_lost_connection_in_their_order_and_old_reports_do_not() {
        let mut outbox = Outbox::default();
        (0..2).for_each(|n| outbox.put(counts(n)));
        assert_eq!(outbox.start_next(), Some(counts(0)));
        outbox.put(Letter::Report(b"of before".to_vec()));
        outbox.connection_lost();
        assert_eq!(outbox.start_next(), Some(counts(0)));
        outbox.acknowledged();
        assert_eq!(outbox.start_next(), Some(counts(1)));
    }

    #[test]
    fn the_oldest_counts_are_dropped_and_the_number_is_told_once() {
        let mut outbox = Outbox::default();
        (0..COUNTS_MAX + 2).for_each(|n| outbox.put(counts(n)));
        assert_eq!(outbox.take_dropped(), 2);
        assert_eq!(outbox.take_dropped(), 0);
        assert_eq!(outbox.start_next(), Some(counts(2)));
    }
}
