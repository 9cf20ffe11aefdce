//! Everything that people and misfortune do to a town, one step each.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Presence, Report, VERSION};
use hirake::core::{Ask, Event, Remembered};

use super::History;
use crate::faults::Fault;
use crate::gear::{GEAR, Temper, Wire};
use crate::hall::{CUT, DISASTER, DRILL, Disk, Hall, NORMAL, PLACES, SHORT, Shelf};
use crate::promises::Wish;
use crate::site::{Flash, Mood};
use crate::world::{Due, MORNING_MS};

impl History {
    pub(super) fn turn(&mut self, of: usize) {
        let contacts = *self.world.chance.pick(&[
            Some(NORMAL),
            Some(DISASTER),
            Some(DISASTER),
            Some(NORMAL),
            Some(DRILL),
            Some(CUT),
            Some(SHORT),
            None,
        ]);
        self.say(&format!("the key's contacts become {contacts:?}"));
        match contacts {
            Some(CUT) => self.world.tally.count(Fault::KeyWireCut),
            Some(SHORT) => self.world.tally.count(Fault::KeyWireShorted),
            None => self.world.tally.count(Fault::KeyUnreadable),
            Some(_) if self.world.halls[of].town.is_none() && !self.world.broker.up => {
                self.world.tally.count(Fault::KeyTurnedWhileBothDown);
            }
            Some(_) => {}
        }
        if self.world.chance.once_in(12) {
            self.say("and it chatters");
            self.world.tally.count(Fault::KeyChattered);
            for n in 0..30 {
                self.world.halls[of].contacts = Some(if n % 2 == 0 { NORMAL } else { DISASTER });
                self.key_counts();
                self.edge(of);
                self.world.pass(Duration::from_millis(15));
            }
        }
        self.world.halls[of].contacts = contacts;
        self.key_counts();
        self.edge(of);
        if self.world.chance.once_in(6) && self.world.halls[of].town.is_some() {
            let actions = self.world.chance.below(4);
            self.say(&format!("the controller will die {actions} actions from now"));
            self.world.halls[of].dies_after = Some(actions);
        }
    }

    pub(super) fn edge(&mut self, of: usize) {
        let event = match self.world.halls[of].contacts {
            Some(contacts) => Event::Contacts(contacts),
            None => Event::ContactsUnreadable { why: "no panel".to_owned() },
        };
        self.world.hall_on(of, event);
    }

    pub(super) fn ask(&mut self, of: usize) {
        let Some(town) = self.world.halls[of].town.as_ref().filter(|_| self.world.halls[of].frozen.is_none()) else {
            return;
        };
        let now = self.world.halls[of].now(self.world.time, self.world.wall_ms());
        let view = town.view(now);
        let closed = view.facilities.into_iter().filter(|place| !place.wanted.is_open());
        let (closed, held): (BTreeSet<FacilityId>, _) = (closed.map(|place| place.id).collect(), view.activations);
        let mask = 1 + self.world.chance.below(7);
        // Each act has a reason of its own, by which it is known whatever number it bears.
        let why = format!("flood {}", self.asks + 1);
        let (ask, wish) = match self.world.chance.below(6) {
            0 | 1 => {
                self.world.tally.count(Fault::OperatorOpened);
                let places = Hall::places(mask);
                (Ask::Open { facilities: Some(places.clone()), why: why.clone() }, Wish::Open(why, places))
            }
            2 | 3 if !held.is_empty() => {
                self.world.tally.count(Fault::OperatorClosed);
                let held = self.world.chance.pick(&held);
                (Ask::Close { activation: held.id, why }, Wish::Close(held.why.clone()))
            }
            4 => {
                let length = self.world.chance.between(Duration::from_secs(60), Duration::from_secs(300));
                let places = Hall::places(mask);
                self.world.promises.ever_opened.extend(places.iter().cloned());
                (Ask::Drill { facilities: Some(places), length, why }, Wish::Other)
            }
            5 => {
                self.world.tally.count(Fault::KeyIsolated);
                let isolate = self.world.chance.once_in(2);
                (if isolate { Ask::IsolateKey { why } } else { Ask::RestoreKey { why } }, Wish::Other)
            }
            _ => return,
        };
        self.say(&format!("an operator asks: {ask:?}"));
        self.asks += 1;
        let opens = match &wish {
            Wish::Open(_, places) => Some(places.clone()).filter(|places| !places.is_disjoint(&closed)),
            Wish::Close(_) | Wish::Other => None,
        };
        self.world.promises.wishes(self.asks, wish);
        if self.world.halls.len() > 1 && !self.is_active(of) {
            self.world.tally.count(Fault::ActAtStandby);
        }
        self.world.hall_on(of, Event::Asked { ask_id: self.asks, by: "sato".to_owned(), ask });
        if let Some(places) = opens {
            self.is_in_force_at_once(of, &places);
        }
    }

