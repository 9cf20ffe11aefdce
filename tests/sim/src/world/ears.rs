//! Listening in the world: who hears whom, and who comes to be heard, counted and met.

use std::time::Duration;

use firmware_config::sketch::Mark;
use firmware_config::wire::Period;
use hirake_agent::core::listen::Scan;
use hirake_agent::core::{Event, Heard};

use super::{Due, World};
use crate::ears::{Ear, heard};
use crate::faults::Fault;
use crate::site::{Guest, RADIOS, bssid};

/// The longest that a scan of four channels takes here.
const SCANNED_WITHIN: Duration = Duration::from_millis(900);

impl World {
    /// A radio listens: it hears the neighbours that beacon on those channels.
    pub(super) fn site_listens(&mut self, at: usize, scan: &Scan) {
        let boot = self.sites[at].boots;
        if !self.sites[at].guests.is_empty() {
            self.tally.count(Fault::ListenedWithPeopleOnIt);
        }
        match self.sites[at].listening.ear {
            Ear::Hears => {}
            Ear::CannotListen | Ear::NoProgram | Ear::Busy => self.tally.count(Fault::CannotListen),
            Ear::Endless => self.tally.count(Fault::ScanWithoutEnd),
            Ear::NeverStops => self.tally.count(Fault::IwNeverStops),
        }
        let neighbours = at.saturating_sub(1)..self.sites.len().min(at + 2);
        let mut there = Vec::new();
        for other in neighbours {
            for (radio, name) in RADIOS.iter().enumerate() {
                let site = &self.sites[other];
                let mhz = site.channels[radio];
                let beacons = site.hostapd && site.air.get(name).is_some_and(|from| *from <= self.time);
                if beacons && scan.mhz.contains(&mhz) {
                    there.push(heard(&bssid(other, name), mhz, self.chance.below(200) as u64));
                }
            }
        }
        let takes = self.chance.between(Duration::from_millis(100), SCANNED_WITHIN);
        let (result, after) = self.sites[at].listening.ear.listens(there, takes);
        self.later(after, Due::Site { at, boot, event: Event::Listened(result) });
    }

    /// So many people come to an access point: to `00000JAPAN` where it is open, to the town's own network where it has one.
    pub fn people_come(&mut self, at: usize, many: usize) {
        let networks = self.sites[at].networks_on_air(self.time);
        if networks.is_empty() || self.sites[at].agent.is_none() {
            return;
        }
        let boot = self.sites[at].boot();
        for n in 0..many {
            self.devices += 1;
            let guest = Guest { interface: networks[n % networks.len()], device: self.devices };
            self.sites[at].guests.push(guest);
            self.books.came(at, &boot);
            self.meets(at, guest);
            self.site_on(at, Event::Heard(Heard::Joined { interface: guest.interface.to_owned() }));
        }
    }

    /// They go again.
    pub fn people_go(&mut self, at: usize) {
        for guest in std::mem::take(&mut self.sites[at].guests) {
            self.site_on(at, Event::Heard(Heard::Left { interface: guest.interface.to_owned() }));
        }
    }

    /// The agent counts for other activations: who is there is met again, under their keys.
    pub(super) fn site_counts_for(&mut self, at: usize, periods: Vec<Period>) {
        self.sites[at].periods = periods;
        let there = self.sites[at].guests.clone();
        if !there.is_empty() && !self.sites[at].periods.is_empty() {
            self.tally.count(Fault::ThereBeforeTheKeys);
        }
        there.into_iter().for_each(|guest| self.meets(at, guest));
    }

    /// hostapd names a device on `00000JAPAN`; its marks go on, and it does not.
    fn meets(&mut self, at: usize, guest: Guest) {
        if !RADIOS.contains(&guest.interface) {
            return;
        }
        let boot = self.sites[at].boots;
        for period in self.sites[at].periods.clone() {
            let mark = mark(guest.device, period);
            self.books.met(period, guest.device);
            self.sites[at].met.push((period, guest.device));
            self.later(Duration::from_millis(1), Due::Site { at, boot, event: Event::Met { period, mark } });
        }
    }
}

/// What a key of this activation makes of a device: evenly spread, and another for each.
#[must_use]
pub fn mark(device: u64, period: Period) -> Mark {
    let key = period.activation.rotate_left(32) ^ period.since_ms.unsigned_abs();
    Mark::of(crate::chance::Chance::new(device ^ crate::chance::Chance::new(key).draw()).draw())
}
