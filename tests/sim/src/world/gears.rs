//! The access point of another make in the world: its deputy's life, its answers, and the second pair of eyes on one of ours.

use std::time::Duration;

use firmware_config::wire::Order;
use hirake::core as town;
use hirake_snmp::deputy::{Act, Event, Letter, Now, Request};
use hirake_snmp::value::Value;

use super::{Due, World};
use crate::faults::Fault;
use crate::gear::GEAR;
use crate::hall::{EYED, PLACES};

/// How often the witness looks.
const EYE_EVERY: Duration = Duration::from_secs(10);
/// How often a secret that could not be read is tried again.
const SECRET_RETRY: Duration = Duration::from_secs(5);
/// From a deputy to the core: within one program.
const WORD: Duration = Duration::from_millis(1);

impl World {
    /// The controller started: so does the deputy, unless its secret cannot be read yet.
    pub(super) fn start_gear(&mut self) {
        let life = self.hall.lives;
        self.later(EYE_EVERY, Due::Eye { life });
        if self.chance.once_in(10) {
            self.tally.count(Fault::SecretMissing);
            let event = town::Event::NoDeputy { ap: GEAR.parse().expect("a name"), why: "no such file".to_owned() };
            self.later(WORD, Due::Hall { life, event });
            let tries = u32::try_from(1 + self.chance.below(10)).expect("few");
            return self.later(SECRET_RETRY * tries, Due::GearAppointed { life });
        }
        self.appoint();
    }

    pub(super) fn appoint(&mut self) {
        let now = self.gear_now();
        self.gear.appoint(PLACES[2], self.hall.lives, now);
        if let Some(order) = self.gear_order.clone() {
            self.gear_ordered(&order);
        }
        self.gear_on(Event::Woke);
    }

    fn gear_now(&self) -> Now {
        let now = self.hall.now(self.time, self.wall_ms());
        Now { mono: now.mono, wall_ms: now.wall_ms }
    }

    /// The newest order: a level, kept for a deputy that is appointed later.
    pub(super) fn gear_ordered(&mut self, order: &Order) {
        self.gear_order = Some(order.clone());
        let hurry = order.facilities.values().any(|wanted| wanted.mode.is_open());
        let place = PLACES[2].parse().expect("a name");
        let wanted = order.facilities.get(&place).map(|wanted| (GEAR.parse().expect("a name"), wanted.mode));
        self.gear_on(Event::Ordered { number: order.number, wanted: wanted.into_iter().collect() });
        self.gear_on(Event::Hurry(hurry));
    }

    /// Something happens to the deputy.
    pub fn gear_on(&mut self, event: Event) {
        let now = self.gear_now();
        let Some(deputy) = &mut self.gear.deputy else { return };
        let acts = deputy.on(event, now);
        let life = self.hall.lives;
        for act in acts {
            match act {
                Act::Ask { ask, request, .. } => self.gear_asked(ask, &request),
                Act::Tell(letter) => {
                    let event = match *letter {
                        Letter::Report { report, stations } => town::Event::DeputyReported { report, stations },
                        Letter::Presence(presence) => town::Event::DeputyPresence(presence),
                        Letter::Counted(counts) => town::Event::DeputyCounted(counts),
                        Letter::Saw(_) => continue,
                    };
                    self.later(WORD, Due::Hall { life, event });
                }
                Act::Log(_) => {}
            }
        }
        let now = self.gear_now();
        let wake = self.gear.deputy.as_ref().and_then(|deputy| deputy.next_wake());
        let wake = wake.map(|mono| self.hall.booted + mono.max(now.mono));
        if wake != self.gear.wake {
            self.gear.wake = wake;
            if let Some(at) = wake {
                self.later(at - self.time, Due::GearWake { life, at });
            }
        }
    }

    fn gear_asked(&mut self, ask: u64, request: &Request) {
        if let Request::Set { binds, .. } = request {
            let opens =
                binds.iter().any(|bind| bind.value == Value::Integer(1) && !bind.oid.to_string().ends_with(".2.0"));
            let place = PLACES[2].parse().expect("a name");
            if opens && !self.promises.ever_opened.contains(&place) {
                self.promises.broken(self.time, format!("{GEAR} is switched on, and nobody ever opened {place}"));
            }
        }
        let led = self.gear.asked(request, self.time);
        let life = self.hall.lives;
        if let Some((after, on)) = led.effect {
            self.later(after, Due::GearSwitched { on, started: self.gear.started });
        }
        let (after, answer) = led.answer;
        self.later(after, Due::GearAnswered { life, ask, answer: Box::new(answer) });
    }

    /// The witness looks at one of ours; it may see what is not so.
    pub(super) fn eye_looks(&mut self) {
        let life = self.hall.lives;
        let at = self.hall.inventory.aps.iter().position(|ap| ap.id.as_str() == EYED).expect("of this town");
        let open = match self.eye_lies {
            _ if !self.sites[at].is_open(self.time) && !self.sites[at].is_closed() => Err("between two".to_owned()),
            true => Ok(!self.sites[at].is_open(self.time)),
            false => Ok(self.sites[at].is_open(self.time)),
        };
        let at_ms = self.gear_now().wall_ms;
        let sighting = town::Sighting { ap: EYED.parse().expect("a name"), open, at_ms };
        self.later(WORD, Due::Hall { life, event: town::Event::Witnessed(sighting) });
        self.later(EYE_EVERY, Due::Eye { life });
    }
}