    pub(super) fn controller_dies(&mut self, of: usize) {
        if self.world.halls[of].town.is_none() {
            return;
        }
        if self.world.chance.once_in(3) {
            // In the middle of whatever it does next: counts, reports, an order, what the store says.
            let actions = self.world.chance.below(20);
            self.say(&format!("the controller will die {actions} actions from now"));
            self.world.halls[of].dies_after = Some(actions);
            return;
        }
        let off = self.world.chance.between(Duration::from_millis(100), Duration::from_secs(120));
        self.say(&format!("the controller is killed for {off:?}"));
        self.world.tally.count(Fault::ControllerKilled);
        self.world.may_forget(of);
        self.count_by_role(of, Fault::ActiveKilled, Fault::StandbyKilled);
        self.world.kill_hall(of, off);
    }

    pub(super) fn broker_dies(&mut self) {
        let off = self.world.chance.between(Duration::from_millis(100), Duration::from_secs(60));
        let forgets = self.world.chance.once_in(2);
        self.say(&format!("the broker is killed for {off:?}, forgetting {forgets}"));
        self.world.tally.count(if forgets { Fault::BrokerForgot } else { Fault::BrokerKilled });
        if self.world.gear.posts.iter().any(|post| post.deputy.as_ref().is_some_and(|deputy| deputy.answers())) {
            self.world.tally.count(Fault::BrokerGoneWithDevices);
        }
        self.world.kill_broker(off, forgets);
    }

    pub(super) fn site_loses_power(&mut self, at: usize) {
        let off = self.world.chance.between(Duration::from_millis(500), Duration::from_secs(90));
        self.say(&format!("AP {at} loses power for {off:?}"));
        self.world.tally.count(Fault::ApRebooted);
        self.world.power_off(at, off);
    }

    pub(super) fn site_is_cut_off(&mut self, at: usize) {
        let linked = !self.world.sites[at].linked;
        self.say(&format!("AP {at}: cable in {linked}"));
        self.world.sites[at].linked = linked;
        if !linked {
            self.world.tally.count(Fault::ApCutOff);
            self.world.tally.count(Fault::ApCableCut);
            let noticed = self.world.chance.between(Duration::ZERO, Duration::from_secs(20));
            self.world.cut_site(at, noticed);
        }
    }

    /// A connection breaks, and what was under way on it is gone.
    pub(super) fn line_breaks(&mut self, at: usize, of: usize) {
        self.world.tally.count(Fault::MessageLost);
        if self.world.chance.once_in(3) {
            self.say("the controller's line breaks");
            self.world.cut_hall(of, Duration::ZERO);
        } else {
            self.say(&format!("AP {at}'s line breaks"));
            self.world.tally.count(Fault::ApCableCut);
            let noticed = self.world.chance.between(Duration::ZERO, Duration::from_secs(20));
            self.world.cut_site(at, noticed);
        }
    }

    /// Gone and back each second, for a while.
    pub(super) fn line_flaps(&mut self, at: usize) {
        self.say(&format!("AP {at}'s line comes and goes"));
        self.world.tally.count(Fault::LineFlapped);
        for _ in 0..10 {
            self.world.cut_site(at, Duration::ZERO);
            self.world.pass(Duration::from_secs(1));
        }
    }

    /// What happens to one of two.
    fn count_at_one(&mut self, fault: Fault) {
        if self.world.halls.len() > 1 {
            self.world.tally.count(fault);
        }
    }

