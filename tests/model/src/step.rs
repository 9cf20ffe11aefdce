//! Everything that may happen next in a small world, and what it does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::wire::Heartbeat;
use hirake::core as town;
use hirake::core::peers::{BEAT, LOCK_ANSWERS_WITHIN, RANK_STEP, TAKE_OVER_AFTER};
use hirake::core::{Ask, KeyPosition, Remembered};
use hirake_agent::core as agent;
use hirake_agent::core::Agent;
use hirake_agent::core::holding::Kept;

use crate::carry::contacts;
use crate::promises;
use crate::world::{Broken, Hall, Held, KEY_DRILL, PLACES, Site, Small, To, World, place};

/// A wake may come this much late: nobody is woken twice at one moment.
const LATE: Duration = Duration::from_millis(10);
/// After this every drill that ran is over: its length, rounded up to a second, and one more.
pub const DRILL_OVER_AFTER: Duration = Duration::from_secs(KEY_DRILL.as_secs() + 2);

/// After this one of those decides who reach one another: whoever stands by waits [`TAKE_OVER_AFTER`], the second
/// [`RANK_STEP`] longer, and an answer takes a heartbeat, and another where two begin at once. Where a database has
/// a lock for them it may be deaf, and is given [`LOCK_ANSWERS_WITHIN`] more.
pub const TAKEN_OVER_AFTER: Duration =
    Duration::from_secs(TAKE_OVER_AFTER.as_secs() + RANK_STEP.as_secs() + 2 * BEAT.as_secs());

/// A morning that is not at rest after so many steps is found out by the promise that it comes to rest.
const MORNING_STEPS_MAX: usize = 1_000;

/// What a store has at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// What was stored.
    Whole,
    /// All but the last batch: a disk that lies, or an old backup.
    Old,
    /// Nothing.
    Empty,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the words of `Display` say what each is")]
pub enum Step {
    Turn(KeyPosition),
    Reads(usize),
    Opens(usize),
    Closes(usize, u64),
    Arrives(To, String),
    Twice(To, String),
    Lost(To, String),
    BrokerForgets,
    Reboots { at: usize, flash_loses: bool },
    Dies(usize),
    Starts(usize, Store),
    Cut(usize),
    Mended(usize),
    FacilityKey(usize),
    Parts(usize),
    Rejoins(usize),
    LockGoes(Held),
    Silence,
    Wakes,
    Hours,
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(from) => write!(f, "the broker from controller {from}"),
            Self::Site(at) => f.write_str(PLACES[*at]),
            Self::Hall(at) => write!(f, "controller {at}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(to) => write!(f, "the key is turned to {}", to.as_str()),
            Self::Reads(at) => write!(f, "controller {at} reads the key"),
            Self::Opens(at) => write!(f, "an operator opens {} at controller {at}", PLACES[0]),
            Self::Closes(at, id) => write!(f, "an operator closes activation {id} at controller {at}"),
            Self::Arrives(to, jws) => write!(f, "order {jws} reaches {to}"),
            Self::Twice(to, jws) => write!(f, "order {jws} reaches {to}, and a copy is still under way"),
            Self::Lost(to, jws) => write!(f, "order {jws} is lost on its way to {to}"),
            Self::BrokerForgets => f.write_str("the broker forgets everything, and all connect anew"),
            Self::Reboots { at, flash_loses: false } => write!(f, "{} loses power and starts", PLACES[*at]),
            Self::Reboots { at, flash_loses: true } => {
                write!(f, "{} loses power and the last write of its flash, and starts", PLACES[*at])
            }
            Self::Dies(at) => write!(f, "controller {at} is killed"),
            Self::Starts(at, store) => write!(f, "controller {at} starts; its store: {store:?}"),
            Self::Cut(at) => write!(f, "the cable of {} is cut", PLACES[*at]),
            Self::Mended(at) => write!(f, "the cable of {} is mended", PLACES[*at]),
            Self::FacilityKey(at) => write!(f, "the facility key of {} is turned, to disaster or back", PLACES[*at]),
            Self::Parts(at) => write!(f, "the cable of controller {at} is cut"),
            Self::Rejoins(at) => write!(f, "the cable of controller {at} is mended"),
            Self::LockGoes(Held::Elsewhere) => f.write_str("somebody else takes the lock"),
            Self::LockGoes(held) => write!(f, "the database with the lock: {held:?}"),
            Self::Silence => f.write_str("whoever stands by has the time to take over, and what is under way stays so"),
            Self::Wakes => f.write_str("time passes to somebody's next wake"),
            Self::Hours => write!(f, "{} s pass, and what is under way stays so", DRILL_OVER_AFTER.as_secs()),
        }
    }
}

