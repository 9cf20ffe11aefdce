//! A world walked to its end: how many situations, how deep, how long; and the story of what broke.

use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use stateright::{Checker, Model, Path, Property};

use crate::heal::Shared;
use crate::promises::{
    self, ALL, AT_ONCE, BY_A_PERSON, COVERED, DRILL_ENDS, HIGHEST, NEVER_BACK, NUMBER_ONCE, OBEYED, ONE_CONTENT,
    ONE_DECIDES,
};
use crate::step::Step;
use crate::world::{PLACES, Small, World};

/// A small world as the checker wants it.
#[derive(Debug, Clone)]
pub struct Checked {
    small: Small,
    /// The promises that are looked at.
    promises: Vec<&'static str>,
    known: Shared,
    /// From then on nothing is looked at any more. The checker's own limit is not looked at while a thread has work.
    until: Instant,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Different situations.
    pub situations: usize,
    /// Steps taken, those that led to a known situation too.
    pub steps: usize,
    /// Longest history.
    pub depth: usize,
    /// Whether that is all of them, and time did not run out.
    pub whole: bool,
    /// How long it took.
    pub took: Duration,
    /// For each promise that was broken, how it came to that.
    pub broken: Vec<(&'static str, String)>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { situations, steps, depth, whole, took, broken } = self;
        let all = if *whole { "" } else { " (NOT ALL: time ran out)" };
        let took = took.as_secs_f64();
        write!(f, "{situations} situations, {steps} steps, depth {depth}, {} promises", ALL.len())?;
        write!(f, ", {} broken, {took:.1} s{all}", broken.len())
    }
}

impl Checked {
    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    fn holds(&self, promise: &str, world: &World) -> bool {
        if self.is_late() {
            return true;
        }
        let broken = |found: Option<(&str, String)>| found.is_some_and(|(which, _)| which == promise);
        let quiet = || self.small.leads_to(world, &self.known).iter().any(|(which, _)| *which == promise);
        match promise {
            DRILL_ENDS => !broken(self.small.drills_end(world, &self.known)),
            HIGHEST | OBEYED => !quiet(),
            COVERED | ONE_DECIDES => !broken(promises::now(world)) && !quiet(),
            _ => !broken(promises::now(world)),
        }
    }

    fn why(&self, promise: &str, world: &World) -> String {
        let all = promises::now(world)
            .into_iter()
            .chain(self.small.drills_end(world, &self.known))
            .chain(self.small.leads_to(world, &self.known));
        all.into_iter().find(|(which, _)| *which == promise).map_or_else(String::new, |(_, how)| how)
    }

    fn story(&self, promise: &str, path: Path<World, Step>) -> String {
        let mut story = format!("BROKEN: {promise}\n");
        let mut last = None;
        for (n, (world, step)) in path.into_vec().into_iter().enumerate() {
            let sites = world.sites.iter().enumerate().map(|(at, site)| {
                let held = site.flash.order.as_ref().map_or("nothing", |held| held.jws.as_str());
                format!("{} holds {held}, {}", PLACES[at], if site.open { "open" } else { "closed" })
            });
            let sites = sites.collect::<Vec<_>>().join("; ");
            let written = match &step {
                Some(step) => writeln!(story, "  {:7.3} s  {sites}\n  {:2}. {step}", world.time.as_secs_f64(), n + 1),
                None => writeln!(story, "  {:7.3} s  {sites}", world.time.as_secs_f64()),
            };
            debug_assert!(written.is_ok(), "a string takes everything");
            last = Some(world);
        }
        story + "  → " + &last.map_or_else(String::new, |world| self.why(promise, &world))
    }
}

impl Model for Checked {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![self.small.morning()]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if !self.is_late() {
            self.small.may_happen(world, steps);
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        Some(self.small.after(world, step))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let all = [
            Property::always(NEVER_BACK, |model: &Self, world: &World| model.holds(NEVER_BACK, world)),
            Property::always(ONE_CONTENT, |model: &Self, world: &World| model.holds(ONE_CONTENT, world)),
            Property::always(NUMBER_ONCE, |model: &Self, world: &World| model.holds(NUMBER_ONCE, world)),
            Property::always(BY_A_PERSON, |model: &Self, world: &World| model.holds(BY_A_PERSON, world)),
            Property::always(COVERED, |model: &Self, world: &World| model.holds(COVERED, world)),
            Property::always(DRILL_ENDS, |model: &Self, world: &World| model.holds(DRILL_ENDS, world)),
            Property::always(HIGHEST, |model: &Self, world: &World| model.holds(HIGHEST, world)),
            Property::always(OBEYED, |model: &Self, world: &World| model.holds(OBEYED, world)),
            Property::always(ONE_DECIDES, |model: &Self, world: &World| model.holds(ONE_DECIDES, world)),
            Property::always(AT_ONCE, |model: &Self, world: &World| model.holds(AT_ONCE, world)),
        ];
        all.into_iter().filter(|property| self.promises.contains(&property.name)).collect()
    }
}

impl Small {
    /// Walks every history, on `threads`; every promise is looked at.
    #[must_use]
    pub fn walk(self, threads: usize, at_most: Duration) -> Outcome {
        self.walk_for(&ALL, threads, at_most)
    }

    /// Walks until one of `promises` is broken, or to the end. One thread finds the shortest story.
    #[must_use]
    pub fn walk_for(self, promises: &[&'static str], threads: usize, at_most: Duration) -> Outcome {
        let begun = Instant::now();
        let until = begun + at_most;
        let model = Checked { small: self, promises: promises.to_vec(), known: Shared::default(), until };
        let found = stateright::HasDiscoveries::Any;
        let done = model.clone().checker().threads(threads).finish_when(found).spawn_bfs().join();
        let broken = done.discoveries().into_iter().map(|(promise, path)| (promise, model.story(promise, path)));
        Outcome {
            situations: done.unique_state_count(),
            steps: done.state_count(),
            depth: done.max_depth(),
            whole: begun.elapsed() < at_most,
            took: begun.elapsed(),
            broken: broken.collect(),
        }
    }
}