    pub(super) fn clock_jumps(&mut self, at: usize, of: usize) {
        let wall_ms = self.world.wall_ms();
        let (fault, off_ms) = match self.world.chance.below(4) {
            0 => (Fault::ClockAt1970, -wall_ms),
            1 => (Fault::ClockAt2038, 2_147_483_648_000 - MORNING_MS),
            2 => (Fault::ClockStepped, -3_600_000),
            _ => (Fault::ClockStepped, 0),
        };
        self.world.tally.count(fault);
        if self.world.chance.once_in(2) {
            self.say(&format!("the controller's clock is off by {off_ms} ms"));
            self.count_at_one(Fault::ClockWrongAtOne);
            self.world.halls[of].wall_off_ms = off_ms;
        } else {
            self.say(&format!("AP {at}'s clock is off by {off_ms} ms"));
            self.world.sites[at].wall_off_ms = off_ms;
        }
    }

    pub(super) fn hostapd_misbehaves(&mut self, at: usize) {
        if self.world.chance.once_in(3) {
            self.say(&format!("hostapd of AP {at} dies"));
            self.world.tally.count(Fault::HostapdDied);
            if self.world.sites[at].hostapd_goes() {
                let boot = self.world.sites[at].boots;
                self.world.site_on(at, hirake_agent::core::Event::HostapdDown { why: "killed".to_owned() });
                let off = self.world.chance.between(Duration::from_millis(200), Duration::from_secs(60));
                self.world.later(off, Due::HostapdStarts { at, boot });
            }
            return;
        }
        let moods = [Mood::Obeys, Mood::Refuses, Mood::Lies, Mood::IsSlow, Mood::Listens];
        let mood = *self.world.chance.pick(&moods);
        self.say(&format!("hostapd of AP {at} {mood:?}"));
        self.world.sites[at].mood = mood;
    }

    pub(super) fn disk_misbehaves(&mut self, of: usize) {
        let disk = *self.world.chance.pick(&[Disk::Works, Disk::Full, Disk::Hangs, Disk::Mumbles]);
        self.say(&format!("the disk {disk:?}"));
        self.world.disk_becomes(of, disk);
        if self.world.chance.once_in(3) {
            let shelf = self.world.halls[of].shelf.clone();
            self.world.halls[of].backups.push(shelf);
        }
    }

    pub(super) fn database_goes(&mut self, of: usize) {
        let off = self.world.chance.between(Duration::from_secs(1), Duration::from_secs(30));
        let known = self.world.is_known_elsewhere(of);
        self.world.promises.memory_may_be_lost(known);
        let backup = self.world.halls[of].backups.last().cloned().filter(|_| self.world.chance.once_in(2));
        if let Some(backup) = backup {
            self.say("the controller is stopped, and an old backup restored");
            self.world.tally.count(Fault::BackupRestored);
            self.count_at_one(Fault::BackupAtOne);
            self.world.halls[of].shelf = backup;
        } else {
            self.say("the controller is killed and its database is gone");
            self.world.tally.count(Fault::DatabaseLost);
            self.count_at_one(Fault::StoreLostAtOne);
            if !self.world.halls[of].linked {
                self.count_at_one(Fault::StoreLostWhileParted);
            }
            self.world.halls[of].shelf = Shelf { remembered: Remembered::default(), ..Shelf::default() };
        }
        self.world.kill_hall(of, off);
    }

    pub(super) fn flash_misbehaves(&mut self, at: usize) {
        let fate = *self.world.chance.pick(&[Flash::Good, Flash::LosesLast, Flash::Corrupt]);
        let full = fate == Flash::Good;
        self.say(&format!("the flash of AP {at}: full {full}, at the next start {fate:?}"));
        self.world.sites[at].flash_full = full;
        self.world.sites[at].flash_fate = fate;
    }

