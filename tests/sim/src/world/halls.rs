//! The controller in the world: what happens to it, what becomes of its actions, its line to the broker.

use std::time::Duration;

use firmware_config::wire::{Order, Presence, Report};
use hirake::core as town;
use hirake::core::inventory::Managed;

use super::{Due, World};
use crate::faults::Fault;

impl World {
    /// Starts the controller.
    pub fn start_hall(&mut self) {
        let actions = self.hall.start(self.time, self.wall_ms());
        self.gear_order = None;
        self.start_gear();
        let life = self.hall.lives;
        self.hall_performs(actions);
        self.later(Duration::from_millis(20), Due::ReadKey { life });
        let after = self.chance.between(Duration::from_millis(30), Duration::from_millis(400));
        self.later(after, Due::HallConnects { life });
    }

    /// Kills the controller; it comes back after `off`.
    pub fn kill_hall(&mut self, off: Duration) {
        self.hall.kill();
        self.gear.dismiss();
        self.later(off, Due::HallStarts);
    }

    /// Something happens to the controller.
    pub fn hall_on(&mut self, event: town::Event) {
        let now = self.hall.now(self.time, self.wall_ms());
        let Some(core) = &mut self.hall.town else { return };
        let actions = core.on(event, now);
        self.hall_performs(actions);
    }

    fn hall_performs(&mut self, actions: Vec<town::Action>) {
        let life = self.hall.lives;
        for action in actions {
            if let Some(left) = &mut self.hall.dies_after {
                if *left == 0 {
                    self.tally.count(Fault::ControllerKilledBetweenActions);
                    let off = self.chance.between(Duration::from_millis(100), Duration::from_secs(60));
                    self.promises.memory_may_be_lost();
                    return self.kill_hall(off);
                }
                *left -= 1;
            }
            match action {
                town::Action::Publish(order) => {
                    self.promises.ordered(&order, self.time);
                    self.hall_says(&order, None);
                    self.gear_ordered(&order);
                }
                town::Action::PublishAgain { by: Managed::Snmp, order, .. } => self.gear_ordered(&order),
                town::Action::PublishAgain { ap, order, .. } => {
                    let only = self.hall.place_of(&ap);
                    self.hall_says(&order, only);
                }
                town::Action::Store { batch, what } => match self.hall.store(what) {
                    Ok(Some(outcome)) => {
                        let after = self.chance.between(Duration::from_millis(1), Duration::from_millis(30));
                        self.later(after, Due::Hall { life, event: town::Event::Stored { batch, outcome } });
                    }
                    Ok(None) => {}
                    Err(why) => self.promises.broken(self.time, why),
                },
                town::Action::Answer { ask_id, outcome } => self.promises.answered(ask_id, outcome),
                town::Action::StoreCounts(counts) => self.hall_stores(counts),
                town::Action::Log(_)
                | town::Action::StoreSketch(_)
                | town::Action::Signal { .. }
                | town::Action::Watch(_)
                | town::Action::Beat(_)
                | town::Action::Lock { .. } => {}
            }
        }
        let now = self.hall.now(self.time, self.wall_ms());
        if let Some(core) = &self.hall.town {
            let wake = core.next_wake().map(|mono| self.hall.booted + mono.max(now.mono));
            if wake != self.hall.wake {
                self.hall.wake = wake;
                if let Some(at) = wake {
                    self.later(at - self.time, Due::HallWake { life, at });
                }
            }
        }
    }

    fn hall_says(&mut self, order: &Order, only: Option<usize>) {
        let Some(connection) = self.hall.connected else { return };
        let order = self.signed.sign(order);
        self.send(connection, Due::FromHall { connection, order, only });
    }

    pub(super) fn hall_connects(&mut self) {
        let life = self.hall.lives;
        if self.hall.town.is_none() || self.hall.connected.is_some() {
            return;
        }
        if !(self.broker.up && self.hall.linked) {
            let after = self.chance.between(Duration::from_millis(500), Duration::from_secs(5));
            return self.later(after, Due::HallConnects { life });
        }
        let connection = self.connection();
        self.hall.connected = Some(connection);
        let retained = self.broker.order.clone();
        let presences: Vec<Presence> = self.broker.presences.values().cloned().collect();
        let reports: Vec<Report> = self.broker.reports.values().cloned().collect();
        self.hall_on(town::Event::Broker(Ok(())));
        retained.into_iter().for_each(|order| self.to_hall(town::Event::OwnOrderSeen(order.order)));
        presences.into_iter().for_each(|presence| self.to_hall(town::Event::Presence(presence)));
        reports.into_iter().for_each(|report| self.to_hall(town::Event::Reported(report)));
    }

    /// The controller's connection ends.
    pub fn cut_hall(&mut self) {
        if self.hall.connected.take().is_some() {
            self.hall_on(town::Event::Broker(Err("connection reset".to_owned())));
        }
        let after = self.chance.between(Duration::from_millis(200), Duration::from_secs(3));
        let life = self.hall.lives;
        self.later(after, Due::HallConnects { life });
    }

    /// Something for the controller leaves the broker.
    pub fn to_hall(&mut self, event: town::Event) {
        let Some(connection) = self.hall.connected else { return };
        self.send(connection, Due::ToHall { connection, event });
    }

    /// What the shell makes of a letter: a report that carries an order says two things.
    pub(super) fn hall_hears(&mut self, event: town::Event) {
        let held = match &event {
            town::Event::Reported(report) => report.holds.as_deref().and_then(|jws| self.signed.read(jws)).cloned(),
            _ => None,
        };
        self.hall_on(event);
        if let Some(order) = held {
            self.hall_on(town::Event::OwnOrderHeld(order));
        }
    }
}
