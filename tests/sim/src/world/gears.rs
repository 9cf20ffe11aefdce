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
/// How long a deputy that only watches may bring to its end what it had begun: three tries of 6 s, and a save of 6 s.
const WHAT_IS_UNDER_WAY: Duration = Duration::from_secs(24);
/// From a deputy to the core: within one program.
const WORD: Duration = Duration::from_millis(1);

impl World {
    /// The controller started: so does the deputy, unless its secret cannot be read yet.
    pub(super) fn start_gear(&mut self, of: usize) {
        let life = self.halls[of].lives;
        self.later(EYE_EVERY, Due::Eye { of, life });
        if self.chance.once_in(10) {
            self.tally.count(Fault::SecretMissing);
            let event = town::Event::NoDeputy { ap: GEAR.parse().expect("a name"), why: "no such file".to_owned() };
            self.later(WORD, Due::Hall { of, life, event });
            let tries = u32::try_from(1 + self.chance.below(10)).expect("few");
            return self.later(SECRET_RETRY * tries, Due::GearAppointed { of, life });
        }
        self.appoint(of);
    }

    pub(super) fn appoint(&mut self, of: usize) {
        let now = self.gear_now(of);
        self.gear.appoint(of, PLACES[2], self.halls[of].lives, now);
        if let Some((order, hands)) = self.gear.posts[of].order.clone() {
            self.gear_ordered(of, &order, hands);
        }
        self.gear_on(of, Event::Woke);
    }

    fn gear_now(&self, of: usize) -> Now {
        let now = self.halls[of].now(self.time, self.wall_ms());
        Now { mono: now.mono, wall_ms: now.wall_ms }
    }

    /// The newest order: a level, kept for a deputy that is appointed later.
    pub(super) fn gear_ordered(&mut self, of: usize, order: &Order, hands: bool) {
        let time = self.time;
        let post = &mut self.gear.posts[of];
        post.order = Some((order.clone(), hands));
        post.watches = (!hands).then_some(post.watches.unwrap_or(time));
        let hurry = order.facilities.values().any(|wanted| wanted.mode.is_open());
        let place = PLACES[2].parse().expect("a name");
        let wanted = order.facilities.get(&place).map(|wanted| (GEAR.parse().expect("a name"), wanted.mode));
        self.gear_on(of, Event::Hands(hands));
        self.gear_on(of, Event::Ordered { number: order.number, wanted: wanted.into_iter().collect() });
        self.gear_on(of, Event::Hurry(hurry));
    }

    /// Something happens to the deputy.
    pub fn gear_on(&mut self, of: usize, event: Event) {
        let now = self.gear_now(of);
        let Some(deputy) = &mut self.gear.posts[of].deputy else { return };
        let acts = deputy.on(event, now);
        let life = self.halls[of].lives;
        for act in acts {
            match act {
                Act::Ask { ask, request, .. } => self.gear_asked(of, ask, &request),
                Act::Tell(letter) => {
                    let event = match *letter {
                        Letter::Report { report, stations } => town::Event::DeputyReported { report, stations },
                        Letter::Presence(presence) => town::Event::DeputyPresence(presence),
                        Letter::Counted(counts) => town::Event::DeputyCounted(counts),
                        Letter::Saw(_) => continue,
                    };
                    self.later(WORD, Due::Hall { of, life, event });
                }
                Act::Log(_) => {}
            }
        }
        let now = self.gear_now(of);
        let wake = self.gear.posts[of].deputy.as_ref().and_then(|deputy| deputy.next_wake());
        let wake = wake.map(|mono| self.halls[of].booted + mono.max(now.mono));
        if wake != self.gear.posts[of].wake {
            self.gear.posts[of].wake = wake;
            if let Some(at) = wake {
                self.later(at - self.time, Due::GearWake { of, life, at });
            }
        }
    }

    fn gear_asked(&mut self, of: usize, ask: u64, request: &Request) {
        if let Request::Set { binds, .. } = request {
            let opens =
                binds.iter().any(|bind| bind.value == Value::Integer(1) && !bind.oid.to_string().ends_with(".2.0"));
            let place = PLACES[2].parse().expect("a name");
            if opens && !self.promises.ever_opened.contains(&place) {
                self.promises.broken(self.time, format!("{GEAR} is switched on, and nobody ever opened {place}"));
            }
        }
        if matches!(request, Request::Set { .. })
            && self.gear.posts[of].watches.is_some_and(|since| self.time > since + WHAT_IS_UNDER_WAY)
        {
            self.promises.broken(self.time, format!("controller {of} only watches, and sets {GEAR}"));
        }
        let led = self.gear.asked(request, self.time);
        let life = self.halls[of].lives;
        if let Some((after, on)) = led.effect {
            self.later(after, Due::GearSwitched { on, started: self.gear.started });
        }
        let (after, answer) = led.answer;
        self.later(after, Due::GearAnswered { of, life, ask, answer: Box::new(answer) });
    }

    /// The witness looks at one of ours; it may see what is not so.
    pub(super) fn eye_looks(&mut self, of: usize) {
        let life = self.halls[of].lives;
        let at = self.halls[of].inventory.aps.iter().position(|ap| ap.id.as_str() == EYED).expect("of this town");
        let open = match self.eye_lies {
            _ if !self.sites[at].is_open(self.time) && !self.sites[at].is_closed() => Err("between two".to_owned()),
            true => Ok(!self.sites[at].is_open(self.time)),
            false => Ok(self.sites[at].is_open(self.time)),
        };
        let at_ms = self.gear_now(of).wall_ms;
        let sighting = town::Sighting { ap: EYED.parse().expect("a name"), open, at_ms };
        self.later(WORD, Due::Hall { of, life, event: town::Event::Witnessed(sighting) });
        self.later(EYE_EVERY, Due::Eye { of, life });
    }
}
