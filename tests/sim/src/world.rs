//! Time, and everything that is on its way: one queue, one thing after another, the same for the same seed.

mod brokers;
mod counts;
mod ears;
mod gears;
mod halls;
mod line;
mod pair;
mod sites;
mod switches;

use std::collections::BTreeMap;
use std::time::Duration;

pub use ears::mark;
use firmware_config::ident::ApId;
use firmware_config::wire::{Counts, CountsStored, Heartbeat, Presence};
use hirake::core as town;
use hirake::core::inventory::Managed;
use hirake_agent::core as agent;
use hirake_agent::core::holding::SignedOrder;
use hirake_snmp::deputy::{self, Answer};
use hirake_snmp::trouble::Trouble;
use line::BYTES_EACH;
pub use pair::{Database, SILENCE_NOTICED};

use crate::books::Books;
use crate::chance::Chance;
use crate::faults::{Fault, Tally};
use crate::gear::Gear;
use crate::hall::{Hall, PLACES};
use crate::post::{Broker, Signed};
use crate::promises::Promises;
use crate::site::Site;

/// 2026-11-22 05:00 UTC.
pub const MORNING_MS: i64 = 1_795_323_600_000;
/// Between readings of the key that nobody moved: the shell reads it each second, and what rests says nothing new.
const KEY_READ_EVERY: Duration = Duration::from_secs(3);
/// Things that may happen at one moment: more is a core that spins.
const AT_ONE_MOMENT_MAX: u32 = 20_000;
/// …and more for each access point: all of them may begin in the same moment.
const AT_ONE_MOMENT_EACH: usize = 100;

/// Something that will happen.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each variant says what its fields are: places, lives, boots and connections by number"
)]
pub enum Due {
    /// An answer or a reading for the controller of this life.
    Hall { of: usize, life: u32, event: town::Event },
    /// The core asked to be woken.
    HallWake { of: usize, life: u32, at: Duration },
    /// The key is read.
    ReadKey { of: usize, life: u32 },
    /// The controller tries the broker.
    HallConnects { of: usize, life: u32 },
    /// The controller is started again.
    HallStarts { of: usize },
    /// An answer for the agent of this boot.
    Site { at: usize, boot: u32, event: agent::Event },
    /// The core asked to be woken.
    SiteWake { at: usize, boot: u32, when: Duration },
    /// An agent tries the broker.
    SiteConnects { at: usize, boot: u32 },
    /// Power comes back.
    PowerOn { at: usize },
    /// hostapd comes up.
    HostapdStarts { at: usize, boot: u32 },
    /// From an agent to the broker.
    FromSite { at: usize, connection: u64, what: agent::Action },
    /// From the broker to an agent.
    ToSite { at: usize, connection: u64, order: SignedOrder },
    /// From the controller to the broker: to all, or to one.
    FromHall { of: usize, connection: u64, order: SignedOrder, only: Option<usize> },
    /// From the broker to the controller.
    ToHall { of: usize, connection: u64, event: town::Event },
    /// The broker notices that an agent is gone.
    Will { at: usize, connection: u64 },
    /// A heartbeat on its way to the broker.
    Beat { of: usize, connection: u64, beat: Box<Heartbeat> },
    /// The broker notices that a controller is gone.
    HallWill { of: usize, connection: u64 },
    /// A controller that was stopped goes on.
    Thaws { of: usize, life: u32 },
    /// A controller asks the database for the lock, or looks whether it still has it.
    AskLock { of: usize, life: u32 },
    /// The broker comes back.
    BrokerStarts,
    /// The secret of the device of another make can be read now.
    GearAppointed { of: usize, life: u32 },
    /// The device's answer for its deputy.
    GearAnswered { of: usize, life: u32, ask: u64, answer: Box<Result<Answer, Trouble>> },
    /// A SET takes effect, on a device that was started then.
    GearSwitched { on: bool, started: Duration },
    /// The deputy asked to be woken.
    GearWake { of: usize, life: u32, at: Duration },
    /// The device of another make has power again.
    GearPowered,
    /// A store that comes late says what it remembers.
    Recalls { of: usize, life: u32 },
    /// The store commits a sample.
    Commits { of: usize, life: u32, counts: Box<Counts> },
    /// That it is stored, from the controller to the broker.
    FromHallStored { of: usize, connection: u64, at: usize, stored: CountsStored },
    /// …and from the broker to the agent.
    ToSiteStored { at: usize, connection: u64, stored: CountsStored },
    /// The key switch at an access point is read.
    ReadSwitch { at: usize, boot: u32 },
    /// The witness looks.
    Eye { of: usize, life: u32 },
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// Since the beginning.
    pub time: Duration,
    /// Randomness.
    pub chance: Chance,
    /// What went wrong so far.
    pub tally: Tally,
    /// What must hold.
    pub promises: Promises,
    /// Who was counted.
    pub books: Books,
    /// The town hall, and a second controller where there is one.
    pub halls: Vec<Hall>,
    /// The database that holds the lock.
    pub database: Database,
    /// The last wills of controllers at the broker: connection and starts.
    hall_wills: BTreeMap<usize, (u64, String)>,
    /// The access points.
    pub sites: Vec<Site>,
    /// The access point of another make.
    pub gear: Gear,
    /// The witness sees the opposite of what is.
    pub eye_lies: bool,
    /// The broker.
    pub broker: Broker,
    /// It is gone for good.
    broker_ended: bool,
    /// Every order ever signed.
    pub signed: Signed,
    /// In boxes: the queue moves its entries about, and what is due may be a whole report.
    queue: BTreeMap<(Duration, u64), Box<Due>>,
    last: u64,
    connections: u64,
    /// Devices that came so far.
    devices: u64,
    /// How long a message takes on each connection: the order within one is kept, as TCP does.
    lags: BTreeMap<u64, Duration>,
    wills: BTreeMap<usize, (u64, Presence)>,
    at_this_moment: u32,
    /// The broker drops messages although every connection is alive: a queue that is too short.
    pub lossy: bool,
    /// What crosses the line is written and read as bytes.
    in_bytes: bool,
    /// What the controllers wrote, for whoever is to be told; none: nobody is.
    pub written: Option<Vec<(Duration, usize, town::Entry)>>,
}