impl Small {
    /// Everything switched on and at rest: the key at normal, everybody connected and holding the first order.
    #[must_use]
    pub fn morning(&self) -> World {
        let hall = Hall {
            town: None,
            booted: Duration::ZERO,
            shelf: Arc::default(),
            before: Arc::default(),
            read: KeyPosition::Normal,
            asked: 0,
            linked: true,
            lives: 0,
            wants_lock: false,
        };
        let site = |at: usize| {
            let now = agent::Now { mono: Duration::ZERO, wall_ms: crate::world::MORNING_MS };
            let (agent, _) = Agent::new(self.identity(at), Ok(Kept::default()), "boot-0".to_owned(), now);
            Site {
                agent: Arc::new(agent),
                booted: Duration::ZERO,
                boots: 0,
                flash: Kept::default(),
                before: Kept::default(),
                open: false,
                linked: true,
                turned: false,
                floor: 0,
                accepted: std::collections::BTreeMap::new(),
            }
        };
        let mut world = World {
            time: Duration::ZERO,
            halls: vec![hall; self.halls],
            sites: (0..self.sites).map(site).collect(),
            lock: Held::Free,
            key: KeyPosition::Normal,
            retained: None,
            beats: std::collections::BTreeMap::new(),
            reports: std::collections::BTreeMap::new(),
            under_way: std::collections::BTreeMap::new(),
            signed: std::collections::BTreeMap::new(),
            ever_opened: std::collections::BTreeSet::new(),
            operators: 0,
            forgetful: false,
            left: self.bounds,
            wrong: None,
        };
        // Rules are broken after the morning; a controller without a memory starts no drill before it has waited for one.
        let intact = Self { broken: Broken::Nothing, ..*self };
        (0..self.sites).for_each(|at| intact.boot(&mut world, at));
        (0..self.halls).for_each(|at| intact.start(&mut world, at));
        for _ in 0..MORNING_STEPS_MAX {
            let sure = world.time > town::archive::ANSWER_WITHIN;
            if sure && world.under_way.is_empty() && promises::at_rest(&world).is_ok() {
                break;
            }
            intact.goes_on(&mut world);
        }
        world
    }

    /// Everything that may happen next.
    pub fn may_happen(&self, world: &World, steps: &mut Vec<Step>) {
        let left = &world.left;
        for (to, jws) in world.under_way.keys() {
            steps.push(Step::Arrives(*to, jws.clone()));
            if left.losses > 0 {
                steps.push(Step::Lost(*to, jws.clone()));
            }
            if left.twice > 0 {
                steps.push(Step::Twice(*to, jws.clone()));
            }
        }
        if left.turns > 0 {
            let drill = left.drill.then_some(KeyPosition::Drill);
            let positions = [KeyPosition::Normal, KeyPosition::Disaster].into_iter().chain(drill);
            steps.extend(positions.filter(|position| *position != world.key).map(Step::Turn));
        }
        for (at, hall) in world.halls.iter().enumerate() {
            let Some(core) = &hall.town else {
                steps.push(Step::Starts(at, Store::Whole));
                if left.stores > 0 {
                    steps.extend([Step::Starts(at, Store::Old), Step::Starts(at, Store::Empty)]);
                }
                continue;
            };
            if hall.read != world.key && self.has_key(at) {
                steps.push(Step::Reads(at));
            }
            if left.asks > 0 {
                let held = core.view(world.hall_now(at)).activations;
                steps.push(
                    held.iter()
                        .find(|held| held.source.is_person())
                        .map_or(Step::Opens(at), |held| Step::Closes(at, held.id)),
                );
            }
            if left.kills > 0 {
                steps.push(Step::Dies(at));
            }
            if !hall.linked {
                steps.push(Step::Rejoins(at));
            } else if left.parts > 0 {
                steps.push(Step::Parts(at));
            }
        }
        for (at, site) in world.sites.iter().enumerate() {
            if left.facility_keys > 0 && self.has_facility_key(at) {
                steps.push(Step::FacilityKey(at));
            }
            if left.reboots > 0 {
                steps.push(Step::Reboots { at, flash_loses: false });
                if left.flash > 0 && site.flash != site.before {
                    steps.push(Step::Reboots { at, flash_loses: true });
                }
            }
            if !site.linked {
                steps.push(Step::Mended(at));
            } else if left.cuts > 0 {
                steps.push(Step::Cut(at));
            }
        }
        if self.lock && left.locks > 0 && world.lock != Held::Deaf {
            steps.push(Step::LockGoes(Held::Deaf));
            if world.lock == Held::Free {
                steps.push(Step::LockGoes(Held::Elsewhere));
            }
        }
        if left.forgets > 0 {
            steps.push(Step::BrokerForgets);
        }
        if left.wakes > 0 {
            steps.push(Step::Wakes);
        }
        if left.silences > 0 {
            steps.push(Step::Silence);
        }
        if left.hours > 0 && world.sites.iter().any(|site| site.agent.told().is_some_and(is_drill)) {
            steps.push(Step::Hours);
        }
    }

