//! What runs on the air here, as the looks tell it, and the counts of each stretch of it.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::SampleId;

use super::deliver::mono_ms;
use super::radios::Open;
use super::waiting::Sample;
use super::{Action, Agent, Now};

/// What is on the air, as far as a look has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) mode: Mode,
    /// By the monotonic clock: the wall clock may be set long after.
    pub(super) since: Duration,
}

impl Agent {
    /// After a look, or when hostapd is gone: what runs now.
    pub(super) fn see(&mut self, now: Now, actions: &mut Vec<Action>) {
        let was = self.running;
        let (number, mode) = match (self.told(), self.radios.open()) {
            (Some((number, mode)), Open::All) if mode.is_open() => (number, mode),
            (Some((number, mode)), Open::None) if !mode.is_open() => (number, mode),
            // What ran before still runs: nothing has changed on the air yet.
            (_, Open::All) if was.mode.is_open() => (was.number, was.mode),
            (_, Open::None) if !was.mode.is_open() => (was.number, was.mode),
            // Something is on the air, and it is nothing whole: it belongs to the mode that is open.
            (Some((_, mode)), Open::Partly | Open::All) if mode.is_open() => (0, mode),
            (_, Open::Partly) => (0, was.mode),
            (_, Open::All | Open::None | Open::Unknown) => (0, Mode::Normal),
        };
        if (number, mode) == (was.number, was.mode) {
            return;
        }
        if mode != was.mode {
            // A drill's numbers never mix with others': the interval ends where the mode does.
            if now.mono > self.counted_at && self.identity.counts_every.is_some() {
                self.count(now);
            }
            self.running.since = now.mono;
            self.listener.flipped(now);
        }
        (self.running.number, self.running.mode) = (number, mode);
        actions.push(Action::Log(format!("on air number={number} mode={mode}")));
    }

    pub(super) fn count(&mut self, now: Now) {
        let length = now.mono.saturating_sub(self.counted_at);
        self.counted_at = now.mono;
        self.counts_due = false;
        let networks = self.tally.take(&self.radios.networks());
        if networks.is_empty() {
            return;
        }
        self.counts_seq += 1;
        let id = SampleId { boot: self.boot.clone(), seq: self.counts_seq };
        let length = u32::try_from(length.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.delivery.counted(Sample::new(id, mono_ms(now.mono), length, self.running.mode, networks));
    }
}
