//! The end of a history: everything is mended, and everything must be as people want it.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use hirake::core::view::TownView;
use hirake::core::{KeyPosition, Source};

use super::History;
use crate::ears::Ear;
use crate::gear::{GEAR, Temper, Wire};
use crate::hall::{DISASTER, DRILL, Disk, Hall, NORMAL};
use crate::site::Mood;
use crate::world::Due;

/// How long everybody has, once everything is mended, to be as ordered: the tries are at most 10 s apart, an AP's way to
/// the broker as well, and a radio listens 60 s for radar.
const QUIET: Duration = Duration::from_secs(150);
/// How long some six hundred samples may take, at one a second.
const DELIVERED: Duration = Duration::from_secs(800);
/// Drills that come to their end while everybody settles, and seconds that their orders wait for the store, at most.
const ENDS_MAX: usize = 40;
/// After this no drill goes on: the longest started here is 300 s, the key's 600 s.
const DRILLS_OVER: Duration = Duration::from_secs(700);
/// How long is waited where there is none, and what goes on is to go on; each so-many-th history waits as long as for one.
const NO_DRILL: Duration = Duration::from_secs(60);
const LONG_EACH: usize = 8;

impl History {
    /// Everything is mended, nobody does anything any more; then everything must be as people want it.
    pub(super) fn end(&mut self) {
        self.say("everything is mended");
        let world = &mut self.world;
        for hall in &mut world.halls {
            (hall.dies_after, hall.linked, hall.wall_off_ms) = (None, true, 0);
        }
        (0..world.halls.len()).for_each(|of| world.disk_becomes(of, Disk::Works));
        world.lossy = false;
        (world.gear.temper, world.gear.wire, world.eye_lies) = (Temper::Obeys, Wire::Fine, false);
        world.later(Duration::ZERO, Due::GearPowered);
        let readable = [NORMAL, DISASTER, DRILL];
        for of in 0..world.halls.len() {
            if world.halls[of].contacts.is_none_or(|contacts| !readable.contains(&contacts)) {
                world.halls[of].contacts = Some(*world.chance.pick(&[NORMAL, DISASTER]));
            }
            if world.halls[of].town.is_none() {
                world.later(Duration::ZERO, Due::HallStarts { of });
            }
        }
        world.later(Duration::ZERO, Due::BrokerStarts);
        for at in 0..world.sites.len() {
            let site = &mut world.sites[at];
            (site.linked, site.mood, site.flash_full) = (true, Mood::Obeys, false);
            (site.wall_off_ms, site.listening.ear) = (0, Ear::Hears);
            let boot = site.boots;
            world.later(Duration::ZERO, Due::PowerOn { at });
            world.later(Duration::from_secs(1), Due::HostapdStarts { at, boot });
        }
        self.thief_is_caught();
        self.mend_pair();
        self.key_counts();
        (0..self.world.halls.len()).for_each(|of| self.edge(of));
        self.switches_are_mended();
        self.world.pass(QUIET);
        self.everybody_is_counted();
        // A drill may have come to its end just now: everybody has their time for that order too.
        for _ in 0..ENDS_MAX {
            let settled = self.world.promises.last_ordered + QUIET;
            if self.is_under_way() {
                self.world.pass(Duration::from_secs(1));
            } else if self.world.time < settled {
                self.world.pass(settled - self.world.time);
            }
        }
        self.one_decides();
        (0..self.world.halls.len()).for_each(|of| self.all_is_as_wanted(of));
        (0..self.world.halls.len()).for_each(|of| self.devices_are_told_of(of));
        // The town hall burns down: a drill ends all the same, a disaster does not.
        let alone = self.world.chance.once_in(2);
        if alone {
            self.say("the town hall is gone");
            (0..self.world.halls.len()).for_each(|of| self.world.end_hall(of));
            self.world.end_broker();
        } else if self.world.halls.len() > 1 {
            self.the_active_one_goes();
        }
        let before: Vec<Option<(u64, Mode)>> = self.holdings();
        let long = self.a_drill_goes_on() || self.world.chance.once_in(LONG_EACH);
        self.world.pass(if long { DRILLS_OVER } else { NO_DRILL });
        self.drills_are_over(&before, alone);
    }

    /// All that waits is delivered, one sample at a time and behind every report; what is stored is who came.
    fn everybody_is_counted(&mut self) {
        let until = self.world.time + DELIVERED;
        while self.world.books.missing().is_some() && self.world.time < until {
            self.world.pass(Duration::from_secs(10));
        }
        if let Some(missing) = self.world.books.missing() {
            self.broken(missing);
        }
    }

    /// Whether an order is decided and has not left its house: a closing waits for the store.
    fn is_under_way(&self) -> bool {
        let decided = (0..self.world.halls.len()).filter_map(|of| self.view(of)?.order);
        decided.max_by_key(|order| order.number).is_some_and(|order| !self.world.promises.was_published(order.number))
    }

    fn a_drill_goes_on(&self) -> bool {
        let held = (0..self.world.halls.len()).filter_map(|of| self.view(of)).flat_map(|view| view.activations);
        held.into_iter().any(|held| held.mode == Mode::Drill)
            || self.holdings().into_iter().flatten().any(|(_, mode)| mode == Mode::Drill)
    }

    fn holdings(&self) -> Vec<Option<(u64, Mode)>> {
        self.world.sites.iter().map(|site| site.agent.as_ref().and_then(|agent| agent.told())).collect()
    }