    /// What becomes of the world.
    #[must_use]
    pub fn after(&self, world: &World, step: Step) -> World {
        let mut world = world.clone();
        match step {
            Step::Turn(position) => {
                world.left.turns -= 1;
                world.key = position;
                if position != KeyPosition::Normal {
                    world.ever_opened.extend((0..self.sites).map(place));
                }
            }
            Step::Reads(at) => {
                self.reads(&mut world, at);
                if world.key == KeyPosition::Disaster {
                    promises::ordered_at_once(&mut world, at, self.sites);
                }
            }
            Step::Opens(at) => {
                world.operators += 1;
                world.ever_opened.insert(place(0));
                let facilities = Some([place(0)].into());
                self.asks(&mut world, at, Ask::Open { facilities, why: "flood".to_owned() });
                promises::ordered_at_once(&mut world, at, 1);
            }
            Step::Closes(at, id) => {
                world.operators -= 1;
                self.asks(&mut world, at, Ask::Close { activation: id, why: "over".to_owned() });
            }
            Step::Arrives(to, jws) => {
                if let Some(signed) = world.under_way.remove(&(to, jws)) {
                    self.arrives(&mut world, to, &signed);
                }
            }
            Step::Twice(to, jws) => {
                world.left.twice -= 1;
                if let Some(signed) = world.under_way.get(&(to, jws)).cloned() {
                    self.arrives(&mut world, to, &signed);
                }
            }
            Step::Lost(to, jws) => {
                world.left.losses -= 1;
                world.under_way.remove(&(to, jws));
            }
            Step::BrokerForgets => {
                world.left.forgets -= 1;
                self.forgets(&mut world);
            }
            Step::Reboots { at, flash_loses } => {
                world.left.reboots -= 1;
                world.left.flash -= u8::from(flash_loses);
                world.under_way.retain(|(to, _), _| *to != To::Site(at));
                let site = &mut world.sites[at];
                if flash_loses {
                    site.flash = site.before.clone();
                    let kept = site.flash.order.as_ref().map_or("", |signed| &signed.jws);
                    site.floor = world.signed.get(kept).map_or(0, |signed| signed.order.number);
                    let floor = site.floor;
                    site.accepted.retain(|number, _| *number <= floor);
                }
                self.boot(&mut world, at);
            }
            Step::Dies(at) => {
                world.left.kills -= 1;
                world.halls[at].town = None;
                if world.lock == Held::By(at) {
                    world.lock = Held::Free;
                }
                world.under_way.retain(|(to, _), _| *to != To::Hall(at));
                if let Some(last) = world.beats.get(&at).filter(|_| world.halls[at].linked).cloned() {
                    self.beats(&mut world, at, &Heartbeat { seq: 0, online: false, active: false, ..last });
                }
            }
            Step::Starts(at, store) => {
                let hall = &mut world.halls[at];
                match store {
                    Store::Whole => {}
                    Store::Old => hall.shelf = hall.before.clone(),
                    Store::Empty => hall.shelf = Arc::new(Remembered::default()),
                }
                if store != Store::Whole {
                    world.left.stores -= 1;
                    world.forgetful = true;
                }
                self.start(&mut world, at);
            }
            Step::Cut(at) => {
                world.left.cuts -= 1;
                world.under_way.retain(|(to, _), _| *to != To::Site(at));
                world.sites[at].linked = false;
                self.site_on(&mut world, at, agent::Event::BrokerDown { why: "cut".to_owned() });
            }
            Step::Mended(at) => {
                world.sites[at].linked = true;
                self.link(&mut world, at);
            }
            Step::FacilityKey(at) => {
                world.left.facility_keys -= 1;
                let turned = !world.sites[at].turned;
                world.sites[at].turned = turned;
                if turned {
                    world.ever_opened.insert(place(at));
                }
                self.reads_facility_key(&mut world, at);
                promises::on_the_air_at_once(&mut world, at);
            }
            Step::Parts(at) => {
                world.left.parts -= 1;
                world.under_way.retain(|(to, _), _| *to != To::Hall(at));
                world.halls[at].linked = false;
                self.hall_on(&mut world, at, town::Event::Broker(Err("cut".to_owned())));
            }
            Step::Rejoins(at) => {
                world.halls[at].linked = true;
                self.hall_connects(&mut world, at);
            }
            Step::LockGoes(held) => {
                world.left.locks -= 1;
                world.lock = held;
            }
            Step::Silence => {
                world.left.silences -= 1;
                let heard = world.under_way.is_empty();
                let database = if self.lock { LOCK_ANSWERS_WITHIN } else { Duration::ZERO };
                let until = world.time + TAKEN_OVER_AFTER + database;
                while world.time < until {
                    self.wakes(&mut world);
                }
                let beside = || promises::decides_beside_the_lock(&world).filter(|_| heard);
                if let Some(how) = promises::several_decide(&world).or_else(beside) {
                    world.breaks(promises::ONE_DECIDES, how);
                }
            }
            Step::Wakes => {
                world.left.wakes -= 1;
                self.wakes(&mut world);
            }
            Step::Hours => {
                world.left.hours -= 1;
                let until = world.time + DRILL_OVER_AFTER;
                while world.time < until {
                    self.wakes(&mut world);
                }
            }
        }
        world
    }

