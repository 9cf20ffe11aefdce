//! The way to the store: one batch at a time, offered again until it is stored; knows when the store is lost.

use std::time::Duration;

use firmware_config::wire::WallMs;

use super::retry::Retry;

/// How long a batch may go unanswered before the store is called lost. A closing waits no longer than this either.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer may stay away before the batch is offered again under another number: a shell whose writer died
/// must not stop the record for ever.
pub const OFFER_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A batch on its way.
#[derive(Debug, Clone, Copy)]
struct Flight {
    batch: u64,
    /// The last entry in it, if it has entries.
    last_entry: Option<u64>,
    /// The order in it.
    order: Option<u64>,
    since: Duration,
}

/// What an answer of the store changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The last entry that is stored now.
    pub last_entry: Option<u64>,
    /// The order that is stored now.
    pub order: Option<u64>,
}

/// The way to the store.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    last_batch: u64,
    flight: Option<Flight>,
    /// Something else than entries changed since the last batch: an order, an activation, the key.
    changed: bool,
    retry: Option<Retry>,
    lost: Option<(WallMs, String)>,
}

impl Archive {
    /// Something else than entries is to be stored; tried at once even where the store is lost.
    pub fn changed(&mut self) {
        self.changed = true;
        self.retry = None;
    }

    /// The number of the next batch, where one is to be offered now.
    ///
    /// `last_entry` is the last entry it would carry, `order` the order.
    pub fn offer(&mut self, last_entry: Option<u64>, order: Option<u64>, now: Duration) -> Option<u64> {
        if self.flight.is_some_and(|flight| now.saturating_sub(flight.since) < OFFER_AGAIN_AFTER)
            || !(last_entry.is_some() || self.changed || self.flight.is_some())
            || self.retry.is_some_and(|retry| !retry.is_due(now))
        {
            return None;
        }
        self.last_batch += 1;
        self.flight = Some(Flight { batch: self.last_batch, last_entry, order, since: now });
        self.changed = false;
        Some(self.last_batch)
    }

    /// The store took the batch under way; none where the answer is to another one.
    pub fn took(&mut self, batch: u64) -> Option<Answer> {
        let flight = self.flight.take_if(|flight| flight.batch == batch)?;
        self.retry = None;
        Some(Answer { last_entry: flight.last_entry, order: flight.order })
    }

    /// The store did not take the batch under way. Whether this is how we learn that it is lost.
    pub fn failed(&mut self, batch: u64, why: String, now: super::Now) -> bool {
        if self.flight.take_if(|flight| flight.batch == batch).is_none() {
            return false;
        }
        self.changed = true;
        self.retry = Some(Retry::after(self.retry, now.mono));
        self.lose(why, now)
    }

    /// Whether the batch under way has gone unanswered for so long that the store is lost.
    pub fn overdue(&mut self, now: super::Now) -> bool {
        let overdue = self.flight.is_some_and(|flight| now.mono.saturating_sub(flight.since) >= ANSWER_WITHIN);
        overdue && self.lost.is_none() && self.lose(format!("no answer for {} s", ANSWER_WITHIN.as_secs()), now)
    }

    fn lose(&mut self, why: String, now: super::Now) -> bool {
        let first = self.lost.is_none();
        self.lost = Some((self.lost.take().map_or(now.wall_ms, |(since, _)| since), why));
        first
    }

    /// Since when the store is lost, and why.
    #[must_use]
    pub fn lost(&self) -> Option<&(WallMs, String)> {
        self.lost.as_ref()
    }

    /// The store is back, if it was lost.
    pub fn back(&mut self) -> bool {
        self.lost.take().is_some()
    }

    /// When to look again.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        match (&self.flight, &self.retry) {
            (Some(flight), _) if self.lost.is_none() => Some(flight.since + ANSWER_WITHIN),
            (Some(flight), _) => Some(flight.since + OFFER_AGAIN_AFTER),
            (None, Some(retry)) => Some(retry.due()),
            (None, None) => None,
        }
    }
}
