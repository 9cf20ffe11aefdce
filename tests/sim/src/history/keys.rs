//! What hands and faults do to the key switches at access points, and what must be so in the end.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::FacilityId;
use hirake::core::view::TownView;
use hirake::core::{Kind, Source};

use super::History;
use crate::faults::Fault;
use crate::hall::{CUT, DISASTER, DRILL, NORMAL, PLACES, SHORT};
use crate::switch::{TURNS_MAX, act_of};

impl History {
    /// Somebody turns a key switch, or something happens to it.
    pub(super) fn switch_moves(&mut self) {
        let switched: Vec<usize> = self.switched().collect();
        let at = *self.world.chance.pick(&switched);
        let picked = [Some(DISASTER), Some(DISASTER), Some(DISASTER), Some(NORMAL), Some(NORMAL), Some(NORMAL)];
        let faults = [Some(CUT), Some(SHORT), None];
        let contacts = if self.world.chance.once_in(4) {
            *self.world.chance.pick(&faults)
        } else {
            *self.world.chance.pick(&picked)
        };
        let Some(switch) = &mut self.world.sites[at].switch else { return };
        switch.turns += 1;
        if switch.turns > TURNS_MAX {
            return;
        }
        self.say(&format!("the key's contacts at AP {at} become {contacts:?}"));
        let away = self.world.halls.iter().all(|hall| hall.connected.is_none());
        match contacts {
            Some(CUT) => self.world.tally.count(Fault::FacilityKeyCut),
            Some(SHORT) => self.world.tally.count(Fault::FacilityKeyShorted),
            None => self.world.tally.count(Fault::FacilityKeyUnreadable),
            Some(DISASTER) if away => self.world.tally.count(Fault::FacilityKeyOpenedAlone),
            Some(_) if away => self.world.tally.count(Fault::FacilityKeyTurnedUnheard),
            Some(_) => {}
        }
        if self.world.sites[at].agent.is_none() {
            self.world.tally.count(Fault::FacilityKeyTurnedInTheDark);
        }
        if self.world.chance.once_in(10) {
            self.say("and it chatters");
            self.world.tally.count(Fault::FacilityKeyChattered);
            for n in 0..30 {
                self.switch_becomes(at, Some(if n % 2 == 0 { NORMAL } else { DISASTER }));
                self.world.pass(Duration::from_millis(15));
            }
        }
        self.switch_becomes(at, contacts);
        // There and back before anybody heard of it.
        if contacts == Some(DISASTER) && self.world.chance.once_in(4) {
            let held = self.world.chance.between(Duration::from_millis(20), Duration::from_secs(20));
            self.world.pass(held);
            self.say(&format!("and after {held:?} they are back"));
            self.switch_becomes(at, Some(NORMAL));
        }
        if self.world.chance.once_in(8) {
            self.say(&format!("and AP {at} loses power"));
            self.world.tally.count(Fault::ApRebooted);
            let off = self.world.chance.between(Duration::from_millis(100), Duration::from_secs(20));
            self.world.power_off(at, off);
        }
    }

    fn switch_becomes(&mut self, at: usize, contacts: Option<hirake::core::ContactReading>) {
        if contacts == Some(DISASTER) {
            let place = PLACES[self.world.sites[at].facility].parse().expect("a name of the model town");
            self.world.promises.ever_opened.insert(place);
        }
        self.world.switch_becomes(at, contacts);
    }

    fn switched(&self) -> impl Iterator<Item = usize> {
        self.world.sites.iter().enumerate().filter(|(_, site)| site.switch.is_some()).map(|(at, _)| at)
    }

    /// Every switch can be read again.
    pub(super) fn switches_are_mended(&mut self) {
        for at in self.switched().collect::<Vec<_>>() {
            let contacts = self.world.sites[at].switch.as_ref().and_then(|switch| switch.contacts);
            if contacts.is_none_or(|contacts| ![NORMAL, DISASTER, DRILL].contains(&contacts)) {
                let mended = *self.world.chance.pick(&[NORMAL, DISASTER]);
                self.switch_becomes(at, Some(mended));
            }
        }
    }

    /// What the switches hold open in the end.
    pub(super) fn switches_hold(&self) -> BTreeSet<FacilityId> {
        let stands =
            |at: &usize| self.world.sites[*at].switch.as_ref().is_some_and(|switch| switch.contacts == Some(DISASTER));
        let place = |at: usize| PLACES[self.world.sites[at].facility].parse().expect("a name of the model town");
        self.switched().filter(stands).map(place).collect()
    }

    /// In the end each switch at 災害 holds its facility open by an activation of its own, and none at 平時 holds any.
    pub(super) fn switches_are_obeyed(&mut self, view: &TownView) {
        for at in self.switched().collect::<Vec<_>>() {
            let stands = self.world.sites[at].switch.as_ref().and_then(|switch| switch.contacts);
            let source = Source::FacilityKey(self.world.ap(at));
            let held = view.activations.iter().any(|held| held.source == source);
            if held != (stands == Some(DISASTER)) {
                self.broken(format!("AP {at}'s key stands at {stands:?}; it holds open: {held}"));
            }
        }
    }

    /// Each act of a switch is in the record once; while nothing was forgotten, every act that its AP knows is in it.
    pub(super) fn switches_are_recorded(&mut self) {
        // What an AP forgot that it had opened and closed, it may do again: opened twice is what happened.
        // So does one of which somebody else says in its name that its key stands otherwise.
        let stolen = self.thief.map(|(at, _)| at);
        let forgot: BTreeSet<String> = (self.switched())
            .filter(|at| stolen == Some(*at) || self.world.sites[*at].switch.as_ref().is_some_and(|it| it.forgot))
            .map(|at| self.world.ap(at).to_string())
            .collect();
        let mut told: BTreeSet<(String, String)> = BTreeSet::new();
        // Each controller has a record of its own.
        let mut written: BTreeSet<(usize, String, String)> = BTreeSet::new();
        let mut again = None;
        let halls = self.world.halls.iter().enumerate();
        for (of, entry) in halls.flat_map(|(of, hall)| hall.shelf.entries.values().map(move |entry| (of, entry))) {
            let Some((ap, act)) = act_of(entry) else { continue };
            told.insert((ap.to_owned(), act.to_owned()));
            let known = !written.insert((of, ap.to_owned(), act.to_owned()));
            let may = entry.kind == Kind::Opened && forgot.contains(ap);
            // A controller that could not ask its store cannot know what is in it.
            if known && !may && !self.world.halls[of].began_without_store {
                again = Some(format!("act {act} of {ap}'s key is in the record again: {:?}", entry.kind));
            }
        }
        if let Some(again) = again {
            self.broken(again);
        }
        if self.world.promises.record_lost {
            return;
        }
        for at in self.switched().collect::<Vec<_>>() {
            let ap = self.world.ap(at).to_string();
            let Some(key) = self.world.broker.reports.get(&at).and_then(|report| report.facility_key.clone()) else {
                self.broken(format!("{ap} has a key and does not say so"));
                continue;
            };
            for act in key.ended.iter().chain(&key.open) {
                if !told.contains(&(ap.clone(), format!("{}@{}", act.id, act.since_ms))) {
                    self.broken(format!("the record does not tell of {act:?} of {ap}'s key"));
                }
            }
        }
    }
}
