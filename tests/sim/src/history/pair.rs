//! What happens to a town with two controllers beside everything else, and what must be so in the end.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::FacilityId;
use hirake::core::peers::{BEAT, GONE_AFTER, RANK_STEP, TAKE_OVER_AFTER};

use super::History;
use crate::faults::Fault;
use crate::hall::{DISASTER, NORMAL};
use crate::world::SILENCE_NOTICED;

/// Messages on their way there and back, the database's answer (asked each 2 s), the core's own wait between two beats.
const SLACK: Duration = Duration::from_secs(3);
/// The one that decides was killed: the broker says so at once; the other may be of the second rank.
const TAKEN_OVER_AFTER_DEATH: Duration = GONE_AFTER.saturating_add(RANK_STEP).saturating_add(SLACK);
/// It was stopped: the other waits until it was not heard for long enough, or until the broker has given it up too.
const TAKEN_OVER_AFTER_SILENCE: Duration = TAKE_OVER_AFTER
    .saturating_add(BEAT)
    .saturating_add(SILENCE_NOTICED)
    .saturating_add(GONE_AFTER)
    .saturating_add(RANK_STEP)
    .saturating_add(SLACK);

impl History {
    /// Whether this controller decides.
    pub(super) fn is_active(&self, of: usize) -> bool {
        let now = self.world.halls[of].now(self.world.time, self.world.wall_ms());
        self.world.halls[of].is_active(now)
    }

    pub(super) fn count_by_role(&mut self, of: usize, active: Fault, standby: Fault) {
        if self.world.halls.len() > 1 {
            let fault = if self.is_active(of) { active } else { standby };
            self.world.tally.count(fault);
        }
    }

    /// Something that happens to pairs.
    pub(super) fn pair_step(&mut self, of: usize) {
        match self.world.chance.below(8) {
            0 | 1 => {
                let long = self.world.chance.between(Duration::from_millis(500), Duration::from_secs(60));
                self.say(&format!("controller {of} is stopped for {long:?}"));
                self.count_by_role(of, Fault::ActiveFrozen, Fault::StandbyFrozen);
                self.world.freeze(of, long);
            }
            2 | 3 => {
                let linked = !self.world.halls[of].linked;
                self.say(&format!("controller {of}: cable in {linked}"));
                self.world.halls[of].linked = linked;
                if !linked {
                    self.world.tally.count(Fault::ControllersParted);
                    let noticed = self.world.chance.between(Duration::ZERO, SILENCE_NOTICED);
                    self.world.cut_hall(of, noticed);
                }
            }
            4 => {
                self.say(&format!("the key at {of} says disaster, the other normal"));
                self.world.tally.count(Fault::KeysAtOdds);
                self.world.halls[of].contacts = Some(DISASTER);
                self.world.halls[1 - of].contacts = Some(NORMAL);
                self.key_counts();
                (0..2).for_each(|of| self.edge(of));
            }
            5 if self.has_lock() => {
                let cut = !self.world.database.cut[of];
                self.say(&format!("the database is out of reach for {of}: {cut}"));
                self.world.database.cut[of] = cut;
                if cut {
                    self.world.tally.count(Fault::LockOutOfReach);
                }
            }
            6 if self.has_lock() => {
                let stuck = !self.world.database.stuck;
                self.say(&format!("the database is stuck: {stuck}"));
                self.world.database.stuck = stuck;
                if stuck {
                    self.world.tally.count(Fault::LockStuck);
                }
            }
            7 => {
                let said: Vec<_> = self.heartbeats.iter().filter(|beat| beat.active).cloned().collect();
                if !said.is_empty() {
                    let beat = self.world.chance.pick(&said).clone();
                    self.say(&format!("an old heartbeat of {} is said again", beat.id));
                    self.world.tally.count(Fault::HeartbeatReplayed);
                    let of = usize::from(beat.rank - 1);
                    self.world.broker_hears_beat(of, &beat);
                }
                self.heartbeats.extend(self.world.broker.beats.values().cloned());
            }
            _ => {}
        }
    }

    fn has_lock(&self) -> bool {
        self.world.halls[0].inventory.seat.as_ref().is_some_and(|seat| seat.lock)
    }

    /// What a person opened just now stands in the newest order, and that order has left the house.
    pub(super) fn is_in_force_at_once(&mut self, of: usize, places: &BTreeSet<FacilityId>) {
        let now = self.world.halls[of].now(self.world.time, self.world.wall_ms());
        let Some(view) = self.world.halls[of].town.as_ref().map(|town| town.view(now)) else { return };
        let granted = self.world.promises.is_open_for(&format!("flood {}", self.asks));
        let open =
            view.facilities.iter().filter(|place| place.wanted.is_open()).map(|place| place.id.clone()).collect();
        let number = view.order.map_or(0, |order| order.number);
        if granted && (!places.is_subset(&open) || self.world.halls[of].published < number) {
            let out = self.world.halls[of].published;
            self.broken(format!("opened {places:?} at {of}; open is {open:?} by {number}, published is {out}"));
        }
    }

    /// Everything is mended that pairs have.
    pub(super) fn mend_pair(&mut self) {
        (self.world.database.cut, self.world.database.stuck) = ([false; 2], false);
        for of in 0..self.world.halls.len() {
            self.world.thaws(of);
        }
    }

    /// Once quiet one decides, and both know the same order and hold the same.
    pub(super) fn one_decides(&mut self) {
        let views: Vec<_> = (0..self.world.halls.len()).filter_map(|of| self.view(of)).collect();
        let [one, other] = &views[..] else { return };
        let active: Vec<bool> = (0..2).map(|of| self.is_active(of)).collect();
        if active[0] == active[1] {
            return self.broken(format!("who decides: {active:?}"));
        }
        let number = |view: &hirake::core::view::TownView| view.order.as_ref().map(|order| order.number);
        if number(one) != number(other) || one.activations != other.activations {
            let (a, b) = (number(one), number(other));
            let (held, others) = (&one.activations, &other.activations);
            self.broken(format!(
                "{active:?} decide, orders {a:?} and {b:?} are known, held is {held:?} and {others:?}"
            ));
        }
    }

    /// The one that decides is gone for good: the other takes over within its time, and nothing closes by it.
    pub(super) fn the_active_one_goes(&mut self) {
        let Some(gone) = (0..self.world.halls.len()).find(|of| self.is_active(*of)) else { return };
        let left = 1 - gone;
        let killed = self.world.chance.once_in(2);
        let within = if killed {
            self.say(&format!("controller {gone} is gone for good"));
            self.world.end_hall(gone);
            TAKEN_OVER_AFTER_DEATH
        } else {
            self.say(&format!("controller {gone} is stopped for good"));
            self.world.freeze(gone, Duration::from_secs(3_600));
            TAKEN_OVER_AFTER_SILENCE
        };
        // A drill may end meanwhile; and what a facility's key holds may get a number of whoever looks after it now.
        let open = |history: &Self| {
            let held = history.view(left)?.activations.into_iter().filter(|held| held.until_ms.is_none());
            let mut held: Vec<_> = held.map(|held| (held.source.word(), held.mode.as_str(), held.facilities)).collect();
            held.sort();
            Some(held)
        };
        let before = open(self);
        self.world.pass(within);
        if !self.is_active(left) {
            self.broken(format!("{within:?} after {gone} was gone, {left} does not decide"));
        }
        let after = open(self);
        if after != before {
            self.broken(format!("{left} took over; held was {before:?} and is {after:?}"));
        }
    }
}
