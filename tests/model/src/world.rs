//! What there is in a small world, how often each disturbance may happen in it, and which rule is broken on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, FacilityId, TownId};
use firmware_config::wire::{Heartbeat, Report};
use hirake::core::inventory::{Ap, Managed};
use hirake::core::{Facility, Inventory, KeyPosition, Remembered, Seat, Town};
use hirake_agent::core::holding::{Kept, SignedOrder};
use hirake_agent::core::radios::Radio;
use hirake_agent::core::{Agent, Identity};

/// 2026-11-22 05:00 UTC.
pub const MORNING_MS: i64 = 1_795_323_600_000;
/// How long the key's drill lasts.
pub const KEY_DRILL: Duration = Duration::from_secs(60);
/// The facilities, both shelters; AP `n` stands at `PLACES[n]`.
pub const PLACES: [&str; 2] = ["gym", "school"];

/// A rule broken on purpose, in the wiring between the cores: the property that guards it must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broken {
    /// None.
    #[default]
    Nothing,
    /// An agent takes an older order: it comes to it under a number that is high enough.
    StaleTaken,
    /// An agent's ledger is lost at each restart.
    LedgerForgotten,
    /// The broker signs an order that opens a facility nobody opened.
    BrokerSigns,
    /// An agent's clocks stand still.
    DrillClockStopped,
    /// A controller forgets its newest order, and so the number, at each restart.
    NumberForgotten,
    /// A controller says nothing twice.
    SaidOnce,
    /// A controller's orders do not say who holds what open.
    NotesLeftOut,
    /// No order that leaves everything closed comes through.
    ClosingsSwallowed,
    /// No controller hears another.
    HeartbeatsSwallowed,
    /// Somebody speaks for a controller that is dead or cut off, and proves that it is no recording.
    TheDeadSpeak,
    /// A controller that stands by does not hear the people before it.
    StandbyIsDeaf,
    /// A controller without the lock does not hear them either.
    LockHoldsOpenings,
    /// The lock is given to everybody who asks.
    LockGivenToBoth,
    /// A facility key is not read while its AP is cut off.
    FacilityKeyAsksTheTown,
    /// What an AP says of its key comes to no controller.
    FacilityKeyUnheard,
}

/// The lock in the database, where there is one. Whoever wants it is answered at once, and asks again at every wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// Nobody has it.
    Free,
    /// This controller has it.
    By(usize),
    /// A session that is none of theirs has it.
    Elsewhere,
    /// The database says nothing any more.
    Deaf,
}

/// How often each disturbance may happen. Delivery in any order, and every wait, are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Bounds {
    /// The key is turned.
    pub turns: u8,
    /// The facility key at the first AP is turned; without any, there is none.
    pub facility_keys: u8,
    /// The key may also be turned to drill.
    pub drill: bool,
    /// An operator opens the first facility, or closes what an operator holds open.
    pub asks: u8,
    /// A message is lost.
    pub losses: u8,
    /// A message comes twice, the second time at any time later.
    pub twice: u8,
    /// The broker forgets what it retains and what is under way, and everybody connects anew.
    pub forgets: u8,
    /// An AP loses power and starts again.
    pub reboots: u8,
    /// The flash loses its last write, at a reboot.
    pub flash: u8,
    /// A controller is killed (it starts again at any time).
    pub kills: u8,
    /// A controller's store loses its last batch, or everything, at a start.
    pub stores: u8,
    /// The cable of an AP is cut (and mended at any time).
    pub cuts: u8,
    /// The cable of a controller is cut (and mended at any time).
    pub parts: u8,
    /// The database goes deaf for good, or a lock that is free is taken by somebody else.
    pub locks: u8,
    /// Time passes until whoever stands by and hears nobody has taken over.
    pub silences: u8,
    /// Time passes to somebody's next wake.
    pub wakes: u8,
    /// Time passes until every drill that runs is over.
    pub hours: u8,
}

