//! The newest order on its way out: whether one is due, how long it waits in the house, and that it arrives.

use std::time::Duration;

use firmware_config::wire::Order;

use super::Town;
use crate::core::retry::Retry;
use crate::core::{Action, Kind, Now, archive, order};

/// How long after the start a first step that opens nothing is held back: the key is read within a second, and a broker
/// or an AP that holds a newer order of ours than our store says so as soon as it is reached.
pub const START_GRACE: Duration = Duration::from_secs(2);

/// Where the newest order is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// In the house until it is stored, or until the time has come: it closes.
    Waits { until: Duration },
    /// Out; not seen on the broker yet.
    Sent { again: Retry },
    /// Out, and the broker holds it.
    Taken,
}

impl Town {
    /// Until when a step that opens nothing is held back.
    pub(super) fn held_until(&self) -> Duration {
        let sure = self.newest.is_some() && (!self.inventory.has_key || self.watchman.swears().is_some());
        let start = if sure { Duration::ZERO } else { self.started + START_GRACE };
        start.max(self.rival.map_or(Duration::ZERO, |rival| rival.yield_until))
    }

    /// Decides the next order, if what is wanted differs from the newest one.
    pub(super) fn decide(&mut self, now: Now) {
        let Some(why) = self.reconsider.clone().filter(|_| self.may_decide()) else { return };
        if self.held_back && now.mono < self.held_until() {
            return;
        }
        let number = self.highest.saturating_add(1);
        let next =
            order::next(self.newest.as_ref(), self.twin.as_ref(), number, &self.inventory, &self.activations, now);
        let Some(decision) = next else {
            (self.reconsider, self.acted) = (None, false);
            return;
        };
        self.held_back = !decision.opens && now.mono < self.held_until();
        let only_ends = decision.ends && !decision.opens;
        if self.held_back || (only_ends && self.is_locked_out() && !self.hears_an_active_one(now)) {
            return;
        }
        self.becomes_active(&why, now);
        let open = decision.order.facilities.values().filter(|wanted| wanted.mode.is_open()).count();
        let fields = vec![("number", number.to_string()), ("open", open.to_string()), ("why", why)];
        let mode_before = self.newest.as_ref().map(order::greatest);
        if mode_before != Some(order::greatest(&decision.order)) {
            self.mode_since_ms = Some(now.wall_ms);
        }
        (self.reconsider, self.acted) = (None, false);
        self.order_drill = decision.drill;
        self.take_order(decision.order, now);
        self.write(now, Kind::Ordered, self.order_drill, fields);
        self.exit = match self.exit {
            _ if decision.opens => self.send(now),
            // A closing on its way out already does not start to wait anew.
            Exit::Waits { until } => Exit::Waits { until },
            Exit::Sent { .. } | Exit::Taken => Exit::Waits { until: now.mono + archive::ANSWER_WITHIN },
        };
    }

    /// Makes `order` the newest: everything is measured by it.
    pub(super) fn take_order(&mut self, order: Order, now: Now) {
        self.highest = self.highest.max(order.number);
        self.fleet.ordered(&order, now);
        self.newest = Some(order);
        self.twin = None;
        self.order_unstored = true;
        self.all_settled = false;
        self.arrived = false;
        self.archive.changed();
        if let Some(watch) = &mut self.watch {
            watch.hurry();
        }
    }

    /// The newest order leaves the house now.
    pub(super) fn send(&mut self, now: Now) -> Exit {
        self.publish = true;
        self.fleet.released(now);
        Exit::Sent { again: Retry::first(now.mono) }
    }

    /// A closing that has waited long enough goes out; an order that the broker has not taken goes out again.
    pub(super) fn let_out(&mut self, now: Now) {
        match self.exit {
            Exit::Waits { until } if until <= now.mono => {
                let number = self.newest.as_ref().map_or(0, |newest| newest.number);
                let waited = archive::ANSWER_WITHIN.as_secs();
                let why = format!("order {number} goes out without having been stored within {waited} s");
                self.write(now, Kind::StoreLost, self.order_drill, vec![("why", why)]);
                self.exit = self.send(now);
            }
            Exit::Sent { again } if self.leads() && self.broker_up && again.is_due(now.mono) => {
                self.publish = true;
                self.exit = Exit::Sent { again: Retry::after(Some(again), now.mono) };
            }
            Exit::Waits { .. } | Exit::Sent { .. } | Exit::Taken => {}
        }
    }

    pub(super) fn tell_again(&mut self, now: Now) {
        let due = self.fleet.due_again(now);
        if let Some(newest) = self.newest.as_ref().filter(|_| self.leads()) {
            self.actions.extend(due.into_iter().map(|(ap, by)| Action::PublishAgain { ap, by, order: newest.clone() }));
        }
    }
}
