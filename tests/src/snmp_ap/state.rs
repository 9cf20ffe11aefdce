//! What a pretend device remembers: its switches, running and saved, what is on the air, who is connected; pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::people::{Crowd, Dice};

/// What a device keeps of its running configuration through a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Everything, at once.
    AtOnce,
    /// What was saved.
    WhenSaved,
    /// Nothing: it starts as it was prepared, closed.
    Nothing,
}

/// One switch of `00000JAPAN`: a BSS, a WLAN, or a radio it is bound to.
#[derive(Debug, Clone)]
pub struct Switch {
    /// Its row in the platform's table.
    pub row: u32,
    /// As configured now.
    pub on: bool,
    /// As it will be configured after a reboot.
    pub saved: bool,
    /// On the air.
    pub air: bool,
    /// When the air follows.
    follows_at: Option<Instant>,
}

/// An access point of a device: the device itself, or one of a WLAN controller's.
#[derive(Debug, Clone)]
pub struct Station {
    /// Address of its radio.
    pub mac: [u8; 6],
    /// Name.
    pub name: String,
    /// Whether the controller has it connected; for an AP that speaks for itself, always.
    pub connected: bool,
    /// Who comes.
    pub crowd: Crowd,
    /// Devices on the town's own network.
    pub peace: u32,
    /// Devices on `00000JAPAN`.
    pub open: u32,
}

/// A job that copies one configuration to another (CISCO-CONFIG-COPY-MIB).
#[derive(Debug, Clone, Copy, Default)]
pub struct Copying {
    /// ccCopySourceFileType.
    pub from: i32,
    /// ccCopyDestFileType.
    pub to: i32,
    /// When it is done; none: not started.
    pub done_at: Option<Instant>,
    /// It is done.
    pub done: bool,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct State {
    /// The switches.
    pub switches: Vec<Switch>,
    /// The access points; one for a device that is one.
    pub aps: Vec<Station>,
    /// Copy jobs by row.
    pub copying: BTreeMap<u32, Copying>,
    /// What a reboot leaves.
    pub keeps: Keeps,
    /// Since when it runs.
    pub started: Instant,
    /// snmpEngineBoots.
    pub boots: u32,
    /// How long the air takes to follow a switch.
    pub follows: Duration,
    /// The air does not follow: for a device that accepts and does nothing.
    pub deaf: bool,
    dice: Dice,
}

impl State {
    /// A device that was switched on at `now`, closed.
    #[must_use]
    pub fn new(rows: &[u32], aps: Vec<Station>, keeps: Keeps, now: Instant, follows: Duration, seed: u64) -> Self {
        let switch = |&row| Switch { row, on: false, saved: false, air: false, follows_at: None };
        Self {
            switches: rows.iter().map(switch).collect(),
            aps,
            copying: BTreeMap::new(),
            keeps,
            started: now,
            boots: 1,
            follows,
            deaf: false,
            dice: Dice::new(seed),
        }
    }

    /// The switch of a row.
    #[must_use]
    pub fn switch(&self, row: u32) -> Option<&Switch> {
        self.switches.iter().find(|switch| switch.row == row)
    }

    /// Turns a switch; the air follows.
    pub fn turn(&mut self, row: u32, on: bool, now: Instant) {
        let (keeps, follows) = (self.keeps, now + self.follows);
        for switch in self.switches.iter_mut().filter(|switch| switch.row == row) {
            switch.on = on;
            switch.follows_at = Some(follows);
            if keeps == Keeps::AtOnce {
                switch.saved = on;
            }
        }
        self.pass(now);
    }

    /// Turns all switches.
    pub fn turn_all(&mut self, on: bool, now: Instant) {
        let rows: Vec<u32> = self.switches.iter().map(|switch| switch.row).collect();
        rows.into_iter().for_each(|row| self.turn(row, on, now));
    }

    /// Running becomes saved.
    pub fn save(&mut self) {
        self.switches.iter_mut().for_each(|switch| switch.saved = switch.on);
    }

