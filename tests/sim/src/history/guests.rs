//! Who comes to the access points, what their radios hear meanwhile, and the times in which nobody asks after either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firmware_config::sketch::Sketch;
use firmware_config::wire::{Distinct, DistinctDevices, Period, VERSION};
use hirake::core::Event;
use hirake_agent::core::{Event as AgentEvent, Heard};

use super::History;
use crate::ears::Ear;
use crate::faults::Fault;
use crate::hall::DISASTER;
use crate::site::DFS_MHZ;
use crate::world::{Due, mark};

/// Hours of a week.
const WEEK_H: u32 = 7 * 24;
/// Six hours, five minutes each time: an access point without its controller has more samples then than it can keep.
const NIGHT: u32 = 72;
const FIVE_MINUTES: Duration = Duration::from_secs(300);
/// As often does power fail at it: more than it may have samples where these have neighbours.
const FAILURES: usize = 620;
/// More than one access point can meet in an activation.
const TOO_MANY: u64 = 150_000;

impl History {
    pub(super) fn ear_misbehaves(&mut self, at: usize) {
        let ears = [Ear::Hears, Ear::CannotListen, Ear::NoProgram, Ear::Busy, Ear::Endless, Ear::NeverStops];
        let ear = *self.world.chance.pick(&ears);
        self.say(&format!("listening at AP {at}: {ear:?}"));
        self.world.sites[at].listening.ear = ear;
    }

    /// A bus arrives.
    pub(super) fn a_crowd_comes(&mut self, at: usize) {
        let many = 5 + self.world.chance.below(60);
        self.say(&format!("{many} people come to AP {at}"));
        self.world.people_come(at, many);
    }

    /// The second radio hears a radar, and hostapd takes it to another channel, with all its networks.
    pub(super) fn radar_hits(&mut self, at: usize) {
        let time = self.world.time;
        let site = &mut self.world.sites[at];
        if !site.hostapd {
            return;
        }
        if site.channels[1] == DFS_MHZ && !site.networks_on_air(time).is_empty() {
            self.world.tally.count(Fault::RadarHit);
        }
        let goes_free = self.world.chance.once_in(2);
        let wait = self.world.sites[at].hears_radar(goes_free, time);
        self.say(&format!("AP {at} hears a radar and is silent on its second radio for {wait:?}"));
        let changed = || AgentEvent::Heard(Heard::AirChanged);
        let boot = self.world.sites[at].boots;
        self.world.site_on(at, changed());
        self.world.later(wait, Due::Site { at, boot, event: changed() });
    }

    /// The thief says that he met people: some that could be there, or more than could ever be.
    pub(super) fn devices_are_invented(&mut self, at: usize) {
        let Some(period) = self.world.sites.iter().find_map(|site| site.periods.first().copied()) else { return };
        self.world.tally.count(Fault::DevicesInvented);
        let many = if self.world.chance.once_in(2) { 300 } else { TOO_MANY };
        self.say(&format!("the stolen AP {at} says that it met {many}"));
        let mut registers = Sketch::default();
        (0..many).for_each(|device| {
            registers.note(mark(u64::MAX - device, period));
        });
        if many < TOO_MANY {
            self.world.books.made_up(period, many);
        }
        let activations = vec![DistinctDevices { period, registers }];
        self.world.to_halls(&Event::Sketched(Distinct { v: VERSION, ap: self.world.ap(at), activations }));
    }

    /// One access point is open and has its own power, and for a week there is nobody who hears it.
    pub(super) fn a_week_in_the_dark(&mut self) {
        let at = self.open_and_without_a_line("the key is turned, and then one AP has no line for a week");
        self.world.tally.count(Fault::WeekInTheDark);
        for _ in 0..WEEK_H {
            let many = self.world.chance.below(3);
            self.world.people_come(at, many);
            self.world.pass(Duration::from_secs(3600));
            self.world.people_go(at);
        }
        self.say("its line is back");
        self.world.sites[at].linked = true;
    }

