//! Everything mends, and time passes: where a situation leads when nothing more goes wrong.
//!
//! Liveness is checked so and not by temporal logic: what is promised is not that a network that loses everything for
//! ever settles, but that from wherever it was left, a mended one does, within a stated time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use firmware_config::mode::Mode;
use hirake_agent::core as agent;

use crate::promises::{self, DRILL_ENDS, HIGHEST};
use crate::step::{DRILL_OVER_AFTER, TAKEN_OVER_AFTER};
use crate::world::{Held, Small, World, place};

/// Everything is to be at rest by then: two controllers that found one another wait for up to 60 s, a few times.
const REST_WITHIN: Duration = Duration::from_secs(600);
/// And must stay so over every period that the cores have: an agent speaks every 20 s.
const AT_REST_FOR: Duration = Duration::from_secs(21);
/// More messages than that are somebody who spins.
const STEPS_MAX: usize = 5_000;

/// Situations from which all is known to go well. A mended history is one path; whoever meets it, follows it.
#[derive(Debug, Default)]
pub struct Known {
    rest: Mutex<HashSet<u64>>,
    drills: Mutex<HashSet<u64>>,
}

fn locked(known: &Mutex<HashSet<u64>>) -> std::sync::MutexGuard<'_, HashSet<u64>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Small {
    /// What is wrong once everything was mended and quiet.
    #[must_use]
    pub fn leads_to(&self, world: &World, known: &Known) -> Vec<(&'static str, String)> {
        let mut world = world.clone();
        let mut path = vec![world.print()];
        if locked(&known.rest).contains(&path[0]) {
            return Vec::new();
        }
        self.mend(&mut world);
        let (from, mut settled_at) = (world.time, None);
        for _ in 0..STEPS_MAX {
            let rests = world.under_way.is_empty() && promises::at_rest(&world).is_ok();
            if settled_at.is_none() {
                let print = world.print();
                if locked(&known.rest).contains(&print) {
                    locked(&known.rest).extend(path);
                    return Vec::new();
                }
                path.push(print);
                settled_at = rests.then_some(world.time);
            }
            let drill = world.sites.iter().any(|site| site.agent.told().is_some_and(|(_, mode)| mode == Mode::Drill));
            let rest_for = if drill { DRILL_OVER_AFTER } else { AT_REST_FOR.max(TAKEN_OVER_AFTER) };
            if rests && settled_at.is_some_and(|at| world.time >= at + rest_for) {
                let wrong = promises::once_quiet(&world);
                if wrong.is_empty() {
                    locked(&known.rest).extend(path);
                }
                return wrong;
            }
            if world.time > from + REST_WITHIN {
                break;
            }
            self.goes_on(&mut world);
        }
        let how = promises::at_rest(&world).err().unwrap_or_else(|| "it comes to no rest".to_owned());
        let after = world.time.saturating_sub(from).as_secs();
        let mut wrong = vec![(HIGHEST, format!("{after} s after all was mended, {how}"))];
        wrong.extend(promises::once_quiet(&world));
        wrong
    }

    /// Everybody has power and a cable, and has read the key; nobody else has the lock. A deaf database stays so.
    fn mend(&self, world: &mut World) {
        if world.lock == Held::Elsewhere {
            world.lock = Held::Free;
        }
        for at in 0..self.halls {
            if !std::mem::replace(&mut world.halls[at].linked, true) {
                self.hall_connects(world, at);
            }
            if world.halls[at].town.is_none() {
                self.start(world, at);
            } else if world.halls[at].read != world.key {
                self.reads(world, at);
            }
        }
        for at in 0..self.sites {
            if !world.sites[at].linked {
                world.sites[at].linked = true;
                self.link(world, at);
            }
        }
    }

    /// What is under way arrives; where nothing is, time passes.
    pub fn goes_on(&self, world: &mut World) {
        match world.under_way.pop_first() {
            Some(((to, _), signed)) => self.arrives(world, to, &signed),
            None => self.wakes(world),
        }
    }

    /// What is wrong with drills and disasters once every controller is gone and a drill's length has passed.
    #[must_use]
    pub fn drills_end(&self, world: &World, known: &Known) -> Option<(&'static str, String)> {
        let told = |world: &World, at: usize| world.sites[at].agent.told().map(|(_, mode)| mode);
        if !(0..self.sites).any(|at| told(world, at) == Some(Mode::Drill)) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        format!("{:?}{:?}", world.time, world.sites).hash(&mut hasher);
        let print = hasher.finish();
        if locked(&known.drills).contains(&print) {
            return None;
        }
        let mut alone = world.clone();
        alone.halls.iter_mut().for_each(|hall| hall.town = None);
        alone.under_way.clear();
        for at in 0..self.sites {
            alone.sites[at].linked = false;
            self.site_on(&mut alone, at, agent::Event::BrokerDown { why: "dark".to_owned() });
        }
        let until = alone.time + DRILL_OVER_AFTER;
        while alone.time < until {
            self.wakes(&mut alone);
        }
        for at in 0..self.sites {
            let open = alone.sites[at].open;
            if told(world, at) == Some(Mode::Drill) && open {
                return Some((DRILL_ENDS, format!("the drill at {} goes on for ever", place(at))));
            }
            if told(world, at) == Some(Mode::Disaster) && !open {
                return Some((DRILL_ENDS, format!("{} ended a disaster by itself", place(at))));
            }
        }
        locked(&known.drills).insert(print);
        None
    }
}

/// What is known, shared by those who walk.
pub type Shared = Arc<Known>;