impl World {
    /// A town of `each` access points at each facility, everything switched on.
    #[must_use]
    pub fn new(seed: u64, each: usize) -> Self {
        Self::of(seed, vec![Hall::new(each, None)])
    }

    /// The same with two controllers; with a lock in a database, or without.
    #[must_use]
    pub fn pair(seed: u64, each: usize, lock: bool) -> Self {
        let mut world = Self::of(seed, [0, 1].map(|at| Hall::new(each, Some(Hall::seat(at, lock)))).into());
        // Two that do not hear one another both count on.
        world.promises.twins_allowed = true;
        world
    }

    fn of(seed: u64, halls: Vec<Hall>) -> Self {
        let inventory = &halls[0].inventory;
        let name = inventory.town.to_string();
        let site = |(number, ap): (usize, &town::Ap)| {
            let place = PLACES.iter().position(|place| *place == ap.facility.as_str()).expect("of this town");
            Site::new(&name, (number, ap.id.as_str()), (place, PLACES[place]))
        };
        let ours = inventory.aps.iter().filter(|ap| ap.managed == Managed::Agent);
        let sites: Vec<Site> = ours.enumerate().map(site).collect();
        let mut world = Self {
            time: Duration::ZERO,
            chance: Chance::new(seed),
            tally: Tally::default(),
            promises: Promises::new(sites.len()),
            books: Books::default(),
            halls,
            database: Database::default(),
            hall_wills: BTreeMap::new(),
            sites,
            gear: Gear::default(),
            eye_lies: false,
            broker: Broker { up: true, ..Broker::default() },
            broker_ended: false,
            signed: Signed::default(),
            queue: BTreeMap::new(),
            last: 0,
            connections: 0,
            devices: 0,
            lags: BTreeMap::new(),
            wills: BTreeMap::new(),
            at_this_moment: 0,
            lossy: false,
            in_bytes: seed.is_multiple_of(BYTES_EACH),
            written: None,
        };
        (0..world.halls.len()).for_each(|of| world.start_hall(of));
        for at in 0..world.sites.len() {
            world.power_on(at);
        }
        world
    }

    /// The right wall-clock time.
    #[must_use]
    pub fn wall_ms(&self) -> i64 {
        MORNING_MS + i64::try_from(self.time.as_millis()).unwrap_or(i64::MAX - MORNING_MS)
    }

    /// Puts something on its way.
    pub fn later(&mut self, after: Duration, due: Due) {
        self.last += 1;
        self.queue.insert((self.time + after, self.last), Box::new(due));
    }