/// A small world: what is in it, and what may happen.
#[derive(Debug, Clone, Copy)]
pub struct Small {
    /// For people.
    pub name: &'static str,
    /// Controllers, with one signing key and a store for each. Where they do not know of one another, all believe that
    /// they are the one, and read the same key on the wall.
    pub halls: usize,
    /// They know of one another: one decides, the others stand by, and the key hangs at the last of them.
    pub standby: bool,
    /// A database has a lock for them.
    pub lock: bool,
    /// Access points, each at a facility of its own.
    pub sites: usize,
    /// How often.
    pub bounds: Bounds,
    /// What is broken on purpose.
    pub broken: Broken,
}

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum To {
    /// The broker, to be retained and passed on; from this controller.
    Broker(usize),
    /// An access point.
    Site(usize),
    /// A controller that listens to the order topic.
    Hall(usize),
}

/// A controller, its clock and its store.
#[derive(Debug, Clone)]
pub struct Hall {
    /// The core; none while it is down.
    pub town: Option<Arc<Town>>,
    /// When it was started.
    pub booted: Duration,
    /// What its store has.
    pub shelf: Arc<Remembered>,
    /// What its store had before the last batch that matters.
    pub before: Arc<Remembered>,
    /// How it last read the key.
    pub read: KeyPosition,
    /// The last ask of an operator.
    pub asked: u64,
    /// The cable is in.
    pub linked: bool,
    /// Counts the starts.
    pub lives: u32,
    /// It wants the lock.
    pub wants_lock: bool,
}

/// An access point: agent, flash, radio.
#[derive(Debug, Clone)]
pub struct Site {
    /// The core.
    pub agent: Arc<Agent>,
    /// When it was switched on.
    pub booted: Duration,
    /// Counts the boots.
    pub boots: u32,
    /// What its flash has.
    pub flash: Kept,
    /// What its flash had before the last write.
    pub before: Kept,
    /// `00000JAPAN` is on the air.
    pub open: bool,
    /// The cable is in.
    pub linked: bool,
    /// The facility key stands at disaster.
    pub turned: bool,
    /// The highest number carried out since the last boot, and what the flash had then: below that it never goes.
    pub floor: u64,
    /// The text carried out under each number, as long as its flash did not lose it.
    pub accepted: BTreeMap<u64, String>,
}

impl Site {
    /// How the facility key stands, where there is one.
    #[must_use]
    pub fn position(&self) -> KeyPosition {
        if self.turned { KeyPosition::Disaster } else { KeyPosition::Normal }
    }
}

/// Everything there is.
#[derive(Debug, Clone)]
pub struct World {
    /// Since the beginning.
    pub time: Duration,
    /// Controllers.
    pub halls: Vec<Hall>,
    /// Access points.
    pub sites: Vec<Site>,
    /// The lock.
    pub lock: Held,
    /// How the key stands.
    pub key: KeyPosition,
    /// What the broker retains.
    pub retained: Option<Arc<SignedOrder>>,
    /// The last heartbeat of each controller, which the broker retains too.
    pub beats: BTreeMap<usize, Heartbeat>,
    /// The last report of each AP, which the broker retains as well.
    pub reports: BTreeMap<usize, Report>,
    /// What is under way: a bag, in no order. What is in it twice is in it once; twice is a disturbance of its own.
    pub under_way: BTreeMap<(To, String), Arc<SignedOrder>>,
    /// Every order ever signed, by its signed text.
    pub signed: BTreeMap<String, Arc<SignedOrder>>,
    /// What people ever opened.
    pub ever_opened: BTreeSet<FacilityId>,
    /// How many activations operators hold, as far as people know.
    pub operators: i8,
    /// Somebody's store lost something: what people did may be forgotten, and a number given twice.
    pub forgetful: bool,
    /// Disturbances left.
    pub left: Bounds,
    /// The first promise found broken by what happened.
    pub wrong: Option<(&'static str, String)>,
}

impl World {
    /// Whether the controllers know of one another.
    #[must_use]
    pub fn know_one_another(&self) -> bool {
        self.halls
            .iter()
            .enumerate()
            .any(|(at, hall)| hall.town.as_ref().is_some_and(|core| core.view(self.hall_now(at)).seat.is_some()))
    }