    pub(super) fn view(&self, of: usize) -> Option<TownView> {
        let now = self.world.halls[of].now(self.world.time, self.world.wall_ms());
        self.world.halls[of].town.as_ref().map(|town| town.view(now))
    }

    pub(super) fn broken(&mut self, what: String) {
        let at = self.world.time;
        self.world.promises.broken(at, what);
    }

    fn all_is_as_wanted(&mut self, of: usize) {
        let Some(view) = self.view(of) else {
            return self.broken("the controller is not running".to_owned());
        };
        let number = view.order.as_ref().map_or(0, |order| order.number);
        if view.store_lost.is_some() || view.broker_lost.is_some() {
            self.broken(format!("mended, and still lost: {:?} {:?}", view.store_lost, view.broker_lost));
        }
        if !view.left_open.is_empty() {
            self.broken(format!("mended, and said to be left open: {:?}", view.left_open));
        }
        self.radios_are_as_wanted(&view, number);
        self.gear_is_as_wanted(&view);
        for place in &view.facilities {
            for ap in &place.aps {
                // A drill that was ordered by a wrong clock is over for those whose clock is right.
                if ap.standing != hirake::core::view::Standing::Settled && ap.why != "drill-over" {
                    let (says, why) = (ap.reported.as_ref().map(|says| (says.told, says.running, says.mode)), &ap.why);
                    let what = format!(
                        "at {of}: {} stands {:?} ({why}) under order {number}; it says {says:?}",
                        ap.id, ap.standing
                    );
                    self.broken(what);
                }
            }
        }
        self.people_are_obeyed(of, &view);
        self.switches_are_obeyed(&view);
        self.switches_are_recorded();
        let kept = self.world.halls[of].shelf.entries.len() as u64;
        let last = self.world.halls[of].shelf.remembered.last_entry;
        if !self.world.promises.record_lost && kept != last {
            self.broken(format!("{kept} entries are stored and {last} were made"));
        }
    }

    fn radios_are_as_wanted(&mut self, view: &TownView, number: u64) {
        for (at, site) in self.world.sites.iter().enumerate() {
            let wanted = view.facilities[site.facility].wanted;
            let (told, mode) = site.agent.as_ref().and_then(|agent| agent.told()).unwrap_or_default();
            let right = if mode.is_open() { site.is_open(self.world.time) } else { site.is_closed() };
            let over = wanted == Mode::Drill && mode == Mode::Normal;
            if told != number || !right || (mode != wanted && !over) {
                let state = site.agent.as_ref().map(|agent| agent.state());
                let what = format!(
                    "AP {at} holds {told} ({mode}), wanted {wanted} by {number}; {state:?}, air {:?}",
                    site.air
                );
                return self.broken(what);
            }
        }
    }

    /// The access point of another make is as its facility is wanted.
    fn gear_is_as_wanted(&mut self, view: &TownView) {
        let wanted = view.facilities[2].wanted;
        if self.world.gear.on != wanted.is_open() {
            let says = self.world.gear.posts.iter().any(|post| post.deputy.is_some());
            let on = self.world.gear.on;
            self.broken(format!("{GEAR} is on the air: {on}, wanted {wanted}; it has a deputy: {says}"));
        }
    }

    /// What is open is what the key or an operator holds, and nothing else.
    fn people_are_obeyed(&mut self, of: usize, view: &TownView) {
        let key = view.key.position.filter(|_| view.key.isolated.is_none());
        let disaster: BTreeSet<FacilityId> =
            view.facilities.iter().filter(|p| p.wanted == Mode::Disaster).map(|p| p.id.clone()).collect();
        let shelters: BTreeSet<FacilityId> = Hall::places(0b110);
        if key == Some(KeyPosition::Disaster) && !shelters.is_subset(&disaster) {
            self.broken(format!("the key says disaster, and open is {disaster:?}"));
        }
        let own = Source::Key(self.world.halls[of].id());
        let own_holds = view.activations.iter().any(|held| held.source == own);
        let key_holds = view.activations.iter().any(|held| matches!(held.source, Source::Key(_)));
        let mut wanted: BTreeSet<FacilityId> = self.world.promises.operators.values().flatten().cloned().collect();
        if key_holds {
            wanted.extend(shelters);
        }
        wanted.extend(self.switches_hold());
        if key == Some(KeyPosition::Normal) && own_holds {
            self.broken("the key says normal, and holds the shelters open".to_owned());
        }
        if !self.world.promises.forgetful && wanted != disaster {
            self.broken(format!("people hold {wanted:?} open, and open is {disaster:?}"));
        }
    }

    fn drills_are_over(&mut self, before: &[Option<(u64, Mode)>], alone: bool) {
        for (at, before) in before.iter().enumerate() {
            let open = !self.world.sites[at].is_closed();
            match before {
                Some((_, Mode::Disaster)) if !open => self.broken(format!("AP {at} ended a disaster by itself")),
                Some((number, Mode::Drill)) if open && alone => {
                    self.broken(format!("AP {at}: the drill of order {number} goes on without the town hall"));
                }
                _ => {}
            }
        }
        let left: Vec<_> = (0..self.world.halls.len()).filter(|of| self.is_active(*of)).collect();
        let left = left.into_iter().find(|of| self.world.halls[*of].frozen.is_none());
        if !alone && let Some(view) = left.and_then(|of| self.view(of)) {
            if view.mode == Mode::Drill {
                self.broken("a drill goes on".to_owned());
            }
            self.gear_is_as_wanted(&view);
        }
    }
}