    /// A message on its way; it may be dropped, or come twice.
    pub(super) fn send(&mut self, connection: u64, message: Due) {
        self.crosses(&message);
        if self.lossy && self.chance.once_in(3) {
            return self.tally.count(Fault::MessageDropped);
        }
        let lag = self.lag(connection);
        if self.chance.once_in(40) {
            self.tally.count(Fault::MessageTwice);
            self.later(lag * 4, message.clone());
        }
        self.later(lag, message);
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let until = self.time + time;
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) {
            let (when, _) = *entry.key();
            let due = entry.remove();
            self.at_this_moment = if when == self.time { self.at_this_moment + 1 } else { 0 };
            let most = AT_ONE_MOMENT_MAX as usize + AT_ONE_MOMENT_EACH * self.sites.len();
            assert!((self.at_this_moment as usize) < most, "somebody spins: {due:?} at {when:?}");
            self.time = when;
            self.happens(*due);
        }
        self.time = until;
    }

    fn happens(&mut self, due: Due) {
        let Some(due) = self.unless_frozen(due) else { return };
        match due {
            Due::Hall { of, life, event } if life == self.halls[of].lives => self.hall_on(of, event),
            Due::HallWake { of, life, at } if life == self.halls[of].lives && self.halls[of].wake == Some(at) => {
                self.halls[of].wake = None;
                self.hall_on(of, town::Event::Woke);
            }
            Due::ReadKey { of, life } if life == self.halls[of].lives && self.halls[of].town.is_some() => {
                let event = match self.halls[of].contacts {
                    Some(contacts) => town::Event::Contacts(contacts),
                    None => town::Event::ContactsUnreadable { why: "no panel".to_owned() },
                };
                self.hall_on(of, event);
                self.later(KEY_READ_EVERY, Due::ReadKey { of, life });
            }
            Due::HallConnects { of, life } if life == self.halls[of].lives => self.hall_connects(of),
            Due::HallStarts { of } if self.halls[of].town.is_none() && !self.halls[of].ended => self.start_hall(of),
            Due::Site { at, boot, event } if boot == self.sites[at].boots => self.site_on(at, event),
            Due::SiteWake { at, boot, when } if boot == self.sites[at].boots && self.sites[at].wake == Some(when) => {
                self.sites[at].wake = None;
                self.site_on(at, agent::Event::Woke);
            }
            Due::SiteConnects { at, boot } if boot == self.sites[at].boots => self.site_connects(at),
            Due::PowerOn { at } if self.sites[at].agent.is_none() => self.power_on(at),
            Due::HostapdStarts { at, boot } if boot == self.sites[at].boots => self.hostapd_starts(at),
            Due::FromSite { at, connection, what } if self.sites[at].connected == Some(connection) => {
                self.broker_hears(at, what);
            }
            Due::ToSite { at, connection, order } if self.sites[at].connected == Some(connection) => {
                self.site_on(at, agent::Event::Offered(order));
            }
            Due::FromHall { of, connection, order, only } if self.halls[of].connected == Some(connection) => {
                self.broker_takes(&order, only);
            }
            Due::ToHall { of, connection, event } if self.halls[of].connected == Some(connection) => {
                self.hall_hears(of, event);
            }
            Due::Beat { of, connection, beat } if self.halls[of].connected == Some(connection) => {
                self.broker_hears_beat(of, &beat);
            }
            Due::HallWill { of, connection } => self.hall_will(of, connection),
            Due::Thaws { of, life } if life == self.halls[of].lives => self.thaws(of),
            Due::AskLock { of, life } if life == self.halls[of].lives => self.ask_lock(of),
            Due::Will { at, connection } => self.will(at, connection),
            Due::BrokerStarts => self.broker.up = !self.broker_ended,
            Due::GearAppointed { of, life } if life == self.halls[of].lives && self.halls[of].town.is_some() => {
                self.appoint(of);
            }
            Due::GearAnswered { of, life, ask, answer } if life == self.halls[of].lives => {
                self.gear_on(of, deputy::Event::Answered { ask, answer: *answer });
            }
            Due::GearSwitched { on, started } if self.gear.powered && self.gear.started == started => self.gear.on = on,
            Due::GearWake { of, life, at } if life == self.halls[of].lives && self.gear.posts[of].wake == Some(at) => {
                self.gear.posts[of].wake = None;
                self.gear_on(of, deputy::Event::Woke);
            }
            Due::GearPowered if !self.gear.powered => self.gear.reboot(self.time),
            Due::Recalls { of, life } if life == self.halls[of].lives => self.hall_recalls(of),
            Due::Commits { of, life, counts } if life == self.halls[of].lives && self.halls[of].town.is_some() => {
                self.hall_commits(of, &counts);
            }
            Due::FromHallStored { of, connection, at, stored } if self.halls[of].connected == Some(connection) => {
                self.broker_passes(at, stored);
            }
            Due::ToSiteStored { at, connection, stored } if self.sites[at].connected == Some(connection) => {
                self.books.answered(at, &stored);
                self.site_on(at, agent::Event::CountsStored(stored));
            }
            Due::ReadSwitch { at, boot } if boot == self.sites[at].boots && self.sites[at].agent.is_some() => {
                self.switch_again(at);
            }
            Due::Eye { of, life } if life == self.halls[of].lives && self.halls[of].town.is_some() => {
                self.eye_looks(of);
            }
            // Too late: whom it was for is gone.
            _ => {}
        }
    }

    pub(super) fn connection(&mut self) -> u64 {
        self.connections += 1;
        let lag = self.chance.between(Duration::from_micros(300), Duration::from_millis(60));
        self.lags.insert(self.connections, lag);
        self.connections
    }

    pub(super) fn lag(&self, connection: u64) -> Duration {
        self.lags.get(&connection).copied().unwrap_or_default()
    }

    pub(super) fn ap(&self, at: usize) -> ApId {
        self.halls[0].inventory.aps[at].id.clone()
    }
}
