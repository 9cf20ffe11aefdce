//! The controller in the world: what happens to it, what becomes of its actions, its line to the broker.

use std::time::Duration;

use firmware_config::wire::{Distinct, Heartbeat, Order, Presence, Report};
use hirake::core as town;
use hirake::core::inventory::Managed;

use super::{Due, World};
use crate::faults::Fault;
use crate::hall::Disk;

/// A store that answers again is asked, and says what it remembers.
const RECALLED_AFTER: Duration = Duration::from_millis(20);

impl World {
    /// Starts the controller.
    pub fn start_hall(&mut self, of: usize) {
        let wall_ms = self.wall_ms();
        let actions = self.halls[of].start(self.time, wall_ms);
        if self.halls[of].waits_for_store {
            let known = self.is_known_elsewhere(of);
            self.promises.memory_may_be_lost(known);
            self.tally.count(Fault::StoreNotThere);
            if self.halls.len() > 1 {
                self.tally.count(Fault::StoreLateAtOne);
            }
        }
        self.gear.posts[of].order = None;
        self.start_gear(of);
        let life = self.halls[of].lives;
        self.hall_performs(of, actions);
        self.later(Duration::from_millis(20), Due::ReadKey { of, life });
        let after = self.chance.between(Duration::from_millis(30), Duration::from_millis(400));
        self.later(after, Due::HallConnects { of, life });
    }

    /// The disk is otherwise from now on; a store that could not be asked at the start is asked.
    pub fn disk_becomes(&mut self, of: usize, disk: Disk) {
        let hall = &mut self.halls[of];
        hall.disk = disk;
        if hall.waits_for_store {
            let life = hall.lives;
            self.later(RECALLED_AFTER, Due::Recalls { of, life });
        }
    }

    pub(super) fn hall_recalls(&mut self, of: usize) {
        let hall = &mut self.halls[of];
        if hall.disk != Disk::Hangs && std::mem::take(&mut hall.waits_for_store) {
            let remembered = hall.shelf.remembered.clone();
            self.hall_on(of, town::Event::Recalled(remembered));
        }
    }

    /// Kills the controller; it comes back after `off`.
    pub fn kill_hall(&mut self, of: usize, off: Duration) {
        self.hall_is_gone(of);
        self.later(off, Due::HallStarts { of });
    }

    /// Something happens to the controller.
    pub fn hall_on(&mut self, of: usize, event: town::Event) {
        let life = self.halls[of].lives;
        if let Some(waiting) = &mut self.halls[of].frozen {
            return waiting.push(Due::Hall { of, life, event });
        }
        let now = self.halls[of].now(self.time, self.wall_ms());
        let Some(core) = &mut self.halls[of].town else { return };
        let actions = core.on(event, now);
        self.hall_performs(of, actions);
    }

    fn hall_performs(&mut self, of: usize, actions: Vec<town::Action>) {
        let life = self.halls[of].lives;
        for action in actions {
            if let Some(left) = &mut self.halls[of].dies_after {
                if *left == 0 {
                    self.tally.count(Fault::ControllerKilledBetweenActions);
                    let off = self.chance.between(Duration::from_millis(100), Duration::from_secs(60));
                    self.may_forget(of);
                    return self.kill_hall(of, off);
                }
                *left -= 1;
            }
            match action {
                town::Action::Publish(order) => {
                    self.promises.ordered(&order, self.time);
                    self.halls[of].published = order.number;
                    self.hall_says(of, &order, None);
                    self.gear_ordered(of, &order, true);
                }
                town::Action::Beat(beat) => self.hall_beats(of, beat),
                town::Action::Lock { wanted } => self.wants_lock(of, wanted),
                town::Action::Watch(order) => self.gear_ordered(of, &order, false),
                town::Action::PublishAgain { by: Managed::Snmp, order, .. } => self.gear_ordered(of, &order, true),
                town::Action::PublishAgain { ap, order, .. } => {
                    let only = self.halls[of].place_of(&ap);
                    self.hall_says(of, &order, only);
                }
                town::Action::Store { batch, what } => match self.halls[of].store(what) {
                    Ok(Some(outcome)) => {
                        if outcome.is_err() {
                            self.tally.count(Fault::DiskFull);
                        }
                        let after = self.chance.between(Duration::from_millis(1), Duration::from_millis(30));
                        self.later(after, Due::Hall { of, life, event: town::Event::Stored { batch, outcome } });
                    }
                    Ok(None) => self.tally.count(Fault::DiskHung),
                    Err(why) => self.promises.broken(self.time, why),
                },
                town::Action::Answer { ask_id, outcome } => self.promises.answered(ask_id, outcome),
                town::Action::StoreCounts(counts) => self.hall_stores(of, counts),
                town::Action::Log(entries) => {
                    let left_open = entries.iter().filter(|entry| entry.kind == town::Kind::LeftOpen).count();
                    (0..left_open).for_each(|_| self.tally.count(Fault::LeftOpen));
                    let time = self.time;
                    self.written.iter_mut().for_each(|written| {
                        written.extend(entries.iter().map(|entry| (time, of, entry.clone())));
                    });
                }
                town::Action::StoreSketch(_) | town::Action::Signal { .. } => {}
            }
        }
        let now = self.halls[of].now(self.time, self.wall_ms());
        if let Some(core) = &self.halls[of].town {
            let wake = core.next_wake().map(|mono| self.halls[of].booted + mono.max(now.mono));
            if wake != self.halls[of].wake {
                self.halls[of].wake = wake;
                if let Some(at) = wake {
                    self.later(at - self.time, Due::HallWake { of, life, at });
                }
            }
        }
    }

