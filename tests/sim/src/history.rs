//! One seed from morning to the last look: a town at work, everything that goes wrong, everything mended, and the end.

mod end;
mod guests;
mod keys;
mod pair;
mod steps;
mod thief;

use std::time::Duration;

use firmware_config::wire::Heartbeat;
use hirake::core::Entry;

use crate::faults::{Fault, Tally};
use crate::hall::{DISASTER, DRILL, PLACES};
use crate::world::World;

/// Things that happen in one history, at most.
const STEPS_MAX: usize = 40;
/// Each so-many-th seed is a town with two controllers; of those, each other one has a lock in a database.
const PAIR_EACH: u64 = 4;
/// In such a town, each so-many-th thing that happens is one that happens to pairs.
const PAIR_STEP_EACH: usize = 4;

/// Each so-many-th seed begins with a week without a controller: it takes as long as a thousand others.
const WEEK_EACH: u64 = 4_000;
/// Each so-many-th begins with a night without one, on a flash that refuses: it takes as long as a hundred others.
const NIGHT_EACH: u64 = 400;
/// Each so-many-th begins with two or three days in which power fails again and again: it takes as long as 400 others.
const FAILING_EACH: u64 = 8_000;

/// How one history went.
#[derive(Debug)]
pub struct Outcome {
    /// The promise that was broken.
    pub broken: Option<String>,
    /// What went wrong in it.
    pub faults: Tally,
    /// What happened, in words.
    pub story: Vec<(Duration, String)>,
}

/// Plays one seed.
#[must_use]
pub fn play(seed: u64) -> Outcome {
    let history = History::played(seed, false);
    Outcome { broken: history.world.promises.broken, faults: history.world.tally, story: history.story }
}

/// Plays one seed and tells all of it, a line each, for whoever replays it: what happened, and what the controllers wrote
/// of it.
#[must_use]
pub fn tell(seed: u64) -> (Option<String>, Vec<String>) {
    let History { mut story, world, .. } = History::played(seed, true);
    let written = world.written.into_iter().flatten();
    story.extend(written.map(|(at, of, entry)| (at, format!("    controller {of} writes {}", in_words(&entry)))));
    story.sort_by_key(|(at, _)| *at);
    let lines = story.into_iter().map(|(at, what)| format!("{:>9.3} s  {what}", at.as_secs_f64())).collect();
    (world.promises.broken, lines)
}

fn in_words(entry: &Entry) -> String {
    let fields = entry.fields.iter().filter(|(_, is)| !is.is_empty()).map(|(name, is)| format!(" {name}={is}"));
    format!("{} {}{}", entry.seq, entry.kind.as_str(), fields.collect::<String>())
}

struct History {
    world: World,
    story: Vec<(Duration, String)>,
    asks: u64,
    /// Heartbeats that somebody recorded.
    heartbeats: Vec<Heartbeat>,
    /// The access point that was stolen, if one was, and how often somebody spoke in its name.
    thief: Option<(usize, u64)>,
}

impl History {
    /// From morning to the last look; `tells`: with all that the controllers write.
    fn played(seed: u64, tells: bool) -> Self {
        let mut world = World::new(seed, 1);
        let each = 1 + world.chance.below(2);
        if seed % PAIR_EACH == 1 {
            world = World::pair(seed, each, seed / PAIR_EACH % 2 == 1);
        } else if each > 1 {
            world = World::new(seed, each);
        }
        world.written = tells.then(Vec::new);
        let mut history = Self { world, story: Vec::new(), asks: 0, heartbeats: Vec::new(), thief: None };
        let settles = Duration::from_secs(20);
        history.world.pass(settles);
        if seed % WEEK_EACH == WEEK_EACH / 2 {
            history.a_week_in_the_dark();
        } else if seed % FAILING_EACH == FAILING_EACH / 8 {
            history.power_that_fails_again_and_again();
        } else if seed % NIGHT_EACH == NIGHT_EACH / 2 {
            history.a_flash_that_refuses_in_the_dark();
        }
        let steps = 1 + history.world.chance.below(STEPS_MAX);
        for _ in 0..steps {
            if history.world.promises.broken.is_some() {
                break;
            }
            history.step();
        }
        if history.world.promises.broken.is_none() {
            history.end();
        }
        history
    }

    fn say(&mut self, what: &str) {
        self.story.push((self.world.time, what.to_owned()));
    }

    /// Something happens, and some time goes by.
    fn step(&mut self) {
        let at = self.world.chance.below(self.world.sites.len());
        let pair = self.world.halls.len() > 1;
        let of = if pair { self.world.chance.below(2) } else { 0 };
        if pair && self.world.chance.once_in(PAIR_STEP_EACH) {
            self.pair_step(of);
            return self.some_time(at);
        }
        match self.world.chance.below(37) {
            0..=3 => self.turn(of),
            4 | 5 => self.ask(of),
            6 => self.controller_dies(of),
            7 => self.broker_dies(),
            8 | 9 => self.site_loses_power(at),
            10 => self.site_is_cut_off(at),
            11 | 12 => self.line_breaks(at, of),
            13 => self.clock_jumps(at, of),
            14 | 15 => self.hostapd_misbehaves(at),
            16 | 17 => self.disk_misbehaves(of),
            18 => self.database_goes(of),
            19 => self.flash_misbehaves(at),
            20 => self.broker_is_hostile(at),
            21 => self.blackout(),
            28 => self.switch_moves(),
            23 | 24 => self.gear_misbehaves(),
            25 => self.somebody_speaks_for_the_gear(),
            26 => {
                self.world.eye_lies = !self.world.eye_lies;
                let lies = self.world.eye_lies;
                if lies {
                    self.world.tally.count(Fault::WitnessContradicted);
                }
                self.say(&format!("the witness lies: {lies}"));
            }
            22 => {
                self.world.lossy = !self.world.lossy;
                let drops = self.world.lossy;
                self.say(&format!("the broker drops messages: {drops}"));
            }
            29 => self.line_flaps(at),
            30 => self.strangers_are_heard(at),
            31 => self.thief_speaks(),
            32 => self.ear_misbehaves(at),
            33 | 34 => self.a_crowd_comes(at),
            35 => self.radar_hits(at),
            _ => {}
        }
        self.some_time(at);
    }

    fn some_time(&mut self, at: usize) {
        let longest = *self.world.chance.pick(&[50, 400, 3_000, 20_000, 90_000]);
        let pause = self.world.chance.between(Duration::ZERO, Duration::from_millis(longest));
        let many = self.world.chance.below(4);
        self.world.people_come(at, many);
        self.world.pass(pause);
        self.world.people_come(at, many);
        if self.world.chance.once_in(3) {
            self.world.people_go(at);
        }
        self.key_counts();
    }

    /// The bystander looks at the key.
    fn key_counts(&mut self) {
        let opens = |contacts| contacts == DISASTER || contacts == DRILL;
        if self.world.halls.iter().any(|hall| hall.contacts.is_some_and(opens)) {
            let shelters = PLACES[1..].iter().map(|place| place.parse().expect("a name of the model town"));
            self.world.promises.ever_opened.extend(shelters);
        }
    }
}