    /// Off and on again, up at `up`. A cheap device counts its boots from the start again: `forgets`.
    pub fn reboot(&mut self, up: Instant, forgets: bool) {
        for switch in &mut self.switches {
            switch.on = switch.saved && self.keeps != Keeps::Nothing;
            switch.air = false;
            switch.follows_at = Some(up + self.follows);
        }
        self.aps.iter_mut().for_each(|ap| (ap.peace, ap.open) = (0, 0));
        self.copying.clear();
        self.started = up;
        self.boots = if forgets { 1 } else { self.boots + 1 };
    }

    /// Time has passed: the air follows, copies are done.
    pub fn pass(&mut self, now: Instant) {
        let (mut saved, deaf) = (false, self.deaf);
        for switch in self.switches.iter_mut().filter(|switch| switch.follows_at.is_some_and(|at| at <= now) && !deaf) {
            switch.air = switch.on;
            switch.follows_at = None;
        }
        // Done jobs stay until they are destroyed; only the moment they are done saves.
        for job in self.copying.values_mut().filter(|job| !job.done && job.done_at.is_some_and(|at| at <= now)) {
            job.done = true;
            saved = true;
        }
        if saved {
            self.save();
        }
        if !self.is_open() {
            self.aps.iter_mut().for_each(|ap| ap.open = 0);
        }
    }

    /// Whether `00000JAPAN` is on the air, on any radio.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.switches.iter().any(|switch| switch.air)
    }

    /// People come and go for one `step`.
    pub fn people(&mut self, step: Duration) {
        let open = self.is_open();
        for ap in self.aps.iter_mut().filter(|ap| ap.connected) {
            let crowd = ap.crowd;
            let mut move_on = |present: &mut u32, expected: u32| {
                let (joins, leaves) = crowd.step(&mut self.dice, expected, *present as usize, step);
                *present = (*present + joins).saturating_sub(u32::try_from(leaves.len()).unwrap_or(u32::MAX));
            };
            move_on(&mut ap.peace, crowd.peace);
            if open {
                move_on(&mut ap.open, crowd.disaster);
            }
        }
    }

    /// Devices on the town's own network and on `00000JAPAN`, at all of its access points.
    #[must_use]
    pub fn stations(&self) -> (u32, u32) {
        self.aps.iter().fold((0, 0), |(peace, open), ap| (peace + ap.peace, open + ap.open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(keeps: Keeps, now: Instant) -> State {
        State::new(&[3, 4], Vec::new(), keeps, now, Duration::from_millis(500), 1)
    }

    #[test]
    fn the_air_follows_a_switch_and_not_at_once() {
        let now = Instant::now();
        let mut state = state(Keeps::AtOnce, now);
        state.turn(3, true, now);
        assert!(state.switch(3).expect("a row").on && !state.is_open());
        state.pass(now + Duration::from_millis(500));
        assert!(state.is_open() && !state.switch(4).expect("a row").air);
    }

    #[test]
    fn a_reboot_leaves_what_the_platform_keeps() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(10));
        for (keeps, save, open) in [
            (Keeps::AtOnce, false, true),
            (Keeps::WhenSaved, false, false),
            (Keeps::WhenSaved, true, true),
            (Keeps::Nothing, true, false),
        ] {
            let mut state = state(keeps, now);
            state.turn_all(true, now);
            if save {
                state.save();
            }
            state.reboot(now, true);
            state.pass(later);
            assert_eq!(state.is_open(), open, "{keeps:?}, saved: {save}");
            assert_eq!(state.boots, 1, "a cheap device");
        }
    }

    #[test]
    fn a_copy_saves_once_and_only_when_it_is_done() {
        let now = Instant::now();
        let mut state = state(Keeps::WhenSaved, now);
        state.turn_all(true, now);
        state.copying.insert(7, Copying { from: 4, to: 3, done_at: Some(now + Duration::from_secs(1)), done: false });
        state.pass(now);
        assert!(!state.switches[0].saved);
        state.pass(now + Duration::from_secs(1));
        assert!(state.switches[0].saved);
        state.turn_all(false, now);
        state.pass(now + Duration::from_secs(2));
        assert!(state.switches[0].saved, "a job that is done does nothing more");
    }
}