    fn hall_says(&mut self, of: usize, order: &Order, only: Option<usize>) {
        let Some(connection) = self.halls[of].connected else { return };
        let order = self.signed.sign(order);
        self.send(connection, Due::FromHall { of, connection, order, only });
    }

    pub(super) fn hall_connects(&mut self, of: usize) {
        let life = self.halls[of].lives;
        if self.halls[of].town.is_none() || self.halls[of].connected.is_some() {
            return;
        }
        if !(self.broker.up && self.halls[of].linked) {
            let after = self.chance.between(Duration::from_millis(500), Duration::from_secs(5));
            return self.later(after, Due::HallConnects { of, life });
        }
        // Its old connection is thrown out first, as an agent's is.
        if let Some((old, _)) = self.hall_wills.get(&of).cloned() {
            self.hall_will(of, old);
        }
        let connection = self.connection();
        self.halls[of].connected = Some(connection);
        let retained = self.broker.order.clone();
        let presences: Vec<Presence> = self.broker.presences.values().cloned().collect();
        let reports: Vec<Report> = self.broker.reports.values().cloned().collect();
        let sketches: Vec<Distinct> = self.broker.sketches.values().cloned().collect();
        self.hall_on(of, town::Event::Broker(Ok(())));
        retained.into_iter().for_each(|order| self.to_hall(of, town::Event::OwnOrderSeen(order.order)));
        presences.into_iter().for_each(|presence| self.to_hall(of, town::Event::Presence(presence)));
        let beats: Vec<Heartbeat> = self.broker.beats.values().cloned().collect();
        beats.into_iter().for_each(|beat| self.to_hall(of, town::Event::PeerHeard(beat)));
        reports.into_iter().for_each(|report| self.to_hall(of, town::Event::Reported(report)));
        sketches.into_iter().for_each(|distinct| self.to_hall(of, town::Event::Sketched(distinct)));
    }

    /// Something for every controller leaves the broker.
    pub fn to_halls(&mut self, event: &town::Event) {
        (0..self.halls.len()).for_each(|of| self.to_hall(of, event.clone()));
    }

    /// A controller's connection ends.
    pub fn cut_hall(&mut self, of: usize, noticed: Duration) {
        self.leave_hall_will(of, noticed);
        if self.halls[of].connected.take().is_some() {
            self.hall_on(of, town::Event::Broker(Err("connection reset".to_owned())));
        }
        let after = self.chance.between(Duration::from_millis(200), Duration::from_secs(3));
        let life = self.halls[of].lives;
        self.later(after, Due::HallConnects { of, life });
    }

    /// Something for the controller leaves the broker.
    pub fn to_hall(&mut self, of: usize, event: town::Event) {
        let Some(connection) = self.halls[of].connected else { return };
        self.send(connection, Due::ToHall { of, connection, event });
    }

    /// What the shell makes of a letter: a report that carries an order says two things.
    pub(super) fn hall_hears(&mut self, of: usize, event: town::Event) {
        let held = match &event {
            town::Event::Reported(report) => report.holds.as_deref().and_then(|jws| self.signed.read(jws)).cloned(),
            _ => None,
        };
        self.hall_on(of, event);
        if let Some(order) = held {
            self.hall_on(of, town::Event::OwnOrderHeld(order));
        }
    }
}