    /// One access point has more samples than it can keep, its flash refuses, some of them are sent, and its power goes: the
    /// flash has them too, in another shape, and nobody hears it while it makes room for more.
    pub(super) fn a_flash_that_refuses_in_the_dark(&mut self) {
        let at = self.open_and_without_a_line("the key is turned, and then one AP has no line for a night");
        self.people_come_and_go(at, NIGHT);
        self.say("its flash refuses what is written");
        self.world.sites[at].flash_full = true;
        let while_refusing = self.world.chance.below(4);
        self.people_come_and_go(at, u32::try_from(while_refusing).expect("less than four"));
        self.say("its line is back");
        self.world.sites[at].linked = true;
        let sending = self.world.chance.between(Duration::from_secs(10), Duration::from_secs(90));
        self.world.pass(sending);
        self.say("its power goes, and its line");
        self.no_line(at);
        let off = self.world.chance.between(Duration::from_secs(1), Duration::from_secs(60));
        self.world.power_off(at, off);
        self.world.sites[at].flash_full = self.world.chance.once_in(2);
        let dark = 12 + self.world.chance.below(24);
        self.people_come_and_go(at, u32::try_from(dark).expect("less than 36"));
        self.say("its line is back again");
        self.world.sites[at].linked = true;
    }

    /// One access point has no line, and its power fails again and again, until it has more starts to tell of than samples
    /// may be; then, as above, its flash may refuse, some of them are sent, and it is in the dark again.
    pub(super) fn power_that_fails_again_and_again(&mut self) {
        let at = self.open_and_without_a_line(
            "the key is turned, and then one AP has no line, and its power fails again and again",
        );
        self.power_fails(at, FAILURES);
        self.world.tally.count(Fault::PowerFailedForDays);
        self.world.sites[at].flash_full = self.world.chance.once_in(2);
        self.say("its line is back");
        self.world.sites[at].linked = true;
        let sending = self.world.chance.between(Duration::from_secs(10), Duration::from_secs(400));
        self.world.pass(sending);
        self.say("its line is gone again");
        self.no_line(at);
        self.world.sites[at].flash_full = false;
        let more = self.world.chance.below(30);
        self.power_fails(at, more);
        self.say("its line is back again");
        self.world.sites[at].linked = true;
    }

    /// One access point is open, and has no line from then on.
    fn open_and_without_a_line(&mut self, what: &str) -> usize {
        self.say(what);
        self.world.halls[0].contacts = Some(DISASTER);
        self.key_counts();
        self.edge(0);
        self.world.pass(Duration::from_secs(60));
        let at = self.world.sites.len() - 1;
        self.no_line(at);
        at
    }

    fn power_fails(&mut self, at: usize, times: usize) {
        for _ in 0..times {
            // hostapd is there, and the AP open as it was.
            self.world.pass(Duration::from_secs(20));
            let many = 1 + self.world.chance.below(3);
            self.world.people_come(at, many);
            // Some stay, some are gone before they are counted.
            let stay = Duration::from_secs(*self.world.chance.pick(&[1, 100]));
            self.world.pass(stay);
            if self.world.chance.once_in(2) {
                self.world.people_go(at);
            }
            // In most of these starts there is time for a page, in some for none.
            let up = self.world.chance.between(Duration::from_secs(305), Duration::from_secs(400));
            self.world.pass(up - stay);
            let off = self.world.chance.between(Duration::from_secs(1), Duration::from_secs(20));
            self.world.power_off(at, off);
            self.world.pass(off);
        }
    }

    fn no_line(&mut self, at: usize) {
        self.world.sites[at].linked = false;
        self.world.cut_site(at, Duration::from_secs(1));
    }

    fn people_come_and_go(&mut self, at: usize, times: u32) {
        for _ in 0..times {
            let many = self.world.chance.below(3);
            self.world.people_come(at, many);
            self.world.pass(FIVE_MINUTES);
            self.world.people_go(at);
        }
    }

    /// How many distinct devices the town is told of: none that were never there; and where no word got lost, and broker
    /// and controller have not both begun anew, all that the agents met since they began.
    pub(super) fn devices_are_told_of(&mut self, of: usize) {
        let Some(view) = self.view(of) else { return };
        for distinct in &view.distinct {
            self.world.books.too_many(distinct).into_iter().for_each(|why| self.broken(why));
        }
        let forgot = [Fault::BrokerForgot, Fault::EverybodyBooted].iter().any(|it| self.world.tally.has(*it));
        let calm = self.world.halls.len() == 1 && (self.world.halls[of].lives == 1 || !forgot);
        if !calm || self.world.tally.has(Fault::MessageDropped) {
            return;
        }
        let mut met: BTreeMap<Period, BTreeSet<u64>> = BTreeMap::new();
        for site in self.world.sites.iter().filter(|site| site.agent.is_some()) {
            for (period, device) in &site.met {
                met.entry(*period).or_default().insert(*device);
            }
        }
        for distinct in &view.distinct {
            let met = met.get(&distinct.period).cloned().unwrap_or_default();
            self.world.books.too_few(distinct, &met).into_iter().for_each(|why| self.broken(why));
        }
    }
}