    fn asks(&self, world: &mut World, at: usize, ask: Ask) {
        world.left.asks -= 1;
        if self.broken == Broken::StandbyIsDeaf && !world.decides(at) {
            return;
        }
        if self.broken == Broken::LockHoldsOpenings && world.lock != Held::By(at) {
            return;
        }
        world.halls[at].asked += 1;
        let ask_id = world.halls[at].asked;
        self.hall_on(world, at, town::Event::Asked { ask_id, by: "sato".to_owned(), ask });
    }

    fn forgets(&self, world: &mut World) {
        world.retained = None;
        world.under_way.clear();
        let why = || "connection reset".to_owned();
        for at in 0..self.sites {
            if world.sites[at].linked {
                self.site_on(world, at, agent::Event::BrokerDown { why: why() });
            }
        }
        (0..self.halls).for_each(|at| self.hall_on(world, at, town::Event::Broker(Err(why()))));
        world.beats.clear();
        (0..self.sites).for_each(|at| self.link(world, at));
        (0..self.halls).for_each(|at| self.hall_connects(world, at));
    }

    /// Time passes to the next wake of anybody, and everybody who is due is woken.
    pub fn wakes(&self, world: &mut World) {
        let halls = world.halls.iter().filter_map(|hall| Some(hall.booted + hall.town.as_ref()?.next_wake()?));
        let sites = (0..self.sites).filter_map(|at| {
            let site = &world.sites[at];
            Some(site.booted + site.agent.next_wake(self.site_now(world, at))?)
        });
        // A controller reads its key every second at least; what it reads then is a step of its own.
        let next = halls.chain(sites).min().unwrap_or(world.time + Duration::from_secs(1));
        world.time = next.max(world.time + LATE);
        for at in 0..self.halls {
            let read = contacts(world.halls[at].read);
            let event = if self.has_key(at) { town::Event::Contacts(read) } else { town::Event::Woke };
            self.hall_on(world, at, event);
        }
        if self.standby {
            self.recordings(world);
        }
        (0..self.halls).for_each(|at| self.database_answers(world, at));
        for at in 0..self.sites {
            let read = contacts(world.sites[at].position());
            let event = if self.has_facility_key(at) { agent::Event::Contacts(read) } else { agent::Event::Woke };
            self.site_on(world, at, event);
        }
    }
}

fn is_drill((_, mode): (u64, firmware_config::mode::Mode)) -> bool {
    mode == firmware_config::mode::Mode::Drill
}
