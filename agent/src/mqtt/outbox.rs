//! What waits to be published: the newest report and presence, behind them one sample of counts.
//!
//! One message is under way at a time, so that counts never stand in front of a report by more than one of them, and
//! nothing is handed to the client library's queue, which throws away what it holds when a connection ends.

/// Something to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// Retained; only the newest counts.
    Presence(Vec<u8>),
    /// Retained; only the newest counts.
    Report(Vec<u8>),
    /// Retained; only the newest counts. Behind everything else.
    Distinct(Vec<u8>),
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
    under_way: Option<Letter>,
}

impl Outbox {
    /// Puts one in.
    pub fn put(&mut self, letter: Letter) {
        match letter {
            Letter::Presence(_) => self.presence = Some(letter),
            Letter::Report(_) => self.report = Some(letter),
            Letter::Distinct(_) => self.distinct = Some(letter),
            Letter::Counts(_) => self.counts = Some(letter),
        }
    }

    /// The next to send, if nothing is under way. It is under way from now on.
    pub fn start_next(&mut self) -> Option<Letter> {
        if self.under_way.is_some() {
            return None;
        }
        let first = self.presence.take().or_else(|| self.report.take());
        self.under_way = first.or_else(|| self.counts.take()).or_else(|| self.distinct.take());
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

    /// The connection ended: everything is told anew, by those who know what is true by then.
    pub fn connection_lost(&mut self) {
        *self = Self::default();
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
