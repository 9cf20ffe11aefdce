//! One way by which access points are heard and told: over the broker, or through the deputies inside. While one is lost,
//! the other goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use super::inventory::Managed;
use super::listening::{GRACE, Listening, SILENT_AFTER};

/// How many APs are told again at once, and how long then nobody is. 200 a second × 3 kB (the order of a town of 150
/// APs) are 600 kB/s; × 250 kB (the largest order there is) 50 MB/s, which one machine bears for the minute it takes.
pub const AGAIN_AT_ONCE: usize = 20;
/// See [`AGAIN_AT_ONCE`].
pub const AGAIN_PAUSE: Duration = Duration::from_millis(100);

/// The deadlines of those that are heard this way; each AP by its place on the map wall.
#[derive(Debug, Clone)]
pub(super) struct Ear {
    pub(super) listening: Listening,
    /// When each is silent, on the clock of `listening`.
    pub(super) silence: BTreeSet<(Duration, usize)>,
    /// When each is told again.
    pub(super) again: BTreeSet<(Duration, usize)>,
    again_not_before: Duration,
}

impl Ear {
    fn new(now: Duration, grace: Duration) -> Self {
        Self {
            listening: Listening::new(now, grace),
            silence: BTreeSet::new(),
            again: BTreeSet::new(),
            again_not_before: Duration::ZERO,
        }
    }

    /// The next of those who may be told again now; `told` were, in this look.
    pub(super) fn next_again(&mut self, told: usize, now: Duration) -> Option<usize> {
        if !self.listening.is_up() || now < self.again_not_before {
            return None;
        }
        let due = self.again.first().copied().filter(|(when, _)| *when <= now)?;
        if told == AGAIN_AT_ONCE {
            self.again_not_before = now + AGAIN_PAUSE;
            return None;
        }
        self.again.remove(&due);
        Some(due.1)
    }

    /// When there is something to do; nothing while nobody can be heard this way.
    fn next_wake(&self) -> Option<Duration> {
        if !self.listening.is_up() {
            return None;
        }
        let silence = self.silence.first().map(|(due, _)| self.listening.mono(*due));
        let again = self.again.first().map(|(due, _)| (*due).max(self.again_not_before));
        [silence, again].into_iter().flatten().min()
    }
}

/// Both ways.
#[derive(Debug, Clone)]
pub(super) struct Ears {
    /// Of those with an agent: deaf while the broker is lost.
    pub(super) agents: Ear,
    /// Of those with a deputy, which is in this very program: never deaf.
    pub(super) deputies: Ear,
}

impl Ears {
    pub(super) fn new(now: Duration) -> Self {
        // Deputies spread their first polls over an interval of at most 20 s, and each may take 10 s.
        Self { agents: Ear::new(now, GRACE), deputies: Ear::new(now, SILENT_AFTER) }
    }

    /// The one an AP is heard by.
    pub(super) fn of(&self, managed: Managed) -> &Ear {
        match managed {
            Managed::Agent => &self.agents,
            Managed::Snmp => &self.deputies,
        }
    }

    /// The one an AP is heard by.
    pub(super) fn of_mut(&mut self, managed: Managed) -> &mut Ear {
        match managed {
            Managed::Agent => &mut self.agents,
            Managed::Snmp => &mut self.deputies,
        }
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        [self.agents.next_wake(), self.deputies.next_wake()].into_iter().flatten().min()
    }
}