    /// Whether this controller decides: the only one always does.
    #[must_use]
    pub fn decides(&self, at: usize) -> bool {
        let now = self.hall_now(at);
        let seat = self.halls[at].town.as_ref().map(|core| core.view(now).seat);
        seat.is_some_and(|seat| seat.is_none_or(|seat| seat.active))
    }

    /// A promise is broken. The first one counts.
    pub fn breaks(&mut self, promise: &'static str, how: String) {
        self.wrong.get_or_insert((promise, how));
    }

    /// Who answers for a hall's clock: each is wrong by a little, so that two never decide at one millisecond.
    #[must_use]
    pub fn hall_now(&self, at: usize) -> hirake::core::Now {
        let off_ms = 7 * i64::try_from(at).unwrap_or(0);
        hirake::core::Now { mono: self.time.saturating_sub(self.halls[at].booted), wall_ms: self.wall_ms() + off_ms }
    }

    /// The right time.
    #[must_use]
    pub fn wall_ms(&self) -> i64 {
        MORNING_MS + i64::try_from(self.time.as_millis()).unwrap_or(i64::MAX - MORNING_MS)
    }
}

/// A facility by its place.
#[must_use]
pub fn place(at: usize) -> FacilityId {
    PLACES[at].parse().expect("a name of the small world")
}

/// A controller by its place.
#[must_use]
pub fn controller(at: usize) -> ControllerId {
    format!("hall-{at}").parse().expect("a name of the small world")
}

/// An access point by its place.
#[must_use]
pub fn ap_id(at: usize) -> ApId {
    format!("{}-1", PLACES[at]).parse().expect("a name of the small world")
}

fn town_id() -> TownId {
    "shiomi".parse().expect("a name of the small world")
}

impl Small {
    /// Whether the key hangs at this controller.
    #[must_use]
    pub fn has_key(&self, at: usize) -> bool {
        !self.standby || at + 1 == self.halls
    }

    /// Whether there is a facility key at this AP.
    #[must_use]
    pub fn has_facility_key(&self, at: usize) -> bool {
        at == 0 && self.bounds.facility_keys > 0
    }

    /// The place of a controller in its life of that number, where they know of one another.
    #[must_use]
    pub fn seat(&self, at: usize, lives: u32) -> Option<Seat> {
        let rank = u8::try_from(at + 1).expect("a small world");
        self.standby.then(|| Seat { id: controller(at), rank, boot: format!("life-{lives}"), lock: self.lock })
    }

    /// The town as written down for the controller at `hall` in its life of that number.
    #[must_use]
    pub fn inventory(&self, hall: usize, lives: u32) -> Inventory {
        let facility = |at: usize| Facility {
            id: place(at),
            name_ja: PLACES[at].to_owned(),
            name_en: String::new(),
            district: String::new(),
            shelter: true,
            contact: String::new(),
        };
        let ap = |at: usize| Ap {
            id: ap_id(at),
            facility: place(at),
            name: PLACES[at].to_owned(),
            managed: Managed::Agent,
            witness: false,
            key: self.has_facility_key(at),
        };
        Inventory {
            town: town_id(),
            name_ja: "汐見町".to_owned(),
            name_en: "Shiomi".to_owned(),
            facilities: (0..self.sites).map(facility).collect(),
            aps: (0..self.sites).map(ap).collect(),
            agreed_share_percent: 100,
            has_key: self.has_key(hall),
            key_drill_length: KEY_DRILL,
            seat: self.seat(hall, lives),
        }
    }

    /// Who the agent at `at` is.
    #[must_use]
    pub fn identity(&self, at: usize) -> Identity {
        Identity {
            town: town_id(),
            ap: ap_id(at),
            facility: place(at),
            radios: vec![Radio {
                phy: "phy0".to_owned(),
                interface: "wlan0jp".to_owned(),
                config: "/jp.conf".to_owned(),
            }],
            key: self.has_facility_key(at),
            counts_every: None,
            counts_distinct: false,
            listens: None,
        }
    }
}
