//! The whole town: every event goes in here, every action comes out of here.

use std::time::Duration;

use super::{Action, Event, Inventory, Now, Remembered, TownView};

/// The town's state.
#[derive(Debug)]
pub struct Town {
    inventory: Inventory,
}

impl Town {
    /// The town as remembered, and what is to be done at start.
    #[must_use]
    pub fn new(inventory: Inventory, _remembered: Remembered, _now: Now) -> (Self, Vec<Action>) {
        (Self { inventory }, Vec::new())
    }

    /// What happened, and what is to be done about it, in order.
    pub fn on(&mut self, _event: Event, _now: Now) -> Vec<Action> {
        Vec::new()
    }

    /// When the core wants [`Event::Woke`], on the clock of [`Now::mono`].
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        None
    }

    /// What people are told.
    #[must_use]
    pub fn view(&self, now: Now) -> TownView {
        let _ = (&self.inventory, now);
        unimplemented!("written with the core")
    }
}
