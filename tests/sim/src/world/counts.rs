//! Counts in the world: samples are committed, and the agent is told that they are, or is not.

use std::time::Duration;

use firmware_config::wire::{Counts, CountsStored, StoredSample, VERSION};

use super::{Due, World};
use crate::faults::Fault;
use crate::hall::Disk;

/// The store takes samples once a second.
const COMMITTED_WITHIN: Duration = Duration::from_secs(1);

impl World {
    /// The core hands a sample to the store.
    pub(super) fn hall_stores(&mut self, of: usize, counts: Counts) {
        let after = self.chance.between(Duration::from_millis(5), COMMITTED_WITHIN);
        let life = self.halls[of].lives;
        self.later(after, Due::Commits { of, life, counts: Box::new(counts) });
    }

    /// The store commits it, and the word goes back to the agent; a store that takes nothing is asked again by the agent.
    pub(super) fn hall_commits(&mut self, of: usize, counts: &Counts) {
        let Some(at) = self.halls[of].place_of(&counts.ap).filter(|at| *at < self.sites.len()) else { return };
        if matches!(self.halls[of].disk, Disk::Full | Disk::Hangs) {
            return self.tally.count(Fault::SampleNotTaken);
        }
        if counts.boot != self.sites[at].boot() || self.sites[at].wall_off_ms != 0 {
            self.tally.count(Fault::SampleLate);
        }
        match self.books.stored(at, counts) {
            Ok(true) => self.tally.count(Fault::SampleInParts),
            Ok(false) => {}
            Err(why) => self.promises.broken(self.time, why),
        }
        let Some(connection) = self.halls[of].connected.filter(|_| self.halls[of].disk == Disk::Works) else {
            return self.tally.count(Fault::SampleWordLost);
        };
        let stored = CountsStored { v: VERSION, ap: counts.ap.clone(), samples: vec![StoredSample::of(counts)] };
        self.send(connection, Due::FromHallStored { of, connection, at, stored });
    }

    /// The broker passes the word on, to whoever is connected now.
    pub(super) fn broker_passes(&mut self, at: usize, stored: CountsStored) {
        match self.sites[at].connected {
            Some(connection) => self.send(connection, Due::ToSiteStored { at, connection, stored }),
            None => self.tally.count(Fault::SampleWordLost),
        }
    }
}