    pub(super) fn broker_is_hostile(&mut self, at: usize) {
        let old = self.world.signed.all().first().cloned();
        match (self.world.chance.below(3), old) {
            (0, Some(old)) => {
                self.say(&format!("order {} is replayed to AP {at}", old.order.number));
                self.world.tally.count(Fault::OrderReplayed);
                self.world.site_on(at, hirake_agent::core::Event::Offered(old));
            }
            (1, Some(old)) => {
                self.say(&format!("order {} is put on the order topic", old.order.number));
                self.world.tally.count(Fault::OrderTopicOverwritten);
                self.world.broker_takes(&old, None);
            }
            _ => {
                self.say("a forged order is sent to everybody");
                self.world.tally.count(Fault::OrderForged);
                let why = "the signature is not the town's".to_owned();
                for at in 0..self.world.sites.len() {
                    let reason = firmware_config::wire::TurnedAwayReason::Forged;
                    self.world.site_on(at, hirake_agent::core::Event::TurnedAway { reason, why: why.clone() });
                }
                self.world.to_halls(&Event::ForeignOrderSeen { why });
            }
        }
    }

    /// The access point of another make, or the line to it.
    pub(super) fn gear_misbehaves(&mut self) {
        match self.world.chance.below(4) {
            0 => {
                let temper = *self.world.chance.pick(&[Temper::Obeys, Temper::IsSlow, Temper::Lies, Temper::Refuses]);
                self.say(&format!("the AP of another make takes a SET so: {temper:?}"));
                self.world.gear.temper = temper;
                if matches!(temper, Temper::Lies | Temper::Refuses) {
                    self.world.tally.count(Fault::SnmpAnsweredWrong);
                }
            }
            1 | 2 => {
                let wires = [Wire::Fine, Wire::Fine, Wire::LosesQuestions, Wire::LosesAnswers, Wire::IsLate];
                let wire = *self.world.chance.pick(&wires);
                self.say(&format!("the line to the AP of another make: {wire:?}"));
                self.world.gear.wire = wire;
                match wire {
                    Wire::Fine => {}
                    Wire::LosesQuestions => self.world.tally.count(Fault::SnmpSilent),
                    Wire::LosesAnswers | Wire::IsLate => self.world.tally.count(Fault::SnmpAnsweredLate),
                }
            }
            _ => {
                let off = self.world.chance.between(Duration::from_millis(500), Duration::from_secs(60));
                self.say(&format!("the AP of another make loses power for {off:?}"));
                self.world.tally.count(Fault::SnmpForgot);
                self.world.gear.powered = false;
                self.world.gear.on = false;
                self.world.later(off, Due::GearPowered);
            }
        }
    }

    /// Somebody on the broker says that the access point of another make is open, and obeys whatever is newest.
    pub(super) fn somebody_speaks_for_the_gear(&mut self) {
        self.say("somebody speaks for the AP of another make");
        self.world.tally.count(Fault::SpokenForDevice);
        let newest = self.world.signed.all().last().map_or(0, |signed| signed.order.number);
        let report = Report {
            v: VERSION,
            ap: GEAR.parse().expect("a name"),
            facility: PLACES[2].parse().expect("a name"),
            boot: "a stranger".to_owned(),
            seq: u64::MAX / 2,
            told: newest,
            told_issued_ms: None,
            running: newest,
            mode: Mode::Disaster,
            since_ms: MORNING_MS,
            state: AgentState::Serving,
            why: String::new(),
            networks: Vec::new(),
            turned_away: None,
            holds: None,
            facility_key: None,
            agent: "0".to_owned(),
        };
        self.world.to_halls(&Event::Reported(report));
        let presence = Presence { v: VERSION, ap: GEAR.parse().expect("a name"), online: false, boot: "x".to_owned() };
        self.world.to_halls(&Event::Presence(presence));
    }

    /// The whole town goes dark and comes back at once.
    pub(super) fn blackout(&mut self) {
        self.say("everything loses power, and comes back at once");
        self.world.tally.count(Fault::EverybodyBooted);
        let off = self.world.chance.between(Duration::from_secs(2), Duration::from_secs(300));
        let forgets = self.world.chance.once_in(2);
        self.world.kill_broker(off, forgets);
        for at in 0..self.world.sites.len() {
            self.world.power_off(at, off);
        }
        self.world.gear.powered = false;
        self.world.gear.on = false;
        self.world.later(off, Due::GearPowered);
        for of in 0..self.world.halls.len() {
            if self.world.halls[of].town.is_some() {
                self.world.may_forget(of);
                self.world.kill_hall(of, off);
            }
        }
    }
}
